//! What a post is, before its words are written: who, where, when, about what. Cheap to compute, so that the local
//! site can sort posts by place of publication without writing them.

use bus::Channel;
use jiff::Timestamp;

use crate::bank::BANK;
use crate::grammar::{GRAMMAR, Topic};
use crate::meeting::Meeting;
use crate::outlet::OUTLETS;
use crate::person::{People, Role};
use crate::place::{Region, Town};
use crate::rhythm::Hour;
use crate::rng::Rng;
use crate::strands::STRANDS;
use crate::voice::{Language, Pool, Voice};

/// Everything about a post but its words.
#[derive(Clone, Debug)]
pub(crate) struct Spec {
    pub(crate) at: Timestamp,
    pub(crate) hour: Hour,
    pub(crate) channel: Channel,
    /// The index of the outlet; `None` for a meeting.
    pub(crate) outlet: Option<usize>,
    pub(crate) voice: Voice,
    /// In a meeting, which of the speakers; `None` for the facilitator.
    pub(crate) speaker: Option<usize>,
    pub(crate) moment: Moment,
    pub(crate) town: &'static Town,
    /// The index of the topic.
    pub(crate) topic: usize,
    pub(crate) language: Language,
    /// The index of the planned strand that it belongs to.
    pub(crate) strand: Option<usize>,
    /// The state from which the words are drawn.
    pub(crate) rng: Rng,
}

/// When in a meeting something is said.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Moment {
    First,
    Within,
    Last,
}

/// The channels of ordinary talk online, in the order of their streams.
pub(crate) const ONLINE: [Channel; 4] = [Channel::Social, Channel::Forum, Channel::News, Channel::Comment];

impl Spec {
    /// Its topic.
    pub(crate) fn topic(&self) -> &'static Topic {
        &GRAMMAR.topics[self.topic]
    }

    /// Ordinary talk in `channel`.
    pub(crate) fn ordinary(seed: u64, channel: Channel, at: Timestamp, hour: Hour, mut rng: Rng) -> Self {
        let (voice, outlet) = writer(seed, channel, None, 1.8, &mut rng);
        let town = if channel == Channel::News { local(outlet, &mut rng).town(&mut rng) } else { voice.home };
        let language =
            if voice.language != Language::English && rng.chance(0.78) { voice.language } else { Language::English };
        let topic = if let Some((topic, ..)) = BANK.language(language) {
            topic
        } else {
            let topics = BANK.topics(voice.role, rng.chance(0.7));
            topics[rng.weighted(topics.iter().map(|(_, weight)| *weight))].0
        };
        Self {
            at,
            hour,
            channel,
            outlet: Some(outlet),
            voice,
            speaker: None,
            moment: Moment::Within,
            town,
            topic,
            language,
            strand: None,
            rng,
        }
    }

    /// A post online that belongs to the planned strand with this index.
    pub(crate) fn planned(seed: u64, index: usize, at: Timestamp, day: f64, hour: Hour, mut rng: Rng) -> Self {
        use crate::plan::Kind;
        let strand = &STRANDS[index];
        let channel = ONLINE[rng.weighted(strand.mix.iter().copied())];
        let region = strand.region(day, &mut rng);
        let (voice, outlet) = match strand.kind {
            Kind::CopyPaste => campaigner(seed, rng.below(Voice::count(Pool::Campaign))),
            Kind::LoudAccount => campaigner(seed, Voice::count(Pool::Campaign)),
            _ => writer(seed, channel, region, 1.15, &mut rng),
        };
        let at_home = region.is_none_or(|region| region == voice.home.region);
        let town = match (region, strand.towns) {
            (Some(region), [_, ..])
                if region.towns().iter().any(|town| strand.towns.contains(&town.name))
                    && (strand.reach(region, day) < 0.6 || rng.chance(0.45)) =>
            {
                let name = *rng.pick(strand.towns);
                region.towns().iter().find(|town| town.name == name).unwrap_or(voice.home)
            }
            (Some(region), _) if !at_home || channel == Channel::News => region.town(&mut rng),
            (None, _) if channel == Channel::News => local(outlet, &mut rng).town(&mut rng),
            _ => voice.home,
        };
        Self {
            at,
            hour,
            channel,
            outlet: Some(outlet),
            voice,
            speaker: None,
            moment: Moment::Within,
            town,
            topic: BANK.strands[index],
            language: Language::English,
            strand: Some(index),
            rng,
        }
    }

    /// A contribution to `meeting`, with its number in it.
    pub(crate) fn contribution(
        seed: u64,
        meeting: &Meeting,
        number: usize,
        day: f64,
        hour: Hour,
        mut rng: Rng,
    ) -> Self {
        let speaker = meeting.turns[number];
        let who = speaker.map_or(0, |speaker| speaker + 1);
        // The names of the meeting keep its speakers apart from those of another; the number only varies their habits.
        let mut voice = Voice::of(seed ^ meeting.present as u64, Pool::Meeting, who);
        voice.role = meeting.kind.role;
        voice.home = meeting.town;
        let strand = speaker.and_then(|_| spoken_strand(meeting, day, hour, &mut rng));
        let language =
            if speaker.is_some() && strand.is_none() && rng.chance(0.35) { voice.language } else { Language::English };
        let topic = match (strand, BANK.language(language)) {
            (Some(strand), _) => BANK.strands[strand],
            (None, Some((topic, ..))) => topic,
            (None, None) => {
                let likes = |topic: usize| {
                    let key = GRAMMAR.topics[topic].key;
                    meeting.kind.likes.iter().find(|(liked, _)| *liked == key).map_or(1.0, |(_, times)| *times)
                };
                let topics = BANK.topics(voice.role, false);
                topics[rng.weighted(topics.iter().map(|&(topic, weight)| weight * likes(topic)))].0
            }
        };
        Self {
            at: meeting.began + meeting.times[number],
            hour,
            channel: Meeting::CHANNEL,
            outlet: None,
            voice,
            speaker,
            moment: match number {
                0 => Moment::First,
                _ if number + 1 == meeting.times.len() => Moment::Last,
                _ => Moment::Within,
            },
            town: meeting.town,
            topic,
            language,
            strand,
            rng,
        }
    }

    /// The hashtags of a social post: the first is one of the followed.
    pub(crate) fn tags(&self) -> Vec<String> {
        let mut rng = Rng::keyed(&[self.rng.clone().next(), 0x7461_6773]);
        let first = *rng.pick(&BANK.followed[self.topic]);
        let mut tags = vec![first.to_owned()];
        let more = &self.topic().tags;
        let must = matches!(self.topic().people, People::Myself) && self.topic().weight == 0.0;
        if !more.is_empty() && (must || rng.chance(0.42)) {
            let tag = if must { more[more.len() - 1] } else { *rng.pick(more) };
            if tag != first {
                tags.push(tag.to_owned());
            }
        }
        if rng.chance(0.14) {
            tags.push(self.town.name.chars().filter(char::is_ascii_alphanumeric).collect());
        }
        tags
    }
}

/// Somebody who writes in `channel`, at home in `region` if there is one, with the outlet.
fn writer(seed: u64, channel: Channel, region: Option<Region>, skew: f64, rng: &mut Rng) -> (Voice, usize) {
    let fits = |outlet: &crate::outlet::Outlet| {
        let here = outlet.channel == channel && region.is_none_or(|region| outlet.serves(region));
        if here { outlet.weight } else { 0.0 }
    };
    let pool = match channel {
        Channel::Social | Channel::Offline => Pool::Social,
        Channel::Forum => Pool::Forum(rng.weighted(OUTLETS.iter().map(fits))),
        Channel::News => Pool::News(rng.weighted(OUTLETS.iter().map(fits))),
        Channel::Comment => Pool::Comment(rng.weighted(OUTLETS.iter().map(fits))),
    };
    let mut voice = Voice::of(seed, pool, rng.skewed(Voice::count(pool), skew));
    for _ in 0..60 {
        if region.is_none_or(|region| region == voice.home.region) || channel == Channel::News {
            break;
        }
        voice = Voice::of(seed, pool, rng.skewed(Voice::count(pool), skew));
    }
    let outlet = voice.outlet(seed);
    (voice, outlet)
}

fn campaigner(seed: u64, number: usize) -> (Voice, usize) {
    let mut voice = Voice::of(seed, Pool::Campaign, number);
    if voice.role == Role::Teen {
        voice.role = Role::Patient;
    }
    (voice, voice.outlet(seed))
}

/// A region that an outlet writes about.
fn local(outlet: usize, rng: &mut Rng) -> Region {
    let regions = OUTLETS[outlet].regions;
    if regions.is_empty() {
        Region::ALL[rng.weighted(Region::ALL.iter().map(|region| region.weight()))]
    } else {
        *rng.pick(regions)
    }
}

/// The planned strand that a speaker turns to, if any.
fn spoken_strand(meeting: &Meeting, day: f64, hour: Hour, rng: &mut Rng) -> Option<usize> {
    use crate::plan::Kind;
    let chance = |index: usize| {
        let strand = &STRANDS[index];
        let fits = meeting.kind.likes.iter().find(|(liked, _)| *liked == strand.key).map(|(_, share)| *share);
        let interest = match (fits, strand.kind) {
            (Some(share), _) => share,
            (None, Kind::OfflineOnly) => 0.0,
            (None, _) => 1.0,
        };
        // A room that shares the experience speaks of it a few times, and then goes on to something else.
        (strand.spoken * interest).min(0.55) * strand.level(day, hour) * strand.reach(meeting.town.region, day)
    };
    let mut left = rng.unit();
    (0..STRANDS.len()).find(|&index| {
        left -= chance(index) * 0.6;
        left < 0.0
    })
}
