//! What forums, comment sections and searches have in common: they list what was said newest first, page by page, and
//! say when asked again whether a post is still there.
//!
//! A kind of source says how one page is asked for and read ([`Listing`]); the [`Follower`] does the rest, and is the
//! collector. It walks each listing from its newest entry back to the last one known, in pieces that survive a restart
//! ([`walk`]); it asks again after recent posts, in rotation, and passes on edits and deletions ([`watch`]); a fault in
//! the middle keeps what was read.

mod draft;
mod follower;
mod walk;
mod watch;

use std::time::Duration;

use async_trait::async_trait;
use bus::{Post, PostId};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde_json::Value;

pub(super) use self::draft::Draft;
pub(super) use self::follower::Follower;
pub(super) use self::walk::Mark;
pub(super) use self::watch::Known;
use super::Context;
use crate::collector::CollectError;
use crate::fetch::{Answer, Request};
use bus::secret::{Secret, SecretRef};

/// A source that lists what was said newest first.
#[async_trait]
pub(super) trait Listing: Send + Sync {
    /// How many posts [`Listing::again`] takes at a time.
    const AGAIN_AT_ONCE: usize;
    /// How often it is called in one collection, at most; none for a source whose pages tell what is gone.
    const AGAIN_CALLS: usize;
    /// For how long after it was said a post is watched for edits and deletion.
    const WATCHED_FOR: Duration;

    /// The listings that are followed, by names that stay the same.
    fn streams(&self) -> Vec<String>;

    /// One page of the listing `stream`.
    ///
    /// # Errors
    /// [`CollectError`]; the same page is asked for again.
    async fn page(&mut self, stream: &str, ask: &Ask) -> Result<Page, CollectError>;

    /// How it is now with posts that were delivered.
    ///
    /// # Errors
    /// [`CollectError`]; they are asked for again.
    async fn again(&mut self, known: &[Known]) -> Result<Again, CollectError>;
}

/// Which page is wanted.
#[derive(Clone, Debug)]
pub(super) struct Ask {
    /// The page that an earlier one named in [`Page::next`]; `None` for the first.
    pub(super) page: Option<String>,
    /// The newest entry of the last walk that ended: what lies below it is known.
    pub(super) floor: Option<Mark>,
    /// Nothing that was said earlier is collected.
    pub(super) since: Timestamp,
}

/// One page of a listing, newest first.
#[derive(Debug, Default)]
pub(super) struct Page {
    pub(super) entries: Vec<Entry>,
    /// The page of older entries; `None` where the listing ends.
    pub(super) next: Option<String>,
    /// The listing ends although there are older entries: it shows only those since then.
    pub(super) cut_at: Option<Timestamp>,
    /// Whether a post that is missing between the first and the last entry is gone.
    pub(super) tells_gone: bool,
    /// How many entries could not be read.
    pub(super) unreadable: usize,
    /// How long to wait, if the allowance of requests is used up.
    pub(super) wait: Option<Duration>,
    /// A fault that concerns only this listing, in plain words.
    pub(super) notice: Option<String>,
}

impl Page {
    /// The page, unless none of its entries could be read: then it is not what we took it for.
    fn checked(self) -> Result<Self, CollectError> {
        if self.entries.is_empty() && self.unreadable > 0 {
            let reason = format!("none of the {} entries of the answer could be read", self.unreadable);
            return Err(CollectError::Malformed { reason });
        }
        Ok(self)
    }
}

/// An entry of a listing.
#[derive(Debug)]
pub(super) struct Entry {
    /// The source's own name of the post.
    pub(super) native: String,
    /// Where it stands: greater is newer.
    pub(super) order: u64,
    /// Whether it stands in the order of the listing, and not outside of it, as a pinned post does, or a reply under its
    /// thread.
    pub(super) in_order: bool,
    /// When it was said, as the source tells.
    pub(super) at: Timestamp,
    pub(super) found: Found,
}

/// What an entry is to us.
#[derive(Debug)]
pub(super) enum Found {
    /// A post, new, edited or the same as ever.
    Post(Box<Post>),
    /// It was deleted, removed or hidden.
    Gone(PostId),
    /// Nothing that is collected.
    Nothing,
}

impl Found {
    /// A post, if there is anything in it.
    pub(super) fn of(post: Option<Post>) -> Self {
        post.map_or(Self::Nothing, |post| Self::Post(Box::new(post)))
    }
}

/// How it is now with posts that were asked for again.
#[derive(Debug, Default)]
pub(super) struct Again {
    /// Those that came back, with what came along.
    pub(super) entries: Vec<Entry>,
    /// The native names of those that are gone.
    pub(super) gone: Vec<String>,
    /// So many of the oldest of those that were asked for are still without an answer.
    pub(super) open: usize,
    /// How many entries could not be read.
    pub(super) unreadable: usize,
    /// How long to wait, if the allowance of requests is used up.
    pub(super) wait: Option<Duration>,
}

impl Context {
    /// The answer to `request`.
    pub(super) async fn answer(&self, request: &Request) -> Result<Box<Answer>, CollectError> {
        Ok(self.gateway.get(request).await?.answer()?)
    }

    /// The secret that `reference` names, read off the async threads.
    pub(super) async fn secret(&self, reference: &SecretRef) -> Result<Secret, CollectError> {
        let reference = reference.clone();
        let read = tokio::task::spawn_blocking(move || reference.read()).await;
        let read = read.unwrap_or_else(|_| Err("the secret could not be read; please report it".to_owned()));
        read.map_err(|reason| CollectError::Unauthorized { reason })
    }

    /// The id of the post that the source calls `native`.
    pub(super) fn post_id(&self, native: &str) -> PostId {
        PostId::new(&self.source.id, native)
    }
}

/// The values that are a `T`, and how many are not: one that cannot be read must not block all that follow.
pub(super) fn readable<T: DeserializeOwned>(values: Vec<Value>) -> (Vec<T>, usize) {
    let all = values.len();
    let read: Vec<T> = values.into_iter().filter_map(|value| serde_json::from_value(value).ok()).collect();
    let unreadable = all - read.len();
    (read, unreadable)
}

#[cfg(test)]
mod tests;
