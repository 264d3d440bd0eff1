use std::path::Path;

use bus::EmbeddedBus;
use bus::{AuthorKey, PostId, Verdict};
use tempfile::{TempDir, tempdir};
use tokio::task::JoinHandle;

use super::*;
use crate::clickhouse::engine::fresh_database;
use crate::clickhouse::proxy::{Loss, Proxy};
use crate::testing::{author_key, post};
use crate::{Analytics as _, Filter};

fn quick(config: ClickHouseConfig) -> ClickHouseConfig {
    ClickHouseConfig { commit_every_ms: 20, ..config }
}

fn bus_in(dir: &Path) -> Arc<dyn Bus> {
    Arc::new(EmbeddedBus::open(dir, &bus::BusConfig::default()).unwrap())
}

async fn append(bus: &Arc<dyn Bus>, changes: Vec<Change<Enriched>>) {
    bus.append(BusTopic::Enriched, changes.iter().map(Change::to_record).collect()).await.unwrap();
}

fn upserts(numbers: std::ops::Range<u64>) -> Vec<Change<Enriched>> {
    numbers.map(|n| Change::Upsert(post(n).author(n % 7).build())).collect()
}

/// The stage at work.
struct Working {
    task: JoinHandle<Result<(), CountStageError>>,
    cancel: CancellationToken,
}

async fn start(bus: &Arc<dyn Bus>, config: &ClickHouseConfig, start: Start) -> Working {
    let store = ClickHouse::open(config).await.unwrap();
    let cancel = CancellationToken::new();
    let task = tokio::spawn(run(Arc::clone(bus), store, config.clone(), Retention::default(), start, cancel.clone()));
    Working { task, cancel }
}

impl Working {
    /// Waits until the group has committed everything, and stops the stage.
    async fn finish(self, bus: &Arc<dyn Bus>) {
        while bus.lag(BusTopic::Enriched, GROUP).await.unwrap().iter().any(|lag| lag.records() > 0) {
            assert!(!self.task.is_finished(), "the stage ended: {:?}", self.task.await);
            tokio::time::sleep(Duration::from_millis(10)).await;
        }
        self.cancel.cancel();
        self.task.await.unwrap().unwrap();
    }
}

async fn posts(config: &ClickHouseConfig, query: &str) -> u64 {
    let filter = Filter { query: query.to_owned(), ..Filter::default() };
    ClickHouse::open_read_only(config).await.unwrap().analytics().totals(&filter).await.unwrap().posts
}

#[tokio::test]
async fn what_the_bus_carries_counts_and_a_later_start_goes_on() {
    let (dir, config) = (tempdir().unwrap(), quick(fresh_database()));
    let bus = bus_in(dir.path());
    append(&bus, upserts(0..100)).await;
    start(&bus, &config, Start::GoOn).await.finish(&bus).await;
    assert_eq!(posts(&config, "").await, 100);

    let corrected = post(5).author(5).build();
    let verdict = Verdict { by: "analyst".to_owned(), why: "read it".to_owned(), ..said_to_be_welsh() };
    let said = verdict.about(&corrected.post, Timestamp::now()).unwrap();
    let changes = vec![
        Change::Delete(post(1).build().post.id),
        Change::EraseAuthor(author_key(3)),
        Change::Correct(Box::new(said)),
    ];
    append(&bus, changes).await;
    bus.append(
        BusTopic::Enriched,
        vec![bus::Record { key: Some(PostId::from_bytes([1; 16])), payload: b"{".to_vec() }],
    )
    .await
    .unwrap();
    append(&bus, upserts(100..103)).await;
    start(&bus, &config, Start::GoOn).await.finish(&bus).await;
    let erased = (0..100).filter(|n| n % 7 == 3).count() as u64;
    assert_eq!(posts(&config, "").await, 103 - 1 - erased);
    assert_eq!(posts(&config, "lang:cy").await, 1);
}

fn said_to_be_welsh() -> Verdict {
    let (by, why) = (String::new(), String::new());
    Verdict { language: Some(Some("cy".to_owned())), sentiment: None, topics: None, places: None, by, why }
}

/// A bus that was filled into the database, and another one that is longer.
async fn two_buses(config: &ClickHouseConfig) -> (Arc<dyn Bus>, [TempDir; 2]) {
    let dirs = [tempdir().unwrap(), tempdir().unwrap()];
    let first = bus_in(dirs[0].path());
    append(&first, upserts(0..40)).await;
    start(&first, config, Start::GoOn).await.finish(&first).await;
    let second = bus_in(dirs[1].path());
    append(&second, upserts(100..300)).await;
    (second, dirs)
}

#[tokio::test]
async fn a_bus_that_was_made_anew_is_refused_until_somebody_says_so() {
    let config = quick(fresh_database());
    let (second, _dirs) = two_buses(&config).await;
    let error = start(&second, &config, Start::GoOn).await.task.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("was not filled from this bus") && error.contains("--new-bus"), "{error}");
    assert_eq!(posts(&config, "").await, 40, "nothing of it was counted");

    start(&second, &config, Start::NewBus).await.finish(&second).await;
    assert_eq!(posts(&config, "").await, 240);
    // What comes now stands above everything of the bus before, whatever its offset.
    let known: [PostId; 2] = [post(2).build().post.id, post(3).build().post.id];
    let mut changes: Vec<Change<Enriched>> = known.into_iter().map(Change::Delete).collect();
    let author: AuthorKey = author_key(4);
    changes.push(Change::EraseAuthor(author));
    append(&second, changes).await;
    start(&second, &config, Start::GoOn).await.finish(&second).await;
    let erased = (0..40).chain(100..300).filter(|n| n % 7 == 4).count() as u64;
    assert_eq!(posts(&config, "").await, 240 - 2 - erased);
}

#[tokio::test]
async fn more_partitions_are_another_bus() {
    let (dirs, config) = ([tempdir().unwrap(), tempdir().unwrap()], quick(fresh_database()));
    let bus = bus_in(dirs[0].path());
    append(&bus, upserts(0..4)).await;
    start(&bus, &config, Start::GoOn).await.finish(&bus).await;
    let more = bus::BusConfig { partitions: std::num::NonZeroU8::new(8).unwrap(), ..bus::BusConfig::default() };
    let bus: Arc<dyn Bus> = Arc::new(EmbeddedBus::open(dirs[1].path(), &more).unwrap());
    let error = start(&bus, &config, Start::GoOn).await.task.await.unwrap().unwrap_err().to_string();
    assert!(error.contains("4 partitions") && error.contains('8'), "{error}");
}

#[tokio::test]
async fn a_server_that_only_reads_is_waited_for_and_nothing_is_lost() {
    let (dir, config) = (tempdir().unwrap(), quick(fresh_database()));
    let bus = bus_in(dir.path());
    let proxy = Proxy::start(&config.url).await;
    let through = ClickHouseConfig { url: proxy.url(), ..config.clone() };
    let working = start(&bus, &through, Start::GoOn).await;
    proxy.lose(Loss::RefuseBatches("Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)"));
    append(&bus, upserts(0..500)).await;
    proxy.refused().await;
    assert!(!working.task.is_finished());
    assert_eq!(posts(&config, "").await, 0);
    proxy.lose(Loss::Reply);
    working.finish(&bus).await;
    assert_eq!(posts(&config, "").await, 500);
}
