//! What could not be collected is neither a fall nor a rise.

use bus::Gap;

use super::*;

/// Two forums: a large one whose members keep talking of rota swaps, and a small one that keeps talking of parking permits.
struct Forums {
    numbers: Numbers,
    posts: Vec<Enriched>,
}

impl Forums {
    /// Five weeks of both; the large one is heard only in the hours ago for which `heard` holds.
    fn new(heard: impl Fn(i64) -> bool) -> Self {
        let mut forums = Self { numbers: Numbers(23), posts: Vec::new() };
        for hour in (0..35 * 24).rev() {
            for nth in 0..4 {
                if heard(hour) {
                    let text = if nth == 0 { "rota swap again" } else { "so it goes" };
                    forums.say("large", hour * HOUR + nth * 700, text);
                }
            }
            forums.say("small", hour * HOUR + 900, "parking permit refused");
        }
        forums
    }

    fn say(&mut self, source: &str, seconds_ago: i64, text: &str) {
        let number = self.posts.len() as u64;
        let (before, after) = (words(&mut self.numbers, 3), words(&mut self.numbers, 3));
        let made = post(number).author(self.numbers.below(5_000)).channel(Channel::Forum).at(ago(seconds_ago));
        self.posts.push(made.source(source).text(&format!("{before} {text} {after}")).build());
    }

    fn list(&self, gap: Option<Gap>) -> TrendList {
        let mut changes: Vec<_> = self.posts.iter().cloned().map(Change::Upsert).collect();
        changes.extend(gap.map(Change::Gap));
        listed(&changes)
    }
}

/// The large forum was not collected from `from` until `until` hours ago.
fn gap(from: i64, until: Option<i64>) -> Gap {
    Gap {
        source: "large".parse().unwrap(),
        channel: Channel::Forum,
        from: ago(from * HOUR),
        until: until.map(|until| ago(until * HOUR)),
        reason: "it did not answer".to_owned(),
    }
}

#[test]
fn the_small_do_not_rise_when_the_large_cannot_be_heard() {
    let forums = Forums::new(|hour| hour >= 7 * 24);
    assert!(about(&forums.list(None).issues, "permit").is_some(), "taken as silence, it changes what is usual");
    assert!(forums.list(Some(gap(7 * 24, None))).issues.is_empty());
}

#[test]
fn what_is_heard_again_does_not_rise() {
    let forums = Forums::new(|hour| !(50..33 * 24).contains(&hour));
    assert!(about(&forums.list(None).issues, "rota").is_some(), "taken as silence, it would be new");
    assert!(forums.list(Some(gap(33 * 24, Some(50)))).issues.is_empty());
}

#[test]
fn after_half_a_baseline_of_silence_what_is_usual_is_known() {
    let mut forums = Forums::new(|hour| !(24 * 9..24 * 23).contains(&hour));
    let gap = gap(24 * 23, Some(24 * 9));
    assert!(forums.list(Some(gap.clone())).issues.is_empty());
    let lift = ["lift is broken", "the broken lift", "lift broken again"].into_iter().cycle();
    for (nth, text) in (0..30).zip(lift) {
        forums.say("large", nth * HOUR + 300, text);
    }
    assert!(about(&forums.list(Some(gap)).issues, "lift").is_some(), "what is new there is found all the same");
}

#[test]
fn an_issue_does_not_fall_for_want_of_collection() {
    let mut forums = Forums::new(|hour| hour >= 48);
    let pens = ["insulin pens out of stock", "no insulin pens", "insulin pens shortage"].into_iter().cycle();
    for (nth, text) in (0..60).zip(pens) {
        forums.say("large", (48 + nth) * HOUR + 300, text);
    }
    let status = |gap| about(&forums.list(gap).issues, "insulin").map(|issue| issue.status);
    assert_eq!(status(None), Some(Status::Falling));
    assert_eq!(status(Some(gap(48, None))), Some(Status::Sustained));
}

#[test]
fn a_gap_that_was_recovered_is_none_and_its_order_does_not_matter() {
    let forums = Forums::new(|hour| hour >= 7 * 24);
    let open = gap(7 * 24, None);
    let posts: Vec<_> = forums.posts.iter().cloned().map(Change::Upsert).collect();
    let with = |before: &[Gap], after: &[Gap]| {
        let gaps = |gaps: &[Gap]| gaps.iter().cloned().map(Change::Gap).collect::<Vec<_>>();
        listed(&[gaps(before), posts.clone(), gaps(after)].concat()).hash
    };
    let withdrawn = Gap { until: Some(open.from), ..open.clone() };
    let (open, withdrawn) = (&[open][..], &[withdrawn][..]);
    assert_eq!(with(open, &[]), with(&[], open));
    assert_eq!(with(&[], &[]), with(open, withdrawn));
    assert_ne!(with(&[], &[]), with(&[], open));
}
