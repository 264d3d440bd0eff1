//! One issue: why it is listed, with every number explained, and what people said.

use askama::Template;
use axum::extract::{Path, RawQuery};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{Html, IntoResponse, Response};
use civic::Permission::Organise;
use civic::work::Subject;
use index::trends::model::Retired;
use index::trends::{Issue, IssueId, TrendList};
use index::{Dimension, Filter, Group};
use jiff::SignedDuration;
use jiff::civil::Date;

use crate::charts::{LineChart, Series, UNFINISHED_DAY, draws_last, meter};
use crate::config::Audience;
use crate::error::AppError;
use crate::findings::{self, Reason};
use crate::format;
use crate::labels;
use crate::pages::assembly::{self, quotes::Approved};
use crate::pages::issues::{DayTable, day_table, href};
use crate::pages::quotes::{Quote, quotes, quotes_about};
use crate::pages::review::ReviewPart;
use crate::pages::work::{self, WorkPart};
use crate::pages::{Chrome, Section, render};
use crate::params::{Params, asked};
use crate::period::Period;
use crate::site::Site;
use crate::uncollected::Uncollected;

/// Where the id of an issue leads.
pub enum Found<'a> {
    /// To an issue.
    Issue(&'a Issue),
    /// To another issue, which it was found to be the same as.
    Merged(IssueId),
}

/// The issue with an id, as far as this audience may see it.
///
/// # Errors
/// [`AppError::NoIssue`], or [`AppError::ExpiredIssue`] with its last label.
pub fn find<'a>(site: &Site, list: &'a TrendList, id: &str) -> Result<Found<'a>, AppError> {
    let mut id: IssueId = id.parse().map_err(|_| AppError::NoIssue)?;
    let asked = id;
    // An issue that was merged into one that was merged: every step is followed, but none twice.
    for _ in 0..=list.retired.len() {
        if let Some(issue) = list.issues.iter().chain(site.held(list)).find(|issue| issue.id == id) {
            return Ok(if id == asked { Found::Issue(issue) } else { Found::Merged(id) });
        }
        match list.retired.get(&id) {
            Some(Retired::MergedInto(next)) => id = *next,
            Some(Retired::Expired { label, last_listed }) => {
                return Err(AppError::ExpiredIssue { label: label.clone(), last_listed: *last_listed });
            }
            None => break,
        }
    }
    Err(AppError::NoIssue)
}

#[derive(Template)]
#[template(path = "issue.html")]
struct IssuePage {
    chrome: Chrome,
    issue: Summary,
    /// A sentence for those who were sent on from an issue that was merged into this one.
    merged: Option<String>,
    why: Vec<Reason>,
    evidence: Vec<EvidenceRow>,
    baseline: String,
    terms: Vec<TermRow>,
    gate: Vec<GateRow>,
    chart_heading: String,
    chart: String,
    chart_about: String,
    chart_table: DayTable,
    quotes: Vec<Quote>,
    quotes_about: String,
    /// Words that everybody may read.
    approved: Vec<Approved>,
    glance: Vec<(&'static str, String)>,
    places_heading: String,
    places: Vec<PlaceRow>,
    related: Vec<(String, String)>,
    search: String,
    /// Where it is put forward for the Assembly, for those who may.
    nominate: Option<String>,
    review: ReviewPart,
    /// The work on it, for those who may.
    work: Option<WorkPart>,
}

struct Summary {
    id: String,
    label: String,
    status: &'static str,
    colour: &'static str,
    meaning: String,
    source_types: String,
    held: bool,
}

struct EvidenceRow {
    channel: &'static str,
    window: String,
    voices: String,
    expected: String,
    times: String,
    odds: String,
}

struct TermRow {
    term: String,
    voices: String,
    expected: String,
    attributable: String,
}

struct GateRow {
    rule: String,
    found: String,
    passed: bool,
}

struct PlaceRow {
    name: String,
    posts: String,
    against_population: String,
    meter: String,
}

/// `/issues/{id}`.
///
/// # Errors
/// [`AppError`] when there is no such issue, or no list yet.
pub async fn page(site: Site, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, AppError> {
    let list = site.trends().ok_or(AppError::NotYet)?;
    match find(&site, &list, &id)? {
        Found::Merged(into) => redirect(&id, into),
        Found::Issue(issue) => {
            let merged = merged_from(query.as_deref().unwrap_or_default(), &list, issue);
            Ok(show(&site, &list, issue, merged).await?.into_response())
        }
    }
}

fn redirect(from: &str, into: IssueId) -> Result<Response, AppError> {
    let address = format!("/issues/{into}?merged-from={from}");
    let location = HeaderValue::from_str(&address).map_err(|_| AppError::NoIssue)?;
    Ok((StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, location)]).into_response())
}

/// The sentence for those who were sent on, if the list agrees that they were.
fn merged_from(query: &str, list: &TrendList, issue: &Issue) -> Option<String> {
    let from: IssueId = asked(query, "merged-from")?.parse().ok()?;
    matches!(list.retired.get(&from), Some(Retired::MergedInto(_))).then(|| {
        format!("The issue you opened was found to be the same as ‘{}’, so it is shown here now.", issue.label)
    })
}

async fn show(site: &Site, list: &TrendList, issue: &Issue, merged: Option<String>) -> Result<Html<String>, AppError> {
    let audience = site.audience();
    let labels = &site.parts.labels;
    let (quotes, languages) = tokio::join!(quotes(site, issue), languages(site, list, issue));
    let approved = assembly::quotes::of_issue(site, &issue.id.to_string()).await?;
    let source = source_name(site, &issue.busiest_source.0);
    let missing = site.uncollected();
    let held = site.held(list).iter().any(|held| held.id == issue.id);
    let mut chrome = Chrome::new(site, Section::Issues, issue.label.clone());
    chrome.updated = format::moment(list.computed_at);
    render(&IssuePage {
        merged,
        why: findings::why(issue, labels, &source, audience),
        evidence: evidence(issue, audience),
        baseline: format::dates(issue.baseline.0, issue.baseline.1),
        terms: terms(issue, audience),
        gate: gate(issue, audience),
        chart_heading: findings::chart_heading(issue, &missing),
        chart: chart(issue, audience, &missing),
        chart_about: format!(
            "Posts a day, all of England. The band is what is usual: {}. {UNFINISHED_DAY}{}{}",
            findings::usual_range(issue, audience),
            audience.chart_note(),
            match &issue.days[..] {
                [from, .., to] => missing.note(from.day, to.day),
                _ => String::new(),
            }
        ),
        chart_table: table(issue, audience)
            .with_missing(issue.days.iter().rev().map(|day| missing.on(day.day)).collect()),
        approved,
        quotes_about: quotes_about(quotes.as_deref(), audience),
        quotes: quotes.unwrap_or_default(),
        glance: glance(site, issue, &languages),
        places_heading: places_heading(site, issue),
        places: places(site, issue),
        related: related(list, issue),
        nominate: site.may(Organise).then(|| format!("/assembly/nominate?issue={}", issue.id)),
        search: Params { q: issue.query.clone(), period: Some(Period::FourWeeks), ..Params::default() }.href("/search"),
        issue: Summary {
            id: issue.id.to_string(),
            label: issue.label.clone(),
            status: labels::status(issue.status),
            colour: labels::status_colour(issue.status),
            meaning: findings::status_meaning(issue),
            source_types: format::counted(issue.channels.len() as u64, "source type", "source types"),
            held,
        },
        review: ReviewPart::new(site, issue, held),
        work: work::part(site, Subject::Issue(issue.id.to_string())).await?,
        chrome,
    })
}

/// The name of a source, or its id where it is no longer configured.
pub fn source_name(site: &Site, id: &str) -> String {
    let health = (site.parts.health)();
    health.into_iter().find(|source| source.id.as_str() == id).map_or_else(|| id.to_owned(), |source| source.name)
}

fn evidence(issue: &Issue, audience: Audience) -> Vec<EvidenceRow> {
    issue
        .channels
        .iter()
        .map(|evidence| {
            let voices = audience.count(evidence.voices);
            let times = voices.exact().filter(|_| evidence.expected > 0.0);
            EvidenceRow {
                channel: labels::channel(evidence.channel),
                window: findings::window(evidence.window_h),
                voices: voices.to_string(),
                expected: format::decimal(evidence.expected),
                times: times
                    .map_or_else(|| "not shown".to_owned(), |number| format::times(number as f64 / evidence.expected)),
                odds: if evidence.p < 0.5 { format::odds(evidence.p) } else { "no rise here".to_owned() },
            }
        })
        .collect()
}

fn terms(issue: &Issue, audience: Audience) -> Vec<TermRow> {
    let row = |term: &index::trends::model::TermEvidence| TermRow {
        term: term.term.clone(),
        voices: audience.count(term.voices).to_string(),
        expected: format::decimal(term.expected),
        attributable: format::percent(term.attributable.clamp(0.0, 1.0)),
    };
    issue.terms.iter().take(10).map(row).collect()
}

/// The checks with what they found; the public sees only whether they passed, because what was found is exact.
fn gate(issue: &Issue, audience: Audience) -> Vec<GateRow> {
    let found = |found: &str| if audience == Audience::Staff { found.to_owned() } else { "not shown".to_owned() };
    let row = |check: &index::trends::model::GateCheck| GateRow {
        rule: check.rule.clone(),
        found: found(&check.found),
        passed: check.passed,
    };
    issue.gate.iter().map(row).collect()
}

fn chart(issue: &Issue, audience: Audience, missing: &Uncollected) -> String {
    let days: Vec<Date> = issue.days.iter().map(|day| day.day).collect();
    let values: Vec<f64> = issue.days.iter().map(|day| audience.count(day.posts).plotted()).collect();
    let end = issue.days.iter().rev().nth(usize::from(!draws_last(&values)));
    let label =
        end.map_or_else(String::new, |day| format!("{} on {}", audience.count(day.posts), format::short_date(day.day)));
    let most = issue.days.iter().max_by_key(|day| day.posts);
    let description = most.map_or_else(String::new, |day| {
        format!(
            "{}. Usual is {}; the most was {} on {}.",
            findings::chart_heading(issue, missing),
            findings::usual_range(issue, audience),
            audience.count(day.posts),
            format::date(day.day)
        )
    });
    let title = format!("Posts a day about {}", issue.label);
    let series = [Series { label, values }];
    let band = Some(issue.usual);
    let hatched = missing.hatched(&days);
    LineChart {
        id: "days",
        title: &title,
        description: &description,
        days: &days,
        series: &series,
        band,
        hatched: &hatched,
    }
    .draw()
}

fn table(issue: &Issue, audience: Audience) -> DayTable {
    let mut table = day_table(&[issue], audience);
    table.columns = vec!["Posts".to_owned(), "Voices".to_owned(), "Usual range of posts".to_owned()];
    let usual = findings::usual_range(issue, audience);
    for ((_, cells), day) in table.rows.iter_mut().zip(issue.days.iter().rev()) {
        cells.push(audience.count(day.voices).to_string());
        cells.push(usual.trim_end_matches(" posts a day").to_owned());
    }
    table
}

/// The languages of the posts that the issue's query finds in the last 7 days; none where they cannot be read.
async fn languages(site: &Site, list: &TrendList, issue: &Issue) -> Vec<Group> {
    let from = list.as_of - SignedDuration::from_hours(7 * 24);
    let filter = Filter { query: issue.query.clone(), from: Some(from), until: Some(list.as_of), ..Filter::default() };
    site.parts.analytics.groups(&filter, Dimension::Language, 5).await.unwrap_or_else(|error| {
        tracing::warn!(%error, "the languages of an issue could not be counted; its page is shown without them");
        Vec::new()
    })
}

fn glance(site: &Site, issue: &Issue, languages: &[Group]) -> Vec<(&'static str, String)> {
    let audience = site.audience();
    let topics: Vec<&str> = issue.topics.iter().take(3).map(|(slug, _)| site.parts.labels.topic(slug)).collect();
    let scored: u64 = issue.sentiment.values().sum();
    let all: u64 = languages.iter().map(|group| group.totals.posts).sum();
    let shares: Vec<String> = languages
        .iter()
        .filter(|group| audience.count(group.totals.posts).exact().is_some())
        .map(|group| {
            format!(
                "{} {}",
                labels::language(&group.key),
                format::percent(group.totals.posts as f64 / all.max(1) as f64)
            )
        })
        .collect();
    let mut rows = vec![
        ("Main topics", if topics.is_empty() { "None recognised".to_owned() } else { topics.join(", ") }),
        ("Feeling", findings::feelings(&issue.sentiment, audience)),
        (
            "How sure",
            format!(
                "Feeling is scored for English only, here in {} of {}. {}Read some posts before you rely on it.",
                audience.count(scored),
                audience.count(issue.posts).of("post", "posts"),
                site.parts.feeling_right.map_or_else(String::new, |right| format!(
                    "Of labelled texts that it had not seen, it told {} right. ",
                    format::percent(right)
                ))
            ),
        ),
    ];
    if !shares.is_empty() {
        rows.push(("Languages", shares.join(", ")));
    }
    rows.push(("First seen", format::moment(issue.first_seen)));
    rows.push((
        "Strength",
        format!("{:.1}. An issue is listed from about 4, which is a chance of 1 in 10,000", issue.score),
    ));
    rows
}

fn places_heading(site: &Site, issue: &Issue) -> String {
    match issue.regions.iter().find(|(region, posts)| site.parts.labels.regions.contains_key(region) && *posts > 0) {
        Some((region, _)) => format!("{} is the region named most", site.parts.labels.region(region)),
        None => "No post names a region".to_owned(),
    }
}

fn places(site: &Site, issue: &Issue) -> Vec<PlaceRow> {
    let labels = &site.parts.labels;
    let posts_about =
        |slug: &String| issue.regions.iter().find(|(region, _)| region == slug).map_or(0, |(_, posts)| *posts);
    let mut known: Vec<(&String, u64)> = labels.regions.keys().map(|slug| (slug, posts_about(slug))).collect();
    known.sort_by_key(|(_, posts)| std::cmp::Reverse(*posts));
    let numbers: Vec<u64> = known.iter().map(|(_, posts)| *posts).collect();
    let counts = site.audience().counts(&numbers);
    let all: u64 = numbers.iter().sum();
    let largest = numbers.iter().copied().max().unwrap_or(0).max(1) as f64;
    known
        .iter()
        .zip(&counts)
        .map(|((region, posts), count)| {
            let share = *posts as f64 / all.max(1) as f64;
            let population = labels.population_share(region).filter(|population| *population > 0.0);
            PlaceRow {
                name: labels.region(region).to_owned(),
                posts: count.to_string(),
                against_population: population
                    .filter(|_| count.exact().is_some())
                    .map_or_else(|| "not shown".to_owned(), |population| format::times(share / population)),
                meter: meter(count.plotted() / largest),
            }
        })
        .collect()
}

fn related(list: &TrendList, issue: &Issue) -> Vec<(String, String)> {
    let listed = |id: &IssueId| list.issues.iter().find(|other| other.id == *id);
    issue.related.iter().filter_map(listed).map(|other| (href(other), other.label.clone())).collect()
}
