//! What the writer writes at once: records cut into blocks, extents, committed offsets.

use std::collections::btree_map::Entry;
use std::collections::{BTreeMap, BTreeSet};
use std::time::Instant;

use jiff::Timestamp;

use super::segment::{Extent, Segment, block_key};
use super::store::{self, Store};
use super::writer::Command;
use super::{Shared, block};
use crate::log::BusTopic;
use crate::metrics;
use crate::record::{Offsets, Partition, Record};

/// What is to be written together.
#[derive(Default)]
pub(super) struct Batch<'a> {
    /// Payloads by bus topic and partition.
    payloads: BTreeMap<(BusTopic, Partition), Vec<&'a [u8]>>,
    offsets: BTreeMap<(BusTopic, &'a str), Vec<&'a Offsets>>,
}

impl<'a> Batch<'a> {
    pub(super) fn of(commands: &'a [Command], partitions: u32) -> Self {
        let mut batch = Self::default();
        for command in commands {
            match command {
                Command::Append { topic, records, .. } => {
                    for record in records {
                        batch.add(*topic, record, partitions);
                    }
                }
                Command::Commit { topic, group, offsets, .. } => {
                    batch.offsets.entry((*topic, group)).or_default().push(offsets);
                }
                Command::Retain { .. } | Command::Rewrite { .. } => {}
            }
        }
        batch
    }

    fn add(&mut self, topic: BusTopic, record: &'a Record, partitions: u32) {
        for partition in record.targets(partitions) {
            self.payloads.entry((topic, partition)).or_default().push(&record.payload);
        }
    }

    pub(super) fn is_empty(&self) -> bool {
        self.payloads.is_empty() && self.offsets.is_empty()
    }

    /// The bus topics that records go to.
    pub(super) fn topics(&self) -> BTreeSet<BusTopic> {
        self.payloads.keys().map(|(topic, _)| *topic).collect()
    }

    /// Writes all of it, and lets readers see it once it is safe.
    pub(super) fn write(&self, shared: &Shared, store: &Store) -> fjall::Result<()> {
        let now = Timestamp::now();
        let mut batch = store.batch();
        let mut written: BTreeMap<BusTopic, Segment> = BTreeMap::new();
        for ((topic, partition), payloads) in &self.payloads {
            let segment = match written.entry(*topic) {
                Entry::Occupied(entry) => entry.into_mut(),
                Entry::Vacant(entry) => {
                    entry.insert(store::segment_to_write(store, *topic, shared.segment_bytes(), now)?)
                }
            };
            put_blocks(&mut batch, segment, *partition, payloads, now);
        }
        for (topic, segment) in &written {
            store.put_extent(&mut batch, *topic, segment.number, &segment.extent);
        }
        let committed = self.committed(shared);
        for ((topic, group), offsets) in &committed {
            store.put_offsets(&mut batch, *topic, group, offsets);
        }
        let begin = Instant::now();
        store.commit(batch)?;
        metrics::written(begin.elapsed());
        for ((topic, _), payloads) in &self.payloads {
            metrics::appended(*topic, payloads.len() as u64);
        }
        for ((topic, group), offsets) in committed {
            shared.groups().set_committed(topic, group, offsets);
        }
        // The batch is safe: what goes wrong from here on is for the next write to meet.
        for (topic, segment) in written {
            if let Err(error) = store.replace_last(topic, segment) {
                tracing::warn!(topic = topic.name(), %error, "a full segment could not be flushed yet");
            }
        }
        Ok(())
    }

    /// The committed offsets of each group after this batch.
    fn committed(&self, shared: &Shared) -> BTreeMap<(BusTopic, &'a str), Offsets> {
        let groups = shared.groups();
        let merge = |(&(topic, group), news): (&(BusTopic, &'a str), &Vec<&Offsets>)| {
            let mut offsets = groups.committed(topic, group).cloned().unwrap_or_default();
            for new in news {
                offsets.0.extend(&new.0);
            }
            ((topic, group), offsets)
        };
        self.offsets.iter().map(merge).collect()
    }
}

/// Puts `payloads` behind the end of `partition` in `segment`, and moves that end.
fn put_blocks(
    batch: &mut fjall::OwnedWriteBatch,
    segment: &mut Segment,
    partition: Partition,
    payloads: &[&[u8]],
    now: Timestamp,
) {
    let Extent { end, bytes, newest_at, opened_at, begin } = &mut segment.extent;
    if begin == end {
        *opened_at = now;
    }
    *newest_at = now;
    let end = &mut end[partition as usize];
    let mut rest = payloads;
    while !rest.is_empty() {
        let mut size = 0;
        let fits = rest.iter().take_while(|payload| {
            let room = size < block::TARGET_BYTES;
            size += payload.len();
            room
        });
        let (chunk, after) = rest.split_at(fits.count());
        let encoded = block::encode(now, chunk);
        *bytes += encoded.len() as u64;
        batch.insert(&segment.blocks, block_key(partition, *end), encoded);
        *end += chunk.len() as u64;
        rest = after;
    }
}
