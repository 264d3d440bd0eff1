//! What the fuzz targets of this crate call. Not part of its interface.

use bus::IdKey;
use jiff::Timestamp;

use super::formats::docx;
use super::{About, Handed, Meeting, posts, read};
use crate::collectors::bluesky::exercise::source;

/// Any bytes as a transcript in cues.
pub fn cues(bytes: &[u8]) {
    whole("exercise.vtt", bytes);
}

/// Any bytes as a Word document. What is no archive is taken for the XML in one: checksums and compression would keep
/// a fuzzer from ever reaching it.
pub fn docx(bytes: &[u8]) {
    if bytes.starts_with(b"PK") {
        whole("exercise.docx", bytes);
    } else {
        let _ = docx::read(&String::from_utf8_lossy(bytes), &mut Meeting::default());
    }
}

fn whole(name: &str, bytes: &[u8]) {
    let Ok(reading) = read(Handed { name, bytes, sidecar: None }, &About::default()) else { return };
    let (source, key, now) = (source(), IdKey::new([1; 32]), Timestamp::UNIX_EPOCH);
    for document in reading.documents {
        posts(document, now, &source, &key, now);
    }
}
