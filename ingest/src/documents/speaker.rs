//! Who speaks and when, at the beginning of a line: `Name: text`, `**Name:** text`, `[00:01:02] Name: text`,
//! `Name  1:02`.

use std::time::Duration;

/// The beginning of a contribution.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Opening<'a> {
    /// Who speaks, as written.
    pub(super) speaker: Option<&'a str>,
    /// When, from the beginning of the meeting.
    pub(super) at: Option<Duration>,
    /// What follows on the same line.
    pub(super) rest: &'a str,
}

/// The opening at the beginning of `line`, if there is one.
pub(super) fn opening(line: &str) -> Option<Opening<'_>> {
    let line = line.trim();
    let (at, line) = match leading_time(line) {
        Some((at, rest)) => (Some(at), rest),
        None => (None, line),
    };
    if let Some((speaker, at_name, rest)) = named(line) {
        return Some(Opening { speaker: Some(speaker), at: at.or(at_name), rest });
    }
    if at.is_some() {
        return Some(Opening { speaker: None, at, rest: line });
    }
    // A name and a time on a line of their own, or a time alone, as Otter and Teams write them.
    if let Some(at) = clock(line) {
        return Some(Opening { speaker: None, at: Some(at), rest: "" });
    }
    let (name, time) = line.rsplit_once(char::is_whitespace)?;
    let at = clock(time)?;
    is_name(name.trim()).then(|| Opening { speaker: Some(name.trim()), at: Some(at), rest: "" })
}

/// `Name: rest`, with or without emphasis, with or without a time in brackets after the name.
fn named(line: &str) -> Option<(&str, Option<Duration>, &str)> {
    for mark in ["**", "__"] {
        let Some(inner) = line.strip_prefix(mark) else { continue };
        let (inside, after) = inner.split_once(mark)?;
        let (name, rest) = match inside.trim().strip_suffix(':') {
            Some(name) => (name, after),
            None => (inside, after.trim_start().strip_prefix(':')?),
        };
        let (name, at) = without_time(name.trim());
        return is_name(name).then_some((name, at, rest.trim()));
    }
    // The colon that ends the name is the first that is followed by a space or nothing: times have others.
    let colon = line
        .match_indices(':')
        .map(|(at, _)| at)
        .find(|&at| line[at + 1..].chars().next().is_none_or(char::is_whitespace))?;
    let (name, at) = without_time(line[..colon].trim());
    is_name(name).then(|| (name, at, line[colon + 1..].trim()))
}

/// A name without the time in brackets that may follow it.
fn without_time(name: &str) -> (&str, Option<Duration>) {
    let closed = name.strip_suffix([')', ']']);
    let bracketed = closed.and_then(|name| name.rsplit_once(['(', '[']));
    match bracketed.and_then(|(name, time)| Some((name.trim(), clock(time)?))) {
        Some((name, at)) => (name, Some(at)),
        None => (name, None),
    }
}

/// A time at the beginning of a line, in brackets or bare, and what follows.
fn leading_time(line: &str) -> Option<(Duration, &str)> {
    let (time, rest) = match line.strip_prefix(['[', '(']) {
        Some(inner) => inner.split_once([']', ')'])?,
        None => line.split_once(char::is_whitespace)?,
    };
    Some((clock(time)?, rest.trim_start().trim_start_matches(['-', '–']).trim_start()))
}

/// A position such as `1:02`, `00:01:02` or `00:01:02.345` (a comma is allowed as well).
pub(super) fn clock(text: &str) -> Option<Duration> {
    let (whole, fraction) = match text.trim().split_once(['.', ',']) {
        Some((whole, fraction)) => (whole, Some(fraction)),
        None => (text.trim(), None),
    };
    let mut seconds = 0_u64;
    let mut parts = 0;
    for part in whole.split(':') {
        parts += 1;
        if part.is_empty() || part.len() > 3 || !part.bytes().all(|byte| byte.is_ascii_digit()) {
            return None;
        }
        let value: u64 = part.parse().ok()?;
        if parts > 1 && value > 59 {
            return None;
        }
        seconds = seconds * 60 + value;
    }
    let milliseconds = match fraction {
        Some(digits) if digits.len() <= 3 && digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            format!("{digits:0<3}").parse().ok()?
        }
        Some(_) => return None,
        None => 0,
    };
    matches!(parts, 2 | 3).then(|| Duration::from_secs(seconds) + Duration::from_millis(milliseconds))
}

/// Words before a colon that are not speakers.
const NOT_NAMES: [&str; 24] = [
    "action",
    "actions",
    "agenda",
    "background",
    "comment",
    "conclusion",
    "date",
    "decision",
    "example",
    "feedback",
    "important",
    "key",
    "location",
    "note",
    "notes",
    "outcome",
    "place",
    "re",
    "result",
    "summary",
    "time",
    "title",
    "update",
    "warning",
];

/// Words that names and roles may hold in small letters.
const SMALL_WORDS: [&str; 16] =
    ["of", "the", "and", "de", "da", "di", "van", "von", "der", "den", "el", "al", "bin", "ap", "from", "for"];

/// Roles that transcribers write in small letters, also at the beginning ("speaker 2").
const ROLES: [&str; 14] = [
    "speaker",
    "member",
    "participant",
    "voice",
    "person",
    "resident",
    "patient",
    "carer",
    "nurse",
    "doctor",
    "chair",
    "facilitator",
    "audience",
    "public",
];

/// Whether `text` is the name or the role of a speaker ("Dr Ali Khan (Chair)", "Speaker 2"), as far as its form tells.
pub(super) fn is_name(text: &str) -> bool {
    if text.len() > 240 {
        return false;
    }
    let starts_upright = |word: &str| word.starts_with(|c: char| c.is_uppercase() || c.is_ascii_digit() || c == '(');
    let small = |word: &str| SMALL_WORDS.contains(&word) || ROLES.contains(&word);
    let abbreviation = |word: &str| word.strip_suffix('.').is_none_or(|stem| stem.chars().count() <= 4);
    let allowed = |c: char| c.is_alphanumeric() || matches!(c, ' ' | '.' | '\'' | '’' | '-' | '(' | ')' | ',' | '&');
    let words: Vec<&str> = text.split_whitespace().collect();
    // Inside brackets stands a role, which may be in small letters.
    let bracket = words.iter().position(|word| word.starts_with('(')).unwrap_or(words.len());
    (1..=7).contains(&words.len())
        && text.chars().count() <= 60
        && (text.starts_with(char::is_uppercase) || ROLES.contains(&words[0]))
        && text.chars().all(allowed)
        && words[..bracket].iter().all(|word| (starts_upright(word) || small(word)) && abbreviation(word))
        && !NOT_NAMES.contains(&text.to_lowercase().as_str())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn parts(line: &str) -> Option<(Option<&str>, Option<u64>, &str)> {
        opening(line).map(|o| (o.speaker, o.at.map(|at| at.as_secs()), o.rest))
    }

    #[test]
    fn speakers_are_recognised_in_the_usual_layouts() {
        let cases = [
            ("Ann: hello", (Some("Ann"), None, "hello")),
            ("**Ann Lee:** hello", (Some("Ann Lee"), None, "hello")),
            ("**Ann Lee**: hello", (Some("Ann Lee"), None, "hello")),
            ("[00:01:02] Ann: hello", (Some("Ann"), Some(62), "hello")),
            ("00:01:02 Dr. Ali O'Brien-Khan (chair): hello", (Some("Dr. Ali O'Brien-Khan (chair)"), Some(62), "hello")),
            ("Ann (1:02): it was 3:4", (Some("Ann"), Some(62), "it was 3:4")),
            ("Speaker 2  1:02", (Some("Speaker 2"), Some(62), "")),
            ("Unknown speaker: hello", (Some("Unknown speaker"), None, "hello")),
            ("speaker 2: hello", (Some("speaker 2"), None, "hello")),
            ("Ann:", (Some("Ann"), None, "")),
            ("0:15", (None, Some(15), "")),
            ("[1:02] hello", (None, Some(62), "hello")),
        ];
        for (line, expected) in cases {
            assert_eq!(parts(line), Some(expected), "{line}");
        }
    }

    #[test]
    fn ordinary_sentences_are_not_speakers() {
        let lines = [
            "The question is: why",
            "https://example.org",
            "Note: the lift is broken",
            "10:30 is too early",
            "We met at 10:30",
            "It was good. Ann: no",
            "what Ann said: nothing",
            "",
            ":",
            "**bold** text",
            "A ratio of 3:4",
        ];
        for line in lines {
            let found = parts(line);
            assert!(found.is_none_or(|(speaker, ..)| speaker.is_none()), "{line}: {found:?}");
        }
    }

    #[test]
    fn times_are_read_and_nonsense_is_not() {
        assert_eq!(clock("00:01:02.345"), Some(Duration::from_millis(62_345)));
        assert_eq!(clock("1:02,5"), Some(Duration::from_millis(62_500)));
        for text in ["", "5", "1:2:3:4", "1:99", "a:b", "1:02.x", "99999:00"] {
            assert_eq!(clock(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn an_opening_is_made_of_the_line(line in "[\\[\\(\\*]{0,2}[A-Za-z0-9: .\\])*]{0,40}\\PC{0,10}") {
            if let Some(opening) = opening(&line) {
                prop_assert!(line.contains(opening.rest));
                prop_assert!(opening.speaker.is_none_or(|speaker| line.contains(speaker)));
            }
        }
    }
}
