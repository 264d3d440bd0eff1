//! The gate: is a rise carried by people who speak for themselves? Each rule says what it asked and what it found.
//!
//! New accounts alone must not suppress an issue: real patients are new. They count against it only where most of
//! them came at once.

use std::collections::{BTreeMap, BTreeSet, HashSet};

use bus::Channel;

use super::clock::hour_number;
use super::config::TrendsConfig;
use super::frame::Frame;
use super::members::{Draft, Hearing};
use super::model::GateCheck;
use super::posts::StoredPost;
use super::score::{Tallies, Tally, judge, position};

/// Different hours in which online voices must be heard.
const MIN_HOURS: usize = 4;
/// The part of the voices that the two busiest hours in a row may hold.
const MAX_BURST: f64 = 0.65;
/// The same where nearly all authors are new.
const MAX_BURST_OF_NEW: f64 = 0.5;
/// The part of authors never heard before from which they are nearly all.
const NEARLY_ALL_NEW: f64 = 0.9;
/// Meetings that an offline issue must be raised at.
const MIN_MEETINGS: usize = 2;
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
    let online_checks = if rises_in(false) { online_rules(frame, config, &online, since) } else { Vec::new() };
    let offline_checks = if rises_in(true) { offline_rules(config, &offline) } else { Vec::new() };

    let failed = |checks: &[GateCheck]| checks.iter().any(|check| !check.passed);
    let mut tallies = draft.tallies;
    drop_failed(&mut tallies, failed(&online_checks), failed(&offline_checks));
    let score = judge(&tallies, &frame.totals, frame.days_seen).score;
    Verdict { checks: online_checks.into_iter().chain(offline_checks).collect(), score }
}

fn drop_failed(tallies: &mut Tallies, online_failed: bool, offline_failed: bool) {
    for channel in Channel::ALL {
        if if channel == Channel::Offline { offline_failed } else { online_failed } {
            tallies[position(channel)] = Tally::default();
        }
    }
}

fn online_rules(frame: &Frame, config: &TrendsConfig, voices: &[&StoredPost], since: i64) -> Vec<GateCheck> {
    let authors: HashSet<u64> = voices.iter().map(|post| post.who).collect();
    let mut hours: BTreeMap<i64, usize> = BTreeMap::new();
    for post in voices {
        *hours.entry(hour_number(post.at)).or_default() += 1;
    }
    let burst = busiest_two_hours(&hours) as f64 / voices.len().max(1) as f64;
    let new = share_of_new(frame, &authors, since);
    let burst_limit = if new > NEARLY_ALL_NEW { MAX_BURST_OF_NEW } else { MAX_BURST };
    let mut checks = vec![
        check(
            format!("at least {} authors online", config.min_authors),
            count(authors.len(), "author"),
            authors.len() >= config.min_authors,
        ),
        check(
            format!("voices in at least {MIN_HOURS} different hours"),
            count(hours.len(), "hour"),
            hours.len() >= MIN_HOURS,
        ),
        check(
            format!("no two hours hold more than {} of the voices", percent(burst_limit)),
            format!("the busiest two hold {}; {} of the authors were never heard before", percent(burst), percent(new)),
            burst <= burst_limit,
        ),
    ];
    if voices.iter().all(|post| post.channel == Channel::News) {
        let sources: BTreeSet<_> = voices.iter().map(|post| post.source).collect();
        checks.push(check(
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
            format!("at least {} speakers offline", config.min_speakers),
            count(speakers.len(), "speaker"),
            speakers.len() >= config.min_speakers,
        ),
        check(
            format!("raised at {MIN_MEETINGS} meetings or more"),
            count(meetings.len(), "meeting"),
            meetings.len() >= MIN_MEETINGS,
        ),
    ]
}

fn busiest_two_hours(hours: &BTreeMap<i64, usize>) -> usize {
    hours.iter().map(|(hour, count)| count + hours.get(&(hour + 1)).copied().unwrap_or(0)).max().unwrap_or(0)
}

/// The part of `authors` who said nothing at all before `since`, as far as is remembered.
fn share_of_new(frame: &Frame, authors: &HashSet<u64>, since: i64) -> f64 {
    let before = frame.posts.iter().take_while(|post| post.at < since).map(|post| post.who);
    let known: HashSet<u64> = before.filter(|who| authors.contains(who)).collect();
    1.0 - known.len() as f64 / authors.len().max(1) as f64
}

fn check(rule: String, found: String, passed: bool) -> GateCheck {
    GateCheck { rule, found, passed }
}

fn count(number: usize, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}

fn percent(part: f64) -> String {
    format!("{:.0}%", part * 100.0)
}
