//! Meetings in rooms: groups that meet all over England, and who speaks there.

use bus::Channel;
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp};

use crate::person::Role;
use crate::place::{Region, Town};
use crate::rhythm::LONDON;
use crate::rng::Rng;

/// One meeting that is reported in a transcript.
#[derive(Clone, Debug, PartialEq)]
pub struct Meeting {
    /// Its name in file names and ids ("2026-07-06-2-deaf-club-hull").
    pub id: String,
    /// Its name for people ("Deaf club, Hull").
    pub title: String,
    /// The group that met.
    pub group: &'static str,
    /// The town.
    pub place: &'static str,
    /// The local date.
    pub date: Date,
    /// When it began (UTC).
    pub began: Timestamp,
    /// How many people were in the room.
    pub present: usize,
    pub(crate) kind: &'static Group,
    pub(crate) town: &'static Town,
    pub(crate) number: usize,
    /// When each contribution began, after the meeting did.
    pub(crate) times: Vec<SignedDuration>,
    /// Who makes each contribution: the facilitator (`None`) or one of the speakers; nobody speaks twice in a row.
    pub(crate) turns: Vec<Option<usize>>,
    speakers: usize,
    names_from: usize,
}

/// A kind of group.
#[derive(Debug, PartialEq)]
pub(crate) struct Group {
    slug: &'static str,
    name: &'static str,
    pub(crate) role: Role,
    /// Topics that it speaks of more than others do, and how many times more. Planned strands count too.
    pub(crate) likes: &'static [(&'static str, f64)],
    /// In which regions it is found; empty for all.
    regions: &'static [Region],
}

/// The meetings of the local day `date`, in order of their beginning.
pub(crate) fn of_day(seed: u64, date: Date) -> Vec<Meeting> {
    let day = u64::try_from(SignedDuration::from_hours(24 * 400_000).as_hours() / 24 + i64::from(days(date)))
        .expect("dates are within a few thousand years of 1970");
    let mut rng = Rng::keyed(&[seed, 0x6d65_6574, day]);
    let mean = match date.weekday().to_monday_zero_offset() {
        0..=4 => 3.8,
        5 => 1.6,
        _ => 0.5,
    };
    let count = rng.poisson(mean).min(9);
    let mut meetings: Vec<_> = (0..count).map(|number| Meeting::of(seed, date, day, number)).collect();
    meetings.sort_by_key(|meeting| (meeting.began, meeting.number));
    meetings
}

fn days(date: Date) -> i32 {
    (date - jiff::civil::date(1970, 1, 1)).get_days()
}

impl Meeting {
    fn of(seed: u64, date: Date, day: u64, number: usize) -> Self {
        let mut rng = Rng::keyed(&[seed, 0x726f_6f6d, day, number as u64]);
        let kind = rng.pick(GROUPS);
        let region = loop {
            let region = Region::ALL[rng.weighted(Region::ALL.iter().map(|region| region.weight()))];
            if kind.regions.is_empty() || kind.regions.contains(&region) {
                break region;
            }
        };
        let town = region.town(&mut rng);
        let hour = [10, 10, 11, 13, 14, 14, 15, 17, 18, 19][rng.below(10)];
        let minute = [0, 0, 15, 30][rng.below(4)];
        let local = date.at(hour, minute, 0, 0);
        let began = local
            .to_zoned(LONDON.clone())
            .expect("dates of the conversation are within the range of time stamps")
            .timestamp();
        let contributions = rng.range(10, 38);
        let mut clock = SignedDuration::from_secs(20);
        let times = (0..contributions)
            .map(|_| {
                let at = clock;
                clock += SignedDuration::from_secs(i64::try_from(rng.range(35, 170)).expect("small"));
                at
            })
            .collect();
        let present = rng.range(7, 34);
        let speakers = rng.range(4, present.min(13));
        Self {
            id: format!("{date}-{}-{}-{}", number + 1, kind.slug, slug(town.name)),
            title: format!("{}, {}", kind.name, town.name),
            group: kind.name,
            place: town.name,
            date,
            began,
            present,
            kind,
            town,
            number,
            times,
            turns: turns(contributions, speakers, &mut rng),
            speakers,
            names_from: rng.below(NAMES.len()),
        }
    }

    /// When the last contribution is over (UTC).
    pub fn ended(&self) -> Timestamp {
        self.began + self.times.last().copied().unwrap_or_default() + SignedDuration::from_mins(3)
    }

    /// The first name, or the number, by which the transcript calls a speaker.
    pub(crate) fn name_of(&self, speaker: Option<usize>) -> String {
        match speaker {
            None => "Facilitator".to_owned(),
            Some(speaker) if self.number % 3 == 2 => format!("Speaker {}", speaker + 1),
            // The step shares no factor with the number of names, so that nobody in a room has another's name.
            Some(speaker) => NAMES[(self.names_from + speaker * 7) % NAMES.len()].to_owned(),
        }
    }

    /// The channel of everything said there.
    pub(crate) const CHANNEL: Channel = Channel::Offline;
}

fn turns(contributions: usize, speakers: usize, rng: &mut Rng) -> Vec<Option<usize>> {
    let mut turns: Vec<Option<usize>> = Vec::with_capacity(contributions);
    for number in 0..contributions {
        let last = turns.last().copied().flatten();
        let last_but_one = number + 2 == contributions;
        let asks = last.is_some() && !last_but_one && rng.chance(0.09);
        let facilitator = number == 0 || number + 1 == contributions || asks;
        let speaker = rng.skewed(speakers, 1.25);
        turns.push((!facilitator).then(|| if last == Some(speaker) { (speaker + 1) % speakers } else { speaker }));
    }
    turns
}

fn slug(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, ' ' | '-'))
        .map(|c| if c == ' ' { '-' } else { c.to_ascii_lowercase() })
        .collect()
}

const fn group(slug: &'static str, name: &'static str, role: Role, likes: &'static [(&'static str, f64)]) -> Group {
    Group { slug, name, role, likes, regions: &[] }
}

/// All kinds of groups.
static GROUPS: &[Group] = &[
    group(
        "carers",
        "Carers' coffee morning",
        Role::Carer,
        &[("carers", 5.0), ("dementia", 3.0), ("social-care", 3.0), ("bus-route", 0.7)],
    ),
    group("deaf-club", "Deaf club", Role::Patient, &[("hearing", 6.0), ("access", 3.0), ("interpreters", 1.0)]),
    group("hard-of-hearing", "Hard of hearing circle", Role::Older, &[("hearing", 7.0), ("interpreters", 0.8)]),
    group(
        "drop-in",
        "Refugee and migrant drop-in",
        Role::Parent,
        &[("gp-access", 2.0), ("maternity", 2.0), ("interpreters", 0.35)],
    ),
    Group {
        regions: &[Region::East, Region::SouthWest, Region::Midlands, Region::NorthEastAndYorkshire, Region::NorthWest],
        ..group(
            "market-stall",
            "Farmers' market stall",
            Role::Older,
            &[("travel", 4.0), ("gp-access", 1.5), ("bus-route", 1.0)],
        )
    },
    group(
        "lunch-club",
        "Over-70s lunch club",
        Role::Older,
        &[("eyes", 2.0), ("falls", 3.0), ("travel", 2.0), ("bus-route", 1.0), ("interpreters", 0.3)],
    ),
    group(
        "patient-group",
        "Patient participation group",
        Role::Older,
        &[("gp-access", 2.5), ("online", 2.0), ("interpreters", 0.2)],
    ),
    group(
        "stroke-group",
        "Stroke and heart support group",
        Role::Patient,
        &[("heart", 6.0), ("physio", 3.0), ("bus-route", 0.5)],
    ),
    group("youth-forum", "Young people's forum", Role::Teen, &[("camhs", 5.0), ("mental-health", 2.0), ("adhd", 2.0)]),
    group(
        "bumps-and-babies",
        "Bumps and babies group",
        Role::Parent,
        &[("maternity", 6.0), ("child-illness", 4.0), ("vaccines", 2.0)],
    ),
    group("mens-shed", "Men's shed", Role::Older, &[("mental-health", 2.0), ("heart", 2.0), ("prostate", 4.0)]),
    group(
        "womens-circle",
        "Women's health circle",
        Role::Patient,
        &[("womens-health", 5.0), ("menopause", 4.0), ("interpreters", 0.25)],
    ),
    group("memory-cafe", "Memory café", Role::Carer, &[("dementia", 8.0), ("carers", 3.0), ("bus-route", 0.5)]),
    group("library", "Library listening afternoon", Role::Patient, &[("bus-route", 0.3)]),
    Group {
        regions: &[Region::East, Region::SouthWest, Region::NorthEastAndYorkshire, Region::NorthWest, Region::Midlands],
        ..group(
            "village-hall",
            "Village hall health evening",
            Role::Older,
            &[("travel", 4.0), ("pharmacy", 2.0), ("bus-route", 1.0)],
        )
    },
    group(
        "sight-loss",
        "Sight loss group",
        Role::Patient,
        &[("eyes", 7.0), ("access", 4.0), ("bus-route", 0.6), ("interpreters", 0.2)],
    ),
    group(
        "learning-disability",
        "Learning disability speak-up group",
        Role::Patient,
        &[("access", 5.0), ("adhd", 2.0), ("interpreters", 0.2)],
    ),
    group("cancer-support", "Cancer support evening", Role::Patient, &[("cancer", 8.0), ("parking", 2.0)]),
];

/// First names heard in England; none is a particular person's.
const NAMES: &[&str] = &[
    "Jean",
    "Abdi",
    "Margaret",
    "Parminder",
    "Keith",
    "Olena",
    "Doreen",
    "Yusuf",
    "Sheila",
    "Tomasz",
    "Beverley",
    "Imran",
    "Carol",
    "Chidi",
    "Pauline",
    "Gurdeep",
    "Trevor",
    "Fatima",
    "Alan",
    "Mei",
    "Lorraine",
    "Kwame",
    "Wendy",
    "Ioana",
    "Brian",
    "Nasreen",
    "Glenys",
    "Dawit",
    "Maureen",
    "Rafael",
    "Janice",
    "Samira",
    "Derek",
    "Blessing",
    "Hazel",
    "Piotr",
    "Elaine",
    "Hamza",
    "Norma",
    "Aisling",
    "Clive",
    "Thandi",
    "Rita",
    "Vikram",
    "Joyce",
    "Leila",
    "Gordon",
    "Marisol",
    "Edna",
    "Kofi",
    "Barbara",
    "Suresh",
    "Irene",
    "Zainab",
    "Roy",
    "Anwen",
    "Stella",
    "Bogdan",
    "Vera",
    "Malik",
    "Kathleen",
    "Dilip",
    "Shirley",
    "Hodan",
    "Ted",
    "Mandy",
    "Ruby",
    "Callum",
    "Tasha",
    "Jordan",
    "Ellie",
    "Farah",
    "Ged",
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use jiff::ToSpan;

    use super::*;

    fn eight_weeks() -> Vec<Meeting> {
        (0..56).flat_map(|day| of_day(1, jiff::civil::date(2026, 5, 11) + day.days())).collect()
    }

    #[test]
    fn eight_weeks_have_150_to_200_meetings_of_10_to_40_contributions() {
        let meetings = eight_weeks();
        assert!((150..=200).contains(&meetings.len()), "{}", meetings.len());
        assert!(meetings.iter().all(|meeting| (10..=40).contains(&meeting.times.len())));
        assert_eq!(meetings.iter().map(|meeting| &meeting.id).collect::<HashSet<_>>().len(), meetings.len());
    }

    #[test]
    fn nobody_in_a_room_has_the_name_of_another() {
        for meeting in eight_weeks() {
            let names: HashSet<_> = (0..meeting.speakers).map(|speaker| meeting.name_of(Some(speaker))).collect();
            assert_eq!(names.len(), meeting.speakers);
        }
    }

    #[test]
    fn a_meeting_is_over_on_the_day_it_began() {
        for meeting in eight_weeks() {
            assert_eq!(meeting.ended().to_zoned(LONDON.clone()).date(), meeting.date, "{}", meeting.id);
        }
    }
}
