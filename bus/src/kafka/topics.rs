//! The bus topics in the cluster: their names and partitions, and how they are created.

use std::collections::BTreeMap;
use std::time::{Duration, Instant};

use rdkafka::ClientConfig;
use rdkafka::admin::{AdminClient, AdminOptions, NewTopic, TopicReplication};
use rdkafka::client::DefaultClientContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};
use rdkafka::producer::Producer as _;

use super::config::{KafkaConfig, MAX_RETENTION_HOURS};
use super::error;
use super::log::ANSWER;
use super::producer::Producer;
use crate::embedded::BusConfig;
use crate::log::{BusError, BusTopic};
use crate::record::Partition;

/// How long the cluster may take until it answers at all, and until a bus topic that was created can be used.
const PATIENCE: Duration = Duration::from_secs(30);
const LOOK_EVERY: Duration = Duration::from_millis(100);
/// What a batch may take beyond the largest payload, in bytes.
const BATCH_MARGIN: usize = 1024 * 1024;

/// The bus topics as they are in the cluster.
#[derive(Debug)]
pub(super) struct Topics([(String, Partition); BusTopic::ALL.len()]);

impl Topics {
    /// What the cluster calls `topic`.
    pub(super) fn name(&self, topic: BusTopic) -> &str {
        &self.0[topic.index()].0
    }

    /// How many partitions it has.
    pub(super) fn partitions(&self, topic: BusTopic) -> Partition {
        self.0[topic.index()].1
    }
}

/// Finds the bus topics, and creates those that are missing.
///
/// # Errors
/// [`BusError::Unreachable`] when no broker answers in time, [`BusError::Refused`] when they cannot be created.
pub(super) async fn ensure(
    producer: &Producer,
    settings: &ClientConfig,
    kafka: &KafkaConfig,
    config: &BusConfig,
) -> Result<Topics, BusError> {
    if config.retention_hours.get() > MAX_RETENTION_HOURS {
        return Err(error::refused(
            "to keep records that long",
            format!("bus.retention_hours is more than {MAX_RETENTION_HOURS}, and no single record can be erased there"),
            "lower bus.retention_hours in discovery.toml",
        ));
    }
    let until = Instant::now() + PATIENCE;
    let names = BusTopic::ALL.map(|topic| format!("{}{}", kafka.topic_prefix, topic.name()));
    let mut created = false;
    loop {
        let found = list(producer, until).await?;
        let missing: Vec<BusTopic> =
            BusTopic::ALL.into_iter().filter(|topic| !found.contains_key(&names[topic.index()])).collect();
        if missing.is_empty() {
            let topics = Topics(names.map(|name| {
                let partitions = found.get(&name).copied().unwrap_or(0);
                (name, partitions)
            }));
            say_if_different(&topics, config);
            return Ok(topics);
        }
        if !created {
            create(settings, kafka, config, &names, &missing).await?;
            created = true;
        }
        if Instant::now() > until {
            let name = &names[missing[0].index()];
            return Err(error::refused(
                format!("to use bus topic {name}"),
                "it has no leader half a minute after it was created",
                "look into the logs of the brokers",
            ));
        }
        tokio::time::sleep(LOOK_EVERY).await;
    }
}

/// The topics of the cluster whose partitions all have a leader, with the number of these.
async fn list(producer: &Producer, until: Instant) -> Result<BTreeMap<String, Partition>, BusError> {
    let (client, watch) = producer.client();
    error::blocking(move || {
        loop {
            let error = match client.client().fetch_metadata(None, ANSWER) {
                Ok(metadata) => {
                    watch.reached();
                    let usable = |topic: &&rdkafka::metadata::MetadataTopic| {
                        topic.error().is_none() && topic.partitions().iter().all(|partition| partition.leader() >= 0)
                    };
                    return Ok(metadata
                        .topics()
                        .iter()
                        .filter(usable)
                        .map(|topic| {
                            (topic.name().to_owned(), Partition::try_from(topic.partitions().len()).unwrap_or(0))
                        })
                        .collect());
                }
                Err(error) => error,
            };
            // Wrong credentials do not become right by waiting.
            let refused = watch.is_refused();
            if refused || Instant::now() > until {
                return Err(watch.unreachable(&error));
            }
        }
    })
    .await
}

async fn create(
    settings: &ClientConfig,
    kafka: &KafkaConfig,
    config: &BusConfig,
    names: &[String; BusTopic::ALL.len()],
    missing: &[BusTopic],
) -> Result<(), BusError> {
    let admin: AdminClient<DefaultClientContext> = settings.create().map_err(|error| error::client(&error))?;
    let properties: Vec<_> = missing.iter().map(|&topic| properties(topic, config)).collect();
    let new: Vec<NewTopic<'_>> = missing
        .iter()
        .zip(&properties)
        .map(|(topic, properties)| {
            let replication = TopicReplication::Fixed(i32::from(kafka.replication.get()));
            let new = NewTopic::new(&names[topic.index()], i32::from(config.partitions.get()), replication);
            properties.iter().fold(new, |new, (key, value)| new.set(key, value))
        })
        .collect();
    let options = AdminOptions::new().operation_timeout(Some(PATIENCE)).request_timeout(Some(PATIENCE));
    let unable = |reason: String| {
        error::refused(
            "to create the bus topics",
            reason,
            "mend it (bus.kafka.replication must not exceed the number of brokers), or create them as docs/operations.md says",
        )
    };
    for outcome in admin.create_topics(&new, &options).await.map_err(|error| unable(error.to_string()))? {
        match outcome {
            // Another process was quicker.
            Ok(_) | Err((_, RDKafkaErrorCode::TopicAlreadyExists)) => {}
            Err((name, code)) => return Err(unable(format!("{name}: {}", KafkaError::AdminOp(code)))),
        }
    }
    Ok(())
}

/// How `topic` is kept, in Kafka's words.
fn properties(topic: BusTopic, config: &BusConfig) -> [(&'static str, String); 5] {
    let hours = match topic {
        BusTopic::Posts | BusTopic::Enriched => Some(config.retention_hours.get()),
        BusTopic::DeadLetters => Some(config.dead_letter_retention_hours.get().min(MAX_RETENTION_HOURS)),
        // Nobody's words but those of staff: kept for good.
        BusTopic::Corrections => None,
    };
    let hour_ms = 3_600_000_u64;
    let unlimited = || "-1".to_owned();
    let bytes = config.retention_bytes / u64::from(config.partitions.get());
    [
        ("cleanup.policy", "delete".to_owned()),
        ("retention.ms", hours.map_or_else(unlimited, |hours| (u64::from(hours) * hour_ms).to_string())),
        // A record goes with its segment: an hour of posts each, so that none stays much longer than it may.
        ("segment.ms", hour_ms.to_string()),
        ("retention.bytes", hours.map_or_else(unlimited, |_| bytes.to_string())),
        ("max.message.bytes", (topic.max_payload_bytes() + BATCH_MARGIN).to_string()),
    ]
}

fn say_if_different(topics: &Topics, config: &BusConfig) {
    for topic in BusTopic::ALL {
        let partitions = topics.partitions(topic);
        if partitions != u32::from(config.partitions.get()) {
            let configured = config.partitions.get();
            tracing::info!(topic = topics.name(topic), partitions, configured, "the bus topic keeps its partitions");
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_people_said_stays_longer_than_a_week() {
        let properties = |topic| BTreeMap::from(properties(topic, &BusConfig::default()));
        assert_eq!(properties(BusTopic::Posts)["retention.ms"], "604800000");
        assert_eq!(properties(BusTopic::DeadLetters)["retention.ms"], "604800000");
        assert_eq!(properties(BusTopic::Posts)["retention.bytes"], (2_u64 << 30).to_string());
        let corrections = properties(BusTopic::Corrections);
        assert_eq!((corrections["retention.ms"].as_str(), corrections["retention.bytes"].as_str()), ("-1", "-1"));
    }
}
