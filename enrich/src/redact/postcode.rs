//! Full postcodes: the part after the space goes, the district stays, since it names thousands of homes.

use regex::Regex;

use super::Span;
use crate::text::{ends_word, starts_word};

/// What stands for a postcode begins so; the district and a bracket follow.
pub(super) const PREFIX: &str = "[postcode ";

/// The postcode areas of the United Kingdom, the Channel Islands and the Isle of Man.
const AREAS: &str = " AB AL B BA BB BD BH BL BN BR BS BT CA CB CF CH CM CO CR CT CV CW DA DD DE DG DH DL DN DT DY E EC \
    EH EN EX FK FY G GL GU GY HA HD HG HP HR HS HU HX IG IM IP IV JE KA KT KW KY L LA LD LE LL LN LS LU M ME MK ML N NE \
    NG NN NP NR NW OL OX PA PE PH PL PO PR RG RH RM S SA SE SG SK SL SM SN SO SP SR SS ST SW SY TA TD TF TN TQ TR TS TW \
    UB W WA WC WD WF WN WR WS WV YO ZE ";

/// Finds full postcodes, with or without their space, in either case.
pub(super) fn find(text: &str, found: &mut Vec<Span>) {
    let bytes = text.as_bytes();
    for inward in 2..bytes.len().saturating_sub(2) {
        if !is_inward(&bytes[inward..inward + 3]) || !ends_word(text, inward + 3) {
            continue;
        }
        let outward_end = outward_end(text, inward);
        if inward - outward_end > 3 {
            continue;
        }
        if let Some(start) = outward_start(text, outward_end)
            && !is_ordinal(&text[start..outward_end], &text[inward..inward + 3])
        {
            let district = text[start..outward_end].to_ascii_uppercase();
            found.push(Span { start, end: inward + 3, replacement: format!("{PREFIX}{district}]").into() });
        }
    }
}

/// Postcodes with a blank at an odd place, and what is said to be a postcode though letters stand for digits.
pub(super) struct Spaced {
    odd: Regex,
    said: Regex,
}

impl Spaced {
    pub(super) fn new() -> Self {
        const INWARD: &str = "[abd-hjlnp-uw-z]";
        let odd = r"\b(?:(?P<a>[A-Z]{2}) (?P<b>\d[0-9A-Z]?) ?\d[ABD-HJLNP-UW-Z]{2}|(?P<c>[A-Z]{1,2}\d[0-9A-Z]?) \d [ABD-HJLNP-UW-Z]{2})\b";
        let said = format!(
            r"(?i)\bpost ?code(?: is|'s|s|[:=,. -]){{0,3}}(?P<a>[a-z]{{1,2}}) ?(?P<b>[0-9iol][0-9a-z]?)[ -]{{0,2}}[0-9iol] ?{INWARD}{{2}}\b"
        );
        let made = |pattern: &str| Regex::new(pattern).expect("the pattern is fixed and tested");
        Self { odd: made(odd), said: made(&said) }
    }

    pub(super) fn find(&self, text: &str, found: &mut Vec<Span>) {
        for captures in self.odd.captures_iter(text).chain(self.said.captures_iter(text)) {
            let group = |name: &str| captures.name(name).map_or("", |found| found.as_str());
            let district = format!("{}{}{}", group("a"), group("b"), group("c")).to_ascii_uppercase();
            let letters = district.bytes().take_while(u8::is_ascii_alphabetic).count();
            let first = captures.name("a").or_else(|| captures.name("c"));
            let (Some(whole), Some(first)) = (captures.get(0), first) else { continue };
            if is_area(&district[..letters.min(2)]) || is_area(group("a")) {
                let replacement = format!("{PREFIX}{district}]").into();
                found.push(Span { start: first.start(), end: whole.end(), replacement });
            }
        }
    }
}

/// Where the part before `inward` ends: after blanks and hyphens, or one mark between capitals, which people write as such.
fn outward_end(text: &str, inward: usize) -> usize {
    let end = text[..inward].trim_end_matches([' ', '\t', '\u{a0}', '-']).len();
    let capital = |at: usize| text.as_bytes()[at].is_ascii_uppercase();
    let is_marked =
        end == inward && text[..end].ends_with(['.', '_', ',']) && capital(inward + 1) && capital(inward + 2);
    end - usize::from(is_marked)
}

/// A digit and two letters, of those that Royal Mail uses there.
fn is_inward(bytes: &[u8]) -> bool {
    let letter = |byte: u8| byte.is_ascii_alphabetic() && !b"CIKMOV".contains(&byte.to_ascii_uppercase());
    bytes[0].is_ascii_digit() && letter(bytes[1]) && letter(bytes[2])
}

/// Where the outward part that ends at `end` begins: one or two letters of a real area, a digit, perhaps one more
/// letter or digit.
fn outward_start(text: &str, end: usize) -> Option<usize> {
    let bytes = text.as_bytes();
    let length = bytes[..end].iter().rev().take(5).take_while(|byte| byte.is_ascii_alphanumeric()).count();
    let start = end - length;
    let outward = &text[start..end];
    let letters = outward.bytes().take_while(u8::is_ascii_alphabetic).count();
    let is_shaped = (2..=4).contains(&length)
        && (1..=2).contains(&letters)
        && outward.as_bytes().get(letters).is_some_and(u8::is_ascii_digit)
        && length - letters <= 2;
    (is_shaped && starts_word(text, start) && is_area(&outward[..letters])).then_some(start)
}

fn is_area(letters: &str) -> bool {
    let upper = letters.to_ascii_uppercase();
    AREAS.split(' ').any(|area| area == upper)
}

/// "leave the M1 2nd exit": an ordinal in lower case is not the end of a postcode.
fn is_ordinal(outward: &str, inward: &str) -> bool {
    let upper_outward = outward.bytes().next().is_some_and(|byte| byte.is_ascii_uppercase());
    let ordinal = matches!((&inward[..1], &inward[1..]), ("1", "st") | ("2", "nd") | ("3", "rd") | (_, "th"));
    ordinal && (upper_outward || outward.len() <= 3)
}
