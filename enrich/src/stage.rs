//! The enrichment stage: posts from the bus, through the chain, back onto the bus.
//!
//! Two halves work at the same time. [`Intake`] reads batches and starts their work on the blocking threads, at most
//! `workers` at once; [`deliver`] takes the batches in the order in which they were read and appends their results, so
//! that the changes of a post keep their order. Only then are their offsets committed.
//!
//! Corrections by staff are known before the batch that they came in is worked on, so that no later delivery of the post
//! misses them; they are kept for good in a bus topic of their own ([`memory`]).

mod memory;

use std::sync::Arc;

use bus::{Bus, BusError, BusTopic, Delivered, Offsets, Reader, dead_letter, failpoint};
use metrics::{counter, describe_counter, describe_histogram};
use tokio::sync::{OwnedSemaphorePermit, Semaphore, mpsc, watch};
use tokio::task::JoinHandle;
use tokio_util::sync::CancellationToken;

use crate::work::{Processed, process};
use crate::{Chain, EnrichConfig};
use memory::Memory;

/// The consumer group that this stage reads the bus in.
pub const GROUP: &str = "enrich";

/// A batch this large keeps the cost of a durable append small, and is enriched in some tens of milliseconds.
const BATCH: usize = 500;

/// Enriches posts until cancelled; what was read by then is enriched, appended and committed first.
///
/// # Errors
/// [`BusError`] when the log cannot be read or written; what was read and not yet appended is read again at the next
/// start.
pub async fn run(
    bus: Arc<dyn Bus>,
    chain: Arc<Chain>,
    config: EnrichConfig,
    cancel: CancellationToken,
) -> Result<(), BusError> {
    describe_metrics();
    let committed = bus.lag(BusTopic::Posts, GROUP).await?;
    let memory = Memory::load(Arc::clone(&bus)).await?;
    let reader = bus.reader(BusTopic::Posts, GROUP).await?;
    let workers = config.worker_count().get();
    let (batches, ready) = mpsc::channel(workers);
    let (appended, progress) = watch::channel(Offsets::default());
    let intake = Intake {
        reader,
        chain,
        memory,
        workers: Arc::new(Semaphore::new(workers)),
        position: Offsets(committed.iter().map(|lag| (lag.partition, lag.committed)).collect()),
        batches,
        progress,
    };
    tokio::try_join!(intake.run(cancel), deliver(&*bus, ready, appended)).map(|_| ())
}

/// A batch on its way through the chain.
struct Batch {
    work: JoinHandle<Processed>,
    /// Where reading goes on after it.
    offsets: Offsets,
}

/// The half that reads, and commits what the other half has appended.
struct Intake {
    reader: Box<dyn Reader>,
    chain: Arc<Chain>,
    memory: Memory,
    workers: Arc<Semaphore>,
    /// Where reading goes on, in every partition.
    position: Offsets,
    batches: mpsc::Sender<Batch>,
    progress: watch::Receiver<Offsets>,
}

impl Intake {
    async fn run(mut self, cancel: CancellationToken) -> Result<(), BusError> {
        loop {
            let (batches, workers) = (self.batches.clone(), Arc::clone(&self.workers));
            tokio::select! {
                () = cancel.cancelled() => break,
                Ok(()) = self.progress.changed() => self.commit().await?,
                // A place in the channel and a worker come first: a record that is read is sure to be worked on.
                read = next(self.reader.as_mut(), batches, workers) => match read {
                    Ok(Some(Claimed { place, worker, records })) => {
                        self.memory.learn(&records, &self.position).await?;
                        place.send(self.start_work(worker, records));
                    }
                    // The other half has stopped, and says why itself.
                    Ok(None) => return Ok(()),
                    Err(error) => self.skip_what_is_gone(error).await?,
                },
            }
        }
        self.drain().await
    }

    fn start_work(&mut self, worker: OwnedSemaphorePermit, records: Vec<Delivered>) -> Batch {
        for record in &records {
            self.position.advance(record.partition, record.offset);
        }
        let chain = Arc::clone(&self.chain);
        let corrections = self.memory.corrections();
        let work = tokio::task::spawn_blocking(move || {
            let processed = process(&chain, &corrections, &records);
            drop(worker);
            processed
        });
        Batch { work, offsets: self.position.clone() }
    }

    /// Waits until everything read is appended, and commits it.
    async fn drain(self) -> Result<(), BusError> {
        let Self { mut reader, batches, mut progress, .. } = self;
        drop(batches);
        while progress.changed().await.is_ok() {}
        let offsets = progress.borrow().clone();
        if offsets.0.is_empty() { Ok(()) } else { reader.commit(&offsets).await }
    }

    async fn commit(&mut self) -> Result<(), BusError> {
        let offsets = self.progress.borrow_and_update().clone();
        self.reader.commit(&offsets).await
    }

    /// Goes on after records that retention removed before they were read: they cannot come back, and waiting for them
    /// would stop the stage for good.
    async fn skip_what_is_gone(&mut self, error: BusError) -> Result<(), BusError> {
        let BusError::OffsetGone { partition, wanted, begin, .. } = error else { return Err(error) };
        let lost = begin.saturating_sub(wanted);
        tracing::error!(partition, lost, "retention removed posts before they were enriched; going on after them");
        counter!("discovery_enrich_records_lost_total").increment(lost);
        self.position.0.insert(partition, begin);
        self.reader.seek(&self.position).await
    }
}

/// Records, a worker to enrich them, and a place in the line of batches.
struct Claimed {
    place: mpsc::OwnedPermit<Batch>,
    worker: OwnedSemaphorePermit,
    records: Vec<Delivered>,
}

/// The next records, once there is room for them; `None` when nobody takes batches any more. Cancel safe.
async fn next(
    reader: &mut dyn Reader,
    batches: mpsc::Sender<Batch>,
    workers: Arc<Semaphore>,
) -> Result<Option<Claimed>, BusError> {
    let Ok(place) = batches.reserve_owned().await else { return Ok(None) };
    let worker = workers.acquire_owned().await.expect("nobody closes the semaphore");
    let records = reader.next(BATCH).await?;
    Ok(Some(Claimed { place, worker, records }))
}

/// The half that appends the results in order. Ends when all batches are appended and no more can come.
async fn deliver(
    bus: &dyn Bus,
    mut ready: mpsc::Receiver<Batch>,
    appended: watch::Sender<Offsets>,
) -> Result<(), BusError> {
    while let Some(Batch { work, offsets }) = ready.recv().await {
        let Processed { records, corrections, letters, posts } = match work.await {
            Ok(processed) => processed,
            Err(error) if error.is_panic() => std::panic::resume_unwind(error.into_panic()),
            // Only a runtime that is shutting down cancels blocking work.
            Err(_) => return Err(BusError::Closed),
        };
        if !letters.is_empty() {
            tracing::warn!(records = letters.len(), "records could not be enriched and are kept as dead letters");
            counter!("discovery_enrich_dead_letters_total").increment(letters.len() as u64);
            dead_letter::send(bus, &letters).await?;
        }
        if !corrections.is_empty() {
            // Kept before they are passed on: a correction that counts is one that is not forgotten.
            counter!("discovery_enrich_corrections_total").increment(corrections.len() as u64);
            bus.append(BusTopic::Corrections, corrections).await?;
        }
        if !records.is_empty() {
            bus.append(BusTopic::Enriched, records).await?;
            failpoint::reached("enrich.after-append");
        }
        counter!("discovery_enrich_posts_total").increment(posts);
        appended.send_replace(offsets);
    }
    Ok(())
}

fn describe_metrics() {
    describe_counter!("discovery_enrich_posts_total", "Posts that were enriched");
    describe_counter!("discovery_enrich_corrections_total", "Corrections by staff that were passed on");
    describe_counter!("discovery_enrich_dead_letters_total", "Records that could not be enriched");
    describe_counter!(
        "discovery_enrich_records_lost_total",
        "Records that retention removed from the bus before they were enriched"
    );
    describe_histogram!(
        "discovery_enrich_seconds",
        metrics::Unit::Seconds,
        "Time that one enricher took for one batch"
    );
}

#[cfg(test)]
mod tests;
