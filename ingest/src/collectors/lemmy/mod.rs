//! Communities on a Lemmy server: their posts and comments, newest first.
//!
//! Deleted and removed ones are listed as such or no longer listed; both are noticed while they would stand on a page
//! that is read.

mod config;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use url::Url;

pub use self::config::LemmyConfig;
use super::Context;
use super::listing::{Again, Ask, Entry, Known, Listing, Page, readable};
use crate::collector::CollectError;
use crate::fetch::Request;

/// As many as Lemmy gives at once.
const LIMIT: usize = 50;

/// The posts and comments of communities.
pub(super) struct LemmyListing {
    config: LemmyConfig,
    context: Context,
}

impl LemmyListing {
    pub(super) fn new(config: LemmyConfig, context: Context) -> Self {
        Self { config, context }
    }

    fn address(&self, what: &str, community: &str, ask: &Ask) -> Url {
        let path = format!("api/v3/{what}/list");
        let mut url = self.config.url.join(&path).expect("a constant that is a path");
        let mut query = url.query_pairs_mut();
        query.append_pair("type_", "All").append_pair("sort", "New").append_pair("limit", &LIMIT.to_string());
        query.append_pair("community_name", community);
        if let Some((key, value)) = ask.page.as_deref().and_then(|page| page.split_once('=')) {
            query.append_pair(key, value);
        }
        drop(query);
        url
    }
}

#[async_trait]
impl Listing for LemmyListing {
    const AGAIN_AT_ONCE: usize = 0;
    const AGAIN_CALLS: usize = 0;
    const WATCHED_FOR: Duration = Duration::from_hours(72);

    fn streams(&self) -> Vec<String> {
        self.config
            .communities
            .iter()
            .flat_map(|name| ["post", "comment"].map(|what| format!("{what} {name}")))
            .collect()
    }

    async fn page(&mut self, stream: &str, ask: &Ask) -> Result<Page, CollectError> {
        let (what, community) = stream.split_once(' ').unwrap_or(("post", stream));
        let answer = self.context.answer(&Request::get(self.address(what, community, ask), "application/json")).await?;
        let list: wire::List = answer.json()?;
        let (Some(values), cursor) = (list.posts.or(list.comments), list.next_page) else {
            let reason = format!("the answer holds neither posts nor comments; is {} a Lemmy server?", self.config.url);
            return Err(CollectError::Malformed { reason });
        };
        let all = values.len();
        let entries: Vec<Entry> = if what == "post" {
            readable::<wire::PostView>(values).0.iter().map(|view| view.entry(&self.context)).collect()
        } else {
            readable::<wire::CommentView>(values).0.iter().map(|view| view.entry(&self.context)).collect()
        };
        let number = ask.page.as_deref().and_then(|page| page.strip_prefix("page=")?.parse().ok()).unwrap_or(1_u32);
        let next = match cursor {
            Some(cursor) => Some(format!("page_cursor={cursor}")),
            None => Some(format!("page={}", number + 1)),
        };
        let unreadable = all - entries.len();
        let next = next.filter(|_| all > 0);
        Ok(Page { entries, next, tells_gone: true, unreadable, wait: answer.allowance_used_up, ..Page::default() })
    }

    async fn again(&mut self, _: &[Known]) -> Result<Again, CollectError> {
        Ok(Again::default())
    }
}

#[cfg(test)]
mod tests;
