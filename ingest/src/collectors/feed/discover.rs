//! The feeds that a web page names.

use std::cell::RefCell;

use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use url::Url;

use crate::html;

/// A feed that a page names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FoundFeed {
    /// Its address.
    pub url: Url,
    /// What the page calls it.
    pub title: Option<String>,
}

/// More feeds of one page are not listed.
const MOST: usize = 20;

/// So much of a page is read: `<link>` belongs into its head, but some heads are long.
const MAX_BYTES: usize = 512 * 1024;

/// The feeds that the page `html` at `base` names, the most likely first: those that it declares as an alternate form of
/// itself, then links whose address looks like that of a feed. An address that the page does not name is never guessed.
pub fn discover(html: &str, base: &Url) -> Vec<FoundFeed> {
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(html::first_bytes(html, MAX_BYTES)));
    let finder = Finder { base: RefCell::new(base.clone()), declared: RefCell::default(), linked: RefCell::default() };
    let tokenizer = Tokenizer::new(finder, TokenizerOpts::default());
    // The sink never asks to stop, so one call takes all input.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let Finder { declared, linked, .. } = tokenizer.sink;
    let mut found: Vec<FoundFeed> = Vec::new();
    for feed in declared.into_inner().into_iter().chain(linked.into_inner()) {
        if found.len() < MOST && found.iter().all(|known| known.url != feed.url) {
            found.push(feed);
        }
    }
    found
}

struct Finder {
    base: RefCell<Url>,
    declared: RefCell<Vec<FoundFeed>>,
    linked: RefCell<Vec<FoundFeed>>,
}

impl Finder {
    fn tag(&self, tag: &Tag) {
        let attribute = |name: &str| {
            let found = tag.attrs.iter().find(|attribute| &*attribute.name.local == name);
            found.map(|attribute| attribute.value.trim()).filter(|value| !value.is_empty())
        };
        let Some(target) = attribute("href").and_then(|href| self.base.borrow().join(href).ok()) else { return };
        if !matches!(target.scheme(), "http" | "https") {
            return;
        }
        let title = attribute("title").map(str::to_owned);
        match &*tag.name {
            "base" => *self.base.borrow_mut() = target,
            "link" | "a" if declares_feed(attribute("rel"), attribute("type")) => {
                push(&self.declared, FoundFeed { url: target, title });
            }
            "a" if looks_like_feed(&target) => push(&self.linked, FoundFeed { url: target, title }),
            _ => {}
        }
    }
}

fn push(list: &RefCell<Vec<FoundFeed>>, feed: FoundFeed) {
    let mut list = list.borrow_mut();
    if list.len() < MOST {
        list.push(feed);
    }
}

fn declares_feed(rel: Option<&str>, media_type: Option<&str>) -> bool {
    let has =
        |wanted: &str| rel.is_some_and(|rel| rel.split_whitespace().any(|word| word.eq_ignore_ascii_case(wanted)));
    let media_type = media_type.unwrap_or_default().split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    has("feed")
        || (has("alternate")
            && matches!(
                &*media_type,
                "application/rss+xml"
                    | "application/atom+xml"
                    | "application/feed+json"
                    | "application/rdf+xml"
                    | "text/xml"
                    | "application/xml"
                    | "application/rss"
                    | "application/atom"
                    | "text/rss+xml"
            ))
}

fn looks_like_feed(url: &Url) -> bool {
    const NAMES: &[&str] = &["feed", "rss", "atom", "index.xml", "index.rdf"];
    let path = url.path().to_ascii_lowercase();
    let last = path.trim_end_matches('/').rsplit('/').next().unwrap_or_default();
    let (stem, extension) = last.rsplit_once('.').unwrap_or((last, ""));
    NAMES.contains(&last)
        || matches!(extension, "rss" | "atom")
        || (matches!(stem, "feed" | "rss" | "atom") && matches!(extension, "xml" | "json"))
}

impl TokenSink for Finder {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if let Token::TagToken(tag) = token
            && tag.kind == TagKind::StartTag
        {
            self.tag(&tag);
        }
        TokenSinkResult::Continue
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn declared_feeds_come_first_and_nothing_is_guessed() {
        let page = r#"<!doctype html><html><head><base href="/news/">
            <link rel="stylesheet" href="style.css"><link rel="alternate" hreflang="cy" href="/cy">
            <link rel="Alternate" type="application/rss+xml" title="News" href="all.xml"></head>
            <body><a href="https://other.example/feed/">Feed</a> <a href="all.xml">again</a> <a href="mailto:x@y">x</a>
            <a href="javascript:feed">x</a> <link rel=feed href=//cdn.example/f?x=1&amp;y=2></body>"#;
        let base = Url::parse("https://example.org/about").unwrap();
        let found: Vec<String> = discover(page, &base)
            .into_iter()
            .map(|feed| format!("{} {}", feed.url, feed.title.unwrap_or_default()))
            .collect();
        assert_eq!(
            found,
            ["https://example.org/news/all.xml News", "https://cdn.example/f?x=1&y=2 ", "https://other.example/feed/ "]
        );
        assert_eq!(discover("<html><p>Nothing here", &base), []);
    }
}
