//! The Assembly at a glance: when it meets next, the cycles so far.

use askama::Template;
use axum::response::{IntoResponse, Response};
use civic::Permission::Organise;
use civic::assembly::answers::Counts;
use civic::assembly::cycles::{self, Cycle};
use civic::assembly::gates::{self, Numbers};

use super::{ledger, words};
use crate::error::AppError;
use crate::format;
use crate::pages::{Chrome, Section, render};
use crate::site::Site;

#[derive(Template)]
#[template(path = "assembly/overview.html")]
struct OverviewPage {
    chrome: Chrome,
    /// The cycle that meets next, in a sentence each.
    next: Option<Row>,
    rows: Vec<Row>,
    counts: Counts,
    may_begin: bool,
}

struct Row {
    href: String,
    name: String,
    when: String,
    place: String,
    state: String,
    /// "40 candidates, 12 still in the running".
    numbers: String,
}

/// `/assembly`.
///
/// # Errors
/// When the record cannot be read.
pub async fn page(site: Site) -> Result<Response, AppError> {
    let (answers, today) = ledger::load(&site).await?;
    let (next, all) = site
        .record()
        .read(|db| {
            let next = cycles::next(db)?.map(|cycle| cycle.id);
            let all = cycles::all(db)?;
            let numbers = all.iter().map(|cycle| gates::funnel(db, cycle)).collect::<Result<Vec<_>, _>>()?;
            Ok((next, all.into_iter().zip(numbers).collect::<Vec<_>>()))
        })
        .await?;
    let next_row = all.iter().find(|(cycle, _)| Some(&cycle.id) == next.as_ref()).map(row);
    let page = OverviewPage {
        chrome: Chrome::new(&site, Section::Assembly, "Assembly"),
        next: next_row,
        rows: all.iter().map(row).collect(),
        counts: Counts::of(&answers, today),
        may_begin: site.may(Organise),
    };
    Ok(render(&page)?.into_response())
}

fn row((cycle, numbers): &(Cycle, Vec<Numbers>)) -> Row {
    let came = numbers.first().map_or(0, |first| first.came);
    let standing: u32 = numbers.iter().map(|gate| gate.standing).sum();
    let chosen = numbers.last().map_or(0, |last| last.passed);
    let rest = if chosen > 0 { format!("{chosen} on the agenda") } else { format!("{standing} still in the running") };
    Row {
        href: format!("/assembly/cycles/{}", cycle.id),
        name: cycle.name.clone(),
        when: format::moment(cycle.meets_at),
        place: cycle.place.clone(),
        state: words::cycle_state(cycle),
        numbers: format!("{}, {rest}", format::counted(came.into(), "candidate", "candidates")),
    }
}

/// The next Assembly and the ledger's counts, for the home page.
pub struct Glance {
    /// The cycle that meets next: address, name, and when it meets and how far it is.
    pub next: Option<(String, String, String)>,
    /// How many answers are how far.
    pub counts: Counts,
}

/// What the home page says of the Assembly.
///
/// # Errors
/// When the record cannot be read.
pub async fn glance(site: &Site) -> Result<Glance, AppError> {
    let (answers, today) = ledger::load(site).await?;
    let next = site.record().read(cycles::next).await?.map(|cycle| {
        let when = format!("{}, {}. {}.", format::moment(cycle.meets_at), cycle.place, words::cycle_state(&cycle));
        (format!("/assembly/cycles/{}", cycle.id), cycle.name, when)
    });
    Ok(Glance { next, counts: Counts::of(&answers, today) })
}
