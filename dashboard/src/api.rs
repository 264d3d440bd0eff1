//! The JSON API: what the pages show, with the same filters and under the same rules for small counts.

use axum::extract::{Path, RawQuery};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use index::trends::{Issue, TrendList};
use index::{Dimension, Group, Step, Totals};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};

use crate::config::Audience;
use crate::count::Count;
use crate::error::AppError;
use crate::facet::Facet;
use crate::findings;
use crate::news;
use crate::pages::facets;
use crate::pages::issue::{Found, find, source_name};
use crate::pages::{home, search as search_page, sources as sources_page};
use crate::params::{Params, asked};
use crate::period::Period;
use crate::serve::Notice;
use crate::site::Site;

/// Groups in one answer at most.
const MOST_GROUPS: usize = 100;
/// The period of counts over time where the URL says none: they need one.
const USUAL_COUNTS_PERIOD: Period = Period::FourWeeks;

/// What stands in every answer, so that a number is never taken for more than it is.
pub fn about(site: &Site) -> Value {
    json!({
        "fictional": site.parts.notice == Notice::Fictional,
        "audience": site.audience(),
        "coverage": "Posts by people who chose to speak in public: not a survey.",
        "answered_at": site.now(),
    })
}

/// Posts and voices as this audience may see them.
#[derive(Serialize)]
struct Counts {
    posts: Count,
    voices: Count,
}

fn counts(audience: Audience, totals: Totals) -> Counts {
    Counts { posts: audience.count(totals.posts), voices: audience.count(totals.voices) }
}

/// One value of a dimension.
#[derive(Serialize)]
struct GroupAnswer {
    key: String,
    name: String,
    #[serde(flatten)]
    counts: Counts,
    #[serde(skip_serializing_if = "Option::is_none")]
    population_share: Option<f64>,
}

fn groups(site: &Site, facet: Facet, groups: &[Group]) -> Vec<GroupAnswer> {
    let posts = site.audience().counts(&groups.iter().map(|group| group.totals.posts).collect::<Vec<_>>());
    groups
        .iter()
        .zip(posts)
        .map(|(group, posts)| GroupAnswer {
            key: group.key.clone(),
            name: facets::name(site, facet, &group.key),
            counts: Counts {
                posts,
                voices: if posts == Count::Few { posts } else { site.audience().count(group.totals.voices) },
            },
            population_share: (facet == Facet::Region)
                .then(|| site.parts.labels.population_share(&group.key))
                .flatten(),
        })
        .collect()
}

/// An issue in a list.
fn summary(site: &Site, issue: &Issue) -> Value {
    let audience = site.audience();
    let channels: Vec<Value> = issue
        .channels
        .iter()
        .map(|evidence| {
            json!({
                "channel": evidence.channel,
                "window_h": evidence.window_h,
                "voices": audience.count(evidence.voices),
                "posts": audience.count(evidence.posts),
                "expected_voices": evidence.expected,
                "p": evidence.p,
            })
        })
        .collect();
    json!({
        "id": issue.id,
        "label": issue.label,
        "status": issue.status,
        "strength": issue.score,
        "first_seen": issue.first_seen,
        "posts_7d": audience.count(issue.posts),
        "voices_7d": audience.count(issue.voices),
        "posts_7d_before": audience.count(issue.posts_before),
        "usual_posts_a_day": [issue.usual.0, issue.usual.1],
        "feeling": findings::feeling(&issue.sentiment),
        "evidence": channels,
        "page": format!("/issues/{}", issue.id),
    })
}

/// An issue by itself: also its words, days, places and checks; and to staff, the ids of its posts.
fn whole(site: &Site, list: &TrendList, issue: &Issue) -> Value {
    let audience = site.audience();
    let days: Vec<Value> = issue
        .days
        .iter()
        .map(|day| json!({ "day": day.day, "posts": audience.count(day.posts), "voices": audience.count(day.voices) }))
        .collect();
    let terms: Vec<Value> = issue
        .terms
        .iter()
        .map(|term| {
            json!({
                "term": term.term,
                "voices": audience.count(term.voices),
                "expected_voices": term.expected,
                "attributable": term.attributable,
            })
        })
        .collect();
    let region_counts = audience.counts(&issue.regions.iter().map(|(_, posts)| *posts).collect::<Vec<_>>());
    let regions: Vec<Value> = issue
        .regions
        .iter()
        .zip(region_counts)
        .map(|((region, _), posts)| {
            let share = site.parts.labels.population_share(region);
            json!({ "key": region, "name": site.parts.labels.region(region), "posts": posts, "population_share": share })
        })
        .collect();
    let source = source_name(site, &issue.busiest_source.0);
    let why: Vec<String> = findings::why(issue, &site.parts.labels, &source, audience)
        .into_iter()
        .map(|reason| format!("{}{}", reason.strong, reason.rest))
        .collect();
    let mut answer = summary(site, issue);
    answer["why"] = json!(why);
    answer["baseline"] = json!([issue.baseline.0, issue.baseline.1]);
    answer["days"] = json!(days);
    answer["terms"] = json!(terms);
    answer["regions"] = json!(regions);
    answer["topics"] = json!(issue.topics.iter().map(|(topic, _)| topic).collect::<Vec<_>>());
    answer["busiest_source"] = json!({ "id": issue.busiest_source.0, "name": source, "share": issue.busiest_source.1 });
    answer["meetings"] = json!({
        "held": audience.count(issue.meetings.held),
        "counted": audience.count(issue.meetings.counted),
        "people": audience.count(issue.meetings.people),
    });
    answer["discounted"] = json!({
        "copies": audience.count(issue.discounted.copies),
        "same_author": audience.count(issue.discounted.same_author),
    });
    answer["related"] = json!(issue.related);
    answer["method"] = json!(list.method);
    if audience == Audience::Staff {
        answer["sentiment"] = json!(issue.sentiment);
        answer["gate"] = json!(issue.gate);
        answer["quotes"] = json!(issue.quotes);
        answer["recent"] = json!(issue.recent);
        answer["query"] = json!(issue.query);
    }
    answer
}

/// `/api/v1/state`.
///
/// # Errors
/// [`AppError::Store`] when there is nothing to show, not even old.
pub async fn state(site: Site, params: Params) -> Result<Json<Value>, AppError> {
    let kept = home::load(&site, &params).await?;
    let (data, audience) = (&kept.value, site.audience());
    let list = site.trends();
    let health = (site.parts.health)();
    let missing = site.uncollected();
    let problems = health.iter().filter(|source| sources_page::has_problem(source, site.now())).count();
    let news: Vec<Value> = list
        .iter()
        .flat_map(|list| news::since_yesterday(list, audience, &missing))
        .map(|news| json!({ "page": news.href, "label": news.label, "did": news.did }))
        .collect();
    Ok(Json(json!({
        "about": about(&site),
        "counted_at": kept.made_at,
        "stale": kept.stale,
        "period": data.window,
        "totals": counts(audience, data.totals),
        "totals_before": data.before.map(|totals| counts(audience, totals)),
        "channels": groups(&site, Facet::Channel, &data.channels),
        "regions": groups(&site, Facet::Region, &data.regions),
        "languages": groups(&site, Facet::Language, &data.languages),
        "issues_as_of": list.as_ref().map(|list| list.as_of),
        "issues": list.iter().flat_map(|list| &list.issues).filter(|issue| params.concerns(issue)).map(|issue| summary(&site, issue)).collect::<Vec<_>>(),
        "held": list.as_ref().map_or(0, |list| site.held(list).len()),
        "since_yesterday": news,
        "sources": { "all": health.len(), "with_problems": problems },
    })))
}

/// `/api/v1/issues`.
///
/// # Errors
/// [`AppError::NotYet`].
pub async fn issues(site: Site, params: Params) -> Result<Json<Value>, AppError> {
    let list = site.trends().ok_or(AppError::NotYet)?;
    let summaries = |issues: &[Issue]| -> Vec<Value> {
        issues.iter().filter(|issue| params.concerns(issue)).map(|issue| summary(&site, issue)).collect()
    };
    let mut answer = json!({
        "about": about(&site),
        "as_of": list.as_of,
        "computed_at": list.computed_at,
        "method": list.method,
        "hash": list.hash,
        "days_seen": list.days_seen,
        "issues": summaries(&list.issues),
    });
    if site.audience() == Audience::Staff {
        answer["held"] = json!(summaries(&list.held));
    }
    Ok(Json(answer))
}

/// `/api/v1/issues/{id}`.
///
/// # Errors
/// [`AppError::NoIssue`] and its kin.
pub async fn issue(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let list = site.trends().ok_or(AppError::NotYet)?;
    match find(&site, &list, &id)? {
        Found::Issue(issue) => {
            Ok(Json(json!({ "about": about(&site), "issue": whole(&site, &list, issue) })).into_response())
        }
        Found::Merged(into) => {
            let location = HeaderValue::from_str(&format!("/api/v1/issues/{into}")).map_err(|_| AppError::NoIssue)?;
            Ok((StatusCode::MOVED_PERMANENTLY, [(header::LOCATION, location)]).into_response())
        }
    }
}

/// A post as the API gives it: without its author's pseudonym, which would join a person's posts.
fn post(hit: &index::Hit) -> Value {
    let inner = &hit.post.post;
    json!({
        "id": inner.id,
        "source": inner.source,
        "channel": inner.channel,
        "created_at": inner.created_at,
        "collected_at": inner.collected_at,
        "title": inner.title,
        "text": inner.text,
        "url": inner.url,
        "event": inner.event,
        "attendance": inner.attendance,
        "language": hit.post.language,
        "sentiment": hit.post.sentiment,
        "topics": hit.post.topics,
        "places": hit.post.places,
        "corrected": hit.post.corrected.is_some(),
    })
}

/// `/api/v1/search`.
///
/// # Errors
/// [`AppError::BadRequest`] when the query cannot be read.
pub async fn search(site: Site, params: Params) -> Result<Json<Value>, AppError> {
    let found = site.parts.searcher.search(search_page::request(&site, &params)).await?;
    let mut answer = json!({
        "about": about(&site),
        "understood": found.understood,
        "total": site.audience().count(found.total),
    });
    if site.audience() == Audience::Staff {
        answer["page"] = json!(params.page());
        answer["per_page"] = json!(search_page::PER_PAGE);
        answer["posts"] = json!(found.hits.iter().map(post).collect::<Vec<_>>());
    }
    Ok(Json(answer))
}

/// `/api/v1/sources`.
///
/// # Errors
/// None.
pub async fn sources(site: Site) -> Result<Json<Value>, AppError> {
    let audience = site.audience();
    let sources: Vec<Value> = sources_page::worst_first(&site)
        .iter()
        .map(|source| {
            let days: Vec<Count> = source.posts_by_day.iter().map(|posts| audience.count(*posts)).collect();
            let mut answer = json!(source);
            answer["posts_total"] = json!(audience.count(source.posts_total));
            answer["posts_by_day"] = json!(days);
            answer["usual_posts_a_day"] = json!(source.usual_posts().map(|usual| audience.count(usual)));
            answer
        })
        .collect();
    Ok(Json(json!({ "about": about(&site), "sources": sources })))
}

/// What `/api/v1/counts` splits by.
enum By {
    Nothing,
    Time(Step),
    Facet(Facet, Dimension),
}

impl By {
    fn read(query: &str) -> Result<Self, AppError> {
        let Some(by) = asked(query, "by") else { return Ok(Self::Nothing) };
        match by.as_str() {
            "hour" => Ok(Self::Time(Step::Hour)),
            "day" => Ok(Self::Time(Step::Day)),
            name => {
                let facet = Facet::ALL.into_iter().find(|facet| facet.key() == name);
                let known = "`by` must be one of type, region, topic, feeling, language, source, day and hour";
                facet
                    .map(|facet| Self::Facet(facet, facet.dimension()))
                    .ok_or_else(|| AppError::BadRequest(known.to_owned()))
            }
        }
    }
}

/// One step of time.
#[derive(Serialize)]
struct PointAnswer {
    at: Timestamp,
    #[serde(flatten)]
    counts: Counts,
}

/// `/api/v1/counts`.
///
/// # Errors
/// [`AppError::BadRequest`] when the query or `by` cannot be read.
pub async fn counts_by(site: Site, RawQuery(query): RawQuery, params: Params) -> Result<Json<Value>, AppError> {
    let by = By::read(query.as_deref().unwrap_or_default())?;
    let usual = if matches!(by, By::Time(_)) { USUAL_COUNTS_PERIOD } else { search_page::USUAL_PERIOD };
    let window = params.window(usual, site.now());
    let filter = params.filter(window);
    let (audience, analytics) = (site.audience(), &site.parts.analytics);
    let totals = analytics.totals(&filter).await?;
    let mut answer = json!({ "about": about(&site), "period": window, "totals": counts(audience, totals) });
    match by {
        By::Nothing => {}
        By::Time(step) => {
            let points = analytics.over_time(&filter, step).await?;
            let points: Vec<PointAnswer> = points
                .iter()
                .map(|point| PointAnswer { at: point.at, counts: counts(audience, point.totals) })
                .collect();
            answer["points"] = json!(points);
        }
        By::Facet(facet, dimension) => {
            let found = analytics.groups(&filter, dimension, MOST_GROUPS).await?;
            answer["groups"] = json!(groups(&site, facet, &found));
        }
    }
    Ok(Json(answer))
}
