//! The posts that the detector remembers: small records of the last five weeks, by day.
//!
//! Everything that the detector says is computed from this set, so the order in which posts arrive cannot matter, a
//! deletion leaves no trace, and a restart goes on as if nothing had happened. The set is bounded: by age, and by
//! number through a uniform sample of the busiest channel. A sample changes no ratio, because posts now and posts
//! in the baseline are thinned alike.

use std::collections::{BTreeMap, HashMap};

use bus::{AuthorKey, Channel, Correction, Enriched, Post, PostId, SentimentLabel, TextHash};
use serde::{Deserialize, Serialize};

use super::clock::{DAY, HOUR, WEEK, day_number};
use super::names::{Name, Names};
use super::near_duplicates::{Copy, Signature};
use super::terms::{self, Term, TermUse};
use super::voices;
use super::words::{Kind, Splitter, Word, hash, mix};
use crate::retention::Retention;

/// How long posts are remembered: the longest window, its baseline and the day between them.
pub(super) const DAYS_KEPT: i64 = 36;
const KEPT: i64 = DAYS_KEPT * DAY;
/// How long their texts are remembered, for labels and quotes.
const TEXT_KEPT: i64 = 8 * DAY;
/// The longest text remembered, in bytes.
const TEXT_BYTES: usize = 600;
/// Voices that a meeting has at most beside those who were named: notes often leave the names out, and one room must not
/// sound like many.
const UNNAMED_HEARD: u64 = 3;
/// Posts dated further than this after they were collected have a wrong clock and are left out.
const FUTURE_ALLOWED: i64 = HOUR;

/// One post, as small as it can be.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(super) struct StoredPost {
    pub(super) id: [u8; 16],
    /// The beginning of the hash of its text: what staff say of another text is not about it.
    words: u32,
    /// Who speaks. Posts without an author speak for a few unnamed people of their meeting, or for their source.
    pub(super) who: u64,
    /// When, in seconds since 1970.
    pub(super) at: i64,
    pub(super) channel: Channel,
    pub(super) sentiment: Option<SentimentLabel>,
    pub(super) source: Name,
    pub(super) region: Option<Name>,
    pub(super) event: Option<Name>,
    /// How many people were at that meeting, if somebody noted it.
    pub(super) attendance: Option<u32>,
    /// Main subjects, surest first.
    pub(super) topics: [Option<Name>; 2],
    pub(super) signature: Option<Signature>,
    /// Sorted by term.
    pub(super) terms: Box<[TermUse]>,
    /// The beginning of the text, for the last days only.
    pub(super) text: Option<Box<str>>,
    /// What it is among its near-duplicates; set by [`voices::mark`].
    pub(super) copy: Copy,
}

impl StoredPost {
    /// Its id.
    pub(super) fn post_id(&self) -> PostId {
        PostId::from_bytes(self.id)
    }
}

/// The posts of one UTC day.
#[derive(Debug, Default, Serialize, Deserialize)]
pub(super) struct Day {
    pub(super) posts: Vec<StoredPost>,
    /// Whether the marks of its posts have to be set again.
    stale: bool,
}

/// The bounded set of posts.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Posts {
    days: BTreeMap<i64, Day>,
    pub(super) names: Names,
    newest: Option<i64>,
    /// By channel: a post is kept when this many leading bits of its sampling hash are zero.
    thinning: BTreeMap<Channel, u32>,
    limit: usize,
    /// Which channels are remembered for less than [`DAYS_KEPT`].
    #[serde(skip)]
    retention: Retention,
    #[serde(skip)]
    places: HashMap<[u8; 16], Place>,
    #[serde(skip)]
    reader: TextReader,
}

#[derive(Clone, Copy, Debug)]
struct Place {
    day: i64,
    index: usize,
}

/// Buffers of the hot path.
#[derive(Debug, Default)]
struct TextReader {
    splitter: Splitter,
    words: Vec<Word>,
    terms: Vec<Term>,
}

impl TextReader {
    /// Splits `text` into words. The name of the place where a meeting is held says nothing about the subject.
    fn read(&mut self, text: &str, meeting_place: Option<&str>) {
        let mut place = Vec::new();
        self.splitter.split(meeting_place.unwrap_or_default(), &mut place);
        self.splitter.split(text, &mut self.words);
        for word in self.words.iter_mut().filter(|word| place.iter().any(|named| named.hash == word.hash)) {
            word.kind = Kind::Stop;
        }
    }
}

impl Posts {
    /// An empty set of at most `max_posts`, none older than `retention` permits.
    pub(super) fn new(max_posts: usize, retention: Retention) -> Self {
        Self {
            days: BTreeMap::new(),
            names: Names::default(),
            newest: None,
            thinning: BTreeMap::new(),
            limit: max_posts.max(1),
            retention,
            places: HashMap::new(),
            reader: TextReader::default(),
        }
    }

    /// Finishes reading a saved set: finds again what is not saved.
    pub(super) fn restored(mut self, max_posts: usize, retention: Retention) -> Self {
        self.limit = max_posts.max(1);
        self.retention = retention;
        self.names.restore();
        for (&day, posts) in &self.days {
            let places = posts.posts.iter().enumerate().map(|(index, post)| (post.id, Place { day, index }));
            self.places.extend(places);
        }
        self.forget();
        self
    }

    /// For how long posts of a channel are remembered, in seconds.
    fn kept(&self, channel: Channel) -> i64 {
        self.retention.days(channel).map_or(KEPT, |days| KEPT.min(i64::from(days) * DAY))
    }

    /// The newest event time seen.
    pub(super) fn newest(&self) -> Option<i64> {
        self.newest
    }

    /// How many posts are remembered.
    pub(super) fn len(&self) -> usize {
        self.places.len()
    }

    /// Days of event time from the oldest remembered post to the newest, both counted.
    pub(super) fn days_seen(&self) -> i64 {
        let oldest = self.days.iter().find(|(_, day)| !day.posts.is_empty());
        oldest.zip(self.newest).map_or(0, |((&oldest, _), newest)| day_number(newest) - oldest + 1)
    }

    /// Adds a post, or replaces the one with its id.
    pub(super) fn upsert(&mut self, enriched: &Enriched) {
        let post = &enriched.post;
        let at = post.created_at.as_second();
        self.remove(post.id);
        if at > post.collected_at.as_second() + FUTURE_ALLOWED || !self.is_sampled(post.channel, post.id.as_bytes()) {
            return;
        }
        let newest = self.newest.map_or(at, |newest| newest.max(at));
        if at <= newest - self.kept(post.channel) {
            return;
        }
        let stored = self.store(enriched, at, at > newest - TEXT_KEPT);
        let day = day_number(at);
        let posts = &mut self.days.entry(day).or_default().posts;
        self.places.insert(stored.id, Place { day, index: posts.len() });
        posts.push(stored);
        self.touch(day);
        if self.newest.is_none_or(|before| day_number(before) < day_number(newest)) {
            self.newest = Some(newest);
            self.forget();
        }
        self.newest = Some(newest);
        if self.places.len() > self.limit {
            self.thin();
        }
    }

    /// Sets the tags of a post as staff said, if it is known with the text that they saw.
    pub(super) fn correct(&mut self, correction: &Correction) {
        let Some(place) = self.places.get(correction.post.as_bytes()).copied() else { return };
        let day = self.days.get_mut(&place.day).expect("places name days that exist");
        let post = &mut day.posts[place.index];
        if post.words != beginning_of(correction.text) {
            return;
        }
        if let Some(said) = &correction.sentiment {
            post.sentiment = said.to;
        }
        if let Some(said) = &correction.places {
            let region = said.to.iter().find_map(|place| place.region.as_deref());
            post.region = region.map(|region| self.names.intern(region));
        }
        if let Some(said) = &correction.topics {
            let mut topics = said.to.iter().map(|topic| self.names.intern(topic));
            post.topics = [topics.next(), topics.next()];
            terms::replace_topics(&mut post.terms, said.to.iter().map(String::as_str));
        }
        self.touch(place.day);
    }

    /// Removes a post, if it is known.
    pub(super) fn remove(&mut self, id: PostId) {
        let Some(place) = self.places.remove(id.as_bytes()) else { return };
        let posts = &mut self.days.get_mut(&place.day).expect("places name days that exist").posts;
        posts.swap_remove(place.index);
        if let Some(moved) = posts.get(place.index) {
            self.places.insert(moved.id, place);
        }
        self.touch(place.day);
    }

    /// The post with this id, if it is known.
    pub(super) fn find(&self, id: PostId) -> Option<&StoredPost> {
        self.places.get(id.as_bytes()).map(|place| &self.days[&place.day].posts[place.index])
    }

    /// All posts, by day.
    pub(super) fn all(&self) -> impl Iterator<Item = &StoredPost> {
        self.days.values().flat_map(|day| &day.posts)
    }

    /// The ids of the posts for which this holds.
    pub(super) fn ids(&self, holds: impl Fn(&StoredPost) -> bool) -> Vec<PostId> {
        self.all().filter(|post| holds(post)).map(StoredPost::post_id).collect()
    }

    /// Removes everything that an author said, and names it.
    pub(super) fn erase(&mut self, author: AuthorKey) -> Vec<PostId> {
        let who = who_is(&author);
        let theirs = self.ids(|post| post.who == who);
        for &id in &theirs {
            self.remove(id);
        }
        theirs
    }

    /// Sets the marks (copies, voices) of the posts of every day that has changed.
    pub(super) fn refresh(&mut self) {
        let stale: Vec<i64> = self.days.iter().filter(|(_, day)| day.stale).map(|(&day, _)| day).collect();
        for number in stale {
            let mut day = self.days.remove(&number).unwrap_or_default();
            let before = self.days.get(&(number - 1)).map_or(&[][..], |day| &day.posts);
            voices::mark(before, &mut day.posts);
            day.stale = false;
            self.days.insert(number, day);
        }
    }

    /// All posts up to `as_of` in order of time. Call [`Posts::refresh`] first.
    pub(super) fn in_order(&self, as_of: i64) -> Vec<&StoredPost> {
        let mut posts: Vec<&StoredPost> = Vec::with_capacity(self.places.len());
        posts.extend(self.days.values().flat_map(|day| &day.posts).filter(|post| post.at <= as_of));
        posts.sort_by_key(|post| (post.at, post.id));
        posts
    }

    fn store(&mut self, enriched: &Enriched, at: i64, with_text: bool) -> StoredPost {
        let post = &enriched.post;
        // The title of a contribution to a meeting is the name of the meeting, which nobody in it said.
        let title = post.title.as_deref().filter(|title| post.event.is_none() && !post.text.starts_with(title));
        let joined = title.map(|title| format!("{title}\n{}", post.text));
        let text = joined.as_deref().unwrap_or(&post.text);
        self.reader.read(text, post.place_hint.as_deref().filter(|_| post.event.is_some()));
        let TextReader { words, terms, .. } = &mut self.reader;
        let mut topics = enriched.topics.iter().map(|tag| self.names.intern(&tag.topic));
        StoredPost {
            id: *post.id.as_bytes(),
            words: beginning_of(TextHash::of(post)),
            who: speaker(post),
            at,
            channel: post.channel,
            sentiment: enriched.sentiment.map(|sentiment| sentiment.label),
            topics: [topics.next(), topics.next()],
            source: self.names.intern(post.source.as_str()),
            region: enriched.region().map(|region| self.names.intern(region)),
            event: post.event.as_ref().map(|event| self.names.intern(event.as_str())),
            attendance: post.attendance,
            signature: Signature::of(words),
            terms: terms::distinct(words, enriched.topics.iter().map(|tag| tag.topic.as_str()), terms),
            text: with_text.then(|| beginning(text).into()),
            copy: Copy::SINGLE,
        }
    }

    fn touch(&mut self, day: i64) {
        // What is a voice on a day depends on the 24 hours before.
        for number in [day, day + 1] {
            if let Some(day) = self.days.get_mut(&number) {
                day.stale = true;
            }
        }
    }

    /// Drops what has become too old.
    fn forget(&mut self) {
        let Some(newest) = self.newest else { return };
        let first = day_number(newest - KEPT);
        while let Some(entry) = self.days.first_entry().filter(|entry| *entry.key() < first) {
            for post in entry.remove().posts {
                self.places.remove(&post.id);
            }
        }
        self.forget_by_channel(newest);
        self.give_back(day_number(newest));
        let first_text = day_number(newest - TEXT_KEPT);
        for (_, day) in self.days.range_mut(..first_text) {
            for post in &mut day.posts {
                post.text = None;
            }
        }
    }

    /// Drops the posts of channels that are kept for less time, to the day.
    fn forget_by_channel(&mut self, newest: i64) {
        if self.retention.keeps_all() {
            return;
        }
        let too_old = |post: &&StoredPost| day_number(post.at) < day_number(newest - self.kept(post.channel));
        let posts = self.days.values().flat_map(|day| &day.posts);
        let gone: Vec<PostId> = posts.filter(too_old).map(StoredPost::post_id).collect();
        for id in gone {
            self.remove(id);
        }
    }

    /// Halves the sample of the channel that has the most posts.
    fn thin(&mut self) {
        let mut counts: BTreeMap<Channel, usize> = BTreeMap::new();
        for post in self.days.values().flat_map(|day| &day.posts) {
            *counts.entry(post.channel).or_default() += 1;
        }
        let Some((busiest, _)) = counts.into_iter().max_by_key(|&(_, count)| count) else { return };
        *self.thinning.entry(busiest).or_default() += 1;
        let posts = self.days.values().flat_map(|day| &day.posts).filter(|post| post.channel == busiest);
        let dropped: Vec<PostId> =
            posts.filter(|post| !self.is_sampled(busiest, &post.id)).map(StoredPost::post_id).collect();
        for id in dropped {
            self.remove(id);
        }
        self.give_back(i64::MAX);
    }

    /// Gives back the memory that days before `day` kept for posts to come.
    fn give_back(&mut self, day: i64) {
        for (_, day) in self.days.range_mut(..day) {
            day.posts.shrink_to_fit();
        }
    }

    fn is_sampled(&self, channel: Channel, id: &[u8; 16]) -> bool {
        let bits = self.thinning.get(&channel).copied().unwrap_or(0);
        bits == 0 || mix(u64::from(hash(id))).leading_zeros() >= bits
    }
}

/// Who speaks in a post: its author; without one, one of the unnamed people of its meeting, or else its source.
fn speaker(post: &Post) -> u64 {
    match (&post.author, &post.event) {
        (Some(author), _) => who_is(author),
        (None, Some(event)) => {
            let unnamed = u64::from(post.id.as_bytes()[0]) % UNNAMED_HEARD;
            mix(u64::from(hash(event.as_str().as_bytes())) | (1 + 2 * unnamed) << 40)
        }
        (None, None) => mix(u64::from(hash(post.source.as_str().as_bytes())) | 1 << 43),
    }
}

/// What is kept of the hash of a text.
fn beginning_of(text: TextHash) -> u32 {
    let (head, _) = text.as_bytes().split_first_chunk().expect("a hash has 16 bytes");
    u32::from_le_bytes(*head)
}

fn who_is(author: &AuthorKey) -> u64 {
    u64::from_le_bytes(author.as_bytes()[..8].try_into().expect("a key of 16 bytes has 8 first bytes"))
}

/// The first bytes of a text, cut between characters.
fn beginning(text: &str) -> &str {
    &text[..text.floor_char_boundary(TEXT_BYTES)]
}

const _: () = assert!(KEPT >= WEEK + 28 * DAY, "the longest window and its baseline must fit");
