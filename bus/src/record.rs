//! Records, partitions and offsets: the same terms as Kafka's.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::PostId;

/// The number of a partition of a bus topic, from 0.
pub type Partition = u32;

/// A position in one partition, from 0. A committed or stored offset is that of the *next* record to read.
pub type Offset = u64;

/// For each partition, the next offset to read. A partition that is absent is read from its beginning.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Offsets(pub BTreeMap<Partition, Offset>);

impl Offsets {
    /// The next offset to read in `partition`.
    pub fn next(&self, partition: Partition) -> Offset {
        self.0.get(&partition).copied().unwrap_or(0)
    }

    /// Notes that the record at `offset` has been dealt with.
    pub fn advance(&mut self, partition: Partition, offset: Offset) {
        let next = self.0.entry(partition).or_default();
        *next = (*next).max(offset + 1);
    }
}

/// Something to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Chooses the partition; `None` means every partition.
    pub key: Option<PostId>,
    /// The content, JSON of a [`crate::Change`].
    pub payload: Vec<u8>,
}

/// A record as a reader gets it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivered {
    /// Where it stood.
    pub partition: Partition,
    /// Its position there.
    pub offset: Offset,
    /// When it was appended (UTC).
    pub appended_at: Timestamp,
    /// The content.
    pub payload: Vec<u8>,
}
