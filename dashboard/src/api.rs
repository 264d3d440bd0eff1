//! The JSON API: what the pages show, with the same filters and under the same rules for small counts.

use std::sync::Arc;

use axum::extract::{Path, RawQuery, State};
use axum::http::{HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};
use index::trends::{Issue, TrendList};
use index::{Dimension, Group, Step, Totals};
use jiff::Timestamp;
use serde::Serialize;
use serde_json::{Value, json};
use url::form_urlencoded;

use crate::app::App;
use crate::config::Audience;
use crate::count::Count;
use crate::error::AppError;
use crate::facet::Facet;
use crate::findings;
use crate::news;
use crate::pages::facets;
use crate::pages::issue::{Found, find, source_name};
use crate::pages::{home, search as search_page, sources as sources_page};
use crate::params::Params;
use crate::period::Period;
use crate::serve::Notice;

/// Groups in one answer at most.
const MOST_GROUPS: usize = 100;
/// The period of counts over time where the URL says none: they need one.
const USUAL_COUNTS_PERIOD: Period = Period::FourWeeks;

/// What stands in every answer, so that a number is never taken for more than it is.
fn about(app: &App) -> Value {
    json!({
        "fictional": app.parts.notice == Notice::Fictional,
        "audience": app.audience(),
        "coverage": "Posts by people who chose to speak in public: not a survey.",
        "answered_at": app.now(),
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

fn groups(app: &App, facet: Facet, groups: &[Group]) -> Vec<GroupAnswer> {
    let posts = app.audience().counts(&groups.iter().map(|group| group.totals.posts).collect::<Vec<_>>());
    groups
        .iter()
        .zip(posts)
        .map(|(group, posts)| GroupAnswer {
            key: group.key.clone(),
            name: facets::name(app, facet, &group.key),
            counts: Counts {
                posts,
                voices: if posts == Count::Few { posts } else { app.audience().count(group.totals.voices) },
            },
            population_share: (facet == Facet::Region).then(|| app.parts.labels.population_share(&group.key)).flatten(),
        })
        .collect()
}

/// An issue in a list.
fn summary(app: &App, issue: &Issue) -> Value {
    let audience = app.audience();
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
fn whole(app: &App, list: &TrendList, issue: &Issue) -> Value {
    let audience = app.audience();
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
            let share = app.parts.labels.population_share(region);
            json!({ "key": region, "name": app.parts.labels.region(region), "posts": posts, "population_share": share })
        })
        .collect();
    let source = source_name(app, &issue.busiest_source.0);
    let why: Vec<String> = findings::why(issue, &app.parts.labels, &source, audience)
        .into_iter()
        .map(|reason| format!("{}{}", reason.strong, reason.rest))
        .collect();
    let mut answer = summary(app, issue);
    answer["why"] = json!(why);
    answer["baseline"] = json!([issue.baseline.0, issue.baseline.1]);
    answer["days"] = json!(days);
    answer["terms"] = json!(terms);
    answer["regions"] = json!(regions);
    answer["topics"] = json!(issue.topics.iter().map(|(topic, _)| topic).collect::<Vec<_>>());
    answer["busiest_source"] = json!({ "id": issue.busiest_source.0, "name": source, "share": issue.busiest_source.1 });
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
pub async fn state(State(app): State<Arc<App>>, params: Params) -> Result<Json<Value>, AppError> {
    let kept = home::load(&app, &params).await?;
    let (data, audience) = (&kept.value, app.audience());
    let list = app.trends();
    let health = (app.parts.health)();
    let missing = app.uncollected();
    let problems = health.iter().filter(|source| sources_page::has_problem(source, app.now())).count();
    let news: Vec<Value> = list
        .iter()
        .flat_map(|list| news::since_yesterday(list, audience, &missing))
        .map(|news| json!({ "page": news.href, "label": news.label, "did": news.did }))
        .collect();
    Ok(Json(json!({
        "about": about(&app),
        "counted_at": kept.made_at,
        "stale": kept.stale,
        "period": data.window,
        "totals": counts(audience, data.totals),
        "totals_before": data.before.map(|totals| counts(audience, totals)),
        "channels": groups(&app, Facet::Channel, &data.channels),
        "regions": groups(&app, Facet::Region, &data.regions),
        "languages": groups(&app, Facet::Language, &data.languages),
        "issues_as_of": list.as_ref().map(|list| list.as_of),
        "issues": list.iter().flat_map(|list| &list.issues).filter(|issue| params.concerns(issue)).map(|issue| summary(&app, issue)).collect::<Vec<_>>(),
        "held": list.as_ref().map_or(0, |list| app.held(list).len()),
        "since_yesterday": news,
        "sources": { "all": health.len(), "with_problems": problems },
    })))
}

/// `/api/v1/issues`.
///
/// # Errors
/// [`AppError::NotYet`].
pub async fn issues(State(app): State<Arc<App>>, params: Params) -> Result<Json<Value>, AppError> {
    let list = app.trends().ok_or(AppError::NotYet)?;
    let summaries = |issues: &[Issue]| -> Vec<Value> {
        issues.iter().filter(|issue| params.concerns(issue)).map(|issue| summary(&app, issue)).collect()
    };
    let mut answer = json!({
        "about": about(&app),
        "as_of": list.as_of,
        "computed_at": list.computed_at,
        "method": list.method,
        "hash": list.hash,
        "days_seen": list.days_seen,
        "issues": summaries(&list.issues),
    });
    if app.audience() == Audience::Staff {
        answer["held"] = json!(summaries(&list.held));
    }
    Ok(Json(answer))
}

/// `/api/v1/issues/{id}`.
///
/// # Errors
/// [`AppError::NoIssue`] and its kin.
pub async fn issue(State(app): State<Arc<App>>, Path(id): Path<String>) -> Result<Response, AppError> {
    let list = app.trends().ok_or(AppError::NotYet)?;
    match find(&app, &list, &id)? {
        Found::Issue(issue) => {
            Ok(Json(json!({ "about": about(&app), "issue": whole(&app, &list, issue) })).into_response())
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
        "language": hit.post.language,
        "sentiment": hit.post.sentiment,
        "topics": hit.post.topics,
        "places": hit.post.places,
    })
}

/// `/api/v1/search`.
///
/// # Errors
/// [`AppError::BadRequest`] when the query cannot be read.
pub async fn search(State(app): State<Arc<App>>, params: Params) -> Result<Json<Value>, AppError> {
    let found = app.parts.searcher.search(search_page::request(&app, &params)).await?;
    let mut answer = json!({
        "about": about(&app),
        "understood": found.understood,
        "total": app.audience().count(found.total),
    });
    if app.audience() == Audience::Staff {
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
pub async fn sources(State(app): State<Arc<App>>) -> Result<Json<Value>, AppError> {
    let audience = app.audience();
    let sources: Vec<Value> = sources_page::worst_first(&app)
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
    Ok(Json(json!({ "about": about(&app), "sources": sources })))
}

/// What `/api/v1/counts` splits by.
enum By {
    Nothing,
    Time(Step),
    Facet(Facet, Dimension),
}

impl By {
    fn read(query: &str) -> Result<Self, AppError> {
        let Some((_, by)) = form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "by") else {
            return Ok(Self::Nothing);
        };
        match &*by {
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
pub async fn counts_by(
    State(app): State<Arc<App>>,
    RawQuery(query): RawQuery,
    params: Params,
) -> Result<Json<Value>, AppError> {
    let by = By::read(query.as_deref().unwrap_or_default())?;
    let usual = if matches!(by, By::Time(_)) { USUAL_COUNTS_PERIOD } else { search_page::USUAL_PERIOD };
    let window = params.window(usual, app.now());
    let filter = params.filter(window);
    let (audience, analytics) = (app.audience(), &app.parts.analytics);
    let totals = analytics.totals(&filter).await?;
    let mut answer = json!({ "about": about(&app), "period": window, "totals": counts(audience, totals) });
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
            answer["groups"] = json!(groups(&app, facet, &found));
        }
    }
    Ok(Json(answer))
}
