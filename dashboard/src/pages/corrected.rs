//! What staff have corrected on a post: what the machine had said, what they say, who, when and why.

use bus::{Corrected, Enriched, Place, Ruling, SentimentLabel};

use crate::format;
use crate::labels;
use crate::site::Site;

/// One tag that staff have corrected, in words.
pub struct CorrectedTag {
    /// Which tag ("Topics").
    pub name: &'static str,
    /// What the machine had said.
    pub was: String,
    /// What staff say.
    pub is: String,
    /// Who said so, and when.
    pub by: String,
    /// Why, in their words.
    pub why: String,
}

/// How sure a tag is, in words.
pub fn surety(by_staff: bool, confidence: f32) -> String {
    if by_staff { "set by staff".to_owned() } else { format!("{} sure", format::percent(f64::from(confidence))) }
}

/// The tags of `post` that staff have corrected.
pub fn tags(site: &Site, post: &Enriched) -> Vec<CorrectedTag> {
    let Some(corrected) = &post.corrected else { return Vec::new() };
    let Corrected { was, said } = corrected.as_ref();
    let mut tags = Vec::new();
    let language = |code: Option<&str>| labels::language(code.unwrap_or(index::NONE));
    if let Some(ruling) = &said.language {
        tags.push(tag("Language", language(was.language.as_deref()), language(ruling.to.as_deref()), ruling));
    }
    if let Some(ruling) = &said.sentiment {
        tags.push(tag("Feeling", feeling(was.sentiment.map(|was| was.label)), feeling(ruling.to), ruling));
    }
    if let Some(ruling) = &said.topics {
        let names = |slugs: &mut dyn Iterator<Item = &String>| {
            listed(&slugs.map(|slug| site.parts.labels.topic(slug).to_owned()).collect::<Vec<_>>(), "No topic")
        };
        tags.push(tag(
            "Topics",
            names(&mut was.topics.iter().map(|tag| &tag.topic)),
            names(&mut ruling.to.iter()),
            ruling,
        ));
    }
    if let Some(ruling) = &said.places {
        let names =
            |places: &[Place]| listed(&places.iter().map(|place| place.name.clone()).collect::<Vec<_>>(), "No place");
        tags.push(tag("Places", names(&was.places), names(&ruling.to), ruling));
    }
    tags
}

fn tag<T>(name: &'static str, was: String, is: String, ruling: &Ruling<T>) -> CorrectedTag {
    let by = format!("{}, {}", ruling.by, format::moment(ruling.at));
    CorrectedTag { name, was, is, by, why: ruling.why.clone() }
}

fn feeling(label: Option<SentimentLabel>) -> String {
    label.map_or("No feeling", labels::sentiment).to_owned()
}

fn listed(names: &[String], none: &str) -> String {
    if names.is_empty() { none.to_owned() } else { names.join(", ") }
}
