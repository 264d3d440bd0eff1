//! The citizens' jury: its ranks are entered by an organiser, with the jurors' reasons.

use std::collections::BTreeSet;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::json;

use super::candidates::{self, State};
use super::check;
use super::config::GateKind;
use super::cycles::{self, Cycle};
use super::gates::Ranked;
use crate::audit::{Entry, Part};
use crate::error::RecordError;
use crate::ids::{CandidateId, CycleId};
use crate::store::Tx;

/// The largest jury.
const MOST_JURORS: u32 = 1_000;

/// A jury's verdict.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verdict {
    /// How many jurors there were.
    pub size: u32,
    /// How they were found, for example by lot.
    pub chosen_how: String,
    /// Their order, the first choice first, each with their reason.
    pub ranks: Vec<(CandidateId, String)>,
    /// When it was entered (UTC).
    pub entered_at: Timestamp,
}

/// Enters the verdict, in place of one that was entered before. Candidates that the jury did not rank come after the others.
///
/// # Errors
/// [`RecordError::Changed`], or a refusal when no jury is due, or the ranks are not those of candidates at the gate.
pub fn enter(
    tx: &mut Tx<'_>,
    id: &CycleId,
    read: i64,
    size: u32,
    chosen_how: &str,
    ranks: &[(CandidateId, String)],
) -> Result<(), RecordError> {
    let cycle = cycles::at_version(tx, id, read)?;
    if cycle.must_be_open()?.kind != GateKind::Jury {
        return Err(RecordError::refused("The gate that is open is not the jury’s"));
    }
    if size == 0 || size > MOST_JURORS {
        return Err(RecordError::refused(format!("Enter the number of jurors, from 1 to {MOST_JURORS}")));
    }
    let chosen_how = check::text(chosen_how, "how the jurors were found, for example by lot", check::REASON)?;
    if ranks.is_empty() {
        return Err(RecordError::refused("Enter the jury’s first choice at least"));
    }
    let mut seen = BTreeSet::new();
    for (candidate, _) in ranks {
        let found = candidates::find(tx, candidate)?;
        if found.cycle != cycle.id || found.state != State::Standing || found.gate != cycle.gate {
            return Err(RecordError::refused("One of these candidates does not stand before the jury any more"));
        }
        if !seen.insert(candidate) {
            return Err(RecordError::refused("A candidate can have one rank only"));
        }
    }
    tx.execute("DELETE FROM juries WHERE cycle = ?1 AND gate = ?2", params![id, cycle.gate])?;
    tx.execute(
        "INSERT INTO juries (cycle, gate, size, chosen_how, entered_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id, cycle.gate, size, chosen_how, tx.now().as_second()],
    )?;
    for ((candidate, reason), rank) in ranks.iter().zip(0_u32..) {
        let reason = check::text(reason, "the jury’s reason for each rank: it is published", check::REASON)?;
        tx.execute(
            "INSERT INTO jury_ranks (cycle, gate, rank, candidate, reason) VALUES (?1, ?2, ?3, ?4, ?5)",
            params![id, cycle.gate, rank, candidate, reason],
        )?;
    }
    let detail =
        json!({ "gate": cycle.gate + 1, "jurors": size, "ranked": ranks.iter().map(|(id, _)| id).collect::<Vec<_>>() });
    tx.log(&Entry::new(Part::Public, "jury.entered", cycles::KIND, id.as_str()).because(&chosen_how).with(detail))
}

/// The verdict at a gate, if it was entered.
///
/// # Errors
/// When the record cannot be read.
pub fn verdict(db: &Connection, cycle: &CycleId, gate: u32) -> Result<Option<Verdict>, RecordError> {
    let found = db
        .query_row(
            "SELECT size, chosen_how, entered_at FROM juries WHERE cycle = ?1 AND gate = ?2",
            params![cycle, gate],
            |row| Ok((row.get(0)?, row.get(1)?, check::moment(row, 2)?)),
        )
        .optional()?;
    let Some((size, chosen_how, entered_at)) = found else { return Ok(None) };
    let mut rows =
        db.prepare_cached("SELECT candidate, reason FROM jury_ranks WHERE cycle = ?1 AND gate = ?2 ORDER BY rank")?;
    let ranks = rows.query_map(params![cycle, gate], |row| Ok((row.get(0)?, row.get(1)?)))?;
    Ok(Some(Verdict { size, chosen_how, ranks: ranks.collect::<Result<_, _>>()?, entered_at }))
}

/// The order by the jury's ranks; what it did not rank follows in the order of the list.
pub(super) fn result(tx: &Tx<'_>, cycle: &Cycle) -> Result<Vec<Ranked>, RecordError> {
    let verdict = verdict(tx, &cycle.id, cycle.gate)?
        .ok_or_else(|| RecordError::refused("The jury’s ranks are not entered yet: enter them first"))?;
    let rank = |id: &CandidateId| verdict.ranks.iter().position(|(ranked, _)| ranked == id);
    let mut running = candidates::running(tx, cycle)?;
    running.sort_by_key(|candidate| rank(&candidate.id).unwrap_or(usize::MAX));
    Ok(running
        .into_iter()
        .map(|candidate| {
            let found = json!({ "jury_rank": rank(&candidate.id).map(|rank| rank + 1), "jurors": verdict.size });
            Ranked { id: candidate.id, found }
        })
        .collect())
}
