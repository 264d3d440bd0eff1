//! The keys of the log in `config/discovery.toml`.

use std::num::{NonZeroU8, NonZeroU32};

use serde::Deserialize;

use crate::kafka::KafkaConfig;

/// How the log keeps records, and which log it is: section `[bus]` of `config/discovery.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct BusConfig {
    /// Partitions of each bus topic, at most 255. Fixed when a data directory is first used, or when the bus topics are
    /// created in Kafka: the number there wins.
    pub partitions: NonZeroU8,
    /// How long posts and enriched posts are kept, in hours from their being appended.
    pub retention_hours: NonZeroU32,
    /// The most that each bus topic may take on disk, in bytes. Records beyond it are removed oldest first, even if
    /// nobody has read them yet. The log's journals come on top, at most about 192 MiB.
    pub retention_bytes: u64,
    /// How long dead letters are kept, in hours.
    pub dead_letter_retention_hours: NonZeroU32,
    /// The Kafka cluster that carries the records; absent means the embedded log.
    pub kafka: Option<KafkaConfig>,
}

impl Default for BusConfig {
    fn default() -> Self {
        Self {
            partitions: NonZeroU8::new(4).expect("4 is not 0"),
            retention_hours: nonzero(7 * 24),
            retention_bytes: 8 * 1024 * 1024 * 1024,
            dead_letter_retention_hours: nonzero(30 * 24),
            kafka: None,
        }
    }
}

const fn nonzero(number: u32) -> NonZeroU32 {
    NonZeroU32::new(number).expect("only called with numbers above 0")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::config_file;

    #[test]
    fn an_empty_section_means_the_defaults_and_plain_integers_are_read() {
        let parse = |text| config_file::parse::<BusConfig>(Path::new("discovery.toml"), text);
        assert_eq!(parse("").unwrap(), BusConfig::default());
        let config = parse("partitions = 2\nretention_bytes = 1000000\n").unwrap();
        assert_eq!((config.partitions.get(), config.retention_bytes), (2, 1_000_000));
    }

    #[test]
    fn no_partitions_and_misspelt_keys_are_refused() {
        let message = |text| config_file::parse::<BusConfig>(Path::new("x.toml"), text).unwrap_err().to_string();
        assert!(message("partitions = 0").contains("x.toml:1"));
        assert!(message("retension_hours = 1").ends_with("did you mean `retention_hours`?"));
    }
}
