//! From what a source says about a post to the post.

use bus::{AuthorKey, Post};
use jiff::Timestamp;

use crate::collectors::Context;
use crate::html::first_bytes;

/// Of a longer text only the beginning is kept. The longest that any of these sources accepts is 40,000 characters.
const MAX_TEXT_BYTES: usize = 64 * 1024;

/// Of a longer title only the beginning is kept.
const MAX_TITLE_BYTES: usize = 1_024;

/// A post as its source describes it, in plain text.
#[derive(Debug)]
pub(in crate::collectors) struct Draft<'a> {
    /// The source's own name of it, which it keeps over edits.
    pub(in crate::collectors) native: &'a str,
    /// Who said it, by the most lasting name that the source gives.
    pub(in crate::collectors) author: Option<&'a str>,
    /// When it was said, as the source tells.
    pub(in crate::collectors) created_at: Timestamp,
    pub(in crate::collectors) title: Option<&'a str>,
    pub(in crate::collectors) text: &'a str,
    /// Where it can be read: an address without a handle.
    pub(in crate::collectors) url: Option<String>,
    /// The language that the source claims for it.
    pub(in crate::collectors) language: Option<String>,
}

impl Draft<'_> {
    /// The post, unless it says nothing at all. A post without text is its title. A clock that is ahead of ours does not
    /// make a post of the future.
    pub(in crate::collectors) fn post(self, context: &Context) -> Option<Post> {
        let source = &context.source;
        let now = context.clock.now();
        let text = first_bytes(self.text.trim(), MAX_TEXT_BYTES).to_owned();
        let title = self.title.map(|title| first_bytes(title.trim(), MAX_TITLE_BYTES).to_owned());
        let (title, text) = match (title.filter(|title| !title.is_empty()), text.is_empty()) {
            (None, true) => return None,
            (Some(title), true) => (None, title),
            (title, false) => (title, text),
        };
        Some(Post {
            id: context.post_id(self.native),
            source: source.id.clone(),
            channel: source.channel,
            author: self.author.map(|author| AuthorKey::new(&context.id_key, &source.id, author)),
            created_at: self.created_at.min(now),
            collected_at: now,
            text,
            title,
            url: self.url,
            language_hint: self.language.or_else(|| source.language.clone()),
            place_hint: source.place.clone(),
            event: None,
            attendance: None,
        })
    }
}
