//! Gates: every decision about a candidate, by whom, when and why, and the closing of a gate.
//!
//! A candidate stands at one gate at a time. It passes to the next, fails, is sent to another body, or is withdrawn; what has
//! left may be given back its place by a person, with a reason. When a gate closes, the vote, the jury or the order of the list
//! decides about those that nobody decided about.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::{Value, json};

use super::candidates::{self, Candidate, State};
use super::check;
use super::config::GateKind;
use super::cycles::{self, Cycle};
use super::{jury, vote};
use crate::audit::{Entry, Part};
use crate::error::RecordError;
use crate::ids::{CandidateId, CycleId};
use crate::store::Tx;

/// What is decided about a candidate.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Outcome {
    /// It goes on to the next gate, or from the last one to the agenda.
    Passed,
    /// It goes no further.
    Failed,
    /// It is sent to this body, whose matter it is.
    Routed(String),
    /// Who put it forward took it back.
    Withdrawn,
    /// It stands again, at the gate that is open.
    Reinstated,
}

impl Outcome {
    /// Its name for machines.
    pub fn slug(&self) -> &'static str {
        match self {
            Self::Passed => "passed",
            Self::Failed => "failed",
            Self::Routed(_) => "routed",
            Self::Withdrawn => "withdrawn",
            Self::Reinstated => "reinstated",
        }
    }

    fn action(&self) -> &'static str {
        match self {
            Self::Passed => "candidate.passed",
            Self::Failed => "candidate.failed",
            Self::Routed(_) => "candidate.routed",
            Self::Withdrawn => "candidate.withdrawn",
            Self::Reinstated => "candidate.reinstated",
        }
    }

    fn body(&self) -> Option<&str> {
        match self {
            Self::Routed(body) => Some(body),
            _ => None,
        }
    }
}

/// A decision as it was kept.
#[derive(Clone, Debug, PartialEq)]
pub struct Decision {
    /// At which gate, counted from 0.
    pub gate: u32,
    /// What was decided.
    pub outcome: Outcome,
    /// Whether a person decided otherwise than, or before, the count.
    pub by_hand: bool,
    /// The score as it was then, and what the gate found.
    pub detail: Value,
    /// The role of who decided.
    pub role: String,
    /// When (UTC).
    pub at: Timestamp,
    /// Why.
    pub reason: String,
}

/// How many candidates came to a gate, and what became of them there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Numbers {
    /// Came to it.
    pub came: u32,
    /// Went on.
    pub passed: u32,
    /// Went no further.
    pub failed: u32,
    /// Were sent to another body.
    pub routed: u32,
    /// Were taken back.
    pub withdrawn: u32,
    /// Stand there still.
    pub standing: u32,
}

/// Decides about a candidate at the gate that is open. At a gate where the vote or the jury decides, this is a departure
/// from it, and shown as one.
///
/// # Errors
/// [`RecordError::Changed`], or a refusal when the candidate does not stand at the open gate or the gate is full.
pub fn decide(
    tx: &mut Tx<'_>,
    id: &CandidateId,
    read: i64,
    outcome: &Outcome,
    reason: &str,
) -> Result<(), RecordError> {
    let by_hand = {
        let candidate = candidates::find(tx, id)?;
        let cycle = cycles::find(tx, &candidate.cycle)?;
        let kind = cycle.must_be_open()?.kind;
        if kind == GateKind::Panel && matches!(outcome, Outcome::Passed) {
            return Err(RecordError::refused("The panel says whether it is in remit and national: enter its check"));
        }
        matches!(kind, GateKind::Vote | GateKind::Jury) || matches!(outcome, Outcome::Reinstated)
    };
    settle(tx, id, read, outcome, reason, by_hand, &json!({}))
}

/// What [`decide`] and the panel have in common.
pub(super) fn settle(
    tx: &mut Tx<'_>,
    id: &CandidateId,
    read: i64,
    outcome: &Outcome,
    reason: &str,
    by_hand: bool,
    found: &Value,
) -> Result<(), RecordError> {
    let reason = check::reason(reason)?;
    let candidate = candidates::at_version(tx, id, read)?;
    let cycle = cycles::find(tx, &candidate.cycle)?;
    let gate = cycle.must_be_open()?;
    if let Outcome::Routed(body) = outcome {
        check::text(body, "the body that it is sent to", check::SHORT)?;
    }
    let stands = candidate.state == State::Standing && candidate.gate == cycle.gate;
    match outcome {
        Outcome::Reinstated if stands => {
            return Err(RecordError::refused("It stands at the open gate already"));
        }
        Outcome::Reinstated => {}
        _ if !stands => {
            return Err(RecordError::refused("It does not stand at the open gate: give it back its place first"));
        }
        Outcome::Passed if beyond(tx, &cycle)? >= gate.keep => {
            return Err(RecordError::refused(format!(
                "This gate lets {} candidates through, and so many have passed: another one must fail first",
                gate.keep
            )));
        }
        _ => {}
    }
    apply(tx, &cycle, &candidate, outcome, &reason, by_hand, found)
}

/// Closes the open gate: all that are left to be decided are decided, and the next gate opens.
///
/// # Errors
/// [`RecordError::Changed`], or a refusal that says what is missing.
pub fn close(tx: &mut Tx<'_>, id: &CycleId, read: i64) -> Result<(), RecordError> {
    let cycle = cycles::at_version(tx, id, read)?;
    let gate = cycle.must_be_open()?.clone();
    let left: Vec<Candidate> =
        candidates::running(tx, &cycle)?.into_iter().filter(|candidate| candidate.gate == cycle.gate).collect();
    let (order, why) = match gate.kind {
        GateKind::Panel if !left.is_empty() => {
            return Err(RecordError::refused(format!(
                "The panel has not decided about every candidate; left to be decided: {}",
                left.len()
            )));
        }
        GateKind::Panel => (in_order(tx, &cycle)?, "The panel’s check"),
        GateKind::Vote => (vote::count(tx, &cycle)?, "By the number of votes"),
        GateKind::Jury => (jury::result(tx, &cycle)?, "By the jury’s ranks"),
        GateKind::Agenda => (in_order(tx, &cycle)?, "By the order of the list"),
    };
    let mut places = gate.keep.saturating_sub(beyond(tx, &cycle)?);
    for (ranked, rank) in order.iter().zip(0_u32..) {
        if let Some(candidate) = left.iter().find(|candidate| candidate.id == ranked.id) {
            let outcome = if places > 0 { Outcome::Passed } else { Outcome::Failed };
            places = places.saturating_sub(1);
            let mut found = ranked.found.clone();
            found["rank"] = json!(rank + 1);
            let reason = format!("{why}: place {} of {}, and {} go on", rank + 1, order.len(), gate.keep);
            apply(tx, &cycle, candidate, &outcome, &reason, false, &found)?;
        }
        tx.execute(
            "UPDATE candidates SET rank = ?2, pin = NULL, pin_reason = NULL, version = version + 1
             WHERE id = ?1 AND state IN ('standing', 'chosen')",
            params![ranked.id, rank],
        )?;
    }
    let next = cycle.gate + 1;
    let is_last = usize::try_from(next).is_ok_and(|next| next == cycle.rules.gates.len());
    tx.execute(
        "UPDATE cycles SET gate = ?2, closes_at = NULL, state = ?3 WHERE id = ?1",
        params![id, next, if is_last { "agreed" } else { "open" }],
    )?;
    let detail = json!({ "gate": cycle.gate + 1, "kind": gate.kind, "keep": gate.keep });
    tx.log(&Entry::new(Part::Public, "gate.closed", cycles::KIND, id.as_str()).with(detail))
}

/// A candidate in the order that a gate found, and what it found.
pub(super) struct Ranked {
    pub id: CandidateId,
    pub found: Value,
}

fn in_order(tx: &Tx<'_>, cycle: &Cycle) -> Result<Vec<Ranked>, RecordError> {
    let running = candidates::running(tx, cycle)?.into_iter();
    Ok(running.map(|candidate| Ranked { id: candidate.id, found: json!({}) }).collect())
}

/// How many have passed the open gate.
fn beyond(db: &Connection, cycle: &Cycle) -> Result<u32, RecordError> {
    Ok(db.query_row(
        "SELECT count(*) FROM candidates WHERE cycle = ?1 AND gate > ?2 AND state IN ('standing', 'chosen')",
        params![cycle.id, cycle.gate],
        |row| row.get(0),
    )?)
}

/// Writes a decision down, and what follows from it.
fn apply(
    tx: &mut Tx<'_>,
    cycle: &Cycle,
    candidate: &Candidate,
    outcome: &Outcome,
    reason: &str,
    by_hand: bool,
    found: &Value,
) -> Result<(), RecordError> {
    let next = cycle.gate + 1;
    let is_last = usize::try_from(next).is_ok_and(|next| next == cycle.rules.gates.len());
    let (state, gate) = match outcome {
        Outcome::Passed => (if is_last { State::Chosen } else { State::Standing }, next),
        Outcome::Failed => (State::Failed, candidate.gate),
        Outcome::Routed(_) => (State::Routed, candidate.gate),
        Outcome::Withdrawn => (State::Withdrawn, candidate.gate),
        Outcome::Reinstated => (State::Standing, cycle.gate),
    };
    tx.execute("UPDATE candidates SET state = ?2, gate = ?3 WHERE id = ?1", params![candidate.id, state.slug(), gate])?;
    let detail = json!({ "score": candidate.score(cycle), "found": found });
    tx.execute(
        "INSERT INTO decisions (candidate, gate, outcome, body, by_hand, detail, role, at, reason)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![
            candidate.id,
            cycle.gate,
            outcome.slug(),
            outcome.body(),
            by_hand,
            detail.to_string(),
            tx.actor().role(),
            tx.now().as_second(),
            reason
        ],
    )?;
    let logged = json!({
        "cycle": cycle.id, "gate": cycle.gate + 1, "by_hand": by_hand, "body": outcome.body(),
        "score": candidate.place.score, "found": found,
    });
    tx.log(
        &Entry::new(Part::Public, outcome.action(), candidates::KIND, candidate.id.as_str())
            .because(reason)
            .with(logged),
    )
}

/// What was decided about a candidate, the oldest first.
///
/// # Errors
/// When the record cannot be read.
pub fn decisions(db: &Connection, id: &CandidateId) -> Result<Vec<Decision>, RecordError> {
    let mut rows = db.prepare_cached(
        "SELECT gate, outcome, body, by_hand, detail, role, at, reason FROM decisions WHERE candidate = ?1 ORDER BY seq",
    )?;
    let decisions = rows.query_map([id], |row| {
        let outcome: String = row.get(1)?;
        Ok(Decision {
            gate: row.get(0)?,
            outcome: match outcome.as_str() {
                "passed" => Outcome::Passed,
                "routed" => Outcome::Routed(row.get::<_, Option<String>>(2)?.unwrap_or_default()),
                "withdrawn" => Outcome::Withdrawn,
                "reinstated" => Outcome::Reinstated,
                _ => Outcome::Failed,
            },
            by_hand: row.get(3)?,
            detail: check::json(row, 4)?,
            role: row.get(5)?,
            at: check::moment(row, 6)?,
            reason: row.get(7)?,
        })
    })?;
    Ok(decisions.collect::<Result<_, _>>()?)
}

/// The numbers at each gate of a cycle, in the gates' order.
///
/// # Errors
/// When the record cannot be read.
pub fn funnel(db: &Connection, cycle: &Cycle) -> Result<Vec<Numbers>, RecordError> {
    let mut numbers = vec![Numbers::default(); cycle.rules.gates.len()];
    let mut rows = db.prepare_cached("SELECT gate, state FROM candidates WHERE cycle = ?1")?;
    let found = rows.query_map([&cycle.id], |row| Ok((row.get::<_, u32>(0)?, row.get::<_, String>(1)?)))?;
    for found in found {
        let (gate, state) = found?;
        for (at, numbers) in (0_u32..).zip(&mut numbers) {
            if at <= gate {
                numbers.came += 1;
            }
            if at < gate {
                numbers.passed += 1;
            }
            if at == gate {
                match state.as_str() {
                    "failed" => numbers.failed += 1,
                    "routed" => numbers.routed += 1,
                    "withdrawn" => numbers.withdrawn += 1,
                    _ => numbers.standing += 1,
                }
            }
        }
    }
    Ok(numbers)
}
