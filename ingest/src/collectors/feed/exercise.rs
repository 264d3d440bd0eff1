//! What the benchmark and the fuzz target of this crate call. Not part of its interface.

use std::time::Duration;

use bus::{Channel, IdKey};
use jiff::Timestamp;
use url::Url;

use super::{FeedConfig, adapt, parse};
use crate::sources::{SourceConfig, SourceKind};

/// Reads `bytes` as the collector does, and says how many posts that gives.
pub fn read(bytes: &[u8]) -> usize {
    let url = Url::parse("https://example.org/feed").expect("a constant that is an address");
    let source = SourceConfig {
        id: "exercise".parse().expect("a constant that is an id"),
        name: "Exercise".to_owned(),
        channel: Channel::News,
        place: None,
        language: None,
        every: Duration::MAX,
        kind: SourceKind::Feed(FeedConfig { url: url.clone() }),
    };
    let now = Timestamp::UNIX_EPOCH;
    parse::parse(bytes, None, &url)
        .map_or(0, |document| adapt::posts(&document.items, &source, &IdKey::new([1; 32]), now).len())
}
