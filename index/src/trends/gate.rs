//! The gate: is a rise carried by people who speak for themselves? Each rule says what it asked and what it found.
//!
//! New accounts alone must not suppress an issue: real patients are new. They count against it only where most of
//! them came at once.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bus::Channel;

use super::clock::{DAY, HOUR, hour_number};
use super::config::TrendsConfig;
use super::frame::{Counting, Frame};
use super::members::{Draft, Hearing};
use super::model::{Doubt, GateCheck};
use super::person;
use super::posts::StoredPost;
use super::quotes::ranked;
use super::score::{Rise, Tallies, Tally, position};
use super::voices::COPIES_HEARD;

/// Different hours in which online voices must be heard.
const MIN_HOURS: usize = 4;
/// Different days on which the voices of a slow rise must be heard.
const MIN_DAYS: usize = 5;
/// The part of the voices that the two busiest hours in a row may hold.
const MAX_BURST: f64 = 0.65;
/// The same where nearly all authors are new.
const MAX_BURST_OF_NEW: f64 = 0.5;
/// The part of authors never heard before from which they are nearly all.
const NEARLY_ALL_NEW: f64 = 0.9;
/// The part of the voices that one channel holds from which it is nearly all.
const ONE_CHANNEL: f64 = 0.85;
/// The part of the authors in one channel never heard before from which they are compared with others.
const MANY_NEW: f64 = 0.75;
/// How many more of the authors than is usual in their channel may be new where so many are.
const MAX_EXCESS_OF_NEW: f64 = 0.2;
/// How probable so many new authors must be if they were as new as others.
const CHANCE_OF_NEW: f64 = 0.05;
/// The part of all posts that have a subject from which an issue is asked for its own.
const USUALLY_TAGGED: f64 = 0.4;
/// The part of the voices that must have a subject where they speak of a person.
const MIN_ON_SUBJECT: f64 = 0.6;
/// The part of the texts that must have a name for the issue to be about a person.
const MANY_NAMED: f64 = 0.4;
/// The part of the posts that must add a voice where posts, not voices, are more than usual.
const MIN_HEARD: f64 = 0.33;
/// Meetings that an offline issue must be raised at.
pub(super) const MIN_MEETINGS: usize = 2;
/// Sources that an issue of the news alone must come from.
const MIN_NEWS_SOURCES: usize = 2;

/// What the gate says of an issue.
#[derive(Debug)]
pub(super) struct Verdict {
    /// Every rule that applied.
    pub(super) checks: Vec<GateCheck>,
    /// The strength of the evidence that is left without the channels whose rules were not met.
    pub(super) score: f64,
}

/// Puts the voices since `since` to the rules: one set for online channels, one for offline meetings. Where one of
/// the two fails, the issue stands on the evidence of the other alone.
pub(super) fn judge_voices(frame: &Frame, config: &TrendsConfig, draft: &Draft, since: i64) -> Verdict {
    let voices = draft.members.iter().filter(|member| member.hearing == Hearing::Voice);
    let voices: Vec<&StoredPost> =
        voices.map(|member| frame.posts[member.post]).filter(|post| post.at >= since).collect();
    let (offline, online): (Vec<&StoredPost>, Vec<&StoredPost>) =
        voices.into_iter().partition(|post| post.channel == Channel::Offline);
    let rises_in =
        |is_offline: bool| draft.evidence.rises.iter().any(|rise| (rise.channel == Channel::Offline) == is_offline);
    let online_checks = if rises_in(false) || draft.evidence.pooled.is_some() {
        online_rules(frame, config, draft, &online, since)
    } else {
        Vec::new()
    };
    let offline_checks = if rises_in(true) { offline_rules(config, &offline) } else { Vec::new() };

    let failed = |checks: &[GateCheck]| checks.iter().any(|check| !check.passed);
    let mut tallies = draft.tallies;
    drop_failed(&mut tallies, failed(&online_checks), failed(&offline_checks));
    let score = frame.judge(&tallies, draft.counting).score;
    Verdict { checks: online_checks.into_iter().chain(offline_checks).collect(), score }
}

fn drop_failed(tallies: &mut Tallies, online_failed: bool, offline_failed: bool) {
    for channel in Channel::ALL {
        if if channel == Channel::Offline { offline_failed } else { online_failed } {
            tallies[position(channel)] = Tally::default();
        }
    }
}

fn online_rules(
    frame: &Frame,
    config: &TrendsConfig,
    draft: &Draft,
    voices: &[&StoredPost],
    since: i64,
) -> Vec<GateCheck> {
    let authors: HashSet<u64> = voices.iter().map(|post| post.who).collect();
    let hours = ranked(voices.iter().map(|post| hour_number(post.at))).len();
    let burst = burst(frame, draft, voices, since);
    let new = share_of_new(frame, &authors, since);
    let burst_limit = if new > NEARLY_ALL_NEW { MAX_BURST_OF_NEW } else { MAX_BURST };
    // The first three of many copies are voices, but none that speaks for itself.
    let own_words = ranked(voices.iter().filter(|post| post.copy.of <= COPIES_HEARD).map(|post| post.who));
    let mut checks = vec![
        check(
            own_words_doubt(authors.len(), config),
            format!("at least {} authors online in their own words", config.min_authors),
            count(own_words.len(), "author"),
            own_words.len() >= config.min_authors,
        ),
        check(
            Doubt::Coordinated,
            format!("voices in at least {MIN_HOURS} different hours"),
            count(hours, "hour"),
            hours >= MIN_HOURS,
        ),
        check(
            Doubt::Coordinated,
            format!("no two hours hold more than {} of the voices beyond the usual", percent(burst_limit)),
            format!("the busiest two hold {}; {} of the authors were never heard before", percent(burst), percent(new)),
            burst <= burst_limit,
        ),
    ];
    checks.extend(steadiness(draft, voices));
    checks.extend(novelty(frame, draft, voices, since));
    checks.extend(subject(frame, voices));
    if draft.counting == Counting::Posts {
        checks.push(loudness(frame, draft, since));
    }
    if voices.iter().all(|post| post.channel == Channel::News) {
        let sources: BTreeSet<_> = voices.iter().map(|post| post.source).collect();
        checks.push(check(
            Doubt::Narrow,
            format!("at least {MIN_NEWS_SOURCES} news sources"),
            count(sources.len(), "source"),
            sources.len() >= MIN_NEWS_SOURCES,
        ));
    }
    checks
}

fn offline_rules(config: &TrendsConfig, voices: &[&StoredPost]) -> Vec<GateCheck> {
    let speakers: HashSet<u64> = voices.iter().map(|post| post.who).collect();
    let meetings: HashSet<_> = voices.iter().map(|post| (post.source, post.event)).collect();
    vec![
        check(
            Doubt::Narrow,
            format!("at least {} speakers offline", config.min_speakers),
            count(speakers.len(), "speaker"),
            speakers.len() >= config.min_speakers,
        ),
        check(
            Doubt::Narrow,
            format!("raised at {MIN_MEETINGS} meetings or more"),
            count(meetings.len(), "meeting"),
            meetings.len() >= MIN_MEETINGS,
        ),
    ]
}

/// The part of the online voices beyond the usual that the busiest two hours in a row hold.
fn burst(frame: &Frame, draft: &Draft, voices: &[&StoredPost], since: i64) -> f64 {
    let mut hours: BTreeMap<i64, f64> = BTreeMap::new();
    for post in voices {
        *hours.entry(hour_number(post.at)).or_default() += 1.0;
    }
    let usual = usual_in_an_hour(frame, draft, since, |channel| channel != Channel::Offline);
    let excess = (voices.len() as f64 - usual * hours_since(frame, since)).max(1.0);
    let two = |(hour, count): (&i64, &f64)| count + hours.get(&(hour + 1)).copied().unwrap_or(0.0) - 2.0 * usual;
    (hours.iter().map(two).fold(0.0, f64::max) / excess).min(1.0)
}

/// Hours from `since` to the moment of the list.
fn hours_since(frame: &Frame, since: i64) -> f64 {
    (frame.as_of - since) as f64 / HOUR as f64
}

/// Voices of the issue in an hour before its rise, in these channels.
fn usual_in_an_hour(frame: &Frame, draft: &Draft, since: i64, in_channel: impl Fn(Channel) -> bool) -> f64 {
    let posts = draft.members.iter().filter(|member| member.hearing == Hearing::Voice);
    let before = posts.map(|member| frame.posts[member.post]).take_while(|post| post.at < since);
    let hours = (since - (frame.as_of - frame.days_seen * DAY)).max(HOUR) / HOUR;
    before.filter(|post| in_channel(post.channel)).count() as f64 / hours as f64
}

/// Whether voices are heard on most days, asked where the rise shows only in growth over weeks: what is said on one day of each week is
/// a habit.
fn steadiness(draft: &Draft, voices: &[&StoredPost]) -> Option<GateCheck> {
    let is_slow = draft.evidence.best().is_some_and(Rise::is_growth_over_weeks);
    let days = ranked(voices.iter().map(|post| post.at / DAY)).len();
    is_slow.then(|| {
        check(
            Doubt::Habit,
            format!("voices on at least {MIN_DAYS} days, where it grows over weeks"),
            count(days, "day"),
            days >= MIN_DAYS,
        )
    })
}

/// How many of the posts since `since` are by people who speak for themselves.
fn loudness(frame: &Frame, draft: &Draft, since: i64) -> GateCheck {
    let now = || draft.members.iter().filter(|member| frame.posts[member.post].at >= since);
    let heard_as = |hearing| now().filter(|member| member.hearing == hearing).count();
    let authors = ranked(now().map(|member| frame.posts[member.post].who));
    let busiest = authors.first().map_or(0, |(_, posts)| *posts);
    let (posts, voices) = (now().count(), heard_as(Hearing::Voice));
    check(
        Doubt::Coordinated,
        format!("at least {} of the posts add a voice", percent(MIN_HEARD)),
        format!(
            "{voices} of {posts} do; {} are further copies of a text, and the busiest author wrote {busiest}",
            heard_as(Hearing::Copy)
        ),
        voices as f64 >= MIN_HEARD * posts as f64,
    )
}

/// Whether there are no more new authors than usual, asked where nearly all speak in one channel and most are new. Real
/// patients are new, and where a channel is collected by hashtag nearly everybody is; but accounts made for a campaign are
/// new where others are not.
fn novelty(frame: &Frame, draft: &Draft, voices: &[&StoredPost], since: i64) -> Option<GateCheck> {
    let (busiest, heard) = *ranked(voices.iter().map(|post| post.channel)).first()?;
    if (heard as f64) < ONE_CHANNEL * voices.len() as f64 {
        return None;
    }
    let authors: HashSet<u64> = voices.iter().filter(|post| post.channel == busiest).map(|post| post.who).collect();
    // Those who would have spoken anyway are as new as others: what counts is who came on top of them.
    let all = authors.len() as f64;
    let anyway = usual_in_an_hour(frame, draft, since, |channel| channel == busiest) * hours_since(frame, since);
    let on_top = (all - anyway).max(1.0);
    let new = share_of_new(frame, &authors, since) * all;
    if new / on_top <= MANY_NEW {
        return None;
    }
    let now = frame.posts.iter().rev().take_while(|post| post.at >= since);
    let others = now.filter(|post| post.channel == busiest && !authors.contains(&post.who)).map(|post| post.who);
    let usual = share_of_new(frame, &others.collect(), since);
    let new = ((new - usual * anyway) / on_top).clamp(0.0, 1.0);
    (new > MANY_NEW).then(|| {
        check(
            Doubt::Coordinated,
            "the authors beyond the usual are about as new as others are".to_owned(),
            format!("{} of {on_top:.0} were never heard before, of others {}", percent(new), percent(usual)),
            new - usual <= MAX_EXCESS_OF_NEW || usual.powf(on_top) >= CHANCE_OF_NEW,
        )
    })
}

/// Whether people speak of health and care and not of a person, asked where posts are tagged with subjects: somebody famous who
/// is taken ill is news, and no issue of the services.
fn subject(frame: &Frame, voices: &[&StoredPost]) -> Option<GateCheck> {
    let share = |posts: &[&StoredPost]| {
        posts.iter().filter(|post| post.topics[0].is_some()).count() as f64 / posts.len().max(1) as f64
    };
    if share(&frame.posts[frame.recent..]) < USUALLY_TAGGED {
        return None;
    }
    let own = share(voices);
    let named = person::most_named(voices.iter().filter_map(|post| post.text.as_deref()));
    let is_person = named.as_ref().is_some_and(|(_, share)| *share >= MANY_NAMED);
    let found = named
        .filter(|_| is_person)
        .map_or_else(String::new, |(name, share)| format!("; {} name {name}", percent(share)));
    Some(check(
        Doubt::Person,
        format!(
            "at least {} of the posts have a subject of health and care, where most name one person",
            percent(MIN_ON_SUBJECT)
        ),
        format!("{} have one{found}", percent(own)),
        own >= MIN_ON_SUBJECT || !is_person,
    ))
}

/// The part of `authors` who said nothing at all before `since`, as far as is remembered.
fn share_of_new(frame: &Frame, authors: &HashSet<u64>, since: i64) -> f64 {
    let new = authors.iter().filter(|&&author| frame.is_new(author, since)).count();
    if authors.is_empty() { 1.0 } else { new as f64 / authors.len() as f64 }
}

/// Too few authors are too few to tell; enough of them with too few in their own words copy each other.
fn own_words_doubt(authors: usize, config: &TrendsConfig) -> Doubt {
    if authors < config.min_authors { Doubt::Narrow } else { Doubt::Coordinated }
}

fn check(doubt: Doubt, rule: String, found: String, passed: bool) -> GateCheck {
    GateCheck { rule, found, passed, doubt }
}

fn count(number: usize, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}

fn percent(part: f64) -> String {
    format!("{:.0}%", part * 100.0)
}
