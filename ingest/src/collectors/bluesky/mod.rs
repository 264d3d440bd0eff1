//! Posts on Bluesky that hold certain words or hashtags.
//!
//! They come from a Jetstream server, which streams every public post of the network: what is not wanted is dropped at
//! once. The stream is read from where we were, a few seconds before, so that nothing falls between two connections;
//! what the server no longer has is searched for, and what is not found there either is reported as missed.

mod config;
#[doc(hidden)]
pub mod exercise;
mod filter;
mod kept;
mod post;
mod search;
mod stream;
mod wire;

use std::collections::BTreeSet;
use std::time::Duration;

use async_trait::async_trait;
use bus::{Change, Post, PostId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use tokio::time::Instant;
use tracing::debug;

pub use self::config::BlueskyConfig;
use self::filter::Filter;
use self::kept::{Applied, Kept};
use self::post::Adapter;
use self::search::{Search, Step};
use self::stream::{Heard, KEPT_FOR, Servers, Stream};
use self::wire::{Body, Event, Message};
use super::Context;
use crate::collector::{Batch, CollectError, Collector, Cursor, Missed};
use crate::fetch::{Authorization, FetchError};

/// A batch has at most so many changes,
const BATCH: usize = 500;

/// ends so soon after its first change,
const GATHER: Duration = Duration::from_secs(1);

/// and at the latest after so long.
const LONGEST: Duration = Duration::from_secs(10);

/// The stream counts as read up to now when it is no further behind.
const UP_TO_NOW: SignedDuration = SignedDuration::from_secs(30);

/// A search is tried again after so long, unless the server says otherwise.
const SEARCH_AGAIN: Duration = Duration::from_mins(1);

/// So many stretches of time wait to be searched.
const SEARCHES: usize = 16;

/// So many changes that a search must not undo are remembered; it ends long before.
const TOUCHED: usize = 50_000;

/// Follows keywords on the whole network.
pub struct BlueskyCollector {
    config: BlueskyConfig,
    context: Context,
    filter: Filter,
    servers: Servers,
    stream: Option<Stream>,
    /// Connections that broke in a row before anything came.
    broken: u32,
    /// The cursor that the last batch went with: one that differs means that somebody starts us from elsewhere.
    given: Option<Cursor>,
    position: Position,
    /// What was found but is not in a batch yet. A dropped call leaves it here for the next one.
    found: Vec<Change<Post>>,
    search_after: Option<Timestamp>,
    missed: Option<Missed>,
    /// Whether we have yet to say that nothing was missed.
    owes_word: bool,
    notice: Option<String>,
}

/// Where we are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Position {
    /// Up to when the stream is read.
    at: Option<Timestamp>,
    /// Whose clock that is.
    server: Option<String>,
    kept: Kept,
    /// The changes that were applied last.
    #[serde(default)]
    applied: Applied,
    /// What is yet to be searched for, in order.
    searches: Vec<Search>,
    /// Posts of which the stream has told since a search runs: the stream knows better.
    #[serde(default, skip_serializing_if = "BTreeSet::is_empty")]
    touched: BTreeSet<PostId>,
}

impl BlueskyCollector {
    /// A collector of the keywords of `config`.
    pub fn new(config: BlueskyConfig, context: Context) -> Self {
        Self {
            filter: Filter::new(&config.keywords, &config.languages),
            servers: Servers::new(config.hosts.clone()),
            config,
            context,
            stream: None,
            broken: 0,
            given: None,
            position: Position::default(),
            found: Vec::new(),
            search_after: None,
            missed: None,
            owes_word: true,
            notice: None,
        }
    }

    /// Starts from `from`, unless that is where we are.
    fn take_up(&mut self, from: &Cursor) {
        if self.given.as_ref() == Some(from) {
            return;
        }
        self.given = Some(from.clone());
        self.position = from.position();
        self.stream = None;
        self.found.clear();
        let now = self.context.clock.now();
        if self.position.at.is_none() {
            self.position.at = Some(now);
            if let (false, Ok(start)) = (self.config.backfill.is_zero(), now.checked_sub(self.config.backfill)) {
                self.position.searches.push(Search::new(start, now, false));
            }
        }
    }

    async fn connect(&mut self) -> Result<(), CollectError> {
        if self.stream.is_some() {
            return Ok(());
        }
        if let Some(path) = &self.config.zstd_dictionary {
            self.servers.read_dictionary(path).await.map_err(|reason| CollectError::Malformed { reason })?;
        }
        let now = self.context.clock.now();
        let (since, before) = (self.position.at.unwrap_or(now), self.position.server.as_deref());
        let opened = self.servers.open(&self.context.gateway, since, before, now).await;
        let stream = opened.map_err(|error| match error {
            limited @ FetchError::RateLimited { .. } => limited.into(),
            // Whatever it was, we must be back before the servers forget what we missed.
            other => CollectError::Unreachable { reason: other.to_string() },
        })?;
        self.position.server = Some(self.servers.current().as_str().to_owned());
        self.stream = Some(stream);
        self.owes_word = true;
        Ok(())
    }

    /// Reads the stream until there is a batch.
    async fn read(&mut self, longest: Duration) {
        let end = Instant::now() + longest;
        let mut gather = None;
        while self.found.len() < BATCH {
            if gather.is_none() && !self.found.is_empty() {
                gather = Some(Instant::now() + GATHER);
            }
            let Some(stream) = &mut self.stream else { return };
            let deadline = gather.map_or(end, |gather: Instant| gather.min(end));
            let Ok(heard) = tokio::time::timeout_at(deadline, stream.next()).await else { return };
            match heard {
                Ok(Some(Heard::Message(json))) => self.hear(&json),
                Ok(Some(Heard::Unreadable)) => note_unreadable(),
                Ok(None) => self.hang_up("the server ended the stream"),
                Err(error) => self.hang_up(&error.to_string()),
            }
        }
    }

    fn hear(&mut self, json: &[u8]) {
        let now = self.context.clock.now();
        if let Some((from, until)) = self.stream.as_mut().and_then(|stream| stream.gap_before(json, now)) {
            self.search_for(from, until);
        }
        if !self.filter.may_concern_us(json) {
            return;
        }
        match wire::parse(json) {
            Ok(Message::Event(event)) => self.apply(event, now),
            Ok(Message::Failure(name)) if name == "CursorTooOld" => {
                self.skip_what_is_too_old(now);
                self.hang_up(&name);
            }
            Ok(Message::Failure(name)) => self.hang_up(&name),
            Ok(Message::Other) => {}
            Err(error) => {
                debug!(%error, "an event cannot be read");
                note_unreadable();
            }
        }
    }

    /// Notes a gap, to be searched for.
    fn search_for(&mut self, from: Timestamp, until: Timestamp) {
        if self.position.searches.len() < SEARCHES {
            self.position.searches.push(Search::new(from, until, true));
            return;
        }
        let reason = "the stream no longer had it, and there are many other gaps to be searched for".to_owned();
        self.missed = Some(Missed::Something { from: Some(from), until: Some(until), reason });
        self.owes_word = false;
    }

    /// Moves to what the server should still have, and notes what is before it.
    fn skip_what_is_too_old(&mut self, now: Timestamp) {
        let from = self.position.at.unwrap_or(now);
        let oldest = now.saturating_sub(KEPT_FOR).unwrap_or(now);
        let until = if from < oldest { oldest } else { now };
        self.search_for(from, until);
        self.position.at = Some(until);
        if let Some(stream) = &mut self.stream {
            stream.forget();
        }
    }

    fn apply(&mut self, event: Event, now: Timestamp) {
        let source = &self.context.source;
        let adapter = Adapter { source, id_key: &self.context.id_key, filter: &self.filter };
        let author = adapter.author(&event.did);
        let Position { kept, applied, touched, searches, .. } = &mut self.position;
        let at = event.time.min(now);
        let change = match event.body {
            Body::Written { rkey, rev, record } => {
                let id = post::id_of(&source.id, &event.did, &rkey);
                touched.insert(id);
                match adapter.post(&event.did, &rkey, &record, event.time, now) {
                    Some(post) if applied.is_new(Some(id), author, &rev, at) => {
                        kept.add_post(id);
                        kept.add_author(author);
                        Some(Change::Upsert(post))
                    }
                    // Edited so that it is no longer wanted, or no longer for everybody.
                    None if kept.may_have_post(id) && applied.is_new(Some(id), author, &rev, at) => {
                        Some(Change::Delete(id))
                    }
                    _ => None,
                }
            }
            Body::Deleted { rkey, rev } => {
                let id = post::id_of(&source.id, &event.did, &rkey);
                touched.insert(id);
                let concerns = kept.may_have_post(id) && applied.is_new(Some(id), author, &rev, at);
                concerns.then_some(Change::Delete(id))
            }
            Body::AccountGone => {
                let time = event.time.to_string();
                let concerns = kept.may_have_author(author) && applied.is_new(None, author, &time, at);
                concerns.then_some(Change::EraseAuthor(author))
            }
            Body::Other => None,
        };
        self.found.extend(change);
        if searches.is_empty() || touched.len() > TOUCHED {
            touched.clear();
        }
    }

    /// Gives the connection up; the next one is to another server if this one gave nothing.
    fn hang_up(&mut self, reason: &str) {
        debug!(reason, "the stream is connected anew");
        self.note_progress();
        if self.stream.take().is_some_and(|stream| stream.heard) {
            self.broken = 0;
        } else {
            self.broken = self.broken.saturating_add(1);
            self.servers.turn_away();
        }
    }

    fn note_progress(&mut self) {
        let now = self.context.clock.now();
        let reached = self.stream.as_ref().and_then(|stream| stream.reached(now));
        self.position.at = self.position.at.max(reached);
        let up_to_now = reached.is_some_and(|reached| now.duration_since(reached) < UP_TO_NOW);
        if self.owes_word && up_to_now && !self.position.searches.iter().any(|search| search.is_gap) {
            self.owes_word = false;
            self.missed = self.missed.take().or(Some(Missed::Nothing));
        }
    }

    /// Takes one step of the first search.
    async fn search(&mut self) {
        let now = self.context.clock.now();
        let Some(search) = self.position.searches.first() else { return };
        if self.search_after.is_some_and(|after| now < after) {
            return;
        }
        // A dropped call leaves the search where it was.
        let mut search = search.clone();
        let token = match self.token().await {
            Ok(token) => token,
            Err(reason) => return self.end_search(Some(reason)),
        };
        let adapter = Adapter { source: &self.context.source, id_key: &self.context.id_key, filter: &self.filter };
        let (api, keywords) = (&self.config.api, &self.config.keywords);
        let step = search.step(&self.context.gateway, api, token.as_ref(), keywords, adapter, now).await;
        let all = search.found_all();
        self.position.searches[0] = search;
        self.search_after = None;
        match step {
            Step::More(posts, wait) => {
                self.take_found(posts);
                self.search_after = wait.and_then(|wait| now.checked_add(wait).ok());
            }
            Step::Done(posts) => {
                self.take_found(posts);
                self.end_search((!all).then(|| "the search gave only a part of it".to_owned()));
            }
            Step::Later(wait) => self.search_after = now.checked_add(wait.unwrap_or(SEARCH_AGAIN)).ok(),
            Step::Failed(reason) => self.end_search(Some(reason)),
        }
    }

    async fn token(&self) -> Result<Option<Authorization>, String> {
        let Some(token) = self.config.token.clone() else { return Ok(None) };
        let secret = tokio::task::spawn_blocking(move || token.read()).await.map_err(|error| error.to_string())??;
        Ok(Some(Authorization::Bearer(secret)))
    }

    fn take_found(&mut self, posts: Vec<Post>) {
        for post in posts {
            if self.position.touched.insert(post.id) {
                self.position.kept.add_post(post.id);
                post.author.into_iter().for_each(|author| self.position.kept.add_author(author));
                self.found.push(Change::Upsert(post));
            }
        }
    }

    /// Ends the first search; `failure` says why not everything was found.
    fn end_search(&mut self, failure: Option<String>) {
        let search = self.position.searches.remove(0);
        self.notice = failure.as_ref().map(|reason| {
            format!("what was said from {} until {} could not be searched for: {reason}", search.from, search.until)
        });
        if let (true, Some(reason)) = (search.is_gap, failure) {
            let reason = format!("the stream no longer had it, and it could not be searched for: {reason}");
            self.missed = Some(Missed::Something { from: Some(search.from), until: Some(search.until), reason });
            self.owes_word = false;
        }
    }
}

#[async_trait]
impl Collector for BlueskyCollector {
    async fn collect(&mut self, from: &Cursor) -> Result<Batch, CollectError> {
        self.take_up(from);
        self.connect().await?;
        self.search().await;
        let longest = if self.position.searches.is_empty() { LONGEST } else { GATHER };
        self.read(longest).await;
        self.note_progress();
        let next_in = match (&self.stream, self.broken) {
            (Some(_), _) => Duration::ZERO,
            (None, broken) => Duration::from_secs(1 << broken.min(6)),
        };
        let cursor = Cursor::of(&self.position);
        self.given = Some(cursor.clone());
        Ok(Batch {
            changes: std::mem::take(&mut self.found),
            cursor,
            next_in,
            notice: self.notice.clone(),
            missed: self.missed.take().or(Some(Missed::Pending)),
        })
    }
}

fn note_unreadable() {
    metrics::counter!("discovery_ingest_unreadable_total", "kind" => "bluesky").increment(1);
}

#[cfg(test)]
mod tests;
