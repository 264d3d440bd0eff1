//! Any bytes as a transcript in WebVTT, SubRip and SubViewer, and as posts of it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ingest::fuzzing::cues(bytes));
