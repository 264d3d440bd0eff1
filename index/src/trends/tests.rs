//! The detector on small conversations of our own: what it must find, what it must not, and that it does so in any order
//! of arrival and over restarts.

#![allow(
    clippy::cast_possible_truncation,
    clippy::cast_possible_wrap,
    clippy::cast_sign_loss,
    clippy::needless_for_each,
    reason = "small numbers of made-up posts"
)]

use bus::{Change, Channel, Correction, Enriched, PostId, SentimentLabel};
use jiff::{SignedDuration, Timestamp};

use super::model::{Doubt, Meetings, Status};
use super::{Detector, Issue, TrendList, TrendsConfig};
use crate::retention::Retention;
use crate::testing::{Numbers, author_key, post, ruling};

mod rooms;
mod uncollected;

const HOUR: i64 = 3_600;
const DAY: i64 = 24 * HOUR;

/// The moment of the lists: a Monday, and when the test posts are collected.
fn now() -> Timestamp {
    "2026-11-02T09:00:00Z".parse().unwrap()
}

fn ago(seconds: i64) -> Timestamp {
    now() - SignedDuration::from_secs(seconds)
}

/// A made-up word.
fn word(numbers: &mut Numbers) -> String {
    const SYLLABLES: [&str; 12] = ["ba", "co", "du", "fen", "gil", "hap", "jor", "kel", "lom", "mir", "nop", "rud"];
    (0..3).map(|_| SYLLABLES[usize::try_from(numbers.below(12)).unwrap()]).collect()
}

fn words(numbers: &mut Numbers, many: u64) -> String {
    (0..many).map(|_| word(numbers)).collect::<Vec<_>>().join(" ")
}

/// A conversation in the making; posts are numbered in the order in which they are added.
struct Talk {
    numbers: Numbers,
    posts: Vec<Enriched>,
}

impl Talk {
    /// Five weeks of ordinary talk on every channel: four posts an hour online, and meetings every other day.
    fn ordinary() -> Self {
        let mut talk = Self { numbers: Numbers(11), posts: Vec::new() };
        let channels = [Channel::Social, Channel::Social, Channel::Forum, Channel::News];
        for (quarter, channel) in (0..35 * 24 * 4).zip(channels.into_iter().cycle()) {
            let author = talk.numbers.below(900);
            let text = words(&mut talk.numbers, 7);
            talk.say(author, channel, quarter * HOUR / 4, &text);
        }
        for meeting in 0..18 {
            for (speaker, minute) in (2_000..2_012).zip(0..) {
                let text = words(&mut talk.numbers, 12);
                talk.speak(speaker, meeting * 2 * DAY + minute * 60, &format!("meeting-{meeting}"), &text);
            }
        }
        talk
    }

    fn say(&mut self, author: u64, channel: Channel, seconds_ago: i64, text: &str) {
        let number = self.posts.len() as u64;
        let made = post(number).author(author).channel(channel).at(ago(seconds_ago)).text(text);
        self.posts.push(made.source(&format!("{}-source", channel.slug())).build());
    }

    /// Says something at a meeting; thirty people are at each, but nobody counts them at the third.
    fn speak(&mut self, speaker: u64, seconds_ago: i64, meeting: &str, text: &str) {
        let number = self.posts.len() as u64;
        let made = post(number).author(speaker).channel(Channel::Offline).at(ago(seconds_ago)).text(text);
        let made = made.source("meetings").event(meeting);
        let counted = !meeting.ends_with('2');
        self.posts.push(if counted { made.attendance(30) } else { made }.build());
    }

    /// A contribution to a meeting whose notes name nobody.
    fn note(&mut self, seconds_ago: i64, meeting: &str, text: &str) {
        let made = post(self.posts.len() as u64).channel(Channel::Offline).at(ago(seconds_ago)).text(text);
        self.posts.push(made.source("meetings").event(meeting).build());
    }

    /// Posts at these times about a shortage, each by another person in other words.
    fn shortage(&mut self, seconds_ago: impl Iterator<Item = i64>) {
        for (number, at) in seconds_ago.enumerate() {
            let core = ["insulin pens out of stock", "no insulin pens anywhere", "insulin shortage again"][number % 3];
            let (before, after) = (words(&mut self.numbers, 2), words(&mut self.numbers, 3));
            let channel = if number % 5 == 0 { Channel::Forum } else { Channel::Social };
            self.say(10_000 + number as u64, channel, at, &format!("{before} {core} {after}"));
        }
    }

    /// Posts by twenty people each about telephones and about blood tests, some of whom speak of a queue.
    fn two_queues(&mut self) {
        let telephones = ["telephone queue cut off", "cut off the telephone", "the telephone cut me off"];
        let blood = ["blood test queue outside", "outside for a blood test", "stood outside, blood test"];
        for number in 0..40 {
            let core = if number % 2 == 0 { telephones[number / 2 % 3] } else { blood[number / 2 % 3] };
            let (before, after) = (words(&mut self.numbers, 2), words(&mut self.numbers, 2));
            self.say(
                20_000 + number as u64,
                Channel::Social,
                number as i64 * HOUR / 2,
                &format!("{before} {core} {after}"),
            );
        }
    }

    fn changes(&self) -> Vec<Change<Enriched>> {
        self.posts.iter().cloned().map(Change::Upsert).collect()
    }

    fn list(&self) -> TrendList {
        listed(&self.changes())
    }
}

fn listed(changes: &[Change<Enriched>]) -> TrendList {
    let mut detector = Detector::new(TrendsConfig::default());
    observe_all(&mut detector, changes);
    detector.list(now())
}

fn observe_all(detector: &mut Detector, changes: &[Change<Enriched>]) {
    for change in changes {
        detector.observe(change);
    }
}

fn about<'a>(issues: &'a [Issue], word: &str) -> Option<&'a Issue> {
    issues.iter().find(|issue| issue.label.to_lowercase().contains(word))
}

#[test]
fn ordinary_talk_is_no_issue() {
    let list = Talk::ordinary().list();
    assert!(list.issues.is_empty(), "{:?}", list.issues.iter().map(|issue| &issue.label).collect::<Vec<_>>());
    assert_eq!(list.days_seen, 36);
}

#[test]
fn a_sudden_issue_is_found_within_hours_and_explained() {
    let mut talk = Talk::ordinary();
    talk.shortage((0..12).map(|n| n * HOUR / 2 + 60));
    let list = talk.list();
    let issue = about(&list.issues, "insulin").expect("the issue is listed");
    assert_eq!(issue.status, Status::New);
    assert_eq!((issue.posts, issue.voices, issue.posts_before), (12, 12, 0));
    assert_eq!(issue.first_seen, ago(11 * HOUR / 2 + 60));
    assert_eq!(issue.days.len(), 28);
    assert_eq!(issue.days.iter().map(|day| day.posts).sum::<u64>(), 12);
    assert!(issue.gate.iter().all(|check| check.passed), "{:?}", issue.gate);
    assert_eq!(issue.doubt(), None);
    assert!(issue.channels[0].p < 1e-4 && issue.channels[0].expected < 1.0, "{:?}", issue.channels);
    assert!((3..=5).contains(&issue.quotes.len()));
    assert!(issue.terms.iter().any(|term| term.term.eq_ignore_ascii_case("insulin") && term.attributable > 0.9));
    assert!(issue.query.contains("insulin"), "{}", issue.query);
}

#[test]
fn a_medium_issue_is_found_within_a_day_or_so() {
    let mut talk = Talk::ordinary();
    talk.shortage((0..14).map(|n| n * 2 * HOUR + n * 300));
    assert!(about(&talk.list().issues, "insulin").is_some());
}

#[test]
fn a_slow_issue_is_found_while_it_grows() {
    let mut talk = Talk::ordinary();
    let growing = (0_i64..10).flat_map(|day| (0..10 - day).map(move |n| day * DAY + n * 2 * HOUR + 60));
    talk.shortage(growing);
    let list = talk.list();
    let issue = about(&list.issues, "insulin").expect("the issue is listed");
    assert_eq!(issue.status, Status::Rising);
    assert!(issue.posts > issue.posts_before);
}

#[test]
fn what_is_only_said_in_rooms_is_heard() {
    let mut talk = Talk::ordinary();
    for (speaker, nth) in (3_000..3_007).zip(0..) {
        let (before, after) = (words(&mut talk.numbers, 5), words(&mut talk.numbers, 5));
        let meeting = format!("meeting-{}", nth % 3);
        talk.speak(speaker, nth * 9 * HOUR, &meeting, &format!("{before} the lift is broken {after}"));
    }
    let list = talk.list();
    let issue = about(&list.issues, "lift").expect("the issue is listed");
    assert_eq!(issue.channels[0].channel, Channel::Offline);
    assert!(issue.gate.iter().any(|check| check.rule.contains("meetings") && check.found == "3 meetings"));
    assert_eq!(issue.meetings, Meetings { held: 3, counted: 2, people: 60 });
}

#[test]
fn notes_without_names_are_heard_a_few_times_a_meeting() {
    let mut talk = Talk::ordinary();
    for nth in 0..40 {
        let (before, after) = (words(&mut talk.numbers, 5), words(&mut talk.numbers, 5));
        let meeting = format!("meeting-{}", nth % 4);
        talk.note(600 + nth * HOUR / 2, &meeting, &format!("{before} the lift is broken {after}"));
    }
    let list = talk.list();
    let issue = about(&list.issues, "lift").expect("the issue is listed");
    assert_eq!(issue.channels[0].channel, Channel::Offline);
    let voices = issue.channels[0].voices;
    assert!((9..=12).contains(&voices), "{voices} of four meetings, where each has three at most");
}

#[test]
fn one_meeting_alone_is_held_with_the_reason() {
    let mut talk = Talk::ordinary();
    for (speaker, nth) in (3_000..3_006).zip(0..) {
        let (before, after) = (words(&mut talk.numbers, 5), words(&mut talk.numbers, 5));
        talk.speak(speaker, 600 + nth, "town-hall", &format!("{before} the lift is broken {after}"));
    }
    let list = talk.list();
    assert!(about(&list.issues, "lift").is_none());
    let held = about(&list.held, "lift").expect("it is held, not lost");
    assert_eq!(held.status, Status::Held);
    assert!(held.gate.iter().any(|check| !check.passed && check.found == "1 meeting"), "{:?}", held.gate);
    assert_eq!(held.doubt(), Some(Doubt::Narrow));
}

#[test]
fn copies_of_one_text_are_held() {
    let mut talk = Talk::ordinary();
    for (author, nth) in (20_000..20_080).zip(0..) {
        let text = "Sign the petition now: they are closing Northvale hospital and hope that nobody will notice";
        talk.say(author, Channel::Social, 60 * nth, text);
    }
    let list = talk.list();
    assert!(about(&list.issues, "northvale").is_none() && about(&list.issues, "petition").is_none());
    let held = list.held.iter().find(|issue| issue.discounted.copies == 77).expect("it is held, not lost");
    assert_eq!(held.voices, 3);
}

#[test]
fn one_loud_account_is_held() {
    let mut talk = Talk::ordinary();
    for number in 0..90_i64 {
        let text =
            format!("the hospital clocks {} are wrong {}", words(&mut talk.numbers, 3), words(&mut talk.numbers, 4));
        talk.say(77_777, Channel::Social, number * HOUR, &text);
    }
    let list = talk.list();
    assert!(about(&list.issues, "clocks").is_none());
    let held = about(&list.held, "clocks").expect("it is held, not lost");
    assert_eq!(held.discounted.same_author, held.posts - held.voices);
    assert!(held.gate.iter().any(|check| check.found.contains("the busiest author wrote 90")), "{:?}", held.gate);
    assert_eq!(held.doubt(), Some(Doubt::Coordinated));
}

#[test]
fn a_weekly_habit_is_nothing_new() {
    let mut talk = Talk::ordinary();
    for week in 0..5 {
        for number in 0..25 {
            let text = format!(
                "{} monday scramble for appointments {}",
                words(&mut talk.numbers, 2),
                words(&mut talk.numbers, 2)
            );
            let author = talk.numbers.below(900);
            talk.say(author, Channel::Social, week * 7 * DAY + number * 600, &text);
        }
    }
    let list = talk.list();
    assert!(about(&list.issues, "scramble").is_none() && about(&list.issues, "appointments").is_none());
}

#[test]
fn the_order_of_arrival_does_not_matter() {
    let mut talk = Talk::ordinary();
    talk.shortage((0..30).map(|n| n * HOUR + 60));
    let in_order = talk.list();
    // Each source delivers all that it has, one after the other, the newest first.
    let mut by_source = talk.posts.clone();
    by_source.reverse();
    by_source.sort_by_key(|enriched| enriched.post.source.clone());
    let changes: Vec<_> = by_source.into_iter().map(Change::Upsert).collect();
    assert_eq!(listed(&changes).hash, in_order.hash);
    assert!(!in_order.issues.is_empty());
}

#[test]
fn a_post_delivered_twice_or_edited_counts_once() {
    let mut talk = Talk::ordinary();
    talk.shortage((0..12).map(|n| n * HOUR / 2 + 60));
    let once = talk.list();
    let twice: Vec<_> = talk.changes().into_iter().chain(talk.changes()).collect();
    assert_eq!(listed(&twice).hash, once.hash);
}

#[test]
fn deletion_and_erasure_leave_no_trace() {
    let ordinary = Talk::ordinary();
    let mut talk = Talk::ordinary();
    talk.shortage((0..12).map(|n| n * HOUR / 2 + 60));
    let added: Vec<PostId> = talk.posts[ordinary.posts.len()..].iter().map(|enriched| enriched.post.id).collect();
    let mut changes = talk.changes();
    changes.extend(added[..6].iter().map(|&id| Change::Delete(id)));
    changes.extend((10_006..10_012).map(|author| Change::EraseAuthor(author_key(author))));
    assert_eq!(listed(&changes).hash, ordinary.list().hash);
}

#[test]
fn a_post_from_the_future_is_left_out() {
    let mut talk = Talk::ordinary();
    talk.say(5, Channel::Social, -2 * HOUR, "the clock of this server is wrong");
    let mut detector = Detector::new(TrendsConfig::default());
    observe_all(&mut detector, &talk.changes());
    assert_eq!(detector.newest(), Some(now()));
}

#[test]
fn a_restart_in_the_middle_changes_nothing() {
    let mut talk = Talk::ordinary();
    talk.shortage((0..40).map(|n| n * HOUR + 60));
    let mut changes = talk.changes();
    changes.sort_by_key(|change| match change {
        Change::Upsert(enriched) => enriched.post.created_at,
        _ => now(),
    });
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.bin");
    let run = |restarts: bool| {
        let mut detector = Detector::new(TrendsConfig::default());
        let mut lists = Vec::new();
        for (number, change) in changes.iter().enumerate() {
            detector.observe(change);
            if number % 500 == 499 || number == changes.len() - 1 {
                lists.push(detector.list(detector.newest().unwrap()));
                if restarts {
                    detector.save(&path).unwrap();
                    detector = Detector::load(&path, TrendsConfig::default()).unwrap().unwrap();
                }
            }
        }
        lists
    };
    let (without, with) = (run(false), run(true));
    assert_eq!(without, with);
    assert!(about(&without.last().unwrap().issues, "insulin").is_some());
}

#[test]
fn the_identity_stays_while_an_issue_goes_on_and_is_told_after_it() {
    let mut talk = Talk::ordinary();
    talk.shortage((0..60).map(|n| 10 * DAY + n * HOUR));
    talk.posts.sort_by_key(|enriched| enriched.post.created_at);
    let mut detector = Detector::new(TrendsConfig::default());
    let mut posts = talk.posts.into_iter().peekable();
    let mut list_at = |moment: Timestamp| {
        while let Some(enriched) = posts.next_if(|enriched| enriched.post.created_at <= moment) {
            detector.observe(&Change::Upsert(enriched));
        }
        detector.list(moment)
    };
    let id = |list: &TrendList| about(&list.issues, "insulin").map(|issue| issue.id);
    let first = id(&list_at(ago(11 * DAY))).expect("listed");
    assert_eq!(id(&list_at(ago(10 * DAY))), Some(first));
    let later = list_at(now());
    assert_eq!(id(&later), None);
    assert!(later.retired.contains_key(&first));
}

#[test]
fn the_set_of_posts_is_bounded_and_thinning_finds_the_same() {
    let mut talk = Talk::ordinary();
    talk.shortage((0..120).map(|n| n * HOUR / 4 + 60));
    let config = TrendsConfig { max_posts: 3_000, ..TrendsConfig::default() };
    let mut detector = Detector::new(config);
    observe_all(&mut detector, &talk.changes());
    assert!(detector.posts() <= 3_000);
    assert!(about(&detector.list(now()).issues, "insulin").is_some());
}

#[test]
fn the_query_of_an_issue_is_one_that_the_search_understands() {
    let mut talk = Talk::ordinary();
    talk.shortage((0..30).map(|n| n * HOUR + 60));
    for issue in talk.list().issues {
        crate::query::Query::parse(&issue.query).unwrap_or_else(|error| panic!("{}: {error}", issue.query));
    }
}

#[test]
fn a_word_that_two_issues_share_does_not_make_them_one() {
    let mut talk = Talk::ordinary();
    talk.two_queues();
    let list = talk.list();
    // Whether the gate lets them through is not the question here: all of their authors are new.
    let labels: Vec<String> = list.issues.iter().chain(&list.held).map(|issue| issue.label.to_lowercase()).collect();
    assert_eq!(labels.len(), 2, "{labels:?}");
    for word in ["telephone", "blood"] {
        assert!(labels.iter().any(|label| label.contains(word)), "{labels:?}");
    }
}

#[test]
fn a_corrected_post_counts_as_if_it_had_come_with_those_tags() {
    let mut talk = Talk::ordinary();
    talk.shortage((0..40).map(|n| n * 600));
    let tagged = |change: &Change<Enriched>, topics: &[&str]| match change {
        Change::Upsert(post) => {
            let topics: Vec<String> = topics.iter().map(ToString::to_string).collect();
            let said = Correction {
                topics: Some(ruling(topics)),
                sentiment: Some(ruling(Some(SentimentLabel::Negative))),
                places: Some(ruling(Vec::new())),
                ..Correction::of(&post.post)
            };
            let mut corrected = post.clone();
            said.apply(&mut corrected);
            (Change::Upsert(corrected), Change::Correct(Box::new(said)))
        }
        other => panic!("{other:?}"),
    };
    let plain = talk.changes();
    let from = plain.len() - 40;
    let mut corrected_on_arrival = plain.clone();
    let mut corrected_later = plain.clone();
    for change in &plain[from..] {
        let (upsert, correct) = tagged(change, &["medicines", "pharmacy"]);
        corrected_on_arrival.push(upsert);
        corrected_later.push(correct.clone());
        corrected_later.push(correct);
    }
    // What is said of a text that nobody said here changes nothing.
    if let Change::Upsert(mut other) = plain[0].clone() {
        other.post.text = "another text".to_owned();
        corrected_later.push(tagged(&Change::Upsert(other), &["food"]).1);
    }
    let list = listed(&corrected_later);
    assert_eq!(list.hash, listed(&corrected_on_arrival).hash);
    assert_ne!(list.hash, listed(&plain).hash);
}

/// Posts of a channel that is kept for less time are forgotten to the day, also by a state that was saved before.
#[test]
fn each_channel_is_remembered_no_longer_than_the_configuration_permits() {
    let said = |n, channel, days: i64| Change::Upsert(post(n).channel(channel).at(ago(days * DAY)).build());
    let changes = [
        said(1, Channel::Social, 30),
        said(2, Channel::Social, 3),
        said(3, Channel::Offline, 30),
        said(4, Channel::Social, 0),
    ];
    let retention = Retention { social_days: Some(10), ..Retention::default() };
    let strict = TrendsConfig { retention, ..TrendsConfig::default() };
    let observe = |config: &TrendsConfig| {
        let mut detector = Detector::new(config.clone());
        changes.iter().for_each(|change| detector.observe(change));
        detector
    };
    assert_eq!(observe(&TrendsConfig::default()).posts(), 4);
    assert_eq!(observe(&strict).posts(), 3);
    assert_ne!(strict.method(), TrendsConfig::default().method());
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("state.bin");
    observe(&TrendsConfig::default()).save(&path).unwrap();
    assert_eq!(Detector::load(&path, strict).unwrap().unwrap().posts(), 3);
}
