//! Segments: the pieces in which a bus topic is stored and removed.
//!
//! Each segment is a keyspace of its own, because removing a whole keyspace gives its disk space back at once, where
//! removing keys would only add tombstones. Within it, a block's key is its partition and its first offset.

use fjall::{Keyspace, KeyspaceCreateOptions, KvSeparationOptions};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::block;
use crate::log::BusTopic;
use crate::record::{Delivered, Offset, Partition};

/// One piece of a bus topic.
#[derive(Clone)]
pub(super) struct Segment {
    /// Counts up within the bus topic.
    pub(super) number: u64,
    /// Its blocks.
    pub(super) blocks: Keyspace,
    /// What it holds.
    pub(super) extent: Extent,
}

/// What a segment holds. Stored with every batch, so that opening the log needs no scan.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Extent {
    /// The first offset, by partition.
    pub(super) begin: Vec<Offset>,
    /// The offset after the last, by partition.
    pub(super) end: Vec<Offset>,
    /// Bytes of all blocks.
    pub(super) bytes: u64,
    /// When the segment was begun.
    pub(super) opened_at: Timestamp,
    /// When its last record was appended.
    pub(super) newest_at: Timestamp,
}

impl Extent {
    /// An empty segment that goes on where the last one ended.
    pub(super) fn after(end: Vec<Offset>, now: Timestamp) -> Self {
        Self { begin: end.clone(), end, bytes: 0, opened_at: now, newest_at: now }
    }

    /// How many records it has.
    pub(super) fn records(&self) -> u64 {
        self.end.iter().sum::<u64>() - self.begin.iter().sum::<u64>()
    }

    /// Whether there is no record in it.
    pub(super) fn is_empty(&self) -> bool {
        self.begin == self.end
    }
}

/// The key of the block of `partition` that begins at `first`.
pub(super) fn block_key(partition: Partition, first: Offset) -> [u8; 12] {
    let mut key = [0; 12];
    key[..4].copy_from_slice(&partition.to_be_bytes());
    key[4..].copy_from_slice(&first.to_be_bytes());
    key
}

/// The name of the keyspace of segment `number` of `topic`.
pub(super) fn keyspace_name(topic: BusTopic, number: u64) -> String {
    format!("{}-{number:020}", topic.name())
}

/// Values stay out of the tree, so that compaction moves a few bytes a block; blocks are compressed already.
pub(super) fn keyspace_options() -> KeyspaceCreateOptions {
    use fjall::CompressionType::None as Uncompressed;
    use fjall::config::{CompressionPolicy, FilterPolicy};

    KeyspaceCreateOptions::default()
        .data_block_compression_policy(CompressionPolicy::disabled())
        .filter_policy(FilterPolicy::disabled())
        .with_kv_separation(Some(KvSeparationOptions::default().compression(Uncompressed)))
}

impl Segment {
    /// Records of `partition` from `from` on: whole blocks, until there are `max_bytes` of them or more.
    pub(super) fn read(
        &self,
        partition: Partition,
        from: Offset,
        end: Offset,
        max_bytes: usize,
    ) -> Result<Vec<Delivered>, ReadError> {
        let mut records = Vec::new();
        let mut bytes = 0;
        let range = block_key(partition, self.block_of(partition, from)?)..block_key(partition, end);
        for entry in self.blocks.range(range) {
            let (key, value) = entry.into_inner()?;
            let decoded = block::decode(partition, first_of(&key), &value)?;
            let wanted = decoded.into_iter().filter(|record| (from..end).contains(&record.offset));
            records.extend(wanted.inspect(|record| bytes += record.payload.len()));
            if bytes >= max_bytes {
                break;
            }
        }
        Ok(records)
    }

    /// The first offset of the block that holds `offset`.
    fn block_of(&self, partition: Partition, offset: Offset) -> Result<Offset, ReadError> {
        let key = block_key(partition, offset);
        // Readers stop at the end of a block, so that nearly always one begins exactly here.
        if self.blocks.contains_key(key)? {
            return Ok(offset);
        }
        let before = self.blocks.range(block_key(partition, 0)..key).next_back();
        before.map_or(Ok(offset), |entry| Ok(first_of(&entry.key()?)))
    }
}

/// Why a block cannot be read.
#[derive(Debug, thiserror::Error)]
pub(super) enum ReadError {
    #[error(transparent)]
    Store(#[from] fjall::Error),
    #[error(transparent)]
    Block(#[from] block::BlockError),
}

/// The partition in a block's key.
pub(super) fn partition_of(key: &[u8]) -> Partition {
    key.get(..4).map_or(0, |bytes| Partition::from_be_bytes(bytes.try_into().expect("4 bytes")))
}

/// The first offset in a block's key.
pub(super) fn first_of(key: &[u8]) -> Offset {
    key.get(4..12).map_or(0, |bytes| Offset::from_be_bytes(bytes.try_into().expect("8 bytes")))
}
