//! What staff say about the tags of a post, in place of what the machine said.
//!
//! A correction belongs to a post and to its text as staff saw it: an edit with another text gets the machine's tags. Of
//! several corrections of a post the latest counts, tag by tag, so that neither their order nor their being delivered
//! twice changes what comes out. They travel the bus as [`crate::Change::Correct`], and are kept for good in the bus topic
//! `corrections`, from which every enricher knows them when the same text is delivered again.

mod verdict;

use std::collections::HashMap;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{PostId, TextHash};
use crate::log::{Bus, BusError, BusTopic};
use crate::post::{Enriched, Place, Post, Sentiment, SentimentLabel, TopicTag};
use crate::record::Record;
use crate::walk::Walk;
pub use verdict::{MAX_BY, MAX_VALUES, MAX_WHY, Verdict, VerdictError};

/// What staff say about the tags of one post. Tags that are absent stay as the machine set them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Correction {
    /// The post.
    pub post: PostId,
    /// Its text, as it was when it was corrected.
    pub text: TextHash,
    /// The language as an ISO 639-1 code, `None` for unknown.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<Ruling<Option<String>>>,
    /// How it feels, `None` for what has no feeling.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<Ruling<Option<SentimentLabel>>>,
    /// What it is about; slugs of `config/topics.toml`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub topics: Option<Ruling<Vec<String>>>,
    /// Where it is about.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub places: Option<Ruling<Vec<Place>>>,
}

/// What one tag is to be, who says so, and why.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Ruling<T> {
    /// What the tag is to be.
    pub to: T,
    /// Who says so: a role or an account of the staff.
    pub by: String,
    /// Why, in their own words.
    pub why: String,
    /// When it was said (UTC).
    pub at: Timestamp,
}

/// The tags of a post.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub struct Tags {
    /// As [`Enriched::language`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub language: Option<String>,
    /// As [`Enriched::sentiment`].
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub sentiment: Option<Sentiment>,
    /// As [`Enriched::topics`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub topics: Vec<TopicTag>,
    /// As [`Enriched::places`].
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub places: Vec<Place>,
}

/// What a post that was corrected carries beside its tags.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub struct Corrected {
    /// The tags that the machine had set.
    pub was: Tags,
    /// What staff said.
    pub said: Correction,
}

impl Correction {
    /// A correction of `post` that says nothing yet.
    pub fn of(post: &Post) -> Self {
        Self { post: post.id, text: TextHash::of(post), language: None, sentiment: None, topics: None, places: None }
    }

    /// Whether it leaves every tag as it is.
    pub fn is_empty(&self) -> bool {
        self.language.is_none() && self.sentiment.is_none() && self.topics.is_none() && self.places.is_none()
    }

    /// Takes from `other`, which is about the same text of the same post, what was said later than here.
    pub fn merge(&mut self, other: &Self) {
        debug_assert_eq!((self.post, self.text), (other.post, other.text), "corrections of different posts");
        later(&mut self.language, other.language.as_ref());
        later(&mut self.sentiment, other.sentiment.as_ref());
        later(&mut self.topics, other.topics.as_ref());
        later(&mut self.places, other.places.as_ref());
    }

    /// Sets the tags of `post`, if it is the post and the text that was corrected. Says whether anything changed.
    pub fn apply(&self, post: &mut Enriched) -> bool {
        if post.post.id != self.post || TextHash::of(&post.post) != self.text || self.is_empty() {
            return false;
        }
        let mut said = self.clone();
        let was = match post.corrected.take() {
            // What was said about another text went with that.
            Some(before) if before.said.text == self.text => {
                said.merge(&before.said);
                if said == before.said {
                    post.corrected = Some(before);
                    return false;
                }
                before.was
            }
            _ => Tags::of(post),
        };
        said.set(&was, post);
        post.corrected = Some(Box::new(Corrected { was, said }));
        true
    }

    /// Sets the tags of `post` to what they were, and to what is said here of them.
    fn set(&self, was: &Tags, post: &mut Enriched) {
        let Tags { language, sentiment, topics, places } = was.clone();
        post.language = self.language.as_ref().map_or(language, |ruling| ruling.to.clone());
        post.sentiment = self.sentiment.as_ref().map_or(sentiment, |ruling| ruling.to.map(Sentiment::sure));
        post.topics = self.topics.as_ref().map_or(topics, |ruling| topics_said(&ruling.to, &was.topics));
        post.places = self.places.as_ref().map_or(places, |ruling| ruling.to.clone());
    }

    /// The record that carries it in the bus topic `corrections`.
    pub fn to_record(&self) -> Record {
        let payload = serde_json::to_vec(self).expect("it holds only text, numbers and times, which JSON can say");
        Record { key: Some(self.post), payload }
    }
}

/// The tags for these topics; one that the machine found as well keeps the feeling of its own sentences.
fn topics_said(said: &[String], found: &[TopicTag]) -> Vec<TopicTag> {
    let tag = |topic: &String| {
        let sentiment = found.iter().find(|tag| tag.topic == *topic).and_then(|tag| tag.sentiment);
        TopicTag { topic: topic.clone(), confidence: 1.0, sentiment }
    };
    said.iter().map(tag).collect()
}

impl Tags {
    /// The tags of `post`.
    pub fn of(post: &Enriched) -> Self {
        let Enriched { language, sentiment, topics, places, .. } = post;
        Self { language: language.clone(), sentiment: *sentiment, topics: topics.clone(), places: places.clone() }
    }
}

/// Keeps the later of two rulings. Those of one moment are told apart by what they say, so that every reader keeps the same.
fn later<T: Clone + Serialize>(kept: &mut Option<Ruling<T>>, other: Option<&Ruling<T>>) {
    let order = |ruling: &Ruling<T>| (ruling.at, serde_json::to_string(ruling).unwrap_or_default());
    if let Some(other) = other
        && kept.as_ref().is_none_or(|kept| order(kept) < order(other))
    {
        *kept = Some(other.clone());
    }
}

/// What staff have said, by post and text. A few hundred bytes for each post that was corrected.
#[derive(Clone, Debug, Default)]
pub struct Corrections {
    said: HashMap<(PostId, TextHash), Correction>,
}

impl Corrections {
    /// Everything that the bus has kept. Records that cannot be read are passed over, and counted in the log.
    ///
    /// # Errors
    /// [`BusError`].
    pub async fn load(bus: &dyn Bus) -> Result<Self, BusError> {
        let mut corrections = Self::default();
        for correction in list(bus).await? {
            corrections.add(&correction);
        }
        Ok(corrections)
    }

    /// Adds what is said in `correction`.
    pub fn add(&mut self, correction: &Correction) {
        let kept = self.said.entry((correction.post, correction.text)).or_insert_with(|| correction.clone());
        kept.merge(correction);
    }

    /// Everything that was said about the text that `correction` is about: readers that keep no such list need no more.
    pub fn whole(&self, correction: &Correction) -> Correction {
        let mut whole = correction.clone();
        if let Some(said) = self.said.get(&(correction.post, correction.text)) {
            whole.merge(said);
        }
        whole
    }

    /// Sets the tags of `post` as staff said, if they did. Says whether anything changed.
    pub fn apply(&self, post: &mut Enriched) -> bool {
        // Most posts were never corrected: their text is not hashed.
        if self.said.is_empty() {
            return false;
        }
        self.said.get(&(post.post.id, TextHash::of(&post.post))).is_some_and(|correction| correction.apply(post))
    }
}

/// Every correction that the bus has kept, by partition in the order of being made; delivered twice, it is there twice.
///
/// # Errors
/// [`BusError`].
pub async fn list(bus: &dyn Bus) -> Result<Vec<Correction>, BusError> {
    // A group of its own that commits nothing reads everything, and leaves no trace.
    let group = format!("corrections-{}-{}", std::process::id(), Timestamp::now().as_nanosecond());
    let mut corrections = Vec::new();
    let mut unreadable = 0_u64;
    let mut walk = Walk::begin(bus, BusTopic::Corrections, &group).await?;
    while let Some(records) = walk.next().await? {
        for record in records {
            match serde_json::from_slice(&record.payload) {
                Ok(correction) => corrections.push(correction),
                Err(_) => unreadable += 1,
            }
        }
    }
    if unreadable > 0 {
        tracing::warn!(unreadable, "corrections that a newer Discovery wrote are passed over");
    }
    Ok(corrections)
}

#[cfg(test)]
mod tests;
