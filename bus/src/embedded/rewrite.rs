//! Writing the whole log anew, so that of what is erased nothing stays on the disk: not in segments, not in journals.
//!
//! The new log is written beside the old one and takes its place when it is whole. A crash leaves one of the two. It can be
//! done to a log that is open: appends and readers wait until the new one has taken its place. Readers that have read ahead
//! keep what they have in memory, so whoever rewrites to erase ends them first.

use std::fs;
use std::io;
use std::num::NonZeroU8;
use std::path::{Path, PathBuf};

use super::block;
use super::config::BusConfig;
use super::segment::{Segment, first_of, partition_of};
use super::store::Store;
use super::writer::Command;
use super::{EmbeddedBus, fault};
use crate::log::{BusError, BusTopic};

/// The payload to put in the place of a record's, or `None` to keep it.
pub type Replace<'a> = dyn FnMut(BusTopic, &[u8]) -> Option<Vec<u8>> + 'a;

impl EmbeddedBus {
    /// Writes the log in `dir`, which nobody has open, anew with the payloads that `replace` gives, and says how many it
    /// replaced. Records keep their offsets, and groups their place. It takes as much room on the disk as the log itself.
    ///
    /// # Errors
    /// [`BusError`]; the log is then as it was.
    pub fn rewrite(dir: &Path, config: &BusConfig, replace: &mut Replace<'_>) -> Result<u64, BusError> {
        tidy(dir)?;
        let beside = beside(dir, "new");
        let replaced = {
            let from = Store::open(dir, config)?;
            let partitions = u8::try_from(from.partitions()).ok().and_then(NonZeroU8::new).unwrap_or(config.partitions);
            let to = Store::open(&beside, &BusConfig { partitions, ..config.clone() })?;
            copy(dir, &from, &to, replace)?
        };
        let swap = || {
            let old = self::beside(dir, "old");
            fs::rename(dir, &old)?;
            fs::rename(&beside, dir)?;
            fs::remove_dir_all(&old)
        };
        swap().map_err(|error| failed(dir, &error))?;
        Ok(replaced)
    }

    /// The same for this log, which is open: appends and readers wait meanwhile.
    ///
    /// # Errors
    /// [`BusError`]; the log is then as it was.
    pub async fn rewrite_open(
        &self,
        replace: impl FnMut(BusTopic, &[u8]) -> Option<Vec<u8>> + Send + 'static,
    ) -> Result<u64, BusError> {
        self.send(|reply| Command::Rewrite { replace: Box::new(replace), reply }).await
    }

    /// How many records of each bus topic `is_one` finds. It reads the whole log.
    ///
    /// # Errors
    /// [`BusError`] when the log cannot be read.
    pub async fn survey(
        &self,
        mut is_one: impl FnMut(BusTopic, &[u8]) -> bool + Send + 'static,
    ) -> Result<Vec<(BusTopic, u64)>, BusError> {
        let dir = self.0.shared.dir.clone();
        let survey = move |store: &Store| {
            let mut found = Vec::new();
            for topic in BusTopic::ALL {
                let mut count = 0;
                let segments: Vec<Segment> = store.segments(topic).iter().cloned().collect();
                for segment in segments {
                    for entry in segment.blocks.iter() {
                        let (key, value) = entry.into_inner().map_err(|error| fault::of_store(&dir, &error))?;
                        let records = block::decode(partition_of(&key), first_of(&key), &value)
                            .map_err(|error| fault::damaged(&dir, &error))?;
                        count += records.iter().filter(|record| is_one(topic, &record.payload)).count() as u64;
                    }
                }
                found.push((topic, count));
            }
            Ok(found)
        };
        self.0.shared.with_store(survey).await
    }
}

/// Ends what a crash interrupted: the old log is put back, or removed where the new one took its place.
pub(super) fn tidy(dir: &Path) -> Result<(), BusError> {
    let (new, old) = (beside(dir, "new"), beside(dir, "old"));
    let mend = || {
        if old.exists() && !dir.exists() {
            fs::rename(&old, dir)?;
        }
        for leftover in [&new, &old] {
            if leftover.exists() {
                fs::remove_dir_all(leftover)?;
            }
        }
        Ok(())
    };
    mend().map_err(|error| failed(dir, &error))
}

fn copy(dir: &Path, from: &Store, to: &Store, replace: &mut Replace<'_>) -> Result<u64, BusError> {
    let mut replaced = 0;
    for topic in BusTopic::ALL {
        let segments: Vec<Segment> = from.segments(topic).iter().cloned().collect();
        for segment in segments {
            replaced += copy_segment(dir, to, topic, &segment, replace)?;
        }
    }
    for ((topic, group), offsets) in from.committed()? {
        let mut batch = to.batch();
        to.put_offsets(&mut batch, topic, &group, &offsets);
        to.commit(batch).map_err(|error| fault::of_store(dir, &error))?;
    }
    Ok(replaced)
}

fn copy_segment(
    dir: &Path,
    to: &Store,
    topic: BusTopic,
    segment: &Segment,
    replace: &mut Replace<'_>,
) -> Result<u64, BusError> {
    let store = |error: fjall::Error| fault::of_store(dir, &error);
    let copied = Segment { blocks: to.keyspace(topic, segment.number).map_err(store)?, ..segment.clone() };
    // The store keeps an eye on the memory of segments that it knows.
    to.segments(topic).push_back(copied.clone());
    let (mut replaced, mut bytes) = (0, 0);
    for entry in segment.blocks.iter() {
        let (key, value) = entry.into_inner().map_err(store)?;
        let records =
            block::decode(partition_of(&key), first_of(&key), &value).map_err(|error| fault::damaged(dir, &error))?;
        let news: Vec<Option<Vec<u8>>> = records.iter().map(|record| replace(topic, &record.payload)).collect();
        let value = match records.first() {
            Some(first) if news.iter().any(Option::is_some) => {
                replaced += news.iter().flatten().count() as u64;
                let pairs = records.iter().zip(&news);
                let payloads: Vec<&[u8]> =
                    pairs.map(|(record, new)| new.as_deref().unwrap_or(record.payload.as_slice())).collect();
                block::encode(first.appended_at, &payloads)
            }
            _ => value.to_vec(),
        };
        bytes += value.len() as u64;
        let mut batch = to.batch();
        batch.insert(&copied.blocks, key, value);
        to.commit(batch).map_err(store)?;
    }
    let mut batch = to.batch();
    let mut extent = segment.extent.clone();
    extent.bytes = bytes;
    to.put_extent(&mut batch, topic, segment.number, &extent);
    to.commit(batch).map_err(store)?;
    Ok(replaced)
}

fn beside(dir: &Path, what: &str) -> PathBuf {
    let mut name = dir.file_name().unwrap_or_default().to_owned();
    name.push(".");
    name.push(what);
    dir.with_file_name(name)
}

fn failed(dir: &Path, error: &io::Error) -> BusError {
    BusError::Storage { path: dir.display().to_string(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::PostId;
    use crate::log::Bus as _;
    use crate::record::{Offsets, Record};

    fn record(number: u8, text: &str) -> Record {
        Record { key: Some(PostId::from_bytes([number; 16])), payload: text.as_bytes().to_vec() }
    }

    /// Whether a file below `dir` holds `words`.
    fn holds(dir: &Path, words: &[u8]) -> bool {
        fs::read_dir(dir).unwrap().any(|entry| {
            let path = entry.unwrap().path();
            if path.is_dir() {
                return holds(&path, words);
            }
            fs::read(&path).unwrap().windows(words.len()).any(|window| window == words)
        })
    }

    /// What a group reads from the beginning: partition, offset, payload.
    async fn all(bus: &EmbeddedBus, topic: BusTopic) -> Vec<(u32, u64, String)> {
        let mut reader = bus.reader(topic, "all").await.unwrap();
        reader.seek(&Offsets::default()).await.unwrap();
        let lags = bus.lag(topic, "all").await.unwrap();
        let wanted: u64 = lags.iter().map(crate::log::Lag::records).sum();
        let mut read = Vec::new();
        while (read.len() as u64) < wanted {
            read.extend(reader.next(100).await.unwrap());
        }
        read.sort_by_key(|record| (record.partition, record.offset));
        read.into_iter()
            .map(|record| (record.partition, record.offset, String::from_utf8(record.payload).unwrap()))
            .collect()
    }

    #[tokio::test]
    async fn what_is_replaced_is_nowhere_and_everything_else_is_where_it_was() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("bus");
        let config = BusConfig::default();
        let canary = "the canary sings of Pendlebury";
        let before = {
            let bus = EmbeddedBus::open(&dir, &config).unwrap();
            for topic in [BusTopic::Posts, BusTopic::Enriched, BusTopic::DeadLetters] {
                for number in 0..40 {
                    let text = if number == 7 { canary.to_owned() } else { format!("post {number}") };
                    bus.append(topic, vec![record(number, &text)]).await.unwrap();
                }
            }
            let mut reader = bus.reader(BusTopic::Posts, "index").await.unwrap();
            let read = reader.next(3).await.unwrap();
            let mut offsets = Offsets::default();
            for record in &read {
                offsets.advance(record.partition, record.offset);
            }
            reader.commit(&offsets).await.unwrap();
            (all(&bus, BusTopic::Posts).await, bus.lag(BusTopic::Posts, "index").await.unwrap())
        };
        assert!(holds(folder.path(), canary.as_bytes()), "the search finds what is there");

        let replaced = EmbeddedBus::rewrite(&dir, &config, &mut |_, payload| {
            (payload == canary.as_bytes()).then(|| b"gone".to_vec())
        });
        assert_eq!(replaced.unwrap(), 3);
        assert!(!holds(folder.path(), b"Pendlebury"));
        let bus = EmbeddedBus::open(&dir, &config).unwrap();
        let after = all(&bus, BusTopic::Posts).await;
        let expected: Vec<_> = before
            .0
            .into_iter()
            .map(|(partition, offset, text)| (partition, offset, if text == canary { "gone".into() } else { text }))
            .collect();
        assert_eq!(after, expected);
        assert_eq!(bus.lag(BusTopic::Posts, "index").await.unwrap(), before.1);
        bus.append(BusTopic::Posts, vec![record(99, "new")]).await.unwrap();
        assert_eq!(all(&bus, BusTopic::Posts).await.len(), 41, "it is written to as before");
    }

    #[tokio::test]
    async fn an_open_log_is_rewritten_while_it_is_written_to_and_read() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("bus");
        let bus = EmbeddedBus::open(&dir, &BusConfig::default()).unwrap();
        let canary = b"the canary sings of Pendlebury";
        bus.append(BusTopic::Posts, vec![record(1, "before"), record(2, "the canary sings of Pendlebury")])
            .await
            .unwrap();
        let is_canary = move |_: BusTopic, payload: &[u8]| payload == canary;
        let found = bus.survey(is_canary).await.unwrap();
        assert_eq!(found.iter().map(|(_, count)| count).sum::<u64>(), 1);
        let mut reader = bus.reader(BusTopic::Posts, "index").await.unwrap();
        let writing = async {
            for number in 3..40 {
                bus.append(BusTopic::Posts, vec![record(number, "while")]).await.unwrap();
            }
        };
        let rewriting = bus.rewrite_open(move |_, payload| (payload == canary).then(|| b"gone".to_vec()));
        let (replaced, ()) = tokio::join!(rewriting, writing);
        assert_eq!(replaced.unwrap(), 1);
        assert!(!holds(folder.path(), b"Pendlebury"));
        let mut read = Vec::new();
        while read.len() < 39 {
            read.extend(reader.next(100).await.unwrap().into_iter().map(|record| record.payload));
        }
        assert!(read.contains(&b"gone".to_vec()) && read.iter().filter(|payload| **payload == b"while").count() == 37);
        drop((reader, bus));
        let bus = EmbeddedBus::open(&dir, &BusConfig::default()).unwrap();
        assert_eq!(all(&bus, BusTopic::Posts).await.len(), 39, "a restart finds the same");
    }

    #[tokio::test]
    async fn a_crash_between_the_two_logs_loses_neither() {
        let folder = tempfile::tempdir().unwrap();
        let dir = folder.path().join("bus");
        let config = BusConfig::default();
        {
            let bus = EmbeddedBus::open(&dir, &config).unwrap();
            bus.append(BusTopic::Posts, vec![record(1, "kept")]).await.unwrap();
        }
        fs::rename(&dir, folder.path().join("bus.old")).unwrap();
        fs::create_dir(folder.path().join("bus.new")).unwrap();
        let bus = EmbeddedBus::open(&dir, &config).unwrap();
        assert_eq!(all(&bus, BusTopic::Posts).await.len(), 1);
        assert!(!folder.path().join("bus.new").exists());
    }
}
