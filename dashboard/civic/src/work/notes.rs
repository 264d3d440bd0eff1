//! Notes of staff about an issue or a post.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::tasks::touch;
use super::{Subject, words};
use crate::account::AccountId;
use crate::audit::{Actor, Entry, Part};
use crate::error::RecordError;
pub use crate::ids::NoteId;
use crate::store::Tx;

/// The longest note, in characters.
pub const LONGEST: usize = 2_000;

/// The kind of thing that a note is, in the audit log.
const KIND: &str = "note";

/// A note.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    /// Which one.
    pub id: NoteId,
    /// What it is about.
    pub subject: Subject,
    /// What it says.
    pub words: String,
    /// Who wrote it: account and name.
    pub by: Option<(AccountId, String)>,
    /// When it was changed last (UTC).
    pub at: Timestamp,
    /// For changes: what was read must still be so.
    pub version: i64,
}

/// Writes a note.
///
/// # Errors
/// When it says nothing or too much.
pub fn add(tx: &mut Tx<'_>, subject: &Subject, text: &str) -> Result<NoteId, RecordError> {
    let (id, text) = (NoteId::new(tx.now())?, words(text, LONGEST, "the note")?);
    let by = match tx.actor() {
        Actor::Account(id, _) => Some(id.clone()),
        _ => None,
    };
    touch(tx, subject)?;
    tx.execute(
        "INSERT INTO notes (id, kind, subject, words, by, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id, subject.kind(), subject.id(), text, by, tx.now().as_second()],
    )?;
    tx.log(&Entry::new(Part::Staff, "note.added", subject.kind(), subject.id()))?;
    Ok(id)
}

/// Writes other words into a note.
///
/// # Errors
/// [`RecordError::Changed`] when it is not what was read, or when it says nothing or too much.
pub fn change(tx: &mut Tx<'_>, id: &NoteId, read: i64, text: &str) -> Result<(), RecordError> {
    let text = words(text, LONGEST, "the note")?;
    let rows = tx.execute(
        "UPDATE notes SET words = ?3, at = ?4, version = version + 1 WHERE id = ?1 AND version = ?2",
        params![id, read, text, tx.now().as_second()],
    )?;
    changed(tx, id, rows)?;
    tx.log(&Entry::new(Part::Staff, "note.changed", KIND, id.as_str()))
}

/// Takes a note away.
///
/// # Errors
/// [`RecordError::Changed`] when it is not what was read.
pub fn remove(tx: &mut Tx<'_>, id: &NoteId, read: i64) -> Result<(), RecordError> {
    let rows = tx.execute("DELETE FROM notes WHERE id = ?1 AND version = ?2", params![id, read])?;
    changed(tx, id, rows)?;
    tx.log(&Entry::new(Part::Staff, "note.removed", KIND, id.as_str()))
}

fn changed(db: &Connection, id: &NoteId, rows: usize) -> Result<(), RecordError> {
    match rows {
        0 if find(db, id)?.is_some() => Err(RecordError::Changed),
        0 => Err(RecordError::NotFound),
        _ => Ok(()),
    }
}

/// The notes about something, the first one first.
///
/// # Errors
/// When the record cannot be read.
pub fn of(db: &Connection, subject: &Subject) -> Result<Vec<Note>, RecordError> {
    let mut rows = db.prepare_cached(&format!("{SELECT} WHERE kind = ?1 AND notes.subject = ?2 ORDER BY notes.id"))?;
    Ok(rows.query_map(params![subject.kind(), subject.id()], note)?.collect::<Result<_, _>>()?)
}

/// The note with this id.
///
/// # Errors
/// When the record cannot be read.
pub fn find(db: &Connection, id: &NoteId) -> Result<Option<Note>, RecordError> {
    Ok(db.query_row(&format!("{SELECT} WHERE notes.id = ?1"), [id], note).optional()?)
}

/// What [`note`] reads.
const SELECT: &str = "SELECT notes.id, kind, notes.subject, words, by, name, at, notes.version
    FROM notes LEFT JOIN accounts ON accounts.id = by";

fn note(row: &Row<'_>) -> rusqlite::Result<Note> {
    let (kind, by): (String, Option<AccountId>) = (row.get(1)?, row.get(4)?);
    Ok(Note {
        id: row.get(0)?,
        subject: Subject::read(&kind, row.get(2)?),
        words: row.get(3)?,
        by: by.zip(row.get(5)?),
        at: Timestamp::from_second(row.get(6)?).unwrap_or_default(),
        version: row.get(7)?,
    })
}
