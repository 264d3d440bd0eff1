//! How a post feels.

use std::path::Path;

use bus::Enriched;
use bus::config_file::ConfigError;

use crate::Enricher;

/// Tags the sentiment of English posts.
pub(crate) struct SentimentEnricher {}

impl SentimentEnricher {
    pub(crate) fn load(_dir: &Path) -> Result<Self, ConfigError> {
        Ok(Self {})
    }
}

impl Enricher for SentimentEnricher {
    fn name(&self) -> &'static str {
        "sentiment"
    }

    fn enrich(&self, _batch: &mut [Enriched]) {}
}
