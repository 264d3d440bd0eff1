//! Where a post is about.

use std::path::Path;

use bus::Enriched;
use bus::config_file::ConfigError;

use crate::Enricher;

/// One of the seven NHS regions of England.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionInfo {
    /// The name in URLs and tags.
    pub slug: String,
    /// The name for people.
    pub name: String,
    /// Usual residents; the source is named in `config/places/regions.csv`.
    pub population: u32,
}

/// Tags the places that posts are about.
pub(crate) struct PlaceEnricher {
    regions: Vec<RegionInfo>,
}

impl PlaceEnricher {
    pub(crate) fn load(_dir: &Path) -> Result<Self, ConfigError> {
        Ok(Self { regions: Vec::new() })
    }

    pub(crate) fn regions(&self) -> &[RegionInfo] {
        &self.regions
    }
}

impl Enricher for PlaceEnricher {
    fn name(&self) -> &'static str {
        "places"
    }

    fn enrich(&self, _batch: &mut [Enriched]) {}
}
