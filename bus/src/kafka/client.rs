//! The settings of librdkafka's clients, and what they have to say while they run.

use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError};

use rdkafka::ClientConfig;
use rdkafka::client::ClientContext;
use rdkafka::config::RDKafkaLogLevel;
use rdkafka::consumer::ConsumerContext;
use rdkafka::error::{KafkaError, RDKafkaErrorCode};

use super::config::{KafkaConfig, SaslMechanism};
use super::error;
use crate::log::{BusError, BusTopic};
use crate::metrics;

/// Bytes of records that wait in the producer at most; an append waits for room beyond them.
const QUEUE_KBYTES: usize = 32 * 1024;
/// The same for the records that a consumer has fetched ahead.
const AHEAD_KBYTES: usize = 16 * 1024;
/// How long a stage may work on what it got before its partitions go to others. A commit of a large index takes seconds;
/// while the cluster is away, no one gets them anyway.
const MAX_POLL_MS: u32 = 10 * 60 * 1000;

/// What every client needs: where the cluster is, and who we are.
///
/// # Errors
/// [`BusError::Refused`] when a secret cannot be read, or options contradict each other.
pub(super) fn settings(config: &KafkaConfig) -> Result<ClientConfig, BusError> {
    let wrong = |reason: String| error::refused("these settings", reason, "correct bus.kafka in discovery.toml");
    if config.brokers.is_empty() {
        return Err(wrong("bus.kafka.brokers is empty".to_owned()));
    }
    let mut settings = ClientConfig::new();
    settings
        .set("bootstrap.servers", config.brokers.join(","))
        .set("client.id", "discovery")
        .set("allow.auto.create.topics", "false")
        .set("message.max.bytes", (BusTopic::DeadLetters.max_payload_bytes() + 1024 * 1024).to_string())
        // A broker that was restarted is found again within two seconds instead of ten.
        .set("reconnect.backoff.max.ms", "2000");
    let protocol = match (&config.tls, &config.sasl) {
        (None, None) => "plaintext",
        (Some(_), None) => "ssl",
        (None, Some(_)) => "sasl_plaintext",
        (Some(_), Some(_)) => "sasl_ssl",
    };
    settings.set("security.protocol", protocol);
    if let Some(tls) = &config.tls {
        let files = [
            ("ssl.ca.location", &tls.ca_file),
            ("ssl.certificate.location", &tls.certificate_file),
            ("ssl.key.location", &tls.key_file),
        ];
        for (key, file) in files.into_iter().filter_map(|(key, file)| Some((key, file.as_ref()?))) {
            settings.set(key, file.to_str().ok_or_else(|| wrong(format!("{} is not UTF-8", file.display())))?);
        }
    }
    if let Some(sasl) = &config.sasl {
        if sasl.mechanism == SaslMechanism::Plain && config.tls.is_none() {
            return Err(wrong(
                "bus.kafka.sasl.mechanism = \"plain\" shows the password to the network: add [bus.kafka.tls]"
                    .to_owned(),
            ));
        }
        let mechanism = match sasl.mechanism {
            SaslMechanism::ScramSha512 => "SCRAM-SHA-512",
            SaslMechanism::ScramSha256 => "SCRAM-SHA-256",
            SaslMechanism::Plain => "PLAIN",
        };
        let password = sasl.password.read().map_err(|reason| wrong(format!("bus.kafka.sasl.password: {reason}")))?;
        settings
            .set("sasl.mechanism", mechanism)
            .set("sasl.username", &sasl.user)
            .set("sasl.password", password.expose());
    }
    Ok(settings)
}

/// The settings of the producer.
pub(super) fn producer_settings(settings: &ClientConfig, config: &KafkaConfig) -> ClientConfig {
    let compression = match config.compression {
        super::Compression::Zstd => "zstd",
        super::Compression::Lz4 => "lz4",
        super::Compression::None => "none",
    };
    let mut settings = settings.clone();
    settings
        .set("enable.idempotence", "true")
        .set("acks", "all")
        // An append waits until the cluster is there again, however long that takes.
        .set("delivery.timeout.ms", "0")
        .set("compression.type", compression)
        .set("linger.ms", "2")
        .set("queue.buffering.max.kbytes", QUEUE_KBYTES.to_string());
    settings
}

/// The settings of a member of `group`.
pub(super) fn group_settings(settings: &ClientConfig, config: &KafkaConfig, group: &str) -> ClientConfig {
    let session = config.session_timeout_ms.get();
    let mut settings = settings.clone();
    settings
        .set("group.id", group)
        .set("enable.auto.commit", "false")
        .set("enable.auto.offset.store", "false")
        // What is gone, or was never there, is an error and no reason to begin anywhere else.
        .set("auto.offset.reset", "error")
        // Members keep the partitions that do not change hands.
        .set("partition.assignment.strategy", "cooperative-sticky")
        .set("session.timeout.ms", session.to_string())
        .set("heartbeat.interval.ms", (session / 3).clamp(1, 3_000).to_string())
        .set("max.poll.interval.ms", MAX_POLL_MS.max(session).to_string())
        .set("queued.max.messages.kbytes", AHEAD_KBYTES.to_string())
        // With its second of patience by default, a full queue would stand still for that long.
        .set("fetch.queue.backoff.ms", "10");
    settings
}

/// Listens to a client, and remembers its last complaint for the error that follows from it.
/// Clones listen together.
#[derive(Clone)]
pub(super) struct Watch(Arc<Heard>);

struct Heard {
    brokers: String,
    complaint: Mutex<Option<String>>,
    away: AtomicBool,
    refused: AtomicBool,
}

impl Watch {
    pub(super) fn new(config: &KafkaConfig) -> Self {
        let brokers = config.brokers.join(", ");
        Self(Arc::new(Heard { brokers, complaint: Mutex::default(), away: false.into(), refused: false.into() }))
    }

    /// A question was not answered: with what the client complained of last, which says more than "timed out".
    pub(super) fn unreachable(&self, error: &KafkaError) -> BusError {
        let complaint = self.0.complaint.lock().unwrap_or_else(PoisonError::into_inner).clone();
        let reason = complaint.unwrap_or_else(|| error.to_string());
        BusError::Unreachable { brokers: self.0.brokers.clone(), reason }
    }

    /// Whether the brokers know us, and say no.
    pub(super) fn is_refused(&self) -> bool {
        self.0.refused.load(Ordering::Relaxed)
    }

    /// Something was answered.
    pub(super) fn reached(&self) {
        if self.0.away.swap(false, Ordering::Relaxed) {
            tracing::info!("Kafka answers again");
        }
        *self.0.complaint.lock().unwrap_or_else(PoisonError::into_inner) = None;
    }
}

impl ClientContext for Watch {
    fn log(&self, level: RDKafkaLogLevel, facility: &str, message: &str) {
        match level {
            RDKafkaLogLevel::Emerg | RDKafkaLogLevel::Alert | RDKafkaLogLevel::Critical | RDKafkaLogLevel::Error => {
                tracing::debug!(facility, "{message}");
            }
            _ => tracing::trace!(facility, "{message}"),
        }
    }

    fn error(&self, error: KafkaError, reason: &str) {
        metrics::broker_complained();
        let code = error.rdkafka_error_code();
        if matches!(code, Some(RDKafkaErrorCode::Authentication | RDKafkaErrorCode::SaslAuthenticationFailed)) {
            self.0.refused.store(true, Ordering::Relaxed);
        }
        let mut complaint = self.0.complaint.lock().unwrap_or_else(PoisonError::into_inner);
        // That all are down follows from the complaint before it, which says why.
        if complaint.is_none() || code != Some(RDKafkaErrorCode::AllBrokersDown) {
            *complaint = Some(reason.to_owned());
        }
        drop(complaint);
        if code == Some(RDKafkaErrorCode::AllBrokersDown) {
            if !self.0.away.swap(true, Ordering::Relaxed) {
                tracing::error!(brokers = self.0.brokers, "no Kafka broker answers: everything waits until one does");
            }
        } else if matches!(code, Some(RDKafkaErrorCode::BrokerTransportFailure | RDKafkaErrorCode::Resolve)) {
            // Each connection says so at each try; what matters is whether any broker is left.
            tracing::debug!(%error, reason, "a connection to Kafka broke");
        } else {
            tracing::warn!(%error, reason, "Kafka complains");
        }
    }
}

impl ConsumerContext for Watch {}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config_file;
    use std::path::Path;

    fn config(text: &str) -> KafkaConfig {
        config_file::parse(Path::new("x.toml"), text).unwrap()
    }

    #[test]
    fn a_password_in_the_clear_is_refused() {
        let text = "brokers = [\"a:1\"]\n[sasl]\nmechanism = \"plain\"\nuser = \"d\"\npassword = { env = \"PATH\" }";
        let error = settings(&config(text)).unwrap_err().to_string();
        assert!(error.contains("[bus.kafka.tls]"), "{error}");
        let error = settings(&config(&text.replace("PATH", "NO_SUCH").replace("plain", "scram-sha-256"))).unwrap_err();
        assert!(error.to_string().contains("environment variable NO_SUCH is not set"), "{error}");
    }

    #[test]
    fn tls_and_sasl_choose_the_protocol() {
        let dir = tempfile::tempdir().unwrap();
        let file = dir.path().join("password");
        std::fs::write(&file, "s3cret\n").unwrap();
        let text = format!(
            "brokers = [\"a:1\", \"b:1\"]\n[tls]\nca_file = \"/ca.pem\"\n[sasl]\nuser = \"d\"\npassword = {{ file = {file:?} }}"
        );
        let settings = settings(&config(&text)).unwrap();
        assert_eq!(settings.get("security.protocol"), Some("sasl_ssl"));
        assert_eq!(settings.get("bootstrap.servers"), Some("a:1,b:1"));
        assert_eq!(settings.get("sasl.password"), Some("s3cret"));
        assert_eq!(settings.get("ssl.ca.location"), Some("/ca.pem"));
    }
}
