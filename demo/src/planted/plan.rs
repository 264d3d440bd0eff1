//! When, where and by whom what is planted is said.

use bus::Channel;
use jiff::{SignedDuration, Timestamp};

use super::wording::{SUBJECTS, Subject};
use super::{PlantedPost, PlantedTruth, day_of};
use crate::rhythm::Hour;
use crate::rng::Rng;

/// The ordinary talk into which something is planted.
pub(super) struct Ordinary<'a> {
    pub(super) posts: &'a [PlantedPost],
    pub(super) start: Timestamp,
}

/// How something is said.
#[derive(Clone, Copy)]
struct Manner {
    /// How many posts.
    posts: usize,
    /// Days from the beginning of the stream.
    from: f64,
    /// Days that it lasts.
    lasts: f64,
    /// 1 for as much at every time, more to grow, less to fade.
    growth: f64,
    /// The part of the authors who are never heard otherwise.
    new: f64,
    /// Shares of social, forum, comment, news and offline.
    mix: [f64; 5],
    /// Whether people write by day, as people do.
    by_day: bool,
}

const CHANNELS: [Channel; 5] = [Channel::Social, Channel::Forum, Channel::Comment, Channel::News, Channel::Offline];
const USUAL_MIX: [f64; 5] = [64.0, 20.0, 8.0, 5.0, 3.0];
const SOCIAL: [f64; 5] = [1.0, 0.0, 0.0, 0.0, 0.0];
const ROOMS: [f64; 5] = [0.0, 0.0, 0.0, 0.0, 1.0];
/// The day on which the hijacked issue begins.
const HIJACKED_FROM: f64 = 33.0;
/// Every planted post.
pub(super) fn posts(ordinary: &Ordinary, rng: &mut Rng) -> Vec<PlantedPost> {
    let mut posts = Vec::new();
    for subject in &*SUBJECTS {
        match subject.shape {
            "single-author" => loud(ordinary, subject, rng, &mut posts),
            "weekly" => weekly(ordinary, subject, rng, &mut posts),
            "scripted" => scripted(ordinary, subject, rng, &mut posts),
            _ => spread(ordinary, subject, manner(subject, rng), rng, &mut posts),
        }
    }
    posts
}

/// What is planted, as the posts tell it.
pub(super) fn truths(posts: &[PlantedPost]) -> Vec<PlantedTruth> {
    let truth = |subject: &Subject| {
        let mine = || posts.iter().filter(|post| post.belongs_to == Some(subject.key));
        Some(PlantedTruth {
            key: subject.key,
            start: mine().map(|post| post.t).min()?,
            end: mine().map(|post| post.t).max()?,
            shape: subject.is_issue.then_some(subject.shape),
            kind: (!subject.is_issue).then_some(subject.shape),
            posts: mine().map(|post| post.id.clone()).collect(),
        })
    };
    SUBJECTS.iter().filter_map(truth).collect()
}

fn manner(subject: &Subject, rng: &mut Rng) -> Manner {
    let mut day = |low: usize, high: usize| rng.range(low, high) as f64 + rng.unit();
    let issue =
        |posts, from, lasts, growth| Manner { posts, from, lasts, growth, new: 0.45, mix: USUAL_MIX, by_day: true };
    let brigade = |posts, from, lasts| Manner { new: 1.0, mix: SOCIAL, ..issue(posts, from, lasts, 1.0) };
    match (subject.shape, subject.key) {
        ("sudden", _) => issue(100, day(22, 48), 2.5, 0.5),
        ("medium", "inhalers") => issue(110, HIJACKED_FROM, 9.0, 1.2),
        ("medium", _) => issue(100, day(22, 44), 9.0, 1.2),
        ("slow", _) => issue(120, day(22, 38), 14.0, 1.7),
        ("offline", _) => Manner { mix: ROOMS, ..issue(16, day(22, 44), 7.0, 1.0) },
        ("brigade", "drip") => brigade(90, 27.3, 1.9),
        ("brigade", _) => brigade(200, 36.3, 1.0),
        ("hijack", _) => brigade(120, HIJACKED_FROM + 3.2, 1.4),
        ("celebrity", _) => Manner { new: 0.1, ..brigade(200, 44.5, 0.3) },
        _ => Manner { by_day: false, ..brigade(300, 30.0, 0.15) },
    }
}

fn spread(ordinary: &Ordinary, subject: &Subject, manner: Manner, rng: &mut Rng, posts: &mut Vec<PlantedPost>) {
    let mut left = manner.posts;
    while left > 0 {
        let day = manner.from + manner.lasts * rng.unit().powf(1.0 / manner.growth);
        let at = ordinary.start + SignedDuration::from_secs_f64(day * 86_400.0);
        let channel = CHANNELS[rng.weighted(manner.mix.into_iter())];
        if channel != Channel::Offline && manner.by_day && !rng.chance(Hour::of(at).weight(channel) / 2.5) {
            continue;
        }
        left -= 1;
        let is_own = subject.shape != "copy-paste";
        posts.push(post(ordinary, subject, (channel, at, manner.new), is_own, posts.len(), rng));
    }
}

/// One account, one theme, at all hours.
fn loud(ordinary: &Ordinary, subject: &Subject, rng: &mut Rng, posts: &mut Vec<PlantedPost>) {
    for _ in 0..700 {
        let at = ordinary.start + SignedDuration::from_secs_f64((23.0 + 25.0 * rng.unit()) * 86_400.0);
        let said = post(ordinary, subject, (Channel::Social, at, 1.0), true, posts.len(), rng);
        posts.push(PlantedPost { author: "the-loud-one".to_owned(), ..said });
    }
}

/// Between seven and ten on the first day of every week.
fn weekly(ordinary: &Ordinary, subject: &Subject, rng: &mut Rng, posts: &mut Vec<PlantedPost>) {
    let mondays =
        (0..56).filter(|&day| Hour::of(ordinary.start + SignedDuration::from_hours(24 * day + 12)).weekday == 0);
    for day in mondays {
        for _ in 0..45 {
            let at = ordinary.start
                + SignedDuration::from_secs_f64((day as f64 + (7.0 + 3.0 * rng.unit()) / 24.0) * 86_400.0);
            posts.push(post(ordinary, subject, (Channel::Social, at, 0.2), true, posts.len(), rng));
        }
    }
}

/// Eight people at one meeting who read out what they were handed.
fn scripted(ordinary: &Ordinary, subject: &Subject, rng: &mut Rng, posts: &mut Vec<PlantedPost>) {
    let at = ordinary.start + SignedDuration::from_hours(24 * 40);
    let first = room(ordinary, at, rng);
    for minute in 0..8 {
        let said = post(ordinary, subject, (Channel::Social, first.t, 1.0), false, posts.len(), rng);
        let t = first.t + SignedDuration::from_mins(minute);
        posts.push(PlantedPost {
            t,
            channel: Channel::Offline,
            source: first.source,
            event: first.event.clone(),
            ..said
        });
    }
}

/// What somebody says about `subject` in a channel at a time.
fn post(
    ordinary: &Ordinary,
    subject: &Subject,
    (channel, at, new): (Channel, Timestamp, f64),
    is_own: bool,
    number: usize,
    rng: &mut Rng,
) -> PlantedPost {
    let like =
        if channel == Channel::Offline { room(ordinary, at, rng) } else { neighbour(ordinary, channel, at, rng) };
    let is_new = channel == Channel::Offline || rng.chance(new);
    let mut text = subject.say(is_own, rng);
    if is_own && rng.chance(0.7) {
        // People seldom keep to one subject, and no two of them go on in the same way.
        let aside = aside(&neighbour(ordinary, channel, at, rng).text);
        text = if rng.chance(0.5) { format!("{aside} {text}") } else { format!("{text} {aside}") };
    }
    PlantedPost {
        id: format!("planted-{number}"),
        t: if channel == Channel::Offline { like.t + SignedDuration::from_secs(20) } else { at },
        channel,
        source: like.source,
        author: if is_new { format!("{}-{number}", subject.key) } else { like.author.clone() },
        event: like.event.clone(),
        text,
        lang: "en",
        place: Some(like.place.unwrap_or("Leeds")).filter(|_| rng.chance(0.5)),
        belongs_to: Some(subject.key),
    }
}

/// An ordinary post of `channel`, whose author and source the planted one takes.
fn neighbour<'a>(ordinary: &Ordinary<'a>, channel: Channel, at: Timestamp, rng: &mut Rng) -> &'a PlantedPost {
    let known = crate::rng::whole(day_of(at, ordinary.start) / 56.0 * ordinary.posts.len() as f64);
    loop {
        let post = &ordinary.posts[rng.below(known.clamp(1, ordinary.posts.len()))];
        if post.channel == channel {
            return post;
        }
    }
}

/// The first sentence of a text, or its first words.
fn aside(text: &str) -> String {
    let line = text.lines().next().unwrap_or_default();
    let sentence = line.split_inclusive(['.', '?', '!']).next().unwrap_or_default();
    sentence.split_whitespace().take(14).collect::<Vec<_>>().join(" ")
}

/// Something said in a room in the three days after `at`.
fn room<'a>(ordinary: &Ordinary<'a>, at: Timestamp, rng: &mut Rng) -> &'a PlantedPost {
    let soon = SignedDuration::ZERO..SignedDuration::from_hours(72);
    let within = |post: &&PlantedPost| post.channel == Channel::Offline && soon.contains(&post.t.duration_since(at));
    let rooms: Vec<&PlantedPost> = ordinary.posts.iter().filter(within).collect();
    rng.pick::<&PlantedPost>(&rooms)
}
