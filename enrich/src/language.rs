//! Which language a post is written in.

use bus::Enriched;

use crate::Enricher;

/// Tags the language of posts.
pub(crate) struct LanguageEnricher {}

impl LanguageEnricher {
    pub(crate) fn new() -> Self {
        Self {}
    }
}

impl Enricher for LanguageEnricher {
    fn name(&self) -> &'static str {
        "language"
    }

    fn enrich(&self, _batch: &mut [Enriched]) {}
}
