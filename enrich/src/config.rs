//! What can be configured about enrichment.

use std::num::NonZeroUsize;
use std::thread::available_parallelism;

use serde::Deserialize;

use crate::transformer::TransformerConfig;

/// The `[enrich]` table of `config/discovery.toml`.
#[derive(Clone, Debug, Default, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct EnrichConfig {
    /// Threads that enrich at the same time. When not given: two, or one on a machine with a single core.
    pub workers: Option<NonZeroUsize>,
    /// The second tier of sentiment and subjects.
    pub transformer: TransformerConfig,
}

impl EnrichConfig {
    /// How many threads to use on this machine.
    pub fn worker_count(&self) -> NonZeroUsize {
        self.workers.unwrap_or_else(|| {
            let cores = available_parallelism().unwrap_or(NonZeroUsize::MIN);
            cores.min(NonZeroUsize::MIN.saturating_add(1))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configured_number_of_workers_wins_over_the_default() {
        let config: EnrichConfig = toml::from_str("workers = 7").unwrap();
        assert_eq!(config.worker_count().get(), 7);
        assert!((1..=2).contains(&EnrichConfig::default().worker_count().get()));
    }

    #[test]
    fn no_workers_at_all_is_refused() {
        assert!(toml::from_str::<EnrichConfig>("workers = 0").is_err());
    }
}
