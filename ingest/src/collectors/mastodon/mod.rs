//! Hashtags on a Mastodon server, over its REST interface.
//!
//! Each hashtag is read forward from the last status seen (`min_id`), oldest first, so that nothing is skipped however
//! long we were away.

mod config;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use bus::{Change, Post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::debug;

pub use self::config::MastodonConfig;
use self::wire::Status;
use super::Context;
use super::seen::Seen;
use crate::collector::{Batch, CollectError, Collector, Cursor};
use crate::fetch::{Answer, Fetched, Request};

/// As many statuses as a server gives at once.
const LIMIT: usize = 40;

/// So many pages are read in one call, so that a batch stays small.
const PAGES_AT_ONCE: usize = 12;

/// Follows hashtags on one server.
pub struct MastodonCollector {
    config: MastodonConfig,
    context: Context,
}

/// Where we are: for each hashtag the last status read, and what was read of late under any of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Position {
    tags: BTreeMap<String, String>,
    seen: Seen,
}

/// What reading one hashtag up to now came to.
struct Progress {
    posts: Vec<Post>,
    pages: usize,
    /// There was more than we wanted to read at once.
    more: bool,
    /// The server's allowance is used up for so long.
    wait: Option<Duration>,
}

impl MastodonCollector {
    /// A collector of the hashtags of `config`.
    pub fn new(config: MastodonConfig, context: Context) -> Self {
        Self { config, context }
    }

    /// Reads `tag` forward from `last`, at most `pages` pages, and moves `last` along.
    async fn read_tag(&self, tag: &str, last: &mut String, pages: usize) -> Result<Progress, CollectError> {
        let mut progress = Progress { posts: Vec::new(), pages: 0, more: true, wait: None };
        while progress.pages < pages && progress.wait.is_none() {
            let answer = match self.page(tag, last).await {
                Ok(answer) => answer,
                // What was read so far is kept; the fault shows again, alone, at the next call.
                Err(error) if progress.pages > 0 => {
                    progress.wait = asked_to_wait(&error, self.context.source.every);
                    break;
                }
                Err(error) => return Err(error),
            };
            progress.pages += 1;
            progress.wait = answer.allowance_used_up;
            let (statuses, count) = statuses_of(&answer, tag)?;
            let Some(next) = next_position(&answer, &statuses, last) else {
                progress.more = false;
                break;
            };
            *last = next;
            let now = self.context.clock.now();
            progress.posts.extend(statuses.into_iter().filter_map(|status| {
                wire::post(status, &self.config.url, &self.context.source, &self.context.id_key, now)
            }));
            if count < LIMIT {
                progress.more = false;
                break;
            }
        }
        Ok(progress)
    }

    async fn page(&self, tag: &str, last: &str) -> Result<Box<Answer>, CollectError> {
        let mut url = self.config.url.clone();
        url.path_segments_mut()
            .map_err(|()| CollectError::Malformed {
                reason: format!("{} is not the address of a server", self.config.url),
            })?
            .pop_if_empty()
            .extend(["api", "v1", "timelines", "tag", tag]);
        url.query_pairs_mut().append_pair("limit", &LIMIT.to_string()).append_pair("min_id", last);
        let request = Request::get(url, "application/json");
        match self.context.gateway.get(&request).await? {
            Fetched::Modified(answer) => Ok(answer),
            Fetched::NotModified { .. } => Err(CollectError::Malformed {
                reason: "\"not modified\" was answered to an unconditional request".into(),
            }),
        }
    }

    /// The id that a status written at `time` would get: Mastodon's ids begin with the time in milliseconds.
    fn id_at(time: Timestamp) -> String {
        (u64::try_from(time.as_millisecond()).unwrap_or(0) << 16).to_string()
    }
}

#[async_trait]
impl Collector for MastodonCollector {
    async fn collect(&mut self, from: &Cursor) -> Result<Batch, CollectError> {
        let mut position: Position = from.position();
        position.tags.retain(|tag, _| self.config.tags.contains(tag));
        let start = self.context.clock.now().checked_sub(self.config.backfill).unwrap_or(Timestamp::UNIX_EPOCH);
        let mut posts = Vec::new();
        let mut pages_left = PAGES_AT_ONCE;
        let mut more = false;
        let mut wait = None;
        for tag in &self.config.tags {
            if pages_left == 0 || wait.is_some() {
                more = true;
                break;
            }
            let mut last = position.tags.get(tag).cloned().unwrap_or_else(|| Self::id_at(start));
            let progress = match self.read_tag(tag, &mut last, pages_left).await {
                Ok(progress) => progress,
                // The hashtags before this one are kept; this one is tried again, first of all.
                Err(error) if !posts.is_empty() => {
                    debug!(%error, tag, "a hashtag was left for the next call");
                    wait = asked_to_wait(&error, self.context.source.every);
                    more = true;
                    break;
                }
                Err(error) => return Err(error),
            };
            position.tags.insert(tag.clone(), last);
            posts.extend(progress.posts);
            pages_left = pages_left.saturating_sub(progress.pages);
            more |= progress.more;
            wait = progress.wait;
        }
        let mut changes = position.seen.keep_new(posts);
        changes.sort_by_key(|post| post.created_at);
        let next_in = match (wait, more) {
            (Some(wait), true) => wait,
            (Some(wait), false) => wait.max(self.context.source.every),
            (None, true) => Duration::ZERO,
            (None, false) => self.context.source.every,
        };
        let changes = changes.into_iter().map(Change::Upsert).collect();
        Ok(Batch { changes, cursor: Cursor::of(&position), next_in, notice: None, missed: None })
    }
}

/// The statuses of a page, and how many entries it had. One that cannot be read is left out rather than let it block
/// all that follow.
fn statuses_of(answer: &Answer, tag: &str) -> Result<(Vec<Status>, usize), CollectError> {
    let malformed = |error: serde_json::Error| CollectError::Malformed {
        reason: format!("the answer for #{tag} is not a list of statuses ({error}); is this a Mastodon server?"),
    };
    let entries: Vec<serde_json::Value> = serde_json::from_slice(&answer.body).map_err(malformed)?;
    let count = entries.len();
    let mut statuses = Vec::with_capacity(count);
    let mut fault = None;
    for entry in entries {
        match serde_json::from_value(entry) {
            Ok(status) => statuses.push(status),
            Err(error) => fault = Some(error),
        }
    }
    match fault {
        Some(error) if statuses.is_empty() => Err(malformed(error)),
        Some(error) => {
            debug!(%error, tag, unreadable = count - statuses.len(), "statuses were left out");
            Ok((statuses, count))
        }
        None => Ok((statuses, count)),
    }
}

/// How long a server that limits us wants to be left alone.
fn asked_to_wait(error: &CollectError, usual: Duration) -> Option<Duration> {
    match error {
        CollectError::RateLimited { retry_after, .. } => Some(retry_after.unwrap_or(usual)),
        _ => None,
    }
}

/// Where to go on after this page: as its `Link` header says, or else after its newest status. `None` when it is empty
/// or leads nowhere, so that a strange server cannot keep us going round.
fn next_position(answer: &Answer, statuses: &[Status], last: &str) -> Option<String> {
    let linked = answer
        .link("prev")
        .and_then(|link| link.query_pairs().find(|(key, _)| key == "min_id").map(|(_, value)| value.into_owned()));
    // Ids are numbers as text: the longer one is the larger one.
    let newest = || statuses.iter().map(|status| &status.id).max_by_key(|id| (id.len(), id.as_str())).cloned();
    if statuses.is_empty() {
        return None;
    }
    linked.or_else(newest).filter(|next| next != last)
}

#[cfg(test)]
mod tests;
