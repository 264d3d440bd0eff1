//! Redaction: what could identify a person is replaced before a post reaches the bus.
//!
//! Every kind of personal detail has a file of its own that finds spans in a text. Rules lean towards removing too much
//! where a number looks like an NHS number or a telephone number, and towards leaving text alone where a word only
//! might be a name: a reader must still be able to follow what was said.

mod address;
mod birth;
mod digits;
pub mod eval;
mod folded;
mod name;
mod postcode;
mod spelt;
mod url;
mod words;

use std::borrow::Cow;

use bus::{Enriched, Post};

use crate::Enricher;
use crate::text::is_in_link;

/// Replaces what could identify a person by a placeholder that names its kind: `[NHS number]`, `[phone]`, `[email]`,
/// `[handle]`, `[name]`, `[date of birth]`, and `[postcode LS6]`, which keeps the district.
pub struct Redactor {
    births: birth::Births,
    names: name::Names,
    spelt: spelt::Spelt,
    words: words::Words,
    postcodes: postcode::Spaced,
}

/// What people write is clean after two or three passes. A text that is not after these was built to hide something, one thing
/// behind another, and nothing of it is kept.
const MAX_PASSES: usize = 12;
const WITHHELD: &str = "[text withheld: it could not be redacted]";

/// A part of a text and what to put in its place.
#[derive(Debug)]
struct Span {
    start: usize,
    end: usize,
    replacement: Cow<'static, str>,
}

impl Span {
    /// Whether what it replaces is taken for something else in a link.
    fn yields_to_links(&self) -> bool {
        self.replacement == digits::PHONE || self.replacement.starts_with(postcode::PREFIX)
    }
}

impl Default for Redactor {
    fn default() -> Self {
        Self::new()
    }
}

impl Redactor {
    /// A redactor; it needs no configuration.
    pub fn new() -> Self {
        Self {
            births: birth::Births::new(),
            names: name::Names::new(),
            spelt: spelt::Spelt::new(),
            words: words::Words::new(),
            postcodes: postcode::Spaced::new(),
        }
    }

    /// The text without what could identify a person. Redacting twice changes nothing more.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        // Read as it looks: the text is changed to that only where something in it has to go.
        let folded = folded::folded(text);
        let Some(mut redacted) = self.pass(folded.as_deref().unwrap_or(text)) else { return Cow::Borrowed(text) };
        // Replacing one thing can bring to light another that overlapped it.
        for _ in 1..MAX_PASSES {
            match self.pass(&redacted) {
                Some(again) => redacted = again,
                None => return Cow::Owned(redacted),
            }
        }
        Cow::Owned(WITHHELD.to_owned())
    }

    /// Redacts the text and the title of a post, and removes credentials from its URL.
    pub fn redact_post(&self, post: &mut Post) {
        if let Cow::Owned(text) = self.redact(&post.text) {
            post.text = text;
        }
        if let Some(title) = &mut post.title
            && let Cow::Owned(redacted) = self.redact(title)
        {
            *title = redacted;
        }
        if let Some(clean) = post.url.as_deref().and_then(url::without_secrets) {
            post.url = Some(clean);
        }
    }

    /// One pass over the text: `None` where there is nothing to replace.
    fn pass(&self, text: &str) -> Option<String> {
        let clues = Clues::of(text);
        let mut found = Vec::new();
        if clues.slash || text.contains("www.") {
            url::find(text, &mut found);
        }
        if clues.at || clues.slash {
            address::find(text, &mut found);
        }
        if clues.at {
            self.spelt.find(text, &mut found);
        }
        if clues.digit {
            digits::find(text, &mut found);
            postcode::find(text, &mut found);
            self.postcodes.find(text, &mut found);
            // The codes of short links look like postcodes, and the numbers of pages like telephone numbers.
            found.retain(|span| !span.yields_to_links() || !is_in_link(text, span.start));
        }
        self.births.find(text, &mut found);
        self.words.find(text, &mut found);
        self.names.find(text, &mut found);
        (!found.is_empty()).then(|| replace(text, found))
    }
}

impl Enricher for Redactor {
    fn name(&self) -> &'static str {
        "redact"
    }

    fn enrich(&self, batch: &mut [Enriched]) {
        for item in batch {
            self.redact_post(&mut item.post);
        }
    }
}

/// Characters without which whole kinds of detail cannot occur: most posts have few of them.
struct Clues {
    digit: bool,
    /// An `@`, also as a link writes it, or "at" between blanks, brackets or hyphens.
    at: bool,
    /// A `/`, or a `?` as before the query of an address.
    slash: bool,
}

impl Clues {
    fn of(text: &str) -> Self {
        let mut clues = Self { digit: false, at: false, slash: false };
        for byte in text.bytes() {
            clues.digit |= byte.is_ascii_digit();
            clues.at |= byte == b'@';
            clues.slash |= matches!(byte, b'/' | b'?');
        }
        let gap = |byte: u8| byte.is_ascii_whitespace() || b"()[]{}<>-".contains(&byte);
        clues.at = clues.at
            || text.contains(address::ENCODED_AT)
            || text.as_bytes().windows(4).any(|four| {
                gap(four[0])
                    && gap(four[3])
                    && four[1].eq_ignore_ascii_case(&b'a')
                    && four[2].eq_ignore_ascii_case(&b't')
            });
        clues
    }
}

/// Puts the replacements in; of overlapping spans the one that begins first counts, and the longer of two that begin
/// together.
fn replace(text: &str, mut found: Vec<Span>) -> String {
    found.sort_by_key(|span| (span.start, std::cmp::Reverse(span.end)));
    let mut out = String::with_capacity(text.len());
    let mut done = 0;
    for span in found {
        if span.start >= done {
            out.push_str(&text[done..span.start]);
            out.push_str(&span.replacement);
            done = span.end;
        }
    }
    out.push_str(&text[done..]);
    out
}

#[cfg(test)]
mod tests;
