//! The two files of a labelled stream: its posts, and what was planted among them.

use std::collections::HashMap;

use bus::{AuthorKey, Channel, Enriched, IdKey, Post, PostId, SourceId};
use jiff::Timestamp;
use serde::Deserialize;

/// One post of a stream, in order of arrival.
#[derive(Clone, Debug, Deserialize)]
pub struct StreamPost {
    /// Unique within the stream; the same id again replaces the post.
    pub id: String,
    /// When it was said (UTC).
    pub t: Timestamp,
    /// Where.
    pub channel: Channel,
    /// Its source.
    pub source: String,
    /// Who said it, in the stream's own names.
    #[serde(default)]
    pub author: Option<String>,
    /// The meeting that it was said at.
    #[serde(default)]
    pub event: Option<String>,
    /// What was said.
    pub text: String,
    /// Its language.
    #[serde(default)]
    pub lang: Option<String>,
    /// Where it is about.
    #[serde(default)]
    pub place: Option<String>,
}

impl StreamPost {
    /// The post as collection would have delivered it at `now`.
    pub(super) fn enriched(self, now: Timestamp) -> Enriched {
        let source = source_id(&self.source);
        let key = IdKey::new([0; 32]);
        Enriched::untagged(Post {
            id: post_id(&self.id),
            channel: self.channel,
            author: self.author.map(|author| AuthorKey::new(&key, &source, &author)),
            created_at: self.t,
            collected_at: now.max(self.t),
            text: self.text,
            title: None,
            url: None,
            language_hint: self.lang,
            place_hint: self.place,
            event: self.event.and_then(|event| event.parse().ok()),
            attendance: None,
            source,
        })
    }
}

/// What was planted in a stream.
#[derive(Clone, Debug, Deserialize)]
pub struct Truth {
    /// What should be found.
    pub issues: Vec<Planted>,
    /// What should not be listed.
    pub decoys: Vec<Planted>,
    /// From when on lists count (UTC).
    pub score_from: Timestamp,
}

/// One planted issue or decoy.
#[derive(Clone, Debug, Deserialize)]
pub struct Planted {
    /// Its name.
    pub key: String,
    /// When an issue begins and ends (UTC).
    #[serde(default)]
    pub start: Option<Timestamp>,
    /// See `start`.
    #[serde(default)]
    pub end: Option<Timestamp>,
    /// How an issue grows: "sudden", "medium", "slow" or "offline".
    #[serde(default)]
    pub shape: Option<String>,
    /// What a decoy is.
    #[serde(default)]
    pub kind: Option<String>,
    /// The ids of its posts.
    pub posts: Vec<String>,
}

/// The position of the planted issue (or, after all issues, decoy) that each post belongs to.
pub(super) fn owners(truth: &Truth) -> HashMap<PostId, usize> {
    let planted = truth.issues.iter().chain(&truth.decoys).enumerate();
    planted.flat_map(|(at, planted)| planted.posts.iter().map(move |id| (post_id(id), at))).collect()
}

fn post_id(id: &str) -> PostId {
    PostId::new(&source_id("stream"), id)
}

/// The name of a source as a slug: streams may write it as they like.
fn source_id(name: &str) -> SourceId {
    let slug: String = name.to_lowercase().chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '-' }).collect();
    slug.get(..slug.len().min(64))
        .unwrap_or_default()
        .parse()
        .unwrap_or_else(|_| "stream".parse().expect("a lower-case word is a slug"))
}
