//! Entries of a feed to posts.

use bus::{AuthorKey, IdKey, Post, PostId};
use feed_rs::model::{Entry, Link};
use jiff::Timestamp;
use url::Url;

use super::parse::Document;
use crate::html;
use crate::sources::SourceConfig;

/// More entries of one document are not read.
pub(super) const MAX_ENTRIES: usize = 2_000;

/// The posts of `document`, in its order.
pub(super) fn posts(document: Document, source: &SourceConfig, id_key: &IdKey, now: Timestamp) -> Vec<Post> {
    let language = document.feed.language;
    let entries = document.feed.entries.into_iter().take(MAX_ENTRIES);
    entries.filter_map(|entry| post(&entry, language.as_deref(), source, id_key, now)).collect()
}

/// The post that `entry` is, unless it says nothing at all.
fn post(entry: &Entry, language: Option<&str>, source: &SourceConfig, id_key: &IdKey, now: Timestamp) -> Option<Post> {
    let url = best_link(&entry.links);
    let created_at = entry.published.or(entry.updated).and_then(|at| plausible(at.timestamp_millis(), now));
    let title = entry.title.as_ref().map(|title| one_line(&html::to_text(&title.content))).filter(|t| !t.is_empty());
    let body = body(entry);
    let (title, text) = match title {
        Some(title) => {
            let text = without_title(&body, &title);
            // A post without text is its title.
            if text.is_empty() { (None, title) } else { (Some(title), text.to_owned()) }
        }
        None => (None, body),
    };
    if text.is_empty() {
        return None;
    }
    let id = match (entry.id.trim(), &url) {
        ("", Some(url)) => PostId::new(&source.id, url),
        ("", None) => PostId::new(&source.id, &fallback_id(title.as_deref(), &text, created_at)),
        (guid, _) => PostId::new(&source.id, guid),
    };
    Some(Post {
        id,
        source: source.id.clone(),
        channel: source.channel,
        author: author(entry).map(|name| AuthorKey::new(id_key, &source.id, &name)),
        created_at: created_at.unwrap_or(now),
        collected_at: now,
        text,
        title,
        url,
        language_hint: entry.language.as_deref().or(language).or(source.language.as_deref()).map(str::to_owned),
        place_hint: source.place.clone(),
        event: None,
    })
}

/// The identity of an entry that has neither an id nor a link.
fn fallback_id(title: Option<&str>, text: &str, created_at: Option<Timestamp>) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(title.unwrap_or(text).as_bytes());
    hasher.update(created_at.map(|at| at.to_string()).unwrap_or_default().as_bytes());
    format!("hash:{}", hasher.finalize().to_hex())
}

/// The time, unless it is before the web or after now: such dates are mistakes of the feed.
fn plausible(milliseconds: i64, now: Timestamp) -> Option<Timestamp> {
    const YEAR_1990_S: i64 = 631_152_000;
    let at = Timestamp::from_millisecond(milliseconds).ok()?;
    (at.as_second() >= YEAR_1990_S && at <= now).then_some(at)
}

/// Who wrote it, as the feed says.
fn author(entry: &Entry) -> Option<String> {
    let person = entry.authors.first()?;
    let name = person.name.as_deref().or(person.email.as_deref())?.trim();
    (!name.is_empty()).then(|| name.to_owned())
}

/// The address of the entry itself rather than of its parts or comments.
fn best_link(links: &[Link]) -> Option<String> {
    let own =
        links.iter().find(|link| link.target.is_none() && matches!(link.rel.as_deref(), None | Some("alternate")));
    let url = Url::parse(&own.or(links.first())?.href).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.into())
}

/// The longest text that the entry offers: its content, its summary, or the description of its medium.
fn body(entry: &Entry) -> String {
    let content = entry.content.as_ref().and_then(|content| {
        let body = content.body.as_deref()?;
        match content.content_type.subty().as_str() {
            "plain" => Some(plain(body)),
            _ if matches!(content.content_type.ty().as_str(), "text" | "application") => Some(html::to_text(body)),
            _ => None,
        }
    });
    let summary = entry.summary.as_ref().map(|summary| html::to_text(&summary.content));
    let medium = entry.media.iter().find_map(|medium| medium.description.as_ref());
    let text = [content, summary]
        .into_iter()
        .flatten()
        .find(|text| !text.is_empty())
        .or_else(|| medium.map(|description| html::to_text(&description.content)))
        .unwrap_or_default();
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
