//! The narrow doors by which something comes in through this crate, or is asked for: documents that people hand in, posts that
//! other systems send, what staff say of tags, and what is to be erased; and the one by which the provider of sign-ins is asked.
//! What lies behind them is not known here; the root package hands the doors in.

use async_trait::async_trait;
use bus::Correction;
use civic::erased::Erased;
use civic::erasures::Counts;
use jiff::Timestamp;
use serde_json::Value;
use url::Url;

/// Takes in documents, after people have seen what would be taken in.
#[async_trait]
pub trait Submissions: Send + Sync {
    /// Reads a document, and keeps it until somebody agrees.
    ///
    /// # Errors
    /// [`Refusal::Unreadable`].
    async fn preview(&self, upload: Upload) -> Result<Preview, Refusal>;

    /// Takes in what was previewed, and says how many posts it was.
    ///
    /// # Errors
    /// [`Refusal::Expired`] or [`Refusal::Unavailable`].
    async fn accept(&self, token: &str) -> Result<u64, Refusal>;
}

/// What somebody hands in. Empty answers are left out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Upload {
    /// The file's name.
    pub file_name: String,
    /// The file.
    pub bytes: Vec<u8>,
    /// What is said of the meeting: field of the form, and answer.
    pub meeting: Vec<(&'static str, String)>,
    /// Which columns mean what: field of the form, meaning, and name of the column.
    pub columns: Vec<(&'static str, &'static str, String)>,
}

/// What would be taken in.
#[derive(Clone, Debug)]
pub struct Preview {
    /// What to agree with.
    pub token: String,
    /// How many posts there are.
    pub posts: u64,
    /// How many distinct people said them, as far as the file tells.
    pub voices: u64,
    /// How many people were in the room, where that is known.
    pub people: Option<u32>,
    /// When the first and the last was said (UTC).
    pub times: Option<(Timestamp, Timestamp)>,
    /// The first of them, redacted.
    pub shown: Vec<Shown>,
    /// What was taken out of the texts, and how often.
    pub redacted: Vec<(String, u64)>,
    /// What was left out or guessed, in plain words.
    pub warnings: Vec<String>,
}

/// One contribution of a preview.
#[derive(Clone, Debug)]
pub struct Shown {
    /// When it was said (UTC).
    pub at: Timestamp,
    /// Its meeting or question.
    pub title: Option<String>,
    /// Where it was said.
    pub place: Option<String>,
    /// Whether somebody is named as its author. Who it is, is not kept.
    pub is_named: bool,
    /// What was said, redacted.
    pub text: String,
}

/// Why something is not taken in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// It cannot be read: the field of the form where the fault is, and plain words.
    Unreadable {
        /// The field.
        field: &'static str,
        /// A sentence.
        message: String,
    },
    /// Nothing waits under this token, or no longer.
    Expired,
    /// It cannot be kept now.
    Unavailable,
}

/// Takes in posts that other systems send.
#[async_trait]
pub trait Receiver: Send + Sync {
    /// Takes in the posts in `body`.
    async fn receive(&self, token: Option<&str>, idempotency_key: Option<&str>, body: &[u8]) -> Received;

    /// Deletes the post that the sender calls `native`.
    async fn delete(&self, token: Option<&str>, native: &str) -> Received;
}

/// What a sender is answered.
#[derive(Clone, Debug, PartialEq)]
pub struct Received {
    /// The HTTP status.
    pub status: u16,
    /// The body.
    pub body: Value,
    /// When it may try again, in seconds.
    pub retry_after_s: Option<u32>,
}

/// Passes on what staff say of tags.
#[async_trait]
pub trait Corrector: Send + Sync {
    /// Keeps the corrections; they count soon after.
    ///
    /// # Errors
    /// [`Refusal::Unavailable`].
    async fn correct(&self, corrections: Vec<Correction>) -> Result<(), Refusal>;
}

/// Finds what is meant to be erased.
#[async_trait]
pub trait Eraser: Send + Sync {
    /// What would go, and how much of it is where.
    ///
    /// # Errors
    /// [`Refusal::Unreadable`] when nothing is meant that can be found, [`Refusal::Unavailable`].
    async fn find(&self, meant: Meant) -> Result<Found, Refusal>;
}

/// How somebody says what is to be erased. Empty answers are left out.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Meant {
    /// The name or id of an author, as the source writes it.
    pub author: String,
    /// The source of that author.
    pub source: String,
    /// The pseudonym of an author.
    pub key: String,
    /// Ids or addresses of posts.
    pub posts: Vec<String>,
    /// What a search finds.
    pub text: String,
}

/// What was found.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Found {
    /// Pseudonyms and ids.
    pub what: Erased,
    /// How much is where.
    pub counts: Counts,
}

/// Asks the provider that people sign in with, and nobody else.
#[async_trait]
pub trait Outward: Send + Sync {
    /// What is at this address.
    ///
    /// # Errors
    /// Plain words for the log, without a secret.
    async fn get(&self, url: &Url) -> Result<Vec<u8>, String>;

    /// Sends a form, and shows our secret in this way where we have one. The status and the body come back, also where the status
    /// says no.
    ///
    /// # Errors
    /// Plain words for the log, without a secret.
    async fn send(&self, url: &Url, fields: &[(&str, &str)], secret: ShowSecret) -> Result<(u16, Vec<u8>), String>;
}

/// How our secret is shown to the provider (RFC 6749, 2.3.1).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ShowSecret {
    /// In the header, with the name that the provider has for us.
    InHeader,
    /// Among the fields of the form.
    InForm,
}
