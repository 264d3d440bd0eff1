//! When sources could not be collected: silence for want of collection is neither a fall nor, once it ends, a rise.
//!
//! What was usual is compared source by source over the time that was collected: if half of a source's baseline is missing, each
//! of its posts there stands for two; if a source is silent now, what it said before is expected of nobody.

use std::collections::{BTreeMap, HashMap};

use bus::Gap;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::clock::DAY;
use super::names::Name;

/// Gaps remembered at most; those that ended first are forgotten first.
const MAX_GAPS: usize = 10_000;

/// One gap, in seconds since 1970.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Stretch {
    source: Name,
    from: i64,
    /// [`i64::MAX`] while it lasts.
    until: i64,
}

/// All gaps that may matter.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Gaps(BTreeMap<[u8; 16], Stretch>);

impl Gaps {
    /// Takes in a gap of `source`; of two with one identity the later record counts, so that one that was recovered is none.
    pub(super) fn note(&mut self, gap: &Gap, source: Name) {
        let id = *gap.id().as_bytes();
        if gap.is_withdrawn() {
            self.0.remove(&id);
            return;
        }
        let until = gap.until.map_or(i64::MAX, Timestamp::as_second);
        self.0.insert(id, Stretch { source, from: gap.from.as_second(), until });
        while self.0.len() > MAX_GAPS {
            let first = self.0.iter().min_by_key(|(id, gap)| (gap.until, **id)).map(|(id, _)| *id);
            first.and_then(|id| self.0.remove(&id));
        }
    }

    /// Forgets what ended before `oldest`.
    pub(super) fn forget(&mut self, oldest: i64) {
        self.0.retain(|_, gap| gap.until > oldest);
    }

    /// What was not collected up to `as_of`.
    pub(super) fn missing(&self, as_of: i64) -> Missing {
        let mut by_source: HashMap<Name, Vec<(i64, i64)>> = HashMap::new();
        for gap in self.0.values().filter(|gap| gap.from < as_of) {
            by_source.entry(gap.source).or_default().push((gap.from, gap.until.min(as_of)));
        }
        for stretches in by_source.values_mut() {
            stretches.sort_unstable();
            let mut joined: Vec<(i64, i64)> = Vec::new();
            for &(from, until) in &*stretches {
                match joined.last_mut() {
                    Some((_, end)) if from <= *end => *end = (*end).max(until),
                    _ => joined.push((from, until)),
                }
            }
            *stretches = joined;
        }
        Missing { as_of, by_source }
    }
}

/// What was not collected until a moment, source by source.
#[derive(Debug, Default)]
pub(super) struct Missing {
    as_of: i64,
    /// Stretches that do not overlap, in order.
    by_source: HashMap<Name, Vec<(i64, i64)>>,
}

impl Missing {
    /// The sources of which something is missing.
    pub(super) fn sources(&self) -> impl Iterator<Item = Name> {
        self.by_source.keys().copied()
    }

    /// The part of the time from `from` to `until` (seconds before the moment, the larger first) in which `source` was not
    /// collected, 0 to 1.
    pub(super) fn part(&self, source: Name, from: i64, until: i64) -> f64 {
        let Some(stretches) = self.by_source.get(&source) else { return 0.0 };
        let (from, until) = (self.as_of - from, self.as_of - until);
        let overlaps = stretches.iter().map(|&(start, end)| (end.min(until) - start.max(from)).max(0));
        overlaps.sum::<i64>() as f64 / (until - from).max(1) as f64
    }

    /// The days back from the moment, the last first, on which a quarter or more of what is usually said by these sources is missing.
    /// `sources` says what part of it each has.
    pub(super) fn days<const DAYS: usize>(&self, sources: &[(Name, f64)]) -> [bool; DAYS] {
        let mut days = [false; DAYS];
        for (nth, day) in days.iter_mut().enumerate() {
            let Ok(nth) = i64::try_from(nth) else { break };
            let part = |&(source, share): &(Name, f64)| share * self.part(source, (nth + 1) * DAY, nth * DAY);
            *day = sources.iter().map(part).sum::<f64>() >= 0.25;
        }
        days
    }
}

#[cfg(test)]
mod tests {
    use bus::Channel;

    use super::*;
    use crate::trends::names::Names;

    fn gap(from: i64, until: Option<i64>) -> Gap {
        let at = |second| Timestamp::from_second(second).unwrap();
        Gap {
            source: "forum".parse().unwrap(),
            channel: Channel::Forum,
            from: at(from),
            until: until.map(at),
            reason: "it did not answer".to_owned(),
        }
    }

    #[test]
    fn the_later_record_counts_and_overlaps_count_once() {
        let name = Names::default().intern("forum");
        let mut gaps = Gaps::default();
        gaps.note(&gap(10 * DAY, None), name);
        assert!((gaps.missing(12 * DAY).part(name, 4 * DAY, 0) - 0.5).abs() < 1e-9);
        gaps.note(&gap(10 * DAY, Some(11 * DAY)), name);
        gaps.note(&gap(10 * DAY + 60, Some(11 * DAY)), name);
        let missing = gaps.missing(12 * DAY);
        assert!((missing.part(name, 4 * DAY, 0) - 0.25).abs() < 1e-9);
        assert_eq!(missing.days::<3>(&[(name, 1.0)]), [false, true, false]);
        assert_eq!(missing.days::<3>(&[(name, 0.2)]), [false; 3]);
        gaps.note(&gap(10 * DAY, Some(10 * DAY)), name);
        gaps.note(&gap(10 * DAY + 60, Some(10 * DAY + 60)), name);
        assert_eq!(gaps.missing(12 * DAY).sources().count(), 0);
    }

    #[test]
    fn what_is_long_over_is_forgotten() {
        let name = Names::default().intern("forum");
        let mut gaps = Gaps::default();
        gaps.note(&gap(DAY, Some(2 * DAY)), name);
        gaps.note(&gap(3 * DAY, None), name);
        gaps.forget(2 * DAY);
        assert_eq!(gaps.missing(4 * DAY).sources().count(), 1);
    }
}
