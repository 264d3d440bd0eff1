//! What the YouTube Data API sends, as far as we read it, and how it becomes posts.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;

use crate::collectors::Context;
use crate::collectors::listing::{Draft, Entry, Found};
use crate::html;

/// A list of comment threads or of comments.
#[derive(Debug, Deserialize)]
pub(super) struct List {
    pub(super) items: Vec<Value>,
    #[serde(rename = "nextPageToken")]
    pub(super) next_page_token: Option<String>,
}

/// A comment with its replies.
#[derive(Debug, Deserialize)]
pub(super) struct Thread {
    pub(super) snippet: ThreadSnippet,
    replies: Option<Replies>,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct ThreadSnippet {
    top_level_comment: Comment,
    video_id: Option<String>,
    #[serde(default)]
    pub(super) total_reply_count: usize,
    is_public: Option<bool>,
}

#[derive(Debug, Deserialize)]
struct Replies {
    #[serde(default)]
    comments: Vec<Value>,
}

/// A comment, or a reply to one.
#[derive(Debug, Deserialize)]
pub(super) struct Comment {
    id: String,
    snippet: CommentSnippet,
}

#[derive(Debug, Deserialize)]
#[serde(rename_all = "camelCase")]
struct CommentSnippet {
    text_original: Option<String>,
    #[serde(default)]
    text_display: String,
    author_channel_id: Option<ChannelId>,
    published_at: Timestamp,
    video_id: Option<String>,
}

#[derive(Debug, Deserialize)]
struct ChannelId {
    value: String,
}

/// A refusal.
#[derive(Debug, Deserialize)]
pub(super) struct Refusal {
    error: RefusalError,
}

#[derive(Debug, Deserialize)]
struct RefusalError {
    #[serde(default)]
    errors: Vec<Cause>,
}

#[derive(Debug, Deserialize)]
struct Cause {
    reason: Option<String>,
}

impl Refusal {
    /// The reason, as one word ("quotaExceeded").
    pub(super) fn reason(&self) -> &str {
        self.error.errors.iter().find_map(|cause| cause.reason.as_deref()).unwrap_or_default()
    }
}

impl Thread {
    /// The id of the thread, which is that of its first comment.
    pub(super) fn id(&self) -> &str {
        &self.snippet.top_level_comment.id
    }

    /// The video that is spoken about.
    pub(super) fn video(&self) -> Option<&str> {
        self.snippet.video_id.as_deref()
    }

    /// How many replies came with it.
    pub(super) fn replies_here(&self) -> usize {
        self.replies.as_ref().map_or(0, |replies| replies.comments.len())
    }

    /// The comment, in the order of the listing, and the replies that came with it, outside of it.
    pub(super) fn entries(&self, context: &Context) -> Vec<Entry> {
        if self.snippet.is_public == Some(false) {
            return Vec::new();
        }
        let first = self.snippet.top_level_comment.entry(self.video(), context);
        let mut entries = vec![Entry { in_order: true, ..first }];
        let replies = self.replies.iter().flat_map(|replies| &replies.comments);
        // A reply that cannot be read is left out; the thread is not.
        let replies = replies.filter_map(|value| Comment::deserialize(value).ok());
        entries.extend(replies.map(|reply| reply.entry(self.video(), context)));
        entries
    }
}

impl Comment {
    pub(super) fn id(&self) -> &str {
        &self.id
    }

    /// The entry that this comment is, outside the order of a listing.
    pub(super) fn entry(&self, video: Option<&str>, context: &Context) -> Entry {
        let CommentSnippet { text_original, text_display, author_channel_id, published_at, video_id } = &self.snippet;
        let display = || html::to_text(text_display);
        let draft = Draft {
            native: &self.id,
            author: author_channel_id.as_ref().map(|id| id.value.as_str()),
            created_at: *published_at,
            title: None,
            text: &text_original.clone().unwrap_or_else(display),
            url: video_id
                .as_deref()
                .or(video)
                .map(|video| format!("https://www.youtube.com/watch?v={video}&lc={}", self.id)),
            language: None,
        };
        let order = u64::try_from(published_at.as_millisecond()).unwrap_or(0);
        let found = Found::of(draft.post(context));
        Entry { native: self.id.clone(), order, in_order: false, at: *published_at, found }
    }
}
