//! The part of Mastodon's REST API that collectors use: the timeline of a hashtag, and one status.

use std::sync::Arc;

use axum::extract::{Path, Query, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;
use bus::Channel;
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::{Value, json};

use super::answer::{Document, plain};
use super::index::Window;
use super::markup::with_hashtags;
use super::{NOTICE, Site};
use crate::conversation::{DemoPost, PostRef};
use crate::outlet::{FOLLOWED_TAGS, OUTLETS, Outlet};

/// As many statuses as Mastodon gives at most, and as many as it gives unasked.
const LIMITS: (usize, usize) = (40, 20);

/// Which part of a timeline is asked for.
#[derive(Debug, Deserialize)]
pub(super) struct Part {
    max_id: Option<u64>,
    since_id: Option<u64>,
    min_id: Option<u64>,
    limit: Option<usize>,
}

/// `GET /{outlet}/api/v1/timelines/tag/{tag}`
pub(super) async fn timeline(
    State(site): State<Arc<Site>>,
    Path((slug, tag)): Path<(String, String)>,
    Query(part): Query<Part>,
    headers: HeaderMap,
) -> Response {
    let Some(outlet) = instance_called(&slug) else { return unknown() };
    let now = site.now();
    let limit = part.limit.unwrap_or(LIMITS.1).clamp(1, LIMITS.0);
    let window = match (part.min_id, part.since_id, part.max_id) {
        (Some(id), _, _) => Window::After(PostRef(id)),
        (None, Some(id), _) => Window::Since(PostRef(id)),
        (None, None, Some(id)) => Window::Before(PostRef(id)),
        (None, None, None) => Window::Newest,
    };
    let followed = FOLLOWED_TAGS.iter().position(|followed| followed.eq_ignore_ascii_case(&tag));
    let ids = match followed {
        Some(tag) => site.with_index(now, |index| index.ids(outlet, Some(tag), window, limit, now)),
        None => Vec::new(),
    };
    let base = site.url(&format!("/{slug}"));
    let statuses: Vec<Value> =
        site.posts(&ids, now).map(|(post, text)| status_json(&base, &post, &text, now)).collect();
    let link = ids.first().zip(ids.last()).map(|(newest, oldest)| {
        let page = format!("{base}/api/v1/timelines/tag/{tag}?limit={limit}");
        format!("<{page}&max_id={}>; rel=\"next\", <{page}&min_id={}>; rel=\"prev\"", oldest.0, newest.0)
    });
    // A tag may hold signs that a header cannot; those we do not follow, so there is nothing to link to.
    let link = link.filter(|link| link.is_ascii());
    let document = Document {
        content_type: "application/json; charset=utf-8",
        body: Value::Array(statuses).to_string(),
        modified: None,
        link,
    };
    document.answer(&headers)
}

/// `GET /{outlet}/api/v1/statuses/{id}`: a status that was deleted is not found.
pub(super) async fn status(
    State(site): State<Arc<Site>>,
    Path((slug, id)): Path<(String, u64)>,
    headers: HeaderMap,
) -> Response {
    let now = site.now();
    let found = site.posts(&[PostRef(id)], now).next().filter(|(post, _)| post.outlet == slug);
    let Some((post, text)) = found.filter(|(post, _)| post.channel == Channel::Social) else { return unknown() };
    let body = status_json(&site.url(&format!("/{slug}")), &post, &text, now).to_string();
    Document { content_type: "application/json; charset=utf-8", body, modified: None, link: None }.answer(&headers)
}

/// `GET /{outlet}/api/v1/instance`
pub(super) async fn instance(State(site): State<Arc<Site>>, Path(slug): Path<String>, headers: HeaderMap) -> Response {
    let Some(outlet) = instance_called(&slug) else { return unknown() };
    let outlet: &Outlet = &OUTLETS[outlet];
    let body = json!({
        "uri": site.addr.to_string(), "title": format!("{} (fictional)", outlet.name), "description": NOTICE,
        "short_description": NOTICE, "version": "4.3.0 (compatible; Discovery demonstration)", "languages": ["en"],
    });
    let body = body.to_string();
    Document { content_type: "application/json; charset=utf-8", body, modified: None, link: None }.answer(&headers)
}

fn status_json(base: &str, post: &DemoPost, text: &str, now: Timestamp) -> Value {
    let id = post.id.0.to_string();
    let tags = format!("{base}/tags");
    let edited_at = post.edited.as_ref().map(|(at, _)| at).filter(|at| **at <= now);
    let listed: Vec<Value> = post
        .tags
        .iter()
        .map(|tag| json!({ "name": tag.to_lowercase(), "url": format!("{tags}/{}", tag.to_lowercase()) }))
        .collect();
    json!({
        "id": id, "created_at": millis(post.created_at), "edited_at": edited_at.copied().map(millis),
        "in_reply_to_id": null, "sensitive": false, "spoiler_text": "", "visibility": "public",
        "language": post.language, "uri": format!("{base}/statuses/{id}"), "url": format!("{base}/statuses/{id}"),
        "replies_count": 0, "reblogs_count": 0, "favourites_count": 0, "reblog": null,
        "content": with_hashtags(text, &tags), "media_attachments": [], "mentions": [], "tags": listed,
        "account": {
            "id": post.author, "username": post.author, "acct": post.author, "display_name": post.author,
            "bot": false, "indexable": true, "noindex": false, "url": format!("{base}/accounts/{}", post.author),
            "note": format!("<p>{NOTICE}</p>"),
        },
    })
}

/// As Mastodon writes times.
fn millis(at: Timestamp) -> String {
    format!("{at:.3}")
}

/// The index of the social outlet called `slug`.
fn instance_called(slug: &str) -> Option<usize> {
    Outlet::index(slug).filter(|&outlet| OUTLETS[outlet].channel == Channel::Social)
}

fn unknown() -> Response {
    plain(StatusCode::NOT_FOUND, "There is nothing here. This site is fictional.")
}
