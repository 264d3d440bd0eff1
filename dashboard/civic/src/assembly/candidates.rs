//! Candidates for the agenda: issues of Discovery and flags of Gather, in an order that is explained.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::json;

use super::check;
use super::cycles::{self, Cycle};
use super::order::{self, Place};
use super::score::{Inputs, Score};
use crate::audit::{Entry, Part};
use crate::error::RecordError;
use crate::ids::{CandidateId, CycleId, FlagId};
use crate::store::Tx;

/// The kind of thing that a candidate is, in the audit log.
pub const KIND: &str = "candidate";

/// What is put forward.
#[derive(Clone, Debug)]
pub struct Nomination {
    /// What it is about.
    pub label: String,
    /// The issue of Discovery (its id).
    pub issue: Option<String>,
    /// The flag of Gather (its id).
    pub flag: Option<String>,
    /// Why it is put forward.
    pub why: String,
    /// What its score is made from.
    pub inputs: Inputs,
}

/// A candidate.
#[derive(Clone, Debug, PartialEq)]
pub struct Candidate {
    /// Which one.
    pub id: CandidateId,
    /// Of which cycle.
    pub cycle: CycleId,
    /// What it is about.
    pub label: String,
    /// The issue of Discovery (its id).
    pub issue: Option<String>,
    /// The flag of Gather (its id).
    pub flag: Option<String>,
    /// Why it was put forward.
    pub why: String,
    /// What its score is made from.
    pub inputs: Inputs,
    /// Its place.
    pub place: Place,
    /// Why a person put it there.
    pub pin_reason: Option<String>,
    /// The gate that it has come to, counted from 0.
    pub gate: u32,
    /// What became of it.
    pub state: State,
    /// When it was put forward (UTC).
    pub created_at: Timestamp,
    /// For changes: what was read must still be so.
    pub version: i64,
}

/// What became of a candidate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It stands at a gate.
    Standing,
    /// It did not pass a gate.
    Failed,
    /// It was sent to another body.
    Routed,
    /// Who put it forward took it back.
    Withdrawn,
    /// It is on the agenda.
    Chosen,
}

impl State {
    const ALL: [Self; 5] = [Self::Standing, Self::Failed, Self::Routed, Self::Withdrawn, Self::Chosen];

    /// Its name for machines.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Standing => "standing",
            Self::Failed => "failed",
            Self::Routed => "routed",
            Self::Withdrawn => "withdrawn",
            Self::Chosen => "chosen",
        }
    }
}

impl Candidate {
    /// Its score with the parts, under the rules of its cycle.
    pub fn score(&self, cycle: &Cycle) -> Score {
        Score::of(&self.inputs, &cycle.rules.weights)
    }
}

/// In which direction a candidate is moved.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// Towards the beginning.
    Up,
    /// Towards the end.
    Down,
}

/// Puts a candidate forward, while the first gate is open.
///
/// # Errors
/// When the words will not do, the issue or flag is a candidate already, or the first gate is closed.
pub fn nominate(tx: &mut Tx<'_>, cycle: &CycleId, nomination: &Nomination) -> Result<CandidateId, RecordError> {
    let cycle = cycles::find(tx, cycle)?;
    if cycle.gate > 0 {
        return Err(RecordError::refused("The first gate of this cycle is closed: put it forward for the next one"));
    }
    let label = check::text(&nomination.label, "what it is about", check::SHORT)?;
    let why = check::text(&nomination.why, "why it is put forward: it is published", check::REASON)?;
    let (issue, flag) = (nomination.issue.as_deref(), nomination.flag.as_deref());
    if issue.is_none() && flag.is_none() {
        return Err(RecordError::refused("Name the issue or the flag that is put forward"));
    }
    let is_known: bool = tx.query_row(
        "SELECT EXISTS (SELECT 1 FROM candidates WHERE cycle = ?1 AND (issue = ?2 OR flag = ?3))",
        params![cycle.id, issue, flag],
        |row| row.get(0),
    )?;
    if is_known {
        return Err(RecordError::refused("This is a candidate of the cycle already"));
    }
    let inputs = nomination.inputs.coarsened();
    let score = Score::of(&inputs, &cycle.rules.weights);
    let id = CandidateId::new(tx.now())?;
    tx.execute(
        "INSERT INTO candidates (id, cycle, label, issue, flag, why, inputs, score, created_at)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9)",
        params![id, cycle.id, label, issue, flag, why, kept(&inputs), score.total, tx.now().as_second()],
    )?;
    let detail = json!({ "cycle": cycle.id, "label": label, "issue": issue, "flag": flag, "score": score.total });
    tx.log(&Entry::new(Part::Public, "candidate.nominated", KIND, id.as_str()).because(&why).with(detail))?;
    Ok(id)
}

/// Works the score out again from newer inputs, while the candidate stands at the first gate.
///
/// # Errors
/// [`RecordError::Changed`], or a refusal when the score was frozen by a gate.
pub fn rescore(tx: &mut Tx<'_>, id: &CandidateId, read: i64, inputs: &Inputs) -> Result<(), RecordError> {
    let candidate = at_version(tx, id, read)?;
    let cycle = cycles::find(tx, &candidate.cycle)?;
    if candidate.state != State::Standing || candidate.gate > 0 {
        return Err(RecordError::refused("A gate was passed with this score: it stays as it was then"));
    }
    let inputs = inputs.coarsened();
    let score = Score::of(&inputs, &cycle.rules.weights);
    tx.execute("UPDATE candidates SET inputs = ?2, score = ?3 WHERE id = ?1", params![id, kept(&inputs), score.total])?;
    let detail = json!({ "score": { "from": candidate.place.score, "to": score.total } });
    tx.log(&Entry::new(Part::Public, "candidate.rescored", KIND, id.as_str()).with(detail))
}

/// Moves a candidate one place up or down among those that are still in the running.
///
/// # Errors
/// [`RecordError::Changed`] when the cycle is not what was read, and a refusal where there is no such place.
pub fn shift(
    tx: &mut Tx<'_>,
    id: &CandidateId,
    cycle_read: i64,
    direction: Direction,
    reason: &str,
) -> Result<(), RecordError> {
    let reason = check::reason(reason)?;
    let candidate = find(tx, id)?;
    let cycle = cycles::at_version(tx, &candidate.cycle, cycle_read)?;
    if cycle.state == cycles::State::Held {
        return Err(RecordError::refused("This Assembly has met: its agenda stays as it was"));
    }
    let list = running(tx, &cycle)?;
    let from = list.iter().position(|other| other.id == *id).ok_or_else(|| {
        RecordError::refused("This candidate is no longer in the running: give it back its place first")
    })?;
    let to = match direction {
        Direction::Up => from.checked_sub(1),
        Direction::Down => Some(from + 1).filter(|to| *to < list.len()),
    };
    let to = to.ok_or_else(|| RecordError::refused("It stands at the end of the list already"))?;
    // The one whose place it takes keeps its own reason, if a person put it there, and stands where this one stood.
    if list[to].place.pin.is_some() {
        pin(tx, &list[to].id, from, None)?;
    }
    pin(tx, id, to, Some(&reason))?;
    let detail = json!({ "cycle": cycle.id, "from": from + 1, "to": to + 1 });
    tx.log(&Entry::new(Part::Public, "candidate.moved", KIND, id.as_str()).because(&reason).with(detail))
}

fn pin(tx: &Tx<'_>, id: &CandidateId, at: usize, reason: Option<&str>) -> Result<(), RecordError> {
    let at = u32::try_from(at).unwrap_or(u32::MAX);
    tx.execute(
        "UPDATE candidates SET pin = ?2, pin_reason = coalesce(?3, pin_reason), version = version + 1 WHERE id = ?1",
        params![id, at, reason],
    )?;
    Ok(())
}

/// All candidates of a cycle, those in the running first and in their order.
///
/// # Errors
/// When the record cannot be read.
pub fn of_cycle(db: &Connection, cycle: &Cycle) -> Result<Vec<Candidate>, RecordError> {
    let mut list = running(db, cycle)?;
    let mut rows = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM candidates WHERE cycle = ?1 AND state NOT IN ('standing', 'chosen')
         ORDER BY gate DESC, score DESC, rowid"
    ))?;
    for found in rows.query_map([&cycle.id], candidate)? {
        list.push(found?);
    }
    Ok(list)
}

/// The candidates that stand or were chosen, in their order.
///
/// # Errors
/// When the record cannot be read.
pub fn running(db: &Connection, cycle: &Cycle) -> Result<Vec<Candidate>, RecordError> {
    let mut rows = db.prepare_cached(&format!(
        "SELECT {COLUMNS} FROM candidates WHERE cycle = ?1 AND state IN ('standing', 'chosen') ORDER BY rowid"
    ))?;
    let found: Vec<Candidate> = rows.query_map([&cycle.id], candidate)?.collect::<Result<_, _>>()?;
    let places: Vec<Place> = found.iter().map(|candidate| candidate.place.clone()).collect();
    let mut found: Vec<Option<Candidate>> = found.into_iter().map(Some).collect();
    Ok(order::order(&places).into_iter().filter_map(|index| found[index].take()).collect())
}

/// The candidate with this id.
///
/// # Errors
/// [`RecordError::NotFound`].
pub fn find(db: &Connection, id: &CandidateId) -> Result<Candidate, RecordError> {
    db.query_row(&format!("SELECT {COLUMNS} FROM candidates WHERE id = ?1"), [id], candidate)
        .optional()?
        .ok_or(RecordError::NotFound)
}

/// The candidates that an issue of Discovery was, the newest first.
///
/// # Errors
/// When the record cannot be read.
pub fn of_issue(db: &Connection, issue: &str) -> Result<Vec<Candidate>, RecordError> {
    let mut rows =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM candidates WHERE issue = ?1 ORDER BY rowid DESC"))?;
    let candidates = rows.query_map([issue], candidate)?.collect::<Result<_, _>>()?;
    Ok(candidates)
}

/// The candidates that a flag of Gather was, the newest first.
///
/// # Errors
/// When the record cannot be read.
pub fn of_flag(db: &Connection, flag: &FlagId) -> Result<Vec<Candidate>, RecordError> {
    let mut rows =
        db.prepare_cached(&format!("SELECT {COLUMNS} FROM candidates WHERE flag = ?1 ORDER BY rowid DESC"))?;
    let candidates = rows.query_map([flag.as_str()], candidate)?.collect::<Result<_, _>>()?;
    Ok(candidates)
}

/// The candidate, if it is still what was read; its version goes up.
pub(super) fn at_version(tx: &Tx<'_>, id: &CandidateId, read: i64) -> Result<Candidate, RecordError> {
    let found = find(tx, id)?;
    let rows =
        tx.execute("UPDATE candidates SET version = version + 1 WHERE id = ?1 AND version = ?2", params![id, read])?;
    if rows == 0 { Err(RecordError::Changed) } else { Ok(found) }
}

const COLUMNS: &str =
    "id, cycle, label, issue, flag, why, inputs, rank, score, pin, pin_reason, gate, state, created_at, version";

fn candidate(row: &Row<'_>) -> rusqlite::Result<Candidate> {
    Ok(Candidate {
        id: row.get(0)?,
        cycle: row.get(1)?,
        label: row.get(2)?,
        issue: row.get(3)?,
        flag: row.get(4)?,
        why: row.get(5)?,
        inputs: check::json(row, 6)?,
        place: Place { rank: row.get(7)?, score: row.get(8)?, pin: row.get(9)? },
        pin_reason: row.get(10)?,
        gate: row.get(11)?,
        state: check::word(row, 12, &State::ALL, State::slug)?,
        created_at: check::moment(row, 13)?,
        version: row.get(14)?,
    })
}

fn kept(inputs: &Inputs) -> String {
    serde_json::to_string(inputs).expect("inputs hold only names and numbers")
}
