//! Cycles: twice a year from the first candidate to a meeting with the Board.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::json;

use super::config::{AssemblyConfig, Gate};
use super::{answers, check};
use crate::audit::{Entry, Part};
use crate::error::RecordError;
use crate::ids::CycleId;
use crate::store::Tx;

/// The kind of thing that a cycle is, in the audit log.
pub const KIND: &str = "cycle";

/// One cycle.
#[derive(Clone, Debug, PartialEq)]
pub struct Cycle {
    /// Which one.
    pub id: CycleId,
    /// Its name, such as "Spring 2027".
    pub name: String,
    /// When the Assembly meets (UTC).
    pub meets_at: Timestamp,
    /// Where.
    pub place: String,
    /// The rules that it began with.
    pub rules: AssemblyConfig,
    /// The gate that is open, counted from 0; the number of gates when all were passed.
    pub gate: u32,
    /// When the vote at the open gate ends (UTC), if it has begun.
    pub closes_at: Option<Timestamp>,
    /// How far it is.
    pub state: State,
    /// For changes: what was read must still be so.
    pub version: i64,
}

/// How far a cycle is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// Candidates pass the gates.
    Open,
    /// The agenda is agreed.
    Agreed,
    /// The Assembly met; the Board has to answer.
    Held,
}

impl State {
    const ALL: [Self; 3] = [Self::Open, Self::Agreed, Self::Held];

    /// Its name for machines.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Agreed => "agreed",
            Self::Held => "held",
        }
    }
}

impl Cycle {
    /// The gate that is open.
    pub fn open_gate(&self) -> Option<&Gate> {
        self.rules.gates.get(usize::try_from(self.gate).ok()?)
    }

    /// The gate that is open, for who wants to change something at it.
    pub(super) fn must_be_open(&self) -> Result<&Gate, RecordError> {
        self.open_gate().ok_or_else(|| {
            RecordError::refused("All gates of this cycle are closed: what was decided at them stays as it is")
        })
    }
}

/// Begins a cycle under these rules.
///
/// # Errors
/// When the name or the place will not do, or the rules cannot be followed.
pub fn begin(
    tx: &mut Tx<'_>,
    rules: &AssemblyConfig,
    name: &str,
    place: &str,
    meets_at: Timestamp,
) -> Result<CycleId, RecordError> {
    rules.check()?;
    let (name, place) = words(name, place)?;
    let id = CycleId::new(tx.now())?;
    let kept = serde_json::to_string(rules).expect("rules hold only names and finite numbers");
    tx.execute(
        "INSERT INTO cycles (id, name, place, meets_at, rules, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id, name, place, meets_at.as_second(), kept, tx.now().as_second()],
    )?;
    let detail = json!({ "name": name, "place": place, "meets_at": meets_at.to_string(), "rules": rules });
    tx.log(&Entry::new(Part::Public, "cycle.begun", KIND, id.as_str()).with(detail))?;
    Ok(id)
}

/// Changes the name, or when and where the Assembly meets.
///
/// # Errors
/// [`RecordError::Changed`], or a refusal when the words will not do or the Assembly has met.
pub fn change(
    tx: &mut Tx<'_>,
    id: &CycleId,
    read: i64,
    name: &str,
    place: &str,
    meets_at: Timestamp,
    reason: &str,
) -> Result<(), RecordError> {
    let ((name, place), reason) = (words(name, place)?, check::reason(reason)?);
    let cycle = at_version(tx, id, read)?;
    if cycle.state == State::Held {
        return Err(RecordError::refused("This Assembly has met: its date and place stay as they were"));
    }
    tx.execute(
        "UPDATE cycles SET name = ?2, place = ?3, meets_at = ?4 WHERE id = ?1",
        params![id, name, place, meets_at.as_second()],
    )?;
    let detail = json!({ "name": name, "place": place, "meets_at": meets_at.to_string() });
    tx.log(&Entry::new(Part::Public, "cycle.changed", KIND, id.as_str()).because(&reason).with(detail))
}

/// Writes down that the Assembly has met: from now on the Board has to answer for what was on the agenda.
///
/// # Errors
/// [`RecordError::Changed`], or a refusal when the agenda is not agreed or the day has not come.
pub fn hold(tx: &mut Tx<'_>, id: &CycleId, read: i64) -> Result<(), RecordError> {
    let cycle = at_version(tx, id, read)?;
    if cycle.state != State::Agreed {
        return Err(RecordError::refused("The Assembly meets when its agenda is agreed: close the last gate first"));
    }
    if tx.now() < cycle.meets_at {
        return Err(RecordError::refused("The Assembly has not met yet: come back after the meeting"));
    }
    tx.execute("UPDATE cycles SET state = 'held' WHERE id = ?1", [id])?;
    answers::ask(tx, &cycle)?;
    tx.log(&Entry::new(Part::Public, "cycle.held", KIND, id.as_str()))
}

/// All cycles, the one that meets last first.
///
/// # Errors
/// When the record cannot be read.
pub fn all(db: &Connection) -> Result<Vec<Cycle>, RecordError> {
    let mut rows = db.prepare_cached(&format!("SELECT {COLUMNS} FROM cycles ORDER BY meets_at DESC, rowid DESC"))?;
    let cycles = rows.query_map([], cycle)?.collect::<Result<_, _>>()?;
    Ok(cycles)
}

/// The cycle that meets next: the first of those that have not met.
///
/// # Errors
/// When the record cannot be read.
pub fn next(db: &Connection) -> Result<Option<Cycle>, RecordError> {
    let sql = format!("SELECT {COLUMNS} FROM cycles WHERE state <> 'held' ORDER BY meets_at, rowid LIMIT 1");
    Ok(db.query_row(&sql, [], cycle).optional()?)
}

/// The cycle with this id.
///
/// # Errors
/// [`RecordError::NotFound`].
pub fn find(db: &Connection, id: &CycleId) -> Result<Cycle, RecordError> {
    db.query_row(&format!("SELECT {COLUMNS} FROM cycles WHERE id = ?1"), [id], cycle)
        .optional()?
        .ok_or(RecordError::NotFound)
}

/// The cycle, if it is still what was read; its version goes up, so that a second change of the same reading is refused.
pub(super) fn at_version(tx: &Tx<'_>, id: &CycleId, read: i64) -> Result<Cycle, RecordError> {
    let found = find(tx, id)?;
    let rows =
        tx.execute("UPDATE cycles SET version = version + 1 WHERE id = ?1 AND version = ?2", params![id, read])?;
    if rows == 0 { Err(RecordError::Changed) } else { Ok(found) }
}

const COLUMNS: &str = "id, name, meets_at, place, rules, gate, closes_at, state, version";

fn cycle(row: &Row<'_>) -> rusqlite::Result<Cycle> {
    Ok(Cycle {
        id: row.get(0)?,
        name: row.get(1)?,
        meets_at: check::moment(row, 2)?,
        place: row.get(3)?,
        rules: check::json(row, 4)?,
        gate: row.get(5)?,
        closes_at: check::maybe_moment(row, 6)?,
        state: check::word(row, 7, &State::ALL, State::slug)?,
        version: row.get(8)?,
    })
}

fn words(name: &str, place: &str) -> Result<(String, String), RecordError> {
    Ok((
        check::text(name, "a name for the cycle, like Spring 2027", check::SHORT)?,
        check::text(place, "where the Assembly meets", check::SHORT)?,
    ))
}
