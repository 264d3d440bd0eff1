//! Where a post is about: places of England named in it, or hinted at by its source.

mod districts;
mod finder;
mod gazetteer;

use std::path::Path;

use bus::config_file::ConfigError;
use bus::{Enriched, Place, Post};

use crate::Enricher;
use crate::text::tagged_part;
use districts::Districts;
use finder::Finder;

/// One of the seven NHS regions of England.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionInfo {
    /// The name in URLs and tags.
    pub slug: String,
    /// The name for people.
    pub name: String,
    /// Usual residents; source and year are named in `config/places/regions.csv`.
    pub population: u32,
}

/// A post that names more places than this is a list of places, not about them.
const MAX_PLACES: usize = 8;

/// How sure we are of a place that only the source or the meeting hints at.
const HINT_CONFIDENCE: f32 = 0.4;

/// Tags the places that posts are about.
pub(crate) struct PlaceEnricher {
    regions: Vec<RegionInfo>,
    finder: Finder,
    districts: Districts,
}

impl PlaceEnricher {
    /// Reads the gazetteer in `dir`.
    pub(crate) fn load(dir: &Path) -> Result<Self, ConfigError> {
        let gazetteer = gazetteer::read(dir)?;
        let finder = Finder::new(gazetteer.places, &gazetteer.decoys);
        Ok(Self { regions: gazetteer.regions, finder, districts: Districts::new(gazetteer.districts) })
    }

    pub(crate) fn regions(&self) -> &[RegionInfo] {
        &self.regions
    }

    /// The places in a text that a person gave as the name of one, without doubt.
    pub(crate) fn named(&self, name: &str) -> Vec<Place> {
        self.finder.find_all_named(name)
    }

    fn places(&self, post: &Post) -> Vec<Place> {
        let mut places = Vec::new();
        for text in [post.title.as_deref(), Some(post.text.as_str())].into_iter().flatten() {
            let text = tagged_part(text);
            self.finder.find(text, &mut places);
            self.districts.find(text, &mut places);
        }
        if let Some(hint) = &post.place_hint {
            for mut place in self.finder.find_all_named(hint) {
                place.confidence = HINT_CONFIDENCE;
                finder::add(&mut places, place);
            }
        }
        // A stable sort: of equally sure places the one named first comes first.
        places.sort_by(|a, b| b.confidence.total_cmp(&a.confidence));
        places.truncate(MAX_PLACES);
        places
    }
}

impl Enricher for PlaceEnricher {
    fn name(&self) -> &'static str {
        "places"
    }

    fn enrich(&self, batch: &mut [Enriched]) {
        for item in batch {
            item.places = self.places(&item.post);
        }
    }
}

#[cfg(test)]
mod tests;
