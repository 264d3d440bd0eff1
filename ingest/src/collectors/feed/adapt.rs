//! Entries of a feed to posts.

use bus::{AuthorKey, IdKey, Post, PostId};
use feed_rs::model::{Entry, Link};
use jiff::Timestamp;
use url::Url;

use super::canonical::{Extra, PERMALINK};
use super::identity::{self, Traits};
use crate::html;
use crate::sources::SourceConfig;

/// An entry as its feed tells it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Item {
    /// On one line, without markup.
    pub(super) title: Option<String>,
    /// The longest text that it offers, without markup.
    pub(super) body: String,
    /// Its page, as the feed names it; not always an address that can be opened.
    pub(super) link: Option<String>,
    /// Its page on the web.
    pub(super) url: Option<String>,
    /// What the feed says identifies it.
    pub(super) guid: Option<String>,
    pub(super) published: Option<Timestamp>,
    pub(super) updated: Option<Timestamp>,
    pub(super) created: Option<Timestamp>,
    pub(super) author: Option<String>,
    pub(super) language: Option<String>,
}

/// What `entry` and `extra` say, in a feed of this language.
pub(super) fn item(entry: &Entry, extra: &Extra, language: Option<&str>) -> Item {
    let link = own_link(&entry.links);
    let url = [extra.original_link.as_deref(), link.as_deref()]
        .into_iter()
        .flatten()
        .chain(entry.links.iter().map(|link| &*link.href))
        .find_map(on_the_web);
    Item {
        title: entry
            .title
            .as_ref()
            .map(|title| one_line(&html::to_text(&title.content)))
            .filter(|title| !title.is_empty()),
        body: body(entry),
        link,
        url,
        guid: Some(entry.id.trim()).filter(|id| !id.is_empty()).map(str::to_owned),
        published: entry.published.and_then(|at| Timestamp::from_millisecond(at.timestamp_millis()).ok()),
        updated: entry.updated.and_then(|at| Timestamp::from_millisecond(at.timestamp_millis()).ok()),
        created: extra.created,
        author: author(entry),
        language: extra.language.as_deref().or(language).map(str::to_owned),
    }
}

/// The posts that `items` are, in their order, each with what tells it from others. An entry that says nothing at all is
/// none.
pub(super) fn posts(items: &[Item], source: &SourceConfig, id_key: &IdKey, now: Timestamp) -> Vec<(Post, Traits)> {
    let keys = identity::keys(items);
    let pairs = items.iter().zip(keys);
    pairs.filter_map(|(item, key)| Some((post(item, &key, source, id_key, now)?, Traits::of(item)))).collect()
}

fn post(item: &Item, key: &str, source: &SourceConfig, id_key: &IdKey, now: Timestamp) -> Option<Post> {
    let (title, text) = match &item.title {
        Some(title) => {
            let text = without_title(&item.body, title);
            // A post without text is its title.
            if text.is_empty() { (None, title.as_str()) } else { (Some(title), text) }
        }
        None => (None, item.body.as_str()),
    };
    if text.is_empty() {
        return None;
    }
    let language = item.language.as_deref().or(source.language.as_deref());
    Some(Post {
        id: PostId::new(&source.id, key),
        source: source.id.clone(),
        channel: source.channel,
        author: item.author.as_ref().map(|name| AuthorKey::new(id_key, &source.id, name)),
        created_at: item.published.or(item.updated).or(item.created).filter(|at| plausible(*at, now)).unwrap_or(now),
        collected_at: now,
        text: text.to_owned(),
        title: title.cloned(),
        url: item.url.clone(),
        language_hint: language.map(str::to_owned),
        place_hint: source.place.clone(),
        event: None,
        attendance: None,
    })
}

/// Whether a time is neither before the web nor after now: such dates are mistakes of the feed.
fn plausible(at: Timestamp, now: Timestamp) -> bool {
    const YEAR_1990_S: i64 = 631_152_000;
    at.as_second() >= YEAR_1990_S && at <= now
}

/// Who wrote it, as the feed says.
fn author(entry: &Entry) -> Option<String> {
    let person = entry.authors.first()?;
    let name = person.name.as_deref().or(person.email.as_deref())?.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The page of the entry itself, rather than of its parts or comments: the last that is said to be it, as in feedparser,
/// or else the identity that is a link as well.
fn own_link(links: &[Link]) -> Option<String> {
    let is_page = |link: &&Link| {
        let media_type = link.media_type.as_deref().unwrap_or("text/html");
        matches!(media_type.to_ascii_lowercase().as_str(), "text/html" | "html" | "application/xhtml+xml" | "xhtml")
    };
    let stated = links.iter().rev().filter(is_page).find(|link| link.rel.as_deref() == Some("alternate"));
    let permalink = || links.iter().rev().find(|link| link.rel.as_deref() == Some(PERMALINK));
    // JSON Feed knows no relations, and puts the page before the others.
    let first = || links.iter().find(|link| link.rel.is_none());
    stated.or_else(permalink).or_else(first).map(|link| link.href.clone())
}

/// `link`, if it can be opened in a browser.
fn on_the_web(link: &str) -> Option<String> {
    let url = Url::parse(link).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

/// The longest text that the entry offers: its content, or its summary.
fn body(entry: &Entry) -> String {
    let content = entry.content.as_ref().and_then(|content| {
        let body = content.body.as_deref()?;
        match content.content_type.subty().as_str() {
            "plain" => Some(plain(body)),
            _ if matches!(content.content_type.ty().as_str(), "text" | "application") => Some(html::to_text(body)),
            _ => None,
        }
    });
    let summary = || entry.summary.as_ref().map(|summary| html::to_text(&summary.content));
    let text = content.filter(|text| !text.is_empty()).or_else(summary).unwrap_or_default();
    without_footer(&text).to_owned()
}

/// Text that is not HTML: only white space and control characters are tidied.
fn plain(text: &str) -> String {
    let text = html::first_bytes(text, 64 * 1024);
    let lines = text.lines().map(|line| line.split_whitespace().collect::<Vec<_>>().join(" "));
    lines.filter(|line| !line.is_empty()).collect::<Vec<_>>().join("\n")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// `WordPress` ends each entry with its title and the site's name, which the author did not say.
fn without_footer(text: &str) -> &str {
    match text.rfind("The post ") {
        Some(at) if (at == 0 || text[..at].ends_with('\n')) && text[at..].contains(" appeared first on ") => {
            text[..at].trim_end()
        }
        _ => text,
    }
}

/// `text` without the title at its beginning.
fn without_title<'a>(text: &'a str, title: &str) -> &'a str {
    match text.strip_prefix(title) {
        // "NHS" is no repetition in "NHSX is closed".
        Some(rest) if !rest.starts_with(char::is_alphanumeric) => {
            rest.trim_start_matches(|c: char| c.is_whitespace() || matches!(c, '.' | ':' | '-' | '–' | '—' | '|'))
        }
        _ => text,
    }
}
