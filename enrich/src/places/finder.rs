//! Finding names of places in text, and telling them from other words that are spelt alike.

use std::collections::HashSet;

use aho_corasick::{AhoCorasick, MatchKind};
use bus::{Place, PlaceKind};

use super::gazetteer::{Entry, Rule};
use crate::text::{is_in_link, is_whole_word, word_after, word_before};

/// Words before a name that speak of a place.
const PREPOSITIONS: [&str; 15] = [
    "in",
    "at",
    "near",
    "from",
    "around",
    "to",
    "outside",
    "across",
    "throughout",
    "nr",
    "visiting",
    "central",
    "via",
    "greater",
    "rural",
];

/// Words after a name that speak of a place.
const PLACE_WORDS: [&str; 38] = [
    "hospital",
    "hospitals",
    "infirmary",
    "gp",
    "gps",
    "surgery",
    "surgeries",
    "practice",
    "practices",
    "clinic",
    "clinics",
    "pharmacy",
    "pharmacies",
    "dentist",
    "dentists",
    "council",
    "residents",
    "resident",
    "patients",
    "families",
    "people",
    "town",
    "city",
    "area",
    "borough",
    "district",
    "mp",
    "station",
    "maternity",
    "a&e",
    "nhs",
    "urgent",
    "minor",
    "community",
    "healthwatch",
    "hospice",
    "ambulance",
    "university",
];

/// Words after a name that make it part of a street's name in any case, or only with a capital.
const STREETS: [&str; 8] = ["road", "rd", "street", "lane", "avenue", "ave", "crescent", "terrace"];
const CAPITAL_STREETS: [&str; 12] =
    ["St", "Ln", "Way", "Close", "Drive", "Gardens", "Grove", "Gate", "Square", "Place", "Court", "Row"];

/// Words after a name that make it a sports club.
const CLUBS: [&str; 9] = ["United", "FC", "Rovers", "Wanderers", "Albion", "Hotspur", "Athletic", "Argyle", "Rugby"];

/// Words after "Name, ": the place of that name is in another country.
const ABROAD: [&str; 22] = [
    "Alabama",
    "Australia",
    "Canada",
    "Connecticut",
    "Delaware",
    "Georgia",
    "Illinois",
    "Ireland",
    "Jamaica",
    "Kentucky",
    "MA",
    "Maine",
    "Massachusetts",
    "Nebraska",
    "NSW",
    "Ohio",
    "Ontario",
    "PA",
    "Pennsylvania",
    "Scotland",
    "Texas",
    "USA",
];

/// Finds all places of the gazetteer in one pass over a text.
pub(super) struct Finder {
    automaton: AhoCorasick,
    /// What the patterns mean, in their order.
    names: Vec<Name>,
    places: Vec<Entry>,
}

/// One pattern: a name in its usual spelling.
struct Name {
    spelling: String,
    /// The place that has this name; `None` for a decoy.
    place: Option<usize>,
}

impl Finder {
    pub(super) fn new(places: Vec<Entry>, decoys: &[String]) -> Self {
        let mut seen = HashSet::new();
        let mut names = Vec::new();
        let mut add = |spelling: String, place: Option<usize>| {
            if seen.insert(spelling.to_ascii_lowercase()) {
                names.push(Name { spelling, place });
            }
        };
        for decoy in decoys {
            add(decoy.clone(), None);
        }
        for (index, place) in places.iter().enumerate() {
            for name in std::iter::once(&place.name).chain(&place.aliases) {
                for spelling in spellings(name) {
                    add(spelling, Some(index));
                }
            }
        }
        let automaton = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(names.iter().map(|name| &name.spelling))
            .expect("a gazetteer of England is far smaller than an automaton may be");
        Self { automaton, names, places }
    }

    /// Adds the places that `text` names to `found`.
    pub(super) fn find(&self, text: &str, found: &mut Vec<Place>) {
        for (start, end, name) in self.matches(text) {
            let Some(index) = name.place else { continue };
            if is_in_link(text, start) {
                continue;
            }
            let place = &self.places[index];
            if let Some(confidence) = confidence(text, start, end, name, place) {
                add(found, tag(place, confidence));
            }
        }
    }

    /// The places that `hint` names: it is known to be a place, so names need no capitals and no words beside them.
    pub(super) fn find_all_named(&self, hint: &str) -> Vec<Place> {
        let matches = self.matches(hint).filter(|(_, end, _)| !is_street(hint, *end));
        matches.filter_map(|(_, _, name)| Some(tag(&self.places[name.place?], 1.0))).collect()
    }

    fn matches<'a>(&'a self, text: &'a str) -> impl Iterator<Item = (usize, usize, &'a Name)> {
        let whole = self.automaton.find_iter(text).filter(|m| is_whole_word(text, m.start(), m.end()));
        whole.map(|m| (m.start(), m.end(), &self.names[m.pattern().as_usize()]))
    }
}

/// Adds a place, or makes the same place surer if it is there already.
pub(super) fn add(found: &mut Vec<Place>, place: Place) {
    match found.iter_mut().find(|known| known.kind == place.kind && known.name == place.name) {
        Some(known) => known.confidence = known.confidence.max(place.confidence),
        None => found.push(place),
    }
}

fn tag(place: &Entry, confidence: f32) -> Place {
    Place { kind: place.kind, name: place.name.clone(), region: place.region.clone(), confidence }
}

/// A name, the same with curly apostrophes, and without apostrophes.
fn spellings(name: &str) -> Vec<String> {
    let mut spellings = vec![name.to_owned()];
    if name.contains('\'') {
        spellings.push(name.replace('\'', "\u{2019}"));
        spellings.push(name.replace('\'', ""));
    }
    spellings
}

/// How sure it is that the name at `start..end` means the place; `None` where it does not.
fn confidence(text: &str, start: usize, end: usize, name: &Name, place: &Entry) -> Option<f32> {
    if place.rule != Rule::Any && !keeps_capitals(&name.spelling, &text[start..end]) {
        return None;
    }
    if !matches!(place.kind, PlaceKind::Region | PlaceKind::Town) {
        return Some(0.9);
    }
    if is_street(text, end) || is_club_or_abroad(text, end) || is_half_of_name(text, start, end) {
        return None;
    }
    let before = if text[..start].ends_with(' ') { word_before(text, start) } else { "" };
    let after = if text[end..].starts_with(' ') { next_word(text, end) } else { "" };
    let after_preposition = is_one_of(before, &PREPOSITIONS);
    let before_place_word = is_one_of(after, &PLACE_WORDS);
    let named = match place.rule {
        Rule::Any => true,
        // "Kelly Preston" is somebody.
        Rule::Capital => after_preposition || before_place_word || !before.starts_with(char::is_uppercase),
        Rule::Compass => !continues_name(text, end),
        // "Near Deal to Buy" is a headline; "In Bath" begins a sentence.
        Rule::Cue => before_place_word || (speaks_of_place(text, before, start) && !continues_name(text, end)),
    };
    let confidence = match place.rule {
        Rule::Any | Rule::Capital if after_preposition => 0.85,
        Rule::Cue if after_preposition => 0.8,
        Rule::Any | Rule::Capital => 0.8,
        Rule::Cue | Rule::Compass => 0.7,
    };
    named.then_some(confidence)
}

/// Whether `before` is a preposition that can stand before a name which is also a word. "to Settle" is what somebody does.
fn speaks_of_place(text: &str, before: &str, start: usize) -> bool {
    let begins_sentence = || {
        let head = text[..start].trim_end().strip_suffix(before).unwrap_or("").trim_end();
        head.is_empty() || head.ends_with(['.', '!', '?', ':', '"', '\u{201c}'])
    };
    is_one_of(before, &PREPOSITIONS)
        && !before.eq_ignore_ascii_case("to")
        && (before.starts_with(char::is_lowercase) || begins_sentence())
}

/// "Bristol-Myers", "Windsor-Essex": a name that a hyphen joins to another.
fn is_half_of_name(text: &str, start: usize, end: usize) -> bool {
    let joined_after = text[end..].strip_prefix('-').is_some_and(|rest| rest.starts_with(char::is_uppercase));
    joined_after || text[..start].ends_with('-')
}

/// Whether every capital of the usual spelling is one in the text as well.
fn keeps_capitals(spelling: &str, said: &str) -> bool {
    spelling.bytes().zip(said.bytes()).all(|(usual, actual)| !usual.is_ascii_uppercase() || actual == usual)
}

/// "London Road" is a road, in whatever town.
fn is_street(text: &str, end: usize) -> bool {
    if !text[end..].starts_with(' ') {
        return false;
    }
    let next = word_after(text, end);
    is_one_of(next, &STREETS) || CAPITAL_STREETS.contains(&next)
}

fn is_club_or_abroad(text: &str, end: usize) -> bool {
    match text[end..].strip_prefix(", ") {
        Some(rest) => ABROAD.contains(&word_after(rest, 0)),
        None => text[end..].starts_with(' ') && CLUBS.contains(&word_after(text, end)),
    }
}

/// Whether another word with a capital follows directly, as in "South West Trains".
fn continues_name(text: &str, end: usize) -> bool {
    let next = word_after(text, end);
    text[end..].starts_with(' ')
        && next.starts_with(char::is_uppercase)
        && !matches!(next, "England" | "NHS" | "A" | "I" | "GP" | "GPs" | "ICB" | "ICBs")
}

/// The word after `end`, with "A&E" as one word.
fn next_word(text: &str, end: usize) -> &str {
    let rest = text[end..].trim_start();
    rest.get(..3).filter(|start| start.eq_ignore_ascii_case("a&e")).unwrap_or_else(|| word_after(text, end))
}

fn is_one_of(word: &str, words: &[&str]) -> bool {
    words.iter().any(|known| known.eq_ignore_ascii_case(word))
}
