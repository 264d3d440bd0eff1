//! Gaps: when a source could not be collected. Pure functions of what is known of the source, so that days can be tested
//! at once.
//!
//! A gap opens when a source has not been read for longer than it normally sleeps, whether it failed or Discovery did
//! not run. It closes at the next success, and is withdrawn when the collector says that nothing was missed after all.

use std::time::Duration;

use bus::{Gap, SourceHealth};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::collector::Missed;

/// No gap is opened before so long after the last success.
const SHORTEST: Duration = Duration::from_hours(1);

/// So many gaps of a source are shown; the earlier ones remain on the bus.
const KEPT: usize = 50;

/// What must be remembered to tell a gap from a source's normal sleep.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) struct Watch {
    /// From when on it is a gap if there was no further success.
    overdue_at: Option<Timestamp>,
    /// Where the gaps begin that have ended, while what was missed is still being fetched.
    #[serde(default)]
    recovering_from: Vec<Timestamp>,
}

impl Watch {
    /// Notes a failed attempt, whose error is `reason`, with the next attempt at `next`. Gives the gap that has opened,
    /// if one has.
    pub(crate) fn failed(&self, health: &mut SourceHealth, reason: &str, next: Timestamp) -> Option<Gap> {
        // Nothing can succeed before the next attempt, so that a long wait is known to be a gap when it begins.
        let overdue = self.overdue_at.is_some_and(|at| next > at);
        let from = health.last_success.filter(|_| overdue && health.open_gap().is_none())?;
        let gap = gap(health, from, None, reason.to_owned());
        keep(health, gap.clone());
        Some(gap)
    }

    /// Notes a success at `now`, before `health` does. Gives the gaps that have changed, in the order in which they are to
    /// be published. `sleep` is the time to the next attempt, `every` the configured interval.
    pub(crate) fn succeeded(
        &mut self,
        health: &mut SourceHealth,
        missed: Option<Missed>,
        now: Timestamp,
        sleep: Duration,
        every: Duration,
    ) -> Vec<Gap> {
        let mut changed = Vec::new();
        let away = self.overdue_at.is_some_and(|at| now > at);
        let ended = match health.open_gap() {
            Some(open) => Some(open.clone()),
            None => health.last_success.filter(|_| away).map(|from| {
                gap(health, from, None, "Discovery did not run, or could not store what it collected".to_owned())
            }),
        };
        if let Some(ended) = ended {
            self.recovering_from.push(ended.from);
            self.recovering_from.drain(..self.recovering_from.len().saturating_sub(KEPT));
            let closed = Gap { until: Some(now.max(ended.from)), ..ended };
            keep(health, closed.clone());
            changed.push(closed);
        }
        match missed {
            // The collector knows better, be it that nothing is missing or what.
            Some(Missed::Nothing | Missed::Something { .. }) => {
                for from in std::mem::take(&mut self.recovering_from) {
                    let Some(at) = health.gaps.iter().position(|gap| gap.from == from) else { continue };
                    let withdrawn = Gap { until: Some(from), ..health.gaps.remove(at) };
                    changed.retain(|gap| gap.from != from);
                    changed.push(withdrawn);
                }
            }
            Some(Missed::Pending) => {}
            None if sleep.is_zero() => {}
            None => self.recovering_from.clear(),
        }
        if let Some(Missed::Something { from, until, reason }) = missed
            && let Some(from) = from.or(health.last_success)
        {
            let lost = gap(health, from, Some(until.unwrap_or(now).min(now).max(from)), reason);
            changed.retain(|gap| gap.from != from);
            if !lost.is_withdrawn() {
                keep(health, lost.clone());
                changed.push(lost);
            }
        }
        self.overdue_at = now.checked_add((every.max(sleep) * 2).max(SHORTEST)).ok();
        changed
    }
}

fn gap(health: &SourceHealth, from: Timestamp, until: Option<Timestamp>, reason: String) -> Gap {
    Gap { source: health.id.clone(), channel: health.channel, from, until, reason }
}

/// Keeps `gap` in its place, instead of an earlier one with the same beginning.
fn keep(health: &mut SourceHealth, gap: Gap) {
    health.gaps.retain(|known| known.from != gap.from);
    let at = health.gaps.partition_point(|known| known.from < gap.from);
    health.gaps.insert(at, gap);
    let excess = health.gaps.len().saturating_sub(KEPT);
    health.gaps.drain(..excess);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::health::waiting;
    use crate::testing::feed_source;

    const EVERY: Duration = Duration::from_hours(2);

    /// A source that last succeeded at midnight.
    struct Source {
        health: SourceHealth,
        watch: Watch,
    }

    fn hour(hour: i64) -> Timestamp {
        "2025-03-01T00:00:00Z".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_hours(hour)
    }

    impl Source {
        fn new() -> Self {
            let health = waiting(&feed_source("a", "https://example.org/feed"));
            let mut source = Self { health, watch: Watch::default() };
            assert_eq!(source.succeed(0, None), []);
            source
        }

        fn succeed(&mut self, at: i64, missed: Option<Missed>) -> Vec<Gap> {
            self.succeed_and_sleep(at, missed, EVERY)
        }

        fn succeed_and_sleep(&mut self, at: i64, missed: Option<Missed>, sleep: Duration) -> Vec<Gap> {
            let changed = self.watch.succeeded(&mut self.health, missed, hour(at), sleep, EVERY);
            self.health.last_success = Some(hour(at));
            changed
        }

        fn fail(&mut self, next: i64) -> Option<Gap> {
            self.watch.failed(&mut self.health, "it did not answer", hour(next))
        }
    }

    fn stretch(gap: &Gap) -> (Timestamp, Option<Timestamp>) {
        (gap.from, gap.until)
    }

    #[test]
    fn a_gap_opens_after_twice_the_normal_sleep_and_closes_at_the_next_success() {
        let mut source = Source::new();
        assert_eq!(source.fail(4), None);
        let open = source.fail(5).unwrap();
        assert_eq!((stretch(&open), open.reason.as_str()), ((hour(0), None), "it did not answer"));
        assert_eq!(source.fail(9), None, "it is open already");
        let closed = source.succeed(9, None);
        assert_eq!(stretch(&closed[0]), (hour(0), Some(hour(9))));
        assert_eq!(source.health.gaps, closed);
        assert_eq!(source.succeed(11, Some(Missed::Nothing)), [], "what is over is over");
        assert_eq!(source.health.gaps.len(), 1);
    }

    #[test]
    fn a_long_sleep_that_was_agreed_is_no_gap() {
        let mut source = Source::new();
        source.succeed_and_sleep(2, None, Duration::from_hours(24));
        assert_eq!(source.fail(50), None);
        assert_eq!(source.succeed(50, None), []);
    }

    #[test]
    fn a_source_that_was_never_read_has_no_gap() {
        let health = waiting(&feed_source("a", "https://example.org/feed"));
        let mut source = Source { health, watch: Watch::default() };
        assert_eq!(source.fail(1_000), None);
        assert_eq!(source.succeed(1_000, Some(Missed::Nothing)), []);
    }

    #[test]
    fn a_gap_is_withdrawn_when_nothing_was_missed_even_after_some_batches() {
        let mut source = Source::new();
        source.fail(9);
        let withdrawn = source.succeed(10, Some(Missed::Nothing));
        assert!(withdrawn.len() == 1 && withdrawn[0].is_withdrawn(), "{withdrawn:?}");
        assert_eq!(source.health.gaps, []);
        source.fail(29);
        assert_eq!(source.succeed_and_sleep(30, None, Duration::ZERO).len(), 1);
        assert_eq!(source.succeed_and_sleep(30, None, Duration::ZERO), []);
        let withdrawn = source.succeed(30, Some(Missed::Nothing));
        assert_eq!(withdrawn.iter().map(|gap| (gap.from, gap.is_withdrawn())).collect::<Vec<_>>(), [(hour(10), true)]);
        assert_eq!(source.health.gaps, []);
    }

    #[test]
    fn gaps_are_withdrawn_after_pauses_and_further_gaps_if_the_collector_says_so_in_the_end() {
        let mut source = Source::new();
        source.fail(9);
        assert_eq!(source.succeed(10, Some(Missed::Pending)).len(), 1);
        source.fail(29);
        assert_eq!(source.succeed(30, Some(Missed::Pending)).len(), 1);
        assert_eq!(source.succeed(32, Some(Missed::Pending)), []);
        assert_eq!(source.health.gaps.len(), 2);
        let withdrawn = source.succeed(34, Some(Missed::Nothing));
        assert!(withdrawn.len() == 2 && withdrawn.iter().all(Gap::is_withdrawn), "{withdrawn:?}");
        assert_eq!(source.health.gaps, []);
    }

    #[test]
    fn time_in_which_discovery_did_not_run_is_a_gap() {
        let mut source = Source::new();
        assert_eq!(stretch(&source.succeed(72, None)[0]), (hour(0), Some(hour(72))));
        let withdrawn = source.succeed(144, Some(Missed::Nothing));
        assert!(withdrawn[0].is_withdrawn());
    }

    #[test]
    fn what_the_collector_knows_to_be_lost_takes_the_place_of_our_guess() {
        let mut source = Source::new();
        source.fail(9);
        let lost =
            Missed::Something { from: Some(hour(1)), until: Some(hour(7)), reason: "the server forgot".to_owned() };
        let changed = source.succeed(10, Some(lost));
        assert_eq!(changed.len(), 2);
        assert!(changed[0].is_withdrawn());
        assert_eq!(stretch(&changed[1]), (hour(1), Some(hour(7))));
        assert_eq!(source.health.gaps, changed[1..]);
        let since_success = Missed::Something { from: None, until: None, reason: String::new() };
        assert_eq!(stretch(&source.succeed(11, Some(since_success))[0]), (hour(10), Some(hour(11))));
    }

    #[test]
    fn the_list_is_bounded() {
        let mut source = Source::new();
        for n in 1..=200 {
            source.succeed(n * 10, None);
        }
        assert_eq!(source.health.gaps.len(), KEPT);
        assert_eq!(source.health.gaps.last().unwrap().until, Some(hour(2_000)));
    }
}
