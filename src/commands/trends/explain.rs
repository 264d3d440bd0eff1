//! `discovery trends explain`: everything behind one issue.

use std::io::{Write, stdout};

use anyhow::{Result, anyhow, bail};
use index::trends::model::{Retired, TrendList};
use index::trends::{Issue, IssueId};
use jiff::tz::TimeZone;

use super::list::status;

/// Prints an issue of `list`.
pub(super) fn print(list: &TrendList, asked: &str, json: bool) -> Result<()> {
    let issue = find(list, asked)?;
    let mut out = stdout().lock();
    if json {
        serde_json::to_writer_pretty(&mut out, issue)?;
        writeln!(out)?;
    } else {
        out.write_all(explained(list, issue)?.as_bytes())?;
    }
    Ok(out.flush()?)
}

/// The issue that is meant: by its id, the beginning of it, or words of its label. An issue that was merged leads to what it is now.
fn find<'a>(list: &'a TrendList, asked: &str) -> Result<&'a Issue> {
    let all = || list.issues.iter().chain(&list.held);
    if let Ok(id) = asked.parse::<IssueId>() {
        let id = list.current(id);
        if let Some(Retired::Expired { label, last_listed }) = list.retired.get(&id) {
            bail!("‘{label}’ fell back to its usual level and was last listed at {last_listed}");
        }
        return all().find(|issue| issue.id == id).ok_or_else(|| anyhow!("no issue has the id {id}"));
    }
    let words = asked.to_lowercase();
    let is_meant = |issue: &&Issue| {
        issue.label.to_lowercase().contains(&words) || issue.id.to_string().to_lowercase().starts_with(&words)
    };
    let found: Vec<&Issue> = all().filter(is_meant).collect();
    match found[..] {
        [issue] => Ok(issue),
        [] => bail!("no issue is called ‘{asked}’: `discovery trends list` names them"),
        ref several => {
            let labels: Vec<&str> = several.iter().take(5).map(|issue| issue.label.as_str()).collect();
            bail!("‘{asked}’ could be {} issues, such as {}: say more of it", several.len(), labels.join(", "))
        }
    }
}

fn explained(list: &TrendList, issue: &Issue) -> Result<String> {
    use std::fmt::Write as _;
    let london = TimeZone::get("Europe/London")?;
    let moment = |at: jiff::Timestamp| at.to_zoned(london.clone()).strftime("%-d %B %Y, %H:%M").to_string();
    let mut out = String::new();
    writeln!(out, "{} ({}), {}", issue.label, issue.id, status(issue))?;
    writeln!(out, "  as of {}, by {}, list {}", moment(list.as_of), list.method, &list.hash[..12])?;
    writeln!(out, "  first seen {}; strength {:.2}", moment(issue.first_seen), issue.score)?;
    writeln!(
        out,
        "  {} posts by {} voices in 7 days, {} posts in the 7 before; usual in a day: {:.0} to {:.0}",
        issue.posts, issue.voices, issue.posts_before, issue.usual.0, issue.usual.1
    )?;
    writeln!(
        out,
        "  not counted as voices: {} copies beyond the third, {} further posts within 24 hours",
        issue.discounted.copies, issue.discounted.same_author
    )?;
    if issue.meetings.held > 0 {
        let meetings = issue.meetings;
        writeln!(
            out,
            "  said at {} meetings; {} of them noted how many were there: {} people",
            meetings.held, meetings.counted, meetings.people
        )?;
    }
    writeln!(out, "channels (baseline {} to {}):", issue.baseline.0, issue.baseline.1)?;
    for channel in &issue.channels {
        writeln!(
            out,
            "  {:8} {} voices in {} posts in {} h, {:.2} expected, p = {:.2e}",
            channel.channel.slug(),
            channel.voices,
            channel.posts,
            channel.window_h,
            channel.expected,
            channel.p
        )?;
    }
    writeln!(out, "words used more than usual:")?;
    for term in &issue.terms {
        writeln!(
            out,
            "  {}: {} voices, {:.2} expected, {:.0}% due to the rise",
            term.term,
            term.voices,
            term.expected,
            term.attributable * 100.0
        )?;
    }
    writeln!(out, "checks:")?;
    for check in &issue.gate {
        writeln!(out, "  {} {}: {}", if check.passed { "passed" } else { "FAILED" }, check.rule, check.found)?;
    }
    let counts = |pairs: &[(String, u64)]| {
        let pairs: Vec<String> = pairs.iter().map(|(name, count)| format!("{name} {count}")).collect();
        if pairs.is_empty() { "none named".to_owned() } else { pairs.join(", ") }
    };
    writeln!(out, "regions: {}", counts(&issue.regions))?;
    writeln!(out, "topics: {}", counts(&issue.topics))?;
    let feelings: Vec<(String, u64)> =
        issue.sentiment.iter().map(|(label, count)| (label.slug().to_owned(), *count)).collect();
    writeln!(out, "feelings: {}", counts(&feelings))?;
    let (source, share) = &issue.busiest_source;
    writeln!(out, "busiest source: {source}, {:.0}% of the posts", share * 100.0)?;
    writeln!(out, "days, posts/voices, oldest first:")?;
    for week in issue.days.chunks(7) {
        let days: Vec<String> = week.iter().map(|day| format!("{}/{}", day.posts, day.voices)).collect();
        writeln!(out, "  from {}: {}", week[0].day, days.join(" "))?;
    }
    let ids = |ids: Vec<String>| if ids.is_empty() { "none".to_owned() } else { ids.join(" ") };
    writeln!(out, "quotes: {}", ids(issue.quotes.iter().map(ToString::to_string).collect()))?;
    writeln!(out, "related: {}", ids(issue.related.iter().map(ToString::to_string).collect()))?;
    writeln!(out, "its posts: discovery search {:?}", issue.query)?;
    Ok(out)
}

#[cfg(test)]
mod tests {
    use super::super::{latest, tests::data};
    use super::*;

    #[test]
    fn an_issue_is_found_by_its_id_its_beginning_or_its_words() {
        let (_dir, config) = data();
        let list = latest(&config).unwrap();
        let pens = list.issues.iter().find(|issue| issue.label.to_lowercase().contains("pens")).unwrap();
        let id = pens.id.to_string();
        for asked in [&id[..], &id.to_lowercase()[..id.len() - 2], "PENS"] {
            assert_eq!(find(&list, asked).unwrap().id, pens.id, "{asked}");
        }
        assert!(find(&list, "trolley").unwrap_err().to_string().contains("discovery trends list"));
        assert!(find(&list, "").unwrap_err().to_string().contains("say more"));
        let mut merged = list.clone();
        let other = IssueId::from_parts(1, 1);
        merged.retired.insert(other, Retired::MergedInto(pens.id));
        assert_eq!(find(&merged, &other.to_string()).unwrap().id, pens.id);
        let label = "Old".to_owned();
        merged.retired.insert(other, Retired::Expired { label, last_listed: list.as_of });
        assert!(find(&merged, &other.to_string()).unwrap_err().to_string().contains("‘Old’ fell back"));
    }

    #[test]
    fn everything_behind_an_issue_is_told() {
        let (_dir, config) = data();
        let list = latest(&config).unwrap();
        let issue = find(&list, "lift").unwrap();
        let told = explained(&list, issue).unwrap();
        // The method and the hash change with the algorithm; what is told does not.
        let told =
            told.replace(&list.method, "METHOD").replace(&list.hash[..12], "HASH").replace(&issue.id.to_string(), "ID");
        insta::assert_snapshot!(told);
    }
}
