//! Dates of birth: a date counts only directly after words that say that it is one.

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

use super::Span;
use crate::text::starts_word;

const CUES: [&str; 9] =
    ["d.o.b.", "d.o.b", "dob", "date of birth", "birth date", "birthdate", "birthday", "born on", "born"];

/// What may stand between the cue and the date, and the date: `1/2/1960`, `1960-02-01`, `01021960`, `1st Feb 1960`,
/// `February 1, 1960`. A year alone is nobody's date of birth.
const DATE: &str = r"(?ix) ^ (?: \s | [:=,(\-.\u{2013}] | (?:is|was|on|the)\b ){0,6} (?P<date>
      \d{1,2} \s?[/.\-]\s? \d{1,2} \s?[/.\-]\s? \d{2,4}
    | \d{4} [/.\-] \d{1,2} [/.\-] \d{1,2}
    | \d{1,2} \s \d{1,2} \s (?:\d{4}|\d{2})
    | \d{8} | \d{6}
    | \d{1,2} (?:st|nd|rd|th)? [\s\-]+ (?:of\s+)? (?:MONTH) [a-z]* \.? (?: [\s,\-]+ (?:\d{4}|'?\d{2}) )?
    | (?:MONTH) [a-z]* \.? \s+ \d{1,2} (?:st|nd|rd|th)? (?: [\s,]+ \d{4} )?
    ) \b";

const MONTHS: &str = "jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec";

/// Finds dates of birth.
pub(super) struct Births {
    cues: AhoCorasick,
    date: Regex,
}

impl Births {
    pub(super) fn new() -> Self {
        let cues = AhoCorasick::builder()
            .ascii_case_insensitive(true)
            .match_kind(MatchKind::LeftmostLongest)
            .build(CUES)
            .expect("nine short cues fit any automaton");
        let date = Regex::new(&DATE.replace("MONTH", MONTHS)).expect("the pattern is fixed and tested");
        Self { cues, date }
    }

    pub(super) fn find(&self, text: &str, found: &mut Vec<Span>) {
        for cue in self.cues.find_iter(text) {
            if !starts_word(text, cue.start()) {
                continue;
            }
            let rest = &text[cue.end()..];
            if let Some(date) = self.date.captures(rest).and_then(|captures| captures.name("date")) {
                let (start, end) = (cue.end() + date.start(), cue.end() + date.end());
                found.push(Span { start, end, replacement: "[date of birth]".into() });
            }
        }
    }
}
