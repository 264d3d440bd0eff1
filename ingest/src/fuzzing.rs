//! What the fuzz targets under `fuzz/` call. Not part of the interface of this crate.

use url::Url;

use crate::collectors::{bluesky, feed, mastodon};
use crate::documents::exercise as documents;
use crate::html as text;

/// Any bytes as a transcript in `WebVTT`, `SubRip` and `SubViewer`.
pub fn cues(bytes: &[u8]) {
    documents::cues(bytes);
}

/// Any bytes as a Word document, or as the XML in one.
pub fn docx(bytes: &[u8]) {
    documents::docx(bytes);
}

/// Any bytes as a feed.
pub fn feed(bytes: &[u8]) {
    feed::exercise::read(bytes);
}

/// Any bytes as HTML.
pub fn html(bytes: &[u8]) {
    let html = String::from_utf8_lossy(bytes);
    text::to_text(&html);
    let base = Url::parse("https://example.org/").expect("a constant that is an address");
    feed::discover(&html, &base);
}

/// Any bytes as a message of Jetstream, and as server-sent events, WebSocket messages and timelines of Mastodon.
pub fn upstream(bytes: &[u8]) {
    bluesky::exercise::read(bytes);
    mastodon::exercise::read(bytes);
}
