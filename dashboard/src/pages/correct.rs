//! Setting tags right: the form for one post, or for all posts of a search, and what becomes of it.

use std::collections::BTreeMap;

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use bus::correction::MAX_WHY;
use bus::{Correction, Enriched, Place, PlaceKind, SentimentLabel, Verdict, VerdictError};
use civic::Permission::WorkOnPosts;
use civic::audit::{Entry, Part};
use index::{SearchRequest, Sort};
use serde_json::json;

use crate::doors::Refusal;
use crate::error::AppError;
use crate::labels;
use crate::pages::form::{Field, Pick};
use crate::pages::search::USUAL_PERIOD;
use crate::pages::{Chrome, Section, problem_with, render};
use crate::params::{Params, asked};
use crate::sent::Sent;
use crate::site::Site;

/// The most posts of a search that are corrected at once: more than that nobody has looked through.
const MOST: usize = 200;

/// The answer that leaves a tag as it is.
const LEAVE: &str = "leave";
/// The answer that says that there is none.
const NONE: &str = index::NONE;

#[derive(Template)]
#[template(path = "correct.html")]
struct CorrectPage {
    chrome: Chrome,
    problems: Vec<(&'static str, String)>,
    action: String,
    /// Where the form was opened.
    back: String,
    /// How many posts are corrected, in words; empty for a single one.
    many: String,
    /// How many that is, to be sent back.
    count: usize,
    change_topics: bool,
    groups: Vec<(String, Vec<Pick>)>,
    selects: Vec<Select>,
    why: Field,
}

impl CorrectPage {
    fn problem_with(&self, field: &str) -> Option<&str> {
        problem_with(&self.problems, field)
    }
}

/// A choice of one of many.
struct Select {
    name: &'static str,
    label: &'static str,
    choices: Vec<Pick>,
}

/// What is corrected: the posts, and how to come back to them.
struct Target {
    posts: Vec<Enriched>,
    is_search: bool,
    query: String,
    back: String,
}

/// The address of the form for one post.
pub fn of_post(id: bus::PostId) -> String {
    format!("/correct?post={id}")
}

/// The address of the form for all posts of a search, where it may be used.
pub fn of_search(site: &Site, params: &Params, total: u64) -> Option<String> {
    (may(site) && (1..=MOST as u64).contains(&total)).then(|| params.at_page(0).href("/correct"))
}

/// Whether the visitor is offered the form.
pub fn may(site: &Site) -> bool {
    site.may(WorkOnPosts) && site.parts.corrector.is_some()
}

/// `/correct`.
///
/// # Errors
/// [`AppError::NoPost`], or when there is nothing to correct or too much.
pub async fn page(site: Site, RawQuery(query): RawQuery) -> Result<Response, AppError> {
    let target = target(&site, query.unwrap_or_default()).await?;
    Ok(render(&form(&site, &target, None, Vec::new()))?.into_response())
}

/// `POST /correct`: passes the corrections on, with an entry in the audit log.
///
/// # Errors
/// [`AppError::NoPost`], or when they cannot be kept.
pub async fn correct(site: Site, RawQuery(query): RawQuery, sent: Sent) -> Result<Response, AppError> {
    let actor = site.actor()?;
    let target = target(&site, query.unwrap_or_default()).await?;
    let verdict = verdict(&site, &sent);
    let unprocessable = |problems| {
        let page = form(&site, &target, Some(&sent), problems);
        Ok((StatusCode::UNPROCESSABLE_ENTITY, render(&page)?).into_response())
    };
    if let Err(error) = verdict.check() {
        return unprocessable(vec![(field_of(&error), format!("{error}"))]);
    }
    if target.is_search && sent.text("count") != target.posts.len().to_string() {
        let message = format!(
            "The search now finds {} posts: look at them again, and send the form once more",
            target.posts.len()
        );
        return unprocessable(vec![("why", message)]);
    }
    let now = site.now();
    let said =
        |post: &Enriched| verdict.about(&post.post, now).map_err(|error| AppError::BadRequest(error.to_string()));
    let corrections: Vec<Correction> = target.posts.iter().map(said).collect::<Result<_, _>>()?;
    let corrector = site.parts.corrector.as_ref().ok_or(AppError::NotFound)?;
    // The log comes first: a correction that nobody can account for is worse than an entry that came to nothing.
    let (why, ids, tags) = (verdict.why.clone(), ids(&target), tags(&verdict));
    let subject = if target.is_search { format!("{} posts", target.posts.len()) } else { ids[0].clone() };
    site.record()
        .decide(actor, now, move |tx| {
            let detail = json!({ "posts": ids, "tags": tags });
            tx.log(&Entry::new(Part::Staff, "tags.corrected", "post", &subject).because(&why).with(detail))
        })
        .await?;
    match corrector.correct(corrections).await {
        Ok(()) => Ok(Redirect::to(&target.back).into_response()),
        Err(Refusal::Unreadable { message, .. }) => unprocessable(vec![("why", message)]),
        Err(Refusal::Expired | Refusal::Unavailable) => {
            unprocessable(vec![("why", "It cannot be kept at the moment: send the form again in a minute".to_owned())])
        }
    }
}

/// The posts that the address means.
async fn target(site: &Site, query: String) -> Result<Target, AppError> {
    if site.parts.corrector.is_none() {
        let message = "this process only shows pages: corrections are taken where `discovery run` works";
        return Err(AppError::BadRequest(message.to_owned()));
    }
    let post = asked(&query, "post");
    if let Some(id) = post {
        let id: bus::PostId = id.parse().map_err(|_| AppError::NoPost)?;
        let posts = site.parts.searcher.get(&[id]).await?;
        if posts.is_empty() {
            return Err(AppError::NoPost);
        }
        return Ok(Target { posts, is_search: false, query, back: format!("/posts/{id}") });
    }
    let params = Params::read(&query);
    let filter = params.filter(params.window(USUAL_PERIOD, site.now()));
    let request = SearchRequest { filter: filter.clone(), sort: Sort::Newest, page: 1, per_page: 1 };
    let total = site.parts.searcher.search(request).await?.total;
    if !(1..=MOST as u64).contains(&total) {
        let message = format!("the search finds {total} posts: from 1 to {MOST} can be corrected at once");
        return Err(AppError::BadRequest(message));
    }
    let posts = site.parts.searcher.export(filter, MOST).await?;
    Ok(Target { posts, is_search: true, back: params.href("/search"), query })
}

/// What the form says.
fn verdict(site: &Site, sent: &Sent) -> Verdict {
    let labels = &site.parts.labels;
    let region = |slug: &str| Place {
        kind: PlaceKind::Region,
        name: labels.region(slug).to_owned(),
        region: Some(slug.to_owned()),
        confidence: 1.0,
    };
    let known = |chosen: String| labels.topics.contains_key(&chosen).then_some(chosen);
    Verdict {
        topics: sent.has("change-topics").then(|| sent.all("topic").filter_map(known).collect()),
        sentiment: match sent.text("feeling").as_str() {
            NONE => Some(None),
            slug => SentimentLabel::from_slug(slug).map(Some),
        },
        language: match sent.text("language").as_str() {
            NONE => Some(None),
            code => labels.languages.iter().find(|known| *known == code).cloned().map(Some),
        },
        places: match sent.text("region").as_str() {
            NONE => Some(Vec::new()),
            slug => labels.regions.contains_key(slug).then(|| vec![region(slug)]),
        },
        by: site.visitor.account().map_or("", |account| account.role.name()).to_owned(),
        why: sent.text("why"),
    }
}

/// The field where a fault is mended.
fn field_of(error: &VerdictError) -> &'static str {
    match error {
        VerdictError::Nothing | VerdictError::TooMany(_) => "change-topics",
        VerdictError::NoReason | VerdictError::Nobody | VerdictError::TooLong { .. } => "why",
    }
}

fn ids(target: &Target) -> Vec<String> {
    target.posts.iter().map(|post| post.post.id.to_string()).collect()
}

/// Which tags are corrected, for the log.
fn tags(verdict: &Verdict) -> Vec<&'static str> {
    let named = [
        ("topics", verdict.topics.is_some()),
        ("feeling", verdict.sentiment.is_some()),
        ("language", verdict.language.is_some()),
        ("places", verdict.places.is_some()),
    ];
    named.into_iter().filter(|(_, is_said)| *is_said).map(|(name, _)| name).collect()
}

/// The form, with what was sent, or with the topics that the post has.
fn form(site: &Site, target: &Target, sent: Option<&Sent>, problems: Vec<(&'static str, String)>) -> CorrectPage {
    let chosen = |topic: &str| match sent {
        Some(sent) => sent.all("topic").any(|chosen| chosen == topic),
        None => !target.is_search && target.posts[0].topics.iter().any(|tag| tag.topic == topic),
    };
    let mut groups: BTreeMap<&str, Vec<Pick>> = BTreeMap::new();
    for (slug, topic) in &site.parts.labels.topics {
        groups.entry(&topic.group).or_default().push(pick(slug, &topic.name, chosen(slug)));
    }
    let many = if target.is_search { format!("{} posts", target.posts.len()) } else { String::new() };
    let title = if target.is_search { format!("Correct {many}") } else { "Correct the tags of a post".to_owned() };
    CorrectPage {
        chrome: Chrome::new(site, Section::Search, title),
        action: format!("/correct?{}", target.query),
        back: target.back.clone(),
        count: target.posts.len(),
        many,
        change_topics: sent.is_some_and(|sent| sent.has("change-topics")),
        groups: groups.into_iter().map(|(group, picks)| (group.to_owned(), picks)).collect(),
        selects: selects(site, sent),
        why: Field::long("why", "Why?")
            .hint(format!(
                "Kept with the correction and in the audit log for good: name nobody. At most {MAX_WHY} characters"
            ))
            .typed(sent.map(|sent| sent.text("why")).unwrap_or_default())
            .checked(&problems),
        problems,
    }
}

fn selects(site: &Site, sent: Option<&Sent>) -> Vec<Select> {
    let labels = &site.parts.labels;
    let select = |name: &'static str, label, none: &str, values: Vec<(String, String)>| {
        let chosen = sent.map(|sent| sent.text(name)).filter(|chosen| !chosen.is_empty()).unwrap_or(LEAVE.to_owned());
        let first = [(LEAVE.to_owned(), "Leave as it is".to_owned()), (NONE.to_owned(), none.to_owned())];
        let choices = first.into_iter().chain(values);
        Select { name, label, choices: choices.map(|(value, label)| pick(&value, &label, value == chosen)).collect() }
    };
    let feelings = SentimentLabel::ALL.map(|label| (label.slug().to_owned(), labels::sentiment(label).to_owned()));
    let languages = labels.languages.iter().map(|code| (code.clone(), labels::language(code)));
    let regions = labels.regions.iter().map(|(slug, region)| (slug.clone(), region.name.clone()));
    vec![
        select("feeling", "Feeling", "No feeling", feelings.to_vec()),
        select("language", "Language", "Language not known", languages.collect()),
        select("region", "Region", "No place", regions.collect()),
    ]
}

fn pick(value: &str, label: &str, is_chosen: bool) -> Pick {
    Pick { value: value.to_owned(), label: label.to_owned(), hint: String::new(), is_chosen }
}
