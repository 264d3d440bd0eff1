//! Any bytes as a message of Jetstream, and as server-sent events, WebSocket messages and timelines of Mastodon.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ingest::fuzzing::upstream(bytes));
