//! The collector of every source that is a [`Listing`].

use std::collections::{BTreeMap, HashMap};
use std::time::Duration;

use async_trait::async_trait;
use bus::{Change, Post, PostId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tracing::debug;

use super::walk::{self, Step, Walk};
use super::watch::Watch;
use super::{Again, Context, Entry, Found, Known, Listing, Page};
use crate::collector::{Batch, CollectError, Collector, Cursor, Missed};
use crate::collectors::seen::Seen;

/// So many pages are read in one call, so that a batch stays small.
const PAGES_AT_ONCE: usize = 10;

/// A page in the middle of a walk that failed so often cannot be had any more: the walk begins anew.
const TRIES: u8 = 3;

/// Follows the listings of one source.
pub(in crate::collectors) struct Follower<L> {
    listing: L,
    context: Context,
    backfill: Duration,
    /// How often in a row the page at which the walk of a listing stands failed.
    stuck: HashMap<String, u8>,
}

/// Where we are in a source.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
struct Position {
    streams: BTreeMap<String, Walk>,
    seen: Seen,
    watch: Watch,
}

/// What one call has read so far.
#[derive(Default)]
struct Harvest {
    posts: Vec<(u64, Post)>,
    watched: Vec<Known>,
    /// Those that a listing or an answer shows as deleted; they concern us only if we delivered them.
    gone: Vec<PostId>,
    /// Those of the watched that are gone.
    deleted: Vec<String>,
    pages: usize,
    unreadable: usize,
    /// More is to be read at once.
    more: bool,
    wait: Option<Duration>,
    lost: Option<(Timestamp, Timestamp)>,
    notices: Vec<String>,
    /// The first fault of a listing; what was read before it is kept.
    fault: Option<CollectError>,
}

impl<L: Listing> Follower<L> {
    /// A collector of `listing`, which goes back by `backfill` at first.
    pub(in crate::collectors) fn new(listing: L, context: Context, backfill: Duration) -> Self {
        Self { listing, context, backfill, stuck: HashMap::new() }
    }

    /// Walks each listing on, until the pages of this call are used up or the source wants a pause.
    async fn walk(&mut self, position: &mut Position, harvest: &mut Harvest) {
        let start = self.context.clock.now().checked_sub(self.backfill).unwrap_or(Timestamp::UNIX_EPOCH);
        for stream in self.listing.streams() {
            if harvest.pages >= PAGES_AT_ONCE || harvest.wait.is_some() {
                harvest.more = true;
                break;
            }
            let walk = position.streams.entry(stream.clone()).or_default();
            let Err(error) = self.walk_stream(&stream, walk, start, &mut position.watch, harvest).await else {
                continue;
            };
            debug!(%error, "a listing was left for the next call");
            let stop = matches!(error, CollectError::RateLimited { .. } | CollectError::Unauthorized { .. });
            if let CollectError::RateLimited { retry_after, .. } = &error {
                harvest.wait = Some(retry_after.unwrap_or(self.context.source.every));
            }
            harvest.fault.get_or_insert(error);
            if stop {
                break;
            }
        }
    }

    async fn walk_stream(
        &mut self,
        stream: &str,
        walk: &mut Walk,
        start: Timestamp,
        watch: &mut Watch,
        harvest: &mut Harvest,
    ) -> Result<(), CollectError> {
        if self.stuck.get(stream).is_some_and(|&failed| failed >= TRIES) {
            self.stuck.remove(stream);
            walk.begin_anew();
        }
        while harvest.pages < PAGES_AT_ONCE && harvest.wait.is_none() {
            let page = match self.listing.page(stream, &walk.ask(start)).await.and_then(Page::checked) {
                Ok(page) => page,
                Err(error) => {
                    self.note_stuck(stream, walk, &error);
                    return Err(error);
                }
            };
            self.stuck.remove(stream);
            harvest.pages += 1;
            if page.tells_gone && page.unreadable == 0 {
                harvest.deleted.extend(missing(watch, stream, &page.entries));
            }
            let step = walk.step(&page);
            Self::take_page(stream, walk, page, harvest);
            match step {
                Step::Further => {}
                Step::Done => return Ok(()),
                Step::Lost { from, until } => {
                    harvest.lost.get_or_insert((from, until));
                    return Ok(());
                }
            }
        }
        harvest.more = true;
        Ok(())
    }

    fn take_page(stream: &str, walk: &Walk, page: Page, harvest: &mut Harvest) {
        harvest.unreadable += page.unreadable;
        harvest.wait = page.wait;
        if let Some(notice) = page.notice {
            harvest.notices.push(notice);
        }
        let entries = page.entries.into_iter().filter(|entry| walk.covers(entry.at));
        Self::take_entries(stream, entries, harvest);
    }

    fn take_entries(stream: &str, entries: impl Iterator<Item = Entry>, harvest: &mut Harvest) {
        for entry in entries {
            match entry.found {
                Found::Post(post) => {
                    harvest.posts.push((entry.order, *post));
                    harvest.watched.push(Known {
                        stream: stream.to_owned(),
                        order: entry.order,
                        native: entry.native,
                        at: entry.at,
                    });
                }
                Found::Gone(id) => harvest.gone.push(id),
                Found::Nothing => {}
            }
        }
    }

    /// A page inside a walk that cannot be had any more (its token expired) must not stop the source for good: after
    /// some tries the walk begins anew. A fault of the network says nothing about the page.
    fn note_stuck(&mut self, stream: &str, walk: &Walk, error: &CollectError) {
        let about_page = matches!(error, CollectError::Transient { .. } | CollectError::Malformed { .. });
        if about_page && walk.is_under_way() {
            *self.stuck.entry(stream.to_owned()).or_default() += 1;
        }
    }

    /// Asks again after the next posts of the rotation.
    async fn recheck(&mut self, position: &mut Position, harvest: &mut Harvest) {
        for _ in 0..L::AGAIN_CALLS {
            let mut asked = position.watch.next(L::AGAIN_AT_ONCE);
            if asked.is_empty() || harvest.wait.is_some() {
                return;
            }
            let Again { entries, gone, open, unreadable, wait } = match self.listing.again(&asked).await {
                Ok(again) => again,
                Err(error) => {
                    debug!(%error, "recent posts could not be asked for again");
                    if let CollectError::RateLimited { retry_after, .. } = &error {
                        harvest.wait = Some(retry_after.unwrap_or(self.context.source.every));
                    }
                    harvest.notices.push(format!("recent posts could not be checked for deletion: {error}"));
                    return;
                }
            };
            harvest.unreadable += unreadable;
            harvest.wait = wait;
            let whole_round = asked.len() < L::AGAIN_AT_ONCE && open == 0;
            asked.truncate(asked.len().saturating_sub(open));
            harvest.deleted.extend(position.watch.settle(&asked, gone));
            let marked = entries.iter().filter(|entry| matches!(entry.found, Found::Gone(_)));
            let marked = marked.filter(|entry| asked.iter().any(|known| known.native == entry.native));
            harvest.deleted.extend(marked.map(|entry| entry.native.clone()));
            // Others that come along are taken as they are from a listing: not if they are older than the first walk.
            let Some(stream) = asked.first().map(|known| known.stream.clone()) else { return };
            let walk = position.streams.get(&stream);
            let covered = entries.into_iter().filter(|entry| walk.is_none_or(|walk| walk.covers(entry.at)));
            Self::take_entries(&stream, covered, harvest);
            if whole_round {
                return;
            }
        }
    }

    /// The batch of what was read.
    fn batch(&self, mut position: Position, mut harvest: Harvest) -> Batch {
        let source = &self.context.source;
        let now = self.context.clock.now();
        // The newest version of a post counts, whichever page it was on.
        harvest.posts.sort_by_key(|(order, _)| std::cmp::Reverse(*order));
        let mut posts = position.seen.keep_new(harvest.posts.into_iter().map(|(_, post)| post).collect());
        posts.reverse();
        posts.sort_by_key(|post| post.created_at);
        let mut deletions: Vec<PostId> = harvest.deleted.iter().map(|native| self.context.post_id(native)).collect();
        for id in &deletions {
            position.seen.forget(*id);
        }
        deletions.extend(harvest.gone.into_iter().filter(|id| position.seen.forget(*id)));
        position.watch.add(harvest.watched, now, L::WATCHED_FOR);
        position.watch.forget(|native| deletions.contains(&self.context.post_id(native)));
        let next_in = match (harvest.wait, harvest.more) {
            (Some(wait), true) => wait,
            (Some(wait), false) => wait.max(source.every),
            (None, true) => Duration::ZERO,
            (None, false) => source.every,
        };
        if harvest.unreadable > 0 {
            harvest.notices.push(format!("{} entries could not be read and were left out", harvest.unreadable));
        }
        let missed = match harvest.lost {
            Some((from, until)) => Some(Missed::Something {
                from: Some(from),
                until: Some(until),
                reason: "more was said than the source still shows".to_owned(),
            }),
            None if harvest.more || harvest.fault.is_some() => Some(Missed::Pending),
            None => Some(Missed::Nothing),
        };
        harvest.notices.extend(harvest.fault.map(|fault| fault.to_string()));
        let notice = (!harvest.notices.is_empty()).then(|| harvest.notices.join("; "));
        let changes = posts.into_iter().map(Change::Upsert).chain(deletions.into_iter().map(Change::Delete)).collect();
        Batch { changes, cursor: Cursor::of(&position), next_in, notice, missed }
    }
}

#[async_trait]
impl<L: Listing> Collector for Follower<L> {
    async fn collect(&mut self, from: &Cursor) -> Result<Batch, CollectError> {
        let mut position: Position = from.position();
        let streams = self.listing.streams();
        position.streams.retain(|stream, _| streams.contains(stream));
        let mut harvest = Harvest::default();
        self.walk(&mut position, &mut harvest).await;
        if harvest.pages == 0
            && let Some(fault) = harvest.fault
        {
            return Err(fault);
        }
        if !harvest.more {
            self.recheck(&mut position, &mut harvest).await;
        }
        Ok(self.batch(position, harvest))
    }
}

/// The watched posts that `entries`, a stretch of the listing without holes, should show and does not.
fn missing(watch: &mut Watch, stream: &str, entries: &[Entry]) -> Vec<String> {
    let Some(span) = walk::span(entries) else { return Vec::new() };
    let present: Vec<&str> = entries.iter().map(|entry| entry.native.as_str()).collect();
    watch.missing(stream, span, &present)
}
