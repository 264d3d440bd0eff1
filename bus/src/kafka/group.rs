//! A member of a consumer group: what happens when partitions change hands.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard, PoisonError};

use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::{BaseConsumer, Consumer as _, ConsumerContext, RebalanceProtocol};
use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaRespErr;
use rdkafka::{Offset as KafkaOffset, TopicPartitionList};

use super::client::Watch;
use super::error::{self, from_offset, to_offset, to_partition};
use super::log::ANSWER;
use super::positions::{Positions, Start};

/// What librdkafka tells a member about its group.
pub(super) struct Group {
    watch: Watch,
    name: String,
    positions: Mutex<Positions>,
    /// Whether nobody will read what is given to this member any more.
    leaving: AtomicBool,
}

impl Group {
    /// A member that reads the bus topic called `name`, and holds no partition yet.
    pub(super) fn new(watch: Watch, name: String) -> Self {
        Self { watch, name, positions: Mutex::default(), leaving: AtomicBool::new(false) }
    }

    /// Who listens to the client.
    pub(super) fn watch(&self) -> &Watch {
        &self.watch
    }

    /// From now on what the group gives to this member is taken without a question. Its client closes, and would not get an
    /// answer any more.
    pub(super) fn leave(&self) {
        self.leaving.store(true, Ordering::Relaxed);
    }

    pub(super) fn positions(&self) -> MutexGuard<'_, Positions> {
        self.positions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Where to read the partitions of `list`, which were just given to us. Asks what the group has committed, unless the
    /// stage knows better; it waits for the answer, because without it reading could only begin at the wrong place.
    fn start(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) -> KafkaResult<TopicPartitionList> {
        let mut starts = TopicPartitionList::new();
        let mut unknown = TopicPartitionList::new();
        for element in list.elements() {
            let start = self.positions().start(to_partition(element.partition()));
            match start {
                Start::At(offset) => {
                    starts.add_partition_offset(&self.name, element.partition(), from_offset(offset))?;
                }
                Start::Beginning => {
                    starts.add_partition_offset(&self.name, element.partition(), KafkaOffset::Beginning)?;
                }
                Start::AsCommitted => {
                    unknown.add_partition(&self.name, element.partition());
                }
            }
        }
        if unknown.count() > 0 {
            for element in error::patiently(|| consumer.committed_offsets(unknown.clone(), ANSWER))?.elements() {
                let start = match element.offset() {
                    offset @ KafkaOffset::Offset(_) => offset,
                    _ => KafkaOffset::Beginning,
                };
                starts.add_partition_offset(&self.name, element.partition(), start)?;
            }
        }
        Ok(starts)
    }

    fn take(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) -> KafkaResult<()> {
        let starts = loop {
            if self.leaving.load(Ordering::Relaxed) {
                break list.clone();
            }
            match self.start(consumer, list) {
                Ok(starts) => break starts,
                Err(error) => {
                    tracing::warn!(%error, topic = self.name, "what the group has committed is not known yet");
                    error::pause();
                }
            }
        };
        for element in starts.elements() {
            let from = match element.offset() {
                KafkaOffset::Offset(offset) => to_offset(offset),
                _ => 0,
            };
            self.positions().take(to_partition(element.partition()), from);
        }
        match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_assign(&starts),
            _ => consumer.assign(&starts),
        }
    }

    fn give_up(&self, consumer: &BaseConsumer<Self>, list: &TopicPartitionList) -> KafkaResult<()> {
        for element in list.elements() {
            self.positions().release(to_partition(element.partition()));
        }
        match consumer.rebalance_protocol() {
            RebalanceProtocol::Cooperative => consumer.incremental_unassign(list),
            _ => consumer.unassign(),
        }
    }
}

impl ClientContext for Group {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        self.watch.log(level, facility, message);
    }

    fn error(&self, error: KafkaError, reason: &str) {
        self.watch.error(error, reason);
    }
}

impl ConsumerContext for Group {
    fn rebalance(&self, consumer: &BaseConsumer<Self>, error: RDKafkaRespErr, list: &mut TopicPartitionList) {
        let changed = if error == RDKafkaRespErr::RD_KAFKA_RESP_ERR__ASSIGN_PARTITIONS {
            self.take(consumer, list)
        } else {
            self.give_up(consumer, list)
        };
        if let Err(error) = changed {
            tracing::error!(%error, topic = self.name, "partitions could not change hands");
        }
        let held = self.positions().held();
        tracing::debug!(topic = self.name, ?held, "partitions changed hands");
    }
}
