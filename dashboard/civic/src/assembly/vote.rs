//! The vote: everybody with an account chooses up to so many candidates, until it ends. What a person chose is nobody's
//! business; how many chose each candidate is everybody's.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde_json::json;

use super::candidates::{self, State};
use super::config::GateKind;
use super::cycles::{self, Cycle};
use super::gates::Ranked;
use crate::account::AccountId;
use crate::audit::{Entry, Part};
use crate::error::RecordError;
use crate::ids::{CandidateId, CycleId};
use crate::store::Tx;

/// Opens the vote until a moment, or moves its end.
///
/// # Errors
/// [`RecordError::Changed`], or a refusal when no vote is due, or it would end in the past or after the meeting.
pub fn open(tx: &mut Tx<'_>, id: &CycleId, read: i64, closes_at: Timestamp) -> Result<(), RecordError> {
    let cycle = cycles::at_version(tx, id, read)?;
    if cycle.must_be_open()?.kind != GateKind::Vote {
        return Err(RecordError::refused("The gate that is open is not a vote"));
    }
    if cycle.closes_at.is_some_and(|closes_at| closes_at <= tx.now()) {
        return Err(RecordError::refused("The vote has ended: close the gate to let its result count"));
    }
    if closes_at <= tx.now() || closes_at >= cycle.meets_at {
        return Err(RecordError::refused("Enter an end of the vote that lies ahead, and before the meeting"));
    }
    tx.execute("UPDATE cycles SET closes_at = ?2 WHERE id = ?1", params![id, closes_at.as_second()])?;
    let detail = json!({ "gate": cycle.gate + 1, "closes_at": closes_at.to_string() });
    tx.log(&Entry::new(Part::Public, "vote.opened", cycles::KIND, id.as_str()).with(detail))
}

/// Votes, in place of what the account chose before.
///
/// # Errors
/// When no vote is open, too many are chosen, or one of them does not stand.
pub fn cast(
    tx: &mut Tx<'_>,
    id: &CycleId,
    account: &AccountId,
    choices: &BTreeSet<CandidateId>,
) -> Result<(), RecordError> {
    let cycle = cycles::find(tx, id)?;
    if !is_open(&cycle, tx.now()) {
        return Err(RecordError::refused("There is no vote now"));
    }
    if choices.len() > usize::try_from(cycle.rules.choices).unwrap_or(usize::MAX) {
        return Err(RecordError::refused(format!("Choose at most {} candidates", cycle.rules.choices)));
    }
    for choice in choices {
        let candidate = candidates::find(tx, choice)?;
        if candidate.cycle != cycle.id || candidate.state != State::Standing || candidate.gate != cycle.gate {
            return Err(RecordError::refused("One of these candidates is not in this vote any more: choose again"));
        }
    }
    tx.execute(
        "DELETE FROM votes WHERE cycle = ?1 AND gate = ?2 AND voter = ?3",
        params![id, cycle.gate, account.as_str()],
    )?;
    for choice in choices {
        tx.execute(
            "INSERT INTO votes (cycle, gate, voter, candidate) VALUES (?1, ?2, ?3, ?4)",
            params![id, cycle.gate, account.as_str(), choice],
        )?;
    }
    tx.log(&Entry::new(Part::Staff, "vote.cast", cycles::KIND, id.as_str()).with(json!({ "choices": choices.len() })))
}

/// Whether votes are taken.
pub fn is_open(cycle: &Cycle, now: Timestamp) -> bool {
    let is_vote = cycle.open_gate().is_some_and(|gate| gate.kind == GateKind::Vote);
    is_vote && cycle.closes_at.is_some_and(|closes_at| now < closes_at)
}

/// What an account has chosen in the vote that is open.
///
/// # Errors
/// When the record cannot be read.
pub fn choices(db: &Connection, cycle: &Cycle, account: &AccountId) -> Result<BTreeSet<CandidateId>, RecordError> {
    let mut rows = db.prepare_cached("SELECT candidate FROM votes WHERE cycle = ?1 AND gate = ?2 AND voter = ?3")?;
    let chosen = rows.query_map(params![cycle.id, cycle.gate, account.as_str()], |row| row.get(0))?;
    Ok(chosen.collect::<Result<_, _>>()?)
}

/// Votes by candidate at a gate.
///
/// # Errors
/// When the record cannot be read.
pub fn tally(db: &Connection, cycle: &CycleId, gate: u32) -> Result<BTreeMap<CandidateId, u32>, RecordError> {
    let mut rows =
        db.prepare_cached("SELECT candidate, count(*) FROM votes WHERE cycle = ?1 AND gate = ?2 GROUP BY candidate")?;
    let counts = rows.query_map(params![cycle, gate], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(counts.collect::<Result<_, _>>()?)
}

/// How many people voted at a gate.
///
/// # Errors
/// When the record cannot be read.
pub fn voters(db: &Connection, cycle: &CycleId, gate: u32) -> Result<u32, RecordError> {
    let sql = "SELECT count(DISTINCT voter) FROM votes WHERE cycle = ?1 AND gate = ?2";
    Ok(db.query_row(sql, params![cycle, gate], |row| row.get(0))?)
}

/// The order by votes, once the vote has ended; where votes are equal, the order of the list decides.
pub(super) fn count(tx: &Tx<'_>, cycle: &Cycle) -> Result<Vec<Ranked>, RecordError> {
    match cycle.closes_at {
        None => return Err(RecordError::refused("There was no vote yet: open it first")),
        Some(closes_at) if tx.now() < closes_at => {
            return Err(RecordError::refused("The vote has not ended yet: close the gate when it has"));
        }
        Some(_) => {}
    }
    let votes = tally(tx, &cycle.id, cycle.gate)?;
    let of = |id: &CandidateId| votes.get(id).copied().unwrap_or_default();
    let mut running = candidates::running(tx, cycle)?;
    running.sort_by_key(|candidate| std::cmp::Reverse(of(&candidate.id)));
    Ok(running
        .into_iter()
        .map(|candidate| Ranked { found: json!({ "votes": of(&candidate.id) }), id: candidate.id })
        .collect())
}
