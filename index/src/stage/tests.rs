//! The stage over the embedded bus: nothing lost, nothing twice, and no record stops the stream.

use bus::{BusConfig, Channel, EmbeddedBus, Record};
use tempfile::{TempDir, tempdir};
use tokio::sync::mpsc;
use tokio::task::JoinHandle;

use super::*;
use crate::retention::Retention;
use crate::testing::post;

struct Place {
    dir: TempDir,
    bus: EmbeddedBus,
    index: Index,
}

fn place() -> Place {
    let dir = tempdir().unwrap();
    let bus = EmbeddedBus::open(&dir.path().join("bus"), &BusConfig::default()).unwrap();
    let index = Index::open(&dir.path().join("index")).unwrap();
    Place { dir, bus, index }
}

impl Place {
    fn bus(&self) -> Arc<dyn Bus> {
        Arc::new(self.bus.clone())
    }

    async fn say(&self, numbers: std::ops::Range<u64>) {
        let record = |n| Change::<Enriched>::Upsert(post(n).build()).to_record();
        self.bus.append(BusTopic::Enriched, numbers.map(record).collect()).await.unwrap();
    }

    async fn stage(&self) -> Stage<impl FnMut(&Commit<'_>) + Send + use<>> {
        Stage::start(self.bus(), self.index.clone(), IndexConfig::default(), |_: &Commit<'_>| {}).await.unwrap()
    }

    fn run(&self) -> Running {
        let config = IndexConfig { commit_every_ms: 20, ..IndexConfig::default() };
        let cancel = CancellationToken::new();
        let (tell, commits) = mpsc::channel(1_000);
        let observe = move |commit: &Commit<'_>| {
            assert!(commit.latencies.len() <= commit.records);
            tell.try_send(commit.posts).unwrap();
        };
        let task = tokio::spawn(run_observed(self.bus(), self.index.clone(), config, cancel.clone(), observe));
        Running { cancel, commits, task }
    }

    async fn lag(&self) -> u64 {
        self.bus.lag(BusTopic::Enriched, GROUP).await.unwrap().iter().map(bus::Lag::records).sum()
    }
}

struct Running {
    cancel: CancellationToken,
    commits: mpsc::Receiver<u64>,
    task: JoinHandle<Result<(), IndexStageError>>,
}

impl Running {
    async fn until_posts(&mut self, wanted: u64) {
        while self.commits.recv().await.expect("the stage runs") < wanted {}
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.task.await.unwrap().unwrap();
    }
}

#[tokio::test]
async fn what_was_appended_is_found_once_over_restarts_and_duplicates() {
    let place = place();
    place.say(0..300).await;
    let mut running = place.run();
    running.until_posts(300).await;
    running.stop().await;
    assert_eq!(place.lag().await, 0);

    place.say(250..400).await;
    let mut running = place.run();
    running.until_posts(400).await;
    running.stop().await;
    assert_eq!(place.index.posts(), 400);
    assert_eq!(place.lag().await, 0);
}

#[tokio::test]
async fn what_is_older_than_its_channel_permits_leaves_the_index_and_the_disk() {
    let place = place();
    let now: Timestamp = "2026-11-02T09:00:00Z".parse().unwrap();
    let ago = |days: i64| now - jiff::SignedDuration::from_hours(24 * days);
    let said = |n, channel, days| post(n).channel(channel).at(ago(days)).text(&format!("zebranolark{days}")).build();
    let posts = [
        said(1, Channel::Social, 40),
        said(2, Channel::Social, 20),
        said(3, Channel::Offline, 40),
        said(4, Channel::News, 400),
    ];
    let records = posts.map(|post| Change::<Enriched>::Upsert(post).to_record()).into();
    place.bus.append(BusTopic::Enriched, records).await.unwrap();
    let retention = Retention { social_days: Some(30), news_days: Some(365), ..Retention::default() };
    let config = IndexConfig { retention, ..IndexConfig::default() };
    let mut stage = Stage::start(place.bus(), place.index.clone(), config, |_: &Commit<'_>| {}).await.unwrap();
    while stage.marks.offsets().0.values().sum::<u64>() < 4 {
        let records = stage.reader.next(BATCH).await;
        stage.read(records).await.unwrap();
    }
    stage.expire(now).await.unwrap();
    assert_eq!(place.index.posts(), 2, "the younger one, and the one that was said at a meeting");
    stage.expire(now + jiff::SignedDuration::from_hours(24 * 20)).await.unwrap();
    assert_eq!(place.index.posts(), 1);
    let files = std::fs::read_dir(place.dir.path().join("index")).unwrap();
    let bytes: Vec<u8> = files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect();
    let holds = |words: &str| bytes.windows(words.len()).any(|window| window == words.as_bytes());
    assert!(!holds("zebranolark400") && !holds("zebranolark20") && holds("zebranolark40"));
}

#[tokio::test]
async fn what_was_read_and_not_committed_is_read_again() {
    let place = place();
    place.say(0..50).await;
    let mut stage = place.stage().await;
    let records = stage.reader.next(BATCH).await;
    stage.read(records).await.unwrap();
    assert!(stage.commit_due().is_some());
    drop(stage);
    assert_eq!(place.index.posts(), 0);
    assert_eq!(place.index.writer().unwrap().offsets().unwrap(), Offsets::default());

    let mut stage = place.stage().await;
    while stage.pending.records < 50 {
        let records = stage.reader.next(BATCH).await;
        stage.read(records).await.unwrap();
    }
    stage.commit().await.unwrap();
    let offsets = stage.marks.offsets();
    drop(stage);
    assert_eq!(place.index.posts(), 50);
    assert_eq!(place.index.writer().unwrap().offsets().unwrap(), offsets);
    assert_eq!(offsets.0.values().sum::<u64>(), 50);
}

#[tokio::test]
async fn a_record_that_cannot_be_read_goes_to_the_dead_letters_and_stops_nothing() {
    let place = place();
    let broken = Record { key: Some(post(1).build().post.id), payload: b"{\"upsert\": 7}".to_vec() };
    place.bus.append(BusTopic::Enriched, vec![broken]).await.unwrap();
    place.say(0..20).await;
    let mut running = place.run();
    running.until_posts(20).await;
    running.stop().await;
    assert_eq!(place.lag().await, 0);
    let letters = dead_letter::list(&place.bus, 10).await.unwrap();
    assert_eq!(letters.len(), 1);
    assert_eq!((letters[0].stage.as_str(), letters[0].payload.as_bytes()), (GROUP, &b"{\"upsert\": 7}"[..]));
}

#[tokio::test]
async fn deletions_travel_the_same_road() {
    let place = place();
    place.say(0..10).await;
    let author = crate::testing::author_key(5);
    let changes = [
        Change::Delete(post(3).build().post.id),
        Change::Upsert(post(10).author(5).build()),
        Change::Upsert(post(11).author(6).build()),
    ];
    place.bus.append(BusTopic::Enriched, changes.iter().map(Change::to_record).collect()).await.unwrap();
    let erase = Change::<Enriched>::EraseAuthor(author).to_record();
    place.bus.append(BusTopic::Enriched, vec![erase]).await.unwrap();
    let mut stage = place.stage().await;
    while place
        .bus
        .lag(BusTopic::Enriched, GROUP)
        .await
        .unwrap()
        .iter()
        .any(|lag| stage.marks.offsets().next(lag.partition) < lag.end)
    {
        let records = stage.reader.next(BATCH).await;
        stage.read(records).await.unwrap();
    }
    stage.commit().await.unwrap();
    // Posts 0 to 9 without 3, and 11: post 10 was erased with its author.
    assert_eq!(place.index.posts(), 10);
}

#[tokio::test]
async fn an_index_of_another_log_is_not_continued() {
    let place = place();
    place.say(0..50).await;
    let mut running = place.run();
    running.until_posts(50).await;
    running.stop().await;

    let other = EmbeddedBus::open(&place.dir.path().join("other"), &BusConfig::default()).unwrap();
    let stopped = run(Arc::new(other), place.index.clone(), IndexConfig::default(), CancellationToken::new()).await;
    let error = stopped.unwrap_err();
    assert!(matches!(error, IndexStageError::Bus(BusError::BeyondEnd { .. })), "{error}");
    assert!(error.to_string().contains("remove the index directory"), "{error}");
}

#[tokio::test]
async fn an_index_of_another_log_is_not_continued_although_that_one_is_longer() {
    let place = place();
    place.say(0..50).await;
    let mut running = place.run();
    running.until_posts(50).await;
    running.stop().await;

    let other = EmbeddedBus::open(&place.dir.path().join("other"), &BusConfig::default()).unwrap();
    let changes: Vec<Change<Enriched>> = (100..400).map(|n| Change::Upsert(post(n).build())).collect();
    other.append(BusTopic::Enriched, changes.iter().map(Change::to_record).collect()).await.unwrap();
    let stopped = run(Arc::new(other), place.index.clone(), IndexConfig::default(), CancellationToken::new()).await;
    let error = stopped.unwrap_err();
    assert!(matches!(error, IndexStageError::Bus(BusError::OtherLog { .. })), "{error}");
    assert!(error.to_string().contains("remove the index directory"), "{error}");
    assert_eq!(place.index.posts(), 50, "nothing of it was indexed");
}
