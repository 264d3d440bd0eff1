//! One post as it is sent: its fields, and what each may hold.

use bus::{AuthorKey, Channel, EventId, IdKey, Post, PostId};
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::PushConfig;

/// Longer texts are refused.
const MAX_TEXT_BYTES: usize = 20_000;

/// Other fields hold at most so much.
const MAX_FIELD_BYTES: usize = 500;

/// Clocks differ; what is said later than this is a mistake.
const AHEAD: SignedDuration = SignedDuration::from_mins(10);

/// A post as it is sent.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Item {
    id: Name,
    text: String,
    created_at: Timestamp,
    author: Option<String>,
    title: Option<String>,
    url: Option<String>,
    place: Option<String>,
    language: Option<String>,
    channel: Option<Channel>,
    event: Option<String>,
    attendance: Option<u32>,
}

/// An identity, which some systems write as a number.
#[derive(Deserialize)]
#[serde(untagged)]
enum Name {
    Text(String),
    Number(u64),
}

impl Item {
    /// The post in `value`.
    ///
    /// # Errors
    /// Plain words about the field that is wrong.
    pub(super) fn parse(value: Value) -> Result<Self, String> {
        if !value.is_object() {
            return Err("is not an object".to_owned());
        }
        serde_json::from_value(value).map_err(|error| error.to_string())
    }

    /// The post, with its sender's pseudonym in place of the author.
    ///
    /// # Errors
    /// Plain words about the field that is wrong.
    pub(super) fn into_post(self, sender: &PushConfig, id_key: &IdKey, now: Timestamp) -> Result<Post, String> {
        let native = match self.id {
            Name::Text(text) => text,
            Name::Number(number) => number.to_string(),
        };
        let short = |name: &str, text: &Option<String>| match text {
            Some(text) if text.len() > MAX_FIELD_BYTES => {
                Err(format!("`{name}` is longer than {MAX_FIELD_BYTES} bytes"))
            }
            _ => Ok(()),
        };
        for (name, text) in [
            ("author", &self.author),
            ("title", &self.title),
            ("place", &self.place),
            ("language", &self.language),
            ("event", &self.event),
        ] {
            short(name, text)?;
        }
        if native.trim().is_empty() || native.len() > MAX_FIELD_BYTES {
            return Err(format!("`id` must be 1 to {MAX_FIELD_BYTES} bytes"));
        }
        let text = self.text.trim();
        if !text.chars().any(char::is_alphanumeric) {
            return Err("`text` holds no words".to_owned());
        }
        if text.len() > MAX_TEXT_BYTES {
            return Err(format!("`text` is longer than {MAX_TEXT_BYTES} bytes"));
        }
        if self.created_at > now + AHEAD {
            return Err(format!("`created_at` {} lies in the future", self.created_at));
        }
        if self.attendance.is_some() && self.event.is_none() {
            return Err("`attendance` is of a meeting: say which in `event`".to_owned());
        }
        let author = self.author.as_deref().map(str::trim).filter(|author| !author.is_empty());
        Ok(Post {
            id: PostId::new(&sender.source, &native),
            source: sender.source.clone(),
            channel: self.channel.unwrap_or(sender.channel),
            author: author.map(|author| AuthorKey::new(id_key, &sender.source, author)),
            created_at: self.created_at.min(now),
            collected_at: now,
            text: text.to_owned(),
            title: self.title.filter(|title| !title.trim().is_empty()),
            url: self.url.map(|url| checked_url(&url)).transpose()?,
            language_hint: self.language.or_else(|| sender.language.clone()),
            place_hint: self.place.or_else(|| sender.place.clone()),
            event: self.event.map(|event| event.parse::<EventId>().map_err(|error| error.to_string())).transpose()?,
            attendance: self.attendance,
        })
    }
}

fn checked_url(text: &str) -> Result<String, String> {
    let url = Url::parse(text).map_err(|error| format!("`url` is not an address: {error}"))?;
    if !matches!(url.scheme(), "https" | "http") || text.len() > 2_000 {
        return Err("`url` must begin with https:// or http://, and be at most 2000 bytes".to_owned());
    }
    Ok(url.into())
}
