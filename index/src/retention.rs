//! How long posts are kept, by kind of source: after that they leave the search index and the memory of the trends, and with it
//! every count. The log has limits of its own (`bus.retention_hours`).

use bus::Channel;
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};
use thiserror::Error;

/// The section `[retention]`: days after a post was said, by kind of source; without a number posts stay until they are deleted
/// or erased.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Retention {
    /// Social media.
    pub social_days: Option<u32>,
    /// Forums.
    pub forum_days: Option<u32>,
    /// News.
    pub news_days: Option<u32>,
    /// Comments.
    pub comment_days: Option<u32>,
    /// Offline meetings and documents.
    pub offline_days: Option<u32>,
}

/// A number of days that cannot be meant.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
#[error("a number of days in [retention] must be at least 1: leave the line out to keep posts until they are deleted")]
pub struct NoDays;

impl Retention {
    /// For how many days posts of a channel are kept.
    pub fn days(&self, channel: Channel) -> Option<u32> {
        match channel {
            Channel::Social => self.social_days,
            Channel::Forum => self.forum_days,
            Channel::News => self.news_days,
            Channel::Comment => self.comment_days,
            Channel::Offline => self.offline_days,
        }
    }

    /// Whether everything is kept.
    pub fn keeps_all(&self) -> bool {
        *self == Self::default()
    }

    /// Checks that no channel is kept for no time.
    ///
    /// # Errors
    /// [`NoDays`].
    pub fn check(&self) -> Result<(), NoDays> {
        if Channel::ALL.iter().any(|channel| self.days(*channel) == Some(0)) { Err(NoDays) } else { Ok(()) }
    }

    /// The channels that are not kept for good, each with the time before which its posts go.
    pub fn cutoffs(&self, now: Timestamp) -> Vec<(Channel, Timestamp)> {
        let cutoff = |days: u32| now.saturating_sub(SignedDuration::from_hours(24 * i64::from(days)));
        let of = |channel: Channel| Some((channel, cutoff(self.days(channel)?).unwrap_or(Timestamp::MIN)));
        Channel::ALL.into_iter().filter_map(of).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_channel_has_its_own_limit_and_none_means_for_good() {
        let retention = Retention { social_days: Some(30), offline_days: Some(365), ..Retention::default() };
        let now: Timestamp = "2026-11-26T12:00:00Z".parse().unwrap();
        let month: Timestamp = "2026-10-27T12:00:00Z".parse().unwrap();
        let year: Timestamp = "2025-11-26T12:00:00Z".parse().unwrap();
        assert_eq!(retention.cutoffs(now), [(Channel::Social, month), (Channel::Offline, year)]);
        assert!(!retention.keeps_all() && Retention::default().keeps_all());
        assert_eq!(Retention { news_days: Some(0), ..Retention::default() }.check(), Err(NoDays));
        assert_eq!(retention.check(), Ok(()));
    }
}
