//! What the fuzz target of this crate calls. Not part of its interface.

use bus::IdKey;
use jiff::Timestamp;
use url::Url;

use super::sse::Parser;
use super::wire::{self, LiveEvent, Status};
use crate::collectors::bluesky::exercise::source;

/// Any bytes as server-sent events, as a message of the WebSocket, and as a page of a timeline.
pub fn read(bytes: &[u8]) {
    let mut parser = Parser::default();
    let (left, right) = bytes.split_at(bytes.len() / 2);
    if parser.feed(left).and_then(|()| parser.feed(right)).is_ok() {
        while let Some(sent) = parser.next() {
            read_event(wire::live_event(&sent.name, &sent.data));
        }
    }
    read_event(wire::live_message(&String::from_utf8_lossy(bytes)));
    if let Ok(statuses) = serde_json::from_slice::<Vec<Status>>(bytes) {
        statuses.into_iter().for_each(read_status);
    }
}

fn read_event(event: LiveEvent) {
    if let LiveEvent::Status(status) = event {
        read_status(*status);
    }
}

fn read_status(status: Status) {
    let server = Url::parse("https://example.org/").expect("a constant that is an address");
    wire::post(status, &server, &source(), &IdKey::new([1; 32]), Timestamp::UNIX_EPOCH);
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const SEEDS: [&str; 3] = [
        "event: update\ndata: {\"id\":\"7\",\"created_at\":\"2026-01-02T03:04:05.000Z\",\"edited_at\":null,\"content\":\"<p>x &amp; y</p>\",\"spoiler_text\":\"\",\"visibility\":\"public\",\"language\":\"en\",\"reblog\":null,\"account\":{\"acct\":\"zq\",\"indexable\":true,\"noindex\":false,\"note\":\"<p>n</p>\"}}\n\nevent: delete\ndata: 7\n\n",
        r#"{"stream":["hashtag","nhs"],"event":"status.update","payload":"{\"id\":\"7\",\"created_at\":\"2026-01-02T03:04:05Z\",\"account\":{\"acct\":\"zq@b.example\"},\"content\":\"<p>x\"}"}"#,
        r#"[{"id":"7","created_at":"2026-01-02T03:04:05.000Z","content":"<p>x</p>","account":{"acct":"zq"}}]"#,
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
