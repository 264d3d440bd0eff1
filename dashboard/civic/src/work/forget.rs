//! What staff noted about a post goes with the post, and with its author.

use jiff::Timestamp;
use rusqlite::Connection;
use serde_json::json;

use crate::assembly::Gone;
use crate::audit::{Actor, Entry, Part};
use crate::erased::Erased;
use crate::error::RecordError;
use crate::store::{Record, Tx};

/// Forgets the tasks, notes and places in collections of posts that are gone. Gives how many posts were concerned; for none,
/// nothing is written.
///
/// # Errors
/// When the record cannot be read or written.
pub fn follow(record: &Record, now: Timestamp, gone: &[Gone]) -> Result<usize, RecordError> {
    let concerned = record.read_now(|db| {
        let mut concerned = Vec::new();
        for gone in gone {
            concerned.extend(concerned_by(db, gone)?);
        }
        concerned.sort();
        concerned.dedup();
        Ok(concerned)
    })?;
    if concerned.is_empty() {
        return Ok(0);
    }
    record.decide_now(Actor::Clock, now, |tx| {
        for post in &concerned {
            // Notes and places in collections go with it.
            tx.execute("DELETE FROM tasks WHERE kind = 'post' AND subject = ?1", [post])?;
        }
        let entry = Entry::new(Part::Staff, "work.forgotten", "work", "posts");
        tx.log(&entry.because("The posts are gone").with(json!({ "posts": concerned.len() })))?;
        Ok(concerned.len())
    })
}

/// Forgets what staff noted about what is erased.
///
/// # Errors
/// When the record cannot be written.
pub(crate) fn forget(tx: &Tx<'_>, erased: &Erased) -> Result<(), RecordError> {
    let hex = |key: &[u8; 16]| key.iter().map(|byte| format!("{byte:02x}")).collect::<String>();
    for post in &erased.posts {
        tx.execute("DELETE FROM tasks WHERE kind = 'post' AND subject = ?1", [hex(post)])?;
    }
    for author in &erased.authors {
        tx.execute("DELETE FROM tasks WHERE kind = 'post' AND author = ?1", [hex(author)])?;
    }
    Ok(())
}

/// The posts that something takes away, of those that are worked on. An edit takes nothing: the page shows the words of now.
fn concerned_by(db: &Connection, gone: &Gone) -> Result<Vec<String>, RecordError> {
    let (column, value) = match gone {
        Gone::Post(post) => ("subject", post),
        Gone::Author(author) => ("author", author),
        Gone::Edited { .. } => return Ok(Vec::new()),
    };
    let sql = format!("SELECT subject FROM tasks WHERE kind = 'post' AND {column} = ?1");
    let mut rows = db.prepare_cached(&sql)?;
    Ok(rows.query_map([value], |row| row.get(0))?.collect::<Result<_, _>>()?)
}
