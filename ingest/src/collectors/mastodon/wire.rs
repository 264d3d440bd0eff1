//! What a Mastodon server sends, as far as we read it, and how it becomes posts.

use bus::{AuthorKey, IdKey, Post, PostId};
use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use crate::html;
use crate::sources::SourceConfig;

/// A status.
#[derive(Debug, Deserialize)]
pub(super) struct Status {
    pub(super) id: String,
    created_at: Timestamp,
    #[serde(default)]
    pub(super) edited_at: Option<Timestamp>,
    #[serde(default)]
    content: String,
    #[serde(default)]
    spoiler_text: String,
    visibility: Option<String>,
    language: Option<String>,
    account: Account,
    reblog: Option<serde::de::IgnoredAny>,
}

/// Who wrote it.
#[derive(Debug, Deserialize)]
struct Account {
    /// `user` on the server itself, `user@server` elsewhere.
    acct: String,
    /// Whether the person agrees that public posts are found by search.
    indexable: Option<bool>,
    /// Whether the person asks search engines to stay away.
    noindex: Option<bool>,
    /// The profile's text.
    #[serde(default)]
    note: String,
}

/// Words in a profile by which people ask not to be collected.
const OPT_OUTS: [&str; 4] = ["#nobot", "#noindex", "#nosearch", "#noarchive"];

impl Account {
    /// Whether this person does not want to be collected.
    fn opted_out(&self) -> bool {
        if self.indexable == Some(false) || self.noindex == Some(true) {
            return true;
        }
        let note = html::to_text(&self.note).to_lowercase();
        OPT_OUTS.iter().any(|word| note.contains(word))
    }
}

/// An event of the streaming interface.
#[derive(Debug)]
pub(super) enum LiveEvent {
    /// A status is new, or was edited.
    Status(Box<Status>),
    /// The status with this id is deleted.
    Deleted(String),
    /// An event cannot be read.
    Unreadable,
    /// Something that does not concern us.
    Other,
}

/// A message of the WebSocket.
#[derive(Deserialize)]
struct LiveMessage {
    event: Option<String>,
    payload: Option<Value>,
}

/// The event `name` with its data.
pub(super) fn live_event(name: &str, data: &str) -> LiveEvent {
    match name {
        "update" | "status.update" => {
            serde_json::from_str(data).map_or(LiveEvent::Unreadable, |status| LiveEvent::Status(Box::new(status)))
        }
        "delete" => {
            let id = data.trim().trim_matches('"');
            let is_id = !id.is_empty() && id.len() <= 100 && id.bytes().all(|byte| byte.is_ascii_alphanumeric());
            if is_id { LiveEvent::Deleted(id.to_owned()) } else { LiveEvent::Unreadable }
        }
        _ => LiveEvent::Other,
    }
}

/// The event in a message of the WebSocket; its payload is JSON in a string.
pub(super) fn live_message(text: &str) -> LiveEvent {
    let Ok(message) = serde_json::from_str::<LiveMessage>(text) else { return LiveEvent::Unreadable };
    let Some(name) = message.event else { return LiveEvent::Other };
    let payload = match message.payload {
        Some(Value::String(text)) => text,
        Some(other) => other.to_string(),
        None => String::new(),
    };
    live_event(&name, &payload)
}

/// The id of the post that the server calls `native`.
pub(super) fn id_of(source: &SourceConfig, native: &str) -> PostId {
    PostId::new(&source.id, native)
}

/// The post that `status` is, unless it is not public, is somebody else's words, or its author opted out.
pub(super) fn post(
    status: Status,
    server: &Url,
    source: &SourceConfig,
    id_key: &IdKey,
    now: Timestamp,
) -> Option<Post> {
    let public = status.visibility.as_deref().is_none_or(|visibility| visibility == "public");
    if !public || status.reblog.is_some() {
        return None;
    }
    if status.account.opted_out() {
        metrics::counter!("discovery_ingest_opted_out_total").increment(1);
        return None;
    }
    let content = html::to_text(&status.content);
    let warning = html::to_text(&status.spoiler_text);
    let text = [warning, content].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("\n");
    if text.is_empty() {
        return None;
    }
    // `acct` names a local user without the server; with it, the same person is the same voice.
    let handle = status.account.acct.to_lowercase();
    let handle =
        if handle.contains('@') { handle } else { format!("{handle}@{}", server.host_str().unwrap_or_default()) };
    Some(Post {
        id: id_of(source, &status.id),
        source: source.id.clone(),
        channel: source.channel,
        author: Some(AuthorKey::new(id_key, &source.id, &handle)),
        created_at: status.created_at.min(now),
        collected_at: now,
        text,
        title: None,
        // The usual address of a status contains its author's handle; this one leads to the same place.
        url: server.join(&format!("/statuses/{}", status.id)).ok().map(Into::into),
        language_hint: status.language.or_else(|| source.language.clone()),
        place_hint: source.place.clone(),
        event: None,
        attendance: None,
    })
}
