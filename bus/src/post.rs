//! What travels: a post as it was collected, and the same post with its tags.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::correction::Corrected;
use crate::id::{AuthorKey, EventId, PostId, SourceId};

/// One thing that somebody said in public, redacted and pseudonymous.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Post {
    /// Identity, stable over re-delivery.
    pub id: PostId,
    /// The configured source that it came from.
    pub source: SourceId,
    /// What kind of place it was said in.
    pub channel: Channel,
    /// Who said it, as a pseudonym; `None` where the source names nobody.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub author: Option<AuthorKey>,
    /// When it was said, as the source tells (UTC).
    pub created_at: Timestamp,
    /// When Discovery collected it (UTC).
    pub collected_at: Timestamp,
    /// What was said: plain text without markup, redacted before it reaches the bus.
    pub text: String,
    /// The headline, where there is one; redacted as well.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub title: Option<String>,
    /// Where it can be read in its context.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub url: Option<String>,
    /// The language the source claims, as a BCP 47 tag.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language_hint: Option<String>,
    /// Where the source or the meeting is, in words ("Leeds").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub place_hint: Option<String>,
    /// The offline meeting that it was said at.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub event: Option<EventId>,
    /// How many people were at that meeting, of whom perhaps only some spoke; `None` where nobody noted it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub attendance: Option<u32>,
}

/// What kind of place a post was said in: "source type" on screen.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Channel {
    /// Social networks.
    Social,
    /// Discussion forums.
    Forum,
    /// News, blogs and announcements.
    News,
    /// Transcripts and notes of meetings held in a room.
    Offline,
    /// Comments under something else.
    Comment,
}

impl Channel {
    /// Every channel, in the order shown on screen.
    pub const ALL: [Self; 5] = [Self::Social, Self::Forum, Self::News, Self::Comment, Self::Offline];

    /// The name used in files, URLs and the API.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Social => "social",
            Self::Forum => "forum",
            Self::News => "news",
            Self::Offline => "offline",
            Self::Comment => "comment",
        }
    }

    /// The channel that [`Channel::slug`] names.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|channel| channel.slug() == slug)
    }
}

/// A post with its tags. Everything that enrichment adds can be computed again from `post`.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Enriched {
    /// The post itself.
    pub post: Post,
    /// The language it is written in as an ISO 639-1 code ("en", "cy"), or `None` when not known for sure.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// How it feels, or `None` where it was not scored (sentiment is scored for English only).
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<Sentiment>,
    /// What it is about, surest first; slugs of `config/topics.toml`.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<TopicTag>,
    /// Where it is about, surest first.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
    /// What the tags were, and what staff said, where they corrected them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub corrected: Option<Box<Corrected>>,
}

impl Enriched {
    /// The post with no tags yet.
    pub fn untagged(post: Post) -> Self {
        Self { post, language: None, sentiment: None, topics: Vec::new(), places: Vec::new(), corrected: None }
    }

    /// The NHS region of the surest place that has one, as a slug of `config/places/regions.csv`.
    pub fn region(&self) -> Option<&str> {
        self.places.iter().find_map(|place| place.region.as_deref())
    }
}

/// The feeling of a post as a whole.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub struct Sentiment {
    /// The most probable of the three.
    pub label: SentimentLabel,
    /// From -1 (as negative as can be) to 1: the probability of positive less that of negative.
    pub score: f32,
    /// How probable the label is, from 0 to 1; nought in records from before it was known.
    #[serde(default)]
    pub probability: f32,
}

impl Sentiment {
    /// The feeling that a person has told: as sure as can be.
    pub fn sure(label: SentimentLabel) -> Self {
        let score = match label {
            SentimentLabel::Negative => -1.0,
            SentimentLabel::Neutral => 0.0,
            SentimentLabel::Positive => 1.0,
        };
        Self { label, score, probability: 1.0 }
    }
}

/// Three kinds of feeling; what was not scored has no [`Sentiment`] at all.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum SentimentLabel {
    /// Complaint, worry, anger, grief.
    Negative,
    /// Neither, or as much of one as of the other.
    Neutral,
    /// Praise, thanks, relief.
    Positive,
}

impl SentimentLabel {
    /// All three, in the order shown on screen.
    pub const ALL: [Self; 3] = [Self::Negative, Self::Neutral, Self::Positive];

    /// The name used in files, URLs and the API.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Negative => "negative",
            Self::Neutral => "neutral",
            Self::Positive => "positive",
        }
    }

    /// The label that [`SentimentLabel::slug`] names.
    pub fn from_slug(slug: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|label| label.slug() == slug)
    }
}

/// One subject of a post.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct TopicTag {
    /// The topic's slug in `config/topics.toml`.
    pub topic: String,
    /// How sure: 0 to 1.
    pub confidence: f32,
    /// How the parts of the post that are about it feel, where they could be told ("parking: negative, staff: positive").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<SentimentLabel>,
}

/// One place that a post is about.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Place {
    /// What kind of place.
    pub kind: PlaceKind,
    /// Its name ("Leeds", "Leeds Teaching Hospitals NHS Trust", "LS6").
    pub name: String,
    /// The NHS region that it lies in, as a slug ("north-east-and-yorkshire").
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub region: Option<String>,
    /// How sure: 0 to 1. A place that only the source hints at is less sure than one in the text.
    pub confidence: f32,
}

/// What kind of place a [`Place`] is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum PlaceKind {
    /// One of the seven NHS regions of England.
    Region,
    /// An integrated care board.
    Icb,
    /// An NHS trust.
    Trust,
    /// A hospital.
    Hospital,
    /// A town, city or local authority.
    Town,
    /// A postcode district ("LS6"); never a full postcode.
    PostcodeDistrict,
}
