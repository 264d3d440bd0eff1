//! Posts on X that fulfil a query, over recent search of API v2.
//!
//! Search goes back seven days: after a longer absence it begins there, and the stretch before is reported as lost. An
//! edit is a new post with the ids of those before it; it stays one post here, under the first of them. Posts of the
//! last week are looked up again, in rotation, as X demands of whoever keeps them: what is gone there goes here.

mod config;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use jiff::{SignedDuration, Timestamp};
use url::Url;

pub use self::config::XConfig;
use super::Context;
use super::listing::{Again, Ask, Entry, Known, Listing, Mark, Page, readable};
use crate::collector::CollectError;
use crate::fetch::{Answer, Authorization, Request};

/// As many as search gives at once, and as many as can be looked up at once.
const LIMIT: usize = 100;

/// How far search goes back, less some minutes for the way.
const WINDOW: SignedDuration = SignedDuration::from_mins(7 * 24 * 60 - 10);

/// What is asked for about each post and its author.
const FIELDS: [(&str, &str); 3] = [
    ("tweet.fields", "created_at,lang,author_id,edit_history_tweet_ids,referenced_tweets,note_tweet"),
    ("expansions", "author_id"),
    ("user.fields", "protected"),
];

/// The answers of a search, newest first.
pub(super) struct XListing {
    config: XConfig,
    context: Context,
}

/// From where on a search begins: the same for all its pages.
struct Begin {
    key: &'static str,
    value: String,
}

impl XListing {
    pub(super) fn new(config: XConfig, context: Context) -> Self {
        Self { config, context }
    }

    async fn get(&self, path: &str, query: &[(&str, &str)]) -> Result<Box<Answer>, CollectError> {
        let mut url: Url = self.config.api.0.join(path).expect("a constant that is a path");
        url.query_pairs_mut().extend_pairs(query).extend_pairs(FIELDS);
        let token = Authorization::Bearer(self.context.secret(&self.config.token).await?);
        let request = Request::get(url, "application/json").authorization(token).passing(&[400]);
        self.context.answer(&request).await
    }

    async fn search(&self, begin: &Begin, page: Option<&str>) -> Result<Box<Answer>, CollectError> {
        let limit = LIMIT.to_string();
        let mut query = vec![
            ("query", self.config.query.as_str()),
            ("max_results", &limit),
            ("sort_order", "recency"),
            (begin.key, &begin.value),
        ];
        query.extend(page.map(|page| ("next_token", page)));
        self.get("2/tweets/search/recent", &query).await
    }

    /// The oldest time that search can begin at now.
    fn window(&self) -> Timestamp {
        self.context.clock.now().checked_sub(WINDOW).unwrap_or(Timestamp::UNIX_EPOCH)
    }

    fn beginning_at(&self, since: Timestamp) -> Begin {
        let start = since.max(self.window());
        Begin { key: "start_time", value: start.strftime("%Y-%m-%dT%H:%M:%SZ").to_string() }
    }

    /// The posts of an answer, and the ids that it says are gone.
    fn read(answer: &Answer) -> Result<(wire::Answer, Vec<wire::Tweet>, usize), CollectError> {
        let mut read: wire::Answer = answer.json()?;
        let (tweets, unreadable) = readable(std::mem::take(&mut read.data));
        Ok((read, tweets, unreadable))
    }
}

/// After a floor that search can still reach it is asked for what came after; otherwise for a stretch of time.
fn after(floor: Option<Mark>, window: Timestamp) -> Option<Begin> {
    let floor = floor.filter(|floor| floor.at > window)?;
    Some(Begin { key: "since_id", value: floor.order.to_string() })
}

fn refused(answer: &Answer) -> CollectError {
    let host = answer.url.host_str().unwrap_or_default();
    CollectError::Malformed { reason: format!("{host} does not accept the request; check `query` in its own search") }
}

#[async_trait]
impl Listing for XListing {
    const AGAIN_AT_ONCE: usize = LIMIT;
    const AGAIN_CALLS: usize = 1;
    const WATCHED_FOR: Duration = Duration::from_hours(7 * 24);

    fn streams(&self) -> Vec<String> {
        vec!["search".to_owned()]
    }

    async fn page(&mut self, _: &str, ask: &Ask) -> Result<Page, CollectError> {
        // A page is named by where its search began and by its token.
        let named = ask.page.as_deref().and_then(|page| {
            let (begin, token) = page.split_once(' ')?;
            let (key, value) = begin.split_once('=')?;
            let key = if key == "since_id" { "since_id" } else { "start_time" };
            Some((Begin { key, value: value.to_owned() }, token))
        });
        let (mut begin, token) = match named {
            Some((begin, token)) => (begin, Some(token)),
            None => (after(ask.floor, self.window()).unwrap_or_else(|| self.beginning_at(ask.since)), None),
        };
        let mut answer = self.search(&begin, token).await?;
        if answer.status == 400 && begin.key == "since_id" && token.is_none() {
            // Its clock, or a deleted post, makes the floor too old after all.
            begin = self.beginning_at(ask.since);
            answer = self.search(&begin, None).await?;
        }
        if answer.status == 400 {
            return Err(refused(&answer));
        }
        let (read, tweets, unreadable) = Self::read(&answer)?;
        let protected = read.includes.protected();
        let entries: Vec<Entry> = tweets.iter().map(|tweet| tweet.entry(&protected, &self.context)).collect();
        let next = read.meta.next_token.map(|token| format!("{}={} {token}", begin.key, begin.value));
        let cut_at = (begin.key == "start_time").then(|| begin.value.parse().ok()).flatten();
        Ok(Page { entries, next, cut_at, unreadable, wait: answer.allowance_used_up, ..Page::default() })
    }

    async fn again(&mut self, known: &[Known]) -> Result<Again, CollectError> {
        let ids: Vec<&str> = known.iter().map(|known| known.native.as_str()).collect();
        let first = self.get("2/tweets", &[("ids", &ids.join(","))]).await?;
        if first.status == 400 {
            return Err(refused(&first));
        }
        let (read, tweets, mut unreadable) = Self::read(&first)?;
        let gone: Vec<String> =
            read.errors.into_iter().filter(wire::Problem::is_gone).filter_map(|problem| problem.value).collect();
        // An old version is answered with its own text: the newest one is asked for by its own id.
        let newer: Vec<&str> = tweets.iter().filter_map(wire::Tweet::newer).collect();
        let protected = read.includes.protected();
        let current = tweets.iter().filter(|tweet| tweet.newer().is_none());
        let mut entries: Vec<Entry> = current.map(|tweet| tweet.entry(&protected, &self.context)).collect();
        let mut wait = first.allowance_used_up;
        if !newer.is_empty() && wait.is_none() {
            let second = self.get("2/tweets", &[("ids", &newer.join(","))]).await?;
            let (read, tweets, more) = Self::read(&second)?;
            let protected = read.includes.protected();
            entries.extend(tweets.iter().map(|tweet| tweet.entry(&protected, &self.context)));
            unreadable += more;
            wait = second.allowance_used_up;
        }
        let gone = gone.into_iter().filter(|id| ids.contains(&id.as_str())).collect();
        Ok(Again { entries, gone, unreadable, wait, ..Again::default() })
    }
}

#[cfg(test)]
mod tests;
