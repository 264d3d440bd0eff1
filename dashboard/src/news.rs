//! What changed since yesterday, told from one list alone: each issue carries its days.

use index::trends::model::{DayCount, Retired};
use index::trends::{Issue, TrendList};
use jiff::SignedDuration;

use crate::config::Audience;
use crate::format::{self, counted};
use crate::uncollected::Uncollected;

/// At most so many changes since yesterday are listed.
const MOST_NEWS: usize = 6;

/// The rank of a fall, the least important news.
const FELL: u8 = 4;

/// Something that changed since yesterday.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The page that shows it, where there is one.
    pub href: Option<String>,
    /// The issue's label, or how many issues.
    pub label: String,
    /// What it did, as the rest of the sentence.
    pub did: String,
}

/// What changed since yesterday, most important first. While sources could not be collected, nothing is said to have
/// fallen.
pub fn since_yesterday(list: &TrendList, audience: Audience, missing: &Uncollected) -> Vec<News> {
    let day_of = |ago: i64| format::london(list.as_of - SignedDuration::from_hours(24 * ago)).date();
    let incomplete = missing.any(day_of(1), day_of(0));
    let yesterday = list.as_of - SignedDuration::from_hours(24);
    let mut news: Vec<(u8, News)> = list
        .issues
        .iter()
        .filter_map(|issue| {
            let (rank, did) = change_of(issue, issue.first_seen >= yesterday, audience)?;
            if rank == FELL && incomplete {
                return None;
            }
            Some((rank, News { href: Some(format!("/issues/{}", issue.id)), label: issue.label.clone(), did }))
        })
        .collect();
    let held = list.held.iter().filter(|issue| issue.first_seen >= yesterday).count() as u64;
    if audience == Audience::Staff && held > 0 {
        let label = counted(held, "new issue", "new issues");
        let did = if held == 1 { "is held for a person to check" } else { "are held for a person to check" };
        news.push((3, News { href: Some("/issues?status=held".to_owned()), label, did: did.to_owned() }));
    }
    news.extend(list.retired.values().filter_map(|retired| match retired {
        Retired::Expired { label, last_listed } if *last_listed >= yesterday && !incomplete => {
            let did = "fell back to its usual level and is no longer listed".to_owned();
            Some((FELL, News { href: None, label: label.clone(), did }))
        }
        Retired::Expired { .. } | Retired::MergedInto(_) => None,
    }));
    news.sort_by_key(|(rank, _)| *rank);
    news.into_iter().map(|(_, news)| news).take(MOST_NEWS).collect()
}

/// What an issue did since yesterday, with the rank of such a change.
fn change_of(issue: &Issue, is_new: bool, audience: Audience) -> Option<(u8, String)> {
    let posts = |count: &DayCount| audience.count(count.posts).of("post", "posts");
    if is_new {
        let said = audience.count(issue.posts).of("post", "posts");
        let types = counted(issue.channels.len() as u64, "source type", "source types");
        return Some((0, format!("is new: {said} from {types}")));
    }
    // Today is not over, so its count can only show a rise.
    let [.., before, yesterday, today] = &issue.days[..] else { return None };
    let (_, high) = issue.usual;
    let times_usual = |day: &DayCount| format::whole((day.posts as f64 / high.max(1.0)).floor());
    let above = |day: &DayCount| day.posts as f64 > high;
    for (day, previous, when, so_far) in [(today, yesterday, "today", " so far"), (yesterday, before, "yesterday", "")]
    {
        if times_usual(day) >= 2 && times_usual(day) > times_usual(previous) {
            return Some((
                1,
                format!("passed {} times its usual level {when}: {}{so_far}", times_usual(day), posts(day)),
            ));
        }
        if above(day) && !above(previous) {
            return Some((2, format!("rose above its usual range {when}: {}{so_far}", posts(day))));
        }
    }
    (above(before) && !above(yesterday)).then(|| (FELL, "fell back into its usual range yesterday".to_owned()))
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use super::*;
    use crate::testing::issue;

    fn news(issues: Vec<Issue>, missing: &Uncollected) -> Vec<String> {
        let list = TrendList {
            as_of: "2026-11-22T14:00:00Z".parse().unwrap(),
            computed_at: "2026-11-22T14:00:00Z".parse().unwrap(),
            offsets: bus::Offsets::default(),
            method: String::new(),
            hash: String::new(),
            days_seen: 28,
            issues,
            held: Vec::new(),
            retired: BTreeMap::new(),
        };
        let news = since_yesterday(&list, Audience::Staff, missing);
        news.into_iter().map(|news| format!("{} {}", news.label, news.did)).collect()
    }

    #[test]
    fn what_changed_since_yesterday_is_told_once_and_the_new_comes_first() {
        let fresh = Issue { first_seen: "2026-11-22T08:00:00Z".parse().unwrap(), ..issue("fresh", &[0, 0, 7]) };
        let issues = vec![
            issue("as before", &[30, 31, 32]),
            issue("back", &[15, 30, 18, 2]),
            issue("above today", &[15, 15, 21]),
            issue("above yesterday", &[15, 25, 3]),
            issue("trebled", &[30, 65, 10]),
            fresh,
        ];
        let told = news(issues.clone(), &Uncollected::default());
        assert_eq!(
            told,
            [
                "fresh is new: 7 posts from 0 source types",
                "trebled passed 3 times its usual level yesterday: 65 posts",
                "above today rose above its usual range today: 21 posts so far",
                "above yesterday rose above its usual range yesterday: 25 posts",
                "back fell back into its usual range yesterday",
            ]
        );
        let missing = crate::testing::uncollected("2026-11-21T00:00:00Z", "2026-11-21T12:00:00Z");
        assert_eq!(news(issues, &missing), told[..4], "a fall may be want of collection");
    }
}
