//! What the numbers of an issue mean, in plain sentences. Pure functions of the trend list, so that a page and the API
//! say the same, and the same list always says the same.

use std::collections::BTreeMap;

use bus::SentimentLabel;
use index::trends::model::{DayCount, Doubt, Meetings, Status};
use index::trends::{Issue, TrendList};
use jiff::civil::Date;
use jiff::{Span, ToSpan};

use crate::config::Audience;
use crate::format::{self, counted, date, decimal, percent};
use crate::labels::{self, Labels};
use crate::uncollected::Uncollected;

/// A reason in two parts: what to see at a glance, and the rest of the sentence.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reason {
    /// The number or the fact.
    pub strong: String,
    /// What it is compared with.
    pub rest: String,
}

/// The finding of a list of issues, as a heading. Where `incomplete`, because sources could not be collected this week,
/// nothing is said to have fallen.
pub fn headline(largest: Option<&Issue>, incomplete: bool) -> String {
    let Some(issue) = largest else { return "No issue is above its usual range".to_owned() };
    let label = &issue.label;
    let ratio = issue.posts as f64 / issue.posts_before.max(1) as f64;
    match format::change(issue.posts, issue.posts_before) {
        None => format!("Posts about ‘{label}’ are new this week"),
        Some(_) if ratio >= 3.0 => {
            format!("Posts about ‘{label}’ are at {} the week before", format::times(ratio))
        }
        Some(_) if ratio >= 2.0 => format!("Posts about ‘{label}’ have more than doubled in a week"),
        Some(change) if (0.95..1.05).contains(&ratio) || change == "the same" => {
            format!("‘{label}’ is the largest issue, as large as the week before")
        }
        Some(_) if incomplete && issue.posts < issue.posts_before => {
            format!("‘{label}’ is the largest issue, in a week in which not every source could be collected")
        }
        Some(change) => format!("Posts about ‘{label}’ are {change} in a week"),
    }
}

/// How many issues stand out, as a heading.
pub fn standing_out(issues: &[&Issue]) -> String {
    let fresh = issues.iter().filter(|issue| matches!(issue.status, Status::New | Status::Rising)).count() as u64;
    match (issues.len() as u64, fresh) {
        (0, _) => "No issue stands out".to_owned(),
        (all, 0) => format!("{} out, none of them rising or new", counted(all, "issue stands", "issues stand")),
        (1, _) => format!("1 issue stands out, and it is {}", labels::status(issues[0].status).to_lowercase()),
        (all, fresh) => {
            format!("{} issues stand out, {} of them rising or new", format::thousands(all), format::thousands(fresh))
        }
    }
}

/// The day since which an issue has been above its usual range without a break. Today counts only if it is above
/// already, because it is not over.
pub fn above_since(issue: &Issue) -> Option<Date> {
    let above = |day: &&DayCount| day.posts as f64 > issue.usual.1;
    let days = match issue.days.split_last() {
        Some((today, earlier)) if !above(&today) => earlier,
        _ => &issue.days,
    };
    days.iter().rev().take_while(above).last().map(|day| day.day)
}

/// The finding of an issue's chart, as a heading. A day that is not whole is no proof of a fall.
pub fn chart_heading(issue: &Issue, missing: &Uncollected) -> String {
    let last_above = issue.days.iter().rev().find(|day| day.posts as f64 > issue.usual.1);
    match (above_since(issue), last_above, issue.days.last()) {
        (Some(day), ..) => format!("Posts rose above the usual range on {}", format::day_and_month(day)),
        (None, Some(above), Some(today)) if missing.any(above.day.saturating_add(1.day()), today.day) => {
            "Posts rose above the usual range; since then not every source could be collected".to_owned()
        }
        (None, Some(_), _) => "Posts are back within the usual range".to_owned(),
        (None, None, _) => "Posts stayed within the usual range".to_owned(),
    }
}

/// What is usual in a day, in words: "140 to 225 posts a day".
pub fn usual_range(issue: &Issue, audience: Audience) -> String {
    let (low, high) = issue.usual;
    if audience == Audience::Public && high < crate::count::FEWEST_SHOWN as f64 {
        return "fewer than 10 posts a day".to_owned();
    }
    let (low, high) = (decimal(low), decimal(high));
    if low == high { format!("{high} posts a day") } else { format!("{low} to {high} posts a day") }
}

/// Why an issue is listed, in sentences with every number explained.
pub fn why(issue: &Issue, labels: &Labels, source_name: &str, audience: Audience) -> Vec<Reason> {
    let mut reasons = vec![volume(issue, audience)];
    if let Some(day) = above_since(issue) {
        let rest = format!(" every day since {}. Usual is {}", date(day), usual_range(issue, audience));
        reasons.push(Reason { strong: "Above its usual range".to_owned(), rest });
    }
    reasons.extend(strongest_channel(issue, audience));
    reasons.extend(meetings(issue, audience));
    reasons.extend(places(issue, labels, audience));
    let words: Vec<String> = issue.terms.iter().take(5).map(|term| format!("‘{}’", term.term)).collect();
    if !words.is_empty() {
        reasons.push(Reason { strong: format::list(&words), rest: " are used more than usual".to_owned() });
    }
    let (_, share) = issue.busiest_source;
    let strong = if share > 0.5 { "Mostly one source" } else { "Not one source" };
    let rest = format!(": the busiest, {source_name}, has {} of the posts of the last 7 days", percent(share));
    reasons.push(Reason { strong: strong.to_owned(), rest });
    reasons.extend(discounted(issue, audience));
    reasons
}

fn volume(issue: &Issue, audience: Audience) -> Reason {
    let strong = format!("{} in 7 days", audience.count(issue.posts).of("post", "posts"));
    let voices = audience.count(issue.voices).of("voice", "voices");
    let before = audience.count(issue.posts_before);
    let change = match (before.exact(), format::change(issue.posts, issue.posts_before)) {
        (Some(_), Some(change)) => format!(" ({change})"),
        _ => String::new(),
    };
    let compared = if issue.posts_before == 0 && audience == Audience::Staff {
        "; there were none in the 7 days before".to_owned()
    } else {
        format!(", against {before} in the 7 days before{change}")
    };
    Reason { strong, rest: format!(" from {voices}{compared}") }
}

fn strongest_channel(issue: &Issue, audience: Audience) -> Option<Reason> {
    let evidence = issue.channels.first()?;
    let channel = labels::channel(evidence.channel);
    let voices = audience.count(evidence.voices);
    let strong = format!("{channel}: {} in {}", voices.of("voice", "voices"), window(evidence.window_h));
    let ratio = match voices.exact() {
        Some(number) if evidence.expected > 0.0 => {
            format!(" ({} as many)", format::times(number as f64 / evidence.expected))
        }
        _ => String::new(),
    };
    let rest = format!(
        ", where {} would be expected{ratio}. If nothing had changed, the chance of so many would be {}",
        decimal(evidence.expected),
        format::odds(evidence.p)
    );
    Some(Reason { strong, rest })
}

/// How many meetings spoke of it, and how many people were there: most people in a room do not speak.
fn meetings(issue: &Issue, audience: Audience) -> Option<Reason> {
    let Meetings { held, counted, people } = issue.meetings;
    let people = audience.count(people).of("person", "people");
    let rest = match counted {
        0 => "; nobody noted how many people were there".to_owned(),
        _ if counted == held => format!(" with about {people} in the room, of whom only some spoke"),
        _ => {
            let rooms = audience.count(counted).of("room where", "rooms where");
            format!(" with about {people} in the {rooms} somebody counted, of whom only some spoke")
        }
    };
    let strong = format!("Said at {}", audience.count(held).of("meeting", "meetings"));
    (held > 0).then_some(Reason { strong, rest })
}

fn places(issue: &Issue, labels: &Labels, audience: Audience) -> Option<Reason> {
    let known: Vec<&(String, u64)> =
        issue.regions.iter().filter(|(region, posts)| labels.regions.contains_key(region) && *posts > 0).collect();
    let (most, posts) = known.first()?;
    let naming = known.iter().map(|(_, posts)| posts).sum();
    let (heard, all) = (known.len(), labels.regions.len());
    let regions = if heard == all { format!("all {all} regions") } else { format!("{heard} of {all} regions") };
    let (posts, naming) = (audience.count(*posts), audience.count(naming).of("post", "posts"));
    let rest = format!(" is the region named most, in {posts} of the {naming} that name one. Heard in {regions}");
    Some(Reason { strong: labels.region(most).to_owned(), rest })
}

fn discounted(issue: &Issue, audience: Audience) -> Option<Reason> {
    let mut parts = Vec::new();
    if issue.discounted.copies > 0 {
        parts.push(format!(
            "{} of the same text beyond the third",
            audience.count(issue.discounted.copies).of("copy", "copies")
        ));
    }
    if issue.discounted.same_author > 0 {
        let further = audience.count(issue.discounted.same_author).of("further post", "further posts");
        parts.push(format!("{further} by people who had already spoken within 24 hours"));
    }
    let strong = "Counted as posts but not as voices".to_owned();
    (!parts.is_empty()).then(|| Reason { strong, rest: format!(": {}", format::list(&parts)) })
}

/// A window in words: "24 hours", "7 days".
pub fn window(hours: u32) -> String {
    if hours > 24 && hours.is_multiple_of(24) {
        format!("{} days", hours / 24)
    } else {
        counted(hours.into(), "hour", "hours")
    }
}

/// How posts feel on the whole, in two words.
pub fn feeling(sentiment: &BTreeMap<SentimentLabel, u64>) -> &'static str {
    let all: u64 = sentiment.values().sum();
    let share = |label| sentiment.get(&label).copied().unwrap_or(0) as f64 / all.max(1) as f64;
    match () {
        () if all == 0 => "Not scored",
        () if share(SentimentLabel::Negative) > 0.5 => "Mostly negative",
        () if share(SentimentLabel::Positive) > 0.5 => "Mostly positive",
        () if share(SentimentLabel::Neutral) > 0.5 => "Mostly neutral",
        () => "Mixed",
    }
}

/// How posts feel, in shares of those that were scored: "58% negative, 29% neutral, 13% positive".
pub fn feelings(sentiment: &BTreeMap<SentimentLabel, u64>, audience: Audience) -> String {
    let numbers: Vec<u64> =
        SentimentLabel::ALL.iter().map(|label| sentiment.get(label).copied().unwrap_or(0)).collect();
    let all: u64 = numbers.iter().sum();
    if all == 0 {
        return "No post was scored".to_owned();
    }
    let counts = audience.counts(&numbers);
    let parts: Vec<String> = SentimentLabel::ALL
        .iter()
        .zip(&counts)
        .map(|(label, count)| {
            let name = labels::sentiment(*label).to_lowercase();
            match count.exact() {
                Some(number) => format!("{} {name}", percent(number as f64 / all as f64)),
                None => format!("{} {name}", count.of("post", "posts")),
            }
        })
        .collect();
    parts.join(", ")
}

/// How an issue stands against its usual range, on the last whole day.
pub fn against_usual(issue: &Issue, audience: Audience) -> String {
    let Some(yesterday) = issue.days.iter().rev().nth(1) else { return String::new() };
    let posts = audience.count(yesterday.posts);
    format!("{posts} yesterday; usual is {}", usual_range(issue, audience).trim_end_matches(" posts a day"))
}

/// The days of the last four weeks up to a list's moment, oldest first.
pub fn last_days(list: &TrendList, days: i64) -> Vec<Date> {
    let today = format::london(list.as_of).date();
    (0..days).rev().map(|ago| today.saturating_sub(Span::new().days(ago))).collect()
}

/// What an issue's status means, in a sentence.
pub fn status_meaning(issue: &Issue) -> String {
    let meaning = match issue.status {
        Status::New => "It was not seen before its present rise.",
        Status::Rising => "It is above its usual range and growing.",
        Status::Sustained => "It is above its usual range and no longer growing.",
        Status::Falling => "It is coming down towards its usual range.",
        Status::Held => {
            return format!("It {}, so it is held back for a person to check.", why_held(issue));
        }
    };
    meaning.to_owned()
}

/// Why an issue is held, to follow "it": what the gravest check that it failed asks.
pub fn why_held(issue: &Issue) -> &'static str {
    match issue.doubt() {
        Some(Doubt::Coordinated) => "looks coordinated",
        Some(Doubt::Person) => "is about one person more than about health and care",
        Some(Doubt::Habit) => "looks like a habit of certain days",
        Some(Doubt::Narrow) => "comes from too few people, sources or meetings to tell",
        None => "is too weak without what was not counted",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::issue;

    #[test]
    fn an_unfinished_day_ends_no_rise() {
        let day = |day| Some(Date::constant(2026, 11, day));
        assert_eq!(above_since(&issue("a", &[15, 25, 25, 3])), day(20));
        assert_eq!(above_since(&issue("a", &[25, 15, 15, 30])), day(22));
        assert_eq!(above_since(&issue("a", &[25, 25, 15, 3])), None);
        let heading = |missing: &Uncollected| chart_heading(&issue("a", &[25, 25, 15, 3]), missing);
        assert_eq!(heading(&Uncollected::default()), "Posts are back within the usual range");
        let missing = crate::testing::uncollected("2026-11-21T00:00:00Z", "2026-11-21T12:00:00Z");
        assert_eq!(
            heading(&missing),
            "Posts rose above the usual range; since then not every source could be collected"
        );
        let before = crate::testing::uncollected("2026-11-20T00:00:00Z", "2026-11-20T12:00:00Z");
        assert_eq!(heading(&before), "Posts are back within the usual range");
    }

    #[test]
    fn the_headline_says_the_finding() {
        let told = |posts, posts_before| headline(Some(&Issue { posts, posts_before, ..issue("queues", &[]) }), false);
        assert_eq!(told(100, 0), "Posts about ‘queues’ are new this week");
        assert_eq!(told(450, 100), "Posts about ‘queues’ are at 4.5 times the week before");
        assert_eq!(told(220, 100), "Posts about ‘queues’ have more than doubled in a week");
        assert_eq!(told(180, 100), "Posts about ‘queues’ are up 80% in a week");
        assert_eq!(told(60, 100), "Posts about ‘queues’ are down 40% in a week");
        assert_eq!(told(101, 100), "‘queues’ is the largest issue, as large as the week before");
        assert_eq!(headline(None, false), "No issue is above its usual range");
        let fallen = Issue { posts: 60, posts_before: 100, ..issue("queues", &[]) };
        assert!(!headline(Some(&fallen), true).contains("down"));
    }

    #[test]
    fn who_was_in_the_room_is_said_as_far_as_it_was_noted() {
        let told = |held, counted, people, audience| {
            let issue = Issue { meetings: Meetings { held, counted, people }, ..issue("lifts", &[]) };
            meetings(&issue, audience).map(|reason| format!("{}{}", reason.strong, reason.rest))
        };
        let staff = |held, counted, people| told(held, counted, people, Audience::Staff).unwrap_or_default();
        assert_eq!(staff(0, 0, 0), "");
        assert_eq!(staff(1, 0, 0), "Said at 1 meeting; nobody noted how many people were there");
        assert_eq!(staff(3, 3, 85), "Said at 3 meetings with about 85 people in the room, of whom only some spoke");
        assert_eq!(
            staff(3, 2, 60),
            "Said at 3 meetings with about 60 people in the 2 rooms where somebody counted, of whom only some spoke"
        );
        let public = told(2, 2, 7, Audience::Public).unwrap();
        assert!(!public.contains('7') && !public.contains('2'), "{public}");
    }

    #[test]
    fn feelings_are_shares_of_the_posts_that_were_scored() {
        let split = BTreeMap::from([
            (SentimentLabel::Negative, 58),
            (SentimentLabel::Neutral, 33),
            (SentimentLabel::Positive, 9),
        ]);
        assert_eq!(feeling(&split), "Mostly negative");
        assert_eq!(feelings(&split, Audience::Staff), "58% negative, 33% neutral, 9% positive");
        let hidden = feelings(&split, Audience::Public);
        assert_eq!(hidden, "58% negative, fewer than 10 posts neutral, fewer than 10 posts positive");
        assert_eq!(feeling(&BTreeMap::new()), "Not scored");
    }
}
