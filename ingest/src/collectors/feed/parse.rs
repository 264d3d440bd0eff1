//! Bytes to a feed: encoding, one dialect, feed-rs.

use std::time::Duration;

use feed_rs::model::Feed;
use url::Url;

use super::adapt::{self, Item};
use super::canonical::{self, Extra, json};
use super::discover::{self, FoundFeed};
use crate::charset;

/// More entries of one document are not read.
pub(super) const MAX_ENTRIES: usize = 2_000;

/// A feed, and where its older entries are.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) items: Vec<Item>,
    /// The next page of older entries (RFC 5005, JSON Feed's `next_url`).
    pub(super) older: Option<Url>,
    /// For how long the feed itself asks not to be asked again.
    pub(super) ttl: Option<Duration>,
    /// How many entries were beyond [`MAX_ENTRIES`].
    pub(super) dropped: usize,
}

/// Why an answer is not a usable feed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum NoFeed {
    /// It is a web page, which may name feeds.
    WebPage(Vec<FoundFeed>),
    /// Anything else, in plain words.
    Unreadable(String),
}

impl From<NoFeed> for String {
    fn from(reason: NoFeed) -> Self {
        match reason {
            NoFeed::Unreadable(reason) => reason,
            NoFeed::WebPage(feeds) if feeds.is_empty() => {
                "this is a web page, not a feed, and it names no feed; look on the site for the address of one"
                    .to_owned()
            }
            NoFeed::WebPage(feeds) => {
                let list: Vec<&str> = feeds.iter().map(|feed| feed.url.as_str()).collect();
                format!("this is a web page, not a feed; the feeds that it names are {}", list.join(", "))
            }
        }
    }
}

/// Parses an answer from `base`, for which the server claims the encoding `charset`.
///
/// # Errors
/// [`NoFeed`]. A document that visibly holds entries never comes back empty.
pub(super) fn parse(bytes: &[u8], charset: Option<&str>, base: &Url) -> Result<Document, NoFeed> {
    let declared = charset::declared_in_xml(bytes);
    let text = charset::decode(bytes, charset.into_iter().chain(declared.as_deref()));
    let text = text.trim_start_matches(|c: char| c.is_whitespace() || c == '\u{feff}');
    if text.starts_with(['{', '[']) && !looks_like_markup(text) {
        return parse_json(text, base).map_err(NoFeed::Unreadable);
    }
    match text.find('<') {
        Some(start) => parse_xml(&text[start..], base),
        None if text.is_empty() => Err(NoFeed::Unreadable("the answer is empty, where a feed was expected".to_owned())),
        None => Err(NoFeed::Unreadable("the answer is neither XML nor JSON, where a feed was expected".to_owned())),
    }
}

/// Whether a text that begins with a bracket is markup with junk before it.
fn looks_like_markup(text: &str) -> bool {
    let head = crate::html::first_bytes(text, 1_024);
    ["<?xml", "<rss", "<feed", "<rdf"].iter().any(|tag| head.contains(tag))
}

fn parse_xml(text: &str, base: &Url) -> Result<Document, NoFeed> {
    let canonical = canonical::canonical(text, base, MAX_ENTRIES);
    if !canonical.is_feed {
        return Err(if is_web_page(text) {
            NoFeed::WebPage(discover::discover(text, base))
        } else {
            NoFeed::Unreadable("the answer is XML, but nothing in it says that it is a feed".to_owned())
        });
    }
    if canonical.extras.is_empty() {
        let hidden = entries_in_sight(text);
        if hidden > 0 {
            return Err(NoFeed::Unreadable(match canonical.too_deep {
                0 => format!("the feed seems to hold {hidden} entries, but is too damaged to read any of them"),
                _ => format!("the feed is nested too deep: none of its {hidden} entries can be read"),
            }));
        }
    }
    let feed = feed_of(&canonical.atom).map_err(NoFeed::Unreadable)?;
    let ttl = canonical.ttl_minutes.map(|minutes| Duration::from_secs(u64::from(minutes) * 60));
    let older = feed.links.first().and_then(|link| base.join(&link.href).ok());
    Ok(document(feed, canonical.extras, older, ttl, canonical.discarded))
}

fn parse_json(text: &str, base: &Url) -> Result<Document, String> {
    let json = json::canonical(text, base, MAX_ENTRIES)?;
    let feed = feed_of(&json.text)?;
    Ok(document(feed, Vec::new(), json.older, None, json.discarded))
}

fn document(feed: Feed, extras: Vec<Extra>, older: Option<Url>, ttl: Option<Duration>, dropped: usize) -> Document {
    let language = feed.language;
    let mut extras = extras.into_iter();
    let items = feed.entries.into_iter().map(|entry| {
        let extra = extras.next().unwrap_or_default();
        adapt::item(&entry, &extra, language.as_deref())
    });
    Document { items: items.collect(), older, ttl, dropped }
}

fn feed_of(text: &str) -> Result<Feed, String> {
    feed_rs::parser::Builder::new()
        // An empty id tells us that the entry has none; invented ones change with the title.
        .id_generator(|_, _, _| String::new())
        .build()
        .parse(text.as_bytes())
        .map_err(|error| format!("the feed cannot be read ({error})"))
}

fn is_web_page(text: &str) -> bool {
    let head = crate::html::first_bytes(text, 4_096).to_ascii_lowercase();
    head.contains("<!doctype html") || head.contains("<html")
}

/// How many entries a person would count in the document.
fn entries_in_sight(text: &str) -> usize {
    ["<item", "<entry"]
        .iter()
        .flat_map(|tag| text.match_indices(tag).map(move |(at, _)| at + tag.len()))
        .filter(|&end| matches!(text.as_bytes().get(end), Some(b'>' | b' ' | b'\t' | b'\n' | b'\r')))
        .count()
}
