//! Hashtag timelines, over the REST interface.
//!
//! Each hashtag is read forward (`min_id`), oldest first, so that nothing is skipped however long we were away. The last
//! statuses of a timeline are read again in each pass: so are those found that came late from another server, with an id
//! that lies before what we had read, and those that were edited or withdrawn.

use std::time::Duration;

use jiff::Timestamp;
use tracing::debug;
use url::Url;

use super::wire::Status;
use crate::collector::CollectError;
use crate::fetch::{Answer, Authorization, Gateway, Request};

/// As many statuses as a server gives at once.
pub(super) const LIMIT: usize = 40;

/// So many statuses may be left out of a full page: servers take out what was deleted or is not for us after they have cut it.
const LEFT_OUT: usize = 4;

/// So many of the last statuses are read again, which leaves room for new ones in the same page.
const AGAIN: usize = 30;

/// A server, and by whose leave we read it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) url: &'a Url,
    pub(super) token: Option<&'a Authorization>,
}

/// How far the timeline of one hashtag is read.
#[derive(Clone, Debug)]
pub(super) struct Reading {
    /// The status before the next page.
    last: String,
    /// Where a reading that begins anew has to begin.
    start: String,
    /// The largest ids that were read, in order; no more than are needed to tell where to begin again.
    recent: Vec<String>,
    /// Whether all that there is was read.
    pub(super) ended: bool,
}

/// What a page of a timeline came to.
#[derive(Debug)]
pub(super) struct Page {
    pub(super) statuses: Vec<Status>,
    /// The server's allowance is used up for so long.
    pub(super) wait: Option<Duration>,
}

impl Reading {
    /// A reading that begins at `start`.
    pub(super) fn from(start: String) -> Self {
        Self { last: start.clone(), start, recent: Vec::new(), ended: false }
    }

    /// Where a reading that begins anew has to begin: before the last few statuses that were read.
    pub(super) fn start(&self) -> &str {
        &self.start
    }

    /// What is further behind is smaller.
    pub(super) fn progress(&self) -> (usize, &str) {
        order(&self.last)
    }

    /// Moves on past a page that ends at `next`.
    fn move_on(&mut self, statuses: &[Status], next: String) {
        self.last = next;
        self.recent.extend(statuses.iter().map(|status| status.id.clone()));
        self.recent.sort_unstable_by(|a, b| order(a).cmp(&order(b)));
        self.recent.dedup();
        if let Some(too_many) = self.recent.len().checked_sub(AGAIN + 1) {
            self.recent.drain(..too_many);
            self.start.clone_from(&self.recent[0]);
        }
    }
}

/// The id that a status written at `time` would get: Mastodon's ids begin with the time in milliseconds.
pub(super) fn id_at(time: Timestamp) -> String {
    (u64::try_from(time.as_millisecond()).unwrap_or(0) << 16).to_string()
}

/// How long a server that limits us wants to be left alone.
pub(super) fn asked_to_wait(error: &CollectError, usual: Duration) -> Option<Duration> {
    match error {
        CollectError::RateLimited { retry_after, .. } => Some(retry_after.unwrap_or(usual)),
        _ => None,
    }
}

impl Server<'_> {
    /// Reads the next page of `tag`, and moves `reading` past it.
    pub(super) async fn read(&self, tag: &str, reading: &mut Reading) -> Result<Page, CollectError> {
        let answer = self.page(tag, &reading.last).await?;
        let wait = answer.allowance_used_up;
        let (statuses, count) = statuses_of(&answer, tag)?;
        let Some(next) = next_position(&answer, &statuses, &reading.last) else {
            reading.ended = true;
            return Ok(Page { statuses: Vec::new(), wait });
        };
        reading.move_on(&statuses, next);
        reading.ended = count < LIMIT - LEFT_OUT;
        Ok(Page { statuses, wait })
    }

    async fn page(&self, tag: &str, last: &str) -> Result<Box<Answer>, CollectError> {
        let mut url = self.url.clone();
        url.path_segments_mut()
            .map_err(|()| CollectError::Malformed { reason: format!("{} is not the address of a server", self.url) })?
            .pop_if_empty()
            .extend(["api", "v1", "timelines", "tag", tag]);
        url.query_pairs_mut().append_pair("limit", &LIMIT.to_string()).append_pair("min_id", last);
        let mut request = Request::get(url, "application/json");
        request.authorization = self.token.cloned();
        Ok(self.gateway.get(&request).await?.answer()?)
    }
}

/// Ids are numbers as text: the longer one is the larger one.
fn order(id: &str) -> (usize, &str) {
    (id.len(), id)
}

/// The statuses of a page, and how many entries it had. One that cannot be read is left out rather than let it block
/// all that follow.
fn statuses_of(answer: &Answer, tag: &str) -> Result<(Vec<Status>, usize), CollectError> {
    // The parser's own words may quote what somebody wrote.
    let malformed = |error: serde_json::Error| CollectError::Malformed {
        reason: format!(
            "the answer for #{tag} is not a list of statuses (line {}, column {}); is this a Mastodon server?",
            error.line(),
            error.column()
        ),
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
            let (line, column) = (error.line(), error.column());
            debug!(line, column, tag, unreadable = count - statuses.len(), "statuses were left out");
            Ok((statuses, count))
        }
        None => Ok((statuses, count)),
    }
}

/// Where to go on after this page: as its `Link` header says, or else after its newest status. `None` when it is empty
/// or leads nowhere, so that a strange server cannot keep us going round.
fn next_position(answer: &Answer, statuses: &[Status], last: &str) -> Option<String> {
    let linked = answer
        .link("prev")
        .and_then(|link| link.query_pairs().find(|(key, _)| key == "min_id").map(|(_, value)| value.into_owned()));
    let newest = || statuses.iter().map(|status| &status.id).max_by_key(|id| order(id)).cloned();
    if statuses.is_empty() {
        return None;
    }
    linked.or_else(newest).filter(|next| next != last)
}
