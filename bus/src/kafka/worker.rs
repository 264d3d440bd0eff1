//! The thread behind a reader: it polls, follows the group, seeks and commits.
//!
//! It polls only while a fetch is wanted. librdkafka hands partitions over only while it is polled, so that the group changes
//! only when the stage has come back for more.

use std::sync::MutexGuard;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{self, RecvTimeoutError, TryRecvError};
use std::time::Duration;

use jiff::Timestamp;
use rdkafka::consumer::{BaseConsumer, CommitMode, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::message::{BorrowedMessage, Message as _};
use rdkafka::{ClientConfig, Offset as KafkaOffset, TopicPartitionList};
use tokio::sync::mpsc as async_mpsc;

use super::client::Watch;
use super::config::KafkaConfig;
use super::error::{self, from_offset, to_kafka, to_offset, to_partition};
use super::group::Group;
use super::log::ANSWER;
use super::positions::Positions;
use super::reader::{Command, KafkaReader};
use super::topics::Topics;
use crate::log::{BusError, BusTopic};
use crate::record::{Delivered, Offsets};

/// How long a poll waits for records: so long may a command wait that comes meanwhile.
const POLL: Duration = Duration::from_millis(20);
/// How often a worker without work looks whether the log is closing.
const IDLE: Duration = Duration::from_millis(100);
/// How often a commit is tried again while the group is being shared out anew.
const COMMIT_TRIES: u32 = 50;
/// Commands that may wait.
const COMMANDS: usize = 64;

/// The half of a reader that works.
pub(super) struct Worker {
    consumer: BaseConsumer<Group>,
    topic: BusTopic,
    name: String,
    partitions: u32,
    commands: mpsc::Receiver<Command>,
    fetched: async_mpsc::Sender<Result<Vec<Delivered>, BusError>>,
    /// How many records the stage waits for, if it does.
    wanted: Option<usize>,
    /// What went wrong after records that had to be handed over first.
    failed: Option<BusError>,
}

impl Worker {
    /// Joins the group that `settings` name.
    ///
    /// # Errors
    /// [`BusError::Refused`] when an option is wrong.
    pub(super) fn join(
        settings: &ClientConfig,
        config: &KafkaConfig,
        topic: BusTopic,
        topics: &Topics,
    ) -> Result<(Self, Box<KafkaReader>), BusError> {
        let name = topics.name(topic).to_owned();
        let group = Group::new(Watch::new(config), name.clone());
        let consumer: BaseConsumer<Group> =
            settings.create_with_context(group).map_err(|error| error::client(&error))?;
        consumer.subscribe(&[&name]).map_err(|error| error::client(&error))?;
        let (orders, commands) = mpsc::sync_channel(COMMANDS);
        // A fetch is answered once, and the next one is asked for after that.
        let (fetched, received) = async_mpsc::channel(2);
        let partitions = topics.partitions(topic);
        let worker = Self { consumer, topic, name, partitions, commands, fetched, wanted: None, failed: None };
        Ok((worker, Box::new(KafkaReader::new(orders, received))))
    }

    /// Works until the reader is dropped or the log closes. Then the member leaves its group.
    pub(super) fn run(mut self, closing: &AtomicBool) {
        self.work(closing);
        self.consumer.context().leave();
    }

    fn work(&mut self, closing: &AtomicBool) {
        while !closing.load(Ordering::Relaxed) {
            let command = match self.wanted {
                Some(_) => self.commands.try_recv().map_err(|error| error == TryRecvError::Disconnected),
                None => self.commands.recv_timeout(IDLE).map_err(|error| error == RecvTimeoutError::Disconnected),
            };
            match command {
                Ok(command) => self.obey(command, closing),
                Err(true) => return,
                Err(false) => {}
            }
            if let Some(max) = self.wanted {
                self.fetch(max);
            }
        }
    }

    fn obey(&mut self, command: Command, closing: &AtomicBool) {
        match command {
            Command::Fetch(max) => self.wanted = Some(max),
            Command::Seek(offsets, reply) => {
                let _ = reply.send(self.seek(&offsets));
            }
            Command::Commit(offsets, reply) => {
                let _ = reply.send(self.commit(&offsets, closing));
            }
        }
    }

    fn positions(&self) -> MutexGuard<'_, Positions> {
        self.consumer.context().positions()
    }

    /// Polls once, and takes what is there already.
    fn fetch(&mut self, max: usize) {
        let mut wait = POLL;
        while self.failed.is_none() && self.positions().ready() < max {
            match self.consumer.poll(wait) {
                None => break,
                Some(Ok(message)) => {
                    let record = delivered(&message);
                    self.positions().accept(record);
                }
                Some(Err(error)) => self.failed = self.judge(&error),
            }
            wait = Duration::ZERO;
        }
        let records = self.positions().hand_over();
        let outcome = match self.failed.take() {
            None if records.is_empty() => return,
            None => Ok(records),
            Some(error) if records.is_empty() => Err(error),
            later @ Some(_) => {
                self.failed = later;
                Ok(records)
            }
        };
        self.wanted = None;
        // The reader is gone, or there is room: each answer was asked for.
        let _ = self.fetched.try_send(outcome);
    }

    /// Whether `error` ends reading, and how to say it. librdkafka goes on by itself after all others.
    fn judge(&self, error: &KafkaError) -> Option<BusError> {
        use RDKafkaErrorCode as Code;
        let (code, fatal) = match error {
            KafkaError::MessageConsumption(code) => (*code, false),
            KafkaError::MessageConsumptionFatal(code) => (*code, true),
            other => {
                tracing::warn!(%other, "reading from Kafka was disturbed");
                return None;
            }
        };
        match code {
            Code::AutoOffsetReset | Code::OffsetOutOfRange | Code::NoOffset => self.out_of_range(),
            _ if fatal => Some(error::lasting("to read records", code)),
            Code::UnknownTopic
            | Code::UnknownTopicOrPartition
            | Code::UnknownPartition
            | Code::TopicAuthorizationFailed
            | Code::GroupAuthorizationFailed
            | Code::ClusterAuthorizationFailed => Some(error::lasting("to read records", code)),
            _ => {
                tracing::debug!(%code, "reading from Kafka was disturbed");
                None
            }
        }
    }

    /// Which partition does not have the offset where reading was to go on. When all have it by now, they are read on.
    fn out_of_range(&self) -> Option<BusError> {
        let held = self.positions().held();
        for &(partition, wanted) in &held {
            let bounds = error::patiently(|| self.consumer.fetch_watermarks(&self.name, to_kafka(partition), ANSWER));
            let (begin, end) = match bounds {
                Ok((begin, end)) => (to_offset(begin), to_offset(end)),
                Err(error) => return Some(self.consumer.context().watch().unreachable(&error)),
            };
            let topic = self.topic.name();
            if wanted < begin {
                return Some(BusError::OffsetGone { topic, partition, wanted, begin });
            }
            if wanted > end {
                return Some(BusError::BeyondEnd { topic, partition, wanted, end });
            }
        }
        self.move_to(held.into_iter().map(|(partition, next)| (to_kafka(partition), from_offset(next)))).err()
    }

    fn seek(&mut self, offsets: &Offsets) -> Result<(), BusError> {
        for (&partition, &wanted) in &offsets.0 {
            let end = if partition < self.partitions {
                let bounds =
                    error::patiently(|| self.consumer.fetch_watermarks(&self.name, to_kafka(partition), ANSWER));
                to_offset(bounds.map_err(|error| self.consumer.context().watch().unreachable(&error))?.1)
            } else {
                0
            };
            if wanted > end {
                return Err(BusError::BeyondEnd { topic: self.topic.name(), partition, wanted, end });
            }
        }
        let held = self.positions().held();
        let start = |partition| offsets.0.get(&partition).map_or(KafkaOffset::Beginning, |&offset| from_offset(offset));
        self.move_to(held.into_iter().map(|(partition, _)| (to_kafka(partition), start(partition))))?;
        self.positions().seek(offsets);
        self.failed = None;
        Ok(())
    }

    /// Makes librdkafka read on at these offsets. Taking a partition anew also wakes one that stands still after an error.
    fn move_to(&self, targets: impl Iterator<Item = (i32, KafkaOffset)>) -> Result<(), BusError> {
        let mut list = TopicPartitionList::new();
        for (partition, offset) in targets {
            list.add_partition_offset(&self.name, partition, offset).map_err(|error| error::client(&error))?;
        }
        if list.count() == 0 {
            return Ok(());
        }
        let moved = self.consumer.incremental_unassign(&list).and_then(|()| self.consumer.incremental_assign(&list));
        moved.map_err(|error| {
            error::refused(
                "to move a reader",
                error.to_string(),
                "start Discovery again: nothing that was accepted is lost",
            )
        })
    }

    fn commit(&self, offsets: &Offsets, closing: &AtomicBool) -> Result<(), BusError> {
        let mut tries = 0;
        loop {
            let committable = self.positions().committable(offsets);
            if committable.is_empty() {
                return Ok(());
            }
            let mut list = TopicPartitionList::new();
            for (partition, offset) in committable {
                list.add_partition_offset(&self.name, to_kafka(partition), from_offset(offset))
                    .map_err(|error| error::client(&error))?;
            }
            let Err(error) = self.consumer.commit(&list, CommitMode::Sync) else { return Ok(()) };
            tries += 1;
            match Commit::judge(&error) {
                Commit::GroupChanges if tries >= COMMIT_TRIES => {
                    // The partitions belong to others by now; the next fetch hears of it.
                    tracing::warn!(%error, topic = self.name, "a commit came too late: what it covers may be read again");
                    return Ok(());
                }
                Commit::Fails(code) => return Err(error::lasting("to commit", code)),
                Commit::GroupChanges | Commit::Waits if closing.load(Ordering::Relaxed) => {
                    return Err(BusError::Closed);
                }
                Commit::GroupChanges | Commit::Waits => error::pause(),
            }
        }
    }
}

/// What a failed commit means.
enum Commit {
    /// The group is being shared out anew, or went on without us.
    GroupChanges,
    /// The cluster is away.
    Waits,
    Fails(RDKafkaErrorCode),
}

impl Commit {
    fn judge(error: &KafkaError) -> Self {
        use RDKafkaErrorCode as Code;
        match error.rdkafka_error_code() {
            Some(
                Code::RebalanceInProgress
                | Code::IllegalGeneration
                | Code::UnknownMemberId
                | Code::FencedInstanceId
                | Code::AssignmentLost
                | Code::NoOffset
                | Code::InvalidGroupId,
            ) => Self::GroupChanges,
            Some(
                code @ (Code::GroupAuthorizationFailed | Code::TopicAuthorizationFailed | Code::OffsetMetadataTooLarge),
            ) => Self::Fails(code),
            _ => Self::Waits,
        }
    }
}

fn delivered(message: &BorrowedMessage<'_>) -> Delivered {
    let appended_at = message.timestamp().to_millis().and_then(|ms| Timestamp::from_millisecond(ms).ok());
    Delivered {
        partition: to_partition(message.partition()),
        offset: to_offset(message.offset()),
        appended_at: appended_at.unwrap_or(Timestamp::UNIX_EPOCH),
        payload: message.payload().unwrap_or_default().to_vec(),
    }
}
