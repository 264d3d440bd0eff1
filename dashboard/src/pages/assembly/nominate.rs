//! Putting an issue forward for the agenda.

use axum::extract::RawQuery;
use axum::response::Response;
use civic::assembly::candidates::{self, Nomination};
use civic::assembly::cycles::{self, Cycle};
use index::trends::Issue;

use super::inputs;
use crate::decision::decide;
use crate::error::AppError;
use crate::pages::Section;
use crate::pages::form::Field;
use crate::pages::form_page::FormPage;
use crate::pages::issue::{Found, find};
use crate::params::asked;
use crate::sent::Sent;
use crate::site::Site;

/// `/assembly/nominate?issue=ID`.
///
/// # Errors
/// [`AppError::NoIssue`] and its kin; [`AppError::BadRequest`] while no Assembly is being prepared.
pub async fn page(site: Site, RawQuery(query): RawQuery) -> Result<Response, AppError> {
    let query = query.unwrap_or_default();
    let issue = listed(&site, &asked(&query, "issue").unwrap_or_default())?;
    let cycle = open_cycle(&site).await?;
    form(&site, &cycle, &issue, &issue.label, "").show(None)
}

/// `POST /assembly/nominate`.
///
/// # Errors
/// [`AppError::NoIssue`] and its kin; [`AppError::BadRequest`] while no Assembly is being prepared.
pub async fn nominate(site: Site, sent: Sent) -> Result<Response, AppError> {
    let issue = listed(&site, &sent.text("issue"))?;
    let cycle = open_cycle(&site).await?;
    let (label, why) = (sent.text("label"), sent.text("why"));
    let nomination = Nomination {
        label: label.clone(),
        issue: Some(issue.id.to_string()),
        flag: None,
        why: why.clone(),
        inputs: inputs::of_issue(&issue, &site.parts.labels),
    };
    let id = cycle.id.clone();
    decide(
        &site,
        move |tx| candidates::nominate(tx, &id, &nomination),
        |id| format!("/assembly/candidates/{id}"),
        async |message| form(&site, &cycle, &issue, &label, &why).show(Some(message)),
    )
    .await
}

fn form(site: &Site, cycle: &Cycle, issue: &Issue, label: &str, why: &str) -> FormPage {
    FormPage::new(site, Section::Assembly, "Put it forward for the Assembly", "/assembly/nominate", "Put it forward")
        .from(format!("/issues/{}", issue.id), issue.label.clone())
        .about(format!(
            "It becomes a candidate of the cycle {}. Its score is made from the numbers of this hour.",
            cycle.name
        ))
        .with("issue", &issue.id)
        .field(Field::new("label", "What it is about").hint("As the public will read it").typed(label))
        .field(Field::long("why", "Why is it put forward?").hint("Published: name nobody").typed(why))
}

/// The issue, if it is listed or held.
fn listed(site: &Site, id: &str) -> Result<Issue, AppError> {
    let list = site.trends().ok_or(AppError::NotYet)?;
    match find(site, &list, id)? {
        Found::Issue(issue) => Ok(issue.clone()),
        Found::Merged(_) => Err(AppError::NoIssue),
    }
}

/// The cycle that takes candidates.
async fn open_cycle(site: &Site) -> Result<Cycle, AppError> {
    let cycles = site.record().read(cycles::all).await?;
    cycles.into_iter().rev().find(|cycle| cycle.state == cycles::State::Open && cycle.gate == 0).ok_or_else(|| {
        AppError::BadRequest("no cycle takes candidates now: begin one on the page Assembly first".to_owned())
    })
}
