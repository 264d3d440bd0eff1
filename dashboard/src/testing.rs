//! Issues for this crate's own tests.

use std::collections::BTreeMap;

use index::trends::model::{DayCount, Discounted, Meetings, Status};
use index::trends::{Issue, IssueId};
use jiff::civil::Date;
use jiff::{Span, Timestamp};

use crate::uncollected::Uncollected;

/// A source that was not collected from `from` until `until`.
pub fn uncollected(from: &str, until: &str) -> Uncollected {
    let at = |text: &str| text.parse::<Timestamp>().expect("the literal is valid");
    Uncollected::of_one("Forum", at(from), at(until))
}

/// An issue with these posts on its last days, today last; usual is 10 to 20 a day.
pub fn issue(label: &str, posts: &[u64]) -> Issue {
    let today = Date::constant(2026, 11, 22);
    let day = |(place, posts): (usize, &u64)| {
        let ago = i64::try_from(place).expect("the literal is valid");
        DayCount { day: today.saturating_sub(Span::new().days(ago)), posts: *posts, voices: *posts }
    };
    let mut days: Vec<DayCount> = posts.iter().rev().enumerate().map(day).collect();
    days.reverse();
    Issue {
        id: IssueId::from_parts(1, posts.iter().sum::<u64>().into()),
        label: label.to_owned(),
        status: Status::Rising,
        score: 5.0,
        first_seen: "2026-11-10T09:00:00Z".parse().expect("the literal is valid"),
        posts: posts.iter().sum(),
        voices: posts.iter().sum(),
        posts_before: 100,
        channels: Vec::new(),
        baseline: (today, today),
        usual: (10.0, 20.0),
        days,
        terms: Vec::new(),
        sentiment: BTreeMap::new(),
        regions: Vec::new(),
        topics: Vec::new(),
        quotes: Vec::new(),
        recent: Vec::new(),
        busiest_source: ("a".to_owned(), 0.6),
        meetings: Meetings::default(),
        discounted: Discounted::default(),
        gate: Vec::new(),
        related: Vec::new(),
        query: String::new(),
    }
}
