//! Erasure for administrators: finding what is meant, seeing how much of it is where, asking for it with a reason, following it,
//! and the certificate.

use askama::Template;
use axum::extract::Path;
use axum::http::{StatusCode, header};
use axum::response::{IntoResponse, Redirect, Response};
use civic::erased::{self, Erased};
use civic::erasures::{self, Counts, Erasure, State};
use serde_json::Value;

use crate::decision::decide;
use crate::doors::{Meant, Refusal};
use crate::error::AppError;
use crate::format::{self, counted, thousands};
use crate::pages::form::Field;
use crate::pages::form_page::FormPage;
use crate::pages::{Chrome, Problems, Section, render};
use crate::sent::Sent;
use crate::site::Site;

/// The page's address.
pub const ADDRESS: &str = "/admin/erasures";

/// So many past erasures are listed.
const LISTED: u32 = 50;

/// Where something is, for machines and for people.
const PLACES: [(&str, &str); 12] = [
    ("index", "Posts in the search index"),
    ("trends", "Posts in the memory of the trends"),
    ("log", "Records in the log"),
    ("dead letters", "Records among the dead letters"),
    ("quotes", "Approved quotes"),
    ("accounts", "Accounts"),
    ("flags_withdrawn", "Flags that were withdrawn"),
    ("flags_kept", "Flags that others support: who asked, and why, is forgotten"),
    ("comments", "Comments that lost their words"),
    ("supports", "Flags that lost a supporter"),
    ("votes_and_approvals", "Votes and approvals that name nobody any more"),
    ("audit", "Entries of the log of decisions"),
];

#[derive(Template)]
#[template(path = "people/erasures.html")]
struct ErasuresPage {
    chrome: Chrome,
    problems: Problems,
    fields: Vec<Field>,
    /// When something was erased last.
    last: Option<String>,
    /// Address, when it was asked for, how far it is, why.
    rows: Vec<[String; 4]>,
}

#[derive(Template)]
#[template(path = "people/erasure.html")]
struct ErasurePage {
    chrome: Chrome,
    id: String,
    state: String,
    is_open: bool,
    failed: bool,
    asked: String,
    reason: String,
    /// What was found before: place and number.
    found: Vec<(String, String)>,
    /// What was removed, once it is done.
    removed: Vec<(String, String)>,
    /// What cannot be removed yet, and until when.
    remains: Option<String>,
    audit: Option<String>,
}

/// `/admin/erasures`.
///
/// # Errors
/// When the record cannot be read.
pub async fn page(site: Site) -> Result<Response, AppError> {
    show(&site, &Meant::default(), Vec::new()).await
}

async fn show(site: &Site, typed: &Meant, problems: Problems) -> Result<Response, AppError> {
    let (newest, last) = site.record().read(|db| Ok((erasures::newest(db, LISTED)?, erased::last(db)?))).await?;
    let page = ErasuresPage {
        chrome: Chrome::new(site, Section::Other, "Erase a person or a post"),
        fields: vec![
            Field::new("author", "The name of an author")
                .hint("As the source writes it, for example @ann@example.social")
                .typed(&typed.author),
            Field::new("source", "The source of that author")
                .hint("Its short name on the page Sources")
                .typed(&typed.source),
            Field::new("key", "Or the pseudonym of an author").hint("32 letters and digits").typed(&typed.key),
            Field::long("posts", "Or posts").hint("Their addresses here, one a line").typed(typed.posts.join("\n")),
            Field::new("text", "Or all posts that a search finds")
                .hint("At most 1,000. It is read as on the page Search")
                .typed(&typed.text),
        ],
        last: last.map(format::moment),
        rows: newest
            .iter()
            .map(|erasure| {
                let address = format!("{ADDRESS}/{}", erasure.id);
                [address, format::moment(erasure.asked_at), state(erasure), erasure.reason.clone()]
            })
            .collect(),
        problems,
    };
    Ok(render(&page)?.into_response())
}

/// `POST /admin/erasures/find`: shows what would go.
///
/// # Errors
/// [`AppError::BadRequest`] in a process that only shows pages, and when the posts cannot be read.
pub async fn find(site: Site, sent: Sent) -> Result<Response, AppError> {
    let meant = Meant {
        author: sent.text("author"),
        source: sent.text("source"),
        key: sent.text("key"),
        posts: sent.text("posts").split_whitespace().map(str::to_owned).collect(),
        text: sent.text("text"),
    };
    let eraser = site.parts.eraser.clone().ok_or_else(|| {
        AppError::BadRequest("this process only shows pages: use `discovery erase` where the stages run".to_owned())
    })?;
    match eraser.find(meant.clone()).await {
        Ok(found) => confirm(&site, &found.what, &found.counts, "").show(None),
        Err(Refusal::Unreadable { message, .. }) => {
            let message = format::sentence_start(&message);
            let page = show(&site, &meant, vec![("author", message)]).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(Refusal::Expired | Refusal::Unavailable) => {
            Err(AppError::Store("what would be erased cannot be counted".to_owned()))
        }
    }
}

fn summary(what: &Erased) -> String {
    let people = counted(what.authors.len() as u64, "person", "people");
    let posts = counted(what.posts.len() as u64, "single post", "single posts");
    format!("Found: {people}, {posts}.")
}

/// `POST /admin/erasures`: asks for what was shown.
///
/// # Errors
/// [`AppError::BadRequest`] when the form does not say what, and when the record cannot be written.
pub async fn ask(site: Site, sent: Sent) -> Result<Response, AppError> {
    let unreadable = || AppError::BadRequest("the form does not say what is to be erased".to_owned());
    let what: Erased = serde_json::from_str(&sent.text("what")).map_err(|_| unreadable())?;
    let found: Counts = serde_json::from_str(&sent.text("found")).map_err(|_| unreadable())?;
    let reason = sent.text("reason");
    let (erased, counts, why) = (what.clone(), found.clone(), reason.clone());
    decide(
        &site,
        move |tx| erasures::ask(tx, &erased, &counts, &why),
        |id| format!("{ADDRESS}/{id}"),
        async |message| confirm(&site, &what, &found, &reason).show(Some(message)),
    )
    .await
}

fn confirm(site: &Site, what: &Erased, found: &Counts, reason: &str) -> FormPage {
    let json = |value: serde_json::Result<String>| value.unwrap_or_default();
    let mut page = FormPage::new(site, Section::Other, "Erase this for good?", ADDRESS, "Erase it")
        .from(ADDRESS, "Erase a person or a post")
        .about(summary(what));
    for (place, number) in numbers(&serde_json::json!(found)) {
        page = page.about(format!("{place}: {number}"));
    }
    page.about(
        "It goes from all of these and is not taken in again. The stages pause meanwhile, for seconds or, where there is \
         much in the log, for minutes; the pages go on. Files in a watched folder stay where they are. The memory of the trends \
         is counted as it was last saved.",
    )
    .with("what", &json(serde_json::to_string(what)))
    .with("found", &json(serde_json::to_string(found)))
    .field(
        Field::long("reason", "Why?").hint("Kept in the log of decisions for good, for staff: name nobody").typed(reason),
    )
}

/// `/admin/erasures/{id}`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn one(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let erasure = found(&site, &id).await?;
    let certificate = erasure.certificate.clone().unwrap_or_default();
    let said = |name: &str| certificate[name].as_str().filter(|text| !text.is_empty()).map(str::to_owned);
    let page = ErasurePage {
        chrome: Chrome::new(&site, Section::Other, "An erasure"),
        state: state(&erasure),
        is_open: matches!(erasure.state, State::Waiting | State::Running),
        failed: erasure.state == State::Failed,
        asked: format::moment(erasure.asked_at),
        found: numbers(&serde_json::json!(erasure.found)),
        removed: numbers(&certificate["removed"]),
        remains: said("log_remains"),
        audit: said("audit_hash"),
        reason: erasure.reason,
        id: erasure.id,
    };
    Ok(render(&page)?.into_response())
}

/// `POST /admin/erasures/{id}/again`: one that broke off is tried again.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Changed`] where it did not break off.
pub async fn again(site: Site, Path(id): Path<String>, _: Sent) -> Result<Response, AppError> {
    let erasure = found(&site, &id).await?;
    let address = format!("{ADDRESS}/{}", erasure.id);
    site.record().decide(site.actor()?, site.now(), move |tx| erasures::again(tx, &erasure.id)).await?;
    Ok(Redirect::to(&address).into_response())
}

/// `/download/erasures/{id}/certificate.json`.
///
/// # Errors
/// [`AppError::NotFound`], also while it is not done.
pub async fn certificate(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let erasure = found(&site, &id).await?;
    let certificate = erasure.certificate.ok_or(AppError::NotFound)?;
    let body = serde_json::json!({
        "id": erasure.id, "asked_at": erasure.asked_at, "done_at": erasure.done_at, "asked_by": erasure.role,
        "certificate": certificate,
    });
    let headers = [
        (header::CONTENT_TYPE, "application/json".to_owned()),
        (header::CONTENT_DISPOSITION, format!("attachment; filename=\"erasure-{}.json\"", erasure.id)),
    ];
    Ok((headers, body.to_string()).into_response())
}

async fn found(site: &Site, id: &str) -> Result<Erasure, AppError> {
    let id = erasures::parse_id(id).ok_or(AppError::NotFound)?;
    site.record().read(move |db| erasures::find(db, &id)).await?.ok_or(AppError::NotFound)
}

/// How far an erasure is, in a sentence.
fn state(erasure: &Erasure) -> String {
    match erasure.state {
        State::Waiting => "It waits until the stages pause".to_owned(),
        State::Running => format!("It is being done: {}", erasure.step),
        State::Done => format!("Done on {}", erasure.done_at.map(format::moment).unwrap_or_default()),
        State::Failed => format!("It broke off: {}. It is tried again when Discovery starts", erasure.step),
    }
}

/// Numbers by where they are, for people.
fn numbers(counts: &Value) -> Vec<(String, String)> {
    let known = PLACES.iter().filter_map(|(slug, name)| Some(((*name).to_owned(), counts[*slug].as_u64()?)));
    known.map(|(name, number)| (name, thousands(number))).collect()
}
