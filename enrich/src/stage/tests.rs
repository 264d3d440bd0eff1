use std::time::Duration;

use async_trait::async_trait;
use bus::{
    AuthorKey, BusConfig, Change, Correction, Delivered, EmbeddedBus, Enriched, Lag, Offset, Partition, Post, PostId,
    Record, Ruling,
};
use tempfile::TempDir;
use tokio::task::JoinHandle;

use super::*;
use crate::Enricher;
use crate::testing::post;

/// Marks every post as English, and panics at one that says "boom".
struct Fragile;

impl Enricher for Fragile {
    fn name(&self) -> &'static str {
        "fragile"
    }

    fn enrich(&self, batch: &mut [Enriched]) {
        for item in batch {
            assert!(!item.post.text.contains("boom"), "a fault in an enricher");
            item.language = Some("en".to_owned());
        }
    }
}

/// A bus whose retention has removed the first records of every partition of the posts.
struct Forgetful {
    bus: Arc<EmbeddedBus>,
    /// Where each partition begins.
    forgotten: Vec<Offset>,
}

/// A reader of [`Forgetful`].
struct ForgetfulReader {
    reader: Box<dyn Reader>,
    /// Partitions that are still to be found gone.
    forgotten: Vec<(Partition, Offset)>,
}

#[async_trait]
impl Bus for Forgetful {
    async fn append(&self, topic: BusTopic, records: Vec<Record>) -> Result<(), BusError> {
        self.bus.append(topic, records).await
    }

    async fn reader(&self, topic: BusTopic, group: &str) -> Result<Box<dyn Reader>, BusError> {
        let reader = self.bus.reader(topic, group).await?;
        let forgotten = (0..).zip(self.forgotten.iter().copied()).collect();
        Ok(Box::new(ForgetfulReader { reader, forgotten }))
    }

    async fn lag(&self, topic: BusTopic, group: &str) -> Result<Vec<Lag>, BusError> {
        self.bus.lag(topic, group).await
    }
}

#[async_trait]
impl Reader for ForgetfulReader {
    async fn next(&mut self, max: usize) -> Result<Vec<Delivered>, BusError> {
        match self.forgotten.pop() {
            Some((partition, begin)) => Err(BusError::OffsetGone { topic: "posts", partition, wanted: 0, begin }),
            None => self.reader.next(max).await,
        }
    }

    async fn seek(&mut self, offsets: &Offsets) -> Result<(), BusError> {
        self.reader.seek(offsets).await
    }

    async fn commit(&mut self, offsets: &Offsets) -> Result<(), BusError> {
        self.reader.commit(offsets).await
    }
}

struct Stage {
    bus: Arc<EmbeddedBus>,
    cancel: CancellationToken,
    running: JoinHandle<Result<(), BusError>>,
    dir: TempDir,
}

impl Stage {
    async fn start(records: Vec<Record>) -> Self {
        let (bus, dir) = bus();
        bus.append(BusTopic::Posts, records).await.unwrap();
        Self::run_on(Arc::clone(&bus) as Arc<dyn Bus>, bus, dir)
    }

    /// Runs the stage on `seen`, which is `bus` or stands before it.
    fn run_on(seen: Arc<dyn Bus>, bus: Arc<EmbeddedBus>, dir: TempDir) -> Self {
        let cancel = CancellationToken::new();
        let chain = Arc::new(Chain::of(vec![Arc::new(Fragile)]));
        let running = tokio::spawn(run(seen, chain, EnrichConfig::default(), cancel.clone()));
        Self { bus, cancel, running, dir }
    }

    /// Stops the stage and starts another on the same bus.
    async fn restart(self) -> Self {
        let (bus, dir) = self.stop().await;
        Self::run_on(Arc::clone(&bus) as Arc<dyn Bus>, bus, dir)
    }

    /// The changes in the enriched bus topic: at least `count` of them.
    async fn enriched(&self, count: usize) -> Vec<Change<Enriched>> {
        let mut reader = self.bus.reader(BusTopic::Enriched, "test").await.unwrap();
        let mut changes = Vec::new();
        while changes.len() < count {
            let records = tokio::time::timeout(Duration::from_secs(30), reader.next(1_000)).await.unwrap().unwrap();
            changes.extend(records.iter().map(|record| Change::from_payload(&record.payload).unwrap()));
        }
        changes
    }

    /// Stops the stage; it has then committed whatever it read.
    async fn stop(self) -> (Arc<EmbeddedBus>, TempDir) {
        self.cancel.cancel();
        self.running.await.unwrap().unwrap();
        (self.bus, self.dir)
    }
}

fn bus() -> (Arc<EmbeddedBus>, TempDir) {
    let dir = tempfile::tempdir().unwrap();
    (Arc::new(EmbeddedBus::open(dir.path(), &BusConfig::default()).unwrap()), dir)
}

fn upsert(text: &str) -> Record {
    Change::Upsert(post(text)).to_record()
}

#[tokio::test]
async fn posts_are_enriched_and_their_offsets_committed() {
    let stage = Stage::start((0..1_700).map(|n| upsert(&format!("post {n}"))).collect()).await;
    let changes = stage.enriched(1_700).await;
    let english = changes
        .iter()
        .filter(|change| matches!(change, Change::Upsert(enriched) if enriched.language.as_deref() == Some("en")));
    assert_eq!((changes.len(), english.count()), (1_700, 1_700));
    let (bus, _dir) = stage.stop().await;
    let lag = bus.lag(BusTopic::Posts, GROUP).await.unwrap();
    assert_eq!(lag.iter().map(bus::Lag::records).sum::<u64>(), 0);
}

#[tokio::test]
async fn changes_of_one_post_keep_their_order() {
    let edit = |text: &str| Change::Upsert(Post { id: PostId::from_bytes([7; 16]), ..post(text) }).to_record();
    let mut records: Vec<Record> = (0..600).map(|n| edit(&format!("edit {n}"))).collect();
    records.push(Change::<Post>::Delete(PostId::from_bytes([7; 16])).to_record());
    records.push(edit("again"));
    let stage = Stage::start(records).await;
    let changes = stage.enriched(602).await;
    let texts: Vec<_> = changes
        .iter()
        .map(|change| match change {
            Change::Upsert(enriched) => enriched.post.text.clone(),
            _ => "deleted".to_owned(),
        })
        .collect();
    let mut expected: Vec<_> = (0..600).map(|n| format!("edit {n}")).collect();
    expected.extend(["deleted".to_owned(), "again".to_owned()]);
    assert_eq!(texts, expected);
    stage.stop().await;
}

#[tokio::test]
async fn an_erasure_reaches_every_partition() {
    let author = AuthorKey::from_bytes([5; 16]);
    let stage = Stage::start(vec![Change::<Post>::EraseAuthor(author).to_record()]).await;
    let partitions = stage.bus.lag(BusTopic::Enriched, "test").await.unwrap().len();
    let changes = stage.enriched(partitions).await;
    assert!(changes.iter().all(|change| *change == Change::EraseAuthor(author)));
    let (bus, _dir) = stage.stop().await;
    let lag = bus.lag(BusTopic::Enriched, "nobody").await.unwrap();
    assert!(lag.iter().all(|lag| lag.end > 0), "{lag:?}");
}

#[tokio::test]
async fn a_bad_record_and_a_post_that_breaks_an_enricher_become_dead_letters() {
    let scrawl = Record { key: Some(PostId::from_bytes([1; 16])), payload: b"scrawl".to_vec() };
    let records = vec![upsert("before"), scrawl, upsert("boom"), upsert("after")];
    let stage = Stage::start(records).await;
    let changes = stage.enriched(2).await;
    let mut texts: Vec<_> = changes
        .into_iter()
        .map(|change| match change {
            Change::Upsert(enriched) => (enriched.post.text, enriched.language),
            other => panic!("not a post: {other:?}"),
        })
        .collect();
    texts.sort();
    let english = Some("en".to_owned());
    assert_eq!(texts, [("after".to_owned(), english.clone()), ("before".to_owned(), english)]);
    let (bus, _dir) = stage.stop().await;
    let mut letters = dead_letter::list(&*bus, 10).await.unwrap();
    letters.sort_by(|a, b| a.reason.cmp(&b.reason));
    let reasons: Vec<_> = letters.iter().map(|letter| letter.reason.as_str()).collect();
    assert_eq!(
        reasons,
        ["expected value at line 1 column 1", "the fragile enricher failed on this post: a fault of the program"]
    );
    assert!(letters.iter().all(|letter| letter.stage == GROUP && letter.topic == BusTopic::Posts));
}

#[tokio::test]
async fn a_stage_that_is_stopped_goes_on_where_it_was() {
    let stage = Stage::start(vec![upsert("first")]).await;
    stage.enriched(1).await;
    let stage = stage.restart().await;
    stage.bus.append(BusTopic::Posts, vec![upsert("second")]).await.unwrap();
    assert_eq!(stage.enriched(2).await.len(), 2);
    let (bus, _dir) = stage.stop().await;
    let lag = bus.lag(BusTopic::Enriched, "nobody").await.unwrap();
    assert_eq!(lag.iter().map(|lag| lag.end).sum::<u64>(), 2, "nothing was enriched twice");
}

#[tokio::test]
async fn posts_that_retention_removed_are_passed_over() {
    let (bus, dir) = bus();
    bus.append(BusTopic::Posts, (0..100).map(|n| upsert(&format!("post {n}"))).collect()).await.unwrap();
    let ends = bus.lag(BusTopic::Posts, GROUP).await.unwrap();
    let gone = Arc::new(Forgetful { bus: Arc::clone(&bus), forgotten: ends.iter().map(|lag| lag.end - 1).collect() });
    let stage = Stage::run_on(gone, bus, dir);
    assert_eq!(stage.enriched(ends.len()).await.len(), ends.len(), "the last post of every partition is left");
    stage.stop().await;
}

/// Says that the post with this text is written in Welsh.
fn in_welsh(text: &str) -> Correction {
    let ruling = Ruling {
        to: Some("cy".to_owned()),
        by: "analyst".to_owned(),
        why: "read it".to_owned(),
        at: jiff::Timestamp::UNIX_EPOCH,
    };
    Correction { language: Some(ruling), ..Correction::of(&post(text)) }
}

fn languages(changes: &[Change<Enriched>], id: PostId) -> Vec<Option<&str>> {
    let upserts = changes.iter().filter_map(|change| match change {
        Change::Upsert(enriched) if enriched.post.id == id => Some(enriched.language.as_deref()),
        _ => None,
    });
    upserts.collect()
}

#[tokio::test]
async fn a_correction_is_passed_on_kept_and_applied_to_later_deliveries_of_the_same_text() {
    let correction = in_welsh("bore da");
    let id = correction.post;
    let edited = Change::Upsert(Post { id, ..post("good morning") }).to_record();
    let records = vec![upsert("bore da"), Change::<Post>::Correct(Box::new(correction.clone())).to_record(), edited];
    let stage = Stage::start(records).await;
    let changes = stage.enriched(3).await;
    assert!(changes.contains(&Change::Correct(Box::new(correction.clone()))));
    assert_eq!(languages(&changes, id).last(), Some(&Some("en")), "another text gets the tags of the machine");
    assert_eq!(bus::correction::list(&*stage.bus).await.unwrap(), [correction]);

    // A process that starts later knows it as well.
    let stage = stage.restart().await;
    stage.bus.append(BusTopic::Posts, vec![upsert("bore da")]).await.unwrap();
    let changes = stage.enriched(4).await;
    assert_eq!(languages(&changes, id).last(), Some(&Some("cy")));
    stage.stop().await;
}

#[tokio::test]
async fn what_another_process_was_told_is_known_once_its_partition_is_read_here() {
    let (bus, dir) = bus();
    let correction = in_welsh("bore da");
    bus.append(BusTopic::Posts, vec![upsert("bore da")]).await.unwrap();
    let mut memory = memory::Memory::load(Arc::clone(&bus) as Arc<dyn Bus>).await.unwrap();
    // Another process reads the correction from the partition, keeps it, commits, and goes.
    bus.append(BusTopic::Corrections, vec![correction.to_record()]).await.unwrap();
    let delivered = |offset| Delivered {
        partition: 0,
        offset,
        appended_at: jiff::Timestamp::UNIX_EPOCH,
        payload: upsert("bore da").payload,
    };
    let mut enriched = Enriched::untagged(post("bore da"));
    let mut corrected = |memory: &memory::Memory| memory.corrections().read().unwrap().apply(&mut enriched);
    memory.learn(&[delivered(0)], &Offsets::default()).await.unwrap();
    assert!(!corrected(&memory), "nobody else has read this partition");
    let mut position = Offsets::default();
    position.advance(0, 0);
    memory.learn(&[delivered(2)], &position).await.unwrap();
    assert!(corrected(&memory), "somebody else has read record 1");
    drop(dir);
}
