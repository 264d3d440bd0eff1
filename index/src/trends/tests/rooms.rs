//! What is said in rooms in different words.

use super::*;

/// Six speakers of one thing, no two of whom share a word that is not a stop word.
const TRANSPORT: [&str; 6] = [
    "the bus to the hospital no longer runs",
    "public transport for clinic patients was withdrawn",
    "they cancelled our shuttle route, so appointments are missed",
    "without a car nobody reaches outpatients, trains and coaches stopped",
    "taxis cost thirty pounds because buses were axed",
    "my driver service ended, no lift for passengers to surgery",
];
/// Ordinary talk of the same rooms.
const ELSE: [&str; 8] = [
    "reception answered kindly this time",
    "the physiotherapist gave me exercises for my knee",
    "tea and biscuits would be welcome",
    "my letter had the wrong date of birth",
    "nurses are tired and need more pay",
    "the dentist refused a new patient",
    "parents want counselling for teenagers",
    "hearing aids whistle during the night",
];

/// Five weeks of rooms, of which the ones of the last week speak of transport, at so many meetings.
fn rooms(meetings: i64, before: bool) -> Talk {
    let mut talk = Talk::ordinary();
    for day in 0..34 {
        for (speaker, text) in (0..).zip(ELSE) {
            let filler = word(&mut talk.numbers);
            talk.speak(
                3_000 + 10 * day as u64 + speaker,
                day * DAY + HOUR,
                &format!("room-{day}"),
                &format!("{text} {filler}"),
            );
        }
    }
    let mut speak = |days_ago: i64, first: u64| {
        for (nth, text) in (0..).zip(TRANSPORT) {
            let day = days_ago + nth % meetings;
            talk.speak(first + nth as u64, day * DAY + 2 * HOUR, &format!("room-{day}"), text);
        }
    };
    speak(1, 5_000);
    if before {
        (1..5).for_each(|week| speak(1 + 7 * week, 5_000 + 100 * week as u64));
    }
    talk
}

/// The issue that at least four of the speakers of transport stand behind.
fn transport(talk: &Talk) -> Option<Issue> {
    let speaks = |post: &&Enriched| TRANSPORT.contains(&post.post.text.as_str());
    let said: Vec<PostId> = talk.posts.iter().filter(speaks).map(|post| post.post.id).collect();
    let issues = talk.list().issues.into_iter();
    issues.into_iter().find(|issue| issue.recent.iter().filter(|id| said.contains(id)).count() >= 4)
}

#[test]
fn one_thing_said_in_different_words_in_different_rooms_is_an_issue() {
    let issue = transport(&rooms(3, false)).unwrap();
    assert_eq!(issue.channels[0].channel, Channel::Offline);
    assert!(issue.meetings.held >= 2 && issue.voices >= 4, "{issue:?}");
    assert!(!issue.terms.is_empty() || issue.label == "Posts alike", "{issue:?}");
}

#[test]
fn what_one_room_says_or_what_rooms_always_say_is_none() {
    assert!(transport(&rooms(1, false)).is_none(), "one meeting");
    assert!(transport(&rooms(3, true)).is_none(), "said every week");
}
