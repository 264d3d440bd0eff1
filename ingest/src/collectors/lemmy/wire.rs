//! What Lemmy sends, as far as we read it, and how it becomes posts.

use jiff::Timestamp;
use jiff::civil::DateTime;
use jiff::tz::TimeZone;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use serde_json::Value;

use crate::collectors::Context;
use crate::collectors::listing::{Draft, Entry, Found};

/// `post/list` or `comment/list`.
#[derive(Debug, Deserialize)]
pub(super) struct List {
    pub(super) posts: Option<Vec<Value>>,
    pub(super) comments: Option<Vec<Value>>,
    /// The cursor of the next page of posts, from Lemmy 0.19 on.
    pub(super) next_page: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct PostView {
    post: Submission,
    creator: Person,
}

#[derive(Debug, Deserialize)]
pub(super) struct CommentView {
    comment: Comment,
    creator: Person,
}

#[expect(clippy::struct_excessive_bools, reason = "the flags of the wire")]
#[derive(Debug, Deserialize)]
struct Submission {
    id: u64,
    name: String,
    #[serde(default)]
    body: Option<String>,
    ap_id: String,
    #[serde(deserialize_with = "time")]
    published: Timestamp,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    removed: bool,
    #[serde(default)]
    featured_community: bool,
    #[serde(default)]
    featured_local: bool,
}

#[derive(Debug, Deserialize)]
struct Comment {
    id: u64,
    content: String,
    ap_id: String,
    #[serde(deserialize_with = "time")]
    published: Timestamp,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    removed: bool,
}

#[derive(Debug, Deserialize)]
struct Person {
    /// The address of the person's profile, on the person's own server.
    actor_id: String,
    #[serde(default)]
    bot_account: bool,
    #[serde(default)]
    deleted: bool,
    #[serde(default)]
    banned: bool,
}

impl PostView {
    pub(super) fn entry(&self, context: &Context) -> Entry {
        let Submission { id, name, body, ap_id, published, .. } = &self.post;
        let native = format!("post/{id}");
        let text = body.as_deref().unwrap_or_default();
        let draft = draft(&native, &self.creator, *published, Some(name), text, ap_id);
        let found = found(draft, &self.creator, self.post.deleted || self.post.removed, context);
        // Pinned posts stand first, however old they are.
        let pinned = self.post.featured_community || self.post.featured_local;
        Entry { order: order(*published), in_order: !pinned, native, at: *published, found }
    }
}

impl CommentView {
    pub(super) fn entry(&self, context: &Context) -> Entry {
        let Comment { id, content, ap_id, published, deleted, removed } = &self.comment;
        let native = format!("comment/{id}");
        let draft = draft(&native, &self.creator, *published, None, content, ap_id);
        let found = found(draft, &self.creator, *deleted || *removed, context);
        Entry { order: order(*published), in_order: true, native, at: *published, found }
    }
}

fn draft<'a>(
    native: &'a str,
    creator: &'a Person,
    created_at: Timestamp,
    title: Option<&'a str>,
    text: &'a str,
    url: &str,
) -> Draft<'a> {
    let author = Some(creator.actor_id.as_str());
    Draft { native, author, created_at, title, text, url: Some(url.to_owned()), language: None }
}

fn found(draft: Draft<'_>, creator: &Person, gone: bool, context: &Context) -> Found {
    if gone || creator.deleted || creator.banned {
        Found::Gone(context.post_id(draft.native))
    } else if creator.bot_account {
        Found::Nothing
    } else {
        Found::of(draft.post(context))
    }
}

/// New entries are listed by the time of writing: numbers are given when a server hears of a post, maybe much later.
fn order(published: Timestamp) -> u64 {
    u64::try_from(published.as_microsecond()).unwrap_or(0)
}

/// A time in UTC, which Lemmy before 0.19 wrote without a zone.
fn time<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Timestamp, D::Error> {
    let text = std::borrow::Cow::<'de, str>::deserialize(deserializer)?;
    if let Ok(time) = text.parse::<Timestamp>() {
        return Ok(time);
    }
    let local: DateTime = text.parse().map_err(D::Error::custom)?;
    local.to_zoned(TimeZone::UTC).map(|zoned| zoned.timestamp()).map_err(D::Error::custom)
}
