//! E-mail addresses and the handles of accounts: everything written with an `@`, and Reddit's `u/name`.

use super::Span;
use crate::text::starts_word;

/// How the query of a link writes an `@`.
pub(super) const ENCODED_AT: &str = "%40";

/// Finds e-mail addresses, `@name`, `@name@server`, `@name.server` and `u/name`.
pub(super) fn find(text: &str, found: &mut Vec<Span>) {
    let mut done = 0;
    for (at, _) in text.match_indices('@') {
        // What follows another address directly begins a new one, as it would once that is replaced.
        let begins = at == done || starts_word(text, at);
        if let Some(span) = email(text, at).or_else(|| if begins { handle(text, at) } else { None }) {
            done = span.end;
            found.push(span);
        }
    }
    for (at, _) in text.match_indices(ENCODED_AT) {
        // Without the `%` of what was encoded before it, so that a long row of them is looked at once.
        let local = |byte: &u8| byte.is_ascii() && *byte != b'%' && is_local(char::from(*byte));
        let start = at - text[..at].bytes().rev().take_while(local).count();
        let end = at + ENCODED_AT.len();
        let domain = run(&text[end..], |c| c.is_ascii_alphanumeric() || matches!(c, '.' | '-'));
        if start < at && text[end..end + domain].contains('.') {
            found.push(Span { start, end: end + domain, replacement: "[email]".into() });
        }
    }
    for (start, _) in text.match_indices("u/") {
        let end = start + 2 + run(&text[start + 2..], |c| c.is_ascii_alphanumeric() || matches!(c, '_' | '-'));
        // Shorter than any real name: "u/s" is how clinicians write ultrasound.
        if starts_word(text, start) && end - start >= 2 + 3 {
            found.push(Span { start, end, replacement: "[handle]".into() });
        }
    }
}

fn email(text: &str, at: usize) -> Option<Span> {
    let before = &text[..at];
    let start = before.rfind(|c: char| !is_local(c)).map_or(0, |index| index + char_len(before, index));
    let start = start + run(&text[start..at], |c| !c.is_alphanumeric());
    let domain = &text[at + 1..];
    let length = run(domain, |c| c.is_alphanumeric() || matches!(c, '.' | '-'));
    let domain = domain[..length].trim_end_matches(['.', '-']);
    let top = domain.rsplit_once('.')?.1;
    let is_email = start < at && top.len() >= 2 && top.chars().all(char::is_alphabetic);
    // "@name@server" is a handle, whose name would be taken for the part before the @ of an address.
    let is_handle = before[..start].ends_with('@');
    (is_email && !is_handle).then(|| Span { start, end: at + 1 + domain.len(), replacement: "[email]".into() })
}

fn handle(text: &str, at: usize) -> Option<Span> {
    let name = handle_name(&text[at + 1..]);
    let mut end = at + 1 + name.len();
    if !name.chars().any(char::is_alphabetic) || is_time(name) {
        return None;
    }
    if text[end..].starts_with('@') {
        end += match handle_name(&text[end + 1..]).len() {
            0 => 0,
            length => length + 1,
        };
    }
    Some(Span { start: at, end, replacement: "[handle]".into() })
}

/// The longest start of `text` that can be an account's name, without the full stop of a sentence.
fn handle_name(text: &str) -> &str {
    let length = run(text, |c| c.is_alphanumeric() || matches!(c, '_' | '-' | '.'));
    text[..length].trim_end_matches(['.', '-'])
}

/// "@8am", "@10.30pm": when, not who.
fn is_time(name: &str) -> bool {
    let rest = name.trim_start_matches(|c: char| c.is_ascii_digit() || c == '.');
    rest.len() < name.len() && matches!(rest.to_ascii_lowercase().as_str(), "am" | "pm" | "ish" | "h" | "hrs")
}

fn is_local(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '.' | '_' | '%' | '+' | '-' | '\'')
}

/// The length in bytes of the start of `text` whose characters all satisfy `wanted`.
fn run(text: &str, wanted: impl Fn(char) -> bool) -> usize {
    text.find(|c| !wanted(c)).unwrap_or(text.len())
}

fn char_len(text: &str, index: usize) -> usize {
    text[index..].chars().next().map_or(0, char::len_utf8)
}
