//! What an enricher knows of the corrections of staff.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use bus::{Bus, BusError, Change, Corrections, Delivered, Offsets, Post};

/// The corrections, shared with the threads that tag posts.
pub(crate) type Shared = Arc<RwLock<Corrections>>;

/// Keeps the corrections complete for every partition that is read here.
///
/// All changes of a post lie in one partition, and who reads that in order sees every correction itself. Only where
/// another process has read a part of it can there be corrections that are not known here; those it has put into the bus
/// topic of corrections before it committed, so that reading this again is enough.
pub(super) struct Memory {
    bus: Arc<dyn Bus>,
    corrections: Shared,
}

impl Memory {
    /// Everything that was said until now.
    pub(super) async fn load(bus: Arc<dyn Bus>) -> Result<Self, BusError> {
        let corrections = Arc::new(RwLock::new(Corrections::load(&*bus).await?));
        Ok(Self { bus, corrections })
    }

    /// Learns what is corrected in `records`, where reading had come to `position` before them.
    pub(super) async fn learn(&mut self, records: &[Delivered], position: &Offsets) -> Result<(), BusError> {
        let mut seen = HashSet::new();
        let first_of_partition = records.iter().filter(|record| seen.insert(record.partition));
        let by_another = |record: &Delivered| record.offset != position.next(record.partition);
        if first_of_partition.into_iter().any(by_another) {
            let all = Corrections::load(&*self.bus).await?;
            self.write(|corrections| *corrections = all);
        }
        let payloads = records.iter().map(|record| &record.payload);
        for payload in payloads.filter(|payload| Change::<Post>::is_correction(payload)) {
            // One that cannot be read becomes a dead letter when the batch is worked on.
            if let Ok(Change::Correct(correction)) = Change::<Post>::from_payload(payload) {
                self.write(|corrections| corrections.add(&correction));
            }
        }
        Ok(())
    }

    /// For the threads that tag posts.
    pub(super) fn corrections(&self) -> Shared {
        Arc::clone(&self.corrections)
    }

    fn write(&self, change: impl FnOnce(&mut Corrections)) {
        change(&mut self.corrections.write().unwrap_or_else(PoisonError::into_inner));
    }
}
