//! Records, partitions and offsets: the same terms as Kafka's.

use std::collections::BTreeMap;
use std::ops::Range;

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

/// The partition of `key` among `partitions` (at least 1): its first eight bytes as a big-endian number, modulo that.
///
/// Ids are hashes already, so this spreads them evenly. It must never change, or else a post and its later deletion would
/// lie in different partitions.
pub fn partition_of(key: &PostId, partitions: u32) -> Partition {
    let (head, _) = key.as_bytes().split_first_chunk().expect("an id has 16 bytes");
    let partition = u64::from_be_bytes(*head) % u64::from(partitions.max(1));
    Partition::try_from(partition).expect("a remainder is smaller than the number of partitions")
}

/// Something to append.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Record {
    /// Chooses the partition; `None` means every partition.
    pub key: Option<PostId>,
    /// The content, JSON of a [`crate::Change`].
    pub payload: Vec<u8>,
}

impl Record {
    /// Where it goes, of `partitions` (at least 1): to that of its key, or without one to every partition.
    pub(crate) fn targets(&self, partitions: u32) -> Range<Partition> {
        match &self.key {
            Some(key) => {
                let partition = partition_of(key, partitions);
                partition..partition + 1
            }
            None => 0..partitions,
        }
    }
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_partition_of_a_key_never_changes() {
        let mut bytes = [0xff; 16];
        bytes[..8].copy_from_slice(&10_u64.to_be_bytes());
        assert_eq!(partition_of(&PostId::from_bytes(bytes), 4), 2);
        assert_eq!(partition_of(&PostId::from_bytes([0xff; 16]), 7), 1);
    }

    #[test]
    fn offsets_only_move_forward_and_name_the_next_record() {
        let mut offsets = Offsets::default();
        offsets.advance(1, 4);
        offsets.advance(1, 2);
        assert_eq!((offsets.next(0), offsets.next(1)), (0, 5));
    }
}
