//! Hashtags on a Mastodon server: their timelines over REST, and what happens to them since over the streaming
//! interface.
//!
//! The stream has no replay, so it is only ever ahead of the timelines, never in their place: they are read before it is
//! opened, right after, and at the usual interval while it is open. So nothing is lost but deletions while it is away.

mod config;
#[doc(hidden)]
pub mod exercise;
mod latest;
mod live;
mod sse;
mod timeline;
mod wire;

use std::collections::BTreeMap;
use std::time::Duration;

use async_trait::async_trait;
use bus::{Change, Post, PostId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tracing::debug;

pub use self::config::MastodonConfig;
use self::latest::Latest;
use self::live::Live;
use self::timeline::{Reading, Server, asked_to_wait};
use self::wire::{LiveEvent, Status};
use super::Context;
use super::seen::Seen;
use crate::collector::{Batch, CollectError, Collector, Cursor, Missed};
use crate::fetch::{Authorization, FetchError};

/// So many pages are read in one call, so that a batch stays small.
const PAGES_AT_ONCE: usize = 12;

/// A batch of the stream has at most so many events,
const BATCH: usize = 500;

/// ends so soon after its first one,
const GATHER: Duration = Duration::from_secs(1);

/// and at the latest after so long.
const LONGEST: Duration = Duration::from_secs(10);

/// A stream that broke is opened again after so long; twice as long with each failure, up to the usual interval.
const OPEN_AGAIN: Duration = Duration::from_secs(5);

/// Follows hashtags on one server.
pub struct MastodonCollector {
    config: MastodonConfig,
    context: Context,
    live: Option<Live>,
    /// Events that are not in a batch yet. A dropped call leaves them here for the next one.
    heard: Vec<LiveEvent>,
    latest: Latest,
    /// The present pass over the timelines, where it takes several calls.
    pass: Pass,
    /// When the timelines are due while the stream is open; `None` for now.
    read_at: Option<Timestamp>,
    /// Until when the server's allowance is used up.
    limited_until: Option<Timestamp>,
    /// When the stream may be opened again; `None` for now.
    open_at: Option<Timestamp>,
    failures: u32,
    notice: Option<String>,
}

/// Where we are: for each hashtag where to begin reading, and what was read of late under any of them.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Position {
    tags: BTreeMap<String, String>,
    seen: Seen,
}

/// How far each hashtag is read. A timeline that has ended is not read again before the others have.
type Pass = BTreeMap<String, Reading>;

/// What reading the timelines came to.
struct Swept {
    changes: Vec<Change<Post>>,
    more: bool,
    wait: Option<Duration>,
}

/// What a status means for us.
enum Verdict {
    Keep(Box<Post>),
    /// It was kept, and is no longer for everybody.
    Withdraw(PostId),
    Ignore,
}

impl MastodonCollector {
    /// A collector of the hashtags of `config`.
    pub fn new(config: MastodonConfig, context: Context) -> Self {
        Self {
            config,
            context,
            live: None,
            heard: Vec::new(),
            latest: Latest::default(),
            pass: Pass::default(),
            read_at: None,
            limited_until: None,
            open_at: None,
            failures: 0,
            notice: None,
        }
    }

    async fn token(&self) -> Result<Option<Authorization>, CollectError> {
        let Some(token) = self.config.token.clone() else { return Ok(None) };
        let read = tokio::task::spawn_blocking(move || token.read()).await;
        let secret = read.map_err(|error| error.to_string()).and_then(|secret| secret);
        secret.map(|secret| Some(Authorization::Bearer(secret))).map_err(|reason| CollectError::Unauthorized { reason })
    }

    /// Reads the timelines forward, always the one that is furthest behind: so a first collection, which takes many
    /// calls, finds what was said at one time under several hashtags together, and in its order.
    async fn sweep(&mut self, position: &mut Position, token: Option<&Authorization>) -> Result<Swept, CollectError> {
        // A call that is dropped leaves no pass behind, so that the next one begins where the cursor says.
        let earlier = std::mem::take(&mut self.pass);
        let mut pass = self.resume(earlier, position);
        let server = Server { gateway: &self.context.gateway, url: &self.config.url, token };
        let every = self.context.source.every;
        let (mut statuses, mut wait) = (Vec::new(), None);
        for page in 0..PAGES_AT_ONCE {
            let unread = pass.iter_mut().filter(|(_, reading)| !reading.ended);
            let Some((tag, reading)) = unread.min_by(|a, b| a.1.progress().cmp(&b.1.progress())) else { break };
            match server.read(tag, reading).await {
                Ok(read) => {
                    position.tags.insert(tag.clone(), reading.start().to_owned());
                    statuses.extend(read.statuses);
                    wait = read.wait;
                }
                // What was read so far is kept; the fault shows again, alone, at the next call.
                Err(error) if page > 0 => {
                    debug!(%error, tag, "a hashtag was left for the next call");
                    wait = Some(asked_to_wait(&error, every).unwrap_or(every));
                }
                Err(error) => return Err(error),
            }
            if wait.is_some() {
                break;
            }
        }
        let more = pass.values().any(|reading| !reading.ended);
        // After a pause the last statuses are read again, as in each pass: they may have been edited meanwhile.
        if more && wait.is_none() {
            self.pass = pass;
        }
        let changes = self.changes_of_timelines(statuses, &mut position.seen);
        Ok(Swept { changes, more, wait })
    }

    /// The pass to go on with: `pass`, unless it does not belong to `position`, or a new one.
    fn resume(&self, mut pass: Pass, position: &mut Position) -> Pass {
        position.tags.retain(|tag, _| self.config.tags.contains(tag));
        let backfill = self.context.clock.now().checked_sub(self.config.backfill);
        let oldest = timeline::id_at(backfill.unwrap_or(Timestamp::UNIX_EPOCH));
        let belongs = !pass.is_empty()
            && pass.iter().all(|(tag, reading)| position.tags.get(tag).is_none_or(|start| start == reading.start()));
        if !belongs {
            let start = |tag| position.tags.get(tag).unwrap_or(&oldest).clone();
            pass = self.config.tags.iter().map(|tag| (tag.clone(), Reading::from(start(tag)))).collect();
        }
        pass
    }

    fn changes_of_timelines(&mut self, statuses: Vec<Status>, seen: &mut Seen) -> Vec<Change<Post>> {
        let (mut posts, mut withdrawn) = (Vec::new(), Vec::new());
        for status in statuses {
            match self.judge(status, seen) {
                Verdict::Keep(post) => posts.push(*post),
                Verdict::Withdraw(id) => withdrawn.push(id),
                Verdict::Ignore => {}
            }
        }
        let mut posts = seen.keep_new(posts);
        posts.sort_by_key(|post| post.created_at);
        let deletions = withdrawn.into_iter().filter(|id| seen.forget(*id)).map(Change::Delete);
        deletions.chain(posts.into_iter().map(Change::Upsert)).collect()
    }

    fn judge(&mut self, status: Status, seen: &Seen) -> Verdict {
        let source = &self.context.source;
        let id = wire::id_of(source, &status.id);
        if !self.latest.is_latest(id, status.edited_at) {
            return Verdict::Ignore;
        }
        match wire::post(status, &self.config.url, source, &self.context.id_key, self.context.clock.now()) {
            Some(post) => Verdict::Keep(Box::new(post)),
            None if seen.contains(id) => Verdict::Withdraw(id),
            None => Verdict::Ignore,
        }
    }

    /// What the events that were heard change, in their order.
    fn changes_of_stream(&mut self, seen: &mut Seen) -> Vec<Change<Post>> {
        let mut changes = Vec::new();
        for event in std::mem::take(&mut self.heard) {
            match event {
                LiveEvent::Status(status) => match self.judge(*status, seen) {
                    Verdict::Keep(post) => changes.extend(seen.keep_new(vec![*post]).into_iter().map(Change::Upsert)),
                    Verdict::Withdraw(id) => {
                        seen.forget(id);
                        changes.push(Change::Delete(id));
                    }
                    Verdict::Ignore => {}
                },
                LiveEvent::Deleted(native) => {
                    let id = wire::id_of(&self.context.source, &native);
                    self.latest.is_gone(id);
                    changes.push(Change::Delete(id));
                }
                LiveEvent::Unreadable => {
                    metrics::counter!("discovery_ingest_unreadable_total", "kind" => "mastodon").increment(1);
                }
                LiveEvent::Other => {}
            }
        }
        changes
    }

    /// Opens the stream if it is due; whether it is open now and was not before.
    async fn open(&mut self, token: Option<&Authorization>) -> bool {
        let now = self.context.clock.now();
        let due = self.open_at.is_none_or(|at| at <= now);
        if !self.config.streaming || self.live.is_some() || !due {
            return false;
        }
        let (gateway, server, tags) = (&self.context.gateway, &self.config.url, &self.config.tags);
        let address = live::address(gateway, server).await;
        let mut opened = Live::open(gateway, &address, tags, token).await;
        if let (Err(FetchError::BadAnswer { .. } | FetchError::Status { status: 404, .. }), "ws" | "wss") =
            (&opened, address.scheme())
        {
            // A proxy that lets no WebSocket through still lets server-sent events through.
            opened = Live::open(gateway, server, tags, token).await;
        }
        match opened {
            Ok(live) => {
                self.live = Some(live);
                self.notice = None;
                true
            }
            Err(error) => {
                let wants_token =
                    matches!(error, FetchError::Unauthorized { .. } | FetchError::Status { status: 401 | 403, .. });
                if wants_token {
                    self.notice = Some(format!(
                        "the timelines are read, but not streamed: {error}; a `token` is mostly needed for streaming"
                    ));
                }
                debug!(%error, "the stream was not opened");
                self.stream_failed(wants_token);
                false
            }
        }
    }

    fn stream_failed(&mut self, for_long: bool) {
        self.live = None;
        let every = self.context.source.every;
        let wait = OPEN_AGAIN.saturating_mul(1 << self.failures.min(10)).min(every);
        self.failures = self.failures.saturating_add(1);
        let wait = if for_long { every.max(Duration::from_hours(1)) } else { wait };
        self.open_at = self.context.clock.now().checked_add(wait).ok();
    }

    /// Listens to the stream until there is a batch.
    async fn listen(&mut self) {
        let end = Instant::now() + LONGEST;
        let mut gather = None;
        while self.heard.len() < BATCH {
            if gather.is_none() && !self.heard.is_empty() {
                gather = Some(Instant::now() + GATHER);
            }
            let Some(live) = &mut self.live else { return };
            let deadline = gather.map_or(end, |gather: Instant| gather.min(end));
            let Ok(heard) = tokio::time::timeout_at(deadline, live.next()).await else { return };
            match heard {
                Ok(Some(event)) => {
                    self.failures = 0;
                    self.heard.push(event);
                }
                Ok(None) => self.stream_failed(false),
                Err(error) => {
                    debug!(%error, "the stream broke");
                    self.stream_failed(false);
                }
            }
        }
    }

    /// How long until there is something to do.
    fn next_in(&self) -> Duration {
        let now = self.context.clock.now();
        let until = |at: Option<Timestamp>| {
            at.map_or(Duration::ZERO, |at| Duration::try_from(at.duration_since(now)).unwrap_or_default())
        };
        match (&self.live, self.config.streaming) {
            (Some(_), _) => Duration::ZERO,
            (None, true) => until(self.read_at).min(until(self.open_at)).max(until(self.limited_until)),
            (None, false) => until(self.read_at),
        }
    }
}

#[async_trait]
impl Collector for MastodonCollector {
    async fn collect(&mut self, from: &Cursor) -> Result<Batch, CollectError> {
        let mut position: Position = from.position();
        let token = self.token().await?;
        let every = self.context.source.every;
        let (mut changes, mut missed, mut more) = (Vec::new(), Missed::Pending, false);
        let now = self.context.clock.now();
        if self.live.is_none() || self.read_at.is_none_or(|at| at <= now) {
            match self.sweep(&mut position, token.as_ref()).await {
                Ok(swept) => {
                    changes = swept.changes;
                    more = swept.more;
                    if !more {
                        missed = Missed::Nothing;
                    }
                    let usual = if more { Duration::ZERO } else { every };
                    self.read_at = now.checked_add(swept.wait.unwrap_or_default().max(usual)).ok();
                    self.limited_until = swept.wait.and_then(|wait| now.checked_add(wait).ok());
                }
                // The stream still says what is new; the timelines have time.
                Err(error) if self.live.is_some() && passes(&error) => {
                    debug!(%error, "the timelines are read later");
                    let asked = asked_to_wait(&error, every);
                    self.read_at = now.checked_add(asked.unwrap_or(every)).ok();
                    // Nor may they be read sooner because the stream breaks.
                    self.limited_until = asked.and_then(|wait| now.checked_add(wait).ok());
                }
                Err(error) => return Err(error),
            }
        }
        if !more && self.open(token.as_ref()).await {
            // What was said before the stream was open is in the timelines.
            self.read_at = None;
        } else if changes.is_empty() && !more {
            self.listen().await;
        }
        changes.extend(self.changes_of_stream(&mut position.seen));
        let next_in = self.next_in();
        Ok(Batch { changes, cursor: Cursor::of(&position), next_in, notice: self.notice.clone(), missed: Some(missed) })
    }
}

/// Whether a fault may pass by itself.
fn passes(error: &CollectError) -> bool {
    matches!(
        error,
        CollectError::Transient { .. } | CollectError::Unreachable { .. } | CollectError::RateLimited { .. }
    )
}

#[cfg(test)]
mod tests;
