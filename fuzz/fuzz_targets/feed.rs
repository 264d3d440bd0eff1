//! Any bytes as a feed: decoded, brought to one dialect, read, and made posts of.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ingest::fuzzing::feed(bytes));
