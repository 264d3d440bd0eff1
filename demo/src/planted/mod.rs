//! Labelled streams that are harder than the demonstration, for measuring the trend detector.
//!
//! The ordinary talk of the conversation goes on for eight weeks, without its own plan. Into the last five weeks are planted
//! issues that people put in a dozen ways with hardly a word in common (`phrases/planted.txt`), and decoys: a slow-drip
//! brigade, one of 200 accounts that paraphrases, one that hijacks a genuine issue, a scripted meeting, a celebrity, copies, a
//! loud account, a weekly habit. Some posts arrive late, some twice. The volume may swing, or a channel fall silent for a month.

mod plan;
mod wording;

use bus::Channel;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;

use crate::conversation::Conversation;
use crate::plan::DAYS_BEFORE_LIVE;
use crate::rng::Rng;
use plan::Ordinary;

/// What a stream goes through besides what is planted in it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Weather {
    /// The volume of ordinary talk falls to a quarter for a week, then rises to four times the usual for another.
    pub swing: bool,
    /// Nothing comes from the forums for four weeks.
    pub silence: bool,
}

/// A labelled stream: its posts in order of arrival, and what is planted in them.
#[derive(Clone, Debug, Serialize)]
pub struct PlantedStream {
    /// Every delivery; one post may come twice.
    #[serde(skip)]
    pub posts: Vec<PlantedPost>,
    /// What a detector should list.
    pub issues: Vec<PlantedTruth>,
    /// What it should not.
    pub decoys: Vec<PlantedTruth>,
    /// From when on lists count (UTC).
    pub score_from: Timestamp,
}

/// One delivery of a post. All of it is invented.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct PlantedPost {
    /// Its id, unique in the stream.
    pub id: String,
    /// When it was said (UTC).
    pub t: Timestamp,
    /// Where.
    pub channel: Channel,
    /// Its source.
    pub source: &'static str,
    /// The invented name of who says it.
    pub author: String,
    /// The meeting that it is said at.
    pub event: Option<String>,
    /// What it says.
    pub text: String,
    /// Its language as an ISO 639-1 code.
    pub lang: &'static str,
    /// The town that it is about.
    pub place: Option<&'static str>,
    /// The key of what it belongs to: the truth.
    #[serde(skip)]
    pub belongs_to: Option<&'static str>,
}

/// One planted issue or decoy.
#[derive(Clone, Debug, Serialize)]
pub struct PlantedTruth {
    /// Its name.
    pub key: &'static str,
    /// The first post (UTC).
    pub start: Timestamp,
    /// The last post (UTC).
    pub end: Timestamp,
    /// How an issue grows: "sudden", "medium", "slow" or "offline".
    #[serde(skip_serializing_if = "Option::is_none")]
    pub shape: Option<&'static str>,
    /// What a decoy is.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<&'static str>,
    /// The ids of its posts.
    pub posts: Vec<String>,
}

/// Days before lists count: a baseline has to be known.
const BEFORE: i64 = 21;
/// The part of the posts that come late, by up to 36 hours, and of those that come twice.
const LATE: f64 = 0.02;
const TWICE: f64 = 0.01;

/// The stream with this seed.
pub fn planted_stream(seed: u64, weather: Weather) -> PlantedStream {
    let end = Timestamp::constant(1_767_571_200, 0);
    let conversation = Conversation::new(seed, end);
    let mut rng = Rng::keyed(&[seed, 0x706c_616e]);
    let start = conversation.start();
    let mut posts: Vec<PlantedPost> = ordinary(conversation, end);
    posts.retain(|post| rng.chance(kept(day_of(post.t, start), weather)));
    let planted = plan::posts(&Ordinary { posts: &posts, start }, &mut rng);
    let truths = plan::truths(&planted);
    posts.extend(planted);
    posts.retain(|post| !is_silent(post, start, weather));

    let mut deliveries: Vec<(Timestamp, PlantedPost)> = Vec::with_capacity(posts.len());
    for post in posts {
        let mut late = || SignedDuration::from_secs_f64(36.0 * 3_600.0 * rng.unit());
        let (again, first) = (post.t + late(), late());
        if rng.chance(TWICE) {
            deliveries.push((again, post.clone()));
        }
        deliveries.push((if rng.chance(LATE) { post.t + first } else { post.t }, post));
    }
    deliveries.sort_by(|(one, a), (two, b)| one.cmp(two).then_with(|| a.id.cmp(&b.id)));
    let (issues, decoys) = truths.into_iter().partition(|truth: &PlantedTruth| truth.shape.is_some());
    PlantedStream {
        posts: deliveries.into_iter().map(|(_, post)| post).collect(),
        issues,
        decoys,
        score_from: start + SignedDuration::from_hours(24 * BEFORE),
    }
}

/// The ordinary talk until `end`, in rooms and online, without what the demonstration plans.
fn ordinary(conversation: Conversation, end: Timestamp) -> Vec<PlantedPost> {
    let all = conversation.posts_between(conversation.start(), end).filter(|post| post.belongs_to.is_none());
    all.map(|post| PlantedPost {
        id: format!("{}-{}", post.outlet, post.id.0),
        t: post.created_at,
        channel: post.channel,
        source: post.outlet,
        author: post.author,
        event: post.event,
        text: post.title.map_or(post.text.clone(), |title| format!("{title}\n{}", post.text)),
        lang: post.language,
        place: Some(post.place),
        belongs_to: None,
    })
    .collect()
}

/// The part of the ordinary posts that is kept on a day.
fn kept(day: f64, weather: Weather) -> f64 {
    const USUAL: f64 = 0.25;
    match day {
        _ if !weather.swing => 1.0,
        30.0..37.0 => USUAL / 4.0,
        40.0..47.0 => USUAL * 4.0,
        _ => USUAL,
    }
}

fn is_silent(post: &PlantedPost, start: Timestamp, weather: Weather) -> bool {
    let days = 14.0..42.0;
    weather.silence && post.channel == Channel::Forum && days.contains(&day_of(post.t, start))
}

/// Days since `start`.
fn day_of(at: Timestamp, start: Timestamp) -> f64 {
    at.duration_since(start).as_secs_f64() / 86_400.0
}

const _: () = assert!(BEFORE < DAYS_BEFORE_LIVE, "some days must be left to count");

#[cfg(test)]
mod tests {
    use std::collections::BTreeSet;

    use super::*;

    #[test]
    fn every_plan_is_in_the_stream_and_the_same_seed_gives_the_same_stream() {
        let stream = planted_stream(7, Weather { swing: true, silence: true });
        assert_eq!((stream.issues.len(), stream.decoys.len()), (11, 8));
        assert!(stream.issues.iter().all(|issue| issue.posts.len() >= 10 && issue.start >= stream.score_from));
        assert_eq!(stream.posts, planted_stream(7, Weather { swing: true, silence: true }).posts);
        assert_ne!(stream.posts, planted_stream(8, Weather { swing: true, silence: true }).posts);
    }

    #[test]
    fn some_posts_come_late_and_some_twice() {
        let stream = planted_stream(7, Weather { swing: true, silence: false });
        let ids: BTreeSet<&str> = stream.posts.iter().map(|post| post.id.as_str()).collect();
        assert!(ids.len() < stream.posts.len());
        assert!(stream.posts.windows(2).any(|two| two[1].t < two[0].t));
    }

    #[test]
    fn a_silent_channel_says_nothing() {
        let stream = planted_stream(7, Weather { swing: true, silence: true });
        let start = stream.score_from - SignedDuration::from_hours(24 * BEFORE);
        let forum = stream.posts.iter().filter(|post| post.channel == Channel::Forum);
        let days: Vec<f64> = forum.map(|post| day_of(post.t, start)).collect();
        assert!(days.iter().any(|&day| day < 14.0) && days.iter().any(|&day| day > 42.0));
        assert!(!days.iter().any(|&day| (14.0..42.0).contains(&day)));
    }
}
