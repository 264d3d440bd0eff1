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
    from_day: f64,
    to_day: f64,
    curve: Curve,
    /// Posts an hour online at its height, in an average hour of the week.
    peak: f64,
    /// Shares of the online posts: social, forum, news, comment.
    pub(crate) mix: [f64; 4],
    /// Where it is, and how many days after its beginning it arrives there; empty for everywhere at once.
    spread: &'static [(Region, f64)],
    /// The towns where it is first, if it begins in towns.
    pub(crate) towns: &'static [&'static str],
    /// How often a contribution in a meeting turns to it, at its height and where it has arrived.
    pub(crate) spoken: f64,
}

/// How a strand grows between its first and its last day.
#[derive(Clone, Copy, Debug)]
enum Curve {
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
            end: (self.to_day < FOR_EVER).then(|| at(self.to_day)),
            regions,
        }
    }
}

const FOR_EVER: f64 = 1e6;
/// What creeps is at its height ten days after the beginning of the live part.
const CREEPING_UNTIL: f64 = 66.0;
const USUAL_MIX: [f64; 4] = [70.0, 17.0, 6.0, 7.0];
const NORTH_FIRST: &[(Region, f64)] = &[
    (Region::NorthEastAndYorkshire, 0.0),
    (Region::NorthWest, 5.0),
    (Region::Midlands, 8.0),
    (Region::London, 12.0),
    (Region::East, 13.0),
];

const fn issue(key: &'static str, label: &'static str, kind: Kind, days: (f64, f64), curve: Curve, peak: f64) -> Strand {
    Strand {
        key,
        label,
        kind,
        from_day: days.0,
        to_day: days.1,
        curve,
        peak,
        mix: USUAL_MIX,
        spread: &[],
        towns: &[],
        spoken: 0.02,
    }
}

/// Everything that is planned. The order is part of the identity of posts: add at the end.
pub(crate) const STRANDS: &[Strand] = &[
    issue(
        "app-update",
        "Repeat prescriptions fail in the app after an update",
        Kind::Sudden,
        (47.4, 54.0),
        Curve::Burst { rise: 4.0, half: 16.0 },
        22.0,
    ),
    Strand {
        spread: &[(Region::NorthEastAndYorkshire, 0.0)],
        towns: &["Hull"],
        ..issue(
            "burst-pipe",
            "A burst pipe closes the walk-in centre in Hull",
            Kind::Sudden,
            (51.2, 55.5),
            Curve::Burst { rise: 3.0, half: 18.0 },
            9.0,
        )
    },
    Strand {
        spread: &[(Region::London, 0.0)],
        ..issue(
            "blood-test-queues",
            "Queues in the street after blood tests were booked twice",
            Kind::Sudden,
            (54.3, 63.0),
            Curve::Burst { rise: 6.0, half: 60.0 },
            9.0,
        )
    },
    Strand {
        spread: NORTH_FIRST,
        towns: &["Leeds", "Bradford"],
        spoken: 0.2,
        ..issue(
            "phone-queue",
            "Cut off in the 8am queue by surgeries' new telephone system",
            Kind::Medium,
            (41.0, FOR_EVER),
            Curve::Ramp { days: 9.0 },
            7.0,
        )
    },
    Strand {
        spread: &[(Region::Midlands, 0.0), (Region::SouthWest, 7.0)],
        spoken: 0.14,
        ..issue(
            "ambulance-handover",
            "Ambulances wait for hours outside hospitals",
            Kind::Medium,
            (46.0, FOR_EVER),
            Curve::Ramp { days: 7.0 },
            5.5,
        )
    },
    Strand {
        spread: &[(Region::SouthWest, 0.0), (Region::East, 18.0), (Region::SouthEast, 26.0)],
        spoken: 0.5,
        ..issue(
            "dentist-leaving",
            "Dentists stop treating NHS patients",
            Kind::Slow,
            (21.0, FOR_EVER),
            Curve::Creep { power: 1.6 },
            6.0,
        )
    },
    Strand {
        spoken: 0.14,
        ..issue(
            "medicine-shortage",
            "HRT and ADHD medicines cannot be got",
            Kind::Slow,
            (16.0, FOR_EVER),
            Curve::Creep { power: 1.8 },
            6.5,
        )
    },
    Strand {
        spread: &[(Region::Midlands, 0.0), (Region::East, 6.0), (Region::SouthEast, 14.0)],
        spoken: 0.14,
        ..issue(
            "late-letters",
            "Appointment letters arrive after the appointment",
            Kind::Slow,
            (30.0, FOR_EVER),
            Curve::Creep { power: 1.5 },
            4.0,
        )
    },
    Strand {
        spoken: 0.7,
        ..issue(
            "interpreters",
            "No interpreters or hearing loops at reception",
            Kind::OfflineOnly,
            (33.0, FOR_EVER),
            Curve::Ramp { days: 12.0 },
            0.0,
        )
    },
    Strand {
        spread: &[
            (Region::East, 0.0),
            (Region::SouthWest, 4.0),
            (Region::NorthEastAndYorkshire, 6.0),
            (Region::Midlands, 8.0),
            (Region::SouthEast, 9.0),
        ],
        spoken: 0.9,
        ..issue(
            "bus-route",
            "The bus to the hospital has been cut",
            Kind::OfflineOnly,
            (35.0, FOR_EVER),
            Curve::Ramp { days: 8.0 },
            0.0,
        )
    },
    Strand {
        spread: &[(Region::NorthWest, 0.0)],
        towns: &["Preston", "Blackburn", "Burnley"],
        spoken: 0.14,
        ..issue(
            "midwives-praise",
            "Praise for community midwives who see the same mothers throughout",
            Kind::Medium,
            (43.0, FOR_EVER),
            Curve::Ramp { days: 6.0 },
            2.6,
        )
    },
    Strand {
        spread: &[(Region::SouthEast, 0.0)],
        ..issue(
            "parking-machines",
            "New hospital parking machines fine people by mistake",
            Kind::Passing,
            (9.0, 25.0),
            Curve::Wave,
            5.0,
        )
    },
    issue(
        "cancelled-texts",
        "A text message wrongly tells people that their appointment is cancelled",
        Kind::Sudden,
        (56.002, 62.0),
        Curve::Burst { rise: 5.0, half: 30.0 },
        60.0,
    ),
    Strand {
        mix: [100.0, 0.0, 0.0, 0.0],
        spoken: 0.0,
        ..issue(
            "copy-paste",
            "One text from hundreds of accounts within hours",
            Kind::CopyPaste,
            (55.35, 55.6),
            Curve::Flat,
            58.0,
        )
    },
    Strand {
        mix: [100.0, 0.0, 0.0, 0.0],
        spoken: 0.0,
        ..issue(
            "loud-account",
            "One account on the clocks in hospital corridors",
            Kind::LoudAccount,
            (38.0, FOR_EVER),
            Curve::Flat,
            0.95,
        )
    },
    Strand {
        mix: [92.0, 8.0, 0.0, 0.0],
        spoken: 0.0,
        ..issue(
            "weekly-habit",
            "Check-in on mental health each Monday",
            Kind::WeeklyHabit,
            (0.0, FOR_EVER),
            Curve::Mondays,
            5.5,
        )
    },
    Strand {
        mix: [82.0, 4.0, 8.0, 6.0],
        spoken: 0.0,
        ..issue(
            "celebrity",
            "An invented singer is taken ill on stage",
            Kind::Celebrity,
            (52.85, 55.0),
            Curve::Burst { rise: 2.0, half: 9.0 },
            26.0,
        )
    },
];

#[cfg(test)]
mod tests {
    use super::*;

    const NOON: Hour = Hour { hour: 12, weekday: 0 };

    fn level(key: &str, day: f64) -> f64 {
        STRANDS.iter().find(|strand| strand.key == key).unwrap().level(day, NOON)
    }

    #[test]
    fn each_shape_rises_as_its_name_says() {
        assert!(level("app-update", 47.3) == 0.0 && level("app-update", 47.6) > 0.9 && level("app-update", 51.0) < 0.1);
        assert!(level("phone-queue", 42.0) < 0.1 && level("phone-queue", 50.0) > 0.9);
        assert!(level("dentist-leaving", 28.0) < 0.1 && level("dentist-leaving", 56.0) > 0.6);
        assert!(level("parking-machines", 17.0) > 0.99 && level("parking-machines", 25.0) == 0.0);
        assert!(level("cancelled-texts", 56.0) == 0.0 && level("cancelled-texts", 56.1) > 0.4);
    }

    #[test]
    fn what_begins_in_one_region_reaches_the_others_later() {
        let strand = STRANDS.iter().find(|strand| strand.key == "phone-queue").unwrap();
        assert!(strand.reach(Region::NorthEastAndYorkshire, 41.5) > 0.0);
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
