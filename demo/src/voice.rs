//! The voices of the conversation. A voice is computed from its number whenever it is needed, and never stored.

use crate::outlet::{OUTLETS, Outlet};
use crate::person::Role;
use crate::place::{Region, Town};
use crate::rng::{Rng, whole};

/// One invented person who writes or speaks.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Voice {
    pub(crate) pool: Pool,
    pub(crate) number: usize,
    pub(crate) role: Role,
    pub(crate) home: &'static Town,
    pub(crate) language: Language,
    pub(crate) style: Style,
}

/// Where a voice is at home: voices with the same number in different pools are different people.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Pool {
    /// The four social instances together.
    Social,
    /// One forum, by its index among the outlets.
    Forum(usize),
    /// Those who comment on news, by the index of the outlet.
    Comment(usize),
    /// The reporters of one news outlet.
    News(usize),
    /// One meeting.
    Meeting,
    /// Accounts made for a campaign.
    Campaign,
}

/// The language that a voice prefers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Language {
    English,
    Welsh,
    Polish,
    Romanian,
    Urdu,
    Punjabi,
    Bengali,
    Arabic,
    Portuguese,
    Spanish,
    Somali,
}

/// How a voice writes.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Style {
    /// Never uses capitals.
    pub(crate) lower: bool,
    /// Shortens words ("appt", "cos").
    pub(crate) short: bool,
    /// Leaves the full stop at the end out.
    pub(crate) no_stop: bool,
    /// Probability of a slip in a post.
    pub(crate) slips: f64,
    /// Probability of an emoji in a post.
    pub(crate) emoji: f64,
    /// Tends to write this much beyond the usual: 0 to 1.
    pub(crate) wordy: f64,
}

impl Language {
    /// All languages but English, with their share of the voices in percent.
    pub(crate) const OTHERS: [(Self, f64); 10] = [
        (Self::Welsh, 1.1),
        (Self::Polish, 0.9),
        (Self::Romanian, 0.7),
        (Self::Urdu, 0.6),
        (Self::Punjabi, 0.4),
        (Self::Bengali, 0.5),
        (Self::Arabic, 0.5),
        (Self::Portuguese, 0.5),
        (Self::Spanish, 0.4),
        (Self::Somali, 0.4),
    ];

    /// Its ISO 639-1 code.
    pub(crate) fn code(self) -> &'static str {
        match self {
            Self::English => "en",
            Self::Welsh => "cy",
            Self::Polish => "pl",
            Self::Romanian => "ro",
            Self::Urdu => "ur",
            Self::Punjabi => "pa",
            Self::Bengali => "bn",
            Self::Arabic => "ar",
            Self::Portuguese => "pt",
            Self::Spanish => "es",
            Self::Somali => "so",
        }
    }

    fn of(rng: &mut Rng) -> Self {
        let mut left = rng.unit() * 100.0;
        for (language, percent) in Self::OTHERS {
            left -= percent;
            if left < 0.0 {
                return language;
            }
        }
        Self::English
    }
}

impl Voice {
    /// The voice with this number in `pool`.
    pub(crate) fn of(seed: u64, pool: Pool, number: usize) -> Self {
        let mut rng = Rng::keyed(&[seed, 0x0076_6f69_6365, pool.key(), number as u64]);
        let outlet = pool.outlet();
        let region = loop {
            let region = Region::ALL[rng.weighted(Region::ALL.iter().map(|region| region.weight()))];
            if outlet.is_none_or(|outlet| outlet.serves(region)) {
                break region;
            }
        };
        let home = region.town(&mut rng);
        let role = outlet.and_then(|outlet| outlet.role).unwrap_or_else(|| role(&mut rng));
        let language = match pool {
            Pool::News(_) | Pool::Campaign => Language::English,
            _ => Language::of(&mut rng),
        };
        Self { pool, number, role, home, language, style: Style::of(role, &mut rng) }
    }

    /// How many voices `pool` has.
    pub(crate) fn count(pool: Pool) -> usize {
        match pool {
            Pool::Social => 6_400,
            Pool::Forum(outlet) => 130 + whole(OUTLETS[outlet].weight * 150.0),
            Pool::Comment(_) => 420,
            Pool::News(_) => 5,
            Pool::Meeting => 40,
            Pool::Campaign => 640,
        }
    }

    /// The outlet at which this voice writes, as an index.
    pub(crate) fn outlet(&self, seed: u64) -> usize {
        match self.pool {
            Pool::Forum(outlet) | Pool::Comment(outlet) | Pool::News(outlet) => outlet,
            Pool::Social | Pool::Campaign | Pool::Meeting => {
                let mut rng = Rng::keyed(&[seed, 0x686f_6d65, self.pool.key(), self.number as u64]);
                let region = self.home.region;
                let weight = |outlet: &Outlet| {
                    if outlet.channel == bus::Channel::Social && outlet.serves(region) { outlet.weight } else { 0.0 }
                };
                rng.weighted(OUTLETS.iter().map(weight))
            }
        }
    }

    /// The invented name under which this voice writes.
    pub(crate) fn handle(&self, seed: u64) -> String {
        let mut rng = Rng::keyed(&[seed, 0x6e61_6d65, self.pool.key(), self.number as u64]);
        let (first, second) = (*rng.pick(FIRST), *rng.pick(SECOND));
        let number = self.number;
        match rng.below(5) {
            0 => format!("{first}_{second}{number}"),
            1 => format!("{second}{number}"),
            2 => format!("{first}.{second}.{number}"),
            3 => format!("the_{first}_{second}_{number}"),
            _ => format!("{first}{second}{number}"),
        }
    }
}

impl Pool {
    fn key(self) -> u64 {
        match self {
            Self::Social => 1,
            Self::Meeting => 2,
            Self::Campaign => 3,
            Self::Forum(outlet) | Self::Comment(outlet) | Self::News(outlet) => 100 + outlet as u64,
        }
    }

    fn outlet(self) -> Option<&'static Outlet> {
        match self {
            Self::Forum(outlet) | Self::Comment(outlet) | Self::News(outlet) => Some(&OUTLETS[outlet]),
            Self::Social | Self::Meeting | Self::Campaign => None,
        }
    }
}

impl Style {
    fn of(role: Role, rng: &mut Rng) -> Self {
        let young = role == Role::Teen;
        let old = role == Role::Older;
        Self {
            lower: rng.chance(if young {
                0.55
            } else if old {
                0.03
            } else {
                0.1
            }),
            short: rng.chance(if young {
                0.5
            } else if old {
                0.06
            } else {
                0.2
            }),
            no_stop: rng.chance(if old { 0.15 } else { 0.45 }),
            slips: if rng.chance(0.4) { 0.25 * rng.unit() } else { 0.02 },
            emoji: if rng.chance(if old { 0.12 } else { 0.4 }) { 0.45 * rng.unit() } else { 0.02 },
            wordy: rng.unit(),
        }
    }
}

fn role(rng: &mut Rng) -> Role {
    match rng.weighted([36.0, 17.0, 16.0, 15.0, 6.0, 10.0].into_iter()) {
        0 => Role::Patient,
        1 => Role::Carer,
        2 => Role::Parent,
        3 => Role::Older,
        4 => Role::Teen,
        _ => Role::Staff,
    }
}

const FIRST: &[&str] = &[
    "quiet",
    "rusty",
    "amber",
    "soggy",
    "merry",
    "salty",
    "pebble",
    "lucky",
    "grumpy",
    "copper",
    "mellow",
    "windy",
    "tidy",
    "plum",
    "sleepy",
    "bramble",
    "dusty",
    "velvet",
    "jolly",
    "northern",
    "wobbly",
    "ginger",
    "misty",
    "brisk",
    "thrifty",
    "paper",
    "silver",
    "muddy",
    "plucky",
    "breezy",
    "crumbly",
    "tartan",
    "mossy",
    "honest",
    "half",
    "late",
    "marmalade",
    "custard",
    "hopeful",
    "weary",
    "stubborn",
    "tea",
    "garden",
    "night",
    "monday",
    "allotment",
];

const SECOND: &[&str] = &[
    "heron", "teapot", "otter", "wren", "thistle", "badger", "kettle", "lantern", "bicycle", "pigeon", "crumpet",
    "harbour", "meadow", "magpie", "puddle", "bobbin", "cardigan", "dormouse", "fiddle", "gorse", "hedgehog",
    "jackdaw", "larch", "marrow", "newt", "oatcake", "parsnip", "quilt", "rowan", "scarf", "tandem", "umbrella",
    "wellies", "yarn", "beacon", "clog", "dumpling", "fell", "gate", "hobnob", "knitter", "moss", "plover", "rambler",
    "saddle",
];

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    #[test]
    fn a_voice_is_always_the_same_and_handles_differ() {
        let handles: HashSet<_> =
            (0..Voice::count(Pool::Social)).map(|number| Voice::of(7, Pool::Social, number).handle(7)).collect();
        assert_eq!(handles.len(), Voice::count(Pool::Social));
        assert_eq!(Voice::of(7, Pool::Social, 99).home, Voice::of(7, Pool::Social, 99).home);
    }

    #[test]
    fn all_regions_and_languages_are_heard() {
        let voices: Vec<_> = (0..6_400).map(|number| Voice::of(7, Pool::Social, number)).collect();
        for region in Region::ALL {
            let share = voices.iter().filter(|voice| voice.home.region == region).count();
            assert!(share > 350, "{region:?}: {share}");
        }
        for (language, _) in Language::OTHERS {
            assert!(voices.iter().filter(|voice| voice.language == language).count() > 10, "{language:?}");
        }
    }

    #[test]
    fn social_voices_live_at_social_outlets_that_serve_their_region() {
        for number in 0..500 {
            let voice = Voice::of(7, Pool::Social, number);
            let outlet = &OUTLETS[voice.outlet(7)];
            assert!(outlet.channel == bus::Channel::Social && outlet.serves(voice.home.region), "{voice:?}");
        }
    }
}
