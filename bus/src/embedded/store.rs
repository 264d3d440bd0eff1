//! What lies on disk: a `fjall` database with one keyspace for each segment and one for everything small.
//!
//! The small things are the number of partitions, the extent of every segment, and the committed offsets of every group.
//! A segment exists when its extent does; a keyspace without an extent is what a crash left behind.

use std::collections::{BTreeMap, VecDeque};
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use fjall::{AbstractTree, CompressionType, Database, Keyspace, KeyspaceCreateOptions, OwnedWriteBatch, PersistMode};
use jiff::Timestamp;

use super::config::BusConfig;
use super::fault;
use super::segment::{Extent, ReadError, Segment, block_key, keyspace_name, keyspace_options};
use crate::log::{BusError, BusTopic};
use crate::record::{Delivered, Offset, Offsets, Partition};

/// Blocks are read once by each group, soon after they were written, mostly from memory: a cache gains little.
const CACHE_BYTES: u64 = 4 * 1024 * 1024;
/// The least that `fjall` permits; its journals together take up to three times as much on disk.
const JOURNAL_BYTES: u64 = 64 * 1024 * 1024;
/// What a segment keeps in memory before that is flushed to disk: about three times as much while flushing.
const MEMTABLE_BYTES: u64 = 4 * 1024 * 1024;
const META_MEMTABLE_BYTES: u64 = 1024 * 1024;

const PARTITIONS_KEY: &str = "partitions";

/// The open database.
pub(super) struct Store {
    dir: PathBuf,
    database: Database,
    meta: Keyspace,
    partitions: u32,
    /// By bus topic, in the order of [`BusTopic::ALL`].
    topics: [Mutex<Segments>; BusTopic::ALL.len()],
}

/// The segments of one bus topic, oldest first; the last one is written to.
pub(super) type Segments = VecDeque<Segment>;

/// The extents of all segments of every bus topic, by number.
pub(super) type Extents = BTreeMap<BusTopic, BTreeMap<u64, Extent>>;

/// The committed offsets of every group of every bus topic.
pub(super) type Committed = BTreeMap<(BusTopic, String), Offsets>;

impl Store {
    /// Opens the database in `dir`, creating it where there is none.
    pub(super) fn open(dir: &Path, config: &BusConfig) -> Result<Self, BusError> {
        Self::try_open(dir, config).map_err(|error| fault::of_store(dir, &error))
    }

    fn try_open(dir: &Path, config: &BusConfig) -> fjall::Result<Self> {
        let database = Database::builder(dir)
            .cache_size(CACHE_BYTES)
            .max_cached_files(Some(64))
            .max_journaling_size(JOURNAL_BYTES)
            .journal_compression(CompressionType::None)
            .worker_threads(1)
            .open()?;
        let meta =
            database.keyspace("meta", || KeyspaceCreateOptions::default().max_memtable_size(META_MEMTABLE_BYTES))?;
        let mut store = Self {
            dir: dir.to_owned(),
            partitions: u32::from(config.partitions.get()),
            topics: Default::default(),
            database,
            meta,
        };
        store.fix_partitions()?;
        for topic in BusTopic::ALL {
            *store.segments(topic) = store.load_segments(topic)?;
        }
        store.remove_orphans()?;
        Ok(store)
    }

    /// The number of partitions is that of the first opening, for ever: keys would change their partition otherwise.
    fn fix_partitions(&mut self) -> fjall::Result<()> {
        if let Some(stored) = self.meta.get(PARTITIONS_KEY)?.as_deref().and_then(from_json::<u32>) {
            if stored != self.partitions {
                tracing::warn!(
                    stored,
                    configured = self.partitions,
                    "this data directory keeps its number of partitions; a new number needs a new data directory"
                );
            }
            self.partitions = stored;
            return Ok(());
        }
        let mut batch = self.batch();
        batch.insert(&self.meta, PARTITIONS_KEY, to_json(&self.partitions));
        batch.commit()
    }

    fn load_segments(&self, topic: BusTopic) -> fjall::Result<Segments> {
        let prefix = extent_prefix(topic);
        let mut segments = Segments::new();
        for entry in self.meta.prefix(&prefix) {
            let (key, value) = entry.into_inner()?;
            let number = std::str::from_utf8(&key[prefix.len()..]).ok().and_then(|digits| digits.parse().ok());
            let (Some(number), Some(extent)) = (number, from_json::<Extent>(&value)) else {
                return Err(fjall::Error::Unrecoverable);
            };
            segments.push_back(Segment { number, extent, blocks: self.keyspace(topic, number)? });
        }
        Ok(segments)
    }

    fn remove_orphans(&self) -> fjall::Result<()> {
        let known: Vec<String> = BusTopic::ALL
            .into_iter()
            .flat_map(|topic| {
                let names: Vec<_> =
                    self.segments(topic).iter().map(|segment| keyspace_name(topic, segment.number)).collect();
                names
            })
            .chain([self.meta.name().to_string()])
            .collect();
        for name in self.database.list_keyspace_names() {
            if !known.iter().any(|known| **known == *name) {
                let orphan = self.database.keyspace(&name, keyspace_options)?;
                self.database.delete_keyspace(orphan)?;
            }
        }
        Ok(())
    }

    /// The number of partitions of every bus topic.
    pub(super) fn partitions(&self) -> u32 {
        self.partitions
    }

    /// The segments of `topic`. The lock is held for moments only, never while reading from disk.
    pub(super) fn segments(&self, topic: BusTopic) -> MutexGuard<'_, Segments> {
        self.topics[topic.index()].lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where `topic` begins and ends, by partition.
    pub(super) fn bounds(&self, topic: BusTopic) -> (Vec<Offset>, Vec<Offset>) {
        let segments = self.segments(topic);
        let zeros = || vec![0; self.partitions as usize];
        let begin = segments.front().map_or_else(zeros, |segment| segment.extent.begin.clone());
        let end = segments.back().map_or_else(zeros, |segment| segment.extent.end.clone());
        (begin, end)
    }

    /// Bytes of all blocks of `topic`.
    pub(super) fn bytes(&self, topic: BusTopic) -> u64 {
        self.segments(topic).iter().map(|segment| segment.extent.bytes).sum()
    }

    /// Records of `partition` from `from` (`None`: the beginning of what there is): whole blocks, until there are
    /// `max_bytes` of them or more.
    pub(super) fn read(
        &self,
        topic: BusTopic,
        partition: Partition,
        from: Option<Offset>,
        max_bytes: usize,
    ) -> Result<Vec<Delivered>, BusError> {
        let index = partition as usize;
        let (begin, end) = self.bounds(topic);
        let (begin, end) = (begin[index], end[index]);
        let wanted = from.unwrap_or(begin);
        if wanted > end {
            return Err(BusError::BeyondEnd { topic: topic.name(), partition, wanted, end });
        }
        if wanted < begin {
            return Err(BusError::OffsetGone { topic: topic.name(), partition, wanted, begin });
        }
        let segment = self.segments(topic).iter().find(|segment| segment.extent.end[index] > wanted).cloned();
        let Some(segment) = segment else { return Ok(Vec::new()) };
        let records =
            segment.read(partition, wanted, segment.extent.end[index], max_bytes).map_err(|error| match error {
                ReadError::Store(error) => fault::of_store(&self.dir, &error),
                ReadError::Block(error) => fault::damaged(&self.dir, &error),
            })?;
        if records.first().is_some_and(|record| record.offset == wanted) {
            return Ok(records);
        }
        Err(fault::damaged(&self.dir, &format_args!("record {wanted} of partition {partition} is missing")))
    }

    /// The committed offsets of every group.
    pub(super) fn committed(&self) -> Result<Committed, BusError> {
        let mut committed = Committed::new();
        for topic in BusTopic::ALL {
            let prefix = group_prefix(topic);
            for entry in self.meta.prefix(&prefix) {
                let (key, value) = entry.into_inner().map_err(|error| fault::of_store(&self.dir, &error))?;
                let group = String::from_utf8_lossy(&key[prefix.len()..]).into_owned();
                committed.insert((topic, group), from_json(&value).unwrap_or_default());
            }
        }
        Ok(committed)
    }

    /// A batch that is safe on disk once it is committed.
    pub(super) fn batch(&self) -> OwnedWriteBatch {
        self.database.batch().durability(Some(PersistMode::SyncAll))
    }

    /// Commits `batch`. Waits until the log has room in memory for it.
    pub(super) fn commit(&self, batch: OwnedWriteBatch) -> fjall::Result<()> {
        // `fjall` leaves sealing to a thread that may be busy flushing, while what is not sealed grows without bound.
        for topic in BusTopic::ALL {
            let written = self.segments(topic).back().map(|last| last.blocks.clone());
            if let Some(blocks) = written.filter(|blocks| blocks.tree.active_memtable().size() > MEMTABLE_BYTES) {
                blocks.rotate_memtable()?;
            }
        }
        // It also waits inside `commit` for its own flushes, and for ever when one has failed; so never come near that.
        while self.is_flushing_behind() {
            self.database.persist(PersistMode::Buffer)?;
            std::thread::park_timeout(Duration::from_millis(2));
        }
        batch.commit()
    }

    fn is_flushing_behind(&self) -> bool {
        let behind = |topic| self.segments(topic).back().is_some_and(|last| last.blocks.sealed_memtable_count() > 1);
        self.database.outstanding_flushes() > 2 || BusTopic::ALL.into_iter().any(behind)
    }

    /// The keyspace of a segment, new or not.
    pub(super) fn keyspace(&self, topic: BusTopic, number: u64) -> fjall::Result<Keyspace> {
        self.database.keyspace(&keyspace_name(topic, number), keyspace_options)
    }

    /// Puts the extent of a segment into `batch`.
    pub(super) fn put_extent(&self, batch: &mut OwnedWriteBatch, topic: BusTopic, number: u64, extent: &Extent) {
        batch.insert(&self.meta, extent_key(topic, number), to_json(extent));
    }

    /// Puts the committed offsets of a group into `batch`.
    pub(super) fn put_offsets(&self, batch: &mut OwnedWriteBatch, topic: BusTopic, group: &str, offsets: &Offsets) {
        batch.insert(&self.meta, format!("{}{group}", group_prefix(topic)), to_json(offsets));
    }

    /// Lets readers see `segment`, whose extent is safe on disk: the last one as it is now, or a new one.
    pub(super) fn replace_last(&self, topic: BusTopic, segment: Segment) -> fjall::Result<()> {
        let mut segments = self.segments(topic);
        let closed = segments.back().filter(|last| last.number != segment.number).map(|last| last.blocks.clone());
        if closed.is_none() {
            segments.pop_back();
        }
        segments.push_back(segment);
        drop(segments);
        // Nothing more is written to a closed segment, so that it would stay in memory, and keep its journal, for ever.
        closed.map_or(Ok(()), |blocks| blocks.rotate_memtable().map(|_| ()))
    }

    /// Removes the oldest segment of `topic` and gives its disk space back.
    pub(super) fn remove_oldest(&self, topic: BusTopic) -> fjall::Result<()> {
        let Some(oldest) = self.segments(topic).front().cloned() else { return Ok(()) };
        let mut batch = self.batch();
        batch.remove(&self.meta, extent_key(topic, oldest.number));
        self.commit(batch)?;
        self.segments(topic).pop_front();
        self.database.delete_keyspace(oldest.blocks)
    }

    /// What every bus topic holds, to be compared after the database was opened anew.
    pub(super) fn extents(&self) -> Extents {
        let of = |topic| self.segments(topic).iter().map(|segment| (segment.number, segment.extent.clone())).collect();
        BusTopic::ALL.into_iter().map(|topic| (topic, of(topic))).collect()
    }

    /// Removes what lies on disk beyond `known`: batches whose append failed, though their bytes reached the disk later.
    pub(super) fn forget_beyond(&self, known: &Extents) -> fjall::Result<()> {
        for (topic, extents) in known {
            let on_disk: Vec<Segment> = self.segments(*topic).iter().cloned().collect();
            for segment in on_disk {
                let mut batch = self.batch();
                match extents.get(&segment.number) {
                    Some(extent) if *extent == segment.extent => continue,
                    Some(extent) => {
                        for (partition, &end) in (0..).zip(&extent.end) {
                            for entry in
                                segment.blocks.range(block_key(partition, end)..=block_key(partition, Offset::MAX))
                            {
                                batch.remove(&segment.blocks, entry.key()?);
                            }
                        }
                        self.put_extent(&mut batch, *topic, segment.number, extent);
                    }
                    None => batch.remove(&self.meta, extent_key(*topic, segment.number)),
                }
                self.commit(batch)?;
            }
            *self.segments(*topic) = self.load_segments(*topic)?;
        }
        self.remove_orphans()
    }
}

/// The segment that records appended to `topic` go to: the last one, or a new one when that has `full_bytes`.
pub(super) fn segment_to_write(
    store: &Store,
    topic: BusTopic,
    full_bytes: u64,
    now: Timestamp,
) -> fjall::Result<Segment> {
    let last = store.segments(topic).back().cloned();
    match last {
        Some(last) if last.extent.bytes < full_bytes => Ok(last),
        last => next_segment(store, topic, last.as_ref(), now),
    }
}

/// Begins a new segment in memory: it exists on disk once a batch with its extent is committed.
pub(super) fn next_segment(
    store: &Store,
    topic: BusTopic,
    last: Option<&Segment>,
    now: Timestamp,
) -> fjall::Result<Segment> {
    let number = last.map_or(0, |segment| segment.number + 1);
    let end = last.map_or_else(|| vec![0; store.partitions as usize], |segment| segment.extent.end.clone());
    Ok(Segment { number, blocks: store.keyspace(topic, number)?, extent: Extent::after(end, now) })
}

fn extent_prefix(topic: BusTopic) -> String {
    format!("segment/{}/", topic.name())
}

fn extent_key(topic: BusTopic, number: u64) -> String {
    format!("{}{number:020}", extent_prefix(topic))
}

fn group_prefix(topic: BusTopic) -> String {
    format!("group/{}/", topic.name())
}

fn to_json<T: serde::Serialize>(value: &T) -> Vec<u8> {
    serde_json::to_vec(value).expect("numbers, times and maps of numbers are JSON")
}

fn from_json<T: serde::de::DeserializeOwned>(bytes: &[u8]) -> Option<T> {
    serde_json::from_slice(bytes).ok()
}
