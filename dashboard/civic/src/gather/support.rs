//! Support: one for each account, counted as it comes.

use rusqlite::{Connection, params};

use super::flags::{FlagId, FlagState, find};
use crate::account::AccountId;
use crate::audit::{Entry, Part};
use crate::error::RecordError;
use crate::store::Tx;

/// Supports a published flag; doing it again changes nothing.
///
/// # Errors
/// When the flag takes no support.
pub fn support(tx: &mut Tx<'_>, flag: &FlagId, account: &AccountId) -> Result<(), RecordError> {
    takes_support(tx, flag)?;
    add(tx, flag, account)
}

/// Takes support back.
///
/// # Errors
/// When the flag takes no support, and so lets none go.
pub fn withdraw(tx: &mut Tx<'_>, flag: &FlagId, account: &AccountId) -> Result<(), RecordError> {
    takes_support(tx, flag)?;
    tx.execute("DELETE FROM supporters WHERE flag = ?1 AND account = ?2", [flag.as_str(), account.as_str()])?;
    count(tx, flag)?;
    tx.log(&Entry::new(Part::Staff, "flag.support_withdrawn", "flag", flag.as_str()))
}

/// Whether an account supports a flag.
///
/// # Errors
/// When the record cannot be read.
pub fn is_supporter(db: &Connection, flag: &FlagId, account: &AccountId) -> Result<bool, RecordError> {
    let sql = "SELECT EXISTS (SELECT 1 FROM supporters WHERE flag = ?1 AND account = ?2)";
    Ok(db.query_row(sql, [flag.as_str(), account.as_str()], |row| row.get(0))?)
}

/// Adds a supporter.
pub(super) fn add(tx: &mut Tx<'_>, flag: &FlagId, account: &AccountId) -> Result<(), RecordError> {
    tx.execute(
        "INSERT INTO supporters (flag, account, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![flag.as_str(), account.as_str(), tx.now().as_second()],
    )?;
    count(tx, flag)?;
    tx.log(&Entry::new(Part::Staff, "flag.supported", "flag", flag.as_str()))
}

/// Counts the supporters of a flag anew.
pub(super) fn count(db: &Connection, flag: &FlagId) -> Result<(), RecordError> {
    db.execute(
        "UPDATE flags SET online = (SELECT count(*) FROM supporters WHERE flag = ?1),
                          offline = (SELECT count(*) FROM paper_supporters WHERE flag = ?1) WHERE id = ?1",
        [flag.as_str()],
    )?;
    Ok(())
}

pub(super) fn takes_support(tx: &Tx<'_>, flag: &FlagId) -> Result<(), RecordError> {
    let flag = find(tx, flag)?.ok_or(RecordError::NotFound)?;
    if flag.state == FlagState::Published && flag.deadline > tx.now() {
        Ok(())
    } else {
        Err(RecordError::refused("This flag takes no support now"))
    }
}
