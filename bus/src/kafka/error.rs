//! What librdkafka says, in our words; and numbers as Kafka writes them.

use std::time::{Duration, Instant};

use rdkafka::error::{KafkaError, KafkaResult};
use rdkafka::types::RDKafkaErrorCode;

use super::log::ANSWER;
use crate::log::BusError;
use crate::record::{Offset, Partition};

const PAUSE: Duration = Duration::from_millis(100);

/// The cluster does not permit `what`, and would not at another time.
pub(super) fn refused(what: impl Into<String>, reason: impl Into<String>, advice: &'static str) -> BusError {
    BusError::Refused { what: what.into(), reason: reason.into(), advice }
}

/// A client cannot be made: an option is wrong.
pub(super) fn client(error: &KafkaError) -> BusError {
    let reason = match error {
        KafkaError::ClientConfig(_, reason, key, _) => format!("{key}: {reason}"),
        other => other.to_string(),
    };
    refused("these settings", reason, "correct the section bus.kafka of discovery.toml")
}

/// A record was not taken, or reading broke off, for a reason that does not go away by waiting.
pub(super) fn lasting(what: &str, code: RDKafkaErrorCode) -> BusError {
    use RDKafkaErrorCode as Code;
    let advice = match code {
        Code::TopicAuthorizationFailed => "permit the user of bus.kafka.sasl to read and write the bus topics",
        Code::GroupAuthorizationFailed => {
            "permit the user of bus.kafka.sasl to use groups that begin with bus.kafka.group_prefix"
        }
        Code::ClusterAuthorizationFailed => {
            "permit the user of bus.kafka.sasl to write idempotently, and to create the bus topics"
        }
        Code::SaslAuthenticationFailed | Code::Authentication => "correct bus.kafka.sasl in discovery.toml",
        Code::UnknownTopic | Code::UnknownTopicOrPartition | Code::UnknownPartition => {
            "the bus topic was removed or changed while Discovery ran: start it again to create what is missing"
        }
        Code::MessageSizeTooLarge | Code::InvalidMessageSize => {
            "raise max.message.bytes of the bus topic: docs/operations.md has the numbers"
        }
        _ => "look into the logs of the brokers, then start Discovery again: nothing that was accepted is lost",
    };
    refused(what, code.to_string(), advice)
}

/// Runs `work`, which waits for the cluster, off the async threads.
pub(super) async fn blocking<T: Send + 'static>(
    work: impl FnOnce() -> Result<T, BusError> + Send + 'static,
) -> Result<T, BusError> {
    // A task is lost only when the runtime shuts down or the work panics; the panic has been reported.
    tokio::task::spawn_blocking(work).await.map_err(|_| BusError::Closed)?
}

/// Asks again while the brokers are still agreeing on who answers, which takes a moment after one has started.
pub(super) fn patiently<T>(mut ask: impl FnMut() -> KafkaResult<T>) -> KafkaResult<T> {
    use RDKafkaErrorCode as Code;
    let until = Instant::now() + ANSWER;
    loop {
        let error = match ask() {
            Err(error) if Instant::now() < until => error,
            outcome => return outcome,
        };
        match error.rdkafka_error_code() {
            Some(
                Code::NotCoordinator
                | Code::CoordinatorLoadInProgress
                | Code::CoordinatorNotAvailable
                | Code::WaitingForCoordinator
                | Code::NotLeaderForPartition
                | Code::LeaderNotAvailable,
            ) => pause(),
            _ => return Err(error),
        }
    }
}

/// Waits a little before something is tried again, on a thread of our own.
pub(super) fn pause() {
    std::thread::park_timeout(PAUSE);
}

/// Kafka counts partitions with a sign.
pub(super) fn to_kafka(partition: Partition) -> i32 {
    i32::try_from(partition).unwrap_or(i32::MAX)
}

/// The partition that Kafka calls `partition`; it names none below 0.
pub(super) fn to_partition(partition: i32) -> Partition {
    Partition::try_from(partition).unwrap_or(0)
}

/// The offset that Kafka calls `offset`; those of records are never below 0.
pub(super) fn to_offset(offset: i64) -> Offset {
    Offset::try_from(offset).unwrap_or(0)
}

/// An offset as Kafka writes it.
pub(super) fn from_offset(offset: Offset) -> rdkafka::Offset {
    rdkafka::Offset::Offset(i64::try_from(offset).unwrap_or(i64::MAX))
}
