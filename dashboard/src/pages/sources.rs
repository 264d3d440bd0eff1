//! How the sources are doing: those with problems first, in plain words.

use askama::Template;
use axum::response::Html;
use bus::{Gap, SourceHealth, SourceState};
use jiff::Timestamp;

use crate::charts::spark;
use crate::config::Audience;
use crate::error::AppError;
use crate::facet::Facet;
use crate::format::{self, counted, thousands};
use crate::labels;
use crate::pages::{Chrome, Section, render};
use crate::params::Params;
use crate::site::Site;

#[derive(Template)]
#[template(path = "sources.html")]
struct SourcesPage {
    chrome: Chrome,
    /// Each state with its number of sources.
    states: Vec<(&'static str, &'static str, usize)>,
    problems: Vec<SourceRow>,
    /// Whether the reader may hand in documents.
    takes_submissions: bool,
    working: Vec<SourceRow>,
    /// What each stage does, its group, and how much waits for it, in words; empty where it is not known.
    stages: Vec<(&'static str, &'static str, String)>,
}

/// So many gaps of a source are listed.
const MOST_GAPS: usize = 5;

struct SourceRow {
    name: String,
    posts_href: String,
    kind: String,
    location: String,
    state: &'static str,
    colour: &'static str,
    last_success: String,
    next: String,
    error: Option<String>,
    /// What is to be done about its token, in sentences.
    token: Option<String>,
    /// When it could not be collected, newest first, and how often before.
    gaps: Vec<String>,
    earlier_gaps: Option<String>,
    today: String,
    usual: String,
    spark: String,
    spark_words: String,
}

/// The sources, worst first, then by name.
pub fn worst_first(site: &Site) -> Vec<SourceHealth> {
    let mut health = (site.parts.health)();
    let now = site.now();
    health.sort_by(|a, b| urgency(a, now).cmp(&urgency(b, now)).then_with(|| a.name.cmp(&b.name)));
    health
}

/// How soon somebody should look at a source, from 0: what fails or has fallen silent comes before what Discovery may
/// still mend by itself.
fn urgency(source: &SourceHealth, now: Timestamp) -> u8 {
    match source.state {
        SourceState::Failing => 0,
        SourceState::Silent => 1,
        _ if token_trouble(source, now).is_some() => 2,
        SourceState::Retrying => 3,
        SourceState::RateLimited => 4,
        SourceState::Waiting => 5,
        SourceState::Working => 6,
    }
}

/// `/sources`.
///
/// # Errors
/// None but those of the template.
pub async fn page(site: Site) -> Result<Html<String>, AppError> {
    let (health, now) = (worst_first(&site), site.now());
    let (problems, working): (Vec<_>, Vec<_>) = health.iter().partition(|source| has_problem(source, now));
    let title = match (problems.len() as u64, health.len() as u64) {
        (_, 0) => "No sources are configured".to_owned(),
        (0, all) => format!("All {} work", counted(all, "source", "sources")),
        (broken, all) => {
            let verb = if broken == 1 { "has a problem" } else { "have problems" };
            format!("{} of {} {verb}", thousands(broken), counted(all, "source", "sources"))
        }
    };
    let mut states: Vec<(&'static str, &'static str, usize)> = Vec::new();
    for source in &health {
        let name = labels::source_state(source.state);
        match states.iter_mut().find(|(known, ..)| *known == name) {
            Some((_, _, number)) => *number += 1,
            None => states.push((name, labels::source_colour(source.state), 1)),
        }
    }
    render(&SourcesPage {
        chrome: Chrome::new(&site, Section::Sources, title),
        states,
        takes_submissions: site.audience() == Audience::Staff && site.parts.submissions.is_some(),
        problems: problems.into_iter().map(|source| row(&site, source)).collect(),
        working: working.into_iter().map(|source| row(&site, source)).collect(),
        stages: (site.parts.stages)()
            .into_iter()
            .map(|stage| (stage.work, stage.group, waiting(stage.waiting)))
            .collect(),
    })
}

/// How much waits for a stage.
fn waiting(records: u64) -> String {
    match records {
        0 => "nothing waits".to_owned(),
        records => format!("{} on the way", counted(records, "record", "records")),
    }
}

/// Whether a source needs somebody's attention, or soon may.
pub fn has_problem(source: &SourceHealth, now: Timestamp) -> bool {
    match source.state {
        _ if token_trouble(source, now).is_some() => true,
        SourceState::Failing | SourceState::Retrying | SourceState::RateLimited | SourceState::Silent => true,
        SourceState::Waiting | SourceState::Working => false,
    }
}

fn row(site: &Site, source: &SourceHealth) -> SourceRow {
    let now = site.now();
    let audience = site.audience();
    let counts: Vec<String> = source.posts_by_day.iter().map(|posts| audience.count(*posts).to_string()).collect();
    // Today is not over: at the end of so small a line it would look like a fall.
    let whole_days = source.posts_by_day.split_last().map_or(&[][..], |(_, days)| days);
    let plotted: Vec<f64> = whole_days.iter().map(|posts| audience.count(*posts).plotted()).collect();
    let last_success = source.last_success.map_or_else(
        || "never".to_owned(),
        |at| format!("{} ({})", format::moment(at), format::ago(now.duration_since(at))),
    );
    let next = match source.next_attempt {
        Some(at) if at > now => format!("{}, in {}", format::time(at), format::duration(at.duration_since(now))),
        Some(_) => "now".to_owned(),
        None => "not planned".to_owned(),
    };
    SourceRow {
        name: source.name.clone(),
        posts_href: Params::default().with(Facet::Source, source.id.as_str()).href("/search"),
        kind: source.kind.clone(),
        location: source.location.clone(),
        state: labels::source_state(source.state),
        colour: labels::source_colour(source.state),
        last_success,
        next,
        error: source.error.as_ref().map(|error| match source.failures {
            0 => error.clone(),
            failures => format!("{error} ({} in a row)", counted(failures.into(), "failure", "failures")),
        }),
        token: token_trouble(source, now),
        gaps: source.gaps.iter().rev().take(MOST_GAPS).map(|gap| gap_words(gap, now)).collect(),
        earlier_gaps: match source.gaps.len().saturating_sub(MOST_GAPS) as u64 {
            0 => None,
            more => Some(format!("and {} before.", counted(more, "other time", "other times"))),
        },
        today: counts.last().cloned().unwrap_or_else(|| "0".to_owned()),
        usual: match source.usual_posts() {
            None => "not known yet".to_owned(),
            Some(0) if audience == Audience::Staff => "less than 1 a day".to_owned(),
            Some(posts) => format!("{} a day", audience.count(posts)),
        },
        spark: if plotted.iter().any(|posts| *posts > 0.0) { spark(&plotted) } else { String::new() },
        spark_words: format!("Posts on each of the last {} days: {}", counts.len(), counts.join(", ")),
    }
}

/// "20 November 2026, 5pm to 21 November 2026, 9am (16 hours): it did not answer".
fn gap_words(gap: &Gap, now: Timestamp) -> String {
    let length = format::duration(gap.until.unwrap_or(now).duration_since(gap.from));
    match gap.until {
        Some(until) => format!("{} to {} ({length}): {}", format::moment(gap.from), format::moment(until), gap.reason),
        None => format!("since {} ({length}): {}", format::moment(gap.from), gap.reason),
    }
}

/// What is to be done about a source's token, if there is something to be done.
fn token_trouble(source: &SourceHealth, now: Timestamp) -> Option<String> {
    let token = source.token.as_ref()?;
    let place = &token.place;
    if token.refused {
        return Some(format!("The token in {place} was refused: renew it."));
    }
    let (days, last) = (token.days_left(now)?, token.expires?);
    Some(match u64::try_from(days) {
        Ok(0) => format!("The token in {place} expires today: renew it now."),
        Ok(days) => {
            let days = counted(days, "day", "days");
            format!("The token in {place} expires on {}, in {days}: renew it before.", format::date(last))
        }
        Err(_) => format!("The token in {place} expired on {}: renew it.", format::date(last)),
    })
}
