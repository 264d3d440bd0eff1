//! The one door to the bus: every change is redacted here, and accepted by the bus in bounded batches.

use std::collections::VecDeque;
use std::fmt;
use std::sync::Arc;

use bus::{Bus, BusError, BusTopic, Change, Post, Record};

/// The most records that are appended at once. Larger batches cost memory and latency, and gain no speed.
pub const MAX_BATCH: usize = 500;

/// Removes personal data from a post. The root package passes enrichment's redaction here, so that nothing reaches the
/// bus without it.
pub type Scrub = Arc<dyn Fn(&mut Post) + Send + Sync>;

/// Whether a post must not be taken in: its author, or itself, was erased.
pub type IsErased = Arc<dyn Fn(&Post) -> bool + Send + Sync>;

/// Where collected changes enter the bus. A clone is another handle on the same door.
#[derive(Clone)]
pub struct Intake {
    bus: Arc<dyn Bus>,
    scrub: Scrub,
    is_erased: Option<IsErased>,
}

impl fmt::Debug for Intake {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Intake").finish_non_exhaustive()
    }
}

/// Changes that are redacted and encoded, but not yet accepted by the bus.
#[derive(Debug, Default)]
pub struct Pending {
    batches: VecDeque<Vec<Record>>,
    upserts: u64,
}

impl Pending {
    /// Whether the bus has accepted everything.
    pub fn is_empty(&self) -> bool {
        self.batches.is_empty()
    }

    /// How many posts (not deletions) it held at first.
    pub fn posts(&self) -> u64 {
        self.upserts
    }
}

impl Intake {
    /// A door to `bus` through which every post passes `scrub`.
    pub fn new(bus: Arc<dyn Bus>, scrub: Scrub) -> Self {
        Self { bus, scrub, is_erased: None }
    }

    /// The same door, through which nothing comes that was erased.
    #[must_use]
    pub fn without(self, is_erased: IsErased) -> Self {
        Self { is_erased: Some(is_erased), ..self }
    }

    /// Redacts one post, as it would be on its way to the bus.
    pub fn scrub(&self, post: &mut Post) {
        (self.scrub)(post);
    }

    /// Redacts and encodes `changes`, off the async threads.
    pub async fn prepare(&self, changes: Vec<Change<Post>>) -> Pending {
        if changes.is_empty() {
            return Pending::default();
        }
        let (scrub, is_erased) = (Arc::clone(&self.scrub), self.is_erased.clone());
        let prepared = tokio::task::spawn_blocking(move || {
            let admitted = changes.into_iter().filter(|change| match (change, &is_erased) {
                (Change::Upsert(post), Some(is_erased)) => !is_erased(post),
                _ => true,
            });
            encode(admitted.collect(), &scrub)
        })
        .await;
        match prepared {
            Ok(pending) => pending,
            // Redaction must never be skipped, and a task that cannot redact must not go on.
            Err(failed) => std::panic::resume_unwind(failed.into_panic()),
        }
    }

    /// Appends what is pending, batch by batch. On an error the rest stays pending, and the call may be repeated.
    ///
    /// Not cancel safe in one respect: a batch whose append is dropped may be appended again. Posts keep their ids, so
    /// that this costs space but counts nothing twice.
    ///
    /// # Errors
    /// [`BusError`] when the bus did not accept the next batch.
    pub async fn deliver(&self, pending: &mut Pending) -> Result<(), BusError> {
        while let Some(batch) = pending.batches.pop_front() {
            let size = batch.len() as u64;
            let attempt = self.bus.append(BusTopic::Posts, batch.clone()).await;
            if let Err(error) = attempt {
                pending.batches.push_front(batch);
                metrics::counter!("discovery_ingest_bus_refusals_total").increment(1);
                return Err(error);
            }
            metrics::counter!("discovery_ingest_changes_total").increment(size);
        }
        Ok(())
    }
}

fn encode(mut changes: Vec<Change<Post>>, scrub: &Scrub) -> Pending {
    let mut upserts = 0;
    for change in &mut changes {
        if let Change::Upsert(post) = change {
            scrub(post);
            upserts += 1;
        }
    }
    let batches = changes.chunks(MAX_BATCH).map(|chunk| chunk.iter().map(Change::to_record).collect()).collect();
    Pending { batches, upserts }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{FlakyBus, post};

    #[tokio::test]
    async fn what_was_erased_does_not_come_in_again() {
        let bus = Arc::new(FlakyBus::default());
        let erased = post("p1").id;
        let intake = Intake::new(bus, Arc::new(|_: &mut Post| {})).without(Arc::new(move |post| post.id == erased));
        let changes = vec![Change::Upsert(post("p1")), Change::Upsert(post("p2")), Change::Delete(erased)];
        let pending = intake.prepare(changes).await;
        assert_eq!(pending.posts(), 1, "deletions go on");
        assert_eq!(pending.batches.iter().map(Vec::len).sum::<usize>(), 2);
    }

    #[tokio::test]
    async fn every_post_is_scrubbed_and_batches_are_bounded() {
        let bus = Arc::new(FlakyBus::default());
        let intake = Intake::new(bus.clone(), Arc::new(|post: &mut Post| post.text = "clean".into()));
        let changes = (0..1_203).map(|n| Change::Upsert(post(&format!("p{n}")))).collect();
        let mut pending = intake.prepare(changes).await;
        assert_eq!(pending.posts(), 1_203);
        intake.deliver(&mut pending).await.unwrap();
        assert!(pending.is_empty());
        assert_eq!(bus.batch_sizes(), [500, 500, 203]);
        assert!(bus.posts().iter().all(|post| post.text == "clean"));
    }

    #[tokio::test]
    async fn a_refused_batch_stays_pending_and_is_sent_once() {
        let bus = Arc::new(FlakyBus::refusing([1]));
        let intake = Intake::new(bus.clone(), Arc::new(|_: &mut Post| {}));
        let changes = (0..1_000).map(|n| Change::Upsert(post(&format!("p{n}")))).collect();
        let mut pending = intake.prepare(changes).await;
        assert!(intake.deliver(&mut pending).await.is_err());
        assert!(!pending.is_empty());
        intake.deliver(&mut pending).await.unwrap();
        assert_eq!(bus.batch_sizes(), [500, 500]);
    }
}
