//! The table of everything that is planned in the conversation.

use crate::place::Region;
use crate::plan::{Curve, Kind, Strand};

/// Later than any day of the conversation.
pub(crate) const FOR_EVER: f64 = 1e6;
const USUAL_MIX: [f64; 4] = [70.0, 17.0, 6.0, 7.0];
const NORTH_FIRST: &[(Region, f64)] = &[
    (Region::NorthEastAndYorkshire, 0.0),
    (Region::NorthWest, 3.0),
    (Region::Midlands, 5.0),
    (Region::London, 8.0),
    (Region::East, 9.0),
];

const fn issue(
    key: &'static str,
    label: &'static str,
    kind: Kind,
    days: (f64, f64),
    curve: Curve,
    peak: f64,
) -> Strand {
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
            (45.0, FOR_EVER),
            Curve::Ramp { days: 8.0 },
            7.0,
        )
    },
    Strand {
        spread: &[(Region::Midlands, 0.0), (Region::SouthWest, 5.0)],
        spoken: 0.14,
        ..issue(
            "ambulance-handover",
            "Ambulances wait for hours outside hospitals",
            Kind::Medium,
            (48.0, FOR_EVER),
            Curve::Ramp { days: 6.0 },
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
            Curve::Creep { power: 2.2 },
            9.0,
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
        spoken: 3.2,
        ..issue(
            "interpreters",
            "No interpreters or hearing loops at reception",
            Kind::OfflineOnly,
            (42.0, FOR_EVER),
            Curve::Ramp { days: 10.0 },
            0.0,
        )
    },
    Strand {
        spread: &[
            (Region::East, 0.0),
            (Region::SouthWest, 4.0),
            (Region::NorthEastAndYorkshire, 6.0),
            (Region::Midlands, 5.0),
            (Region::SouthEast, 9.0),
        ],
        spoken: 2.6,
        ..issue(
            "bus-route",
            "The bus to the hospital has been cut",
            Kind::OfflineOnly,
            (43.0, FOR_EVER),
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
