//! How each source is doing: written by collection, read by the Sources page.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::SourceId;
use crate::post::Channel;

/// The state of one source, as the Sources page shows it. Times are UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceHealth {
    /// The source's id in the configuration.
    pub id: SourceId,
    /// Its name for people.
    pub name: String,
    /// What kind of collector reads it ("feed", "mastodon", "transcripts").
    pub kind: String,
    /// The channel of its posts.
    pub channel: Channel,
    /// Where it is, for people: a URL without secrets, or a folder.
    pub location: String,
    /// Whether it works.
    pub state: SourceState,
    /// The last time that collection succeeded, even if there was nothing new.
    pub last_success: Option<Timestamp>,
    /// The last attempt.
    pub last_attempt: Option<Timestamp>,
    /// When the next attempt is due.
    pub next_attempt: Option<Timestamp>,
    /// The created time of the newest post collected.
    pub newest_post: Option<Timestamp>,
    /// Attempts in a row that failed.
    pub failures: u32,
    /// The last error in plain words, while the source fails.
    pub error: Option<String>,
    /// Posts accepted by the bus since the source was first collected.
    pub posts_total: u64,
    /// Posts accepted on each of the last 14 days by the day of collection (UTC), oldest first, today last.
    pub posts_by_day: Vec<u64>,
}

/// Whether a source works, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// It has failed several times in a row, or said that it is gone.
    Failing,
    /// The last attempt failed; it is tried again soon.
    Retrying,
    /// It asked us to wait.
    RateLimited,
    /// It answers, but has had nothing new for much longer than usual.
    Silent,
    /// Not tried yet.
    Waiting,
    /// The last attempt succeeded.
    Working,
}
