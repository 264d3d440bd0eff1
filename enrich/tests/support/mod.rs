//! What the tests share.

#![allow(clippy::unwrap_used, reason = "helpers of tests fail like tests")]
#![allow(dead_code, reason = "each test file uses its own part of these helpers")]

pub mod odd;

use std::fs;
use std::path::Path;

use bus::{Channel, Enriched, Post, PostId, SourceId};
use jiff::Timestamp;

/// A post with this text and no tags.
pub fn post(text: &str) -> Enriched {
    let source: SourceId = "test".parse().unwrap();
    Enriched::untagged(Post {
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
    })
}

/// Checks that tags make sense whatever the text was.
pub fn check(enriched: &Enriched, name: &str, speechless: bool) {
    if speechless {
        assert_eq!(enriched.language, None, "{name}");
        assert_eq!(enriched.topics, [], "{name}");
    }
    if enriched.language.as_deref() != Some("en") {
        assert_eq!(enriched.sentiment, None, "{name}: sentiment is scored for English only");
    }
    if let Some(sentiment) = enriched.sentiment {
        assert!((-1.0..=1.0).contains(&sentiment.score), "{name}: {sentiment:?}");
        assert!((0.0..=1.0).contains(&sentiment.probability), "{name}: {sentiment:?}");
    }
    for confidence in enriched.topics.iter().map(|tag| tag.confidence) {
        assert!((0.0..=1.0).contains(&confidence), "{name}: {confidence}");
    }
}

/// A copy of the configuration of the repository, but for files of these names.
pub fn configuration_without(names: &[&str]) -> tempfile::TempDir {
    fn copy(from: &Path, to: &Path, without: &[&str]) {
        fs::create_dir_all(to).unwrap();
        for entry in fs::read_dir(from).unwrap().map(Result::unwrap) {
            let name = entry.file_name();
            if entry.path().is_dir() {
                copy(&entry.path(), &to.join(name), without);
            } else if !without.iter().any(|without| name == *without) {
                fs::copy(entry.path(), to.join(name)).unwrap();
            }
        }
    }
    let dir = tempfile::tempdir().unwrap();
    copy(&Path::new(env!("CARGO_MANIFEST_DIR")).join("../config"), dir.path(), names);
    dir
}
