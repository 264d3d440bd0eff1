//! One flag: what is asked, who supports it, what was decided, and what people say of it.

use askama::Template;
use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Json, Redirect, Response};
use civic::Permission::{Moderate, Organise, TakePart, WorkOnPosts};
use civic::assembly::{candidates, cycles};
use civic::gather::{self, Comment, Flag, FlagId, FlagState};
use civic::{Part, RecordError, Tx, audit};
use serde_json::{Value, json};

use super::flags::support as support_words;
use super::{evidence, found, href, state};
use crate::api::about;
use crate::error::AppError;
use crate::format;
use crate::pages::assembly::nominate::taking_candidates;
use crate::pages::form::Field;
use crate::pages::{Chrome, Section, render};
use crate::params::asked;
use crate::sent::Sent;
use crate::site::Site;

/// Comments a page.
const COMMENTS: u32 = 50;

/// The newest comments in an answer for other programs, at most.
const MOST_COMMENTS: u32 = 1_000;

#[derive(Template)]
#[template(path = "gather/flag.html")]
struct FlagPage {
    chrome: Chrome,
    problems: Vec<(&'static str, String)>,
    address: String,
    state: (&'static str, &'static str),
    /// The last decision, in a sentence.
    decided: Option<String>,
    /// Where it leads: words and address.
    leads_to: Option<(String, Option<String>)>,
    because: String,
    evidence: (String, Option<String>),
    support: String,
    meter: String,
    closes: String,
    /// Whether the visitor can support it, and does.
    supports: Option<bool>,
    comments: Vec<CommentRow>,
    /// Addresses of other pages of comments.
    older: Option<String>,
    newer: Option<String>,
    field: Option<Field>,
    history: Vec<(String, String, String)>,
    moderates: bool,
    takes_paper: bool,
    /// Where it is put forward for the Assembly, while that may be.
    nominate: Option<String>,
    /// The candidates of the Assembly that it became: address, and the cycle.
    candidates: Vec<(String, String)>,
}

struct CommentRow {
    at: String,
    words: String,
    removed: Option<String>,
    /// Where a moderator removes it.
    remove: Option<String>,
}

/// `/gather/flags/{id}`, also with `?comments=PAGE`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn page(site: Site, Path(id): Path<String>, RawQuery(query): RawQuery) -> Result<Response, AppError> {
    let flag = found(&site, &id).await?;
    let page = asked(&query.unwrap_or_default(), "comments").and_then(|page| page.parse().ok()).unwrap_or(1);
    show(&site, &flag, page, "", Vec::new()).await
}

async fn show(
    site: &Site,
    flag: &Flag,
    comments_page: u32,
    typed: &str,
    problems: Vec<(&'static str, String)>,
) -> Result<Response, AppError> {
    let (id, account) = (flag.id.clone(), site.visitor.account().map(|account| account.id.clone()));
    let number = comments_page.clamp(1, 100_000);
    let skip = (number - 1) * COMMENTS;
    let ((comments, all), history, supports, candidates) = site
        .record()
        .read(move |db| {
            let supports = account.map(|account| gather::is_supporter(db, &id, &account)).transpose()?;
            let candidates = candidates::of_flag(db, &id)?;
            let cycles = candidates.iter().map(|candidate| cycles::find(db, &candidate.cycle));
            let cycles = cycles.collect::<Result<Vec<_>, _>>()?;
            let history = audit::history(db, "flag", id.as_str(), false)?;
            let comments = gather::comments(db, &id, skip, COMMENTS)?;
            Ok((comments, history, supports, candidates.into_iter().zip(cycles).collect::<Vec<_>>()))
        })
        .await?;
    let is_open = flag.state == FlagState::Published && flag.deadline > site.now();
    let may_go_on = site.may(Organise) && matches!(flag.state, FlagState::Published | FlagState::Closed);
    let takes_it = match taking_candidates(site).await? {
        Some(cycle) if may_go_on => candidates.iter().all(|(candidate, _)| candidate.cycle != cycle.id),
        _ => false,
    };
    let page = FlagPage {
        chrome: Chrome::new(site, Section::Gather, format!("I want {}", flag.want)),
        address: href(&flag.id),
        state: state(flag.state),
        decided: (!flag.said.is_empty()).then(|| flag.said.clone()),
        leads_to: leads_to(flag),
        because: flag.because.clone(),
        evidence: evidence(site, &flag.evidence),
        support: support_words(flag),
        meter: meter(flag),
        closes: format::moment(flag.deadline),
        supports: supports.filter(|_| is_open),
        older: (all > number * COMMENTS).then(|| format!("{}?comments={}#comments", href(&flag.id), number + 1)),
        newer: (number > 1).then(|| format!("{}?comments={}#comments", href(&flag.id), number - 1)),
        comments: comments.into_iter().map(|comment| comment_row(site, comment)).collect(),
        field: (is_open && site.may(TakePart)).then(|| {
            Field::long("comment", "Your comment")
                .hint("It is read by a moderator first")
                .typed(typed)
                .checked(&problems)
        }),
        history: history
            .into_iter()
            .filter(|entry| entry.part == Part::Public)
            .map(|entry| {
                let action = format::sentence_start(&entry.action.replace(['.', '_'], " "));
                (format::moment(entry.at), action, entry.reason.unwrap_or_default())
            })
            .collect(),
        moderates: site.may(Moderate) && matches!(flag.state, FlagState::Waiting | FlagState::Published),
        takes_paper: site.may(WorkOnPosts) && is_open,
        nominate: takes_it.then(|| format!("/assembly/nominate?flag={}", flag.id)),
        candidates: candidates
            .into_iter()
            .map(|(candidate, cycle)| (format!("/assembly/candidates/{}", candidate.id), cycle.name))
            .collect(),
        problems,
    };
    Ok(render(&page)?.into_response())
}

/// `/api/v1/flags/{id}`: one flag with its comments, what was decided, and the candidates that it became.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn json(site: Site, Path(id): Path<String>) -> Result<Json<Value>, AppError> {
    let flag = found(&site, &id).await?;
    let id = flag.id.clone();
    let ((comments, all), history, candidates) = site
        .record()
        .read(move |db| {
            let history = audit::history(db, "flag", id.as_str(), false)?;
            Ok((gather::comments(db, &id, 0, MOST_COMMENTS)?, history, candidates::of_flag(db, &id)?))
        })
        .await?;
    let comments: Vec<Value> = comments
        .iter()
        .map(|one| {
            if one.is_published {
                json!({ "at": one.at, "words": one.words })
            } else {
                json!({ "at": one.at, "removed_because": one.said })
            }
        })
        .collect();
    let decided: Vec<Value> = history
        .iter()
        .map(|entry| json!({ "at": entry.at, "what": entry.action, "role": entry.role, "reason": entry.reason }))
        .collect();
    let mut answer = super::flags::as_json(&site, &flag);
    answer["comments"] = json!(comments);
    answer["comments_in_all"] = json!(all);
    answer["decided"] = json!(decided);
    answer["candidates"] = json!(candidates.iter().map(|one| &one.id).collect::<Vec<_>>());
    Ok(Json(json!({ "about": about(&site), "flag": answer })))
}

/// The bar of support, for the eye; the words beside it say the same.
fn meter(flag: &Flag) -> String {
    let width = 300 * u64::from(flag.supporters().min(flag.target)) / u64::from(flag.target);
    format!(
        "<svg class=\"d-meter\" viewBox=\"0 0 300 12\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">\
         <rect class=\"d-band\" width=\"300\" height=\"12\"/><rect width=\"{width}\" height=\"12\"/></svg>"
    )
}

fn leads_to(flag: &Flag) -> Option<(String, Option<String>)> {
    match flag.state {
        FlagState::Merged => {
            let into = FlagId::parse(&flag.leads_to)?;
            Some(("It was merged into another flag, with its supporters".to_owned(), Some(href(&into))))
        }
        FlagState::Routed => Some((format!("It was sent to: {}", flag.leads_to), None)),
        _ => None,
    }
}

fn comment_row(site: &Site, comment: Comment) -> CommentRow {
    CommentRow {
        at: format::moment(comment.at),
        remove: (comment.is_published && site.may(Moderate)).then(|| format!("/gather/comments/{}/remove", comment.id)),
        words: comment.words,
        removed: (!comment.is_published).then_some(comment.said),
    }
}

/// `POST /gather/flags/{id}/support`.
///
/// # Errors
/// [`AppError::NotFound`], or [`AppError::BadRequest`] where it takes no support.
pub async fn support(site: Site, Path(id): Path<String>, _: Sent) -> Result<Response, AppError> {
    change(&site, &id, gather::support).await
}

/// `POST /gather/flags/{id}/withdraw`.
///
/// # Errors
/// [`AppError::NotFound`], or [`AppError::BadRequest`] where it takes no support.
pub async fn withdraw(site: Site, Path(id): Path<String>, _: Sent) -> Result<Response, AppError> {
    change(&site, &id, gather::withdraw).await
}

async fn change(
    site: &Site,
    id: &str,
    change: fn(&mut Tx<'_>, &FlagId, &civic::AccountId) -> Result<(), RecordError>,
) -> Result<Response, AppError> {
    let flag = found(site, id).await?;
    let account = site.visitor.account().ok_or(AppError::SignIn)?.id.clone();
    let (to, id) = (href(&flag.id), flag.id);
    site.record().decide(site.actor()?, site.now(), move |tx| change(tx, &id, &account)).await?;
    Ok(Redirect::to(&to).into_response())
}

/// `POST /gather/flags/{id}/comment`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn comment(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let flag = found(&site, &id).await?;
    let account = site.visitor.account().ok_or(AppError::SignIn)?.id.clone();
    let (id, text) = (flag.id.clone(), sent.text("comment"));
    let words = text.clone();
    let written =
        site.record().decide(site.actor()?, site.now(), move |tx| gather::comment(tx, &id, &account, &words)).await;
    match written {
        Ok(()) => Ok(Redirect::to(&format!("{}#comments", href(&flag.id))).into_response()),
        Err(RecordError::Refused(message)) => {
            let page = show(&site, &flag, 1, &text, vec![("comment", message)]).await?;
            Ok((axum::http::StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
