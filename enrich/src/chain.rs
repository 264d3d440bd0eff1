//! The list of enrichers that every post goes through, in its order.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bus::config_file::ConfigError;
use bus::{Enriched, Place};

use crate::Enricher;
use crate::aspects::AspectEnricher;
use crate::language::LanguageEnricher;
use crate::places::{PlaceEnricher, RegionInfo};
use crate::redact::Redactor;
use crate::sentiment::SentimentEnricher;
use crate::topics::Topics;
use crate::transformer::enricher::TransformerEnricher;
use crate::transformer::tally::Tally;
use crate::transformer::tier::Tier;
use crate::transformer::{Sampled, TransformerConfig, TransformerError};

/// The place in the list of enrichers where the transformer tier comes in: after what it replaces, before aspects, which are
/// taken from both.
const SECOND_TIER: usize = 4;

/// All enrichers, and the lists that the dashboard needs to name their tags. Clones share them.
#[derive(Clone)]
pub struct Chain {
    enrichers: Vec<Arc<dyn Enricher>>,
    topics: Arc<Topics>,
    sentiment: Arc<SentimentEnricher>,
    places: Arc<PlaceEnricher>,
    tally: Arc<Tally>,
}

impl Chain {
    /// Reads `topics.toml`, `lexicon/` and `places/` in `config_dir`.
    ///
    /// # Errors
    /// [`ConfigError`], naming the file and the line.
    pub fn load(config_dir: &Path) -> Result<Self, ConfigError> {
        let topics = Arc::new(Topics::load_with_heads(config_dir)?);
        let sentiment = Arc::new(SentimentEnricher::load(config_dir)?);
        let places = Arc::new(PlaceEnricher::load(&config_dir.join("places"))?);
        // Redaction comes first, so that no tag can hold what it removes; sentiment needs the language,
        // and aspects need sentiment and subjects.
        let enrichers: Vec<Arc<dyn Enricher>> = vec![
            Arc::new(Redactor::new()),
            Arc::new(LanguageEnricher::load(&config_dir.join("models"))?),
            Arc::clone(&sentiment) as Arc<dyn Enricher>,
            Arc::clone(&topics) as Arc<dyn Enricher>,
            Arc::new(AspectEnricher::new(Arc::clone(&topics), Arc::clone(&sentiment))),
            Arc::clone(&places) as Arc<dyn Enricher>,
        ];
        Ok(Self { enrichers, topics, sentiment, places, tally: Arc::default() })
    }

    /// The same chain with the transformer tier in it, if `config` wants that. For the stage that tags posts alone: the tier
    /// takes some hundreds of megabytes, and a thread.
    ///
    /// # Errors
    /// [`TransformerError`], which says what to do.
    pub fn for_stage(&self, config_dir: &Path, config: &TransformerConfig) -> Result<Self, TransformerError> {
        let mut chain = self.clone();
        if config.enabled {
            let tier = Tier::load(config_dir, config, Arc::clone(&self.sentiment), Arc::clone(&self.topics))?;
            let enricher = TransformerEnricher::new(tier, Arc::clone(&self.topics), config, Arc::clone(&self.tally));
            chain.enrichers.insert(SECOND_TIER, Arc::new(enricher));
        }
        Ok(chain)
    }

    /// The chain of the repository's configuration with these enrichers in place of its own.
    #[cfg(test)]
    pub(crate) fn of(enrichers: Vec<Arc<dyn Enricher>>) -> Self {
        let config = Path::new(env!("CARGO_MANIFEST_DIR")).join("../config");
        Self { enrichers, ..Self::load(&config).expect("the configuration in the repository is valid") }
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

    /// How often the feeling of a labelled text that the model had not seen was told right, 0 to 1, as the card of
    /// the model says; `None` where nobody measured it.
    pub fn feeling_right(&self) -> Option<f64> {
        self.sentiment.right()
    }

    /// How many posts the transformer tier tagged in the last hour or two, and how many it left out; `None` where it had
    /// nothing to tag, or is not there. All clones of a chain count together.
    pub fn sampled(&self) -> Option<Sampled> {
        self.tally.recent(Instant::now())
    }

    /// The seven NHS regions of England, in the order of `config/places/regions.csv`.
    pub fn regions(&self) -> &[RegionInfo] {
        self.places.regions()
    }

    /// The places of the gazetteer in a text that a person gave as the name of one.
    pub fn places_named(&self, name: &str) -> Vec<Place> {
        self.places.named(name)
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;
    use std::sync::LazyLock;

    use proptest::prelude::*;

    use super::*;
    use crate::testing::untagged;

    static CHAIN: LazyLock<Chain> =
        LazyLock::new(|| Chain::load(&PathBuf::from(concat!(env!("CARGO_MANIFEST_DIR"), "/../config"))).unwrap());

    fn enriched(text: &str) -> Enriched {
        let mut post = untagged(text);
        CHAIN.enrich(std::slice::from_mut(&mut post));
        post
    }

    #[test]
    fn a_post_gets_all_its_tags() {
        let post = enriched("Dr Patel never listened, I live in LS6 1AA and no dentist will see me. Disgraceful!");
        assert_eq!(
            post.post.text,
            "Dr [name] never listened, I live in [postcode LS6] and no dentist will see me. Disgraceful!"
        );
        assert_eq!(post.language.as_deref(), Some("en"));
        assert_eq!(post.sentiment.unwrap().label, bus::SentimentLabel::Negative);
        assert!(post.topics.iter().any(|tag| CHAIN.topics().get(&tag.topic).unwrap().name == "Dentistry"), "{post:?}");
        assert_eq!(post.region(), Some("north-east-and-yorkshire"));
        assert!(CHAIN.regions().iter().any(|region| Some(region.slug.as_str()) == post.region()));
    }

    #[test]
    fn a_missing_configuration_is_named() {
        let error = Chain::load(Path::new("/nowhere")).err().unwrap().to_string();
        assert!(error.starts_with("/nowhere/topics.toml: cannot be read"), "{error}");
    }

    proptest! {
        #[test]
        fn enriching_again_changes_nothing(text in r"([a-zA-Z']{1,8}|[0-9]{1,5}|[ .,!?@/#é’-]{1,2}| in | London ){0,30}") {
            let once = enriched(&text);
            let mut twice = once.clone();
            CHAIN.enrich(std::slice::from_mut(&mut twice));
            prop_assert_eq!(once, twice);
        }

        #[test]
        fn any_text_is_withstood(text in any::<String>()) {
            enriched(&text);
        }
    }
}
