//! Any bytes as a Word document, or as the XML in one, and as posts of it.
#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| ingest::fuzzing::docx(bytes));
