//! What YouTube means when it refuses.

use std::time::Duration;

use jiff::tz::TimeZone;
use jiff::{Span, Timestamp};

use super::wire::Refusal;
use crate::collector::CollectError;
use crate::fetch::Answer;

/// What a refusal is to us.
#[derive(Debug)]
pub(super) enum Refused {
    /// It concerns one video or channel, in plain words; the others go on.
    Listing(String),
    /// It concerns the page that was asked for, or all that we ask for.
    Source(CollectError),
}

/// Reads the refusal `answer`, which came at `now`. `what` is the video or channel; `place` is where the key is kept.
pub(super) fn read(answer: &Answer, what: &str, place: &str, now: Timestamp) -> Refused {
    let refusal: Option<Refusal> = answer.json().ok();
    let reason = refusal.as_ref().map(Refusal::reason).unwrap_or_default();
    let error = match reason {
        "commentsDisabled" => return Refused::Listing(format!("comments under {what} are turned off")),
        "videoNotFound" | "channelNotFound" => {
            return Refused::Listing(format!("{what} is not there, or not public: check its id, or remove it"));
        }
        "quotaExceeded" | "dailyLimitExceeded" => CollectError::RateLimited {
            retry_after: Some(until_midnight(now)),
            reason: "YouTube's allowance for today is used up; it goes on at midnight, Pacific time".to_owned(),
        },
        "rateLimitExceeded" | "userRateLimitExceeded" => {
            CollectError::RateLimited { retry_after: None, reason: "YouTube asks us to slow down".to_owned() }
        }
        "processingFailure" | "invalidPageToken" => {
            CollectError::Malformed { reason: format!("YouTube no longer knows the page of {what} that we were at") }
        }
        _ => {
            let reason =
                format!("YouTube refused our key (status {}): renew or allow the key in {place}", answer.status);
            CollectError::Unauthorized { reason }
        }
    };
    Refused::Source(error)
}

/// How long it is until the day ends in California, when quotas begin anew.
fn until_midnight(now: Timestamp) -> Duration {
    let midnight = TimeZone::get("America/Los_Angeles").ok().and_then(|pacific| {
        let tomorrow = now.to_zoned(pacific).checked_add(Span::new().days(1)).ok()?;
        tomorrow.start_of_day().ok()
    });
    let wait = midnight.and_then(|midnight| Duration::try_from(midnight.timestamp().duration_since(now)).ok());
    wait.unwrap_or(Duration::from_hours(24))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_day_ends_in_california() {
        let wait = |now: &str| until_midnight(now.parse().unwrap()).as_secs();
        assert_eq!(wait("2025-01-15T07:59:00Z"), 60);
        assert_eq!(wait("2025-01-15T08:00:00Z"), 24 * 3600);
        assert_eq!(wait("2025-07-15T06:00:00Z"), 3600);
    }
}
