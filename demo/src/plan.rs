//! What is planned in the conversation besides ordinary talk: issues that a detector should find, and decoys that it
//! should not.

use bus::Channel;
use jiff::{SignedDuration, Timestamp};

use crate::place::Region;
use crate::rhythm::Hour;

/// An issue or a decoy, as it really is: what a test of the detector compares with.
#[derive(Clone, Debug, PartialEq)]
pub struct Truth {
    /// Its name within the demonstration, equal to [`crate::DemoPost::belongs_to`].
    pub key: &'static str,
    /// What it is about, in words.
    pub label: &'static str,
    /// Issue or decoy, and of which shape.
    pub kind: Kind,
    /// When it begins (UTC).
    pub start: Timestamp,
    /// When it is over (UTC); `None` if it goes on.
    pub end: Option<Timestamp>,
    /// Where it begins; empty for all of England.
    pub regions: &'static [Region],
}

/// What a planned part of the conversation is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// Rises within hours.
    Sudden,
    /// Rises within days.
    Medium,
    /// Rises within weeks.
    Slow,
    /// Spoken of in rooms only, never online.
    OfflineOnly,
    /// Rises and is over before the live part begins.
    Passing,
    /// A decoy: many accounts, one text.
    CopyPaste,
    /// A decoy: one account, one theme, all the time.
    LoudAccount,
    /// A decoy: a habit of each week.
    WeeklyHabit,
    /// A decoy: talk about somebody famous.
    Celebrity,
}

impl Kind {
    /// Whether a detector should list it as an issue.
    pub fn is_issue(self) -> bool {
        matches!(self, Self::Sudden | Self::Medium | Self::Slow | Self::OfflineOnly | Self::Passing)
    }
}

/// A planned part of the conversation.
#[derive(Debug)]
pub(crate) struct Strand {
    /// The key of its topic in the phrase files.
    pub(crate) key: &'static str,
    pub(crate) label: &'static str,
    pub(crate) kind: Kind,
    /// Days from the beginning of the conversation (the live part begins at 56).
    pub(crate) from_day: f64,
    pub(crate) to_day: f64,
    pub(crate) curve: Curve,
    /// Posts an hour online at its height, in an average hour of the week.
    pub(crate) peak: f64,
    /// Shares of the online posts: social, forum, news, comment.
    pub(crate) mix: [f64; 4],
    /// Where it is, and how many days after its beginning it arrives there; empty for everywhere at once.
    pub(crate) spread: &'static [(Region, f64)],
    /// The towns where it is first, if it begins in towns.
    pub(crate) towns: &'static [&'static str],
    /// How often a contribution in a meeting turns to it, at its height and where it has arrived.
    pub(crate) spoken: f64,
}

/// How a strand grows between its first and its last day.
#[derive(Clone, Copy, Debug)]
pub(crate) enum Curve {
    /// At its height within `rise` hours, then half of it each `half` hours.
    Burst { rise: f64, half: f64 },
    /// An S-curve that is at its height after `days`, and stays.
    Ramp { days: f64 },
    /// Grows by the power `power` of time over all of its days.
    Creep { power: f64 },
    /// Rises and falls like a bell.
    Wave,
    /// The same all the time.
    Flat,
    /// Each Monday.
    Mondays,
}

/// Days of the conversation before it goes live.
pub const DAYS_BEFORE_LIVE: i64 = 56;

impl Strand {
    /// Posts an hour that are expected online at `day`, days since the beginning.
    pub(crate) fn rate(&self, day: f64, hour: Hour) -> f64 {
        self.peak * self.level(day, hour) * hour.weight(Channel::Social)
    }

    /// How high it is at `day`, from 0 to 1.
    pub(crate) fn level(&self, day: f64, hour: Hour) -> f64 {
        if day < self.from_day || day >= self.to_day {
            return 0.0;
        }
        let since = day - self.from_day;
        match self.curve {
            Curve::Burst { rise, half } => {
                let hours = since * 24.0;
                if hours < rise { (hours + 0.5) / (rise + 0.5) } else { (-(hours - rise) / half).exp2() }
            }
            Curve::Ramp { days } => 1.0 / (1.0 + (-8.0 * (since / days - 0.5)).exp()),
            Curve::Creep { power } => (since / (self.to_day.min(CREEPING_UNTIL) - self.from_day)).min(1.0).powf(power),
            Curve::Wave => {
                let centred = since / (self.to_day - self.from_day) - 0.5;
                (-centred * centred / 0.045).exp()
            }
            Curve::Flat => 1.0,
            Curve::Mondays => f64::from(u8::from(hour.weekday == 0)),
        }
    }

    /// How much it is spoken of in `region` at `day`, from 0 to 1.
    pub(crate) fn reach(&self, region: Region, day: f64) -> f64 {
        if self.spread.is_empty() {
            return 1.0;
        }
        let arrived = |&&(there, delay): &&(Region, f64)| there == region && day >= self.from_day + delay;
        self.spread.iter().find(arrived).map_or(0.0, |(_, delay)| ((day - self.from_day - delay + 1.0) / 4.0).min(1.0))
    }

    /// The region where one of its posts at `day` comes from; `None` for anywhere.
    pub(crate) fn region(&self, day: f64, rng: &mut crate::rng::Rng) -> Option<Region> {
        let weights = self.spread.iter().map(|&(region, _)| self.reach(region, day) * region.weight());
        (!self.spread.is_empty()).then(|| self.spread[rng.weighted(weights)].0)
    }

    /// What a test of the detector may know.
    pub(crate) fn truth(&self, beginning: Timestamp) -> Truth {
        let at = |day: f64| beginning + SignedDuration::from_secs_f64(day * 86_400.0);
        let regions = match self.spread {
            [] => &[],
            [(Region::East, _), ..] => &[Region::East][..],
            [(Region::London, _), ..] => &[Region::London],
            [(Region::Midlands, _), ..] => &[Region::Midlands],
            [(Region::NorthEastAndYorkshire, _), ..] => &[Region::NorthEastAndYorkshire],
            [(Region::NorthWest, _), ..] => &[Region::NorthWest],
            [(Region::SouthEast, _), ..] => &[Region::SouthEast],
            [(Region::SouthWest, _), ..] => &[Region::SouthWest],
        };
        Truth {
            key: self.key,
            label: self.label,
            kind: self.kind,
            start: at(self.from_day),
            end: (self.to_day < crate::strands::FOR_EVER).then(|| at(self.to_day)),
            regions,
        }
    }
}

/// What creeps is at its height ten days after the beginning of the live part.
const CREEPING_UNTIL: f64 = 66.0;

#[cfg(test)]
mod tests {
    use super::*;
    use crate::strands::STRANDS;

    const NOON: Hour = Hour { hour: 12, weekday: 0 };

    fn level(key: &str, day: f64) -> f64 {
        STRANDS.iter().find(|strand| strand.key == key).unwrap().level(day, NOON)
    }

    #[test]
    fn each_shape_rises_as_its_name_says() {
        assert!(level("app-update", 47.3) == 0.0 && level("app-update", 47.6) > 0.9 && level("app-update", 51.0) < 0.1);
        assert!(level("phone-queue", 46.0) < 0.1 && level("phone-queue", 53.0) > 0.9);
        assert!(level("dentist-leaving", 28.0) < 0.1 && level("dentist-leaving", 56.0) > 0.6);
        assert!(level("parking-machines", 17.0) > 0.99 && level("parking-machines", 25.0) == 0.0);
        assert!(level("cancelled-texts", 56.0) == 0.0 && level("cancelled-texts", 56.1) > 0.4);
    }

    #[test]
    fn what_begins_in_one_region_reaches_the_others_later() {
        let strand = STRANDS.iter().find(|strand| strand.key == "phone-queue").unwrap();
        assert!(strand.reach(Region::NorthEastAndYorkshire, 45.5) > 0.0);
        assert!(strand.reach(Region::London, 50.0) == 0.0 && strand.reach(Region::London, 54.0) > 0.0);
        assert!(strand.reach(Region::SouthWest, 80.0) == 0.0);
    }

    #[test]
    fn every_strand_has_its_topic() {
        for strand in STRANDS {
            assert!(crate::grammar::GRAMMAR.topic(strand.key).is_some(), "no phrases for {}", strand.key);
        }
    }
}
