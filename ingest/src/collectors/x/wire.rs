//! What X sends, as far as we read it, and how it becomes posts.

use std::collections::HashSet;

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::collectors::Context;
use crate::collectors::listing::{Draft, Entry, Found};

/// An answer of search or of a lookup.
#[derive(Debug, Default, Deserialize)]
pub(super) struct Answer {
    #[serde(default)]
    pub(super) data: Vec<Value>,
    #[serde(default)]
    pub(super) includes: Includes,
    #[serde(default)]
    pub(super) meta: Meta,
    /// What could not be given, each with its reason.
    #[serde(default)]
    pub(super) errors: Vec<Problem>,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Includes {
    #[serde(default)]
    users: Vec<User>,
}

#[derive(Debug, Deserialize)]
struct User {
    id: String,
    #[serde(default)]
    protected: bool,
}

#[derive(Debug, Default, Deserialize)]
pub(super) struct Meta {
    pub(super) next_token: Option<String>,
}

#[derive(Debug, Deserialize)]
pub(super) struct Problem {
    /// What was asked for.
    pub(super) value: Option<String>,
    #[serde(rename = "type")]
    kind: Option<String>,
}

impl Problem {
    /// Whether the post was deleted, or is no longer public.
    pub(super) fn is_gone(&self) -> bool {
        self.kind.as_deref().is_some_and(|kind| {
            kind.ends_with("/resource-not-found")
                || kind.ends_with("/not-authorized-for-resource")
                || kind.ends_with("/resource-unavailable")
        })
    }
}

/// A post.
#[expect(clippy::struct_field_names, reason = "the names of the wire")]
#[derive(Debug, Deserialize)]
pub(super) struct Tweet {
    id: String,
    text: String,
    note_tweet: Option<Note>,
    created_at: Timestamp,
    author_id: String,
    lang: Option<String>,
    /// The ids of all versions, oldest first: each edit makes a new one.
    #[serde(default)]
    edit_history_tweet_ids: Vec<String>,
    #[serde(default)]
    referenced_tweets: Vec<Reference>,
}

/// The whole text of a long post.
#[derive(Debug, Deserialize)]
struct Note {
    text: String,
}

#[derive(Debug, Deserialize)]
struct Reference {
    #[serde(rename = "type")]
    kind: String,
}

impl Includes {
    /// Whose posts only followers can see.
    pub(super) fn protected(&self) -> HashSet<&str> {
        self.users.iter().filter(|user| user.protected).map(|user| user.id.as_str()).collect()
    }
}

impl Tweet {
    /// The id of its first version, by which it stays the same post over edits.
    pub(super) fn first(&self) -> &str {
        self.edit_history_tweet_ids.first().unwrap_or(&self.id)
    }

    /// The id of its newest version, if this is not it.
    pub(super) fn newer(&self) -> Option<&str> {
        self.edit_history_tweet_ids.last().map(String::as_str).filter(|last| *last != self.id)
    }

    /// The entry that this version of a post is.
    pub(super) fn entry(&self, protected: &HashSet<&str>, context: &Context) -> Entry {
        let native = self.first();
        let reposted = self.referenced_tweets.iter().any(|reference| reference.kind == "retweeted");
        let found = if protected.contains(self.author_id.as_str()) {
            Found::Gone(context.post_id(native))
        } else if reposted {
            Found::Nothing
        } else {
            self.post(native, context)
        };
        let order = self.id.parse();
        Entry {
            native: native.to_owned(),
            in_order: order.is_ok(),
            order: order.unwrap_or(0),
            at: self.created_at,
            found,
        }
    }

    fn post(&self, native: &str, context: &Context) -> Found {
        let text = self.note_tweet.as_ref().map_or(&self.text, |note| &note.text);
        let language = self.lang.clone().filter(|lang| !matches!(lang.as_str(), "und" | "zxx" | "qme" | "qst" | "qht"));
        let draft = Draft {
            native,
            author: Some(&self.author_id),
            created_at: self.created_at,
            title: None,
            // These three characters alone are escaped.
            text: &text.replace("&lt;", "<").replace("&gt;", ">").replace("&amp;", "&"),
            // The usual address holds the author's handle; this one leads to the same place.
            url: Some(format!("https://x.com/i/status/{}", self.id)),
            language,
        };
        Found::of(draft.post(context))
    }
}
