//! Dates of birth: a date counts only directly after words that say that it is one.

use aho_corasick::{AhoCorasick, MatchKind};
use regex::Regex;

use super::Span;
use crate::text::starts_word;

const CUES: [&str; 12] = [
    "d.o.b.",
    "d.o.b",
    "d/o/b",
    "d o b",
    "dob",
    "date of birth",
    "date-of-birth",
    "birth date",
    "birthdate",
    "birthday",
    "born on",
    "born",
];

/// What may stand between the cue and the date, and the date: `1/2/1960`, `1960-02-01`, `01021960`, `1st Feb 1960`,
/// `February 1, 1960`, "first of February nineteen sixty". A year alone is nobody's date of birth.
const DATE: &str = r"(?ix) ^ (?: \s | [:=,(\-.|\u{2013}\u{2014}] | (?:is|was|on|the)\b | (?:mon|tues|wednes|thurs|fri|satur|sun)day\b
    | dd (?: [/.\-\s]? mm [/.\-\s]? yy (?:yy)? ) \)? | at \s \d{1,2}[.:]\d\d (?:\s?[ap]m)? \b ){0,10} (?P<date>
      \d{1,2} \s?[/.\-|\\]\s? \d{1,2} \s?[/.\-|\\]\s? \d{2,4}
    | \d{4} [/.\-] \d{1,2} [/.\-] \d{1,2}
    | \d{1,2} \s \d{1,2} \s (?:\d{4}|\d{2})
    | \d{8} | \d{6}
    | \d{1,2} (?:st|nd|rd|th)? [\s\-]+ (?:of\s+)? (?:MONTH) [a-z]* \.? (?: [\s,\-]+ (?: \d{4} | '?\d{2} | WORDS ) )?
    | (?:ORDINAL) \s+ of \s+ (?:MONTH) [a-z]* (?: [\s,\-]+ (?: \d{4} | '?\d{2} | WORDS ) )?
    | (?:ORDINAL) [\s\-]+ (?:MONTH) [a-z]* [\s,\-]+ (?: \d{4} | WORDS )
    | (?:MONTH) [a-z]* \.? \s+ (?:the\s+)? (?: \d{1,2} (?:st|nd|rd|th)? | (?:ORDINAL) ) (?: [\s,]+ (?: \d{4} | WORDS ) )?
    ) \b";

/// A year in words, and a day.
const YEAR: &str = r"(?: nineteen | twenty | two\s+thousand ) (?: [\s\-]+ (?: and | hundred | oh | o | one | two | three | four | five
    | six | seven | eight | nine | ten | eleven | twelve | thirteen | (?:four|fif|six|seven|eigh|nine)teen
    | thirty | (?:twen|for|fif|six|seven|eigh|nine)ty ) \b ){1,4}";
const DAYS: &str = r"(?:twenty|thirty)[\s\-]? (?:first|second|third|fourth|fifth|sixth|seventh|eighth|ninth) | first | second
    | third | fourth | fifth | sixth | seventh | eighth | ninth | tenth | eleventh | twelfth
    | thirteen | (?:four|fif|six|seven|eigh|nine)teenth | twentieth | thirtieth";
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
            .expect("a dozen short cues fit any automaton");
        let date = Regex::new(&DATE.replace("MONTH", MONTHS).replace("ORDINAL", DAYS).replace("WORDS", YEAR))
            .expect("the pattern is fixed and tested");
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
