//! The whole conversation: every post can be computed at any time from its number, and nothing is stored.

use bus::Channel;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::compose::{byline, compose, edit_remark};
use crate::meeting::{self, Meeting};
use crate::outlet::OUTLETS;
use crate::plan::{DAYS_BEFORE_LIVE, Truth};
use crate::rhythm::{Hour, LONDON};
use crate::rng::{Rng, whole};
use crate::spec::{ONLINE, Spec};
use crate::strands::STRANDS;

/// The demonstration's conversation: eight weeks before a moment, and endless after it.
///
/// The same seed and moment always give the same posts. It is small and cheap to copy.
#[derive(Clone, Copy, Debug)]
pub struct Conversation {
    seed: u64,
    /// When it begins (UTC).
    start: Timestamp,
}

/// One post of the conversation. All of it is invented.
#[derive(Clone, Debug, PartialEq)]
pub struct DemoPost {
    /// Its id at its outlet: unique, and higher for later posts.
    pub id: PostRef,
    /// What kind of place it is said in.
    pub channel: Channel,
    /// The slug of its outlet in [`OUTLETS`], or `"meetings"`.
    pub outlet: &'static str,
    /// The invented name of who says it.
    pub author: String,
    /// When it is said (UTC).
    pub created_at: Timestamp,
    /// Its language as an ISO 639-1 code.
    pub language: &'static str,
    /// The town that it is about.
    pub place: &'static str,
    /// Its headline or subject.
    pub title: Option<String>,
    /// What it says: plain text, paragraphs separated by an empty line.
    pub text: String,
    /// The id of the meeting that it is said at.
    pub event: Option<String>,
    /// Hashtags of a social post, without `#`; they stand in the text as well.
    pub tags: Vec<String>,
    /// When its author changes it (UTC), and the text from then on.
    pub edited: Option<(Timestamp, String)>,
    /// When its author deletes it (UTC).
    pub deleted_at: Option<Timestamp>,
    /// The key of the issue or decoy that it belongs to: the truth, which is never served.
    pub belongs_to: Option<&'static str>,
}

/// The number of a post: milliseconds since 1970 in the high 48 bits, then its stream (6 bits) and its number in its hour.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PostRef(pub u64);

/// Ordinary posts an hour in an average hour, in the order of [`ONLINE`].
const ORDINARY_RATES: [f64; 4] = [42.0, 14.1, 4.0, 1.65];
const OFFLINE_STREAM: u64 = 4;
const FIRST_STRAND: u64 = 5;
const HOUR_MS: i64 = 3_600_000;

impl PostRef {
    /// When the post is made (UTC).
    pub fn created_at(self) -> Timestamp {
        Timestamp::from_millisecond(self.ms()).expect("it was made from a time stamp of 48 bits")
    }

    fn new(at: Timestamp, stream: u64, number: usize) -> Self {
        let ms = u64::try_from(at.as_millisecond()).expect("the conversation is after 1970");
        Self((ms << 16) | (stream << 10) | number as u64)
    }

    fn ms(self) -> i64 {
        i64::try_from(self.0 >> 16).expect("48 bits fit")
    }

    fn stream(self) -> u64 {
        (self.0 >> 10) & 0x3f
    }

    fn number(self) -> usize {
        usize::try_from(self.0 & 0x3ff).expect("10 bits fit")
    }
}

impl Conversation {
    /// The conversation whose eight weeks end, and whose live part begins, at `end`.
    pub fn new(seed: u64, end: Timestamp) -> Self {
        // Whole seconds keep the hours of the conversation the same however `end` is written down and read again.
        let end = Timestamp::from_second(end.as_second()).unwrap_or(end);
        Self { seed, start: end - SignedDuration::from_hours(24 * DAYS_BEFORE_LIVE) }
    }

    /// When the first post may be (UTC).
    pub fn start(&self) -> Timestamp {
        self.start
    }

    /// When the eight weeks end and the live part begins (UTC).
    pub fn live_from(&self) -> Timestamp {
        self.start + SignedDuration::from_hours(24 * DAYS_BEFORE_LIVE)
    }

    /// What is planned in it: the issues that a detector should list and the decoys that it should not.
    pub fn truth(&self) -> Vec<Truth> {
        STRANDS.iter().map(|strand| strand.truth(self.start)).collect()
    }

    /// The posts made from `from` until, but not including, `until`, in the order of their time. Endless if `until` is.
    pub fn posts_between(self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = DemoPost> {
        self.specs_between(from, until).map(move |(id, spec)| self.write(id, &spec))
    }

    /// The post with this number, if there is one.
    pub fn post(&self, id: PostRef) -> Option<DemoPost> {
        self.spec(id).map(|spec| self.write(id, &spec))
    }

    /// The meetings that began in the local days from that of `from` to that of `until`, in order.
    pub fn meetings_between(self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = Meeting> {
        let date = |at: Timestamp| at.to_zoned(LONDON.clone()).date();
        let (first, last) = (date(from.max(self.start)), date(until));
        first.series(1.day()).take_while(move |day| *day <= last).flat_map(move |day| meeting::of_day(self.seed, day))
    }

    /// What is said at `meeting`, in order.
    pub fn contributions(self, meeting: &Meeting) -> impl Iterator<Item = DemoPost> {
        (0..meeting.times.len()).map(move |number| {
            let (id, spec) = self.contribution(meeting, number);
            self.write_at(id, &spec, Some(meeting))
        })
    }

    /// Like [`Conversation::posts_between`], without the words.
    pub(crate) fn specs_between(self, from: Timestamp, until: Timestamp) -> impl Iterator<Item = (PostRef, Spec)> {
        let from = from.max(self.start);
        let first = from.duration_since(self.start).as_secs() / 3600;
        (first..)
            .take_while(move |slot| self.slot_start(*slot) < until)
            .flat_map(move |slot| self.slot(slot))
            .filter(move |(_, spec)| spec.at >= from && spec.at < until)
    }

    fn slot_start(&self, slot: i64) -> Timestamp {
        self.start + SignedDuration::from_hours(slot)
    }

    /// All posts of the hour with this number since the beginning, in order.
    fn slot(self, slot: i64) -> Vec<(PostRef, Spec)> {
        let start = self.slot_start(slot);
        let hour = Hour::of(start + SignedDuration::from_mins(30));
        let day = (slot as f64 + 0.5) / 24.0;
        let mut posts = Vec::new();
        let mut stream = |stream: u64, mean: f64| {
            let mut rng = Rng::keyed(&[self.seed, 0x736c_6f74, key_of(slot), stream]);
            for number in 0..rng.poisson(mean).min(1023) {
                posts.extend(self.online(slot, stream, number));
            }
        };
        for (index, channel) in ONLINE.into_iter().enumerate() {
            stream(index as u64, ORDINARY_RATES[index] * hour.weight(channel));
        }
        for (index, strand) in STRANDS.iter().enumerate() {
            let mean = strand.rate(day, hour);
            if mean > 0.0 {
                stream(FIRST_STRAND + index as u64, mean);
            }
        }
        let end = start + SignedDuration::from_hours(1);
        for meeting in self.meetings_between(start - SignedDuration::from_hours(5), end) {
            for number in 0..meeting.times.len() {
                let at = meeting.began + meeting.times[number];
                if at >= start && at < end {
                    posts.push(self.contribution(&meeting, number));
                }
            }
        }
        posts.sort_unstable_by_key(|(id, _)| *id);
        posts
    }

    /// The post online with this number in its stream and hour.
    fn online(&self, slot: i64, stream: u64, number: usize) -> Option<(PostRef, Spec)> {
        let mut rng = Rng::keyed(&[self.seed, key_of(slot), stream, number as u64]);
        let offset = i64::try_from(rng.below(3_600_000)).ok()?;
        let start = self.slot_start(slot);
        let at = Timestamp::from_millisecond(start.as_millisecond() + offset).ok()?;
        let hour = Hour::of(start + SignedDuration::from_mins(30));
        let spec = match usize::try_from(stream).ok()? {
            index @ 0..=3 => Spec::ordinary(self.seed, ONLINE[index], at, hour, rng),
            index => {
                let day = (slot as f64 + 0.5) / 24.0;
                let strand = index.checked_sub(usize::try_from(FIRST_STRAND).ok()?).filter(|&at| at < STRANDS.len())?;
                Spec::planned(self.seed, strand, at, day, hour, rng)
            }
        };
        Some((PostRef::new(at, stream, number), spec))
    }

    fn contribution(&self, meeting: &Meeting, number: usize) -> (PostRef, Spec) {
        let at = meeting.began + meeting.times[number];
        let began = key_of(meeting.began.as_millisecond());
        let rng = Rng::keyed(&[self.seed, 0x7361_6964, began, meeting.number as u64, number as u64]);
        let day = at.duration_since(self.start).as_secs_f64() / 86_400.0;
        let spec = Spec::contribution(self.seed, meeting, number, day, Hour::of(at), rng);
        (PostRef::new(at, OFFLINE_STREAM, meeting.number * 64 + number), spec)
    }

    fn spec(&self, id: PostRef) -> Option<Spec> {
        let at = Timestamp::from_millisecond(id.ms()).ok()?;
        if at < self.start {
            return None;
        }
        let (found, spec) = if id.stream() == OFFLINE_STREAM {
            let meeting = self.meetings_between(at, at).find(|meeting| meeting.number == id.number() / 64)?;
            let number = id.number() % 64;
            if number >= meeting.times.len() {
                return None;
            }
            self.contribution(&meeting, number)
        } else {
            let slot = (id.ms() - self.start.as_millisecond()).div_euclid(HOUR_MS);
            self.online(slot, id.stream(), id.number())?
        };
        (found == id).then_some(spec)
    }

    fn write(&self, id: PostRef, spec: &Spec) -> DemoPost {
        self.write_at(id, spec, None)
    }

    fn write_at(&self, id: PostRef, spec: &Spec, meeting: Option<&Meeting>) -> DemoPost {
        let words = compose(spec);
        let found;
        let meeting = if spec.channel == Channel::Offline && meeting.is_none() {
            found = self.meetings_between(spec.at, spec.at).find(|meeting| meeting.number == id.number() / 64);
            found.as_ref()
        } else {
            meeting
        };
        let author = match (spec.channel, meeting) {
            (Channel::Offline, Some(meeting)) => meeting.name_of(spec.speaker),
            (Channel::News, _) => byline(self.seed, spec.outlet.unwrap_or_default(), spec.voice.number),
            _ => spec.voice.handle(self.seed),
        };
        let (edited, deleted_at) = self.second_thoughts(id, spec, &words.text);
        DemoPost {
            id,
            channel: spec.channel,
            outlet: spec.outlet.map_or("meetings", |outlet| OUTLETS[outlet].slug),
            author,
            created_at: spec.at,
            language: spec.language.code(),
            place: spec.town.name,
            title: words.title,
            text: words.text,
            event: meeting.map(|meeting| meeting.id.clone()),
            tags: if spec.channel == Channel::Social { spec.tags() } else { Vec::new() },
            edited,
            deleted_at,
            belongs_to: spec.strand.map(|strand| STRANDS[strand].key),
        }
    }

    /// Whether its author changes or deletes it later: one in two hundred each.
    fn second_thoughts(
        &self,
        id: PostRef,
        spec: &Spec,
        text: &str,
    ) -> (Option<(Timestamp, String)>, Option<Timestamp>) {
        if !matches!(spec.channel, Channel::Social | Channel::Forum) {
            return (None, None);
        }
        let mut rng = Rng::keyed(&[self.seed, 0x6564_6974, id.0]);
        let chance = rng.below(200);
        let later =
            spec.at + SignedDuration::from_secs(i64::try_from(240 + whole(rng.unit() * 14_000.0)).unwrap_or(600));
        match chance {
            0 => (Some((later, format!("{text} {}", edit_remark(spec)))), None),
            1 if spec.channel == Channel::Social => (None, Some(later)),
            _ => (None, None),
        }
    }
}

impl DemoPost {
    /// Its text as it stands at `now`, or `None` when it is not yet, or no longer, there.
    pub fn text_at(&self, now: Timestamp) -> Option<&str> {
        if self.created_at > now || self.deleted_at.is_some_and(|deleted| deleted <= now) {
            return None;
        }
        match &self.edited {
            Some((at, text)) if *at <= now => Some(text),
            _ => Some(&self.text),
        }
    }
}

/// A number for keys of the generator; only its difference from others matters.
fn key_of(number: i64) -> u64 {
    u64::from_ne_bytes(number.to_ne_bytes())
}
