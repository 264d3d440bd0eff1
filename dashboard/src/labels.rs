//! Names for people: of topics and regions, whose slugs are what posts carry, and of the closed sets of the contract.

use std::borrow::Cow;
use std::collections::BTreeMap;

use bus::{Channel, SentimentLabel, SourceState};
use index::NONE;
use index::trends::model::Status;

use crate::facet::Facet;

/// What the slugs of topics and regions mean; made from the configuration.
#[derive(Clone, Debug, Default)]
pub struct Labels {
    /// Topics by slug.
    pub topics: BTreeMap<String, TopicLabel>,
    /// NHS regions by slug.
    pub regions: BTreeMap<String, RegionLabel>,
    /// The languages that posts are told to be in, by their codes.
    pub languages: Vec<String>,
}

/// A topic in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TopicLabel {
    /// Its name ("GP appointments").
    pub name: String,
    /// The group of topics that it belongs to ("Access").
    pub group: String,
    /// What counts as this topic, in a sentence.
    pub definition: String,
}

/// An NHS region in words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RegionLabel {
    /// Its name ("North East and Yorkshire").
    pub name: String,
    /// How many people live there.
    pub population: u64,
}

impl Labels {
    /// The topic's name, or its slug where the configuration no longer has it.
    pub fn topic<'a>(&'a self, slug: &'a str) -> &'a str {
        if slug == NONE { "No topic" } else { self.topics.get(slug).map_or(slug, |topic| &topic.name) }
    }

    /// The region's name, or its slug where the configuration no longer has it.
    pub fn region<'a>(&'a self, slug: &'a str) -> &'a str {
        if slug == NONE { "No region" } else { self.regions.get(slug).map_or(slug, |region| &region.name) }
    }

    /// The part of the population that lives in the region, 0 to 1; `None` where it is not known.
    pub fn population_share(&self, slug: &str) -> Option<f64> {
        let all: u64 = self.regions.values().map(|region| region.population).sum();
        let here = self.regions.get(slug)?.population;
        (all > 0).then(|| here as f64 / all as f64)
    }
}

/// A channel in words: "source type" on screen.
pub fn channel(channel: Channel) -> &'static str {
    match channel {
        Channel::Social => "Social media",
        Channel::Forum => "Forums",
        Channel::News => "News and blogs",
        Channel::Offline => "Meetings",
        Channel::Comment => "Comments",
    }
}

/// Where one post of a channel was said, in words.
pub fn said_in(channel: Channel) -> &'static str {
    match channel {
        Channel::Social => "Social media post",
        Channel::Forum => "Forum post",
        Channel::News => "News or blog article",
        Channel::Offline => "Said in a meeting",
        Channel::Comment => "Comment",
    }
}

/// A feeling in words.
pub fn sentiment(label: SentimentLabel) -> &'static str {
    match label {
        SentimentLabel::Negative => "Negative",
        SentimentLabel::Neutral => "Neutral",
        SentimentLabel::Positive => "Positive",
    }
}

/// Every status, in the order shown on screen.
pub const STATUSES: [Status; 5] = [Status::New, Status::Rising, Status::Sustained, Status::Falling, Status::Held];

/// The name of a status in URLs and the API.
pub fn status_slug(status: Status) -> &'static str {
    match status {
        Status::New => "new",
        Status::Rising => "rising",
        Status::Sustained => "sustained",
        Status::Falling => "falling",
        Status::Held => "held",
    }
}

/// The status that [`status_slug`] names.
pub fn status_from_slug(slug: &str) -> Option<Status> {
    STATUSES.into_iter().find(|known| status_slug(*known) == slug)
}

/// What an issue is doing, in a word.
pub fn status(status: Status) -> &'static str {
    match status {
        Status::New => "New",
        Status::Rising => "Rising",
        Status::Sustained => "Sustained",
        Status::Falling => "Falling",
        Status::Held => "Held",
    }
}

/// The colour of an issue's tag. The word on the tag says the same.
pub fn status_colour(status: Status) -> &'static str {
    match status {
        Status::New => "purple",
        Status::Rising => "blue",
        Status::Sustained => "white",
        Status::Falling => "grey",
        Status::Held => "yellow",
    }
}

/// Whether a source works, in words.
pub fn source_state(state: SourceState) -> &'static str {
    match state {
        SourceState::Failing => "Failing",
        SourceState::Retrying => "Trying again",
        SourceState::RateLimited => "Asked to wait",
        SourceState::Silent => "Silent",
        SourceState::Waiting => "Not tried yet",
        SourceState::Working => "Working",
    }
}

/// The colour of a source's tag. The word on the tag says the same.
pub fn source_colour(state: SourceState) -> &'static str {
    match state {
        SourceState::Failing => "red",
        SourceState::Retrying | SourceState::RateLimited => "orange",
        SourceState::Silent => "yellow",
        SourceState::Waiting => "grey",
        SourceState::Working => "green",
    }
}

/// The name of a facet's value.
pub fn value<'a>(labels: &'a Labels, facet: Facet, value: &'a str) -> Cow<'a, str> {
    let known = match facet {
        Facet::Channel => Channel::from_slug(value).map(channel),
        Facet::Feeling if value == NONE => Some("Not scored"),
        Facet::Feeling => SentimentLabel::from_slug(value).map(sentiment),
        Facet::Region => Some(labels.region(value)),
        Facet::Topic => Some(labels.topic(value)),
        Facet::Language => return Cow::Owned(language(value)),
        Facet::Source => None,
    };
    Cow::Borrowed(known.unwrap_or(value))
}

/// The English name of a language, for the languages most spoken in England; other codes are shown as they are.
pub fn language(code: &str) -> String {
    let name = match code {
        NONE => "Language not known",
        "ar" => "Arabic",
        "bg" => "Bulgarian",
        "bn" => "Bengali",
        "cs" => "Czech",
        "cy" => "Welsh",
        "de" => "German",
        "el" => "Greek",
        "en" => "English",
        "es" => "Spanish",
        "fa" => "Persian",
        "fr" => "French",
        "gu" => "Gujarati",
        "he" => "Hebrew",
        "hi" => "Hindi",
        "hu" => "Hungarian",
        "it" => "Italian",
        "ja" => "Japanese",
        "ko" => "Korean",
        "lt" => "Lithuanian",
        "ml" => "Malayalam",
        "pa" => "Panjabi",
        "pl" => "Polish",
        "pt" => "Portuguese",
        "ro" => "Romanian",
        "ru" => "Russian",
        "si" => "Sinhala",
        "sk" => "Slovak",
        "so" => "Somali",
        "sq" => "Albanian",
        "ta" => "Tamil",
        "te" => "Telugu",
        "th" => "Thai",
        "tl" => "Tagalog",
        "tr" => "Turkish",
        "uk" => "Ukrainian",
        "ur" => "Urdu",
        "yo" => "Yoruba",
        "zh" => "Chinese",
        other => return format!("Language code {other}"),
    };
    name.to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_the_configuration_no_longer_has_is_shown_by_its_slug() {
        let labels = Labels::default();
        assert_eq!(labels.topic("parking"), "parking");
        assert_eq!(labels.region(NONE), "No region");
        assert_eq!(labels.population_share("london"), None);
    }

    #[test]
    fn shares_of_population_add_up() {
        let region = |name: &str, population| RegionLabel { name: name.to_owned(), population };
        let regions = BTreeMap::from([("a".to_owned(), region("A", 3)), ("b".to_owned(), region("B", 1))]);
        let labels = Labels { topics: BTreeMap::new(), regions, ..Labels::default() };
        assert_eq!(labels.population_share("a"), Some(0.75));
        assert_eq!(labels.population_share("b"), Some(0.25));
    }
}
