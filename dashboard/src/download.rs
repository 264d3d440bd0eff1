//! The tables of the pages as CSV files. Each link carries the page's filters, so the file holds what the page shows.

use axum::extract::Path;
use index::trends::model::Status;
use index::trends::{Issue, TrendList};

use crate::count::Count;
use crate::csv::Csv;
use crate::error::AppError;
use crate::facet::Facet;
use crate::findings;
use crate::labels;
use crate::pages::facets;
use crate::pages::issue::{Found, find};
use crate::pages::{home, search as search_page, sources as sources_page};
use crate::params::Params;
use crate::site::Site;

/// Posts in one file at most.
const MOST_POSTS: usize = 10_000;

/// A number for a machine, or why there is none.
fn cell(count: Count) -> String {
    count.exact().map_or_else(|| count.to_string(), |number| number.to_string())
}

/// `/download/issues.csv`: the issues listed, or those of one status.
///
/// # Errors
/// [`AppError::NotYet`].
pub async fn issues(site: Site, params: Params) -> Result<Csv, AppError> {
    let list = site.trends().ok_or(AppError::NotYet)?;
    let audience = site.audience();
    let mut csv = Csv::new(
        "issues",
        &[
            "id",
            "label",
            "status",
            "strength",
            "first seen",
            "posts in 7 days",
            "voices in 7 days",
            "posts in 7 days before",
            "usual posts a day, low",
            "usual posts a day, high",
            "feeling",
            "source types",
            "busiest source",
            "its share of posts",
        ],
    );
    let chosen = if params.status == Some(Status::Held) { site.held(&list) } else { &list.issues };
    for issue in chosen.iter().filter(|issue| params.concerns(issue)) {
        let channels: Vec<&str> = issue.channels.iter().map(|evidence| evidence.channel.slug()).collect();
        csv.row(&[
            issue.id.to_string(),
            issue.label.clone(),
            labels::status_slug(issue.status).to_owned(),
            format!("{:.2}", issue.score),
            issue.first_seen.to_string(),
            cell(audience.count(issue.posts)),
            cell(audience.count(issue.voices)),
            cell(audience.count(issue.posts_before)),
            format!("{:.1}", issue.usual.0),
            format!("{:.1}", issue.usual.1),
            findings::feeling(&issue.sentiment).to_owned(),
            channels.join(" "),
            issue.busiest_source.0.clone(),
            format!("{:.2}", issue.busiest_source.1),
        ]);
    }
    Ok(csv)
}

/// `/download/largest-issues.csv`: the chart of the home page.
///
/// # Errors
/// [`AppError::NotYet`].
pub async fn largest_issues(site: Site) -> Result<Csv, AppError> {
    let list = site.trends().ok_or(AppError::NotYet)?;
    let largest = home::largest(&list);
    let labels = largest.iter().map(|issue| issue.label.as_str());
    let heading: Vec<&str> = ["day"].into_iter().chain(labels).chain(["sources not collected"]).collect();
    let missing = site.uncollected();
    let mut csv = Csv::new("largest-issues", &heading);
    for (place, day) in findings::last_days(&list, home::CHART_DAYS).into_iter().enumerate() {
        let posts = |issue: &&Issue| {
            issue.days.get(place).map_or_else(String::new, |day| cell(site.audience().count(day.posts)))
        };
        let cells = largest.iter().map(posts);
        csv.row(&[day.to_string()].into_iter().chain(cells).chain([missing.on(day)]).collect::<Vec<_>>());
    }
    Ok(csv)
}

/// `/download/who.csv`: the mix of source types, regions and languages.
///
/// # Errors
/// [`AppError::Store`].
pub async fn who(site: Site, params: Params) -> Result<Csv, AppError> {
    let data = home::load(&site, &params).await?.value;
    let mut csv = Csv::new("who-is-heard", &["dimension", "value", "name", "posts", "voices", "share of population"]);
    for (facet, groups) in
        [(Facet::Channel, &data.channels), (Facet::Region, &data.regions), (Facet::Language, &data.languages)]
    {
        let counts = site.audience().counts(&groups.iter().map(|group| group.totals.posts).collect::<Vec<_>>());
        for (group, posts) in groups.iter().zip(counts) {
            let population = match facet {
                Facet::Region => site.parts.labels.population_share(&group.key),
                _ => None,
            };
            let voices = if posts == Count::Few { posts } else { site.audience().count(group.totals.voices) };
            csv.row(&[
                facet.key().to_owned(),
                group.key.clone(),
                labels::value(&site.parts.labels, facet, &group.key).into_owned(),
                cell(posts),
                cell(voices),
                population.map_or_else(String::new, |share| format!("{share:.4}")),
            ]);
        }
    }
    Ok(csv)
}

fn one_issue<'a>(site: &Site, list: &'a TrendList, id: &str) -> Result<&'a Issue, AppError> {
    match find(site, list, id)? {
        Found::Issue(issue) => Ok(issue),
        Found::Merged(_) => Err(AppError::NoIssue),
    }
}

/// `/download/issues/{id}/days.csv`: the chart of an issue.
///
/// # Errors
/// [`AppError::NoIssue`] and its kin.
pub async fn issue_days(site: Site, Path(id): Path<String>) -> Result<Csv, AppError> {
    let list = site.trends().ok_or(AppError::NotYet)?;
    let issue = one_issue(&site, &list, &id)?;
    let mut csv = Csv::new(
        "issue-days",
        &["day", "posts", "voices", "usual posts, low", "usual posts, high", "sources not collected"],
    );
    let missing = site.uncollected();
    for day in &issue.days {
        let [posts, voices] = [day.posts, day.voices].map(|number| cell(site.audience().count(number)));
        csv.row(&[
            day.day.to_string(),
            posts,
            voices,
            format!("{:.1}", issue.usual.0),
            format!("{:.1}", issue.usual.1),
            missing.on(day.day),
        ]);
    }
    Ok(csv)
}

/// `/download/issues/{id}/regions.csv`: the places of an issue.
///
/// # Errors
/// [`AppError::NoIssue`] and its kin.
pub async fn issue_regions(site: Site, Path(id): Path<String>) -> Result<Csv, AppError> {
    let list = site.trends().ok_or(AppError::NotYet)?;
    let issue = one_issue(&site, &list, &id)?;
    let mut csv = Csv::new("issue-regions", &["region", "name", "posts in 7 days", "share of population"]);
    let counts = site.audience().counts(&issue.regions.iter().map(|(_, posts)| *posts).collect::<Vec<_>>());
    for ((region, _), posts) in issue.regions.iter().zip(counts) {
        let population = site.parts.labels.population_share(region);
        let name = site.parts.labels.region(region);
        let share = population.map_or_else(String::new, |share| format!("{share:.4}"));
        csv.row(&[region.as_str(), name, &cell(posts), &share]);
    }
    Ok(csv)
}

/// `/download/search.csv`: the posts of a search, newest first, at most [`MOST_POSTS`].
///
/// # Errors
/// [`AppError`] of the search.
pub async fn search(site: Site, params: Params) -> Result<Csv, AppError> {
    let filter = params.filter(params.window(search_page::USUAL_PERIOD, site.now()));
    let posts = site.parts.searcher.export(filter, MOST_POSTS).await?;
    let mut csv = Csv::new(
        "posts",
        &[
            "id",
            "written",
            "source",
            "source type",
            "title",
            "text",
            "address",
            "language",
            "feeling",
            "topics",
            "region",
            "meeting",
        ],
    );
    for enriched in &posts {
        let post = &enriched.post;
        let topics: Vec<&str> = enriched.topics.iter().map(|tag| tag.topic.as_str()).collect();
        csv.row(&[
            post.id.to_string().as_str(),
            post.created_at.to_string().as_str(),
            post.source.as_str(),
            post.channel.slug(),
            post.title.as_deref().unwrap_or_default(),
            &post.text,
            post.url.as_deref().unwrap_or_default(),
            enriched.language.as_deref().unwrap_or_default(),
            enriched.sentiment.map_or("", |sentiment| sentiment.label.slug()),
            &topics.join(" "),
            enriched.region().unwrap_or_default(),
            post.event.as_ref().map_or("", |event| event.as_str()),
        ]);
    }
    Ok(csv)
}

/// `/download/search-days.csv`: the chart of a search.
///
/// # Errors
/// [`AppError`] of the search.
pub async fn search_days(site: Site, params: Params) -> Result<Csv, AppError> {
    let (points, step) = search_page::course(&site, &params).await?;
    let mut csv = Csv::new("posts-over-time", &["from", "posts", "voices", "sources not collected"]);
    let missing = site.uncollected();
    for point in points {
        let [posts, voices] =
            [point.totals.posts, point.totals.voices].map(|number| cell(site.audience().count(number)));
        csv.row(&[point.at.to_string(), posts, voices, search_page::missing_at(&missing, point.at, step)]);
    }
    Ok(csv)
}

/// `/download/sources.csv`.
///
/// # Errors
/// None.
pub async fn sources(site: Site) -> Result<Csv, AppError> {
    let mut csv = Csv::new(
        "sources",
        &[
            "id",
            "name",
            "kind",
            "source type",
            "location",
            "state",
            "last success",
            "next try",
            "failures in a row",
            "error",
            "posts",
            "usual posts a day",
            "not collected since",
            "token expires",
        ],
    );
    let time = |at: Option<jiff::Timestamp>| at.map_or_else(String::new, |at| at.to_string());
    for source in sources_page::worst_first(&site) {
        csv.row(&[
            source.id.to_string(),
            facets::name(&site, Facet::Source, source.id.as_str()),
            source.kind.clone(),
            source.channel.slug().to_owned(),
            source.location.clone(),
            labels::source_state(source.state).to_owned(),
            time(source.last_success),
            time(source.next_attempt),
            source.failures.to_string(),
            source.error.clone().unwrap_or_default(),
            cell(site.audience().count(source.posts_total)),
            source.usual_posts().map_or_else(String::new, |usual| cell(site.audience().count(usual))),
            time(source.open_gap().map(|gap| gap.from)),
            source.token.and_then(|token| token.expires).map_or_else(String::new, |day| day.to_string()),
        ]);
    }
    Ok(csv)
}
