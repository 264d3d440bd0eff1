//! Posts for tests.

use bus::{Channel, Enriched, Post, PostId, SourceId};
use jiff::Timestamp;

/// A post in a forum that says `text`.
pub(crate) fn post(text: &str) -> Post {
    let source: SourceId = "test".parse().expect("a valid name");
    Post {
        id: PostId::new(&source, text),
        source,
        channel: Channel::Forum,
        author: None,
        created_at: Timestamp::UNIX_EPOCH,
        collected_at: Timestamp::UNIX_EPOCH,
        text: text.to_owned(),
        title: None,
        url: None,
        language_hint: None,
        place_hint: None,
        event: None,
        attendance: None,
    }
}

/// The same, without tags yet.
pub(crate) fn untagged(text: &str) -> Enriched {
    Enriched::untagged(post(text))
}
