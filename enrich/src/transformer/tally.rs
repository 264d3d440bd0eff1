//! How much of the conversation the tier has tagged lately: where that is not all, the pages say so.

use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// What is older than two of these is forgotten.
const STRETCH: Duration = Duration::from_hours(1);

/// English posts of usual length, by which tier they have their tags from.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Sampled {
    /// Tagged by the transformer tier.
    pub tagged: u64,
    /// Left with the tags of the fast tier.
    pub left_out: u64,
}

/// The counts of the current stretch of time and of the one before.
#[derive(Debug)]
pub(crate) struct Tally {
    counts: Mutex<Counts>,
}

#[derive(Debug)]
struct Counts {
    since: Instant,
    now: Sampled,
    before: Sampled,
}

impl Default for Tally {
    fn default() -> Self {
        let counts = Counts { since: Instant::now(), now: Sampled::default(), before: Sampled::default() };
        Self { counts: Mutex::new(counts) }
    }
}

impl Tally {
    /// Notes what became of a batch.
    pub(crate) fn note(&self, now: Instant, tagged: usize, left_out: usize) {
        self.with(now, |counts| {
            counts.now.tagged += tagged as u64;
            counts.now.left_out += left_out as u64;
        });
    }

    /// The counts of the last hour or two; `None` where there was nothing to tag.
    pub(crate) fn recent(&self, now: Instant) -> Option<Sampled> {
        let sum = self.with(now, |Counts { now, before, .. }| Sampled {
            tagged: now.tagged + before.tagged,
            left_out: now.left_out + before.left_out,
        });
        (sum != Sampled::default()).then_some(sum)
    }

    fn with<T>(&self, now: Instant, work: impl FnOnce(&mut Counts) -> T) -> T {
        // Numbers that are always sound, whoever panicked while holding them.
        let mut counts = self.counts.lock().unwrap_or_else(PoisonError::into_inner);
        let passed = now.saturating_duration_since(counts.since);
        if passed >= STRETCH {
            counts.before = if passed < 2 * STRETCH { counts.now } else { Sampled::default() };
            counts.now = Sampled::default();
            counts.since = now;
        }
        work(&mut counts)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_long_past_is_forgotten() {
        let (tally, start) = (Tally::default(), Instant::now());
        assert_eq!(tally.recent(start), None);
        tally.note(start, 30, 10);
        let an_hour_later = start + STRETCH + Duration::from_secs(1);
        tally.note(an_hour_later, 5, 0);
        assert_eq!(tally.recent(an_hour_later), Some(Sampled { tagged: 35, left_out: 10 }));
        assert_eq!(tally.recent(an_hour_later + STRETCH), Some(Sampled { tagged: 5, left_out: 0 }));
        assert_eq!(tally.recent(an_hour_later + 4 * STRETCH), None);
    }
}
