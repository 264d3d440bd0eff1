//! A forum that runs Discourse.
//!
//! `posts.json` lists the public posts of all topics by number, newest first, fifty a page. Since it leaves out what is
//! deleted or hidden, a post that is missing between two others is gone: recent posts are checked by reading their
//! pages again. Posts that were passed over in a topic, because moderators moved it into public later, are fetched from
//! the topic itself.

mod config;
mod topics;
mod wire;

use std::time::Duration;

use async_trait::async_trait;
use url::Url;

pub use self::config::DiscourseConfig;
use self::topics::{Hole, Topics};
use super::Context;
use super::listing::{Again, Ask, Entry, Known, Listing, Page, readable};
use crate::collector::CollectError;
use crate::fetch::{Answer, Request};

/// So many topics with holes are asked for in one collection, at most.
const HOLES_AT_ONCE: usize = 3;

/// The public posts of a forum.
pub(super) struct DiscourseListing {
    config: DiscourseConfig,
    context: Context,
    topics: Topics,
}

/// The posts of one answer.
struct Read {
    posts: Vec<wire::Post>,
    unreadable: usize,
    wait: Option<Duration>,
}

impl DiscourseListing {
    pub(super) fn new(config: DiscourseConfig, context: Context) -> Self {
        Self { config, context, topics: Topics::default() }
    }

    async fn get(&self, path: &str, query: &[(&str, String)]) -> Result<Box<Answer>, CollectError> {
        let mut url: Url = self.config.url.join(path).expect("numbers are safe in a path");
        if !query.is_empty() {
            url.query_pairs_mut().extend_pairs(query);
        }
        self.context.answer(&Request::get(url, "application/json")).await
    }

    /// The latest posts with smaller numbers than `before`.
    async fn latest(&self, before: Option<u64>) -> Result<Read, CollectError> {
        let query = before.map(|before| ("before", before.to_string()));
        let answer = self.get("posts.json", query.as_slice()).await?;
        let latest: wire::Latest = answer.json().map_err(|error| CollectError::Malformed {
            reason: format!("{error}; is {} a Discourse forum, and public?", self.config.url),
        })?;
        let (posts, unreadable) = readable(latest.latest_posts);
        Ok(Read { posts, unreadable, wait: answer.allowance_used_up })
    }

    fn entry(&self, post: &wire::Post) -> Entry {
        post.entry(&self.config, &self.context)
    }

    /// The posts of `hole`, outside the order of the listing. A topic does not say its category: the post that showed the
    /// hole was wanted.
    async fn fill(&self, hole: Hole) -> Result<Vec<Entry>, CollectError> {
        let path = format!("t/{}/posts.json", hole.topic);
        let query = [("post_number", hole.after.to_string()), ("asc", "true".to_owned())];
        let topic: wire::Topic = self.get(&path, &query).await?.json()?;
        let (posts, _): (Vec<wire::Post>, _) = readable(topic.post_stream.posts);
        Ok(posts.iter().map(|post| Entry { in_order: false, ..self.entry(post) }).collect())
    }

    /// What was passed over in the topics of the walk that has just ended. It is a courtesy: a fault here must not cost
    /// the page.
    async fn fill_holes(&mut self) -> Vec<Entry> {
        let mut entries = Vec::new();
        for hole in self.topics.holes(HOLES_AT_ONCE) {
            match self.fill(hole).await {
                Ok(filled) => entries.extend(filled),
                Err(error) => {
                    tracing::debug!(%error, topic = hole.topic, "what was passed over in a topic could not be read");
                    break;
                }
            }
        }
        entries
    }
}

#[async_trait]
impl Listing for DiscourseListing {
    const AGAIN_AT_ONCE: usize = 40;
    const AGAIN_CALLS: usize = 2;
    const WATCHED_FOR: Duration = Duration::from_hours(72);

    fn streams(&self) -> Vec<String> {
        vec!["posts".to_owned()]
    }

    async fn page(&mut self, _: &str, ask: &Ask) -> Result<Page, CollectError> {
        let before = ask.page.as_deref().and_then(|page| page.parse().ok());
        let Read { posts, unreadable, wait } = self.latest(before).await?;
        let mut entries: Vec<Entry> = posts.iter().map(|post| self.entry(post)).collect();
        for post in posts.iter().filter(|post| self.config.wants(post.category_id)) {
            self.topics.note(post.topic_id, post.post_number);
        }
        let next = posts.iter().map(|post| post.id).min();
        let floor = ask.floor.map(|floor| floor.order);
        if wait.is_none() && (next.is_none() || next <= floor) {
            entries.extend(self.fill_holes().await);
        }
        let next = next.map(|next| next.to_string());
        Ok(Page { entries, next, tells_gone: true, unreadable, wait, ..Page::default() })
    }

    async fn again(&mut self, known: &[Known]) -> Result<Again, CollectError> {
        let newest = known.iter().map(|known| known.order).max().unwrap_or(0);
        let Read { posts, unreadable, wait } = self.latest(Some(newest + 1)).await?;
        let oldest = posts.iter().map(|post| post.id).min().unwrap_or(0);
        let listed = |known: &Known| posts.iter().any(|post| post.id == known.order);
        let open = known.iter().filter(|known| known.order < oldest).count();
        let missing = known.iter().filter(|known| known.order >= oldest && !listed(known) && unreadable == 0);
        let gone = missing.map(|known| known.native.clone()).collect();
        Ok(Again { entries: posts.iter().map(|post| self.entry(post)).collect(), gone, open, unreadable, wait })
    }
}

#[cfg(test)]
mod tests;
