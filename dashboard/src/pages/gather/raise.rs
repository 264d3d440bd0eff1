//! Raising a flag: the form, and before it is raised the flags that ask for much the same.

use askama::Template;
use axum::extract::RawQuery;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use civic::RecordError;
use civic::gather::{self, Evidence, NewFlag, Similar};

use super::flags::support;
use super::{evidence, href};
use crate::error::AppError;
use crate::pages::form::Field;
use crate::pages::{Chrome, Section, render};
use crate::params::asked;
use crate::sent::Sent;
use crate::site::Site;

#[derive(Template)]
#[template(path = "gather/raise.html")]
struct RaisePage {
    chrome: Chrome,
    problems: Vec<(&'static str, String)>,
    fields: Vec<Field>,
    evidence: String,
    /// Names and values of what is sent along.
    hidden: Vec<(&'static str, String)>,
    similar: Vec<Offered>,
}

struct Offered {
    href: String,
    want: String,
    support: String,
    why: String,
}

/// `/gather/raise?issue=ID` or `?search=QUERY`.
///
/// # Errors
/// When the page cannot be written.
pub async fn page(site: Site, RawQuery(query): RawQuery) -> Result<Response, AppError> {
    let query = query.unwrap_or_default();
    let about = about(asked(&query, "issue"), asked(&query, "search"));
    let empty = NewFlag { want: String::new(), because: String::new(), evidence: about };
    Ok(render(&form(&site, &empty, &[], Vec::new()))?.into_response())
}

/// `POST /gather/raise`.
///
/// # Errors
/// When the record cannot be read or written.
pub async fn raise(site: Site, sent: Sent) -> Result<Response, AppError> {
    let some = |field: &str| Some(sent.text(field)).filter(|text| !text.is_empty());
    let flag = NewFlag {
        want: sent.text("want"),
        because: sent.text("because"),
        evidence: about(some("issue"), some("search")),
    };
    if !sent.has("anyway") && !flag.want.is_empty() {
        let asked = flag.clone();
        let similar = site.record().read(move |db| gather::similar(db, &asked.want, &asked.evidence)).await?;
        if !similar.is_empty() {
            return Ok(render(&form(&site, &flag, &similar, Vec::new()))?.into_response());
        }
    }
    let account = site.visitor.account().ok_or(AppError::SignIn)?.id.clone();
    let new = flag.clone();
    let rules = site.parts.gather.clone();
    let raise = move |tx: &mut civic::Tx<'_>| gather::raise(tx, &rules, &account, &new);
    let raised = site.record().decide(site.actor()?, site.now(), raise).await;
    match raised {
        Ok(id) => Ok(Redirect::to(&href(&id)).into_response()),
        Err(RecordError::Refused(message)) => {
            let field = if message.contains("why you want") { "because" } else { "want" };
            let page = render(&form(&site, &flag, &[], vec![(field, message)]))?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

/// What the flag is about: an id and a query are kept as they are, and shown as links of ours only.
fn about(issue: Option<String>, search: Option<String>) -> Evidence {
    match (issue, search) {
        (Some(id), _) if id.parse::<index::trends::IssueId>().is_ok() => Evidence::Issue(id),
        (_, Some(query)) if query.len() <= 1_000 => Evidence::Search(query),
        _ => Evidence::None,
    }
}

fn form(site: &Site, flag: &NewFlag, similar: &[Similar], problems: Vec<(&'static str, String)>) -> RaisePage {
    let mut hidden = match &flag.evidence {
        Evidence::Issue(id) => vec![("issue", id.clone())],
        Evidence::Search(query) => vec![("search", query.clone())],
        Evidence::None => Vec::new(),
    };
    if !similar.is_empty() {
        hidden.push(("anyway", "yes".to_owned()));
    }
    RaisePage {
        chrome: Chrome::new(site, Section::Gather, "Raise a flag"),
        fields: vec![
            Field::new("want", "I want …")
                .hint("In a few words, for example: a call back on the same day")
                .typed(&flag.want)
                .checked(&problems),
            Field::long("because", "… because …")
                .hint("What happened, or what would be better. Name nobody: everybody can read it once a moderator has")
                .typed(&flag.because)
                .checked(&problems),
        ],
        evidence: evidence(site, &flag.evidence).0,
        hidden,
        similar: similar.iter().map(offered).collect(),
        problems,
    }
}

fn offered(similar: &Similar) -> Offered {
    let why = if similar.shared.is_empty() {
        "It is about the same issue".to_owned()
    } else {
        format!("Both speak of: {}", similar.shared.join(", "))
    };
    Offered { href: href(&similar.flag.id), want: similar.flag.want.clone(), support: support(&similar.flag), why }
}
