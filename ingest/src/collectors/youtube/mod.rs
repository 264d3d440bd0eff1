//! Comments under the videos of YouTube, over its Data API.
//!
//! Threads are listed newest first, each with a few of its replies; the others are fetched where there are more. A new
//! reply does not bring its thread to the front: it is found while the thread is watched. Every request costs one of
//! the 10,000 units that a key has each day, so that the number of requests is bounded everywhere.

mod config;
mod refusal;
mod wire;

use std::collections::HashMap;
use std::time::Duration;

use async_trait::async_trait;

pub use self::config::YouTubeConfig;
use self::refusal::Refused;
use super::Context;
use super::listing::{Again, Ask, Entry, Found, Known, Listing, Page, readable};
use crate::collector::CollectError;
use crate::fetch::{Answer, Authorization, Request};

/// As many threads or comments as YouTube gives at once.
const LIMIT: &str = "100";

/// So many requests for replies are made for one page, at most.
const REPLY_REQUESTS: usize = 10;

/// So many threads are remembered with their number of replies.
const REMEMBERED: usize = 10_000;

/// Refusals whose reason we read.
const REFUSALS: &[u16] = &[400, 403, 404];

/// The comments under videos.
pub(super) struct YouTubeListing {
    config: YouTubeConfig,
    context: Context,
    /// What is known of threads. After a restart their replies are fetched again.
    threads: HashMap<String, KnownThread>,
}

/// What is known of a thread.
#[derive(Default)]
struct KnownThread {
    /// The video that it is about.
    video: Option<String>,
    /// How many replies there were when they were last fetched.
    replies: usize,
}

/// An answer that was given, or why not.
enum Reply {
    List { list: wire::List, wait: Option<Duration> },
    Refused(String),
}

impl YouTubeListing {
    pub(super) fn new(config: YouTubeConfig, context: Context) -> Self {
        Self { config, context, threads: HashMap::new() }
    }

    async fn get(&self, path: &str, query: &[(&str, &str)], what: &str) -> Result<Reply, CollectError> {
        let mut url = self.config.api.join(path).expect("a constant that is a path");
        url.query_pairs_mut().extend_pairs(query).append_pair("textFormat", "plainText");
        let key = Authorization::Header("x-goog-api-key", self.context.secret(&self.config.key).await?);
        let request = Request::get(url, "application/json").authorization(key).passing(REFUSALS);
        let answer: Box<Answer> = self.context.answer(&request).await?;
        if !REFUSALS.contains(&answer.status) {
            return Ok(Reply::List { list: answer.json()?, wait: answer.allowance_used_up });
        }
        match refusal::read(&answer, what, &self.config.key.place(), self.context.clock.now()) {
            Refused::Listing(reason) => Ok(Reply::Refused(reason)),
            Refused::Source(error) => Err(error),
        }
    }

    /// The entries of `threads`, with the replies that did not come along, as far as `requests` go.
    async fn entries(&mut self, threads: &[wire::Thread]) -> Result<Vec<Entry>, CollectError> {
        let mut entries: Vec<Entry> = threads.iter().flat_map(|thread| thread.entries(&self.context)).collect();
        let mut requests = REPLY_REQUESTS;
        for thread in threads {
            let count = thread.snippet.total_reply_count;
            let known = self.remember(thread);
            if requests == 0 || count <= thread.replies_here() || count == known.replies {
                continue;
            }
            let (replies, complete) = self.replies_to(thread, &mut requests).await?;
            entries.extend(replies);
            if complete {
                self.remember(thread).replies = count;
            }
        }
        Ok(entries)
    }

    fn remember(&mut self, thread: &wire::Thread) -> &mut KnownThread {
        if self.threads.len() >= REMEMBERED {
            self.threads.clear();
        }
        let known = self.threads.entry(thread.id().to_owned()).or_default();
        known.video = thread.video().map(str::to_owned);
        known
    }

    /// The entry of a reply that was asked for alone. It does not say its video: where we do not know it any more, it is
    /// only known to be there.
    fn reply(&self, comment: &wire::Comment) -> Entry {
        let thread = comment.id().split('.').next().unwrap_or_default();
        match self.threads.get(thread) {
            Some(known) => comment.entry(known.video.as_deref(), &self.context),
            None => Entry { found: Found::Nothing, ..comment.entry(None, &self.context) },
        }
    }

    /// The replies to `thread`, and whether these are all.
    async fn replies_to(
        &self,
        thread: &wire::Thread,
        requests: &mut usize,
    ) -> Result<(Vec<Entry>, bool), CollectError> {
        let mut entries = Vec::new();
        let mut page: Option<String> = None;
        while *requests > 0 {
            *requests -= 1;
            let mut query = vec![("part", "snippet"), ("parentId", thread.id()), ("maxResults", LIMIT)];
            query.extend(page.as_deref().map(|page| ("pageToken", page)));
            let Reply::List { list, .. } = self.get("youtube/v3/comments", &query, "a comment").await? else {
                return Ok((entries, true));
            };
            let (comments, _): (Vec<wire::Comment>, _) = readable(list.items);
            entries.extend(comments.iter().map(|comment| comment.entry(thread.video(), &self.context)));
            match list.next_page_token {
                Some(next) if page.as_ref() != Some(&next) => page = Some(next),
                _ => return Ok((entries, true)),
            }
        }
        Ok((entries, false))
    }

    /// What is left of those of `known` that are replies, or else threads.
    async fn ask_again(&mut self, known: &[&str], replies: bool, again: &mut Again) -> Result<(), CollectError> {
        if known.is_empty() {
            return Ok(());
        }
        let ids = known.join(",");
        let (path, part) =
            if replies { ("youtube/v3/comments", "snippet") } else { ("youtube/v3/commentThreads", "snippet,replies") };
        let Reply::List { list, wait } = self.get(path, &[("part", part), ("id", &ids)], "a comment").await? else {
            return Ok(());
        };
        let all = list.items.len();
        let whole = list.next_page_token.is_none();
        let entries: Vec<Entry> = if replies {
            let comments = readable::<wire::Comment>(list.items).0;
            again.unreadable += all - comments.len();
            comments.iter().map(|comment| self.reply(comment)).collect()
        } else {
            let threads = readable::<wire::Thread>(list.items).0;
            again.unreadable += all - threads.len();
            self.entries(&threads).await?
        };
        again.wait = again.wait.max(wait);
        if whole && again.unreadable == 0 {
            let missing = known.iter().filter(|id| !entries.iter().any(|entry| entry.native == **id));
            again.gone.extend(missing.map(|id| (*id).to_owned()));
        }
        again.entries.extend(entries);
        Ok(())
    }
}

#[async_trait]
impl Listing for YouTubeListing {
    const AGAIN_AT_ONCE: usize = 50;
    const AGAIN_CALLS: usize = 2;
    const WATCHED_FOR: Duration = Duration::from_hours(7 * 24);

    fn streams(&self) -> Vec<String> {
        let videos = self.config.videos.iter().map(|id| format!("videoId {id}"));
        videos.chain(self.config.channels.iter().map(|id| format!("allThreadsRelatedToChannelId {id}"))).collect()
    }

    async fn page(&mut self, stream: &str, ask: &Ask) -> Result<Page, CollectError> {
        let (key, id) = stream.split_once(' ').unwrap_or(("videoId", stream));
        let mut query = vec![("part", "snippet,replies"), (key, id), ("maxResults", LIMIT), ("order", "time")];
        query.extend(ask.page.as_deref().map(|page| ("pageToken", page)));
        let (list, wait) = match self.get("youtube/v3/commentThreads", &query, id).await? {
            Reply::List { list, wait } => (list, wait),
            Reply::Refused(notice) => return Ok(Page { notice: Some(notice), ..Page::default() }),
        };
        let (threads, unreadable) = readable::<wire::Thread>(list.items);
        let entries = self.entries(&threads).await?;
        Ok(Page { entries, next: list.next_page_token, unreadable, wait, ..Page::default() })
    }

    async fn again(&mut self, known: &[Known]) -> Result<Again, CollectError> {
        // The id of a reply is that of its thread, a dot, and its own.
        let ids = |replies: bool| {
            let native = known.iter().map(|known| known.native.as_str());
            native.filter(|id| id.contains('.') == replies).collect::<Vec<&str>>()
        };
        let mut again = Again::default();
        self.ask_again(&ids(false), false, &mut again).await?;
        if again.wait.is_none() {
            self.ask_again(&ids(true), true, &mut again).await?;
        }
        Ok(again)
    }
}

#[cfg(test)]
mod tests;
