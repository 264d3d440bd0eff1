//! RSS 2.0, Atom and JSON Feed, in pages that lead from the newest entries back to the first.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;
use serde::Deserialize;
use serde_json::json;

use super::answer::{Document, plain};
use super::index::Window;
use super::markup::{escape, paragraphs};
use super::{NOTICE, Site};
use crate::conversation::{DemoPost, PostRef};
use crate::outlet::{Format, OUTLETS, Outlet};
use crate::put::put;

/// Entries on a page.
const PAGE: usize = 100;

/// Where a page begins.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    /// Only entries older than the one with this id.
    before: Option<u64>,
}

/// A page of a feed, before it is written in one of the formats.
struct Page<'a> {
    outlet: &'a Outlet,
    entries: Vec<Entry>,
    /// The outlet's own address, the feed's, this page's and the next page's.
    home: String,
    feed: String,
    this: String,
    next: Option<String>,
    updated: Timestamp,
}

struct Entry {
    post: DemoPost,
    text: String,
    title: String,
    updated: Timestamp,
    url: String,
}

/// `GET /{outlet}/feed.xml` or `.json`
pub(super) async fn feed(
    State(site): State<Arc<Site>>,
    Path(slug): Path<String>,
    Query(part): Query<Part>,
    headers: HeaderMap,
) -> Response {
    let found = Outlet::index(&slug).filter(|&index| OUTLETS[index].format != Format::Mastodon);
    let Some(index) = found else {
        return plain(StatusCode::NOT_FOUND, "There is no such feed. This site is fictional.");
    };
    let outlet = &OUTLETS[index];
    let now = site.now();
    let window = part.before.map_or(Window::Newest, |id| Window::Before(PostRef(id)));
    let ids = site.with_index(now, |list| list.ids(index, None, window, PAGE, now));
    let home = site.url(&format!("/{slug}"));
    let feed = format!("{home}/{}", feed_file(outlet));
    let next = ids.last().filter(|_| ids.len() == PAGE).map(|oldest| format!("{feed}?before={}", oldest.0));
    let entries: Vec<Entry> = site.posts(&ids, now).map(|(post, text)| entry(&site, post, text, now)).collect();
    let updated = entries.iter().map(|entry| entry.updated).max().unwrap_or(site.conversation.start());
    let this = part.before.map_or_else(|| feed.clone(), |id| format!("{feed}?before={id}"));
    let page = Page { outlet, entries, home, feed, this, next, updated };
    let (content_type, body) = match outlet.format {
        Format::Rss => ("application/rss+xml; charset=utf-8", page.rss()),
        Format::JsonFeed => ("application/feed+json; charset=utf-8", page.json()),
        Format::Atom | Format::Mastodon => ("application/atom+xml; charset=utf-8", page.atom()),
    };
    Document { content_type, body, modified: Some(updated), link: None }.answer(&headers)
}

/// The name of the file under which an outlet's feed is found.
pub(super) fn feed_file(outlet: &Outlet) -> &'static str {
    if outlet.format == Format::JsonFeed { "feed.json" } else { "feed.xml" }
}

fn entry(site: &Site, post: DemoPost, text: String, now: Timestamp) -> Entry {
    let changed = post.edited.as_ref().map(|(at, _)| *at).filter(|at| *at <= now);
    let title = post.title.clone().unwrap_or_else(|| "A reader's comment".to_owned());
    let url = site.url(&format!("/statuses/{}", post.id.0));
    Entry { updated: changed.unwrap_or(post.created_at), text, title, url, post }
}

impl Page<'_> {
    fn title(&self) -> String {
        format!("{} (fictional)", self.outlet.name)
    }

    fn rss(&self) -> String {
        let mut out = String::with_capacity(PAGE * 1200);
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<rss version=\"2.0\" xmlns:atom=\"http://www.w3.org/2005/Atom\" xmlns:dc=\"http://purl.org/dc/elements/1.1/\"><channel>\n");
        let (title, home, this) = (escape(&self.title()), &self.home, escape(&self.this));
        put(
            &mut out,
            format_args!(
                "<title>{title}</title><link>{home}</link><description>{NOTICE}</description><generator>Discovery demonstration, fictional</generator>\n<atom:link rel=\"self\" href=\"{this}\"/>"
            ),
        );
        if let Some(next) = &self.next {
            put(&mut out, format_args!("<atom:link rel=\"next\" href=\"{}\"/>", escape(next)));
        }
        for entry in &self.entries {
            put(
                &mut out,
                format_args!(
                    "\n<item><guid isPermaLink=\"false\">{}</guid><title>{}</title><link>{}</link><dc:creator>{}</dc:creator><pubDate>{}</pubDate><description>{}</description></item>",
                    entry.post.id.0,
                    escape(&entry.title),
                    entry.url,
                    escape(&entry.post.author),
                    rfc2822(entry.post.created_at),
                    escape(&paragraphs(&entry.text)),
                ),
            );
        }
        out.push_str("\n</channel></rss>\n");
        out
    }

    fn atom(&self) -> String {
        let mut out = String::with_capacity(PAGE * 1200);
        out.push_str("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<feed xmlns=\"http://www.w3.org/2005/Atom\">\n");
        put(
            &mut out,
            format_args!(
                "<id>{}</id><title>{}</title><subtitle>{NOTICE}</subtitle><generator>Discovery demonstration, fictional</generator><updated>{}</updated>\n<link rel=\"self\" href=\"{}\"/><link rel=\"alternate\" href=\"{}\"/>",
                self.feed,
                escape(&self.title()),
                self.updated,
                escape(&self.this),
                self.home,
            ),
        );
        if let Some(next) = &self.next {
            put(&mut out, format_args!("<link rel=\"next\" href=\"{}\"/>", escape(next)));
        }
        for entry in &self.entries {
            put(
                &mut out,
                format_args!(
                    "\n<entry xml:lang=\"{}\"><id>{}</id><title>{}</title><link rel=\"alternate\" href=\"{}\"/><author><name>{}</name></author><published>{}</published><updated>{}</updated><content type=\"html\">{}</content></entry>",
                    entry.post.language,
                    entry.url,
                    escape(&entry.title),
                    entry.url,
                    escape(&entry.post.author),
                    entry.post.created_at,
                    entry.updated,
                    escape(&paragraphs(&entry.text)),
                ),
            );
        }
        out.push_str("\n</feed>\n");
        out
    }

    fn json(&self) -> String {
        let items: Vec<_> = self
            .entries
            .iter()
            .map(|entry| {
                json!({
                    "id": entry.post.id.0.to_string(), "url": entry.url, "title": entry.title,
                    "content_html": paragraphs(&entry.text), "date_published": entry.post.created_at.to_string(),
                    "date_modified": entry.updated.to_string(), "language": entry.post.language,
                    "authors": [{ "name": entry.post.author }],
                })
            })
            .collect();
        let mut feed = json!({
            "version": "https://jsonfeed.org/version/1.1", "title": self.title(), "description": NOTICE,
            "home_page_url": self.home, "feed_url": self.feed, "items": items,
        });
        if let Some(next) = &self.next {
            feed["next_url"] = json!(next);
        }
        feed.to_string()
    }
}

fn rfc2822(at: Timestamp) -> String {
    DateTimePrinter::new().timestamp_to_string(&at).unwrap_or_default()
}
