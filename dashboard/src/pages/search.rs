//! Search: the posts that fulfil a query and filters, how they spread over time, and how to find more or fewer.

use askama::Template;
use axum::response::Html;
use index::{AnalyticsError, Filter, Point, QueryError, SearchError, SearchPage, SearchRequest, Sort, Step};
use jiff::{SignedDuration, Timestamp};

use crate::charts::BarChart;
use crate::config::Audience;
use crate::error::AppError;
use crate::format;
use crate::pages::correct;
use crate::pages::facets::{self, Chip, FacetView};
use crate::pages::gather::glance;
use crate::pages::issues::DayTable;
use crate::pages::post::PostCard;
use crate::pages::{Chrome, Section, problem_with, render, work};
use crate::params::Params;
use crate::period::{Period, Window};
use crate::site::Site;
use crate::uncollected::Uncollected;

/// The period where the URL says none.
pub const USUAL_PERIOD: Period = Period::Any;
/// Hits on a page.
pub const PER_PAGE: usize = 20;
/// Days of the chart where there is no period.
const CHART_DAYS: i64 = 56;
/// The longest period, in hours, whose chart has a bar an hour.
const HOURLY_UP_TO: i64 = 48;

#[derive(Template)]
#[template(path = "search.html")]
struct SearchTemplate {
    chrome: Chrome,
    q: String,
    /// The field and the message of each problem.
    problems: Vec<(&'static str, String)>,
    /// A query that cannot be read, cut where it went wrong: before, at, after.
    wrong_at: Option<(String, String, String)>,
    periods: Vec<(String, String, bool)>,
    dates: (String, String),
    event: Option<String>,
    sort_best: bool,
    result: Option<Found>,
}

impl SearchTemplate {
    fn problem_with(&self, field: &str) -> Option<&str> {
        problem_with(&self.problems, field)
    }
}

/// What was found, where the query could be read.
struct Found {
    heading: String,
    understood: String,
    facets: Vec<FacetView>,
    chips: Vec<Chip>,
    clear: String,
    other_sort: (String, &'static str),
    chart: String,
    chart_about: String,
    chart_table: DayTable,
    days_csv: String,
    csv: Option<String>,
    json: String,
    atom: Option<String>,
    /// Where a flag is raised with this search as its evidence.
    flag: String,
    /// Where this search is kept, for who may.
    keep: Option<String>,
    /// The form to correct all of them, for who may.
    correct: Option<String>,
    cards: Vec<PostCard>,
    /// What could be lifted to find something: address, words.
    suggestions: Vec<(String, String)>,
    staff_only: bool,
    pages: Pages,
}

/// The pages of results.
struct Pages {
    previous: Option<String>,
    next: Option<String>,
    /// Number, address and whether it is this page; `None` where some are left out.
    links: Vec<Option<(usize, String, bool)>>,
}

/// `/search`.
///
/// # Errors
/// [`AppError::Store`] when the index fails.
pub async fn page(site: Site, params: Params) -> Result<Html<String>, AppError> {
    let (result, wrong_at, mut problems) = match find(&site, &params).await {
        Ok(found) => (Some(found), None, Vec::new()),
        Err(Refused::Query(error)) => {
            let message = format!("The query cannot be read: {error}");
            (None, Some(cut_at(&params.q, error.position)), vec![("q", message)])
        }
        Err(Refused::Narrow(message)) => (None, None, vec![("q", message)]),
        Err(Refused::Failed(error)) => return Err(error),
    };
    problems.extend(params.problem_messages());
    let title = match &result {
        Some(found) if params.q.is_empty() => format!("Search posts: {}", found.heading),
        Some(found) => format!("{} for {}", found.heading, params.q),
        None => "Search posts".to_owned(),
    };
    let mut chrome = Chrome::new(&site, Section::Search, title);
    chrome.q.clone_from(&params.q);
    let chosen = params.period.unwrap_or(USUAL_PERIOD);
    render(&SearchTemplate {
        periods: Period::NAMED
            .iter()
            .map(|(period, slug, label)| ((*slug).to_owned(), (*label).to_owned(), *period == chosen))
            .chain([("dates".to_owned(), "Between these days".to_owned(), matches!(chosen, Period::Dates { .. }))])
            .collect(),
        dates: dates(&params),
        event: params.event.as_ref().map(ToString::to_string),
        sort_best: params.sort == Sort::Best,
        q: params.q,
        problems,
        wrong_at,
        result,
        chrome,
    })
}

fn dates(params: &Params) -> (String, String) {
    let typed =
        |field| params.problems.iter().find(|problem| problem.field == field).map(|problem| problem.typed.clone());
    let (first, last) = match params.period {
        Some(Period::Dates { first, last }) => (format::date(first), format::date(last)),
        _ => Default::default(),
    };
    (typed("from").unwrap_or(first), typed("to").unwrap_or(last))
}

/// Why a search has no result page.
enum Refused {
    /// The query cannot be read.
    Query(QueryError),
    /// The search is too large, with what to do about it.
    Narrow(String),
    /// The index failed.
    Failed(AppError),
}

impl From<SearchError> for Refused {
    fn from(error: SearchError) -> Self {
        match error {
            SearchError::Query(error) => Self::Query(error),
            SearchError::TooSlow { .. } | SearchError::TooDeep { .. } => {
                Self::Narrow(format::sentence_start(&error.to_string()))
            }
            SearchError::Store(_) => Self::Failed(error.into()),
        }
    }
}

impl From<AnalyticsError> for Refused {
    fn from(error: AnalyticsError) -> Self {
        match error {
            AnalyticsError::Query(error) => Self::Query(error),
            AnalyticsError::Period(message) => Self::Narrow(message),
            AnalyticsError::Store(_) => Self::Failed(error.into()),
        }
    }
}

/// The search that parameters ask for.
pub fn request(site: &Site, params: &Params) -> SearchRequest {
    let filter = params.filter(params.window(USUAL_PERIOD, site.now()));
    SearchRequest { filter, sort: params.sort, page: params.page(), per_page: PER_PAGE }
}

async fn find(site: &Site, params: &Params) -> Result<Found, Refused> {
    let window = params.window(USUAL_PERIOD, site.now());
    let search = async { site.parts.searcher.search(request(site, params)).await.map_err(Refused::from) };
    let facets = async { facets::facets(site, params, window).await.map_err(Refused::from) };
    let course = async { course(site, params).await.map_err(Refused::from) };
    let (found, facets, (points, step)) = tokio::try_join!(search, facets, course)?;
    let suggestions = if found.total == 0 { suggestions(site, params).await } else { Vec::new() };
    let audience = site.audience();
    let staff = audience == Audience::Staff;
    let missing = site.uncollected();
    let (chart, chart_about) = chart(&points, step, audience, &missing);
    let first_page = params.at_page(0);
    Ok(Found {
        heading: match found.total {
            0 if staff => "No posts found".to_owned(),
            total => audience.count(total).of("post", "posts"),
        },
        understood: found.understood.clone(),
        chips: facets::chips(site, params, "/search"),
        clear: params.without_filters().href("/search"),
        other_sort: match params.sort {
            Sort::Newest => (params.sorted(Sort::Best).href("/search"), "best match"),
            Sort::Best => (params.sorted(Sort::Newest).href("/search"), "newest"),
        },
        chart,
        chart_about,
        chart_table: course_table(&points, step, audience)
            .with_missing(points.iter().rev().map(|point| missing_at(&missing, point.at, step)).collect()),
        days_csv: first_page.href("/download/search-days.csv"),
        csv: staff.then(|| first_page.href("/download/search.csv")),
        json: first_page.href("/api/v1/search"),
        keep: work::keep_search(site, &first_page),
        correct: correct::of_search(site, params, found.total),
        atom: staff.then(|| first_page.href("/feeds/search.atom")),
        flag: glance::raise_from_search(&first_page),
        cards: if staff { cards(site, &found) } else { Vec::new() },
        suggestions,
        staff_only: !staff,
        pages: if staff { pages(params, found.total) } else { Pages { previous: None, next: None, links: Vec::new() } },
        facets,
    })
}

fn cards(site: &Site, found: &SearchPage) -> Vec<PostCard> {
    found.hits.iter().map(|hit| PostCard::new(site, &hit.post, hit.snippet.clone())).collect()
}

/// Posts over the time of the search, or over the last eight weeks where it has no limits.
///
/// # Errors
/// [`AnalyticsError`].
pub async fn course(site: &Site, params: &Params) -> Result<(Vec<Point>, Step), AnalyticsError> {
    let (filter, step) = course_filter(params, site.now());
    Ok((site.parts.analytics.over_time(&filter, step).await?, step))
}

fn course_filter(params: &Params, now: Timestamp) -> (Filter, Step) {
    let usual = Window { from: now - SignedDuration::from_hours(CHART_DAYS * 24), until: now };
    let window = params.window(USUAL_PERIOD, now).unwrap_or(usual);
    let hours = window.until.duration_since(window.from).as_hours();
    let step = if hours <= HOURLY_UP_TO { Step::Hour } else { Step::Day };
    (params.filter(Some(window)), step)
}

/// A step of time in words: "6 August 2018", and with the hour "6 August 2018, 5pm".
pub fn step_label(at: Timestamp, step: Step) -> String {
    match step {
        Step::Day => format::date(format::london(at).date()),
        Step::Hour => format::moment(at),
    }
}

/// The sources that could not be collected in the step that begins `at`, as a cell of a table.
pub fn missing_at(missing: &Uncollected, at: Timestamp, step: Step) -> String {
    match step {
        Step::Day => missing.on(format::london(at).date()),
        Step::Hour => missing.between(at, at + SignedDuration::from_hours(1)),
    }
}

fn chart(points: &[Point], step: Step, audience: Audience, missing: &Uncollected) -> (String, String) {
    let (Some(first), Some(last)) = (points.first(), points.last()) else { return Default::default() };
    let a_step = if step == Step::Hour { "an hour" } else { "a day" };
    let bars: Vec<(String, f64)> = points
        .iter()
        .map(|point| {
            let label = match step {
                Step::Day => format::short_date(format::london(point.at).date()),
                Step::Hour => format::time(point.at),
            };
            (label, audience.count(point.totals.posts).plotted())
        })
        .collect();
    let span = format!("{} to {}", step_label(first.at, step), step_label(last.at, step));
    let title = format!("Posts found {a_step}, {span}");
    let description = points.iter().max_by_key(|point| point.totals.posts).map_or_else(String::new, |most| {
        format!("The most were {} on {}.", audience.count(most.totals.posts), step_label(most.at, step))
    });
    let hatched: Vec<bool> = points.iter().map(|point| !missing_at(missing, point.at, step).is_empty()).collect();
    let drawn =
        BarChart { id: "found", title: &title, description: &description, bars: &bars, hatched: &hatched }.draw();
    let note = missing.note(format::london(first.at).date(), format::london(last.at).date());
    (drawn, format!("{title}. {description}{}{note}", audience.chart_note()))
}

fn course_table(points: &[Point], step: Step, audience: Audience) -> DayTable {
    let rows = points.iter().rev().map(|point| {
        let counts = [point.totals.posts, point.totals.voices].map(|number| audience.count(number).to_string());
        (step_label(point.at, step), counts.to_vec())
    });
    DayTable {
        caption: "Posts and voices found over time",
        columns: vec!["Posts".to_owned(), "Voices".to_owned()],
        rows: rows.collect(),
    }
}

/// For a search that finds nothing: which filter to lift, with what would then be found.
async fn suggestions(site: &Site, params: &Params) -> Vec<(String, String)> {
    let mut found = Vec::new();
    let lifted =
        facets::chips(site, params, "/search").into_iter().map(|chip| (chip.without, format!("‘{}’", chip.label)));
    let no_query = Params { q: String::new(), ..params.at_page(0) };
    let words = (!params.q.is_empty() && params.has_choices())
        .then(|| (no_query.href("/search"), "the words searched for".to_owned()));
    for (href, what) in lifted.chain(words) {
        let asked = Params::read(href.split_once('?').map_or("", |(_, query)| query));
        let filter = asked.filter(asked.window(USUAL_PERIOD, site.now()));
        // A suggestion that cannot be counted is left out: the page has an answer without it.
        if let Ok(totals) = site.parts.analytics.totals(&filter).await
            && totals.posts > 0
        {
            let posts = site.audience().count(totals.posts).of("post", "posts");
            found.push((href, format!("Search without {what}: {posts}")));
        }
    }
    found
}

fn pages(params: &Params, total: u64) -> Pages {
    let reachable = total.min(index::search::MOST_REACHABLE as u64);
    let last = usize::try_from(reachable.div_ceil(PER_PAGE as u64)).unwrap_or(1).max(1);
    let here = params.page();
    let href = |page: usize| params.at_page(if page == 1 { 0 } else { page }).href("/search");
    let near = |page: &usize| *page == 1 || *page == last || page.abs_diff(here) <= 2;
    let mut links: Vec<Option<(usize, String, bool)>> = Vec::new();
    let mut shown_before = 0;
    for page in (1..=last).filter(near) {
        if page > shown_before + 1 {
            links.push(None);
        }
        links.push(Some((page, href(page), page == here)));
        shown_before = page;
    }
    Pages {
        previous: (here > 1).then(|| href(here - 1)),
        next: (here < last).then(|| href(here + 1)),
        links: if last > 1 { links } else { Vec::new() },
    }
}

/// A query cut at a character, counted from 1: before, the character itself, after.
fn cut_at(query: &str, position: usize) -> (String, String, String) {
    let letters: Vec<char> = query.chars().collect();
    let at = position.saturating_sub(1).min(letters.len());
    let text = |letters: &[char]| letters.iter().collect::<String>();
    let (before, rest) = letters.split_at(at);
    match rest.split_first() {
        Some((wrong, after)) => (text(before), wrong.to_string(), text(after)),
        None => (text(before), " ".to_owned(), String::new()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_query_is_cut_where_it_went_wrong() {
        let cut = |query: &str, position| {
            let (before, at, after) = cut_at(query, position);
            format!("{before}[{at}]{after}")
        };
        assert_eq!(cut("café )", 6), "café [)]");
        assert_eq!(cut("(queue", 7), "(queue[ ]");
        assert_eq!(cut("queue", 99), "queue[ ]");
    }

    #[test]
    fn pages_far_away_are_left_out() {
        let numbers = |page, total| -> Vec<String> {
            let pages = pages(&Params { page, ..Params::default() }, total);
            pages
                .links
                .iter()
                .map(|link| link.as_ref().map_or("…".to_owned(), |(number, ..)| number.to_string()))
                .collect()
        };
        assert_eq!(numbers(0, 20), Vec::<String>::new());
        assert_eq!(numbers(0, 60), ["1", "2", "3"]);
        assert_eq!(numbers(10, 800), ["1", "…", "8", "9", "10", "11", "12", "…", "40"]);
    }
}
