//! How each source is doing: written by collection, read by the Sources page.

use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};

use crate::gap::Gap;
use crate::id::SourceId;
use crate::post::Channel;

/// The state of one source, as the Sources page shows it. Times are UTC.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct SourceHealth {
    /// The source's id in the configuration.
    pub id: SourceId,
    /// Its name for people.
    pub name: String,
    /// What kind of collector reads it ("feed", "mastodon", "transcripts").
    pub kind: String,
    /// The channel of its posts.
    pub channel: Channel,
    /// Where it is, for people: a URL without secrets, or a folder.
    pub location: String,
    /// Whether it works.
    pub state: SourceState,
    /// The last time that collection succeeded, even if there was nothing new.
    pub last_success: Option<Timestamp>,
    /// The last attempt.
    pub last_attempt: Option<Timestamp>,
    /// When the next attempt is due.
    pub next_attempt: Option<Timestamp>,
    /// The created time of the newest post collected.
    pub newest_post: Option<Timestamp>,
    /// Attempts in a row that failed.
    pub failures: u32,
    /// The last error in plain words, while the source fails.
    pub error: Option<String>,
    /// Posts accepted by the bus since the source was first collected.
    pub posts_total: u64,
    /// Posts accepted on each of the last 14 whole days and today, by the day of collection (UTC), oldest first.
    pub posts_by_day: Vec<u64>,
    /// When it could not be collected, oldest first; the last ones only.
    #[serde(default)]
    pub gaps: Vec<Gap>,
    /// The token that it is read with, if it needs one.
    #[serde(default)]
    pub token: Option<TokenHealth>,
}

/// The state of a token, which somebody has to renew in time.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct TokenHealth {
    /// Where it is kept, in words: "the environment variable NAME".
    pub place: String,
    /// The last day that it is good for (UTC), where that is known.
    pub expires: Option<Date>,
    /// Whether the source refused it at the last attempt.
    pub refused: bool,
}

/// A token is "about to expire" for so many days.
const NOTICE_DAYS: i32 = 14;

impl SourceHealth {
    /// The usual number of posts a day: the median of the whole days since the first with any; `None` before there is
    /// one.
    pub fn usual_posts(&self) -> Option<u64> {
        let (_, whole_days) = self.posts_by_day.split_last()?;
        let mut days: Vec<u64> = whole_days.iter().copied().skip_while(|posts| *posts == 0).collect();
        days.sort_unstable();
        days.get(days.len() / 2).copied()
    }

    /// The gap that lasts, if there is one.
    pub fn open_gap(&self) -> Option<&Gap> {
        self.gaps.iter().rev().find(|gap| gap.until.is_none())
    }
}

impl TokenHealth {
    /// The days until the token expires, when it is about to: at most 14, and negative when it has expired.
    pub fn days_left(&self, now: Timestamp) -> Option<i32> {
        let today = now.to_zoned(TimeZone::UTC).date();
        let days = today.until(self.expires?).ok()?.get_days();
        (days <= NOTICE_DAYS).then_some(days)
    }
}

/// Whether a source works, worst first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum SourceState {
    /// It has failed several times in a row, or said that it is gone.
    Failing,
    /// The last attempt failed; it is tried again soon.
    Retrying,
    /// It asked us to wait.
    RateLimited,
    /// It answers, but has had nothing new for much longer than usual.
    Silent,
    /// Not tried yet.
    Waiting,
    /// The last attempt succeeded.
    Working,
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::post::Channel;

    fn health(posts_by_day: &[u64]) -> SourceHealth {
        SourceHealth {
            id: "a".parse().unwrap(),
            name: String::new(),
            kind: String::new(),
            channel: Channel::News,
            location: String::new(),
            state: SourceState::Working,
            last_success: None,
            last_attempt: None,
            next_attempt: None,
            newest_post: None,
            failures: 0,
            error: None,
            posts_total: 0,
            posts_by_day: posts_by_day.to_vec(),
            gaps: Vec::new(),
            token: None,
        }
    }

    #[test]
    fn what_is_usual_leaves_out_today_and_the_time_before_the_first_post() {
        assert_eq!(health(&[0, 0, 5, 9, 7, 1000]).usual_posts(), Some(7));
        assert_eq!(health(&[0, 0, 3]).usual_posts(), None);
        assert_eq!(health(&[]).usual_posts(), None);
    }

    #[test]
    fn a_token_is_announced_two_weeks_before_it_expires() {
        let token = |expires: Option<&str>| TokenHealth {
            place: String::new(),
            expires: expires.map(|day| day.parse().unwrap()),
            refused: false,
        };
        let now = "2025-03-01T23:00:00Z".parse().unwrap();
        assert_eq!(token(Some("2025-03-16")).days_left(now), None);
        assert_eq!(token(Some("2025-03-15")).days_left(now), Some(14));
        assert_eq!(token(Some("2025-03-01")).days_left(now), Some(0));
        assert_eq!(token(Some("2025-01-01")).days_left(now), Some(-59));
        assert_eq!(token(None).days_left(now), None);
    }

    #[test]
    fn health_that_an_earlier_version_stored_can_be_read() {
        let mut stored = serde_json::to_value(health(&[1])).unwrap();
        stored.as_object_mut().unwrap().retain(|key, _| key != "gaps" && key != "token");
        assert_eq!(serde_json::from_value::<SourceHealth>(stored).unwrap(), health(&[1]));
    }
}
