//! Subreddits, over Reddit's API.
//!
//! Submissions and comments are two listings, newest first, of which Reddit shows about a thousand entries. They are
//! read downwards with `after`, and not upwards with `before`: `before` answers with nothing at all once the post that
//! it names was deleted. Posts of the last two days are asked for again by their names (`/api/info`).
//!
//! Without a client id and secret there is the RSS of what is new, which says nothing of comments and deletions. A
//! submission has the same name in both, so that one can follow the other.

mod config;
mod token;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use url::Url;

pub use self::config::{Client, RedditConfig};
use self::token::Token;
use super::Context;
use super::listing::{Again, Ask, Entry, Known, Listing, Page, readable};
use crate::collector::CollectError;
use crate::fetch::{Answer, FetchError, Request};

/// As many as Reddit gives at once.
const LIMIT: usize = 100;

/// A listing that ends after so many entries was cut, and not read to its end.
const NEARLY_ALL: usize = 900;

/// The listings of subreddits.
pub(super) struct RedditListing {
    config: RedditConfig,
    context: Context,
    token: Token,
}

impl RedditListing {
    pub(super) fn new(config: RedditConfig, client: Client, context: Context) -> Self {
        let token = Token::new(client, &config.hosts.www, context.clone());
        Self { config, context, token }
    }

    /// The address of a page of the listing `stream`.
    fn address(&self, stream: &str, after: Option<&str>) -> Url {
        let mut url = self.config.hosts.api.join(stream).expect("names of listings are safe in a path");
        let mut query = url.query_pairs_mut();
        query.append_pair("limit", &LIMIT.to_string()).append_pair("raw_json", "1");
        if let Some(search) = &self.config.search {
            query.append_pair("q", search).append_pair("restrict_sr", "1").append_pair("sort", "new");
        }
        if let Some(after) = after {
            query.append_pair("after", after);
        }
        drop(query);
        url
    }

    /// The answer from `url`, with a new token if the present one is refused.
    async fn get(&mut self, url: Url) -> Result<Box<Answer>, CollectError> {
        let request = Request::get(url, "application/json");
        let authorized = request.clone().authorization(self.token.current().await?);
        match self.context.gateway.get(&authorized).await {
            Err(FetchError::Unauthorized { status: 401, .. }) => {
                self.token.discard();
                let authorized = request.authorization(self.token.current().await?);
                self.context.answer(&authorized).await
            }
            other => Ok(other?.answer()?),
        }
    }

    /// The entries of an answer, how many could not be read, and the page after them.
    fn read(&self, answer: &Answer) -> Result<(Vec<Entry>, usize, Option<String>), CollectError> {
        let listing: wire::Listing = answer.json()?;
        let all = listing.data.children.len();
        let (things, _) = readable(listing.data.children);
        let entries: Vec<Entry> = things.into_iter().filter_map(|thing| wire::entry(thing, &self.context)).collect();
        let unreadable = all - entries.len();
        Ok((entries, unreadable, listing.data.after))
    }
}

#[async_trait]
impl Listing for RedditListing {
    const AGAIN_AT_ONCE: usize = LIMIT;
    const AGAIN_CALLS: usize = 3;
    const WATCHED_FOR: Duration = Duration::from_hours(48);

    fn streams(&self) -> Vec<String> {
        let listings: &[&str] = if self.config.search.is_some() { &["search"] } else { &["new", "comments"] };
        let of = |name| listings.iter().map(move |listing| format!("r/{name}/{listing}"));
        self.config.subreddits.iter().flat_map(of).collect()
    }

    async fn page(&mut self, stream: &str, ask: &Ask) -> Result<Page, CollectError> {
        // A page is named by how many entries came before it, and by the last of them.
        let (before, after) = match ask.page.as_deref().and_then(|page| page.split_once(' ')) {
            Some((before, after)) => (before.parse().unwrap_or(0), Some(after)),
            None => (0, None),
        };
        let answer = self.get(self.address(stream, after)).await?;
        let (entries, unreadable, next) = self.read(&answer)?;
        let count: usize = before + entries.len() + unreadable;
        let cut_at = entries.last().map(|entry| entry.at).filter(|_| next.is_none() && count >= NEARLY_ALL);
        let next = next.map(|after| format!("{count} {after}"));
        Ok(Page { entries, next, cut_at, unreadable, wait: answer.allowance_used_up, ..Page::default() })
    }

    async fn again(&mut self, known: &[Known]) -> Result<Again, CollectError> {
        let names: Vec<&str> = known.iter().map(|known| known.native.as_str()).collect();
        let mut url = self.config.hosts.api.join("api/info").expect("a constant that is a path");
        url.query_pairs_mut().append_pair("id", &names.join(",")).append_pair("raw_json", "1");
        let answer = self.get(url).await?;
        let (entries, unreadable, _) = self.read(&answer)?;
        // One that could not be read is there, whichever it is.
        let missing = |name: &&str| unreadable == 0 && !entries.iter().any(|entry| entry.native == **name);
        let gone = names.into_iter().filter(missing).map(str::to_owned).collect();
        Ok(Again { entries, gone, unreadable, wait: answer.allowance_used_up, ..Again::default() })
    }
}

#[cfg(test)]
mod tests;
