//! What the benchmark and the fuzz target of this crate call. Not part of its interface.

use std::fmt;
use std::time::Duration;

use bus::{Channel, IdKey};
use jiff::Timestamp;
use url::Url;

use super::filter::Filter;
use super::post::Adapter;
use super::wire::{self, Body, Message};
use crate::collectors::feed::FeedConfig;
use crate::sources::{SourceConfig, SourceKind};

/// Reads messages as the collector does.
pub struct Reader {
    source: SourceConfig,
    id_key: IdKey,
    filter: Filter,
}

impl fmt::Debug for Reader {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Reader").finish_non_exhaustive()
    }
}

impl Reader {
    /// One that wants `keywords`, in English.
    pub fn new(keywords: &[&str]) -> Self {
        let keywords: Vec<String> = keywords.iter().map(|&word| word.to_owned()).collect();
        Self { source: source(), id_key: IdKey::new([1; 32]), filter: Filter::new(&keywords, &["en".to_owned()]) }
    }

    /// Whether the message with these bytes gives a post, after the search in its bytes.
    pub fn read(&self, json: &[u8]) -> bool {
        self.filter.may_concern_us(json) && self.read_parsed(json)
    }

    /// The same without the search.
    pub fn read_parsed(&self, json: &[u8]) -> bool {
        let Ok(Message::Event(event)) = wire::parse(json) else { return false };
        let Body::Written { rkey, record, .. } = &event.body else { return false };
        let adapter = Adapter { source: &self.source, id_key: &self.id_key, filter: &self.filter };
        adapter.post(&event.did, rkey, record, event.time, Timestamp::UNIX_EPOCH).is_some()
    }
}

/// Any bytes as a message; its time is the same, however much of it is read.
pub fn read(bytes: &[u8]) {
    let reader = Reader::new(&["NHS", "A&E", "waiting list*", "#SaveOurNHS"]);
    reader.read(bytes);
    reader.read_parsed(bytes);
    if let (Ok(Message::Event(event)), Some(time)) = (wire::parse(bytes), wire::time_of(bytes)) {
        assert_eq!(event.time, time);
    }
}

pub(crate) fn source() -> SourceConfig {
    let url = Url::parse("https://example.org/").expect("a constant that is an address");
    SourceConfig {
        id: "exercise".parse().expect("a constant that is an id"),
        name: "Exercise".to_owned(),
        channel: Channel::Social,
        place: None,
        language: None,
        every: Duration::MAX,
        kind: SourceKind::Feed(FeedConfig { url }),
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SEEDS: [&str; 3] = [
        r#"{"did":"did:plc:zq","time_us":1767323045000001,"kind":"commit","commit":{"rev":"3r","operation":"update","collection":"app.bsky.feed.post","rkey":"3k","cid":"b","record":{"$type":"app.bsky.feed.post","text":"NHS éx.org/a...","langs":["en"],"tags":["NHS"],"createdAt":"2026-01-02T03:04:05.000Z","labels":{"values":[{"val":"x"}]},"facets":[{"index":{"byteStart":4,"byteEnd":17},"features":[{"uri":"https://ex.org/abc","tag":"t"}]}]}}}"#,
        r#"{"$type":"message","payload":{"$type":"n#commit","seq":5,"did":"did:plc:zq","time":"2026-01-02T03:04:05Z","witnessedAt":"2026-01-02T03:04:06Z","operation":"create","collection":"app.bsky.feed.post","rkey":"3k","record":{"text":"NHS"}}}"#,
        r#"{"did":"did:plc:zq","time_us":1767323045000001,"kind":"account","account":{"active":false,"status":"suspended"}}"#,
    ];

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2_000))]

        #[test]
        fn no_damage_to_a_message_does_more_than_make_it_unreadable(
            seed in prop::sample::select(&SEEDS[..]),
            damage in prop::collection::vec((any::<prop::sample::Index>(), any::<u8>(), 0..3_u8), 0..6),
        ) {
            read(&crate::testing::damaged(seed.as_bytes(), &damage));
        }
    }
}
