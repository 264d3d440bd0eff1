//! Pages for people, and the two outlets that never work, so that a failing source can be seen.

use std::sync::Arc;
use std::time::Duration;

use axum::extract::{Path, State};
use axum::http::{HeaderMap, StatusCode};
use axum::response::Response;

use super::answer::{Document, plain};
use super::feeds::feed_file;
use super::markup::{escape, paragraphs};
use super::{NOTICE, Site};
use crate::conversation::PostRef;
use crate::outlet::{FOLLOWED_TAGS, Format, OUTLETS};
use crate::put::put;

/// `GET /`: what the site holds.
pub(super) async fn home(headers: HeaderMap) -> Response {
    let mut list = String::new();
    for outlet in OUTLETS {
        let path = match outlet.format {
            Format::Mastodon => format!("api/v1/timelines/tag/{}", FOLLOWED_TAGS[0]),
            _ => feed_file(outlet).to_owned(),
        };
        let (slug, name) = (outlet.slug, escape(outlet.name));
        put(&mut list, format_args!("<li><a href=\"/{slug}/{path}\">{name}</a></li>"));
    }
    page("The demonstration's site", &format!("<ul>{list}</ul>")).answer(&headers)
}

/// `GET /statuses/{id}`: one post.
pub(super) async fn post(State(site): State<Arc<Site>>, Path(id): Path<u64>, headers: HeaderMap) -> Response {
    let Some((post, text)) = site.posts(&[PostRef(id)], site.now()).next() else {
        return plain(StatusCode::NOT_FOUND, "This post is not there, or not there any more. It would be fictional.");
    };
    let title = post.title.as_deref().unwrap_or("A post");
    let name = OUTLETS.iter().find(|outlet| outlet.slug == post.outlet).map_or("a meeting", |outlet| outlet.name);
    let about = format!("<p>{}, {}, {}</p>", escape(&post.author), escape(name), post.created_at);
    page(title, &format!("{about}{}", paragraphs(&text))).answer(&headers)
}

/// `GET /robots.txt`
pub(super) async fn robots() -> Response {
    plain(StatusCode::OK, "User-agent: *\nAllow: /\n")
}

/// The feed of an outlet whose server is always broken.
pub(super) async fn broken() -> Response {
    plain(StatusCode::INTERNAL_SERVER_ERROR, "The Moorland Mercury's presses have jammed. (Fictional.)")
}

/// The feed of an outlet that answers late, and with a web page.
pub(super) async fn not_a_feed(headers: HeaderMap) -> Response {
    tokio::time::sleep(Duration::from_millis(400)).await;
    page("The Harbour Notice Board", "<p>Welcome to our new website! Feeds are coming soon.</p>").answer(&headers)
}

fn page(title: &str, body: &str) -> Document {
    let title = escape(title);
    let body = format!(
        "<!doctype html><html lang=\"en-GB\"><head><meta charset=\"utf-8\"><title>{title} (fictional)</title></head><body><p><strong>{NOTICE}</strong></p><h1>{title}</h1>{body}</body></html>"
    );
    Document { content_type: "text/html; charset=utf-8", body, modified: None, link: None }
}
