//! The index stage: tagged posts from the bus into the index.
//!
//! One consumer reads all partitions. Posts and the offsets up to which they were read become durable in the same
//! Tantivy commit, so that after a crash reading goes on exactly where the index ends.

use std::sync::Arc;
use std::time::Duration;

use bus::{
    Bus, BusError, BusTopic, Change, DeadLetter, Delivered, Enriched, MarkedReader, Marks, Offsets, Reader as _,
    dead_letter,
};
use jiff::Timestamp;
use thiserror::Error;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use crate::blocking::blocking;
use crate::error::IndexError;
use crate::store::{Index, IndexConfig};
use crate::writer::IndexWriter;

/// The consumer group that this stage reads the bus in.
pub const GROUP: &str = "index";

/// The most records that are read at once.
const BATCH: usize = 1_000;

/// How often posts are taken out that are older than the configuration permits: each time costs writing their segments anew.
const EXPIRE_EVERY: Duration = Duration::from_hours(24);

/// Why the stage stopped before it was told to.
#[derive(Debug, Error)]
pub enum IndexStageError {
    /// The log cannot be read, or is not the one that this index was built from.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The index cannot be written.
    #[error(transparent)]
    Index(#[from] IndexError),
}

/// What one commit made searchable.
#[derive(Clone, Copy, Debug)]
pub struct Commit<'a> {
    /// Records that it covers.
    pub records: usize,
    /// For each post in it, the time from its collection to now, when it can be found.
    pub latencies: &'a [Duration],
    /// Posts in the index.
    pub posts: u64,
    /// Where reading goes on.
    pub offsets: &'a Offsets,
}

/// Indexes what comes over the bus until cancelled; then commits what was read, and returns.
///
/// # Errors
/// [`IndexStageError`]. What was not committed is read again at the next start.
pub async fn run(
    bus: Arc<dyn Bus>,
    index: Index,
    config: IndexConfig,
    cancel: CancellationToken,
) -> Result<(), IndexStageError> {
    run_observed(bus, index, config, cancel, |_| {}).await
}

/// The same, telling `observe` of every commit: for benchmarks.
///
/// # Errors
/// Those of [`run`].
pub async fn run_observed(
    bus: Arc<dyn Bus>,
    index: Index,
    config: IndexConfig,
    cancel: CancellationToken,
    observe: impl FnMut(&Commit<'_>) + Send,
) -> Result<(), IndexStageError> {
    describe_metrics();
    let mut stage = Stage::start(bus, index, config, observe).await?;
    loop {
        let due = stage.commit_due();
        tokio::select! {
            biased;
            () = cancel.cancelled() => break,
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => stage.commit().await?,
            () = tokio::time::sleep_until(stage.expire_at) => stage.expire(Timestamp::now()).await?,
            records = stage.reader.next(BATCH) => stage.read(records).await?,
        }
    }
    stage.commit().await
}

struct Stage<F> {
    bus: Arc<dyn Bus>,
    reader: MarkedReader,
    index: Index,
    config: IndexConfig,
    observe: F,
    /// Absent only while a thread works with it.
    writer: Option<IndexWriter>,
    /// Up to where records were applied.
    marks: Marks,
    /// What was applied since the last commit.
    pending: Pending,
    /// When it is looked next whether posts are too old.
    expire_at: Instant,
}

#[derive(Default)]
struct Pending {
    records: usize,
    since: Option<Instant>,
    collected: Vec<Timestamp>,
}

/// What became of a batch.
struct Applied {
    marks: Marks,
    collected: Vec<Timestamp>,
    unreadable: Vec<DeadLetter>,
}

impl<F: FnMut(&Commit<'_>) + Send> Stage<F> {
    async fn start(bus: Arc<dyn Bus>, index: Index, config: IndexConfig, observe: F) -> Result<Self, IndexStageError> {
        let (opening, settings) = (index.clone(), config.clone());
        let (writer, marks) = blocking(move || {
            let writer = opening.writer_with(&settings)?;
            let marks = writer.marks()?;
            Ok::<_, IndexError>((writer, marks))
        })
        .await?;
        let reader = MarkedReader::open(bus.as_ref(), BusTopic::Enriched, GROUP, &marks).await?;
        gauge_posts(index.posts());
        let (pending, expire_at) = (Pending::default(), Instant::now());
        Ok(Self { bus, reader, index, config, observe, writer: Some(writer), marks, pending, expire_at })
    }

    /// When the changes since the last commit are to be committed.
    fn commit_due(&self) -> Option<Instant> {
        let since = self.pending.since?;
        let full = self.pending.records >= self.config.commit_every_changes;
        Some(if full { since } else { since + Duration::from_millis(self.config.commit_every_ms) })
    }

    async fn read(&mut self, records: Result<Vec<Delivered>, BusError>) -> Result<(), IndexStageError> {
        match records {
            Ok(records) => self.apply(records).await,
            Err(BusError::OffsetGone { topic, partition, wanted, begin }) => {
                // Waiting would not bring them back, and what comes after them is still worth finding.
                let lost = begin.saturating_sub(wanted);
                metrics::counter!("discovery_index_records_lost_total").increment(lost);
                tracing::error!(
                    topic,
                    partition,
                    lost,
                    "retention removed records before they were indexed; going on after them"
                );
                self.marks.skip_to(partition, begin);
                Ok(self.reader.seek(&self.marks.offsets()).await?)
            }
            Err(error) => Err(error.into()),
        }
    }

    async fn apply(&mut self, records: Vec<Delivered>) -> Result<(), IndexStageError> {
        let count = records.len();
        let mut writer = self.take_writer();
        let mut marks = self.marks.clone();
        let (writer, applied) = blocking(move || {
            let mut applied = Applied { marks: Marks::default(), collected: Vec::new(), unreadable: Vec::new() };
            for record in records {
                apply_record(&mut writer, &record, &marks, &mut applied)?;
                marks.advance(&record);
            }
            applied.marks = marks;
            Ok::<_, IndexError>((writer, applied))
        })
        .await?;
        self.writer = Some(writer);
        if !applied.unreadable.is_empty() {
            metrics::counter!("discovery_index_dead_letters_total").increment(applied.unreadable.len() as u64);
            dead_letter::send(self.bus.as_ref(), &applied.unreadable).await?;
        }
        self.marks = applied.marks;
        self.pending.records += count;
        self.pending.since.get_or_insert_with(Instant::now);
        self.pending.collected.extend(applied.collected);
        Ok(())
    }

    async fn commit(&mut self) -> Result<(), IndexStageError> {
        let pending = std::mem::take(&mut self.pending);
        if pending.records == 0 {
            return Ok(());
        }
        let started = Instant::now();
        let mut writer = self.take_writer();
        let marks = self.marks.clone();
        let committing = move || {
            writer.commit_at(&marks)?;
            Ok::<_, IndexError>(writer)
        };
        self.writer = Some(blocking(committing).await?);
        metrics::histogram!("discovery_index_commit_seconds").record(started.elapsed().as_secs_f64());
        self.report(&pending);
        // For the display of lag only: what counts is the offsets in the index.
        Ok(self.reader.commit(&self.marks.offsets()).await?)
    }

    /// Takes out what is older at `now` than the configuration permits.
    async fn expire(&mut self, now: Timestamp) -> Result<(), IndexStageError> {
        self.expire_at = Instant::now() + EXPIRE_EVERY;
        if self.config.retention.keeps_all() {
            return Ok(());
        }
        self.commit().await?;
        let mut writer = self.take_writer();
        let (retention, marks) = (self.config.retention.clone(), self.marks.clone());
        let expiring = move || {
            let gone = writer.expire(&retention, now, &marks)?;
            Ok::<_, IndexError>((writer, gone))
        };
        let (writer, gone) = blocking(expiring).await?;
        self.writer = Some(writer);
        metrics::counter!("discovery_index_posts_expired_total").increment(gone);
        gauge_posts(self.index.posts());
        Ok(())
    }

    fn report(&mut self, pending: &Pending) {
        let now = Timestamp::now();
        let age = |&collected| Duration::try_from(now.duration_since(collected)).unwrap_or_default();
        let latencies: Vec<Duration> = pending.collected.iter().map(age).collect();
        let histogram = metrics::histogram!("discovery_collected_to_searchable_seconds");
        for latency in &latencies {
            histogram.record(latency.as_secs_f64());
        }
        let posts = self.index.posts();
        gauge_posts(posts);
        let commit = Commit { records: pending.records, latencies: &latencies, posts, offsets: &self.marks.offsets() };
        (self.observe)(&commit);
    }

    fn take_writer(&mut self) -> IndexWriter {
        self.writer.take().expect("a thread that works with it gives it back, or the stage ends")
    }
}

/// Applies a record; everything before it is at `marks`.
fn apply_record(
    writer: &mut IndexWriter,
    record: &Delivered,
    marks: &Marks,
    applied: &mut Applied,
) -> Result<(), IndexError> {
    match Change::<Enriched>::from_payload(&record.payload) {
        Ok(change) => {
            if writer.must_commit_before(&change) {
                writer.commit_at(marks)?;
            }
            if let Change::Upsert(post) = &change {
                applied.collected.push(post.post.collected_at);
            }
            writer.apply(&change)
        }
        Err(reason) => {
            // The reason may quote the post, so it goes with the dead letter and not into the log.
            tracing::warn!(record.partition, record.offset, "a record cannot be read; it goes to the dead letters");
            applied.unreadable.push(DeadLetter::new(BusTopic::Enriched, record, GROUP, &reason));
            Ok(())
        }
    }
}

fn gauge_posts(posts: u64) {
    metrics::gauge!("discovery_searchable_posts").set(posts as f64);
}

fn describe_metrics() {
    metrics::describe_histogram!(
        "discovery_collected_to_searchable_seconds",
        metrics::Unit::Seconds,
        "Time from the collection of a post until a search finds it"
    );
    metrics::describe_histogram!(
        "discovery_index_commit_seconds",
        metrics::Unit::Seconds,
        "Time that a commit of the index takes"
    );
    metrics::describe_gauge!("discovery_searchable_posts", "Posts that a search can find");
    metrics::describe_counter!("discovery_index_posts_expired_total", "Posts that left the index because of their age");
    metrics::describe_counter!("discovery_index_dead_letters_total", "Records that the index could not read");
    metrics::describe_counter!(
        "discovery_index_records_lost_total",
        "Records that retention removed before they were indexed"
    );
}

#[cfg(test)]
mod tests;
