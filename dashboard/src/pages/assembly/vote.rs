//! The vote: choosing, and the numbers when it has ended.

use std::collections::{BTreeMap, BTreeSet};

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use civic::Permission::TakePart;
use civic::assembly::candidates::{self, State};
use civic::assembly::cycles::Cycle;
use civic::assembly::{CandidateId, GateKind, vote};

use super::{cycle, words};
use crate::decision::decide;
use crate::error::AppError;
use crate::format;
use crate::pages::Problems;
use crate::pages::form_page::FormPage;
use crate::pages::{Chrome, Section, render};
use crate::sent::Sent;
use crate::site::Site;

#[derive(Template)]
#[template(path = "assembly/vote.html")]
struct VotePage {
    chrome: Chrome,
    problems: Problems,
    id: String,
    about: String,
    /// Whether the visitor can choose now.
    may_vote: bool,
    /// Whether it would be enough to sign in.
    is_open: bool,
    choices: u32,
    rows: Vec<Row>,
    voted: bool,
}

struct Row {
    id: String,
    href: String,
    label: String,
    is_chosen: bool,
    /// Votes, when the vote has ended.
    votes: Option<u32>,
}

/// What is counted at the vote of a cycle.
struct Count {
    rows: Vec<(CandidateId, String)>,
    tally: BTreeMap<CandidateId, u32>,
    voters: u32,
    chosen: BTreeSet<CandidateId>,
}

/// `/assembly/cycles/{id}/vote`.
///
/// # Errors
/// [`AppError::NotFound`], also where the cycle has no vote.
pub async fn page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    show(&site, &id, None, Vec::new()).await
}

/// `POST /assembly/cycles/{id}/vote`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn cast(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let cycle = cycle::parse(&id)?;
    let account = site.visitor.account().ok_or(AppError::SignIn)?.id.clone();
    let choices: BTreeSet<CandidateId> = sent.all("choice").filter_map(|id| CandidateId::parse(&id)).collect();
    let typed = choices.clone();
    decide(
        &site,
        move |tx| vote::cast(tx, &cycle, &account, &choices),
        |()| format!("/assembly/cycles/{id}/vote"),
        async |message| show(&site, &id, Some(typed), vec![("choice-1", message)]).await,
    )
    .await
}

/// `/assembly/cycles/{id}/open-vote`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn open_page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let cycle = cycle::find(&site, &id).await?;
    let (day, time) = cycle.closes_at.map_or((String::new(), "18:00".to_owned()), words::as_typed);
    open_form(&site, &cycle, cycle.version, &day, &time, &Vec::new()).show(None)
}

/// `POST /assembly/cycles/{id}/open-vote`.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn open(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let cycle = cycle::find(&site, &id).await?;
    let (read, day, time) = (sent.version()?, sent.text("day"), sent.text("time"));
    let (which, closes_at) = (cycle.id.clone(), words::typed_moment(&sent));
    let (closes_at, problems) = match closes_at {
        Ok(closes_at) => (Some(closes_at), Vec::new()),
        Err(problems) => (None, problems),
    };
    decide(
        &site,
        move |tx| match closes_at {
            Some(closes_at) => vote::open(tx, &which, read, closes_at),
            None => Err(civic::RecordError::Refused("Enter when the vote ends".to_owned())),
        },
        |()| format!("/assembly/cycles/{id}"),
        async |message| open_form(&site, &cycle, read, &day, &time, &problems).show(Some(message)),
    )
    .await
}

fn open_form(site: &Site, cycle: &Cycle, version: i64, day: &str, time: &str, problems: &Problems) -> FormPage {
    let address = format!("/assembly/cycles/{}", cycle.id);
    let [day, time] = words::moment_fields(day, time, problems);
    FormPage::new(site, Section::Assembly, "Open the vote", format!("{address}/open-vote"), "Open the vote until then")
        .from(address, cycle.name.clone())
        .about(format!("Everybody with an account chooses up to {} candidates until then.", cycle.rules.choices))
        .with("version", &version)
        .field(day)
        .field(time)
}

async fn show(
    site: &Site,
    id: &str,
    typed: Option<BTreeSet<CandidateId>>,
    problems: Problems,
) -> Result<Response, AppError> {
    let cycle = cycle::find(site, id).await?;
    let at = cycle.rules.gates.iter().position(|gate| gate.kind == GateKind::Vote).ok_or(AppError::NotFound)?;
    let gate = u32::try_from(at).map_err(|_| AppError::NotFound)?;
    let count = count(site, &cycle, gate).await?;
    let (is_open, has_ended) = (vote::is_open(&cycle, site.now()), has_ended(site, &cycle, gate));
    let may_vote = is_open && site.may(TakePart);
    let people = format::counted(count.voters.into(), "person has voted", "people have voted");
    let about = match cycle.closes_at {
        Some(closes_at) if is_open => format!(
            "Open until {}. {people} so far. How many chose each candidate is shown when it has ended.",
            format::moment(closes_at)
        ),
        _ if has_ended => format!("The vote has ended. {people}."),
        _ => "The vote has not begun.".to_owned(),
    };
    let chosen = typed.unwrap_or(count.chosen);
    let page = VotePage {
        chrome: Chrome::new(site, Section::Assembly, format!("Vote: {}", cycle.name)),
        id: cycle.id.to_string(),
        about,
        may_vote,
        is_open,
        choices: cycle.rules.choices,
        voted: may_vote && !chosen.is_empty() && problems.is_empty(),
        rows: count
            .rows
            .into_iter()
            .map(|(id, label)| Row {
                href: format!("/assembly/candidates/{id}"),
                is_chosen: chosen.contains(&id),
                votes: has_ended.then(|| count.tally.get(&id).copied().unwrap_or_default()),
                id: id.to_string(),
                label,
            })
            .collect(),
        problems,
    };
    Ok(render(&page)?.into_response())
}

fn has_ended(site: &Site, cycle: &Cycle, gate: u32) -> bool {
    cycle.gate > gate || cycle.gate == gate && cycle.closes_at.is_some_and(|closes_at| closes_at <= site.now())
}

/// Those in the vote: while it goes on in the order of their label, so that no place helps; then by their votes.
async fn count(site: &Site, cycle: &Cycle, gate: u32) -> Result<Count, AppError> {
    let (cycle, account) = (cycle.clone(), site.visitor.account().map(|account| account.id.clone()));
    let ended = has_ended(site, &cycle, gate);
    let count = site.record().read(move |db| {
        let tally = vote::tally(db, &cycle.id, gate)?;
        let chosen = match &account {
            Some(account) if cycle.gate == gate => vote::choices(db, &cycle, account)?,
            _ => BTreeSet::new(),
        };
        let mut rows: Vec<(CandidateId, String)> = candidates::of_cycle(db, &cycle)?
            .into_iter()
            .filter(|candidate| {
                tally.contains_key(&candidate.id)
                    || candidate.gate > gate
                    || candidate.gate == gate && (ended || candidate.state == State::Standing)
            })
            .map(|candidate| (candidate.id, candidate.label))
            .collect();
        rows.sort_by(|a, b| a.1.cmp(&b.1));
        if ended {
            rows.sort_by_key(|(id, _)| std::cmp::Reverse(tally.get(id).copied().unwrap_or_default()));
        }
        Ok(Count { rows, chosen, voters: vote::voters(db, &cycle.id, gate)?, tally })
    });
    Ok(count.await?)
}
