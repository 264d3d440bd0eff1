//! NHS numbers and telephone numbers that are said digit by digit: "nine four three, four seven six, ...".

use std::ops::RangeInclusive;

use regex::Regex;

use super::{Span, digits};

/// Ten digits or more in words, each alone or doubled; nothing but a number is said like that.
const SAID: &str = r"(?xi-u) \b (?: (?: (?:double|treble|triple) [\s-]+ )?
    (?: zero | oh | o | nought | one | two | three | four | five | six | seven | eight | nine ) \b [\s,.\-]* ){5,20}";

/// How many digits a number has that is one of a patient, or of a telephone.
const NHS: usize = 10;
const PHONES: RangeInclusive<usize> = 10..=12;

/// Finds such numbers.
pub(super) struct Words {
    said: Regex,
}

impl Words {
    pub(super) fn new() -> Self {
        Self { said: Regex::new(SAID).expect("the pattern is fixed and tested") }
    }

    pub(super) fn find(&self, text: &str, found: &mut Vec<Span>) {
        for said in self.said.find_iter(text) {
            let lower = said.as_str().to_ascii_lowercase();
            let words = || lower.split(|c: char| !c.is_ascii_alphabetic()).filter(|word| !word.is_empty());
            let mut times = 1;
            let mut count = 0;
            for word in words() {
                match word {
                    "double" => times = 2,
                    "treble" | "triple" => times = 3,
                    _ => count += std::mem::replace(&mut times, 1),
                }
            }
            let zero = words().next().is_some_and(|word| matches!(word, "zero" | "oh" | "o" | "nought"));
            let replacement = match zero {
                true if PHONES.contains(&count) => digits::PHONE,
                false if count == NHS => digits::NHS_NUMBER,
                _ => continue,
            };
            let end = said.start() + said.as_str().trim_end_matches(|c: char| !c.is_ascii_alphabetic()).len();
            found.push(Span { start: said.start(), end, replacement: replacement.into() });
        }
    }
}
