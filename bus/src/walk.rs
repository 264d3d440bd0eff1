//! Reading a bus topic from one end to the other, as it is now.

use crate::log::{Bus, BusError, BusTopic, Lag, Reader};
use crate::record::{Delivered, Offsets};

/// The most records that are read at once.
const BATCH: usize = 100;

/// A walk of one group over the records that it has not committed, as far as they go when it begins.
pub(crate) struct Walk {
    reader: Box<dyn Reader>,
    /// What is still ahead, by partition.
    ahead: Vec<Lag>,
    offsets: Offsets,
}

impl Walk {
    /// Begins where `group` has committed.
    ///
    /// # Errors
    /// [`BusError`] when the log cannot be read.
    pub(crate) async fn begin(bus: &dyn Bus, topic: BusTopic, group: &str) -> Result<Self, BusError> {
        let reader = bus.reader(topic, group).await?;
        let ahead = bus.lag(topic, group).await?;
        let offsets = Offsets(ahead.iter().map(|lag| (lag.partition, lag.committed)).collect());
        Ok(Self { reader, ahead, offsets })
    }

    /// The next records; `None` at the end.
    ///
    /// # Errors
    /// [`BusError`] when the log cannot be read.
    pub(crate) async fn next(&mut self) -> Result<Option<Vec<Delivered>>, BusError> {
        loop {
            self.ahead.retain(|lag| self.offsets.next(lag.partition) < lag.end);
            if self.ahead.is_empty() {
                return Ok(None);
            }
            match self.reader.next(BATCH).await {
                Ok(mut records) => {
                    for record in &records {
                        self.offsets.advance(record.partition, record.offset);
                    }
                    let is_ahead = |record: &Delivered| {
                        let mut ahead = self.ahead.iter();
                        ahead.any(|lag| lag.partition == record.partition && record.offset < lag.end)
                    };
                    records.retain(is_ahead);
                    return Ok(Some(records));
                }
                // Records whose time is over are gone, and that is as it should be.
                Err(BusError::OffsetGone { partition, begin, .. }) => {
                    self.offsets.0.insert(partition, begin);
                    self.reader.seek(&self.offsets).await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    /// Lets the next walk of this group begin here.
    ///
    /// # Errors
    /// [`BusError`] when it could not be made durable.
    pub(crate) async fn commit(&mut self) -> Result<(), BusError> {
        self.reader.commit(&self.offsets).await
    }
}
