//! The list of enrichers that every post goes through, in its order.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bus::Enriched;
use bus::config_file::ConfigError;

use crate::Enricher;
use crate::language::LanguageEnricher;
use crate::places::{PlaceEnricher, RegionInfo};
use crate::redact::Redactor;
use crate::sentiment::SentimentEnricher;
use crate::topics::Topics;

/// All enrichers, and the lists that the dashboard needs to name their tags.
pub struct Chain {
    enrichers: Vec<Arc<dyn Enricher>>,
    topics: Arc<Topics>,
    regions: Vec<RegionInfo>,
}

impl Chain {
    /// Reads `topics.toml`, `lexicon/` and `places/` in `config_dir`.
    ///
    /// # Errors
    /// [`ConfigError`], naming the file and the line.
    pub fn load(config_dir: &Path) -> Result<Self, ConfigError> {
        let topics = Arc::new(Topics::load(&config_dir.join("topics.toml"))?);
        let places = PlaceEnricher::load(&config_dir.join("places"))?;
        let regions = places.regions().to_vec();
        // Redaction comes first, so that no tag can hold what it removes; sentiment needs the language.
        let enrichers: Vec<Arc<dyn Enricher>> = vec![
            Arc::new(Redactor::new()),
            Arc::new(LanguageEnricher::new()),
            Arc::new(SentimentEnricher::load(&config_dir.join("lexicon"))?),
            Arc::clone(&topics) as Arc<dyn Enricher>,
            Arc::new(places),
        ];
        Ok(Self { enrichers, topics, regions })
    }

    /// A chain of these enrichers, which knows no topics and regions.
    #[cfg(test)]
    pub(crate) fn of(enrichers: Vec<Arc<dyn Enricher>>) -> Self {
        Self { enrichers, topics: Arc::new(Topics::none()), regions: Vec::new() }
    }

    /// Sends the batch through every enricher. CPU-bound: call it off the async threads.
    pub fn enrich(&self, batch: &mut [Enriched]) {
        for enricher in &self.enrichers {
            let start = Instant::now();
            enricher.enrich(batch);
            metrics::histogram!("discovery_enrich_seconds", "enricher" => enricher.name()).record(start.elapsed());
        }
    }

    /// The enrichers, in the order in which they are applied.
    pub fn enrichers(&self) -> impl Iterator<Item = &dyn Enricher> {
        self.enrichers.iter().map(AsRef::as_ref)
    }

    /// The subjects that posts are tagged with.
    pub fn topics(&self) -> &Topics {
        &self.topics
    }

    /// The seven NHS regions of England, in the order of `config/places/regions.csv`.
    pub fn regions(&self) -> &[RegionInfo] {
        &self.regions
    }
}
