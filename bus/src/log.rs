//! The log that carries records from stage to stage, whatever its back end.

use async_trait::async_trait;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::record::{Delivered, Offset, Offsets, Partition, Record};

/// The bus topics. A closed set: each has one kind of content and one kind of reader.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum BusTopic {
    /// `Change<Post>`: collected and redacted, not yet tagged.
    Posts,
    /// `Change<Enriched>`: tagged, to be indexed and counted.
    Enriched,
    /// Records that a stage could not process, with the reason and where they came from.
    DeadLetters,
    /// [`crate::Correction`]: what staff said about tags, kept for good.
    Corrections,
}

impl BusTopic {
    /// All bus topics, in the order of a post's way, with those beside it at the end.
    pub const ALL: [Self; 4] = [Self::Posts, Self::Enriched, Self::DeadLetters, Self::Corrections];

    /// The name in the log and on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Posts => "posts",
            Self::Enriched => "enriched",
            Self::DeadLetters => "dead-letters",
            Self::Corrections => "corrections",
        }
    }

    /// The position in [`BusTopic::ALL`].
    pub(crate) fn index(self) -> usize {
        match self {
            Self::Posts => 0,
            Self::Enriched => 1,
            Self::DeadLetters => 2,
            Self::Corrections => 3,
        }
    }

    /// The largest payload that the bus topic takes, in bytes. Each stage adds to what it read, so that each limit leaves
    /// room for that: whatever was accepted once can be passed on.
    pub fn max_payload_bytes(self) -> usize {
        match self {
            Self::Posts | Self::Corrections => 1024 * 1024,
            Self::Enriched => 2 * 1024 * 1024,
            Self::DeadLetters => 16 * 1024 * 1024,
        }
    }

    /// Refuses a batch with a record that is larger than that.
    pub(crate) fn expect_room(self, records: &[Record]) -> Result<(), BusError> {
        let limit = self.max_payload_bytes();
        match records.iter().find(|record| record.payload.len() > limit) {
            Some(record) => Err(BusError::TooLarge { topic: self.name(), bytes: record.payload.len(), limit }),
            None => Ok(()),
        }
    }
}

/// A durable, partitioned log.
#[async_trait]
pub trait Bus: Send + Sync + 'static {
    /// Appends `records` in order, and returns once all of them are safe against a crash.
    ///
    /// A record with a key goes to the partition of that key; one without goes to every partition.
    ///
    /// # Errors
    /// [`BusError`]; the caller may append the batch again. A record that is too large is found before anything is
    /// appended. After other errors the embedded log has kept nothing of the batch; Kafka may have kept a part, which is then
    /// read twice: every reader applies a change as if it were the first.
    async fn append(&self, topic: BusTopic, records: Vec<Record>) -> Result<(), BusError>;

    /// Joins the consumer group `group`, which shares the partitions of `topic` among its readers. Reading starts at
    /// the group's committed offsets, or at the beginning.
    ///
    /// # Errors
    /// [`BusError`] when the log cannot be read.
    async fn reader(&self, topic: BusTopic, group: &str) -> Result<Box<dyn Reader>, BusError>;

    /// How far `group` is behind the end of `topic`, by partition.
    ///
    /// # Errors
    /// [`BusError`] when the log cannot be read.
    async fn lag(&self, topic: BusTopic, group: &str) -> Result<Vec<Lag>, BusError>;
}

/// One member of a consumer group.
#[async_trait]
pub trait Reader: Send {
    /// The next records, at most `max`, in order within each partition. Waits until there is at least one.
    ///
    /// Cancel safe: a call that is dropped before it returns has read nothing.
    ///
    /// # Errors
    /// [`BusError::OffsetGone`] when retention has removed the next record; [`BusError`] when the log cannot be read.
    async fn next(&mut self, max: usize) -> Result<Vec<Delivered>, BusError>;

    /// Moves to `offsets`, on every partition that this reader holds.
    ///
    /// # Errors
    /// [`BusError::BeyondEnd`] when the log does not reach so far: it is not the log that these offsets belong to.
    async fn seek(&mut self, offsets: &Offsets) -> Result<(), BusError>;

    /// Stores `offsets` for the group. Call it only after what was read is safe elsewhere.
    ///
    /// # Errors
    /// [`BusError`] when they could not be made durable.
    async fn commit(&mut self, offsets: &Offsets) -> Result<(), BusError>;
}

/// How far a group has come in one partition.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Lag {
    /// Which partition.
    pub partition: Partition,
    /// The group's committed offset.
    pub committed: Offset,
    /// The offset that the next record to be appended will get.
    pub end: Offset,
}

impl Lag {
    /// Records not yet committed.
    pub fn records(&self) -> u64 {
        self.end.saturating_sub(self.committed)
    }
}

/// What can go wrong with the log, by what the caller can do about it.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub enum BusError {
    /// Another process works in this data directory.
    #[error("{path} is in use by another process ({owner}): stop it, or choose another data directory with --data-dir")]
    InUse {
        /// The data directory.
        path: String,
        /// What is known of the owner ("process 4711").
        owner: String,
    },
    /// The data directory was written by a version of Discovery that this one does not know.
    #[error(
        "{path} was written by a newer Discovery (format {found}, this one knows {known}): upgrade Discovery, or choose another data directory with --data-dir"
    )]
    NewerFormat {
        /// The data directory.
        path: String,
        /// The format found there.
        found: u32,
        /// The newest format that this version can read.
        known: u32,
    },
    /// The disk is full, or gone, or says no. Nothing was accepted.
    #[error(
        "cannot write to {path}: {reason}; free some space or check the disk, then start Discovery again: nothing that was accepted is lost"
    )]
    Storage {
        /// What was being written.
        path: String,
        /// The system's own words.
        reason: String,
    },
    /// What lies on disk cannot be read as a log.
    #[error(
        "the log in {path} is damaged: {reason}; check the disk, then restore the directory from a backup, or move it away to begin with an empty log"
    )]
    Damaged {
        /// The directory.
        path: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A record is larger than the log takes. Nothing of its batch was accepted.
    #[error(
        "a record of {bytes} bytes is too large for bus topic {topic}, which takes at most {limit} bytes: leave it out"
    )]
    TooLarge {
        /// The bus topic's name.
        topic: &'static str,
        /// The size of the record's payload.
        bytes: usize,
        /// The largest payload that the bus topic takes.
        limit: usize,
    },
    /// Stored offsets lie beyond the end of the log.
    #[error(
        "partition {partition} of bus topic {topic} ends at {end}, but reading was to go on at {wanted}: the log is not the one these offsets belong to; restore the matching log, or remove the index directory so that it is built anew"
    )]
    BeyondEnd {
        /// The bus topic's name.
        topic: &'static str,
        /// The partition concerned.
        partition: Partition,
        /// The offset asked for.
        wanted: Offset,
        /// Where the log ends.
        end: Offset,
    },
    /// Another record lies where one was read before: the log was made anew since, and has grown past it.
    #[error(
        "partition {partition} of bus topic {topic} is not the one that was read before: record {offset} was appended at another time; the log was made anew since. Restore the matching log, or remove the index directory so that it is built anew"
    )]
    OtherLog {
        /// The bus topic's name.
        topic: &'static str,
        /// The partition concerned.
        partition: Partition,
        /// The record that is another one.
        offset: Offset,
    },
    /// Retention removed records before they were read.
    #[error("partition {partition} of bus topic {topic} now begins at {begin}, but reading was to go on at {wanted}: {} records were removed by retention before they were read", begin.saturating_sub(*wanted))]
    OffsetGone {
        /// The bus topic's name.
        topic: &'static str,
        /// The partition concerned.
        partition: Partition,
        /// The offset asked for.
        wanted: Offset,
        /// Where the log begins now.
        begin: Offset,
    },
    /// No broker of the Kafka cluster answers.
    #[error(
        "no Kafka broker answers at {brokers} ({reason}): start it, or correct brokers, tls and sasl of bus.kafka in discovery.toml"
    )]
    Unreachable {
        /// Where one was looked for.
        brokers: String,
        /// What the client says.
        reason: String,
    },
    /// The Kafka cluster does not permit something, or an option for it is wrong: waiting does not help.
    #[error("Kafka refuses {what}: {reason}; {advice}")]
    Refused {
        /// What was asked of it.
        what: String,
        /// Its own words.
        reason: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// The bus is being shut down.
    #[error("the bus is shutting down")]
    Closed,
}
