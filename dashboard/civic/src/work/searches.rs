//! Searches that staff keep, for themselves or for all of staff.

use rusqlite::{Connection, OptionalExtension as _, Row, params};

use super::line;
use crate::account::AccountId;
use crate::audit::{Actor, Entry, Part};
use crate::error::RecordError;
pub use crate::ids::SearchId;
use crate::role::Role;
use crate::store::Tx;

/// The longest name, in characters.
pub const LONGEST_NAME: usize = 100;

/// The longest query string, in bytes.
const LONGEST_QUERY: usize = 4_000;

/// So many searches one account may keep.
const MOST: u32 = 200;

/// The kind of thing that a saved search is, in the audit log.
const KIND: &str = "search";

/// A search that somebody keeps.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SavedSearch {
    /// Which one.
    pub id: SearchId,
    /// What it is called.
    pub name: String,
    /// What stands behind the `?` of its address.
    pub query: String,
    /// Who keeps it: account and name.
    pub owner: (AccountId, String),
    /// Whether all of staff see it.
    pub is_shared: bool,
    /// For changes: what was read must still be so.
    pub version: i64,
}

impl SavedSearch {
    /// Whether this account sees it.
    pub fn is_seen_by(&self, account: &AccountId) -> bool {
        self.is_shared || self.owner.0 == *account
    }

    /// Whether this account may change it: its owner, and administrators where all of staff see it.
    pub fn may_be_changed_by(&self, account: &AccountId, role: Role) -> bool {
        self.owner.0 == *account || self.is_shared && role == Role::Admin
    }
}

/// Keeps a search.
///
/// # Errors
/// When the name will not do, or there are too many.
pub fn save(tx: &mut Tx<'_>, name: &str, query: &str, is_shared: bool) -> Result<SearchId, RecordError> {
    let (owner, _) = who(tx)?;
    let (id, name) = (SearchId::new(tx.now())?, line(name, LONGEST_NAME, "a name for the search")?);
    if query.len() > LONGEST_QUERY {
        return Err(RecordError::refused("This search is too long to be kept: use fewer words or filters"));
    }
    let kept: u32 = tx.query_row("SELECT count(*) FROM searches WHERE owner = ?1", [&owner], |row| row.get(0))?;
    if kept >= MOST {
        return Err(RecordError::refused(format!("You keep {MOST} searches already: delete one that you do not need")));
    }
    tx.execute(
        "INSERT INTO searches (id, name, query, owner, is_shared, at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
        params![id, name, query, owner, is_shared, tx.now().as_second()],
    )?;
    tx.log(&Entry::new(Part::Staff, "search.saved", KIND, id.as_str()))?;
    Ok(id)
}

/// Calls it something else, or shares it or no longer.
///
/// # Errors
/// [`RecordError::NotFound`] for who may not change it, and [`RecordError::Changed`] when it is not what was read.
pub fn change(tx: &mut Tx<'_>, id: &SearchId, read: i64, name: &str, is_shared: bool) -> Result<(), RecordError> {
    ours(tx, id)?;
    let name = line(name, LONGEST_NAME, "a name for the search")?;
    let rows = tx.execute(
        "UPDATE searches SET name = ?3, is_shared = ?4, version = version + 1 WHERE id = ?1 AND version = ?2",
        params![id, read, name, is_shared],
    )?;
    if rows == 0 {
        return Err(RecordError::Changed);
    }
    tx.log(&Entry::new(Part::Staff, "search.changed", KIND, id.as_str()))
}

/// Forgets it.
///
/// # Errors
/// [`RecordError::NotFound`] for who may not change it, and [`RecordError::Changed`] when it is not what was read.
pub fn remove(tx: &mut Tx<'_>, id: &SearchId, read: i64) -> Result<(), RecordError> {
    ours(tx, id)?;
    if tx.execute("DELETE FROM searches WHERE id = ?1 AND version = ?2", params![id, read])? == 0 {
        return Err(RecordError::Changed);
    }
    tx.log(&Entry::new(Part::Staff, "search.removed", KIND, id.as_str()))
}

/// The search, if whoever acts may change it.
fn ours(tx: &Tx<'_>, id: &SearchId) -> Result<SavedSearch, RecordError> {
    let (account, role) = who(tx)?;
    find(tx, id)?.filter(|search| search.may_be_changed_by(&account, role)).ok_or(RecordError::NotFound)
}

fn who(tx: &Tx<'_>) -> Result<(AccountId, Role), RecordError> {
    match tx.actor() {
        Actor::Account(id, role) => Ok((id.clone(), *role)),
        _ => Err(RecordError::refused("Sign in first: a search belongs to an account")),
    }
}

/// What this account sees: its own and the shared ones, by name.
///
/// # Errors
/// When the record cannot be read.
pub fn seen_by(db: &Connection, account: &AccountId) -> Result<Vec<SavedSearch>, RecordError> {
    let sql = format!("{SELECT} WHERE owner = ?1 OR is_shared = 1 ORDER BY searches.name COLLATE NOCASE, searches.id");
    let mut rows = db.prepare_cached(&sql)?;
    Ok(rows.query_map([account], search)?.collect::<Result<_, _>>()?)
}

/// The search with this id.
///
/// # Errors
/// When the record cannot be read.
pub fn find(db: &Connection, id: &SearchId) -> Result<Option<SavedSearch>, RecordError> {
    Ok(db.query_row(&format!("{SELECT} WHERE searches.id = ?1"), [id], search).optional()?)
}

/// What [`search`] reads.
const SELECT: &str = "SELECT searches.id, searches.name, query, owner, accounts.name, is_shared, searches.version
    FROM searches JOIN accounts ON accounts.id = owner";

fn search(row: &Row<'_>) -> rusqlite::Result<SavedSearch> {
    Ok(SavedSearch {
        id: row.get(0)?,
        name: row.get(1)?,
        query: row.get(2)?,
        owner: (row.get(3)?, row.get(4)?),
        is_shared: row.get(5)?,
        version: row.get(6)?,
    })
}
