//! What Reddit sends, as far as we read it, and how it becomes posts.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::collectors::Context;
use crate::collectors::listing::{Draft, Entry, Found};
use crate::html;

/// A list of things.
#[derive(Debug, Deserialize)]
pub(super) struct Listing {
    pub(super) data: ListingData,
}

#[derive(Debug, Deserialize)]
pub(super) struct ListingData {
    pub(super) children: Vec<Value>,
    pub(super) after: Option<String>,
}

/// A submission or a comment. `kind` tells what it is.
#[derive(Debug, Deserialize)]
pub(super) struct Thing {
    kind: String,
    data: Value,
}

#[derive(Debug, Deserialize)]
struct Submission {
    name: String,
    author: Option<String>,
    created_utc: f64,
    title: String,
    #[serde(default)]
    selftext: String,
    selftext_html: Option<String>,
    permalink: String,
    removed_by_category: Option<String>,
}

#[derive(Debug, Deserialize)]
struct Comment {
    name: String,
    author: Option<String>,
    created_utc: f64,
    body: String,
    body_html: Option<String>,
    permalink: Option<String>,
    link_id: String,
}

/// An access token.
#[derive(Deserialize)]
pub(super) struct Token {
    pub(super) access_token: String,
    /// In seconds.
    pub(super) expires_in: u64,
}

/// What stands in place of a text that its author deleted, or that was removed.
const GONE: [&str; 3] = ["[deleted]", "[removed]", "[ Removed by Reddit ]"];

/// The robot that writes under submissions in most subreddits.
const ROBOT: &str = "AutoModerator";

/// The entry that `thing` is; `None` when it cannot be read.
pub(super) fn entry(thing: Thing, context: &Context) -> Option<Entry> {
    match thing.kind.as_str() {
        "t3" => submission(&serde_json::from_value(thing.data).ok()?, context),
        "t1" => comment(&serde_json::from_value(thing.data).ok()?, context),
        _ => None,
    }
}

fn submission(thing: &Submission, context: &Context) -> Option<Entry> {
    let removed = thing.removed_by_category.is_some();
    let text = plain(&thing.selftext, thing.selftext_html.as_deref());
    let draft = Draft {
        native: &thing.name,
        author: thing.author.as_deref(),
        created_at: time(thing.created_utc)?,
        title: Some(&html::to_text(&thing.title)),
        text: &text,
        url: Some(format!("https://www.reddit.com{}", thing.permalink)),
        language: None,
    };
    finish(draft, removed || GONE.contains(&thing.selftext.trim()), context)
}

fn comment(thing: &Comment, context: &Context) -> Option<Entry> {
    let (_, link) = thing.link_id.split_once('_')?;
    let (_, id) = thing.name.split_once('_')?;
    let path = thing.permalink.clone().unwrap_or_else(|| format!("/comments/{link}/_/{id}/"));
    let draft = Draft {
        native: &thing.name,
        author: thing.author.as_deref(),
        created_at: time(thing.created_utc)?,
        title: None,
        text: &plain(&thing.body, thing.body_html.as_deref()),
        url: Some(format!("https://www.reddit.com{path}")),
        language: None,
    };
    finish(draft, GONE.contains(&thing.body.trim()), context)
}

fn finish(draft: Draft<'_>, gone: bool, context: &Context) -> Option<Entry> {
    let (native, at) = (draft.native.to_owned(), draft.created_at);
    // A fullname is the kind and the number, in base 36, which grows with time.
    let order = u64::from_str_radix(native.split_once('_')?.1, 36).ok()?;
    let found = match draft.author {
        Some(ROBOT) => Found::Nothing,
        Some(author) if !gone && author != "[deleted]" => Found::of(draft.post(context)),
        _ => Found::Gone(context.post_id(&native)),
    };
    Some(Entry { native, order, in_order: true, at, found })
}

/// The text without Markdown. Without `raw_json`, Reddit escapes its HTML once more.
fn plain(markdown: &str, html: Option<&str>) -> String {
    match html {
        Some(html) if html.starts_with("&lt;") => html::to_text(&html::to_text(html)),
        Some(html) => html::to_text(html),
        None => markdown.to_owned(),
    }
}

fn time(seconds: f64) -> Option<Timestamp> {
    let duration = jiff::SignedDuration::try_from_secs_f64(seconds).ok()?;
    Timestamp::UNIX_EPOCH.checked_add(duration).ok()
}
