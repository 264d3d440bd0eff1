//! Erasures that were asked for: kept until whoever has the files carries them out, whatever happens in between, and
//! afterwards as a certificate with counts and nothing of anybody.

use std::collections::BTreeMap;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::Value;
use ulid::Ulid;

use crate::audit::{Entry, Part};
use crate::erased::Erased;
use crate::error::RecordError;
use crate::random;
use crate::store::{Record, Tx};

/// The kind of thing that an erasure is, in the audit log.
pub const KIND: &str = "erasure";

/// The longest reason, in characters.
const LONGEST_REASON: usize = 1_000;

/// How many posts, quotes and so on, by where they are.
pub type Counts = BTreeMap<String, u64>;

/// How far an erasure is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum State {
    /// It waits for the program that has the files.
    Waiting,
    /// It is being carried out.
    Running,
    /// It is done.
    Done,
    /// It broke off; it is tried again when the program starts.
    Failed,
}

impl State {
    const ALL: [Self; 4] = [Self::Waiting, Self::Running, Self::Done, Self::Failed];

    /// Its name for machines.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Waiting => "waiting",
            Self::Running => "running",
            Self::Done => "done",
            Self::Failed => "failed",
        }
    }
}

/// An erasure.
#[derive(Clone, Debug, PartialEq)]
pub struct Erasure {
    /// Which one.
    pub id: String,
    /// When it was asked for (UTC).
    pub asked_at: Timestamp,
    /// The role of who asked.
    pub role: String,
    /// What is erased; empty once it is done.
    pub what: Erased,
    /// How much was found where, before.
    pub found: Counts,
    /// Why, in the words of who asked.
    pub reason: String,
    /// How far it is.
    pub state: State,
    /// What is being done now, or what went wrong.
    pub step: String,
    /// When it was done (UTC).
    pub done_at: Option<Timestamp>,
    /// How much was removed where.
    pub certificate: Option<Value>,
}

/// Keeps that something is to be erased, and gives its id.
///
/// # Errors
/// When nothing is named, or no reason.
pub fn ask(tx: &mut Tx<'_>, what: &Erased, found: &Counts, reason: &str) -> Result<String, RecordError> {
    if what.is_empty() {
        return Err(RecordError::refused("Nothing is named that could be erased"));
    }
    let reason = a_reason(reason)?;
    let id = random::id(tx.now())?;
    tx.execute(
        "INSERT INTO erasures (id, asked_at, role, what, found, reason, state)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, 'waiting')",
        params![id, tx.now().as_second(), tx.actor().role(), json(what), json(found), reason],
    )?;
    tx.log(&Entry::new(Part::Staff, "privacy.erasure_asked", KIND, &id).because(&reason))?;
    Ok(id)
}

/// The reason of an erasure, if it will do. It is kept for good.
///
/// # Errors
/// A sentence that says what to write.
pub fn a_reason(reason: &str) -> Result<String, RecordError> {
    let reason: String = reason.trim().chars().filter(|c| !c.is_control() || *c == '\n').collect();
    if reason.is_empty() {
        return Err(RecordError::refused("Write why it is erased: it is kept for good, so name nobody"));
    }
    if reason.chars().count() > LONGEST_REASON {
        return Err(RecordError::refused(format!("Write the reason in at most {LONGEST_REASON} characters")));
    }
    Ok(reason)
}

/// The erasures that are to be carried out, the oldest first: also those that broke off.
///
/// # Errors
/// When the record cannot be read.
pub fn open(db: &Connection) -> Result<Vec<Erasure>, RecordError> {
    list(db, "state IN ('waiting', 'running', 'failed') ORDER BY rowid")
}

/// The erasures that wait and have not been tried, the oldest first.
///
/// # Errors
/// When the record cannot be read.
pub fn waiting(db: &Connection) -> Result<Vec<Erasure>, RecordError> {
    list(db, "state = 'waiting' ORDER BY rowid")
}

/// The newest erasures.
///
/// # Errors
/// When the record cannot be read.
pub fn newest(db: &Connection, limit: u32) -> Result<Vec<Erasure>, RecordError> {
    list(db, &format!("1 ORDER BY rowid DESC LIMIT {limit}"))
}

/// The erasure with this id.
///
/// # Errors
/// When the record cannot be read.
pub fn find(db: &Connection, id: &str) -> Result<Option<Erasure>, RecordError> {
    Ok(db.query_row(&format!("SELECT {COLUMNS} FROM erasures WHERE id = ?1"), [id], erasure).optional()?)
}

/// Notes how far an erasure is. That is no decision: the one that began it is in the log.
///
/// # Errors
/// When the record cannot be written.
pub fn progress(record: &Record, id: &str, state: State, step: &str) -> Result<(), RecordError> {
    record.keep_now(|db| {
        db.execute("UPDATE erasures SET state = ?2, step = ?3 WHERE id = ?1", params![id, state.slug(), step])?;
        Ok(())
    })
}

/// Has an erasure that broke off tried again.
///
/// # Errors
/// [`RecordError::Changed`] where it did not break off, or somebody has it tried already.
pub fn again(tx: &mut Tx<'_>, id: &str) -> Result<(), RecordError> {
    if tx.execute("UPDATE erasures SET state = 'waiting', step = '' WHERE id = ?1 AND state = 'failed'", [id])? == 0 {
        return Err(RecordError::Changed);
    }
    tx.log(&Entry::new(Part::Staff, "privacy.erasure_tried_again", KIND, id))
}

/// Keeps the certificate of an erasure that is done, and forgets what it was about.
///
/// # Errors
/// When the record cannot be written.
pub fn finish(record: &Record, id: &str, now: Timestamp, certificate: &Value) -> Result<(), RecordError> {
    record.keep_now(|db| {
        db.execute(
            "UPDATE erasures SET state = 'done', step = '', what = '{}', done_at = ?2, certificate = ?3 WHERE id = ?1",
            params![id, now.as_second(), certificate.to_string()],
        )?;
        Ok(())
    })
}

/// Keeps the certificate of an erasure that was carried out at once, and gives its id. Its entry in the audit log is that of
/// [`crate::erased::note`].
///
/// # Errors
/// When it cannot be written.
pub fn keep_done(tx: &Tx<'_>, reason: &str, certificate: &Value) -> Result<String, RecordError> {
    let id = random::id(tx.now())?;
    tx.execute(
        "INSERT INTO erasures (id, asked_at, role, what, found, reason, state, done_at, certificate)
         VALUES (?1, ?2, ?3, '{}', '{}', ?4, 'done', ?2, ?5)",
        params![id, tx.now().as_second(), tx.actor().role(), reason, certificate.to_string()],
    )?;
    Ok(id)
}

fn list(db: &Connection, which: &str) -> Result<Vec<Erasure>, RecordError> {
    let mut rows = db.prepare_cached(&format!("SELECT {COLUMNS} FROM erasures WHERE {which}"))?;
    let erasures = rows.query_map([], erasure)?.collect::<Result<_, _>>()?;
    Ok(erasures)
}

const COLUMNS: &str = "id, asked_at, role, what, found, reason, state, step, done_at, certificate";

fn erasure(row: &Row<'_>) -> rusqlite::Result<Erasure> {
    let at = |seconds: i64| Timestamp::from_second(seconds).unwrap_or_default();
    let (what, found, state): (String, String, String) = (row.get(3)?, row.get(4)?, row.get(6)?);
    let certificate: Option<String> = row.get(9)?;
    Ok(Erasure {
        id: row.get(0)?,
        asked_at: at(row.get(1)?),
        role: row.get(2)?,
        what: serde_json::from_str(&what).unwrap_or_default(),
        found: serde_json::from_str(&found).unwrap_or_default(),
        reason: row.get(5)?,
        // The schema knows the same states.
        state: State::ALL.into_iter().find(|known| known.slug() == state).unwrap_or(State::Failed),
        step: row.get(7)?,
        done_at: row.get::<_, Option<i64>>(8)?.map(at),
        certificate: certificate.and_then(|text| serde_json::from_str(&text).ok()),
    })
}

/// The id in an address, if it is one.
pub fn parse_id(text: &str) -> Option<String> {
    Ulid::from_string(text).ok().map(|id| id.to_string())
}

fn json<T: serde::Serialize>(value: &T) -> String {
    serde_json::to_string(value).expect("numbers and lists of bytes are JSON")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Actor;

    #[test]
    fn an_erasure_waits_runs_and_leaves_a_certificate_and_nothing_of_whom_it_was_about() {
        let folder = tempfile::tempdir().unwrap();
        let record = Record::open(folder.path()).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let what = Erased { authors: vec![[7; 16]], ..Erased::default() };
        let found: Counts = [("index".to_owned(), 3)].into();
        let ask =
            |what: &Erased, reason: &str| record.decide_now(Actor::Operator, now, |tx| ask(tx, what, &found, reason));
        assert!(ask(&Erased::default(), "x").unwrap_err().to_string().contains("Nothing is named"));
        assert!(ask(&what, " ").unwrap_err().to_string().contains("Write why"));
        let id = ask(&what, "asked by letter").unwrap();
        assert_eq!(record.read_now(waiting).unwrap()[0].what, what);
        progress(&record, &id, State::Failed, "the disk is full").unwrap();
        assert_eq!(record.read_now(waiting).unwrap(), [], "it is not tried at once");
        assert_eq!(record.read_now(open).unwrap().len(), 1, "but at the next start");
        finish(&record, &id, now, &serde_json::json!({ "index": 3 })).unwrap();
        let done = record.read_now(|db| find(db, &id)).unwrap().unwrap();
        assert_eq!((done.state, done.what, done.found), (State::Done, Erased::default(), found.clone()));
        assert_eq!(done.certificate.unwrap()["index"], 3);
        assert_eq!(record.read_now(open).unwrap(), []);
        assert_eq!(record.read_now(|db| newest(db, 5)).unwrap().len(), 1);
    }
}
