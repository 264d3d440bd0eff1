//! A draft becomes an issue with all that is needed to check it.

use std::collections::BTreeMap;

use bus::{Channel, PostId};
use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};

use super::clock::{DAY, HOUR, WEEK};
use super::course::Course;
use super::frame::{Counting, Frame};
use super::members::{Draft, Hearing};
use super::model::{ChannelEvidence, DayCount, Discounted, Issue, IssueId, Meetings, TermEvidence};
use super::names::Names;
use super::phrases::{self, Phrases, Said, Wanted};
use super::posts::{DAYS_KEPT, StoredPost};
use super::quotes::{choose, ranked};
use super::score::{BASELINE, Evidence, Rise, level, position, windows};

/// Days of the series.
const DAYS: usize = 28;
/// Recent posts named at most.
const RECENT: usize = 400;
/// Terms named at most.
const TERMS: usize = 12;

/// What all issues of one list share.
#[derive(Debug)]
pub(super) struct Scene<'a> {
    pub(super) frame: &'a Frame<'a>,
    pub(super) names: &'a Names,
    pub(super) calendar: Calendar,
}

/// The last days in Europe/London with the moments at which they begin, oldest first.
#[derive(Debug)]
pub(super) struct Calendar(Vec<(Date, i64)>);

impl Calendar {
    /// The days up to that of `as_of`.
    pub(super) fn ending(as_of: i64) -> Self {
        let london = TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC);
        let last = Timestamp::from_second(as_of).unwrap_or_default().to_zoned(london.clone()).date();
        let days = (0..DAYS).rev().filter_map(|back| {
            let date = last.checked_sub(i64::try_from(back).ok()?.days()).ok()?;
            Some((date, date.to_zoned(london.clone()).ok()?.timestamp().as_second()))
        });
        Self(days.collect())
    }
}

/// An issue's draft with its identity and what is remembered of it.
#[derive(Debug)]
pub(super) struct Known<'a> {
    pub(super) id: IssueId,
    pub(super) first_seen: i64,
    pub(super) label: &'a str,
}

/// The issue that `draft` is; the caller adds the gate's checks, and what only the whole list can tell.
pub(super) fn describe(scene: &Scene, draft: &Draft, course: &Course, known: &Known) -> Issue {
    let Scene { frame, names, .. } = scene;
    let with_hearing = draft.members.iter().map(|member| (frame.posts[member.post], member.hearing));
    let week: Vec<(&StoredPost, Hearing)> =
        with_hearing.filter(|(post, _)| post.at > frame.as_of - WEEK).rev().collect();
    let voices: Vec<&StoredPost> =
        week.iter().filter(|(_, hearing)| *hearing == Hearing::Voice).map(|(post, _)| *post).collect();
    let all: Vec<&StoredPost> = week.iter().map(|(post, _)| *post).collect();
    let phrases = phrases_of(draft, if draft.counting == Counting::Voices { &voices } else { &all }, known.label);
    let posts = u64::try_from(week.len()).unwrap_or(u64::MAX);
    let discounted = |how| week.iter().filter(|(_, hearing)| *hearing == how).count() as u64;
    let before = |post: &StoredPost| post.at <= frame.as_of - WEEK && post.at > frame.as_of - 2 * WEEK;
    let text = |(name, count): (_, u64)| (names.text(name).to_owned(), count);
    let sources = ranked(week.iter().map(|(post, _)| names.text(post.source)));
    let busiest = sources
        .first()
        .map_or((String::new(), 0.0), |(name, count)| ((*name).to_owned(), *count as f64 / posts.max(1) as f64));
    Issue {
        id: known.id,
        label: label(draft, &phrases, known.label),
        status: course.status(),
        score: draft.evidence.score,
        first_seen: Timestamp::from_second(known.first_seen).unwrap_or_default(),
        posts,
        voices: voices.len() as u64,
        posts_before: draft.members.iter().filter(|member| before(frame.posts[member.post])).count() as u64,
        channels: channels(frame, draft),
        baseline: baseline(frame, draft),
        usual: course.usual(),
        days: days(scene, draft),
        terms: terms(draft, &phrases),
        sentiment: ranked(week.iter().filter_map(|(post, _)| post.sentiment)).into_iter().collect(),
        regions: ranked(week.iter().filter_map(|(post, _)| post.region)).into_iter().map(text).collect(),
        topics: ranked(week.iter().filter_map(|(post, _)| post.topics[0])).into_iter().map(text).collect(),
        quotes: choose(&voices),
        recent: week
            .iter()
            .take_while(|(post, _)| post.at >= known.first_seen)
            .filter(|(_, hearing)| draft.counting == Counting::Posts || *hearing != Hearing::Copy)
            .take(RECENT)
            .map(|(post, _)| post.post_id())
            .collect(),
        busiest_source: busiest,
        meetings: meetings(&all),
        discounted: Discounted { copies: discounted(Hearing::Copy), same_author: discounted(Hearing::SameAuthor) },
        gate: Vec::new(),
        related: Vec::new(),
        query: phrases.query,
    }
}

/// The meetings of `posts`. Where contributions disagree on how many were there, the most is right: some came later.
fn meetings(posts: &[&StoredPost]) -> Meetings {
    let mut rooms: BTreeMap<_, Option<u32>> = BTreeMap::new();
    for post in posts {
        if let Some(event) = post.event {
            let room = rooms.entry((post.source, event)).or_default();
            *room = (*room).max(post.attendance);
        }
    }
    let counted = || rooms.values().flatten();
    Meetings {
        held: rooms.len() as u64,
        counted: counted().count() as u64,
        people: counted().map(|&people| u64::from(people)).sum(),
    }
}

/// Which issues share a tenth of their posts or more; by position.
pub(super) fn related(issues: &[&Issue]) -> Vec<Vec<IssueId>> {
    let posts: Vec<std::collections::HashSet<PostId>> =
        issues.iter().map(|issue| issue.recent.iter().copied().collect()).collect();
    let share = |one: usize, two: usize| {
        posts[one].intersection(&posts[two]).count() * 10 >= posts[one].len().min(posts[two].len()).max(1)
    };
    let others = |one: usize| (0..issues.len()).filter(move |&two| two != one && share(one, two));
    (0..issues.len()).map(|one| others(one).map(|two| issues[two].id).collect()).collect()
}

fn phrases_of(draft: &Draft, posts: &[&StoredPost], label: &str) -> Phrases {
    let attributable = |evidence: &Evidence| evidence.best().map_or(0.0, Rise::attributable);
    let terms: Vec<Wanted> = draft
        .terms
        .iter()
        .map(|(term, evidence)| Wanted { term: *term, attributable: attributable(evidence) })
        .collect();
    // Where few speak often, each post may give the issue its name.
    let who = |post: &StoredPost, number| if draft.counting == Counting::Voices { post.who } else { number };
    let texts: Vec<Said> = posts
        .iter()
        .zip(0..)
        .filter_map(|(post, number)| Some(Said { who: who(post, number), text: post.text.as_deref()? }))
        .collect();
    phrases::read(&texts, &terms, label)
}

/// The label; where voices share nothing but a hashtag or a word each, the strongest term.
fn label(draft: &Draft, phrases: &Phrases, before: &str) -> String {
    let before = Some(before).filter(|label| !label.is_empty());
    let strongest = || draft.terms.iter().find_map(|(term, _)| phrases.wording.get(term));
    phrases.label.as_deref().or(before).or_else(|| strongest().map(String::as_str)).unwrap_or("Posts alike").to_owned()
}

fn channels(frame: &Frame, draft: &Draft) -> Vec<ChannelEvidence> {
    let mut rises = draft.evidence.rises.clone();
    for channel in Channel::ALL {
        let (heard, all) = (&draft.tallies[position(channel)], &frame.totals(draft.counting)[position(channel)]);
        let longest = windows(channel).len() - 1;
        if heard.now(longest) > 0 && !rises.iter().any(|rise| rise.channel == channel) {
            rises.push(level(channel, longest, heard, all, frame.days_seen));
        }
    }
    rises.sort_by(|one, two| one.p.total_cmp(&two.p));
    rises.iter().map(|rise| channel_evidence(frame, draft, rise)).collect()
}

fn channel_evidence(frame: &Frame, draft: &Draft, rise: &Rise) -> ChannelEvidence {
    let window_h = windows(rise.channel)[rise.window].hours;
    let since = frame.as_of - i64::from(window_h) * HOUR;
    let posts = draft.members.iter().map(|member| frame.posts[member.post]);
    ChannelEvidence {
        channel: rise.channel,
        window_h,
        voices: rise.voices.into(),
        expected: rise.expected,
        posts: posts.filter(|post| post.channel == rise.channel && post.at > since).count() as u64,
        p: rise.p,
    }
}

fn baseline(frame: &Frame, draft: &Draft) -> (Date, Date) {
    let hours = draft.evidence.best().map_or(168, |rise| {
        let window = windows(rise.channel)[rise.window];
        window.hours + window.guard_h
    });
    let end = frame.as_of - i64::from(hours) * HOUR;
    let start = (end - BASELINE).max(frame.as_of - frame.days_seen.min(DAYS_KEPT) * DAY);
    let date = |at| Timestamp::from_second(at).unwrap_or_default().to_zoned(TimeZone::UTC).date();
    (date(start.min(end)), date(end))
}

fn days(scene: &Scene, draft: &Draft) -> Vec<DayCount> {
    let days = &scene.calendar.0;
    let mut series: Vec<DayCount> = days.iter().map(|&(day, _)| DayCount { day, posts: 0, voices: 0 }).collect();
    for member in &draft.members {
        let at = scene.frame.posts[member.post].at;
        if let Some(day) = days.partition_point(|&(_, begins)| begins <= at).checked_sub(1) {
            series[day].posts += 1;
            series[day].voices += u64::from(member.hearing == Hearing::Voice);
        }
    }
    series
}

fn terms(draft: &Draft, phrases: &Phrases) -> Vec<TermEvidence> {
    let strongest = draft.terms.iter().filter_map(|(term, evidence)| {
        let rise = evidence.best()?;
        Some(TermEvidence {
            term: phrases.wording.get(term)?.clone(),
            voices: rise.voices.into(),
            expected: rise.expected,
            attributable: rise.attributable(),
        })
    });
    strongest.take(TERMS).collect()
}
