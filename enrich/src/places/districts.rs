//! Postcode districts such as "LS6", and telling them from vitamins, motorways and junior doctors.

use std::collections::HashMap;

use bus::{Place, PlaceKind};

use super::finder;
use crate::text::{is_in_link, is_whole_word, word_after, word_before};

/// What redaction leaves of a full postcode begins so.
const PLACEHOLDER: &str = "[postcode ";

/// Districts that more often mean something else: grades of doctors, gases, vertebrae, vitamins, fuel.
const OTHERWISE_USED: [&str; 30] = [
    "FY1", "FY2", "CT1", "CT2", "CT3", "ST1", "ST2", "ST3", "ST4", "ST5", "ST6", "ST7", "ST8", "CO2", "PO2", "PO4",
    "DN4", "L1", "L2", "L3", "L4", "L5", "S1", "S2", "S3", "B1", "B2", "B3", "B6", "B12",
];

/// Words before a district that speak of a place.
const PREPOSITIONS: [&str; 7] = ["in", "near", "around", "from", "postcode", "to", "at"];

/// Words after a district that speak of a place.
const PLACE_WORDS: [&str; 9] =
    ["area", "surgery", "surgeries", "practice", "dentist", "pharmacy", "residents", "postcode", "postcodes"];

/// Finds postcode districts.
pub(super) struct Districts {
    regions: HashMap<String, String>,
}

impl Districts {
    /// From the region of every district.
    pub(super) fn new(regions: HashMap<String, String>) -> Self {
        Self { regions }
    }

    /// Adds the districts that `text` names to `found`.
    pub(super) fn find(&self, text: &str, found: &mut Vec<Place>) {
        let bytes = text.as_bytes();
        let mut start = 0;
        while let Some(letters) = bytes[start..].iter().position(u8::is_ascii_uppercase) {
            start += letters;
            let length = bytes[start..].iter().take(5).take_while(|byte| is_code(**byte)).count();
            let code = &text[start..start + length];
            // Looking a code up costs more than seeing that it has no digit: most capitals begin ordinary words.
            let digit = bytes[start..start + length].iter().skip(1).take(2).any(u8::is_ascii_digit);
            if digit
                && is_whole_word(text, start, start + length)
                && !is_in_link(text, start)
                && let Some(region) = self.regions.get(code)
                && let Some(confidence) = confidence(text, start, code)
            {
                let (name, region) = (code.to_owned(), Some(region.clone()));
                finder::add(found, Place { kind: PlaceKind::PostcodeDistrict, name, region, confidence });
            }
            start += length.max(1);
        }
    }
}

fn is_code(byte: u8) -> bool {
    byte.is_ascii_uppercase() || byte.is_ascii_digit()
}

/// How sure it is that `code` at `start` means the district; `None` where it does not.
fn confidence(text: &str, start: usize, code: &str) -> Option<f32> {
    if text[..start].ends_with(PLACEHOLDER) {
        return Some(0.95);
    }
    if OTHERWISE_USED.contains(&code) || is_motorway(code) {
        return None;
    }
    let is_one_of = |word: &str, words: &[&str]| words.iter().any(|known| known.eq_ignore_ascii_case(word));
    let end = start + code.len();
    // Letters and a number are also the name of a ward, a bus, a form: without a word beside them nothing is said.
    if text[..start].ends_with(' ') && is_one_of(word_before(text, start), &PREPOSITIONS) {
        Some(0.75)
    } else if text[end..].starts_with(' ') && is_one_of(word_after(text, end), &PLACE_WORDS) {
        Some(0.6)
    } else {
        None
    }
}

fn is_motorway(code: &str) -> bool {
    code.strip_prefix('M').and_then(|number| number.parse::<u8>().ok()).is_some_and(|number| number < 70)
}
