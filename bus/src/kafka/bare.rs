//! For benchmarks: what the client of Kafka does by itself, with the settings of the log and nothing around it. No stage over the
//! log can be faster.

use std::time::{Duration, Instant};

use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::{BaseProducer, BaseRecord, Producer as _};
use rdkafka::{ClientConfig, Offset, TopicPartitionList};

use super::client;
use super::config::KafkaConfig;
use super::error::{self, to_kafka};
use super::log::ANSWER;
use crate::log::BusError;
use crate::record::Partition;

/// How long the cluster may take for the last records, and to delete topics.
const PATIENCE: Duration = Duration::from_mins(1);

/// How fast the client is by itself.
#[derive(Clone, Copy, Debug)]
pub struct BareRates {
    /// Records a second, until all replicas have acknowledged the last.
    pub produced_per_s: f64,
    /// Records a second, read from the beginning.
    pub consumed_per_s: f64,
}

/// Sends `payloads` to the empty topic called `name`, and reads them again.
pub(super) fn rates(
    settings: &ClientConfig,
    config: &KafkaConfig,
    name: &str,
    partitions: Partition,
    payloads: &[Vec<u8>],
) -> Result<BareRates, BusError> {
    let producer: BaseProducer =
        client::producer_settings(settings, config).create().map_err(|error| error::client(&error))?;
    let begin = Instant::now();
    for (payload, partition) in payloads.iter().zip((0..partitions).cycle()) {
        let mut record = BaseRecord::<(), [u8]>::to(name).partition(to_kafka(partition)).payload(payload);
        while let Err((reason, back)) = producer.send(record) {
            if reason.rdkafka_error_code() != Some(RDKafkaErrorCode::QueueFull) {
                return Err(failed("to send", &reason));
            }
            producer.poll(Duration::from_millis(10));
            record = back;
        }
        producer.poll(Duration::ZERO);
    }
    producer.flush(PATIENCE).map_err(|reason| failed("to send", &reason))?;
    let produced_per_s = payloads.len() as f64 / begin.elapsed().as_secs_f64();

    let consumer: BaseConsumer = settings
        .clone()
        .set("group.id", format!("{}bare", config.group_prefix))
        .set("enable.auto.commit", "false")
        .create()
        .map_err(|error| error::client(&error))?;
    let mut all = TopicPartitionList::new();
    for partition in 0..partitions {
        all.add_partition_offset(name, to_kafka(partition), Offset::Beginning)
            .map_err(|reason| failed("to read", &reason))?;
    }
    let begin = Instant::now();
    consumer.assign(&all).map_err(|reason| failed("to read", &reason))?;
    for _ in payloads {
        let message = consumer.poll(ANSWER).ok_or_else(|| silent("to read"))?;
        message.map_err(|reason| failed("to read", &reason))?;
    }
    let consumed_per_s = payloads.len() as f64 / begin.elapsed().as_secs_f64();
    Ok(BareRates { produced_per_s, consumed_per_s })
}

/// Deletes the topics of these names, with all that is in them.
pub(super) async fn delete(settings: &ClientConfig, names: &[&str]) -> Result<(), BusError> {
    let admin: AdminClient<DefaultClientContext> = settings.create().map_err(|error| error::client(&error))?;
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE));
    let outcomes =
        admin.delete_topics(names, &options).await.map_err(|reason| failed("to delete bus topics", &reason))?;
    match outcomes.into_iter().find_map(Result::err) {
        None => Ok(()),
        Some((_, code)) => Err(failed("to delete bus topics", &KafkaError::AdminOp(code))),
    }
}

fn failed(what: &str, reason: &KafkaError) -> BusError {
    error::refused(what, reason.to_string(), "look into the logs of the brokers")
}

fn silent(what: &str) -> BusError {
    error::refused(what, format!("nothing came within {ANSWER:?}"), "look into the logs of the brokers")
}
