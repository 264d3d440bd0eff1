//! The one thread that writes. It takes everything that waits in its queue into one batch with one `fsync`, so that many
//! callers share the cost of it.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::retention::{self, Retained};
use super::segment::{Extent, Segment, block_key};
use super::store::{self, Store};
use super::{Shared, State, block, fault};
use crate::log::{BusError, BusTopic};
use crate::record::{Offsets, Partition, Record, partition_of};

/// A batch is closed when it has this much, so that one `fsync` does not take too long.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

type Reply<T> = oneshot::Sender<Result<T, BusError>>;

/// What the writer is asked to do.
pub(super) enum Command {
    Append { topic: BusTopic, records: Vec<Record>, room: OwnedSemaphorePermit, reply: Reply<()> },
    Commit { topic: BusTopic, group: String, offsets: Offsets, reply: Reply<()> },
    Retain { now: Timestamp, reply: Reply<Retained> },
}

impl Command {
    fn bytes(&self) -> usize {
        match self {
            Self::Append { records, .. } => records.iter().map(|record| record.payload.len()).sum(),
            Self::Commit { .. } | Self::Retain { .. } => 0,
        }
    }
}

/// The state of the writing thread.
pub(super) struct Writer {
    shared: Arc<Shared>,
    /// A write failed. The database refuses all others until it is opened anew.
    failed: bool,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, failed: false }
    }

    /// Works until the last sender of `commands` is gone, then closes the database.
    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        while let Some(first) = commands.blocking_recv() {
            let mut bytes = first.bytes();
            let mut queued = vec![first];
            while bytes < BATCH_BYTES
                && let Ok(command) = commands.try_recv()
            {
                bytes += command.bytes();
                queued.push(command);
            }
            self.serve(queued);
        }
        *self.shared.state_mut() = State::Closed;
        BusTopic::ALL.into_iter().for_each(|topic| self.shared.announce(topic));
    }

    fn serve(&mut self, queued: Vec<Command>) {
        let outcome = self.write(&queued);
        // A caller that went away while it waited is not told; its records are as safe as the others.
        for command in queued {
            match command {
                Command::Append { room, reply, .. } => {
                    drop(room);
                    let _ = reply.send(outcome.clone());
                }
                Command::Commit { reply, .. } => {
                    let _ = reply.send(outcome.clone());
                }
                Command::Retain { now, reply } => {
                    let _ = reply.send(self.retain(now));
                }
            }
        }
    }

    fn write(&mut self, queued: &[Command]) -> Result<(), BusError> {
        let batch = Batch::of(queued, self.shared.partitions);
        if batch.is_empty() {
            return Ok(());
        }
        self.with_store(|shared, store| batch.write(shared, store))?;
        batch.topics.keys().for_each(|(topic, _)| self.shared.announce(*topic));
        Ok(())
    }

    fn retain(&mut self, now: Timestamp) -> Result<Retained, BusError> {
        self.with_store(|shared, store| retention::retain(shared, store, now))
    }

    /// Runs `work`, once more if the database had failed in the background before, and notes whether it failed.
    fn with_store<T>(&mut self, work: impl Fn(&Shared, &Store) -> fjall::Result<T>) -> Result<T, BusError> {
        let shared = self.shared.clone();
        let attempt = || match &*shared.state() {
            State::Open(store) => work(&shared, store)
                .map_err(|error| (fault::of_store(&shared.dir, &error), matches!(error, fjall::Error::Poisoned))),
            State::Failed(error) => Err((error.clone(), false)),
            State::Closed => Err((BusError::Closed, false)),
        };
        if self.failed {
            self.reopen()?;
        }
        let outcome = match attempt() {
            Err((_, true)) => {
                self.failed = true;
                self.reopen()?;
                attempt()
            }
            outcome => outcome,
        };
        outcome.map_err(|(error, _)| {
            self.failed = true;
            error
        })
    }

    /// Opens the database anew after a write failed, as it was before that write.
    fn reopen(&mut self) -> Result<(), BusError> {
        let mut state = self.shared.state_mut();
        if let State::Open(store) = &*state {
            *self.shared.known() = store.extents();
        }
        // The old database must be gone before the new one can lock the directory.
        *state = State::Closed;
        let opened = Store::open(&self.shared.dir, &self.shared.config).and_then(|store| {
            let forgotten = store.forget_beyond(&self.shared.known());
            forgotten.map(|()| store).map_err(|error| fault::of_store(&self.shared.dir, &error))
        });
        match opened {
            Ok(store) => {
                *state = State::Open(store);
                self.failed = false;
                Ok(())
            }
            Err(error) => {
                *state = State::Failed(error.clone());
                Err(error)
            }
        }
    }
}

/// What is to be written together.
#[derive(Default)]
struct Batch<'a> {
    /// Payloads by bus topic and partition.
    topics: BTreeMap<(BusTopic, Partition), Vec<&'a [u8]>>,
    offsets: BTreeMap<(BusTopic, &'a str), Vec<&'a Offsets>>,
}

impl<'a> Batch<'a> {
    fn of(commands: &'a [Command], partitions: u32) -> Self {
        let mut batch = Self::default();
        for command in commands {
            match command {
                Command::Append { topic, records, .. } => {
                    records.iter().for_each(|record| batch.add(*topic, record, partitions));
                }
                Command::Commit { topic, group, offsets, .. } => {
                    batch.offsets.entry((*topic, group)).or_default().push(offsets);
                }
                Command::Retain { .. } => {}
            }
        }
        batch
    }

    fn add(&mut self, topic: BusTopic, record: &'a Record, partitions: u32) {
        let chosen = match &record.key {
            Some(key) => {
                let partition = partition_of(key, partitions);
                partition..partition + 1
            }
            None => 0..partitions,
        };
        for partition in chosen {
            self.topics.entry((topic, partition)).or_default().push(&record.payload);
        }
    }

    fn is_empty(&self) -> bool {
        self.topics.is_empty() && self.offsets.is_empty()
    }

    /// Writes all of it, and lets readers see it once it is safe.
    fn write(&self, shared: &Shared, store: &Store) -> fjall::Result<()> {
        let now = Timestamp::now();
        let mut batch = store.batch();
        let mut written: BTreeMap<BusTopic, Segment> = BTreeMap::new();
        for ((topic, partition), payloads) in &self.topics {
            let segment = match written.entry(*topic) {
                std::collections::btree_map::Entry::Occupied(entry) => entry.into_mut(),
                std::collections::btree_map::Entry::Vacant(entry) => {
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
        store.commit(batch)?;
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
            news.iter().for_each(|new| offsets.0.extend(&new.0));
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
