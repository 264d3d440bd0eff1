//! Time in these tests is tokio's paused time, and the clock follows it: days pass at once.

use std::sync::{Arc, Mutex};

use async_trait::async_trait;
use tokio::time::Instant;

use super::*;
use crate::collector::Cursor;
use crate::testing::{FlakyBus, feed_source, post};

const HOUR: Duration = Duration::from_hours(1);

type Answer = dyn Fn(usize, &Cursor) -> Result<Batch, CollectError> + Send + Sync;

/// A collector that answers as the test says, and notes when it was asked and from where.
#[derive(Clone)]
struct Scripted {
    calls: Arc<Mutex<Vec<(Timestamp, Cursor)>>>,
    answer: Arc<Answer>,
    clock: Clock,
}

#[async_trait]
impl Collector for Scripted {
    async fn collect(&mut self, from: &Cursor) -> Result<Batch, CollectError> {
        let call = {
            let mut calls = self.calls.lock().unwrap();
            calls.push((self.clock.now(), from.clone()));
            calls.len() - 1
        };
        (self.answer)(call, from)
    }
}

/// A source, its collector and its directory, which outlive each run.
struct Bench {
    dir: tempfile::TempDir,
    source: SourceConfig,
    collector: Scripted,
    board: HealthBoard,
    clock: Clock,
}

impl Bench {
    fn new(answer: impl Fn(usize, &Cursor) -> Result<Batch, CollectError> + Send + Sync + 'static) -> Self {
        let clock = Clock::Simulated { start: "2025-03-01T00:00:00Z".parse().unwrap(), began: Instant::now() };
        let source = feed_source("test", "https://example.org/feed");
        let board = HealthBoard::new(std::slice::from_ref(&source));
        let collector = Scripted { calls: Arc::default(), answer: Arc::new(answer), clock };
        Self { dir: tempfile::tempdir().unwrap(), source, collector, board, clock }
    }

    /// Starts a process that collects, lets `time` pass, and shuts it down.
    async fn run_for(&self, time: Duration, bus: &Arc<FlakyBus>) {
        let cancel = CancellationToken::new();
        let task = SourceTask {
            source: self.source.clone(),
            collector: Box::new(self.collector.clone()),
            state: self.stored(),
            intake: Intake::new(bus.clone(), Arc::new(|_: &mut Post| {})),
            board: self.board.clone(),
            state_dir: self.dir.path().to_owned(),
            clock: self.clock,
            cancel: cancel.clone(),
            stored_at: None,
            unsaved: false,
        };
        let running = tokio::spawn(task.run());
        tokio::time::sleep(time).await;
        cancel.cancel();
        running.await.unwrap();
    }

    fn stored(&self) -> StoredState {
        state::load(self.dir.path(), &self.source, self.clock.now()).unwrap()
    }

    fn health(&self) -> bus::SourceHealth {
        self.board.get(&self.source.id).unwrap()
    }

    fn clock_at_start(&self) -> Timestamp {
        self.collector.calls.lock().unwrap()[0].0
    }

    /// The hours at which the collector was asked, since the beginning.
    fn asked_at_hours(&self) -> Vec<i64> {
        let calls = self.collector.calls.lock().unwrap();
        calls.iter().map(|(at, _)| at.duration_since(calls[0].0).as_hours()).collect()
    }
}

fn batch(posts: usize, cursor: &str) -> Batch {
    let changes = (0..posts).map(|n| Change::Upsert(post(&format!("{cursor}-{n}")))).collect();
    Batch { changes, cursor: Cursor::of(&cursor), next_in: HOUR, notice: None, missed: None }
}

#[tokio::test(start_paused = true)]
async fn the_cursor_moves_only_after_the_bus_accepted_the_batch() {
    let bench = Bench::new(|_, _| Ok(batch(3, "after")));
    let full = Arc::new(FlakyBus::refusing(0..10_000));
    bench.run_for(HOUR, &full).await;
    assert_eq!(bench.stored().cursor, Cursor::default());
    assert_eq!(bench.collector.calls.lock().unwrap().len(), 1, "while the batch waits, no more is collected");
    assert_eq!(bench.health().state, SourceState::Failing);
    assert!(bench.health().error.unwrap().starts_with("cannot write to /data: No space left on device"));

    let works = Arc::new(FlakyBus::default());
    bench.run_for(HOUR / 2, &works).await;
    assert_eq!(works.posts().len(), 3);
    assert_eq!(bench.stored().cursor, Cursor::of(&"after"));
    assert_eq!(bench.collector.calls.lock().unwrap()[1].1, Cursor::default());
    assert_eq!(bench.health().state, SourceState::Working);
    assert_eq!(bench.health().error, None);
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_recovers_gets_the_batch_once() {
    let bench = Bench::new(|_, _| Ok(batch(1_200, "after")));
    let bus = Arc::new(FlakyBus::refusing([1, 2]));
    bench.run_for(HOUR / 2, &bus).await;
    assert_eq!(bus.batch_sizes(), [500, 500, 200]);
    assert_eq!(bench.health().posts_total, 1_200);
    assert_eq!(bench.health().posts_by_day.last(), Some(&1_200));
}

#[tokio::test(start_paused = true)]
async fn a_bus_that_lets_an_hour_pass_is_shown_and_nothing_is_lost_or_collected_meanwhile() {
    let bench = Bench::new(|_, _| Ok(batch(3, "after")));
    let bus = Arc::new(FlakyBus::slow(HOUR));
    let asking = async {
        tokio::time::sleep(Duration::from_mins(1)).await;
        assert_eq!(bench.health().state, SourceState::Retrying);
        tokio::time::sleep(Duration::from_mins(50)).await;
        assert_eq!(bench.health().state, SourceState::Failing);
        let error = bench.health().error.unwrap();
        assert!(error.contains("does not take its posts") && error.contains("bus.kafka.brokers"), "{error}");
        assert_eq!(bench.stored().health.state, SourceState::Failing, "other processes see it");
        assert_eq!(bench.collector.calls.lock().unwrap().len(), 1, "while the batch waits, no more is collected");
        assert_eq!(bench.stored().cursor, Cursor::default());
    };
    tokio::join!(bench.run_for(HOUR * 3 / 2, &bus), asking);
    assert_eq!(bench.health().state, SourceState::Working);
    assert_eq!(bench.health().error, None);
    assert_eq!((bus.posts().len(), bench.stored().cursor), (3, Cursor::of(&"after")));
}

#[tokio::test(start_paused = true)]
async fn what_breaks_down_over_an_answer_is_asked_again_from_the_cursor_and_said() {
    let bench = Bench::new(|call, from| match call {
        0 => Ok(batch(2, "after")),
        1 => panic!("a fault over {from:?}"),
        _ => Ok(batch(0, "later")),
    });
    let bus = Arc::new(FlakyBus::default());
    bench.run_for(HOUR * 3 / 2, &bus).await;
    assert_eq!(bench.health().state, SourceState::Retrying);
    assert!(bench.health().error.unwrap().contains("broke down"));
    assert_eq!(bench.stored().cursor, Cursor::of(&"after"));
    bench.run_for(HOUR * 12, &bus).await;
    assert_eq!(bench.health().state, SourceState::Working);
    assert_eq!(bench.stored().cursor, Cursor::of(&"later"));
}

#[tokio::test(start_paused = true)]
async fn fourteen_days_with_fifty_restarts_are_one_attempt_an_hour() {
    let bench = Bench::new(|_, _| Ok(batch(0, "here")));
    let bus = Arc::new(FlakyBus::default());
    for _ in 0..50 {
        bench.run_for(HOUR * 14 * 24 / 50, &bus).await;
    }
    let hours = bench.asked_at_hours();
    assert!(hours.windows(2).all(|pair| pair[1] > pair[0]), "{hours:?}");
    assert!((330..=336).contains(&hours.len()), "{}", hours.len());
}

#[tokio::test(start_paused = true)]
async fn failures_are_shown_and_retried_more_and_more_rarely_until_it_works() {
    let bench = Bench::new(|call, _| match call {
        0..4 => Err(CollectError::Transient { reason: "example.org answered with status 500".into() }),
        _ => Ok(batch(1, "after")),
    });
    let bus = Arc::new(FlakyBus::default());
    bench.run_for(HOUR / 2, &bus).await;
    assert_eq!((bench.health().state, bench.health().failures), (SourceState::Retrying, 1));
    assert_eq!(bench.health().error.as_deref(), Some("example.org answered with status 500"));
    assert!(bench.health().next_attempt.unwrap() > bench.clock.now());
    bench.run_for(HOUR * 8, &bus).await;
    assert_eq!((bench.health().state, bench.health().failures), (SourceState::Failing, 4));
    bench.run_for(HOUR * 12, &bus).await;
    assert_eq!((bench.health().state, bench.health().failures), (SourceState::Working, 0));
    assert_eq!(bench.health().error, None);
    let hours = bench.asked_at_hours();
    let pauses: Vec<i64> = hours.windows(2).take(4).map(|pair| pair[1] - pair[0]).collect();
    for (pause, least) in pauses.iter().zip([1, 2, 4, 8]) {
        assert!((least..=least * 6 / 5 + 1).contains(pause), "{pauses:?}");
    }
}

#[tokio::test(start_paused = true)]
async fn a_source_that_asks_us_to_wait_is_left_alone() {
    let bench = Bench::new(|call, _| match call {
        0 => Err(CollectError::RateLimited { retry_after: Some(HOUR * 5), reason: "slow down".into() }),
        _ => Ok(batch(0, "after")),
    });
    let bus = Arc::new(FlakyBus::default());
    bench.run_for(HOUR * 4, &bus).await;
    assert_eq!(bench.health().state, SourceState::RateLimited);
    bench.run_for(HOUR * 3, &bus).await;
    assert!(bench.asked_at_hours()[1] >= 5);
}

#[tokio::test(start_paused = true)]
async fn more_is_fetched_at_once_and_a_faulty_part_is_shown() {
    let bench = Bench::new(|call, _| {
        let next_in = if call < 3 { Duration::ZERO } else { HOUR };
        Ok(Batch { next_in, notice: Some("a.txt is empty".into()), ..batch(1, &format!("page {call}")) })
    });
    let bus = Arc::new(FlakyBus::default());
    bench.run_for(Duration::from_secs(1), &bus).await;
    assert_eq!(bus.posts().len(), 4);
    assert_eq!(bench.stored().cursor, Cursor::of(&"page 3"));
    assert_eq!((bench.health().state, bench.health().error.as_deref()), (SourceState::Working, Some("a.txt is empty")));
}

#[tokio::test(start_paused = true)]
async fn a_busy_source_that_falls_quiet_is_shown_as_silent() {
    let bench = Bench::new(|call, _| Ok(batch(usize::from(call < 24 * 10), &format!("{call}"))));
    let bus = Arc::new(FlakyBus::default());
    bench.run_for(HOUR * 24 * 10, &bus).await;
    assert_eq!(bench.health().state, SourceState::Working);
    bench.run_for(HOUR * 24 * 5, &bus).await;
    assert_eq!(bench.health().state, SourceState::Silent);
}

#[tokio::test(start_paused = true)]
async fn an_unwritable_state_directory_is_shown_and_collection_goes_on() {
    let mut bench = Bench::new(|call, _| Ok(batch(1, &format!("{call}"))));
    let bus = Arc::new(FlakyBus::default());
    let elsewhere = std::mem::replace(&mut bench.dir, tempfile::tempdir().unwrap());
    std::fs::remove_dir_all(bench.dir.path()).unwrap();
    bench.run_for(HOUR * 2, &bus).await;
    assert!(bench.health().error.unwrap().contains("its position could not be stored in "));
    assert_eq!(bus.posts().len(), 2);
    drop(elsewhere);
}

#[tokio::test(start_paused = true)]
async fn a_gap_is_published_when_it_opens_and_when_it_ends_over_restarts() {
    let bench = Bench::new(|call, _| match call {
        1..8 => Err(CollectError::Transient { reason: "example.org answered with status 500".into() }),
        _ => Ok(batch(1, "after")),
    });
    let bus = Arc::new(FlakyBus::default());
    bench.run_for(HOUR / 2, &bus).await;
    assert_eq!(bus.gaps(), []);
    for _ in 0..10 {
        bench.run_for(HOUR / 2, &bus).await;
    }
    let gaps = bus.gaps();
    assert_eq!(gaps.len(), 1, "{gaps:?}");
    assert_eq!((gaps[0].from, gaps[0].until), (bench.clock_at_start(), None));
    assert_eq!(bench.health().gaps, gaps);
    bench.run_for(HOUR * 24 * 7, &bus).await;
    let gaps = bus.gaps();
    assert_eq!(gaps.len(), 2, "{gaps:?}");
    assert_eq!(gaps[1].id(), gaps[0].id());
    assert!(gaps[1].until.is_some());
    assert_eq!(bench.stored().health.gaps, gaps[1..]);
    assert_eq!(bench.health().posts_total, bus.posts().len() as u64, "a gap is no post");
}
