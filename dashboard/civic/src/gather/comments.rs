//! Comments on flags: each waits for a moderator, and is published or removed with a reason.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::flags::{FlagId, words};
use super::support::takes_support;
use crate::account::AccountId;
use crate::audit::{Entry, Part};
use crate::error::RecordError;
use crate::random;
use crate::store::Tx;

/// The longest comment, in characters.
const LONGEST: usize = 2_000;

/// Comments that one account may write in an hour.
const AN_HOUR: u32 = 10;

/// A comment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Comment {
    /// Its id.
    pub id: String,
    /// The flag that it is on.
    pub flag: FlagId,
    /// What it says; empty when it was removed.
    pub words: String,
    /// When it was written (UTC).
    pub at: Timestamp,
    /// Whether everybody sees it.
    pub is_published: bool,
    /// Why it was removed; empty while it stands.
    pub said: String,
}

/// Writes a comment on a published flag.
///
/// # Errors
/// When its words will not do, the flag takes none, or there were as many in an hour as there may be.
pub fn comment(tx: &mut Tx<'_>, flag: &FlagId, by: &AccountId, text: &str) -> Result<(), RecordError> {
    takes_support(tx, flag)?;
    let text = words(text, LONGEST, "a comment")?;
    let since = (tx.now() - SignedDuration::from_hours(1)).as_second();
    let sql = "SELECT count(*) FROM comments WHERE by = ?1 AND at > ?2";
    let written: u32 = tx.query_row(sql, params![by.as_str(), since], |row| row.get(0))?;
    if written >= AN_HOUR {
        return Err(RecordError::refused(format!("You have written {AN_HOUR} comments in an hour: go on later")));
    }
    let id = random::id(tx.now())?;
    tx.execute(
        "INSERT INTO comments (id, flag, words, by, at, state) VALUES (?1, ?2, ?3, ?4, ?5, 'waiting')",
        params![id, flag.as_str(), text, by.as_str(), tx.now().as_second()],
    )?;
    tx.log(&Entry::new(Part::Staff, "comment.written", "comment", &id))
}

/// Publishes a waiting comment, or removes one that waits or stands, with a reason that everybody can read.
///
/// # Errors
/// When nothing waits under this id, or the reason is missing where it is needed.
pub fn moderate_comment(tx: &mut Tx<'_>, id: &str, publish: bool, reason: &str) -> Result<(), RecordError> {
    let (sql, said, action) = if publish {
        (
            "UPDATE comments SET state = 'published', said = ?2 WHERE id = ?1 AND state = 'waiting'",
            String::new(),
            "comment.published",
        )
    } else {
        let said = words(reason, LONGEST, "the reason")?;
        (
            "UPDATE comments SET state = 'removed', words = '', said = ?2 WHERE id = ?1 AND state <> 'removed'",
            said,
            "comment.removed",
        )
    };
    if tx.execute(sql, [id, said.as_str()])? == 0 {
        return Err(RecordError::Changed);
    }
    let entry = Entry::new(Part::Public, action, "comment", id);
    if said.is_empty() { tx.log(&entry) } else { tx.log(&entry.because(&said)) }
}

/// The comments on a flag that are published, and that were removed with the reason: a page of them, the newest page first and
/// each from the oldest to the newest, with how many there are in all.
///
/// # Errors
/// When the record cannot be read.
pub fn comments(db: &Connection, flag: &FlagId, skip: u32, limit: u32) -> Result<(Vec<Comment>, u32), RecordError> {
    let sql = "SELECT count(*) FROM comments WHERE flag = ?1 AND state <> 'waiting'";
    let total = db.query_row(sql, [flag.as_str()], |row| row.get(0))?;
    let mut rows = db.prepare_cached(
        "SELECT id, flag, words, at, state, said FROM comments WHERE flag = ?1 AND state <> 'waiting'
         ORDER BY at DESC, rowid DESC LIMIT ?2 OFFSET ?3",
    )?;
    let found = rows.query_map(params![flag.as_str(), limit, skip], a_comment)?;
    let mut comments: Vec<Comment> = found.collect::<Result<_, _>>()?;
    comments.reverse();
    Ok((comments, total))
}

/// The comment with this id, unless its words are gone.
///
/// # Errors
/// When the record cannot be read.
pub fn find_comment(db: &Connection, id: &str) -> Result<Option<Comment>, RecordError> {
    let sql = "SELECT id, flag, words, at, state, said FROM comments WHERE id = ?1 AND state <> 'removed'";
    Ok(db.query_row(sql, [id], a_comment).optional()?)
}

/// The comments that wait for a moderator, oldest first.
///
/// # Errors
/// When the record cannot be read.
pub fn waiting_comments(db: &Connection, limit: u32) -> Result<Vec<Comment>, RecordError> {
    let mut rows = db.prepare_cached(
        "SELECT id, flag, words, at, state, said FROM comments WHERE state = 'waiting' ORDER BY at, rowid LIMIT ?1",
    )?;
    let comments = rows.query_map([limit], a_comment)?.collect::<Result<_, _>>()?;
    Ok(comments)
}

fn a_comment(row: &Row<'_>) -> rusqlite::Result<Comment> {
    let (flag, state): (String, String) = (row.get(1)?, row.get(4)?);
    Ok(Comment {
        id: row.get(0)?,
        flag: FlagId::parse(&flag).ok_or(rusqlite::Error::InvalidQuery)?,
        words: row.get(2)?,
        at: Timestamp::from_second(row.get(3)?).unwrap_or_default(),
        is_published: state == "published",
        said: row.get(5)?,
    })
}
