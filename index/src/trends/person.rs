//! Whether texts are about one person: names are told by their capitals, as in "Ada Lovelace".

use std::collections::{BTreeMap, BTreeSet};

use super::words::{Kind, Splitter, Word};

/// Texts read at most; the last ones say what it is about now.
const MAX_TEXTS: usize = 300;

/// Words in the names of what is no person.
const NO_PERSON: &[&str] = &[
    "academy",
    "ambulance",
    "app",
    "board",
    "care",
    "centre",
    "church",
    "city",
    "clinic",
    "college",
    "community",
    "council",
    "dental",
    "department",
    "england",
    "foundation",
    "general",
    "group",
    "hall",
    "health",
    "healthwatch",
    "hospice",
    "hospital",
    "house",
    "infirmary",
    "library",
    "london",
    "medical",
    "minister",
    "north",
    "park",
    "party",
    "practice",
    "road",
    "royal",
    "school",
    "secretary",
    "service",
    "south",
    "street",
    "surgery",
    "town",
    "trust",
    "unit",
    "university",
    "ward",
    "west",
];

/// The name that most of the texts have, and the part of them that have it; `None` where no text has any.
pub(super) fn most_named<'a>(texts: impl DoubleEndedIterator<Item = &'a str>) -> Option<(String, f64)> {
    let mut splitter = Splitter::default();
    let mut words = Vec::new();
    let (mut counts, mut all) = (BTreeMap::<String, u32>::new(), 0_u32);
    for text in texts.rev().take(MAX_TEXTS) {
        all += 1;
        splitter.split(text, &mut words);
        let pairs = words.windows(2).filter(|pair| !pair[1].after_break);
        let names: BTreeSet<&str> = pairs.filter_map(|pair| name(text, &pair[0], &pair[1])).collect();
        for name in names {
            *counts.entry(name.to_owned()).or_default() += 1;
        }
    }
    let (name, count) = counts.into_iter().max_by(|(one, a), (two, b)| a.cmp(b).then_with(|| two.cmp(one)))?;
    Some((name, f64::from(count) / f64::from(all)))
}

/// The two words, if they stand beside each other and are written like the names of a person.
fn name<'a>(text: &'a str, first: &Word, second: &Word) -> Option<&'a str> {
    let is_name = |word: &Word| {
        let form = &text[word.start..word.end];
        let mut letters = form.chars();
        let is_capitalised = letters.next().is_some_and(char::is_uppercase) && letters.any(char::is_lowercase);
        word.kind == Kind::Content && is_capitalised && !NO_PERSON.contains(&form.to_lowercase().as_str())
    };
    let are_beside = text[first.end..second.start] == *" ";
    (are_beside && is_name(first) && is_name(second)).then(|| &text[first.start..second.end])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_person_is_told_by_capitals_and_a_hospital_by_its_words() {
        let texts = ["Get well soon Ada Lovelace", "did you see Ada Lovelace on stage?", "poor ada"];
        let (name, share) = most_named(texts.into_iter()).unwrap();
        assert_eq!(name, "Ada Lovelace");
        assert!((share - 2.0 / 3.0).abs() < 1e-9);
        for text in [
            "Queues at Hull Royal Infirmary",
            "THE NHS IS ON ITS KNEES",
            "Text says it is cancelled",
            "Monday. Nurses left",
        ] {
            assert_eq!(most_named([text].into_iter()), None, "{text}");
        }
    }
}
