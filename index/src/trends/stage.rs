//! The stage: reads enriched posts from the bus, feeds the detector, publishes its lists and saves its state.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use bus::{Bus, BusError, BusTopic, Change, Delivered, Enriched, MarkedReader, Marks, Reader as _};
use jiff::Timestamp;
use metrics::{counter, gauge, histogram};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::config::TrendsConfig;
use super::detector::Detector;
use super::error::TrendsError;
use super::model::TrendList;
use super::sealed::replace;
use super::snapshot;
use crate::blocking::blocking;
use crate::other_log;

/// The consumer group; its one member reads all partitions, because voices can be counted only where all are seen.
pub const GROUP: &str = "trends";
/// The file of the last list in the state directory.
pub const LATEST: &str = "latest.json";
/// The file of the saved state in the state directory.
pub const STATE: &str = "state.bin";

/// Records read at once.
const BATCH: usize = 2_000;
/// Lists are this far apart by the clock, while a backlog is read.
const LIST_EVERY: Duration = Duration::from_secs(5);
/// So many changes are worth a new list before its time.
const MANY: usize = 1_000;
/// The state is saved this often.
const SAVE_EVERY: Duration = Duration::from_secs(30);
/// Saving may take this part of the time.
const SAVE_SHARE: u32 = 20;
/// The snapshot of the day is replaced this often.
const SNAPSHOT_EVERY: Duration = Duration::from_hours(1);
/// Without a record for so long, the backlog is read.
const QUIET: Duration = Duration::from_secs(1);

/// Reads `BusTopic::Enriched` until `cancel`, publishes a list every `score_every_minutes` of event time and writes
/// it to `latest.json` in `state_dir`. Starts at the offsets saved with the state; a state that cannot be used is
/// computed again from the beginning of the bus. A log that was made anew is refused: what was read of another one would be counted
/// beside it.
///
/// # Errors
/// [`TrendsError`] when the bus or the disk fails, or the log is not the one that the state was computed from.
pub async fn run(
    bus: Arc<dyn Bus>,
    config: TrendsConfig,
    state_dir: PathBuf,
    publish: watch::Sender<Option<Arc<TrendList>>>,
    cancel: CancellationToken,
) -> Result<(), TrendsError> {
    let every = Duration::from_secs(u64::from(config.score_every_minutes) * 60);
    let directory = state_dir.clone();
    let detector = blocking(move || open(&directory, config)).await?;
    let marks = detector.marks().clone();
    let opened = MarkedReader::open(bus.as_ref(), BusTopic::Enriched, GROUP, &marks).await;
    let mut reader = opened.map_err(|error| judged(&state_dir, error))?;
    let mut stage = Stage { detector: Some(detector), marks, state_dir, publish, every, pace: Pace::new() };
    stage.publish_list().await?;
    loop {
        let wait = stage.pace.wait();
        tokio::select! {
            () = cancel.cancelled() => break,
            read = tokio::time::timeout(wait, reader.next(BATCH)) => match read {
                Ok(Ok(records)) => stage.take_in(records).await,
                Ok(Err(error)) => stage.skip_gap(&mut reader, error).await?,
                Err(_) => stage.pace.caught_up = true,
            },
        }
        stage.list_if_due().await?;
        if stage.pace.save_due() {
            stage.save(&mut reader).await?;
        }
    }
    stage.save(&mut reader).await
}

/// The stage at work. The detector is lent to the blocking threads and comes back.
struct Stage {
    detector: Option<Box<Detector>>,
    /// How far the bus has been read.
    marks: Marks,
    state_dir: PathBuf,
    publish: watch::Sender<Option<Arc<TrendList>>>,
    /// Event time between two lists.
    every: Duration,
    pace: Pace,
}

/// What is due when, by the clock.
struct Pace {
    listed: Option<Instant>,
    /// The event time of the last list.
    listed_as_of: Option<Timestamp>,
    saved: Instant,
    save_every: Duration,
    /// When a list was last kept as the snapshot of its day, and how many posts were remembered then.
    snapshot: Option<(Instant, usize)>,
    /// Changes since the last list.
    unlisted: usize,
    /// Whether there are changes since the last save.
    unsaved: bool,
    /// Whether the backlog is read.
    caught_up: bool,
    /// Whether a list was made since then.
    listed_caught_up: bool,
}

impl Pace {
    fn new() -> Self {
        Self {
            listed: None,
            listed_as_of: None,
            saved: Instant::now(),
            save_every: SAVE_EVERY,
            snapshot: None,
            unlisted: 0,
            unsaved: false,
            caught_up: false,
            listed_caught_up: false,
        }
    }

    /// How long to wait for records before something else may be due.
    fn wait(&self) -> Duration {
        if self.unlisted > 0 && !self.listed_caught_up { QUIET } else { SAVE_EVERY }
    }

    fn save_due(&self) -> bool {
        self.unsaved && self.saved.elapsed() >= self.save_every
    }

    /// Whether a list of so many posts is worth a snapshot: not one in the middle of a backlog. What sources deliver at first soon makes
    /// the first ones old.
    fn snapshot_due(&self, posts: usize) -> bool {
        self.caught_up && self.snapshot.is_none_or(|(at, then)| at.elapsed() >= SNAPSHOT_EVERY || posts > 2 * then)
    }

    fn list_due(&self, newest: Option<Timestamp>, every: Duration) -> bool {
        let first_after_backlog = self.caught_up && !self.listed_caught_up;
        // A source that delivers its history does not move event time on, and changes the list all the same.
        let is_much = self.unlisted >= MANY;
        let is_old = self.listed.is_some_and(|listed| listed.elapsed() >= every);
        let is_rested = self.listed.is_none_or(|listed| listed.elapsed() >= LIST_EVERY);
        let is_later = newest
            .zip(self.listed_as_of)
            .is_none_or(|(newest, listed)| newest.duration_since(listed).unsigned_abs() >= every);
        self.unlisted > 0 && (first_after_backlog || (is_rested && (is_later || is_much || is_old)))
    }
}

impl Stage {
    /// Runs `work` on the detector off the async threads.
    async fn with<R: Send + 'static>(&mut self, work: impl FnOnce(&mut Detector) -> R + Send + 'static) -> R {
        let mut detector = self.detector.take().expect("the detector comes back from every piece of work");
        let (detector, result) = blocking(move || {
            let result = work(&mut detector);
            (detector, result)
        })
        .await;
        self.detector = Some(detector);
        result
    }

    async fn take_in(&mut self, records: Vec<Delivered>) {
        for record in &records {
            self.marks.advance(record);
        }
        self.pace.unlisted += records.len();
        self.pace.unsaved = true;
        self.pace.caught_up = records.len() < BATCH;
        self.pace.listed_caught_up &= self.pace.caught_up;
        let marks = self.marks.clone();
        let remembered = self
            .with(move |detector| {
                for record in &records {
                    observe(detector, record);
                }
                detector.set_marks(marks);
                detector.posts()
            })
            .await;
        gauge!("discovery_trends_posts_remembered").set(remembered as f64);
    }

    /// Goes on behind records that retention removed before they were read; any other error ends the stage.
    async fn skip_gap(&mut self, reader: &mut MarkedReader, error: BusError) -> Result<(), TrendsError> {
        let BusError::OffsetGone { partition, begin, .. } = error else { return Err(judged(&self.state_dir, error)) };
        tracing::warn!(%error, "trends go on after a gap");
        counter!("discovery_trends_gaps_total").increment(1);
        self.marks.skip_to(partition, begin);
        reader.seek(&self.marks.offsets()).await?;
        Ok(())
    }

    async fn list_if_due(&mut self) -> Result<(), TrendsError> {
        let newest = self.detector.as_ref().and_then(|detector| detector.newest());
        if self.pace.list_due(newest, self.every) { self.publish_list().await } else { Ok(()) }
    }

    async fn publish_list(&mut self) -> Result<(), TrendsError> {
        let directory = self.state_dir.clone();
        let posts = self.detector.as_ref().map_or(0, |detector| detector.posts());
        let with_snapshot = self.pace.snapshot_due(posts);
        let computed = self.with(move |detector| compute(detector, &directory, with_snapshot)).await?;
        let Some(list) = computed else { return Ok(()) };
        if with_snapshot {
            self.pace.snapshot = Some((Instant::now(), posts));
        }
        gauge!("discovery_trends_issues").set(list.issues.len() as f64);
        gauge!("discovery_trends_held").set(list.held.len() as f64);
        self.pace.listed = Some(Instant::now());
        self.pace.listed_as_of = Some(list.as_of);
        self.pace.unlisted = 0;
        self.pace.listed_caught_up = self.pace.caught_up;
        self.publish.send_replace(Some(Arc::new(list)));
        Ok(())
    }

    async fn save(&mut self, reader: &mut MarkedReader) -> Result<(), TrendsError> {
        let begun = Instant::now();
        let path = self.state_dir.join(STATE);
        self.with(move |detector| detector.save(&path)).await?;
        // The offsets in the state are what counts; these are for the display of lag.
        reader.commit(&self.marks.offsets()).await?;
        self.pace.saved = Instant::now();
        self.pace.save_every = SAVE_EVERY.max(begun.elapsed() * SAVE_SHARE);
        self.pace.unsaved = false;
        Ok(())
    }
}

/// Whether the bus is another one than the state was computed from.
fn judged(state_dir: &Path, error: BusError) -> TrendsError {
    match other_log::reason(error) {
        Ok(reason) => TrendsError::OtherLog { path: state_dir.join(STATE), reason },
        Err(other) => other.into(),
    }
}

fn open(state_dir: &Path, config: TrendsConfig) -> Result<Box<Detector>, TrendsError> {
    std::fs::create_dir_all(state_dir)
        .map_err(|error| TrendsError::Disk { path: state_dir.to_owned(), reason: error.to_string() })?;
    let loaded = Detector::load(&state_dir.join(STATE), config.clone()).unwrap_or_else(|error| {
        tracing::warn!(%error, "trends are computed again from the beginning of the bus");
        None
    });
    Ok(Box::new(loaded.unwrap_or_else(|| Detector::new(config))))
}

/// Takes these changes out of the state and the snapshots in `state_dir`, which nobody else uses now, writes the list anew, and says
/// how many posts went.
///
/// # Errors
/// [`TrendsError`] when the state cannot be written.
pub fn erase(state_dir: &Path, config: TrendsConfig, changes: &[Change<Enriched>]) -> Result<u64, TrendsError> {
    let (mut detector, gone) = erased(state_dir, config, changes)?;
    detector.save(&state_dir.join(STATE))?;
    compute(&mut detector, state_dir, false)?;
    snapshot::erase(state_dir, changes)?;
    Ok(gone)
}

/// How many posts [`erase`] would take out of the state as it was last saved.
///
/// # Errors
/// [`TrendsError`] when the state cannot be read.
pub fn would_erase(state_dir: &Path, config: TrendsConfig, changes: &[Change<Enriched>]) -> Result<u64, TrendsError> {
    Ok(erased(state_dir, config, changes)?.1)
}

/// The saved state after these changes, which is not saved, and how many posts they took out of it.
fn erased(
    state_dir: &Path,
    config: TrendsConfig,
    changes: &[Change<Enriched>],
) -> Result<(Box<Detector>, u64), TrendsError> {
    let mut detector = open(state_dir, config)?;
    let before = detector.posts();
    for change in changes {
        detector.observe(change);
    }
    let gone = before.saturating_sub(detector.posts()) as u64;
    Ok((detector, gone))
}

/// Takes in one record; one that cannot be read is skipped, because the search index sends it to the dead letters.
fn observe(detector: &mut Detector, record: &Delivered) {
    match Change::<Enriched>::from_payload(&record.payload) {
        Ok(change) => detector.observe(&change),
        Err(_) => counter!("discovery_trends_undecodable_total").increment(1),
    }
}

/// Computes a list, writes it for other processes, and keeps it with all that it was computed from if asked to.
fn compute(detector: &mut Detector, state_dir: &Path, with_snapshot: bool) -> Result<Option<TrendList>, TrendsError> {
    let Some(newest) = detector.newest() else { return Ok(None) };
    let before = with_snapshot.then(|| detector.encode()).transpose()?;
    let begun = Instant::now();
    let mut list = detector.list(newest);
    list.computed_at = Timestamp::now();
    histogram!("discovery_trends_list_seconds").record(begun.elapsed().as_secs_f64());
    let json = serde_json::to_vec(&list)
        .map_err(|error| TrendsError::Computing(format!("the list cannot be written down: {error}")))?;
    replace(&state_dir.join(LATEST), &json)?;
    if let Some(before) = before {
        snapshot::keep(state_dir, detector.config(), before, &list)?;
    }
    Ok(Some(list))
}

#[cfg(test)]
mod tests;
