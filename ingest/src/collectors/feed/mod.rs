//! RSS, Atom and JSON feeds.

mod adapt;
mod canonical;
mod config;
mod dates;
mod discover;
pub mod eval;
#[doc(hidden)]
pub mod exercise;
mod identity;
mod known;
mod parse;

use std::time::Duration;

use async_trait::async_trait;
use bus::{Change, IdKey, Post};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

pub use self::config::FeedConfig;
pub use self::discover::{FoundFeed, discover};
use self::identity::Traits;
use self::known::Known;
use super::Context;
use crate::collector::{Batch, CollectError, Collector, Cursor, Missed};
use crate::fetch::{Answer, Fetched, Request, Validators};
use crate::schedule::polite_interval;
use crate::sources::SourceConfig;

const ACCEPT: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/xml;q=0.9, application/json;q=0.8, */*;q=0.5";

/// So many older pages are read in one call, so that a batch stays small.
const PAGES_AT_ONCE: usize = 4;

/// So many older pages are read in all; a feed that has more is an archive, not news.
const PAGES_AT_MOST: u32 = 500;

/// Reads one feed.
pub struct FeedCollector {
    config: FeedConfig,
    context: Context,
}

/// Where we are in a feed.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Position {
    /// Whether the first page was ever read.
    begun: bool,
    /// What the first page's last answer gave to ask for changes.
    validators: Validators,
    /// What its entries were.
    known: Known,
    /// Older pages that are still to be read, the first time only.
    older: Option<Older>,
}

#[derive(Clone, Debug, Serialize, Deserialize)]
struct Older {
    next: Url,
    pages_left: u32,
}

/// What one page gave.
struct Page {
    posts: Vec<(Post, Traits)>,
    /// Whether the document holds no entries at all.
    is_empty: bool,
    older: Option<Url>,
    /// The feed's own `<ttl>`.
    ttl: Option<Duration>,
    dropped: usize,
}

impl FeedCollector {
    /// A collector of the feed that `config` names.
    pub fn new(config: FeedConfig, context: Context) -> Self {
        Self { config, context }
    }

    /// Reads the first page, if it changed.
    async fn collect_news(&self, mut position: Position) -> Result<Batch, CollectError> {
        let request = Request::get(self.config.url.clone(), ACCEPT).validators(position.validators.clone());
        let answer = match self.context.gateway.get(&request).await? {
            Fetched::Modified(answer) => answer,
            Fetched::NotModified { fresh_for } => {
                let next_in = polite_interval(self.context.source.every, fresh_for);
                return Ok(Batch {
                    changes: Vec::new(),
                    cursor: Cursor::of(&position),
                    next_in,
                    notice: None,
                    missed: Some(Missed::Nothing),
                });
            }
        };
        position.validators = answer.validators.clone();
        let fresh_for = answer.fresh_for;
        let page = self.read(answer).await?;
        let oldest = page.posts.iter().map(|(post, _)| post.created_at).min();
        let kept = position.known.keep_new(page.posts);
        let missed = oldest.filter(|_| position.begun).map(|oldest| missed(kept.any_known, oldest));
        if !position.begun {
            position.begun = true;
            position.older = page.older.map(|next| Older { next, pages_left: PAGES_AT_MOST });
        }
        let next_in = match &position.older {
            Some(_) => Duration::ZERO,
            None => polite_interval(self.context.source.every, fresh_for.max(page.ttl)),
        };
        let notice = match page.dropped {
            0 => page.is_empty.then(|| "the feed can be read, but holds no entries at present".to_owned()),
            dropped => Some(format!(
                "the feed has {} entries; only the first {} are read",
                parse::MAX_ENTRIES + dropped,
                parse::MAX_ENTRIES
            )),
        };
        Ok(Batch { changes: in_order(kept.new), cursor: Cursor::of(&position), next_in, notice, missed })
    }

    /// Reads some of the older pages.
    async fn collect_older(&self, mut position: Position, mut older: Older) -> Result<Batch, CollectError> {
        let mut posts = Vec::new();
        for _ in 0..PAGES_AT_ONCE {
            let request = Request::get(older.next.clone(), ACCEPT);
            let page = match self.older_page(&request).await {
                Ok(page) => page,
                // What was read so far is kept; the fault shows again, alone, at the next call.
                Err(_) if !posts.is_empty() => {
                    position.older = Some(older);
                    break;
                }
                Err(error @ (CollectError::Malformed { .. } | CollectError::Gone { .. })) => {
                    let notice = Some(format!("its older entries end early: {error}"));
                    return Ok(Batch {
                        changes: Vec::new(),
                        cursor: Cursor::of(&position),
                        next_in: self.context.source.every,
                        notice,
                        missed: None,
                    });
                }
                Err(error) => return Err(error),
            };
            posts.extend(position.known.keep_new_older(page.posts));
            older.pages_left = older.pages_left.saturating_sub(1);
            position.older = None;
            match page.older {
                Some(next) if older.pages_left > 0 && next != older.next => older.next = next,
                _ => break,
            }
            position.older = Some(older.clone());
        }
        let next_in = if position.older.is_some() { Duration::ZERO } else { self.context.source.every };
        Ok(Batch { changes: in_order(posts), cursor: Cursor::of(&position), next_in, notice: None, missed: None })
    }

    async fn older_page(&self, request: &Request) -> Result<Page, CollectError> {
        match self.context.gateway.get(request).await? {
            Fetched::Modified(answer) => self.read(answer).await,
            Fetched::NotModified { .. } => Err(CollectError::Malformed {
                reason: "\"not modified\" was answered to an unconditional request".into(),
            }),
        }
    }

    /// Parses an answer, off the async threads.
    async fn read(&self, answer: Box<Answer>) -> Result<Page, CollectError> {
        let (source, id_key) = (self.context.source.clone(), self.context.id_key.clone());
        let parsed = tokio::task::spawn_blocking(move || read_page(&answer, &source, &id_key)).await;
        let reason = match parsed {
            Ok(Ok(page)) => return Ok(page),
            Ok(Err(reason)) => reason,
            Err(_) => "the feed made the parser fail; please report its address".to_owned(),
        };
        Err(CollectError::Malformed { reason })
    }
}

#[async_trait]
impl Collector for FeedCollector {
    async fn collect(&mut self, from: &Cursor) -> Result<Batch, CollectError> {
        let mut position: Position = from.position();
        match position.older.take() {
            Some(older) => self.collect_older(position, older).await,
            None => self.collect_news(position).await,
        }
    }
}

fn read_page(answer: &Answer, source: &SourceConfig, id_key: &IdKey) -> Result<Page, String> {
    let document = parse::parse(&answer.body, answer.charset(), &answer.url)?;
    Ok(Page {
        posts: adapt::posts(&document.items, source, id_key, Timestamp::now()),
        is_empty: document.items.is_empty(),
        older: document.older,
        ttl: document.ttl,
        dropped: document.dropped,
    })
}

/// Parses a feed that lies in a file.
///
/// # Errors
/// Plain words, when it is not a usable feed.
pub(crate) fn read_file(bytes: &[u8], source: &SourceConfig, id_key: &IdKey) -> Result<Vec<Post>, String> {
    let base = Url::parse("https://localhost/").expect("a constant that is an address");
    let document = parse::parse(bytes, None, &base)?;
    let posts = adapt::posts(&document.items, source, id_key, Timestamp::now());
    Ok(posts.into_iter().map(|(post, _)| post).collect())
}

/// What is known of what was missed since the feed was last read. A feed shows its last entries only: where one of them
/// was known, everything after that one is among them.
fn missed(any_known: bool, oldest: Timestamp) -> Missed {
    if any_known {
        return Missed::Nothing;
    }
    let reason = "the feed had moved on: of what it showed, nothing was known from before".to_owned();
    Missed::Something { from: None, until: Some(oldest), reason }
}

/// Oldest first, as they were said.
fn in_order(mut posts: Vec<Post>) -> Vec<Change<Post>> {
    posts.sort_by_key(|post| post.created_at);
    posts.into_iter().map(Change::Upsert).collect()
}

#[cfg(test)]
mod tests;
