//! Hashtag timelines, over the REST interface.
//!
//! Each hashtag is read forward (`min_id`), oldest first, so that nothing is skipped however long we were away. The last
//! statuses of a timeline are read again each time: so are those found that came late from another server, with an id
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

/// So many of the last statuses are read again, which leaves room for new ones in the same page.
const AGAIN: usize = 30;

/// A server, and by whose leave we read it.
#[derive(Clone, Copy, Debug)]
pub(super) struct Server<'a> {
    pub(super) gateway: &'a Gateway,
    pub(super) url: &'a Url,
    pub(super) token: Option<&'a Authorization>,
    /// How long a server that limits us without saying for how long is left alone.
    pub(super) every: Duration,
}

/// What reading one hashtag came to.
#[derive(Debug)]
pub(super) struct Progress {
    pub(super) statuses: Vec<Status>,
    pub(super) pages: usize,
    /// There was more than we wanted to read at once.
    pub(super) more: bool,
    /// The server's allowance is used up for so long.
    pub(super) wait: Option<Duration>,
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
    /// Reads `tag` forward from `start`, at most `pages` pages, and moves `start` to where to begin the next time.
    pub(super) async fn read(&self, tag: &str, start: &mut String, pages: usize) -> Result<Progress, CollectError> {
        let mut progress = Progress { statuses: Vec::new(), pages: 0, more: true, wait: None };
        let mut last = start.clone();
        while progress.pages < pages && progress.wait.is_none() {
            let answer = match self.page(tag, &last).await {
                Ok(answer) => answer,
                // What was read so far is kept; the fault shows again, alone, at the next call.
                Err(error) if progress.pages > 0 => {
                    progress.wait = asked_to_wait(&error, self.every);
                    break;
                }
                Err(error) => return Err(error),
            };
            progress.pages += 1;
            progress.wait = answer.allowance_used_up;
            let (statuses, count) = statuses_of(&answer, tag)?;
            let Some(next) = next_position(&answer, &statuses, &last) else {
                progress.more = false;
                break;
            };
            last = next;
            progress.statuses.extend(statuses);
            if count < LIMIT {
                progress.more = false;
                break;
            }
        }
        *start = if progress.more { last } else { begin_again(&progress.statuses, start) };
        Ok(progress)
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

/// Where to begin the next time after `read`, which began at `start`: before the last few of them.
fn begin_again(read: &[Status], start: &str) -> String {
    let mut ids: Vec<&str> = read.iter().map(|status| status.id.as_str()).collect();
    ids.sort_unstable_by_key(|id| order(id));
    match ids.len().checked_sub(AGAIN + 1) {
        Some(last_left_out) => ids[last_left_out].to_owned(),
        None => start.to_owned(),
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
