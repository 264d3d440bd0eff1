//! One cycle: its gates with their numbers, its candidates in their order, and what organisers do with them.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use civic::Permission::Organise;
use civic::assembly::candidates::{self, Candidate, Direction, State as CandidateState};
use civic::assembly::cycles::{self, Cycle, State};
use civic::assembly::gates::{self, Numbers};
use civic::assembly::{CandidateId, CycleId, GateKind, vote};

use super::words;
use crate::decision::decide;
use crate::error::AppError;
use crate::format;
use crate::pages::Problems;
use crate::pages::form::Field;
use crate::pages::{Chrome, Section, render};
use crate::sent::Sent;
use crate::site::Site;

#[derive(Template)]
#[template(path = "assembly/cycle.html")]
struct CyclePage {
    chrome: Chrome,
    problems: Problems,
    id: String,
    version: i64,
    when: String,
    place: String,
    state: String,
    gates: Vec<GateRow>,
    running: Vec<CandidateRow>,
    gone: Vec<CandidateRow>,
    /// What is said about the vote, where one is open or due.
    vote: Option<String>,
    open_gate: Option<&'static str>,
    is_held: bool,
    /// What organisers can do: address and words. None for others, and when the Assembly has met.
    tools: Vec<(String, &'static str)>,
    may_order: bool,
    reason: Field,
    may_hold: bool,
}

struct GateRow {
    number: usize,
    name: &'static str,
    state: &'static str,
    keep: u32,
    numbers: Numbers,
}

struct CandidateRow {
    id: String,
    href: String,
    place: usize,
    label: String,
    score: String,
    state: String,
    /// Why a person put it there.
    pinned: Option<String>,
}

/// `/assembly/cycles/{id}`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    show(&site, &id, "", Vec::new()).await
}

/// `POST /assembly/cycles/{id}/order`: moves a candidate up or down.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn order(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let (read, reason) = (sent.version()?, sent.text("reason"));
    let (which, direction) = match (sent.text("up"), sent.text("down")) {
        (up, _) if !up.is_empty() => (up, Direction::Up),
        (_, down) => (down, Direction::Down),
    };
    let candidate = CandidateId::parse(&which).ok_or(AppError::NotFound)?;
    let typed = reason.clone();
    decide(
        &site,
        move |tx| candidates::shift(tx, &candidate, read, direction, &reason),
        |()| format!("/assembly/cycles/{id}#order"),
        async |message| show(&site, &id, &typed, vec![("reason", message)]).await,
    )
    .await
}

/// `POST /assembly/cycles/{id}/close`: closes the gate that is open.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn close(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let (read, cycle) = (sent.version()?, parse(&id)?);
    decide(
        &site,
        move |tx| gates::close(tx, &cycle, read),
        |()| format!("/assembly/cycles/{id}"),
        async |message| show(&site, &id, "", vec![("close", message)]).await,
    )
    .await
}

/// `POST /assembly/cycles/{id}/hold`: writes down that the Assembly has met.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn hold(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let (read, cycle) = (sent.version()?, parse(&id)?);
    decide(
        &site,
        move |tx| cycles::hold(tx, &cycle, read),
        |()| format!("/assembly/cycles/{id}"),
        async |message| show(&site, &id, "", vec![("hold", message)]).await,
    )
    .await
}

/// The id in an address.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn parse(id: &str) -> Result<CycleId, AppError> {
    CycleId::parse(id).ok_or(AppError::NotFound)
}

/// The cycle with the id in an address.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn find(site: &Site, id: &str) -> Result<Cycle, AppError> {
    let id = parse(id)?;
    Ok(site.record().read(move |db| cycles::find(db, &id)).await?)
}

async fn show(site: &Site, id: &str, reason: &str, problems: Problems) -> Result<Response, AppError> {
    let id = parse(id)?;
    let (cycle, numbers, candidates) = site
        .record()
        .read(move |db| {
            let cycle = cycles::find(db, &id)?;
            Ok((cycle.clone(), gates::funnel(db, &cycle)?, candidates::of_cycle(db, &cycle)?))
        })
        .await?;
    let is_running =
        |candidate: &&Candidate| matches!(candidate.state, CandidateState::Standing | CandidateState::Chosen);
    let rows = |running: bool| {
        let some = candidates.iter().filter(|candidate| is_running(candidate) == running);
        some.enumerate().map(|(place, candidate)| row(place, candidate, &cycle)).collect()
    };
    let page = CyclePage {
        chrome: Chrome::new(site, Section::Assembly, format!("Assembly: {}", cycle.name)),
        id: cycle.id.to_string(),
        version: cycle.version,
        when: format::moment(cycle.meets_at),
        place: cycle.place.clone(),
        state: words::cycle_state(&cycle),
        gates: gate_rows(&cycle, &numbers),
        running: rows(true),
        gone: rows(false),
        vote: about_vote(site, &cycle),
        may_order: site.may(Organise) && cycle.state != State::Held,
        tools: tools(site, &cycle),
        reason: Field::new("reason", "Why is it moved?")
            .hint("Published with the move: name nobody")
            .typed(reason)
            .checked(&problems),
        open_gate: cycle.open_gate().map(|gate| gate.kind.name()),
        may_hold: cycle.state == State::Agreed,
        is_held: cycle.state == State::Held,
        problems,
    };
    Ok(render(&page)?.into_response())
}

fn tools(site: &Site, cycle: &Cycle) -> Vec<(String, &'static str)> {
    if !site.may(Organise) || cycle.state == State::Held {
        return Vec::new();
    }
    let address = |form: &str| format!("/assembly/cycles/{}/{form}", cycle.id);
    let mut tools = vec![(address("change"), "Change the name, the date or the place")];
    match cycle.open_gate().map(|gate| gate.kind) {
        Some(GateKind::Vote) => tools.push((address("open-vote"), "Open the vote, or move its end")),
        Some(GateKind::Jury) => tools.push((address("jury"), "Enter the jury’s ranks")),
        Some(GateKind::Panel | GateKind::Agenda) | None => {}
    }
    tools
}

fn about_vote(site: &Site, cycle: &Cycle) -> Option<String> {
    if cycle.open_gate()?.kind != GateKind::Vote {
        return None;
    }
    Some(match cycle.closes_at {
        Some(closes_at) if vote::is_open(cycle, site.now()) => {
            format!("The vote is open until {}", format::moment(closes_at))
        }
        Some(_) => "The vote has ended".to_owned(),
        None => "The vote has not begun".to_owned(),
    })
}

fn gate_rows(cycle: &Cycle, numbers: &[Numbers]) -> Vec<GateRow> {
    let open = usize::try_from(cycle.gate).unwrap_or(usize::MAX);
    let row = |(at, (gate, numbers)): (usize, (&civic::assembly::Gate, &Numbers))| GateRow {
        number: at + 1,
        name: gate.kind.name(),
        state: match at.cmp(&open) {
            std::cmp::Ordering::Less => "Closed",
            std::cmp::Ordering::Equal => "Open",
            std::cmp::Ordering::Greater => "To come",
        },
        keep: gate.keep,
        numbers: *numbers,
    };
    cycle.rules.gates.iter().zip(numbers).enumerate().map(row).collect()
}

fn row(place: usize, candidate: &Candidate, cycle: &Cycle) -> CandidateRow {
    CandidateRow {
        id: candidate.id.to_string(),
        href: format!("/assembly/candidates/{}", candidate.id),
        place: place + 1,
        label: candidate.label.clone(),
        score: format!("{:.1}", candidate.place.score),
        state: words::candidate_state(candidate, cycle),
        pinned: candidate.place.pin.and(candidate.pin_reason.clone()),
    }
}
