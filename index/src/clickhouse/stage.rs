//! The analytics stage: tagged posts from the bus into `ClickHouse`.
//!
//! What was read is kept until the server has confirmed it; then how far that is is kept there as well, and at last the
//! group's offsets are committed, for the display of lag only. While the server is away, full or read-only, the stage keeps
//! at most `commit_every_changes` changes, reads no further, and tries again: the bus keeps the rest.

use std::sync::Arc;
use std::time::Duration;

use bus::{Bus, BusError, BusTopic, Change, Delivered, Enriched, MarkedReader, Offsets, Reader as _, failpoint};
use jiff::Timestamp;
use metrics::{counter, gauge, histogram};
use thiserror::Error;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;

use super::config::ClickHouseConfig;
use super::error::ClickHouseError;
use super::positions::Position;
use super::store::{AGAIN, AGAIN_AT_MOST, ClickHouse};
use super::writer::ClickHouseWriter;
use crate::other_log;
use crate::retention::Retention;

pub use super::GROUP;

/// The most records that are read at once.
const BATCH: usize = 2_000;
/// How often what is too old is removed, and what files still hold of deleted posts.
const RETENTION_EVERY: Duration = Duration::from_hours(24);

/// Why the stage stopped before it was told to.
#[derive(Debug, Error)]
pub enum CountStageError {
    /// The log cannot be read.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// `ClickHouse` cannot be used at the start, or it was filled from another bus.
    #[error(transparent)]
    ClickHouse(#[from] ClickHouseError),
}

/// Where the stage begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Start {
    /// Where the database says that it has come.
    GoOn,
    /// At the beginning of a bus that was made anew; what was counted stays.
    NewBus,
}

/// Fills `store` from the bus until cancelled; then brings what was read to the server, and returns.
///
/// # Errors
/// [`CountStageError`]. What the server did not confirm is read again at the next start.
pub async fn run(
    bus: Arc<dyn Bus>,
    store: ClickHouse,
    config: ClickHouseConfig,
    retention: Retention,
    start: Start,
    cancel: CancellationToken,
) -> Result<(), CountStageError> {
    describe_metrics();
    let mut stage = Stage::start(bus.as_ref(), store, config, start).await?;
    let mut removal = tokio::time::interval(RETENTION_EVERY);
    loop {
        let due = stage.commit_due();
        tokio::select! {
            biased;
            () = cancel.cancelled() => break,
            () = tokio::time::sleep_until(due.unwrap_or_else(Instant::now)), if due.is_some() => stage.commit(&cancel).await?,
            _ = removal.tick() => stage.retain(&retention).await,
            records = stage.reader.next(BATCH) => stage.read(records).await?,
        }
    }
    stage.commit(&cancel).await
}

struct Stage {
    reader: MarkedReader,
    store: ClickHouse,
    config: ClickHouseConfig,
    writer: ClickHouseWriter,
    /// How far records were applied.
    position: Position,
    /// Records applied since the last commit, and when the first of them was.
    pending: usize,
    since: Option<Instant>,
}

impl Stage {
    async fn start(
        bus: &dyn Bus,
        store: ClickHouse,
        config: ClickHouseConfig,
        start: Start,
    ) -> Result<Self, CountStageError> {
        let partitions = bus.lag(BusTopic::Enriched, GROUP).await?.len();
        let position = match start {
            Start::GoOn => store.position(partitions).await?,
            Start::NewBus => store.begin_anew(partitions).await?,
        };
        let opened = MarkedReader::open(bus, BusTopic::Enriched, GROUP, &position.marks).await;
        let reader = opened.map_err(|error| judged(&store, error))?;
        let writer = store.writer(position.epoch);
        Ok(Self { reader, store, config, writer, position, pending: 0, since: None })
    }

    /// When what was applied since the last commit is to be brought to the server.
    fn commit_due(&self) -> Option<Instant> {
        let since = self.since?;
        let full = self.pending >= usize::try_from(self.config.commit_every_changes.get()).unwrap_or(usize::MAX);
        Some(if full { since } else { since + Duration::from_millis(self.config.commit_every_ms) })
    }

    async fn read(&mut self, records: Result<Vec<Delivered>, BusError>) -> Result<(), CountStageError> {
        match records {
            Ok(records) => {
                for record in &records {
                    self.apply(record);
                }
                Ok(())
            }
            Err(BusError::OffsetGone { topic, partition, wanted, begin }) => {
                // Waiting would not bring them back, and what comes after them still counts.
                let lost = begin.saturating_sub(wanted);
                counter!("discovery_analytics_records_lost_total").increment(lost);
                tracing::error!(topic, partition, lost, "retention removed records before they were counted; going on");
                self.position.marks.skip_to(partition, begin);
                Ok(self.reader.seek(&self.position.marks.offsets()).await?)
            }
            Err(error) => Err(judged(&self.store, error)),
        }
    }

    fn apply(&mut self, record: &Delivered) {
        match Change::<Enriched>::from_payload(&record.payload) {
            Ok(change) => self.writer.apply(record.partition, record.offset, &change),
            // The stage that makes posts searchable reads the same record, and keeps it as a dead letter with its reason.
            Err(_) => counter!("discovery_analytics_undecodable_total").increment(1),
        }
        self.position.marks.advance(record);
        self.pending += 1;
        self.since.get_or_insert_with(Instant::now);
    }

    /// Brings everything to the server, however long it is away; once it is told to stop, it tries once more.
    async fn commit(&mut self, cancel: &CancellationToken) -> Result<(), CountStageError> {
        let (mut wait, mut said) = (AGAIN, None);
        while self.pending > 0 {
            let begin = Instant::now();
            match self.bring().await {
                Ok(()) => {
                    histogram!("discovery_analytics_commit_seconds").record(begin.elapsed().as_secs_f64());
                    counter!("discovery_analytics_records_total").increment(self.pending as u64);
                    (self.pending, self.since) = (0, None);
                    if said.is_some() {
                        tracing::info!("ClickHouse takes posts again");
                    }
                    self.reader.commit(&self.offsets()).await?;
                }
                Err(error) => {
                    counter!("discovery_analytics_errors_total").increment(1);
                    let message = error.to_string();
                    if said.as_ref() != Some(&message) {
                        tracing::error!(%error, waiting = self.pending, "posts are not counted; trying again until they are");
                        said = Some(message);
                    }
                    if cancel.is_cancelled() {
                        return Ok(());
                    }
                    let _ = cancel.run_until_cancelled(tokio::time::sleep(wait)).await;
                    wait = (wait * 2).min(AGAIN_AT_MOST);
                }
            }
            gauge!("discovery_analytics_waiting_records").set(self.pending as f64);
        }
        Ok(())
    }

    async fn bring(&mut self) -> Result<(), ClickHouseError> {
        if failpoint::is_mutant("position-before-rows") {
            self.store.save(self.position.epoch, &self.position.marks).await?;
        }
        self.writer.commit().await?;
        failpoint::reached("analytics.before-position");
        self.store.save(self.position.epoch, &self.position.marks).await?;
        failpoint::reached("analytics.after-position");
        Ok(())
    }

    fn offsets(&self) -> Offsets {
        // What was not read yet has nothing to be committed.
        Offsets(self.position.marks.offsets().0.into_iter().filter(|&(_, next)| next > 0).collect())
    }

    /// Removes what is too old. That it fails is no reason to stop counting: it is tried again a day later.
    async fn retain(&mut self, retention: &Retention) {
        match self.store.retain(Timestamp::now(), retention).await {
            Ok((0, 0)) => {}
            Ok((old, deleted)) => tracing::info!(old, deleted, "rows were removed from ClickHouse"),
            Err(error) => {
                counter!("discovery_analytics_errors_total").increment(1);
                tracing::error!(%error, "what is too old could not be removed from ClickHouse");
            }
        }
    }
}

/// Whether the bus is another one than the database was filled from.
fn judged(store: &ClickHouse, error: BusError) -> CountStageError {
    match other_log::reason(error) {
        Ok(reason) => store.other_bus(reason).into(),
        Err(other) => other.into(),
    }
}

fn describe_metrics() {
    metrics::describe_counter!("discovery_analytics_records_total", "Records of the bus that ClickHouse has confirmed");
    metrics::describe_counter!(
        "discovery_analytics_errors_total",
        "Times that ClickHouse did not do what it was asked to"
    );
    metrics::describe_counter!(
        "discovery_analytics_records_lost_total",
        "Records that retention removed before they were counted in ClickHouse"
    );
    metrics::describe_counter!("discovery_analytics_undecodable_total", "Records that could not be read to be counted");
    metrics::describe_gauge!("discovery_analytics_waiting_records", "Records that wait for ClickHouse after a failure");
    metrics::describe_histogram!(
        "discovery_analytics_commit_seconds",
        metrics::Unit::Seconds,
        "Time until ClickHouse has confirmed a batch"
    );
}

#[cfg(test)]
mod tests;
