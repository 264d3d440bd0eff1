//! Any bytes as HTML: its text, and the feeds that it names.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ingest::fuzzing::html(bytes));
