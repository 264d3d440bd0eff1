//! The keys of `[bus.kafka]` in `config/discovery.toml`.

use std::num::{NonZeroU16, NonZeroU32};
use std::path::PathBuf;

use serde::Deserialize;

use crate::secret::SecretRef;

/// The longest that records may stay in Kafka, in hours: they cannot be removed from it one by one, so that whoever asks to
/// be erased is gone from there after this time.
pub const MAX_RETENTION_HOURS: u32 = 7 * 24;

/// Which Kafka cluster carries the records, and how to reach it: section `[bus.kafka]` of `config/discovery.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct KafkaConfig {
    /// Some of the brokers, as `host:port`; the others are found through them.
    pub brokers: Vec<String>,
    /// What the names of our bus topics begin with in the cluster.
    #[serde(default = "default_prefix")]
    pub topic_prefix: String,
    /// What the names of our consumer groups begin with. A second node that indexes everything needs another one.
    #[serde(default = "default_prefix")]
    pub group_prefix: String,
    /// Copies of each partition, when bus topics are created. With 3, one broker may fail.
    #[serde(default = "default_replication")]
    pub replication: NonZeroU16,
    /// How batches are compressed.
    #[serde(default)]
    pub compression: Compression,
    /// After how many milliseconds without a sign of life the partitions of a process go to the others of its group.
    #[serde(default = "default_session_timeout")]
    pub session_timeout_ms: NonZeroU32,
    /// Encryption; absent means none.
    #[serde(default)]
    pub tls: Option<TlsConfig>,
    /// Who we are; absent means nobody in particular.
    #[serde(default)]
    pub sasl: Option<SaslConfig>,
}

/// How batches are compressed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Compression {
    /// Small, at little cost.
    #[default]
    Zstd,
    /// Larger, and cheaper still.
    Lz4,
    /// As they are.
    None,
}

/// Encryption of the connections: section `[bus.kafka.tls]`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TlsConfig {
    /// The authorities that are trusted, in PEM; absent means those of the system.
    pub ca_file: Option<PathBuf>,
    /// Our own certificate, in PEM, where brokers ask for one.
    pub certificate_file: Option<PathBuf>,
    /// Its key, in PEM.
    pub key_file: Option<PathBuf>,
}

/// Proof of who we are: section `[bus.kafka.sasl]`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SaslConfig {
    /// How it is proved.
    #[serde(default)]
    pub mechanism: SaslMechanism,
    /// The user.
    pub user: String,
    /// Where the password is.
    pub password: SecretRef,
}

/// How a user is proved to be who they say.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SaslMechanism {
    /// SCRAM with SHA-512: the password does not travel.
    #[default]
    #[serde(rename = "scram-sha-512")]
    ScramSha512,
    /// SCRAM with SHA-256.
    #[serde(rename = "scram-sha-256")]
    ScramSha256,
    /// The password as it is: only together with `tls`.
    Plain,
}

impl KafkaConfig {
    /// The brokers as they are given, with everything else as it is by default.
    pub fn at(brokers: impl IntoIterator<Item = String>) -> Self {
        Self {
            brokers: brokers.into_iter().collect(),
            topic_prefix: default_prefix(),
            group_prefix: default_prefix(),
            replication: default_replication(),
            compression: Compression::default(),
            session_timeout_ms: default_session_timeout(),
            tls: None,
            sasl: None,
        }
    }
}

fn default_prefix() -> String {
    "discovery.".to_owned()
}

fn default_replication() -> NonZeroU16 {
    NonZeroU16::new(3).expect("3 is not 0")
}

fn default_session_timeout() -> NonZeroU32 {
    NonZeroU32::new(10_000).expect("it is not 0")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config_file;

    fn parse(text: &str) -> Result<KafkaConfig, String> {
        config_file::parse(Path::new("x.toml"), text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_brokers_are_enough_and_the_rest_has_defaults() {
        assert_eq!(parse("brokers = [\"a:9092\"]").unwrap(), KafkaConfig::at(["a:9092".to_owned()]));
        assert!(parse("").unwrap_err().contains("brokers"));
    }

    #[test]
    fn a_password_is_never_part_of_the_configuration() {
        let written = "brokers = [\"a:9092\"]\n[sasl]\nuser = \"d\"\npassword = \"s3cret\"";
        assert!(parse(written).is_err());
        let config = parse(&written.replace("\"s3cret\"", "{ env = \"KAFKA_PASSWORD\" }")).unwrap();
        assert_eq!(config.sasl.unwrap().mechanism, SaslMechanism::ScramSha512);
    }

    #[test]
    fn a_misspelt_mechanism_is_told_from_the_right_ones() {
        let text = "brokers = []\n[sasl]\nuser = \"d\"\npassword = { env = \"X\" }\nmechanism = \"scram-sha512\"";
        assert!(parse(text).unwrap_err().contains("scram-sha-512"), "{}", parse(text).unwrap_err());
    }
}
