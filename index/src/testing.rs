//! Posts, and numbers to make them of, for this crate's own tests, the benchmarks, and the conformance suite of
//! [`crate::Analytics`].

use std::time::Duration;

use bus::{
    AuthorKey, Change, Channel, Enriched, EventId, Place, PlaceKind, Post, PostId, Ruling, Sentiment, SentimentLabel,
    SourceId, TopicTag,
};
use jiff::Timestamp;

use crate::trends::{Detector, TrendsConfig};

/// Numbers that look random and are always the same (a linear congruential generator, with Knuth's constants for MMIX).
#[derive(Clone, Copy, Debug)]
pub struct Numbers(pub u64);

impl Numbers {
    /// The next number, from 0 to below `bound`.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % bound
    }

    /// The next of about 8,000 words, as a number. Small numbers are the likelier, as with words in a language: one in three
    /// is below 30.
    pub fn word(&mut self) -> u64 {
        let (a, b, c) = (self.below(20), self.below(20), self.below(20));
        if self.below(3) == 0 { self.below(30) } else { a * b * c }
    }
}

/// A post to be described further: number `n`, said by nobody at 2026-11-02T09:00:00Z on a social network.
pub fn post(n: u64) -> PostBuilder {
    let source: SourceId = "test-source".parse().expect("the literal is a slug");
    let at: Timestamp = "2026-11-02T09:00:00Z".parse().expect("the literal is a time");
    PostBuilder(Enriched::untagged(Post {
        id: PostId::new(&source, &n.to_string()),
        source,
        channel: Channel::Social,
        author: None,
        created_at: at,
        collected_at: at,
        text: format!("post number {n}"),
        title: None,
        url: None,
        language_hint: None,
        place_hint: None,
        event: None,
        attendance: None,
    }))
}

/// A post in the making.
#[derive(Clone, Debug)]
pub struct PostBuilder(Enriched);

impl PostBuilder {
    /// The text.
    #[must_use]
    pub fn text(mut self, text: &str) -> Self {
        text.clone_into(&mut self.0.post.text);
        self
    }

    /// The title.
    #[must_use]
    pub fn title(mut self, title: &str) -> Self {
        self.0.post.title = Some(title.to_owned());
        self
    }

    /// The author, by number.
    #[must_use]
    pub fn author(mut self, author: u64) -> Self {
        self.0.post.author = Some(author_key(author));
        self
    }

    /// When it was said.
    #[must_use]
    pub fn at(mut self, created_at: Timestamp) -> Self {
        self.0.post.created_at = created_at;
        self
    }

    /// The channel.
    #[must_use]
    pub fn channel(mut self, channel: Channel) -> Self {
        self.0.post.channel = channel;
        self
    }

    /// The source.
    #[must_use]
    pub fn source(mut self, source: &str) -> Self {
        self.0.post.source = source.parse().expect("tests give a slug");
        self
    }

    /// The meeting.
    #[must_use]
    pub fn event(mut self, event: &str) -> Self {
        self.0.post.event = Some(event.parse::<EventId>().expect("tests give an event id"));
        self
    }

    /// How many people were at the meeting.
    #[must_use]
    pub fn attendance(mut self, people: u32) -> Self {
        self.0.post.attendance = Some(people);
        self
    }

    /// The region of its only place.
    #[must_use]
    pub fn region(mut self, region: &str) -> Self {
        let (kind, name) = (PlaceKind::Region, region.to_owned());
        self.0.places = vec![Place { kind, name, region: Some(region.to_owned()), confidence: 0.9 }];
        self
    }

    /// The topics.
    #[must_use]
    pub fn topics(mut self, topics: &[&str]) -> Self {
        self.0.topics = topics
            .iter()
            .map(|&topic| TopicTag { topic: topic.to_owned(), confidence: 0.8, sentiment: None })
            .collect();
        self
    }

    /// The feeling.
    #[must_use]
    pub fn feeling(mut self, label: SentimentLabel) -> Self {
        self.0.sentiment = Some(Sentiment { label, score: 0.5, probability: 0.7 });
        self
    }

    /// The language.
    #[must_use]
    pub fn language(mut self, code: &str) -> Self {
        self.0.language = Some(code.to_owned());
        self
    }

    /// The post.
    pub fn build(self) -> Enriched {
        self.0
    }
}

/// The moment of [`rising`].
pub const RISING_AT: Timestamp = Timestamp::constant(1_793_610_000, 0);

/// A detector that has heard thirty days of ordinary talk at three sources until [`RISING_AT`], in which for a day the source `one` speaks of
/// insulin pens in the south-west (posts 50,000 to 50,029), and all of them of a broken lift in London (60,000 to 60,029).
pub fn rising() -> Detector {
    const SOURCES: [&str; 3] = ["one", "two", "three"];
    const PENS: [&str; 3] = ["insulin pens out of stock", "no insulin pens anywhere", "insulin pens shortage again"];
    const LIFT: [&str; 3] = ["hospital lift broken", "lift at the hospital broken again", "broken hospital lift"];
    let mut numbers = Numbers(7);
    let mut detector = Detector::new(TrendsConfig::default());
    let mut say = |number: u64, seconds_ago: u64, source: &str, region: &str, text: &str| {
        let at = RISING_AT - Duration::from_secs(seconds_ago);
        let made = post(number).author(number).at(at).source(source).region(region).text(text);
        detector.observe(&Change::Upsert(made.build()));
    };
    let mut words = |many: u64| (0..many).map(|_| format!("w{}x", numbers.below(4_000))).collect::<Vec<_>>().join(" ");
    for (number, source) in (0..6_000).zip(SOURCES.into_iter().cycle()) {
        say(number, number * 432 + 7, source, "london", &words(6));
    }
    for (nth, (source, (pens, lift))) in (0..30).zip(SOURCES.into_iter().zip(PENS.into_iter().zip(LIFT)).cycle()) {
        say(50_000 + nth, nth * 2_700 + 60, "one", "south-west", &format!("{} {pens} {}", words(2), words(3)));
        say(60_000 + nth, nth * 2_700 + 60, source, "london", &format!("{} {lift} {}", words(2), words(3)));
    }
    detector
}

/// The pseudonym of author number `n`.
pub fn author_key(n: u64) -> AuthorKey {
    let mut bytes = [0; 16];
    bytes.copy_from_slice(&blake3::hash(&n.to_le_bytes()).as_bytes()[..16]);
    AuthorKey::from_bytes(bytes)
}

/// What staff said on 2 November 2026 about a tag.
pub fn ruling<T>(to: T) -> Ruling<T> {
    let at = "2026-11-02T10:00:00Z".parse().expect("the literal is a time");
    Ruling { to, by: "analyst".to_owned(), why: "read it again".to_owned(), at }
}
