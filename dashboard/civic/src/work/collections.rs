//! Collections of posts that staff put together, each with why it is there.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::json;

use super::tasks::touch;
use super::{Subject, line, words};
use crate::audit::{Entry, Part};
use crate::error::RecordError;
pub use crate::ids::CollectionId;
use crate::store::Tx;

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 100;

/// The longest that is said about a collection, or why a post is in it, in characters.
pub const LONGEST_WORDS: usize = 1_000;

/// So many posts one collection has at most: somebody has to read them.
pub const MOST_POSTS: u32 = 1_000;

/// The kind of thing that a collection is, in the audit log.
const KIND: &str = "collection";

/// A collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collection {
    /// Which one.
    pub id: CollectionId,
    /// What it is called.
    pub name: String,
    /// What it is for; may be empty.
    pub about: String,
    /// How many posts were put into it.
    pub posts: u32,
    /// When it was begun (UTC).
    pub begun_at: Timestamp,
    /// For changes: what was read must still be so.
    pub version: i64,
}

/// A post in a collection.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Collected {
    /// Which post.
    pub post: String,
    /// Why it is there; may be empty.
    pub why: String,
    /// Since when (UTC).
    pub at: Timestamp,
}

/// Begins a collection.
///
/// # Errors
/// When the name or the words will not do.
pub fn begin(tx: &mut Tx<'_>, name: &str, about: &str) -> Result<CollectionId, RecordError> {
    let (name, about) = said(name, about)?;
    let id = CollectionId::new(tx.now())?;
    tx.execute(
        "INSERT INTO collections (id, name, about, begun_at) VALUES (?1, ?2, ?3, ?4)",
        params![id, name, about, tx.now().as_second()],
    )?;
    tx.log(&Entry::new(Part::Staff, "collection.begun", KIND, id.as_str()))?;
    Ok(id)
}

/// Says something else of it.
///
/// # Errors
/// [`RecordError::Changed`] when it is not what was read.
pub fn change(tx: &mut Tx<'_>, id: &CollectionId, read: i64, name: &str, about: &str) -> Result<(), RecordError> {
    let (name, about) = said(name, about)?;
    let rows = tx.execute(
        "UPDATE collections SET name = ?3, about = ?4, version = version + 1 WHERE id = ?1 AND version = ?2",
        params![id, read, name, about],
    )?;
    changed(tx, id, rows)?;
    tx.log(&Entry::new(Part::Staff, "collection.changed", KIND, id.as_str()))
}

/// Takes it away. The posts stay where they are.
///
/// # Errors
/// [`RecordError::Changed`] when it is not what was read.
pub fn remove(tx: &mut Tx<'_>, id: &CollectionId, read: i64) -> Result<(), RecordError> {
    let rows = tx.execute("DELETE FROM collections WHERE id = ?1 AND version = ?2", params![id, read])?;
    changed(tx, id, rows)?;
    tx.log(&Entry::new(Part::Staff, "collection.removed", KIND, id.as_str()))
}

/// Puts a post into it.
///
/// # Errors
/// When the collection is full or has the post, or the words are too many.
pub fn put(tx: &mut Tx<'_>, id: &CollectionId, post: &Subject, why: &str) -> Result<(), RecordError> {
    let collection = find(tx, id)?.ok_or(RecordError::NotFound)?;
    if collection.posts >= MOST_POSTS {
        return Err(RecordError::refused(format!(
            "This collection has {MOST_POSTS} posts, the most there can be: begin another"
        )));
    }
    let why = or_nothing(why, "why it is here")?;
    touch(tx, post)?;
    let new = tx.execute(
        "INSERT INTO collected (collection, post, why, at) VALUES (?1, ?2, ?3, ?4) ON CONFLICT DO NOTHING",
        params![id, post.id(), why, tx.now().as_second()],
    )?;
    if new == 0 {
        // Somebody else may have said why it is there, and must not be overwritten.
        return Err(RecordError::refused("This post is in the collection already: to say anew why, take it out first"));
    }
    log_post(tx, "collection.post_added", id, post.id())
}

/// Takes a post out of it.
///
/// # Errors
/// [`RecordError::NotFound`] when it is not in it.
pub fn take_out(tx: &mut Tx<'_>, id: &CollectionId, post: &str) -> Result<(), RecordError> {
    if tx.execute("DELETE FROM collected WHERE collection = ?1 AND post = ?2", params![id, post])? == 0 {
        return Err(RecordError::NotFound);
    }
    log_post(tx, "collection.post_removed", id, post)
}

fn log_post(tx: &mut Tx<'_>, action: &'static str, id: &CollectionId, post: &str) -> Result<(), RecordError> {
    tx.execute("UPDATE collections SET version = version + 1 WHERE id = ?1", [id])?;
    tx.log(&Entry::new(Part::Staff, action, KIND, id.as_str()).with(json!({ "post": post })))
}

fn said(name: &str, about: &str) -> Result<(String, String), RecordError> {
    Ok((line(name, LONGEST_NAME, "a name for the collection")?, or_nothing(about, "what it is for")?))
}

fn or_nothing(text: &str, what: &str) -> Result<String, RecordError> {
    if text.trim().is_empty() { Ok(String::new()) } else { words(text, LONGEST_WORDS, what) }
}

fn changed(db: &Connection, id: &CollectionId, rows: usize) -> Result<(), RecordError> {
    match rows {
        0 if find(db, id)?.is_some() => Err(RecordError::Changed),
        0 => Err(RecordError::NotFound),
        _ => Ok(()),
    }
}

/// All collections, by name.
///
/// # Errors
/// When the record cannot be read.
pub fn all(db: &Connection) -> Result<Vec<Collection>, RecordError> {
    let mut rows = db.prepare_cached(&format!("{SELECT} ORDER BY name COLLATE NOCASE, id"))?;
    Ok(rows.query_map([], collection)?.collect::<Result<_, _>>()?)
}

/// The collections that a post is in, by name.
///
/// # Errors
/// When the record cannot be read.
pub fn with_post(db: &Connection, post: &str) -> Result<Vec<Collection>, RecordError> {
    let sql = format!(
        "{SELECT} WHERE EXISTS (SELECT 1 FROM collected WHERE collection = id AND post = ?1) ORDER BY name COLLATE NOCASE, id"
    );
    let mut rows = db.prepare_cached(&sql)?;
    Ok(rows.query_map([post], collection)?.collect::<Result<_, _>>()?)
}

/// The collection with this id.
///
/// # Errors
/// When the record cannot be read.
pub fn find(db: &Connection, id: &CollectionId) -> Result<Option<Collection>, RecordError> {
    Ok(db.query_row(&format!("{SELECT} WHERE id = ?1"), [id], collection).optional()?)
}

/// Its posts, the last one that was put into it first.
///
/// # Errors
/// When the record cannot be read.
pub fn posts(db: &Connection, id: &CollectionId) -> Result<Vec<Collected>, RecordError> {
    let sql = "SELECT post, why, at FROM collected WHERE collection = ?1 ORDER BY at DESC, post";
    let mut rows = db.prepare_cached(sql)?;
    let collected = |row: &Row<'_>| {
        let at = Timestamp::from_second(row.get(2)?).unwrap_or_default();
        Ok(Collected { post: row.get(0)?, why: row.get(1)?, at })
    };
    Ok(rows.query_map([id], collected)?.collect::<Result<_, _>>()?)
}

/// What [`collection`] reads.
const SELECT: &str = "SELECT id, name, about, (SELECT count(*) FROM collected WHERE collection = id), begun_at, version
    FROM collections";

fn collection(row: &Row<'_>) -> rusqlite::Result<Collection> {
    Ok(Collection {
        id: row.get(0)?,
        name: row.get(1)?,
        about: row.get(2)?,
        posts: row.get(3)?,
        begun_at: Timestamp::from_second(row.get(4)?).unwrap_or_default(),
        version: row.get(5)?,
    })
}
