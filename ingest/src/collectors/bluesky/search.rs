//! Searching for what the stream no longer has: what was said before the first collection, and what was said while we
//! were away for too long.
//!
//! Each keyword is searched by itself, from the newest post back. Bluesky asks that its search be used sparingly, so
//! this is done only for these two stretches of time, and a page at a time.

use std::time::Duration;

use bus::Post;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use serde_json::Value;
use url::Url;

use super::post::{self, Adapter};
use super::wire::POSTS;
use crate::fetch::{Authorization, FetchError, Fetched, Gateway, Request};

/// As many posts as the server gives at once.
const LIMIT: usize = 100;

/// So many pages of one keyword: more than the 10,000 posts that a search gives at most.
const PAGES: u32 = 120;

/// A server that fails for so many times in a row is not asked again.
const FAILURES: u32 = 5;

/// How far the search for a stretch of time has come.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Search {
    /// The stretch of time.
    pub(super) from: Timestamp,
    pub(super) until: Timestamp,
    /// Whether we should have collected it at the time.
    pub(super) is_gap: bool,
    /// Which keyword is searched.
    keyword: usize,
    /// Before when; it moves towards `from` where the server gives or takes no cursor.
    before: Timestamp,
    cursor: Option<String>,
    /// The oldest post of this keyword so far.
    reached: Option<Timestamp>,
    /// Whether this server refuses cursors, as Bluesky's does when nobody is logged in.
    by_time: bool,
    pages: u32,
    failures: u32,
    /// Whether the server gave less than there is.
    cut_short: bool,
}

/// How a step of a search ended.
#[derive(Debug)]
pub(super) enum Step {
    /// There may be more; our allowance may be used up for so long.
    More(Vec<Post>, Option<Duration>),
    /// All keywords are searched.
    Done(Vec<Post>),
    /// It is to be tried again, after so long if the server said so.
    Later(Option<Duration>),
    /// There is no use in asking on; why, in plain words.
    Failed(String),
}

/// A page of results. A post that cannot be read is left out by [`Search::posts`].
#[derive(Deserialize)]
struct Page {
    posts: Vec<Value>,
    cursor: Option<String>,
}

impl Search {
    /// A search of what was said in `from..until`.
    pub(super) fn new(from: Timestamp, until: Timestamp, is_gap: bool) -> Self {
        Self {
            from,
            until,
            is_gap,
            keyword: 0,
            before: until,
            cursor: None,
            reached: None,
            by_time: false,
            pages: 0,
            failures: 0,
            cut_short: false,
        }
    }

    /// Whether everything that the server can find was found.
    pub(super) fn found_all(&self) -> bool {
        !self.cut_short
    }

    /// Fetches one page. The search moves on only when it has come.
    pub(super) async fn step(
        &mut self,
        gateway: &Gateway,
        api: &Url,
        token: Option<&Authorization>,
        keywords: &[String],
        adapter: Adapter<'_>,
        now: Timestamp,
    ) -> Step {
        let Some(keyword) = keywords.get(self.keyword) else { return Step::Done(Vec::new()) };
        let mut request = Request::get(self.address(api, keyword), "application/json");
        request.authorization = token.cloned();
        let answer = gateway.get(&request).await.and_then(Fetched::answer);
        let page = answer.and_then(|answer| Ok((answer.json::<Page>()?, answer.allowance_used_up)));
        match page {
            Ok((page, wait)) => {
                self.failures = 0;
                let posts = self.posts(&page, adapter, now);
                self.move_on(&page);
                if self.keyword < keywords.len() { Step::More(posts, wait) } else { Step::Done(posts) }
            }
            Err(error) => self.failed(&error),
        }
    }

    fn address(&self, api: &Url, keyword: &str) -> Url {
        let mut url = api.clone();
        url.set_path("/xrpc/app.bsky.feed.searchPosts");
        let word = keyword.trim_end_matches('*');
        let query = if word.contains(char::is_whitespace) { format!("\"{word}\"") } else { word.to_owned() };
        let limit = LIMIT.to_string();
        url.query_pairs_mut()
            .append_pair("q", &query)
            .append_pair("sort", "latest")
            .append_pair("since", &self.from.to_string())
            .append_pair("until", &self.before.to_string())
            .append_pair("limit", &limit);
        if let Some(cursor) = &self.cursor {
            url.query_pairs_mut().append_pair("cursor", cursor);
        }
        url
    }

    /// The wanted posts of a page.
    fn posts(&self, page: &Page, adapter: Adapter<'_>, now: Timestamp) -> Vec<Post> {
        let post = |view: &Value| {
            if post::is_hidden(view) || post::is_hidden(&view["author"]) {
                return None;
            }
            let (did, rkey) = view["uri"].as_str()?.strip_prefix("at://")?.split_once(&format!("/{POSTS}/"))?;
            adapter.post(did, rkey, &view["record"], time(&view["indexedAt"]).unwrap_or(self.until), now)
        };
        page.posts.iter().filter_map(post).collect()
    }

    /// Turns to the next page, or to the next keyword.
    fn move_on(&mut self, page: &Page) {
        self.pages += 1;
        self.reached = page.posts.iter().filter_map(sort_time).chain(self.reached).min();
        let cursor = page.cursor.clone().filter(|cursor| !self.by_time && Some(cursor) != self.cursor.as_ref());
        if page.posts.is_empty() || (cursor.is_none() && page.posts.len() < LIMIT) {
            self.next_keyword();
        } else if self.pages >= PAGES {
            self.cut_short = true;
            self.next_keyword();
        } else if cursor.is_some() {
            self.cursor = cursor;
        } else {
            self.go_back();
        }
    }

    /// Goes on without a cursor, before the oldest post so far.
    fn go_back(&mut self) {
        self.cursor = None;
        // Of several posts of one millisecond the page may have had only some.
        let before = self.reached.and_then(|oldest| oldest.checked_add(Duration::from_millis(1)).ok());
        match before {
            Some(before) if before < self.before && before > self.from => self.before = before,
            Some(before) if before <= self.from => self.next_keyword(),
            _ => {
                self.cut_short = true;
                self.next_keyword();
            }
        }
    }

    fn next_keyword(&mut self) {
        (self.keyword, self.before, self.cursor) = (self.keyword + 1, self.until, None);
        (self.reached, self.pages) = (None, 0);
    }

    fn failed(&mut self, error: &FetchError) -> Step {
        match error {
            FetchError::RateLimited { retry_after, .. } => Step::Later(*retry_after),
            FetchError::Status { status: 400..=403, .. } | FetchError::Unauthorized { .. } if self.cursor.is_some() => {
                self.by_time = true;
                self.go_back();
                Step::More(Vec::new(), None)
            }
            FetchError::Status { status: 400..=499, .. }
            | FetchError::Unauthorized { .. }
            | FetchError::Refused { .. }
            | FetchError::Gone { .. } => Step::Failed(error.to_string()),
            _ => {
                self.failures += 1;
                if self.failures < FAILURES { Step::Later(None) } else { Step::Failed(error.to_string()) }
            }
        }
    }
}

fn time(value: &Value) -> Option<Timestamp> {
    value.as_str()?.parse().ok()
}

/// The time by which a search sorts: as claimed, unless that is later than when it was first seen.
fn sort_time(view: &Value) -> Option<Timestamp> {
    match (time(&view["record"]["createdAt"]), time(&view["indexedAt"])) {
        (Some(created), Some(indexed)) => Some(created.min(indexed)),
        (one, other) => one.or(other),
    }
}
