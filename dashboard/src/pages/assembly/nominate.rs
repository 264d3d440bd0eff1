//! Putting an issue or a flag forward for the agenda, and working its score out again from newer numbers.

use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Redirect, Response};
use civic::assembly::candidates::{self, Nomination};
use civic::assembly::cycles::{self, Cycle};

use super::candidate;
use super::matter::{self, Matter};
use crate::decision::decide;
use crate::error::AppError;
use crate::pages::Section;
use crate::pages::form::Field;
use crate::pages::form_page::FormPage;
use crate::params::asked;
use crate::sent::Sent;
use crate::site::Site;

/// `/assembly/nominate?issue=ID` or `?flag=ID`.
///
/// # Errors
/// Those of [`Matter::find`]; [`AppError::BadRequest`] while no Assembly is being prepared.
pub async fn page(site: Site, RawQuery(query): RawQuery) -> Result<Response, AppError> {
    let query = query.unwrap_or_default();
    let named = |name| asked(&query, name).unwrap_or_default();
    let matter = Matter::find(&site, &named("issue"), &named("flag")).await?;
    let cycle = open_cycle(&site).await?;
    form(&site, &cycle, &matter, &matter.title(), "").show(None)
}

/// `POST /assembly/nominate`.
///
/// # Errors
/// Those of [`Matter::find`]; [`AppError::BadRequest`] while no Assembly is being prepared.
pub async fn nominate(site: Site, sent: Sent) -> Result<Response, AppError> {
    let matter = Matter::find(&site, &sent.text("issue"), &sent.text("flag")).await?;
    let cycle = open_cycle(&site).await?;
    let (label, why) = (sent.text("label"), sent.text("why"));
    let nomination = Nomination {
        label: label.clone(),
        issue: matter.issue(),
        flag: matter.flag(),
        why: why.clone(),
        inputs: matter.inputs(&site).await?,
    };
    let id = cycle.id.clone();
    decide(
        &site,
        move |tx| candidates::nominate(tx, &id, &nomination),
        |id| format!("/assembly/candidates/{id}"),
        async |message| form(&site, &cycle, &matter, &label, &why).show(Some(message)),
    )
    .await
}

/// `POST /assembly/candidates/{id}/rescore`: from the numbers of this hour.
///
/// # Errors
/// [`AppError::NotFound`], [`AppError::Changed`], or [`AppError::BadRequest`] when a gate was passed with the score.
pub async fn rescore(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let (which, read) = (candidate::parse(&id)?, sent.version()?);
    let asked = which.clone();
    let found = site.record().read(move |db| candidates::find(db, &asked)).await?;
    let inputs = matter::inputs_now(&site, &found).await?;
    let again = move |tx: &mut civic::Tx<'_>| candidates::rescore(tx, &which, read, &inputs);
    site.record().decide(site.actor()?, site.now(), again).await?;
    Ok(Redirect::to(&format!("/assembly/candidates/{id}#score")).into_response())
}

fn form(site: &Site, cycle: &Cycle, matter: &Matter, label: &str, why: &str) -> FormPage {
    let (field, id) = matter.field();
    FormPage::new(site, Section::Assembly, "Put it forward for the Assembly", "/assembly/nominate", "Put it forward")
        .from(matter.address(), matter.label())
        .about(format!(
            "It becomes a candidate of the cycle {}. Its score is made from the numbers of this hour, with the supporters \
             in Gather.",
            cycle.name
        ))
        .with(field, &id)
        .field(Field::new("label", "What it is about").hint("In a few words of yours, as the public will read it").typed(label))
        .field(Field::long("why", "Why is it put forward?").hint("Published: name nobody").typed(why))
}

/// The cycle that takes candidates.
async fn open_cycle(site: &Site) -> Result<Cycle, AppError> {
    taking_candidates(site).await?.ok_or_else(|| {
        AppError::BadRequest("no cycle takes candidates now: begin one on the page Assembly first".to_owned())
    })
}

/// The cycle that takes candidates, where there is one.
///
/// # Errors
/// When the record cannot be read.
pub async fn taking_candidates(site: &Site) -> Result<Option<Cycle>, AppError> {
    let cycles = site.record().read(cycles::all).await?;
    Ok(cycles.into_iter().rev().find(|cycle| cycle.state == cycles::State::Open && cycle.gate == 0))
}
