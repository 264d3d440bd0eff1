//! One candidate: its score with every part, what was decided about it and why, and the form for decisions.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use civic::Permission::Organise;
use civic::assembly::answers;
use civic::assembly::candidates::{self, Candidate, State};
use civic::assembly::cycles::{self, Cycle};
use civic::assembly::gates::{self, Decision, Outcome};
use civic::assembly::pack;
use civic::assembly::panel::{self, Check};
use civic::assembly::{CandidateId, GateKind};
use civic::audit::{self, Logged};
use civic::gather::{self, FlagId};

use super::inputs::{self, ShareRow};
use super::ledger;
use super::words;
use crate::decision::decide as decide_and_lead;
use crate::error::AppError;
use crate::format;
use crate::pages::form::Field;
use crate::pages::form_page::{Choice, FormPage};
use crate::pages::{Chrome, Section, render};
use crate::sent::Sent;
use crate::site::Site;

#[derive(Template)]
#[template(path = "assembly/candidate.html")]
struct CandidatePage {
    chrome: Chrome,
    id: String,
    cycle: (String, String),
    state: String,
    why: String,
    put_forward: String,
    issue: Option<String>,
    /// The flag of Gather: its address, and what it asks.
    flag: Option<(String, String)>,
    pinned: Option<(u32, String)>,
    total: String,
    parts: Vec<ShareRow>,
    /// When the score was worked out again, by whom, and from what to what.
    rescored: Vec<String>,
    decisions: Vec<DecisionRow>,
    /// Evidence packs: address, and when each was frozen.
    packs: Vec<(String, String)>,
    /// The Board's answer.
    answer: Option<String>,
    may_decide: bool,
    may_freeze: bool,
    /// The version that a new score is worked out for, while that may be.
    may_rescore: Option<i64>,
}

struct DecisionRow {
    at: String,
    gate: &'static str,
    outcome: String,
    role: String,
    reason: String,
    /// What the gate found, in words.
    found: String,
    by_hand: bool,
}

/// `/assembly/candidates/{id}`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let id = parse(&id)?;
    let (candidate, cycle, decisions, (packs, answer), (flag, history)) = site
        .record()
        .read(move |db| {
            let candidate = candidates::find(db, &id)?;
            let cycle = cycles::find(db, &candidate.cycle)?;
            let of_it = (pack::of_candidate(db, &id)?, answers::of_candidate(db, &id)?);
            let flag = candidate.flag.as_deref().and_then(FlagId::parse);
            let flag = flag.map(|flag| gather::find(db, &flag)).transpose()?.flatten();
            let history = audit::history(db, candidates::KIND, id.as_str(), false)?;
            Ok((candidate, cycle, gates::decisions(db, &id)?, of_it, (flag, history)))
        })
        .await?;
    let score = candidate.score(&cycle);
    let page = CandidatePage {
        chrome: Chrome::new(&site, Section::Assembly, candidate.label.clone()),
        id: candidate.id.to_string(),
        state: words::candidate_state(&candidate, &cycle),
        put_forward: format::moment(candidate.created_at),
        issue: candidate.issue.as_ref().map(|issue| format!("/issues/{issue}")),
        flag: flag.map(|flag| (crate::pages::gather::href(&flag.id), flag.want)),
        pinned: candidate.place.pin.map(|pin| (pin + 1, candidate.pin_reason.clone().unwrap_or_default())),
        total: format!("{:.1}", score.total),
        parts: inputs::rows(&candidate.inputs, &score.parts, &site.parts.labels),
        rescored: history.iter().filter_map(rescored).collect(),
        decisions: decisions.iter().map(|decision| decision_row(decision, &cycle)).collect(),
        packs: packs
            .iter()
            .map(|pack| (format!("/assembly/packs/{}", pack.id), format::moment(pack.frozen_at)))
            .collect(),
        answer: answer.as_ref().map(ledger::href),
        may_freeze: site.may(Organise),
        may_rescore: (site.may(Organise) && candidate.state == State::Standing && candidate.gate == 0)
            .then_some(candidate.version),
        may_decide: site.may(Organise) && cycle.open_gate().is_some(),
        why: candidate.why,
        cycle: (format!("/assembly/cycles/{}", cycle.id), cycle.name),
    };
    Ok(render(&page)?.into_response())
}

/// An entry of the audit log, if it says that the score was worked out again.
fn rescored(entry: &Logged) -> Option<String> {
    let detail: serde_json::Value =
        (entry.action == "candidate.rescored").then(|| serde_json::from_str(&entry.detail).ok())??;
    let (from, to) = (detail["score"]["from"].as_f64()?, detail["score"]["to"].as_f64()?);
    Some(format!("{}: from {from:.1} to {to:.1}, by {}", format::moment(entry.at), words::role(&entry.role)))
}

/// `/assembly/candidates/{id}/decide`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn decide_page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let (candidate, cycle) = both(&site, &id).await?;
    form(&site, &candidate, &cycle, &Typed { version: candidate.version, ..Typed::default() }).show(None)
}

/// `POST /assembly/candidates/{id}/decide`.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn decide(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let (candidate, cycle) = both(&site, &id).await?;
    let typed = Typed::of(&sent)?;
    let (which, read, reason, wanted) = (candidate.id.clone(), typed.version, typed.reason.clone(), typed.wanted());
    decide_and_lead(
        &site,
        move |tx| match wanted {
            Wanted::Check(check) => panel::enter(tx, &which, read, &check, &reason),
            Wanted::Outcome(outcome) => gates::decide(tx, &which, read, &outcome, &reason),
            Wanted::Nothing => Err(civic::RecordError::Refused("Choose what is decided".to_owned())),
        },
        |()| format!("/assembly/candidates/{id}"),
        async |message| form(&site, &candidate, &cycle, &typed).show(Some(message)),
    )
    .await
}

/// What was chosen and typed about a candidate.
#[derive(Default)]
struct Typed {
    version: i64,
    outcome: String,
    body: String,
    reason: String,
}

/// What that means.
enum Wanted {
    Check(Check),
    Outcome(Outcome),
    Nothing,
}

impl Typed {
    fn of(sent: &Sent) -> Result<Self, AppError> {
        Ok(Self {
            version: sent.version()?,
            outcome: sent.text("outcome"),
            body: sent.text("body"),
            reason: sent.text("reason"),
        })
    }

    fn wanted(&self) -> Wanted {
        let check = |in_remit, is_national| {
            let route_to = Some(self.body.clone()).filter(|body| !body.is_empty());
            Wanted::Check(Check { in_remit, is_national, route_to })
        };
        match self.outcome.as_str() {
            "national" => check(true, true),
            "local" => check(true, false),
            "remit" => check(false, true),
            "passed" => Wanted::Outcome(Outcome::Passed),
            "failed" => Wanted::Outcome(Outcome::Failed),
            "routed" => Wanted::Outcome(Outcome::Routed(self.body.clone())),
            "withdrawn" => Wanted::Outcome(Outcome::Withdrawn),
            "reinstated" => Wanted::Outcome(Outcome::Reinstated),
            _ => Wanted::Nothing,
        }
    }
}

/// What may be decided about a candidate where it stands.
fn possible(candidate: &Candidate, cycle: &Cycle) -> Vec<(&'static str, &'static str)> {
    let stands = candidate.state == State::Standing && candidate.gate == cycle.gate;
    match cycle.open_gate().map(|gate| gate.kind) {
        _ if !stands => vec![("reinstated", "It stands again, at the gate that is open")],
        Some(GateKind::Panel) => vec![
            ("national", "In remit and national: it goes on"),
            ("local", "In remit, but not national"),
            ("remit", "National, but not in remit"),
            ("failed", "It goes no further, for another reason"),
            ("withdrawn", "Who put it forward takes it back"),
        ],
        _ => vec![
            ("passed", "It goes on"),
            ("failed", "It goes no further"),
            ("routed", "It goes to the body whose matter it is"),
            ("withdrawn", "Who put it forward takes it back"),
        ],
    }
}

fn form(site: &Site, candidate: &Candidate, cycle: &Cycle, typed: &Typed) -> FormPage {
    let address = format!("/assembly/candidates/{}", candidate.id);
    let page = FormPage::new(
        site,
        Section::Assembly,
        format!("Decide: {}", candidate.label),
        format!("{address}/decide"),
        "Decide",
    )
    .from(address, candidate.label.clone())
    .with("version", &typed.version)
    .choice(Choice::new("outcome", "What is decided?", &typed.outcome, &possible(candidate, cycle)))
    .field(
        Field::new("body", "The body whose matter it is, if it is not ours")
            .hint("For example, Leeds City Council. It stays visible here and says where it went")
            .typed(&typed.body),
    )
    .field(Field::long("reason", "Why?").hint("Published with the decision: name nobody").typed(&typed.reason));
    match cycle.open_gate().map(|gate| gate.kind) {
        Some(kind @ (GateKind::Vote | GateKind::Jury)) => page.about(format!(
            "{} decides at this gate. What you decide here departs from it, and is shown as decided by a person.",
            if kind == GateKind::Vote { "The vote" } else { "The jury" }
        )),
        _ => page,
    }
}

fn decision_row(decision: &Decision, cycle: &Cycle) -> DecisionRow {
    let gate = usize::try_from(decision.gate).ok().and_then(|at| cycle.rules.gates.get(at));
    DecisionRow {
        at: format::moment(decision.at),
        gate: gate.map_or("", |gate| gate.kind.name()),
        outcome: words::outcome(&decision.outcome),
        role: words::role(&decision.role),
        reason: decision.reason.clone(),
        found: found(&decision.detail["found"]),
        by_hand: decision.by_hand,
    }
}

/// What a gate found, in words.
fn found(found: &serde_json::Value) -> String {
    let yes = |name: &str| if found[name].as_bool() == Some(true) { "yes" } else { "no" };
    let mut said = Vec::new();
    if found.get("in_remit").is_some() {
        said.push(format!("in remit: {}, national: {}", yes("in_remit"), yes("national")));
    }
    if let Some(votes) = found["votes"].as_u64() {
        said.push(format::counted(votes, "vote", "votes"));
    }
    if let Some(rank) = found["jury_rank"].as_u64() {
        said.push(format!("ranked {rank} by the jury"));
    }
    said.join(", ")
}

async fn both(site: &Site, id: &str) -> Result<(Candidate, Cycle), AppError> {
    let id = parse(id)?;
    Ok(site
        .record()
        .read(move |db| {
            let candidate = candidates::find(db, &id)?;
            let cycle = cycles::find(db, &candidate.cycle)?;
            Ok((candidate, cycle))
        })
        .await?)
}

/// The id in an address.
///
/// # Errors
/// [`AppError::NotFound`].
pub fn parse(id: &str) -> Result<CandidateId, AppError> {
    CandidateId::parse(id).ok_or(AppError::NotFound)
}
