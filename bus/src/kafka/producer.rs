//! Appending: every record to its partition, and back once all replicas have it.

use std::collections::VecDeque;
use std::time::Duration;

use rdkafka::ClientConfig;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::Producer as _;
use rdkafka::producer::future_producer::{DeliveryFuture, FutureProducer, FutureRecord};

use super::client::{self, Watch};
use super::config::KafkaConfig;
use super::error::{self, to_kafka};
use super::topics::Topics;
use crate::log::{BusError, BusTopic};
use crate::record::{Partition, Record};

/// How long to wait for room when the queue is full of other callers' records.
const FULL: Duration = Duration::from_millis(5);

/// The one producer of a process.
pub(super) struct Producer {
    client: FutureProducer<Watch>,
    watch: Watch,
}

impl Producer {
    pub(super) fn new(settings: &ClientConfig, config: &KafkaConfig) -> Result<Self, BusError> {
        let watch = Watch::new(config);
        let client = client::producer_settings(settings, config)
            .create_with_context(watch.clone())
            .map_err(|error| error::client(&error))?;
        Ok(Self { client, watch })
    }

    /// The client, to ask about the cluster, and who listens to it.
    pub(super) fn client(&self) -> (FutureProducer<Watch>, Watch) {
        (self.client.clone(), self.watch.clone())
    }

    /// Appends `records` to `topic`, and says how many records these are in all partitions.
    ///
    /// # Errors
    /// The first that the cluster has named, once it is known of every record what became of it.
    pub(super) async fn append(&self, topics: &Topics, topic: BusTopic, records: &[Record]) -> Result<u64, BusError> {
        let (name, partitions) = (topics.name(topic), topics.partitions(topic));
        let mut pending = Pending::default();
        for record in records {
            for partition in record.targets(partitions) {
                self.send(name, partition, record, &mut pending).await;
            }
        }
        while pending.settle_oldest().await {}
        match pending.failed {
            None => {
                self.watch.reached();
                Ok(pending.acknowledged)
            }
            Some(code) => {
                let code = self.client.client().fatal_error().map_or(code, |(fatal, _)| fatal);
                Err(error::lasting("to take records", code))
            }
        }
    }

    /// Hands a record to librdkafka. While its queue is full, waits for what was handed over before.
    async fn send(&self, name: &str, partition: Partition, record: &Record, pending: &mut Pending) {
        loop {
            let key: &[u8] = record.key.as_ref().map_or(&[], |key| key.as_bytes());
            let message =
                FutureRecord::to(name).partition(to_kafka(partition)).key(key).payload(record.payload.as_slice());
            match self.client.send_result(message).map_err(|(error, _)| error) {
                Ok(delivery) => return pending.deliveries.push_back(delivery),
                Err(KafkaError::MessageProduction(RDKafkaErrorCode::QueueFull)) => {}
                Err(error) => return pending.note(&error),
            }
            if !pending.settle_oldest().await {
                tokio::time::sleep(FULL).await;
            }
        }
    }
}

/// Records that librdkafka has and nobody has acknowledged yet.
#[derive(Default)]
struct Pending {
    deliveries: VecDeque<DeliveryFuture>,
    acknowledged: u64,
    failed: Option<RDKafkaErrorCode>,
}

impl Pending {
    /// Waits for the fate of the record that was sent first; `false` when there is none.
    async fn settle_oldest(&mut self) -> bool {
        let Some(delivery) = self.deliveries.pop_front() else { return false };
        match delivery.await {
            Ok(Ok(_)) => self.acknowledged += 1,
            Ok(Err((error, _))) => self.note(&error),
            // The producer is gone, and the process with it.
            Err(_) => self.failed = self.failed.or(Some(RDKafkaErrorCode::PurgeInflight)),
        }
        true
    }

    fn note(&mut self, error: &KafkaError) {
        self.failed = self.failed.or_else(|| error.rdkafka_error_code()).or(Some(RDKafkaErrorCode::Fail));
    }
}
