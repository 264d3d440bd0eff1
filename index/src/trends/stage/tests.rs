//! The stage over the embedded bus: a list appears, other processes can read it, and a restart goes on where it was.

use bus::{BusConfig, EmbeddedBus, Record};
use jiff::SignedDuration;
use tempfile::{TempDir, tempdir};
use tokio::task::JoinHandle;

use super::*;
use crate::testing::post;

struct Place {
    dir: TempDir,
    bus: EmbeddedBus,
}

struct Running {
    lists: watch::Receiver<Option<Arc<TrendList>>>,
    cancel: CancellationToken,
    task: JoinHandle<Result<(), TrendsError>>,
}

fn place() -> Place {
    let dir = tempdir().unwrap();
    let bus = EmbeddedBus::open(&dir.path().join("bus"), &BusConfig::default()).unwrap();
    Place { dir, bus }
}

impl Place {
    fn state_dir(&self) -> PathBuf {
        self.dir.path().join("trends")
    }

    /// Appends the posts with these numbers, one an hour.
    async fn say(&self, numbers: std::ops::Range<i64>) {
        let start: Timestamp = "2026-10-01T00:00:00Z".parse().unwrap();
        let record = |n: i64| {
            let built =
                post(n.unsigned_abs()).at(start + SignedDuration::from_hours(n)).author(n.unsigned_abs()).build();
            Change::Upsert(built).to_record()
        };
        self.bus.append(BusTopic::Enriched, numbers.map(record).collect()).await.unwrap();
    }

    fn run(&self) -> Running {
        let (publish, lists) = watch::channel(None);
        let cancel = CancellationToken::new();
        let bus: Arc<dyn Bus> = Arc::new(self.bus.clone());
        let task = tokio::spawn(run(bus, TrendsConfig::default(), self.state_dir(), publish, cancel.clone()));
        Running { lists, cancel, task }
    }
}

impl Running {
    /// The first list that has read this many records.
    async fn list_after(&mut self, records: u64) -> Arc<TrendList> {
        let read = |list: &TrendList| list.offsets.0.values().sum::<u64>();
        let has_read = |list: &Option<Arc<TrendList>>| list.as_ref().is_some_and(|list| read(list) == records);
        let list = self.lists.wait_for(has_read).await.unwrap();
        Arc::clone(list.as_ref().unwrap())
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.task.await.unwrap().unwrap();
    }
}

fn saved(place: &Place) -> Detector {
    Detector::load(&place.state_dir().join(STATE), TrendsConfig::default()).unwrap().unwrap()
}

#[tokio::test]
async fn a_list_appears_and_another_process_can_read_it() {
    let place = place();
    place.say(0..300).await;
    let mut running = place.run();
    let list = running.list_after(300).await;
    running.stop().await;
    assert_eq!(TrendList::read(&place.state_dir().join(LATEST)).unwrap().as_ref(), Some(&*list));
    assert_eq!(list.days_seen, 13);
    let lag = place.bus.lag(BusTopic::Enriched, GROUP).await.unwrap();
    assert_eq!(lag.iter().map(bus::Lag::records).sum::<u64>(), 0);
}

#[tokio::test]
async fn a_restart_goes_on_at_the_offsets_saved_with_the_state() {
    let place = place();
    place.say(0..300).await;
    let mut running = place.run();
    running.list_after(300).await;
    running.stop().await;
    assert_eq!(saved(&place).posts(), 300);
    place.say(300..400).await;
    let mut running = place.run();
    running.list_after(400).await;
    running.stop().await;
    assert_eq!(saved(&place).posts(), 400);
}

#[tokio::test]
async fn a_damaged_state_is_computed_again_from_the_bus() {
    let place = place();
    place.say(0..300).await;
    std::fs::create_dir_all(place.state_dir()).unwrap();
    std::fs::write(place.state_dir().join(STATE), b"not a state").unwrap();
    let mut running = place.run();
    running.list_after(300).await;
    running.stop().await;
    assert_eq!(saved(&place).posts(), 300);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_does_not_stop_the_stream() {
    let place = place();
    place.say(0..10).await;
    let key = post(1).build().post.id;
    place.bus.append(BusTopic::Enriched, vec![Record { key: Some(key), payload: b"{".to_vec() }]).await.unwrap();
    place.say(10..20).await;
    let mut running = place.run();
    running.list_after(21).await;
    running.stop().await;
    assert_eq!(saved(&place).posts(), 20);
}

#[tokio::test]
async fn trends_of_another_log_are_not_continued_whether_it_is_shorter_or_longer() {
    let place = place();
    place.say(0..300).await;
    let mut running = place.run();
    running.list_after(300).await;
    running.stop().await;
    for (name, posts) in [("shorter", 0..20), ("longer", 1_000..2_000)] {
        let bus = EmbeddedBus::open(&place.dir.path().join(name), &BusConfig::default()).unwrap();
        let anew = Place { dir: tempdir().unwrap(), bus };
        anew.say(posts).await;
        let (publish, mut lists) = watch::channel(None);
        let bus: Arc<dyn Bus> = Arc::new(anew.bus.clone());
        let read = saved(&place).marks().offsets();
        let has_read_on = |list: &Option<Arc<TrendList>>| list.as_ref().is_some_and(|list| list.offsets != read);
        let error = tokio::select! {
            stopped = run(bus, TrendsConfig::default(), place.state_dir(), publish, CancellationToken::new()) => stopped.unwrap_err(),
            _ = lists.wait_for(has_read_on) => panic!("{name}: it was read"),
        };
        assert!(matches!(error, TrendsError::OtherLog { .. }), "{name}: {error}");
        assert!(error.to_string().contains("state.bin were computed from another log"), "{error}");
        assert_eq!(saved(&place).posts(), 300, "{name}: nothing of it was counted");
    }
}
