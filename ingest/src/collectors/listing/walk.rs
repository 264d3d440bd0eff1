//! The walk through a listing: from its newest entry back to the last one known.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::{Ask, Entry, Page};

/// A walk of more pages than this is given up: no source lists so much, and a strange one must not keep us going round.
const PAGES_AT_MOST: u32 = 5_000;

/// Where an entry stands in its listing.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(in crate::collectors) struct Mark {
    /// Greater is newer.
    pub(in crate::collectors) order: u64,
    /// When it was said.
    pub(in crate::collectors) at: Timestamp,
}

/// How far one listing has been read. It is part of the cursor.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Walk {
    /// Nothing that was said earlier is collected: the beginning of the first walk, less the backfill.
    since: Option<Timestamp>,
    /// The newest entry of the last walk that ended.
    floor: Option<Mark>,
    /// The walk that is under way.
    leg: Option<Leg>,
}

/// A walk that is under way.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Leg {
    /// The newest entry that it has met: the floor, once it has ended.
    top: Option<Mark>,
    /// The page to read next.
    page: String,
    pages: u32,
}

/// What a page means for the walk.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Step {
    /// There are older entries to be read.
    Further,
    /// All that is new has been read.
    Done,
    /// The listing ended before the last known entry: what was said between these times is lost.
    Lost { from: Timestamp, until: Timestamp },
}

impl Walk {
    /// What to ask for next. The first walk goes back to `start`.
    pub(super) fn ask(&mut self, start: Timestamp) -> Ask {
        let since = *self.since.get_or_insert(start);
        Ask { page: self.leg.as_ref().map(|leg| leg.page.clone()), floor: self.floor, since }
    }

    /// Whether an entry of this time is collected at all.
    pub(super) fn covers(&self, at: Timestamp) -> bool {
        self.since.is_none_or(|since| at >= since)
    }

    /// Moves on by `page`.
    pub(super) fn step(&mut self, page: &Page) -> Step {
        let marks = || in_order(&page.entries).map(|entry| Mark { order: entry.order, at: entry.at });
        let leg = self.leg.take();
        let top = marks().chain(leg.as_ref().and_then(|leg| leg.top)).max_by_key(|mark| mark.order);
        let reached = match self.floor {
            Some(floor) => marks().any(|mark| mark.order <= floor.order),
            None => marks().any(|mark| !self.covers(mark.at)),
        };
        let pages = leg.as_ref().map_or(0, |leg| leg.pages) + 1;
        let current = leg.map(|leg| leg.page);
        let next = page.next.clone().filter(|next| Some(next) != current.as_ref() && pages < PAGES_AT_MOST);
        if let (Some(page), false) = (next, reached) {
            self.leg = Some(Leg { top, page, pages });
            return Step::Further;
        }
        let floor = self.floor;
        self.floor = top.into_iter().chain(floor).max_by_key(|mark| mark.order);
        match (floor, page.cut_at) {
            (Some(floor), Some(until)) if !reached && floor.at < until => Step::Lost { from: floor.at, until },
            _ => Step::Done,
        }
    }

    /// Begins the walk that is under way anew, from the newest entry: the page that it stands at cannot be had.
    pub(super) fn begin_anew(&mut self) {
        self.leg = None;
    }

    /// Whether a walk stands in the middle.
    pub(super) fn is_under_way(&self) -> bool {
        self.leg.is_some()
    }
}

/// The orders of the first and the last entry of a page.
pub(super) fn span(entries: &[Entry]) -> Option<(u64, u64)> {
    let orders = || in_order(entries).map(|entry| entry.order);
    Some((orders().min()?, orders().max()?))
}

fn in_order(entries: &[Entry]) -> impl Iterator<Item = &Entry> {
    entries.iter().filter(|entry| entry.in_order)
}
