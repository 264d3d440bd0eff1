//! Bytes to a feed: encoding, then feed-rs, then what it does not forgive.

use feed_rs::model::Feed;
use serde::Deserialize;
use url::Url;

use super::repair;
use crate::charset;

/// A feed, and where its older entries are.
pub(super) struct Document {
    pub(super) feed: Feed,
    /// The next page of older entries (RFC 5005, JSON Feed's `next_url`).
    pub(super) older: Option<Url>,
}

/// Parses an answer from `base`. The error says in plain words why it is not a usable feed.
///
/// A document that visibly holds entries never comes back empty.
pub(super) fn parse(bytes: &[u8], charset: Option<&str>, base: &Url) -> Result<Document, String> {
    let declared = declared_encoding(bytes);
    let text = charset::decode(bytes, charset.into_iter().chain(declared.as_deref()));
    let Some(start) = text.find(['<', '{']) else {
        return Err(if text.trim().is_empty() {
            "the answer is empty, where a feed was expected".to_owned()
        } else {
            "the answer is neither XML nor JSON, where a feed was expected".to_owned()
        });
    };
    let text = &text[start..];
    if text.starts_with('{') {
        return parse_json(text, base);
    }
    // The text is UTF-8 now, whatever its declaration says.
    let text = without_declaration(text);
    match feed_of(text, base) {
        Ok(feed) if !feed.entries.is_empty() || entries_in_sight(text) == 0 => Ok(document(feed, base)),
        first => match feed_of(&repair::repair(text), base) {
            Ok(feed) if !feed.entries.is_empty() || entries_in_sight(text) == 0 => Ok(document(feed, base)),
            _ => Err(complaint(text, first.err().as_deref())),
        },
    }
}

fn feed_of(text: &str, base: &Url) -> Result<Feed, String> {
    feed_rs::parser::Builder::new()
        .base_uri(Some(base))
        // An empty id tells us that the entry has none; invented ones change with the title.
        .id_generator(|_, _, _| String::new())
        .build()
        .parse(text.as_bytes())
        .map_err(|error| error.to_string())
}

fn document(feed: Feed, base: &Url) -> Document {
    let older = feed
        .links
        .iter()
        .find(|link| matches!(link.rel.as_deref(), Some("next" | "prev-archive")))
        .and_then(|link| base.join(&link.href).ok());
    Document { feed, older }
}

fn parse_json(text: &str, base: &Url) -> Result<Document, String> {
    #[derive(Deserialize)]
    struct Paging {
        next_url: Option<String>,
    }
    let feed = feed_of(text, base).map_err(|error| format!("the answer is JSON, but not a JSON feed ({error})"))?;
    let next = serde_json::from_str::<Paging>(text).ok().and_then(|paging| paging.next_url);
    let older = next.and_then(|next| base.join(&next).ok());
    Ok(Document { older, ..document(feed, base) })
}

/// Why `text` is not a usable feed, for people.
fn complaint(text: &str, error: Option<&str>) -> String {
    let head = charset_head(text.as_bytes()).to_ascii_lowercase();
    if head.contains("<!doctype html") || head.contains("<html") {
        return "the answer is a web page, not a feed; look on that page for the address of its feed".to_owned();
    }
    match (entries_in_sight(text), error) {
        (0, Some(error)) => format!("the answer is XML, but not a feed that can be read ({error})"),
        (0, None) => "the answer is not a feed that can be read".to_owned(),
        (entries, Some(error)) => format!("the feed holds {entries} entries, but is damaged ({error})"),
        (entries, None) => format!("the feed holds {entries} entries, but in a form that none could be read of"),
    }
}

/// How many entries a person would count in the document.
fn entries_in_sight(text: &str) -> usize {
    ["<item", "<entry"]
        .iter()
        .flat_map(|tag| text.match_indices(tag).map(move |(at, _)| at + tag.len()))
        .filter(|&end| matches!(text.as_bytes().get(end), Some(b'>' | b' ' | b'\t' | b'\n' | b'\r')))
        .count()
}

/// The encoding in the XML declaration.
fn declared_encoding(bytes: &[u8]) -> Option<String> {
    let head = charset_head(bytes);
    let declaration = &head[head.find("<?xml")?..];
    let declaration = &declaration[..declaration.find("?>")?];
    let value = &declaration[declaration.find("encoding")? + "encoding".len()..];
    value.split(['"', '\'']).nth(1).map(str::to_owned)
}

/// The first kilobyte, read as if it were ASCII.
fn charset_head(bytes: &[u8]) -> String {
    bytes.iter().take(1_024).map(|&byte| char::from(byte)).collect()
}

fn without_declaration(text: &str) -> &str {
    if text.starts_with("<?xml") { text.find("?>").map_or(text, |end| &text[end + 2..]) } else { text }
}
