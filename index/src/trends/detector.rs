//! The detector: changes in, a list of rising issues out. It knows no clock and touches no disk.

use std::collections::BTreeMap;

use bus::{Change, Enriched, Marks};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::clock::DAY;
use super::config::TrendsConfig;
use super::frame::Frame;
use super::gaps::Gaps;
use super::model::TrendList;
use super::posts::{DAYS_KEPT, Posts};
use super::registry::Registry;
use super::round::Round;

/// Finds the issues that are rising now.
///
/// It remembers a bounded set of posts and computes every list from that set, so that the order of arrival does not
/// matter, and the same changes under the same configuration give the same list with the same hash.
#[derive(Debug)]
pub struct Detector {
    config: TrendsConfig,
    pub(super) state: State,
    with_habits: bool,
}

/// What is saved.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct State {
    pub(super) posts: Posts,
    registry: Registry,
    gaps: Gaps,
    #[serde(with = "places")]
    marks: Marks,
}

impl Detector {
    /// A detector that has seen nothing.
    pub fn new(config: TrendsConfig) -> Self {
        let posts = Posts::new(config.max_posts, config.retention.clone());
        Self {
            config,
            state: State { posts, registry: Registry::default(), gaps: Gaps::default(), marks: Marks::default() },
            with_habits: true,
        }
    }

    /// A detector that goes on from a saved state.
    pub(super) fn restored(config: TrendsConfig, state: State) -> Self {
        let posts = state.posts.restored(config.max_posts, config.retention.clone());
        Self { config, state: State { posts, ..state }, with_habits: true }
    }

    /// The same, but it knows nothing of what is usual at this time of each week: to measure what that is good for.
    pub(super) fn without_habits(self) -> Self {
        Self { with_habits: false, ..self }
    }

    /// What it was told to do.
    pub(super) fn config(&self) -> &TrendsConfig {
        &self.config
    }

    /// Takes in one change. Posts dated more than an hour after they were collected are left out.
    pub fn observe(&mut self, change: &Change<Enriched>) {
        match change {
            Change::Upsert(enriched) => self.state.posts.upsert(enriched),
            Change::Delete(id) => {
                self.state.posts.remove(*id);
                self.state.registry.remove_post(id.as_bytes());
            }
            Change::EraseAuthor(author) => {
                for id in self.state.posts.erase(*author) {
                    self.state.registry.remove_post(id.as_bytes());
                }
            }
            Change::Correct(correction) => self.state.posts.correct(correction),
            Change::Gap(gap) => {
                let source = self.state.posts.names.intern(gap.source.as_str());
                self.state.gaps.note(gap, source);
            }
        }
    }

    /// The newest event time seen (UTC): the moment to ask a list for.
    pub fn newest(&self) -> Option<Timestamp> {
        self.state.posts.newest().and_then(|at| Timestamp::from_second(at).ok())
    }

    /// Posts remembered.
    pub fn posts(&self) -> usize {
        self.state.posts.len()
    }

    /// How far the bus has been read, and what its log is known by; saved with the state.
    pub fn marks(&self) -> &Marks {
        &self.state.marks
    }

    /// Notes how far the bus has been read.
    pub fn set_marks(&mut self, marks: Marks) {
        self.state.marks = marks;
    }

    /// The issues at `as_of` (event time, UTC). Posts after it are not looked at. `computed_at` is `as_of` too: the
    /// caller, who has a clock, sets it.
    pub fn list(&mut self, as_of: Timestamp) -> TrendList {
        let now = as_of.as_second();
        let State { posts, registry, gaps, marks } = &mut self.state;
        posts.refresh();
        // A list of an earlier moment needs no older gap than the newest list does.
        gaps.forget(posts.newest().unwrap_or(now).min(now) - DAYS_KEPT * DAY);
        let mut frame = Frame::new(posts, now, gaps.missing(now));
        frame.with_habits = self.with_habits;
        let mut list = TrendList {
            as_of,
            computed_at: as_of,
            offsets: marks.offsets(),
            method: self.config.method(),
            hash: String::new(),
            days_seen: u32::try_from(frame.days_seen).unwrap_or(0),
            issues: Vec::new(),
            held: Vec::new(),
            retired: BTreeMap::new(),
        };
        if list.days_seen >= self.config.min_baseline_days {
            (list.issues, list.held) = Round::new(&self.config, &frame, &posts.names).issues(registry);
        }
        list.retired = registry.retired();
        list.seal();
        list
    }
}

/// Marks as triples: their own form, which also reads what was stored at first, needs a format that describes itself, and
/// postcard's does not.
mod places {
    use bus::{Mark, Marks, Offset, Partition};
    use serde::{Deserialize as _, Deserializer, Serializer};

    type Place = (Partition, Offset, Option<i64>);

    pub(super) fn serialize<S: Serializer>(marks: &Marks, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(marks.0.iter().map(|(&partition, mark)| (partition, mark.next, mark.appended_ms)))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Marks, D::Error> {
        let places = Vec::<Place>::deserialize(deserializer)?.into_iter();
        Ok(Marks(places.map(|(partition, next, appended_ms)| (partition, Mark { next, appended_ms })).collect()))
    }
}
