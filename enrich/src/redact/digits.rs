//! NHS numbers and telephone numbers: groups of digits, by how many they are and how they begin.

use super::Span;
use crate::text::starts_word;

/// What stands for a telephone number.
pub(super) const PHONE: &str = "[phone]";
/// What stands for an NHS number.
pub(super) const NHS_NUMBER: &str = "[NHS number]";

/// A run of groups never needs to be longer than this: "+44 (0) 7 7 0 0 9 0 0 1 2 3" has thirteen.
const MAX_GROUPS: usize = 16;

/// One group of digits, as a range of bytes.
#[derive(Clone, Copy)]
struct Group {
    start: usize,
    end: usize,
}

impl Group {
    fn len(self) -> usize {
        self.end - self.start
    }
}

/// Finds telephone numbers, and all ten-digit numbers that could be NHS numbers, checksum or not.
pub(super) fn find(text: &str, found: &mut Vec<Span>) {
    let mut groups = Vec::with_capacity(MAX_GROUPS);
    let mut from = 0;
    while let Some(next) = run_of_groups(text, from, &mut groups) {
        let mut first = 0;
        while first < groups.len() {
            let groups = &groups[first..];
            let claimed = chi_number(text, groups).or_else(|| phone(text, groups)).or_else(|| nhs_number(text, groups));
            match claimed {
                Some((count, span)) => {
                    found.push(span);
                    first += count;
                }
                None => first += 1,
            }
        }
        from = next;
    }
}

/// Fills `groups` with the next groups of digits that only separators hold apart; gives the place after them.
fn run_of_groups(text: &str, from: usize, groups: &mut Vec<Group>) -> Option<usize> {
    groups.clear();
    let bytes = text.as_bytes();
    let mut start = from + bytes[from..].iter().position(u8::is_ascii_digit)?;
    loop {
        let length = bytes[start..].iter().position(|byte| !byte.is_ascii_digit()).unwrap_or(bytes.len() - start);
        let end = start + length;
        groups.push(Group { start, end });
        match separator(&text[end..]) {
            Some(gap) if groups.len() < MAX_GROUPS => start = end + gap,
            _ => return Some(end),
        }
    }
}

/// The length of what is followed by a digit: one to three separators, or one mark directly between digits, which with
/// blanks around it would part the numbers of a list.
fn separator(rest: &str) -> Option<usize> {
    let mut length = 0;
    let mut tight = false;
    for (count, c) in rest.chars().enumerate() {
        if c.is_ascii_digit() {
            return (count > 0).then_some(length);
        }
        if tight {
            return None;
        }
        tight = count == 0 && matches!(c, ',' | ':' | '*' | '\u{2022}' | '\u{b7}');
        let separates =
            matches!(c, ' ' | '\t' | '\u{a0}' | '-' | '\u{2013}' | '\u{2014}' | '.' | '(' | ')' | '/' | '_' | '|');
        if !(separates || tight) || count == 3 {
            return None;
        }
        length += c.len_utf8();
    }
    None
}

/// A telephone number at the first group: how many groups it takes, and where it is.
fn phone(text: &str, groups: &[Group]) -> Option<(usize, Span)> {
    let first = groups[0];
    let digits = &text[first.start..first.end];
    let before = &text[..first.start];
    let plus = before.ends_with('+');
    // "O7700": a letter where a zero was meant.
    let letter =
        before.ends_with(['O', 'o']) && starts_word(text, first.start - 1) && digits.starts_with(['1', '2', '7']);
    let count = if letter {
        exactly(text, groups, 10)
    } else if plus && !digits.starts_with("44") {
        abroad(groups)
    } else if plus || digits.starts_with("0044") {
        let prefix = if plus { 2 } else { 4 };
        // "+44 (0)113": the zero in brackets is not dialled.
        let zero = usize::from(digits[prefix..].starts_with('0') || starts_with_zero(text, groups, prefix));
        exactly(text, groups, prefix + zero + 10).or_else(|| exactly(text, groups, prefix + zero + 9))
    } else if looks_national(digits) {
        exactly(text, groups, 11).or_else(|| exactly(text, groups, 10))
    } else if is_odd_national(text, groups) {
        exactly(text, groups, 11)
    } else if digits == "44" && next_begins(text, groups, &['1', '2', '7']) || digits.starts_with("447") {
        exactly(text, groups, 12)
    } else {
        None
    }?;
    let mut start = first.start - usize::from(plus || letter);
    if text[..start].ends_with('(') {
        start -= 1;
    }
    Some((count, Span { start, end: groups[count - 1].end, replacement: PHONE.into() }))
}

/// "0113", "07700", "020": at least three digits, so that the day of a date is not taken for it.
fn looks_national(digits: &str) -> bool {
    let bytes = digits.as_bytes();
    bytes.len() >= 3 && bytes[0] == b'0' && matches!(bytes[1], b'1' | b'2' | b'3' | b'5' | b'7' | b'8' | b'9')
}

/// "0 7700 900123", "07 700 900 123", "0 7 7 0 0 9 0 0 1 2 3".
fn is_odd_national(text: &str, groups: &[Group]) -> bool {
    let first = groups[0];
    match &text[first.start..first.end] {
        "07" => groups.len() >= 4 && groups[1..4].iter().all(|group| group.len() == 3),
        "0" => {
            let single = groups.iter().take(11).all(|group| group.len() == 1);
            let apart = !text[first.end..].starts_with('.') && next_begins(text, groups, &['1', '2', '7', '8']);
            single || apart
        }
        _ => false,
    }
}

/// Whether the second group has three digits or more and begins with one of `digits`.
fn next_begins(text: &str, groups: &[Group], digits: &[char]) -> bool {
    groups.get(1).is_some_and(|group| group.len() >= 3 && text[group.start..].starts_with(digits))
}

fn starts_with_zero(text: &str, groups: &[Group], prefix: usize) -> bool {
    groups[0].len() == prefix && groups.get(1).is_some_and(|group| text[group.start..].starts_with('0'))
}

/// How many groups hold exactly `wanted` digits together. A group before a colon is the hour of a time.
fn exactly(text: &str, groups: &[Group], wanted: usize) -> Option<usize> {
    let mut total = 0;
    for (index, group) in groups.iter().enumerate() {
        let rest = &text[group.end..];
        if rest.starts_with(':') && rest[1..].starts_with(|c: char| c.is_ascii_digit()) {
            return None;
        }
        total += group.len();
        if total >= wanted {
            return (total == wanted).then_some(index + 1);
        }
    }
    None
}

/// How many groups belong to a number in another country: eight to fifteen digits (ITU-T E.164).
fn abroad(groups: &[Group]) -> Option<usize> {
    let mut total = 0;
    let mut count = 0;
    for group in groups {
        if total + group.len() > 15 {
            break;
        }
        total += group.len();
        count += 1;
    }
    (total >= 8).then_some(count)
}

/// An NHS number at the first group: ten digits together, 3-3-4 or 3-7, or anyhow grouped after "NHS".
fn nhs_number(text: &str, groups: &[Group]) -> Option<(usize, Span)> {
    let before = &text[..groups[0].start];
    let lengths = |index: usize| groups.get(index).map_or(0, |group| group.len());
    let count = if lengths(0) == 10 && !is_amount_or_fraction(before) {
        1
    } else if (lengths(0), lengths(1), lengths(2)) == (3, 3, 4) {
        3
    } else if (lengths(0), lengths(1)) == (3, 7) {
        2
    } else if speaks_of_nhs_number(before) {
        exactly(text, groups, 10)?
    } else {
        return None;
    };
    let (start, end) = (groups[0].start, groups[count - 1].end);
    Some((count, Span { start, end, replacement: NHS_NUMBER.into() }))
}

/// A patient's number in Scotland begins with the day of birth, so that it may look like a telephone number.
fn chi_number(text: &str, groups: &[Group]) -> Option<(usize, Span)> {
    const WORDS: [&str; 4] = ["CHI", "chi no", "chi num", "chi:"];
    let before = &text[..groups[0].start];
    let near = last_chars(before, 20);
    let count = exactly(text, groups, 10).filter(|_| WORDS.iter().any(|word| near.contains(word)))?;
    let (start, end) = (groups[0].start, groups[count - 1].end);
    Some((count, Span { start, end, replacement: NHS_NUMBER.into() }))
}

/// "£1234567890" and "0.1234567890" count or measure something.
fn is_amount_or_fraction(before: &str) -> bool {
    before.ends_with(['£', '$', '€'])
        || before.strip_suffix(['.', ',']).is_some_and(|whole| whole.ends_with(|c: char| c.is_ascii_digit()))
}

/// Whether "NHS no", "NHS number" or the like stands shortly before.
fn speaks_of_nhs_number(before: &str) -> bool {
    let near = last_chars(before, 20).to_ascii_lowercase();
    near.rfind("nhs")
        .is_some_and(|nhs| near[nhs..].contains("no") || near[nhs..].contains("num") || near[nhs..].contains('#'))
}

/// The last so many characters, and one more.
fn last_chars(text: &str, count: usize) -> &str {
    &text[text.char_indices().rev().nth(count).map_or(0, |(index, _)| index)..]
}
