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

/// The interval to the next try of telling a webhook that did not answer: from 1 minute to 1 hour.
pub(crate) fn alarm_retry(failures: u32, jitter: f64) -> Duration {
    let minutes = 1_u64 << failures.saturating_sub(1).min(6);
    Duration::from_mins(minutes.min(60)).mul_f64(1.0 + jitter / 5.0)
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
/// days (feeds rest at weekends), when it had at least 20 posts on every day and now had nothing for one, or when its
/// newest post is older than 60 days. Folders of transcripts are never silent: people meet rarely.
pub(crate) fn state_after_success(health: &SourceHealth, now: Timestamp) -> SourceState {
    if health.kind == "transcripts" {
        return SourceState::Working;
    }
    let (lately, before) = quiet_days(&health.posts_by_day, 3);
    let busy_days = before.iter().filter(|&&posts| posts > 0).count();
    let stopped = lately && busy_days * 2 >= before.len().max(1);
    let (yesterday, before) = quiet_days(&health.posts_by_day, 1);
    let fell_dumb = yesterday && before.len() >= 7 && before.iter().all(|&posts| posts >= BUSY);
    let stale =
        health.newest_post.is_some_and(|newest| now.duration_since(newest) > SignedDuration::from_hours(60 * 24));
    if stopped || fell_dumb || stale { SourceState::Silent } else { SourceState::Working }
}

/// So many posts on every day make a source of which a single silent day is news.
const BUSY: u64 = 20;

/// Whether nothing came today, which is not over, nor on the `whole` days before it; and the days before these, since
/// the first on which anything came.
fn quiet_days(by_day: &[u64], whole: usize) -> (bool, &[u64]) {
    let (before, lately) = by_day.split_at(by_day.len().saturating_sub(whole + 1));
    let first = before.iter().position(|&posts| posts > 0).unwrap_or(before.len());
    (lately.iter().all(|&posts| posts == 0), &before[first..])
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
    fn a_refused_token_is_failing_at_once_and_tried_again_within_two_hours() {
        let refused = CollectError::Unauthorized { reason: String::new() };
        assert_eq!(state_after_failure(&refused, 1), SourceState::Failing);
        assert_eq!(after_failure(&refused, 1, HOUR, 0.0), HOUR);
        assert_eq!(after_failure(&refused, 9, HOUR, 0.0), HOUR * 2);
        assert_eq!(after_failure(&refused, 9, HOUR * 6, 0.0), HOUR * 6);
    }

    #[test]
    fn silence_is_told_from_a_weekend_and_sooner_of_a_busy_source() {
        let now = "2025-03-31T12:00:00Z".parse().unwrap();
        let state = |by_day: &[u64]| {
            let mut health = crate::health::waiting(&crate::testing::feed_source("a", "https://example.org/feed"));
            health.posts_by_day = by_day.to_vec();
            state_after_success(&health, now)
        };
        let workdays = [0, 5, 5, 5, 5, 5, 0, 0, 5, 5, 5, 5];
        assert_eq!(state(&[&workdays[..], &[0, 0, 0]].concat()), SourceState::Working);
        assert_eq!(state(&[&workdays[..], &[0, 0, 0, 0]].concat()), SourceState::Silent);
        assert_eq!(state(&[40, 40, 40, 40, 40, 40, 40, 0, 0]), SourceState::Silent);
        assert_eq!(state(&[40, 40, 40, 40, 40, 40, 40, 40, 0]), SourceState::Working);
        assert_eq!(state(&[40, 40, 40, 40, 40, 40, 10, 0, 0]), SourceState::Working);
        assert_eq!(state(&[0, 0, 0, 0, 0]), SourceState::Working, "what never said anything has not fallen silent");
    }

    #[test]
    fn a_short_interval_is_not_lengthened_by_the_first_failure() {
        let every = Duration::from_secs(2);
        assert_eq!(after_failure(&unreachable(), 1, every, 0.0), every);
    }
}
