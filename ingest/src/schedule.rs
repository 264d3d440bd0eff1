//! When a source is asked again. Pure arithmetic, so that politeness can be tested without waiting.

use std::time::Duration;

use bus::{SourceHealth, SourceState};
use jiff::{SignedDuration, Timestamp};

use crate::collector::CollectError;

/// No source is left alone for longer than this, whatever its headers say: a feed that is marked as fresh for a year
/// is misconfigured, not finished.
pub(crate) const LONGEST: Duration = Duration::from_hours(24);

/// The first retry of a source that could not be reached at all.
const SOONEST_RETRY: Duration = Duration::from_mins(1);

/// The longest interval between two tries with a token that was refused.
const UNAUTHORIZED_RETRY: Duration = Duration::from_hours(2);

/// After so many failures in a row a source counts as failing.
pub(crate) const FAILING_AFTER: u32 = 3;

/// The interval to the next attempt after success: as configured, unless the source asked for more (Cache-Control,
/// Expires, `<ttl>`).
pub(crate) fn polite_interval(every: Duration, asked_for: Option<Duration>) -> Duration {
    every.max(asked_for.unwrap_or_default().min(LONGEST))
}

/// The interval to the next attempt after the `failures`-th failure in a row (from 1).
///
/// It doubles with each failure. A source that was not reached is tried again after a minute, because nobody was
/// troubled; one that answered is never asked more often than configured. `jitter`, from 0 to 1, lengthens the interval
/// by up to a fifth, so that sources that failed together do not come back together.
pub(crate) fn after_failure(error: &CollectError, failures: u32, every: Duration, jitter: f64) -> Duration {
    let (first, longest) = match error {
        CollectError::Unreachable { .. } => (SOONEST_RETRY.min(every), every.max(SOONEST_RETRY)),
        CollectError::RateLimited { retry_after: Some(wait), .. } => {
            // Their word counts, even when it is longer than our own longest interval.
            return every.max(*wait).mul_f64(1.0 + jitter / 5.0);
        }
        CollectError::RateLimited { retry_after: None, .. }
        | CollectError::Transient { .. }
        | CollectError::Malformed { .. } => (every, every.max(LONGEST)),
        // Until somebody renews the token it would be refused again, and a file with a new one is noticed soon.
        CollectError::Unauthorized { .. } => (every, every.max(UNAUTHORIZED_RETRY)),
        CollectError::Gone { .. } => (every.max(LONGEST), every.max(LONGEST)),
    };
    let doublings = failures.saturating_sub(1).min(16);
    first.saturating_mul(1 << doublings).min(longest).mul_f64(1.0 + jitter / 5.0)
}

/// The interval to the next try of appending to a bus that refuses (a full disk): from 1 second to 1 minute.
pub(crate) fn bus_retry(refusals: u32, jitter: f64) -> Duration {
    let seconds = 1_u64 << refusals.saturating_sub(1).min(6);
    Duration::from_secs(seconds.min(60)).mul_f64(1.0 + jitter / 5.0)
}

/// The state that `error`, the `failures`-th in a row, puts a source into.
pub(crate) fn state_after_failure(error: &CollectError, failures: u32) -> SourceState {
    match error {
        CollectError::RateLimited { .. } => SourceState::RateLimited,
        CollectError::Gone { .. } | CollectError::Unauthorized { .. } => SourceState::Failing,
        _ if failures >= FAILING_AFTER => SourceState::Failing,
        _ => SourceState::Retrying,
    }
}

/// The state of a source that answers: working, or silent.
///
/// It is silent when it used to have something new on at least half of the days and now had nothing for three whole
/// days, or when its newest post is older than 60 days. Folders of transcripts are never silent: people meet rarely.
pub(crate) fn state_after_success(health: &SourceHealth, now: Timestamp) -> SourceState {
    if health.kind == "transcripts" {
        return SourceState::Working;
    }
    let by_day = &health.posts_by_day;
    let recent = 4; // today, which is not over, and three whole days
    let (before, lately) = by_day.split_at(by_day.len().saturating_sub(recent));
    let busy_days = before.iter().filter(|&&posts| posts > 0).count();
    let stopped = busy_days * 2 >= before.len().max(1) && lately.iter().all(|&posts| posts == 0);
    let stale =
        health.newest_post.is_some_and(|newest| now.duration_since(newest) > SignedDuration::from_hours(60 * 24));
    if stopped || stale { SourceState::Silent } else { SourceState::Working }
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOUR: Duration = Duration::from_hours(1);

    fn unreachable() -> CollectError {
        CollectError::Unreachable { reason: String::new() }
    }

    fn transient() -> CollectError {
        CollectError::Transient { reason: String::new() }
    }

    #[test]
    fn a_source_is_never_asked_more_often_than_configured_or_than_it_asks() {
        assert_eq!(polite_interval(HOUR, None), HOUR);
        assert_eq!(polite_interval(HOUR, Some(Duration::from_mins(1))), HOUR);
        assert_eq!(polite_interval(HOUR, Some(HOUR * 6)), HOUR * 6);
        assert_eq!(polite_interval(HOUR, Some(HOUR * 9_999)), LONGEST);
    }

    #[test]
    fn backoff_doubles_up_to_a_cap() {
        let minutes: Vec<u64> = (1..=9).map(|n| after_failure(&unreachable(), n, HOUR, 0.0).as_secs() / 60).collect();
        assert_eq!(minutes, [1, 2, 4, 8, 16, 32, 60, 60, 60]);
        let hours: Vec<u64> = (1..=7).map(|n| after_failure(&transient(), n, HOUR, 0.0).as_secs() / 3600).collect();
        assert_eq!(hours, [1, 2, 4, 8, 16, 24, 24]);
        assert_eq!(after_failure(&transient(), u32::MAX, HOUR, 0.0), LONGEST);
    }

    #[test]
    fn jitter_only_lengthens_by_at_most_a_fifth() {
        assert_eq!(after_failure(&transient(), 1, HOUR, 1.0), HOUR.mul_f64(1.2));
    }

    #[test]
    fn retry_after_is_respected_even_beyond_a_day() {
        let limited = |wait| CollectError::RateLimited { retry_after: wait, reason: String::new() };
        assert_eq!(after_failure(&limited(Some(HOUR * 48)), 1, HOUR, 0.0), HOUR * 48);
        assert_eq!(after_failure(&limited(Some(Duration::ZERO)), 1, HOUR, 0.0), HOUR);
        assert_eq!(after_failure(&limited(None), 1, HOUR, 0.0), HOUR);
    }

    #[test]
    fn a_short_interval_is_not_lengthened_by_the_first_failure() {
        let every = Duration::from_secs(2);
        assert_eq!(after_failure(&unreachable(), 1, every, 0.0), every);
    }
}
