//! The Board's answers: what it says, what it does, what is different since, and how late it is.
//!
//! An answer and a change are counted apart: in 2015 answers were given that nobody followed.

use jiff::civil::Date;
use jiff::{Timestamp, ToSpan as _, tz::TimeZone};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::json;

use super::candidates::{self, State as CandidateState};
use super::check;
use super::cycles::Cycle;
use crate::audit::{Entry, Part};
use crate::error::RecordError;
use crate::ids::{ActionId, AnswerId, CandidateId};
use crate::store::Tx;

/// The kind of thing that an answer is, in the audit log.
pub const KIND: &str = "answer";

/// Who answers, until somebody says which part of it.
const OWNER: &str = "The Board of NHS England";

/// An answer that was asked for, given or not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// Which one.
    pub id: AnswerId,
    /// To which candidate.
    pub candidate: CandidateId,
    /// What it is about.
    pub label: String,
    /// The name of its cycle.
    pub cycle: String,
    /// Which office answers.
    pub owner: String,
    /// By which day, in Europe/London.
    pub due_on: Date,
    /// What the Board says.
    pub response: Option<String>,
    /// When it said so first (UTC).
    pub answered_at: Option<Timestamp>,
    /// When anything of it was last written (UTC).
    pub changed_at: Timestamp,
    /// What the Board does.
    pub actions: Vec<Action>,
    /// For changes: what was read must still be so.
    pub version: i64,
}

/// Something that the Board does.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Action {
    /// Which one.
    pub id: ActionId,
    /// What is done.
    pub what: String,
    /// By which office.
    pub owner: String,
    /// By which day, in Europe/London.
    pub due_on: Date,
    /// When it was done (UTC).
    pub done_at: Option<Timestamp>,
    /// What is different since.
    pub changed: Option<String>,
}

/// How far an answer is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It is not given yet, and not due.
    Waiting,
    /// It, or something that it promised, is late.
    Overdue,
    /// It was given.
    Answered,
    /// Something is different since.
    Changed,
}

impl State {
    /// Its name for machines.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Overdue => "overdue",
            Self::Answered => "answered",
            Self::Changed => "changed",
        }
    }
}

/// How many answers are how far. An answer that was given and changed something counts in both; one that is late in a promise
/// counts as overdue besides.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Counts {
    /// Asked for.
    pub asked: usize,
    /// Given.
    pub answered: usize,
    /// With something that is different since.
    pub changed: usize,
    /// Late, in the answer or in an action.
    pub overdue: usize,
}

impl Action {
    fn days_late(&self, today: Date) -> Option<i32> {
        if self.done_at.is_some() { None } else { days_after(self.due_on, today) }
    }
}

impl Answer {
    /// How many days the answer, or the latest of its actions, is late.
    pub fn days_late(&self, today: Date) -> Option<i32> {
        let answer = if self.response.is_some() { None } else { days_after(self.due_on, today) };
        self.actions.iter().map(|action| action.days_late(today)).fold(answer, Option::max)
    }

    /// Whether something is different since.
    pub fn has_changed(&self) -> bool {
        self.actions.iter().any(|action| action.changed.is_some())
    }

    /// How far it is on a day.
    pub fn state(&self, today: Date) -> State {
        if self.has_changed() {
            State::Changed
        } else if self.days_late(today).is_some() {
            State::Overdue
        } else if self.response.is_some() {
            State::Answered
        } else {
            State::Waiting
        }
    }
}

impl Counts {
    /// Of these answers, on a day.
    pub fn of(answers: &[Answer], today: Date) -> Self {
        let count = |is: &dyn Fn(&Answer) -> bool| answers.iter().filter(|answer| is(answer)).count();
        Self {
            asked: answers.len(),
            answered: count(&|answer| answer.response.is_some()),
            changed: count(&Answer::has_changed),
            overdue: count(&|answer| answer.days_late(today).is_some()),
        }
    }
}

/// Asks the Board about all that was on the agenda of a cycle whose Assembly has met.
pub(super) fn ask(tx: &mut Tx<'_>, cycle: &Cycle) -> Result<(), RecordError> {
    let met_on = cycle.meets_at.to_zoned(london()?).date();
    let due_on = met_on.saturating_add(i64::from(cycle.rules.answer_within_days).days());
    for candidate in candidates::running(tx, cycle)? {
        if candidate.state != CandidateState::Chosen {
            continue;
        }
        let id = AnswerId::new(tx.now())?;
        tx.execute(
            "INSERT INTO answers (id, candidate, owner, due_on, asked_at, changed_at) VALUES (?1, ?2, ?3, ?4, ?5, ?5)",
            params![id, candidate.id, OWNER, due_on.to_string(), tx.now().as_second()],
        )?;
        let detail = json!({ "candidate": candidate.id, "due_on": due_on.to_string() });
        tx.log(&Entry::new(Part::Public, "answer.asked", KIND, id.as_str()).with(detail))?;
    }
    Ok(())
}

/// Says which office answers by when.
///
/// # Errors
/// [`RecordError::Changed`], or a refusal when the words will not do.
pub fn assign(
    tx: &mut Tx<'_>,
    id: &AnswerId,
    read: i64,
    owner: &str,
    due_on: Date,
    reason: &str,
) -> Result<(), RecordError> {
    let owner = check::text(owner, "the office that answers", check::SHORT)?;
    let reason = check::reason(reason)?;
    let before = at_version(tx, id, read)?;
    tx.execute("UPDATE answers SET owner = ?2, due_on = ?3 WHERE id = ?1", params![id, owner, due_on.to_string()])?;
    let detail = json!({
        "owner": { "from": before.owner, "to": owner },
        "due_on": { "from": before.due_on.to_string(), "to": due_on.to_string() },
    });
    tx.log(&Entry::new(Part::Public, "answer.assigned", KIND, id.as_str()).because(&reason).with(detail))
}

/// Publishes what the Board says, in place of what it said before.
///
/// # Errors
/// [`RecordError::Changed`], or a refusal when it says nothing or too much.
pub fn respond(tx: &mut Tx<'_>, id: &AnswerId, read: i64, response: &str) -> Result<(), RecordError> {
    let response = check::text(response, "what the Board answers", check::LONG)?;
    let before = at_version(tx, id, read)?;
    tx.execute(
        "UPDATE answers SET response = ?2, answered_at = coalesce(answered_at, ?3) WHERE id = ?1",
        params![id, response, tx.now().as_second()],
    )?;
    let action = if before.response.is_some() { "answer.rewritten" } else { "answer.given" };
    let detail = json!({ "blake3": blake3::hash(response.as_bytes()).to_hex().as_str() });
    tx.log(&Entry::new(Part::Public, action, KIND, id.as_str()).with(detail))
}

/// Adds something that the Board does.
///
/// # Errors
/// [`RecordError::Changed`], or a refusal when the words will not do.
pub fn promise(
    tx: &mut Tx<'_>,
    id: &AnswerId,
    read: i64,
    what: &str,
    owner: &str,
    due_on: Date,
) -> Result<ActionId, RecordError> {
    let what = check::text(what, "what is done", check::REASON)?;
    let owner = check::text(owner, "the office that does it", check::SHORT)?;
    at_version(tx, id, read)?;
    let action = ActionId::new(tx.now())?;
    tx.execute(
        "INSERT INTO actions (id, answer, what, owner, due_on) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![action, id, what, owner, due_on.to_string()],
    )?;
    let detail = json!({ "action": action, "what": what, "owner": owner, "due_on": due_on.to_string() });
    tx.log(&Entry::new(Part::Public, "action.promised", KIND, id.as_str()).with(detail))?;
    Ok(action)
}

/// Writes down that an action was done, and what is different since, if that can be told yet. What was written about it
/// before is replaced.
///
/// # Errors
/// [`RecordError::Changed`], [`RecordError::NotFound`], or a refusal when the words will not do.
pub fn done(
    tx: &mut Tx<'_>,
    id: &AnswerId,
    read: i64,
    action: &ActionId,
    changed: Option<&str>,
) -> Result<(), RecordError> {
    let changed = changed
        .filter(|words| !words.trim().is_empty())
        .map(|words| check::text(words, "what is different since", check::REASON))
        .transpose()?;
    at_version(tx, id, read)?;
    let rows = tx.execute(
        "UPDATE actions SET done_at = coalesce(done_at, ?3), changed = ?4 WHERE id = ?1 AND answer = ?2",
        params![action, id, tx.now().as_second(), changed],
    )?;
    if rows == 0 {
        return Err(RecordError::NotFound);
    }
    let detail = json!({ "action": action, "changed": changed });
    tx.log(&Entry::new(Part::Public, "action.done", KIND, id.as_str()).with(detail))
}

/// All answers, those that were asked for last first.
///
/// # Errors
/// When the record cannot be read.
pub fn all(db: &Connection) -> Result<Vec<Answer>, RecordError> {
    let mut rows = db.prepare_cached(&format!("{SELECT} ORDER BY cycles.meets_at DESC, rank, answers.rowid"))?;
    let mut answers: Vec<Answer> = rows.query_map([], answer)?.collect::<Result<_, _>>()?;
    for answer in &mut answers {
        answer.actions = actions(db, &answer.id)?;
    }
    Ok(answers)
}

/// The answer with this id.
///
/// # Errors
/// [`RecordError::NotFound`].
pub fn find(db: &Connection, id: &AnswerId) -> Result<Answer, RecordError> {
    let found = db.query_row(&format!("{SELECT} WHERE answers.id = ?1"), [id], answer).optional()?;
    let mut answer = found.ok_or(RecordError::NotFound)?;
    answer.actions = actions(db, id)?;
    Ok(answer)
}

/// The answer to a candidate, if it was asked for.
///
/// # Errors
/// When the record cannot be read.
pub fn of_candidate(db: &Connection, id: &CandidateId) -> Result<Option<Answer>, RecordError> {
    let found: Option<AnswerId> =
        db.query_row("SELECT id FROM answers WHERE candidate = ?1", [id], |row| row.get(0)).optional()?;
    found.map(|id| find(db, &id)).transpose()
}

/// The answer, if it is still what was read; its version goes up.
fn at_version(tx: &Tx<'_>, id: &AnswerId, read: i64) -> Result<Answer, RecordError> {
    let found = find(tx, id)?;
    let rows = tx.execute(
        "UPDATE answers SET version = version + 1, changed_at = ?3 WHERE id = ?1 AND version = ?2",
        params![id, read, tx.now().as_second()],
    )?;
    if rows == 0 { Err(RecordError::Changed) } else { Ok(found) }
}

const SELECT: &str =
    "SELECT answers.id, candidate, label, cycles.name, owner, due_on, response, answered_at, changed_at,
                      answers.version FROM answers JOIN candidates ON candidates.id = candidate
                      JOIN cycles ON cycles.id = cycle";

fn answer(row: &Row<'_>) -> rusqlite::Result<Answer> {
    Ok(Answer {
        id: row.get(0)?,
        candidate: row.get(1)?,
        label: row.get(2)?,
        cycle: row.get(3)?,
        owner: row.get(4)?,
        due_on: check::day(row, 5)?,
        response: row.get(6)?,
        answered_at: check::maybe_moment(row, 7)?,
        changed_at: check::moment(row, 8)?,
        actions: Vec::new(),
        version: row.get(9)?,
    })
}

fn actions(db: &Connection, answer: &AnswerId) -> Result<Vec<Action>, RecordError> {
    let mut rows = db.prepare_cached(
        "SELECT id, what, owner, due_on, done_at, changed FROM actions WHERE answer = ?1 ORDER BY due_on, rowid",
    )?;
    let actions = rows.query_map([answer], |row| {
        Ok(Action {
            id: row.get(0)?,
            what: row.get(1)?,
            owner: row.get(2)?,
            due_on: check::day(row, 3)?,
            done_at: check::maybe_moment(row, 4)?,
            changed: row.get(5)?,
        })
    })?;
    Ok(actions.collect::<Result<_, _>>()?)
}

fn days_after(due_on: Date, today: Date) -> Option<i32> {
    let days = (today - due_on).get_days();
    (days > 0).then_some(days)
}

fn london() -> Result<TimeZone, RecordError> {
    TimeZone::get("Europe/London")
        .map_err(|error| RecordError::refused(format!("this program does not know the time in London: {error}")))
}

#[cfg(test)]
#[path = "answers_tests.rs"]
mod tests;
