//! The state of the conversation: how much is said, what is rising, who is heard, who is missing.

use askama::Template;
use axum::response::Html;
use bus::Channel;
use index::trends::{Issue, TrendList};
use index::{Group, Totals};
use jiff::Timestamp;

use crate::cache::Kept;
use crate::charts::{LineChart, Series, UNFINISHED_DAY};
use crate::error::AppError;
use crate::facet::Facet;
use crate::findings;
use crate::format::{self, counted, percent, thousands};
use crate::labels;
use crate::news::{self, News};
use crate::pages::assembly::overview::{self, Glance};
use crate::pages::gather::glance;
use crate::pages::issues::{DayTable, IssueTable, day_table};
use crate::pages::tiles::{Tile, tiles};
use crate::pages::who::{Missing, PartTable, missing, parts_of_channels, parts_of_regions};
use crate::pages::{Chrome, Section, problem_with, render};
use crate::params::Params;
use crate::period::{Period, Window};
use crate::site::Site;

/// The period where the URL says none.
pub const USUAL_PERIOD: Period = Period::Week;
/// Lines of the chart.
const LARGEST: usize = 3;
/// Days of the chart.
pub const CHART_DAYS: i64 = 28;
/// Rows of the table of issues; the rest is one link away.
const MOST_ROWS: usize = 10;

/// The counts of the home page for one set of filters.
pub struct HomeData {
    /// The period, as a stretch of time.
    pub window: Option<Window>,
    /// Posts and voices in it.
    pub totals: Totals,
    /// Posts and voices in the period before.
    pub before: Option<Totals>,
    /// By channel.
    pub channels: Vec<Group>,
    /// By region.
    pub regions: Vec<Group>,
    /// By language.
    pub languages: Vec<Group>,
}

/// The home page's counts, at most a second old, or the last good ones where the store fails.
///
/// # Errors
/// When the store fails and there are no earlier counts.
pub async fn load(site: &Site, params: &Params) -> Result<Kept<HomeData>, AppError> {
    let now = site.now();
    let asked = Params { q: String::new(), page: 0, ..params.clone() };
    site.home.get(&asked.query_string(), now, read(site, &asked, now)).await
}

async fn read(site: &Site, params: &Params, now: Timestamp) -> Result<HomeData, AppError> {
    use index::Dimension::{Channel, Language, Region};
    let period = params.period.unwrap_or(USUAL_PERIOD);
    let window = period.window(now);
    let filter = params.filter(window);
    let analytics = &site.parts.analytics;
    let before = async {
        match period.window_before(now) {
            Some(before) => analytics.totals(&params.filter(Some(before))).await.map(Some),
            None => Ok(None),
        }
    };
    let (totals, before, channels, regions, languages) = tokio::try_join!(
        analytics.totals(&filter),
        before,
        analytics.groups(&filter, Channel, 10),
        analytics.groups(&filter, Region, 20),
        analytics.groups(&filter, Language, 50),
    )?;
    Ok(HomeData { window, totals, before, channels, regions, languages })
}

#[derive(Template)]
#[template(path = "home.html")]
struct HomePage {
    chrome: Chrome,
    /// The period and the filters, in a sentence.
    about: String,
    /// How old the counts are, where the store fails.
    stale: Option<String>,
    periods: Vec<Choice>,
    regions: Vec<Choice>,
    channels: Vec<Choice>,
    /// The dates typed, where dates are chosen: first, last.
    dates: Option<(String, String)>,
    problems: Vec<(&'static str, String)>,
    tiles: Vec<Tile>,
    /// Why there is no trend yet, in sentences; empty where there are trends.
    not_yet: Vec<String>,
    headline: String,
    chart: String,
    chart_about: String,
    chart_table: DayTable,
    issues_heading: String,
    issues_about: String,
    rows: IssueTable,
    all_issues: String,
    held: usize,
    /// What changed since yesterday, where there is a list to tell.
    news: Option<Vec<News>>,
    /// Whether there is any post to say more about.
    any_posts: bool,
    /// The mix of channels and of regions, where the reader has not chosen one of them.
    channel_parts: Option<PartTable>,
    region_parts: Option<PartTable>,
    missing: Vec<Missing>,
    quality: Vec<String>,
    who_csv: String,
    gather: glance::Glance,
    assembly: Glance,
}

impl HomePage {
    fn problem_with(&self, field: &str) -> Option<&str> {
        problem_with(&self.problems, field)
    }
}

/// An entry of a drop-down list.
struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

/// `/`.
///
/// # Errors
/// [`AppError::Store`] when there is nothing to show, not even old.
pub async fn page(site: Site, params: Params) -> Result<Html<String>, AppError> {
    let data = load(&site, &params).await?;
    let assembly = overview::glance(&site).await?;
    let gather = glance::glance(&site).await?;
    let list = site.trends();
    let mut chrome = Chrome::new(&site, Section::State, "State of the conversation");
    chrome.updated = format::moment(data.made_at);
    let period = params.period.unwrap_or(USUAL_PERIOD);
    let audience = site.audience();
    let (window, counts) = (data.value.window, &*data.value);
    let trends = list.as_deref().map(|list| trends_of(&site, list, &params)).unwrap_or_default();
    let dates = match params.period {
        Some(Period::Dates { first, last }) => Some((format::date(first), format::date(last))),
        _ if !params.problems.is_empty() || params.wants_dates => {
            let typed = |field| params.problems.iter().find(|p| p.field == field).map(|p| p.typed.clone());
            Some((typed("from").unwrap_or_default(), typed("to").unwrap_or_default()))
        }
        _ => None,
    };
    render(&HomePage {
        about: about(&site, &params, period, window),
        stale: data.stale.then(|| stale(&site, data.made_at)),
        periods: periods(period, dates.is_some()),
        regions: choices(
            &params,
            Facet::Region,
            "All of England",
            site.parts.labels.regions.iter().map(|(slug, region)| (slug.clone(), region.name.clone())),
        ),
        channels: choices(
            &params,
            Facet::Channel,
            "All types",
            Channel::ALL.iter().map(|channel| (channel.slug().to_owned(), labels::channel(*channel).to_owned())),
        ),
        dates,
        problems: params.problem_messages(),
        tiles: tiles(&site, &params, period, counts, list.as_deref()),
        not_yet: not_yet(&site, list.as_deref()),
        headline: trends.headline,
        chart: trends.chart,
        chart_about: trends.chart_about,
        chart_table: trends.chart_table,
        issues_heading: trends.issues_heading,
        issues_about: trends.issues_about,
        rows: trends.rows,
        all_issues: trends.all_issues,
        held: list.as_deref().map_or(0, |list| site.held(list).len()),
        news: list.as_deref().map(|list| news::since_yesterday(list, audience, &site.uncollected())),
        any_posts: counts.totals.posts > 0,
        channel_parts: params.chosen(Facet::Channel).is_empty().then(|| parts_of_channels(&counts.channels, audience)),
        region_parts: params
            .chosen(Facet::Region)
            .is_empty()
            .then(|| parts_of_regions(&counts.regions, &site.parts.labels, audience)),
        missing: missing(&site, &params, counts, list.as_deref()),
        quality: quality(&site, counts),
        who_csv: params.href("/download/who.csv"),
        gather,
        assembly,
        chrome,
    })
}

fn about(site: &Site, params: &Params, period: Period, window: Option<Window>) -> String {
    let names = |facet: Facet| {
        let chosen = params.chosen(facet).iter();
        format::list(&chosen.map(|value| labels::value(&site.parts.labels, facet, value)).collect::<Vec<_>>())
    };
    let (region, channel) = (names(Facet::Region), names(Facet::Channel).to_lowercase());
    let place = if region.is_empty() { "England".to_owned() } else { region };
    let channel = if channel.is_empty() { channel } else { format!(", in {channel}") };
    let span = match (period, window) {
        (Period::Day | Period::Week | Period::FourWeeks, Some(window)) => {
            format!("{}, to {}", period.label(), format::moment(window.until))
        }
        _ => period.label(),
    };
    format!("What people say in public about the NHS in {place}{channel}. {span}.")
}

fn stale(site: &Site, made_at: Timestamp) -> String {
    let age = format::duration(site.now().duration_since(made_at));
    format!("The posts cannot be read at the moment. These numbers are {age} old.")
}

fn periods(chosen: Period, dates: bool) -> Vec<Choice> {
    let named = Period::NAMED.iter().map(|(period, slug, label)| Choice {
        value: (*slug).to_owned(),
        name: (*label).to_owned(),
        chosen: !dates && *period == chosen,
    });
    let by_date = Choice { value: "dates".to_owned(), name: "Choose dates".to_owned(), chosen: dates };
    named.chain([by_date]).collect()
}

fn choices(params: &Params, facet: Facet, all: &str, values: impl Iterator<Item = (String, String)>) -> Vec<Choice> {
    let chosen = params.chosen(facet);
    let everything = Choice { value: String::new(), name: all.to_owned(), chosen: chosen.is_empty() };
    let each = values.map(|(value, name)| Choice { chosen: chosen.contains(&value), value, name });
    [everything].into_iter().chain(each).collect()
}

/// Why there is no trend yet, and how far it is.
fn not_yet(site: &Site, list: Option<&TrendList>) -> Vec<String> {
    let needed = index::trends::TrendsConfig::default().min_baseline_days;
    let posts = site.parts.searcher.posts();
    let health = (site.parts.health)();
    let answered = health.iter().filter(|source| source.last_success.is_some()).count() as u64;
    let sources = format!(
        "{} of {} have answered so far.",
        thousands(answered),
        counted(health.len() as u64, "source", "sources")
    );
    let indexed = format!("{} can be searched already.", site.audience().count(posts).of("post", "posts"));
    match list {
        Some(list) if !list.issues.is_empty() || list.days_seen >= needed => Vec::new(),
        Some(list) => vec![
            format!(
                "{} of conversation have been seen so far. What is unusual can be told after about {needed} days.",
                counted(list.days_seen.into(), "day", "days")
            ),
            indexed,
            sources,
        ],
        None if posts == 0 => vec!["No post has been collected yet.".to_owned(), sources],
        None => vec!["The first posts are being read.".to_owned(), indexed, sources],
    }
}

/// What the page says of the issues.
#[derive(Default)]
struct Trends {
    headline: String,
    chart: String,
    chart_about: String,
    chart_table: DayTable,
    issues_heading: String,
    issues_about: String,
    rows: IssueTable,
    all_issues: String,
}

/// The issues of the chart.
pub fn largest(list: &TrendList) -> Vec<&Issue> {
    let mut largest: Vec<_> = list.issues.iter().collect();
    largest.sort_by_key(|issue| std::cmp::Reverse(issue.posts));
    largest.truncate(LARGEST);
    largest
}

fn trends_of(site: &Site, list: &TrendList, params: &Params) -> Trends {
    let audience = site.audience();
    let largest = largest(list);
    let days = findings::last_days(list, CHART_DAYS);
    let series: Vec<Series> = largest
        .iter()
        .map(|issue| Series {
            label: issue.label.clone(),
            values: issue.days.iter().map(|day| audience.count(day.posts).plotted()).collect(),
        })
        .collect();
    let missing = site.uncollected();
    let week = days.len().saturating_sub(7);
    let incomplete = matches!(days[week..], [from, .., to] if missing.any(from, to));
    let headline = findings::headline(largest.first().copied(), incomplete);
    let title = format!("Posts a day about the {} largest issues", largest.len());
    let hatched = missing.hatched(&days);
    let chart = LineChart {
        id: "largest",
        title: &title,
        description: &headline,
        days: &days,
        series: &series,
        band: None,
        hatched: &hatched,
    };
    let matching: Vec<_> = list.issues.iter().filter(|issue| params.concerns(issue)).collect();
    let as_of = format::moment(list.as_of);
    let issues_about = if params.has_choices() {
        format!(
            "Issues are found over all of England and all source types. These have posts that match your filters; their \
             numbers are for everything in the 7 days to {as_of}."
        )
    } else {
        format!("In the 7 days to {as_of}, over all of England and all source types. Strongest first.")
    };
    Trends {
        chart: if largest.is_empty() { String::new() } else { chart.draw() },
        chart_about: match days[..] {
            [oldest, .., newest] => {
                format!(
                    "{title}, {}. All of England. {UNFINISHED_DAY}{}{}",
                    format::dates(oldest, newest),
                    audience.chart_note(),
                    missing.note(oldest, newest)
                )
            }
            _ => String::new(),
        },
        chart_table: day_table(&largest, audience)
            .with_missing(days.iter().rev().map(|day| missing.on(*day)).collect()),
        issues_heading: findings::standing_out(&matching),
        issues_about,
        rows: IssueTable::new(matching.iter().copied().take(MOST_ROWS), audience),
        all_issues: format!("See all {}", counted(list.issues.len() as u64, "issue", "issues")),
        headline,
    }
}

/// What a reader should know of the data before trusting the numbers.
fn quality(site: &Site, data: &HomeData) -> Vec<String> {
    let mut sentences = Vec::new();
    let share_of = |groups: &[Group], key: &str| {
        let posts = groups.iter().find(|group| group.key == key).map_or(0, |group| group.totals.posts);
        posts as f64 / data.totals.posts.max(1) as f64
    };
    let enough = site.audience().count(data.totals.posts).exact().is_some_and(|posts| posts > 0);
    if enough {
        sentences.push(format!(
            "{} of these posts name no place that we know.",
            percent(share_of(&data.regions, index::NONE))
        ));
        let english = share_of(&data.languages, "en");
        sentences.push(format!("{} are in English. Feeling is scored for English only.", percent(english)));
    }
    sentences.push("Voices are counted to within about 3%.".to_owned());
    let newest = (site.parts.health)().iter().filter_map(|source| source.newest_post).max();
    if let Some(newest) = newest {
        sentences.push(format!("The newest post was written on {}.", format::moment(newest)));
    }
    sentences
}
