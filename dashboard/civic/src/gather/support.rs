//! Support: one for each account, counted as it comes and goes, so that no page and no support counts ten thousand people.

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
    let gone =
        tx.execute("DELETE FROM supporters WHERE flag = ?1 AND account = ?2", [flag.as_str(), account.as_str()])?;
    change_count(tx, flag, -signed(gone), 0)?;
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
    let new = tx.execute(
        "INSERT INTO supporters (flag, account, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
        params![flag.as_str(), account.as_str(), tx.now().as_second()],
    )?;
    change_count(tx, flag, signed(new), 0)?;
    tx.log(&Entry::new(Part::Staff, "flag.supported", "flag", flag.as_str()))
}

/// Who supports a matter: a flag, the issue of Discovery that it is about, or both. Whoever supports several flags about it
/// counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Supporters {
    /// With an account.
    pub online: u64,
    /// On sheets of paper.
    pub on_paper: u64,
}

/// The supporters of a flag (or of the one that it was merged into) and of all public flags about an issue.
///
/// # Errors
/// When the record cannot be read.
pub fn supporters(db: &Connection, flag: Option<&FlagId>, issue: Option<&str>) -> Result<Supporters, RecordError> {
    let flag = flag.map(|flag| merged_into(db, flag)).transpose()?;
    let count = |table: &str, who: &str| -> Result<u64, RecordError> {
        let sql = format!(
            "SELECT count(DISTINCT {who}) FROM {table} WHERE flag IN (SELECT id FROM flags
             WHERE state IN ('published', 'closed') AND (id = ?1 OR (kind = 'issue' AND evidence = ?2)))"
        );
        let of = params![flag.as_ref().map(FlagId::as_str), issue];
        Ok(db.query_row(&sql, of, |row| row.get::<_, u32>(0))?.into())
    };
    Ok(Supporters { online: count("supporters", "account")?, on_paper: count("paper_supporters", "person")? })
}

/// The flag that carries the supporters of this one: the last in a row of flags that were merged.
fn merged_into(db: &Connection, flag: &FlagId) -> Result<FlagId, RecordError> {
    let mut flag = flag.clone();
    // A flag is merged only into one that is published, so that a row of them has an end.
    while let Some(found) = find(db, &flag)?.filter(|found| found.state == FlagState::Merged) {
        let Some(next) = FlagId::parse(&found.leads_to) else { break };
        flag = next;
    }
    Ok(flag)
}

/// Notes that so many supporters came or went.
pub(super) fn change_count(db: &Connection, flag: &FlagId, online: i64, on_paper: i64) -> Result<(), RecordError> {
    db.prepare_cached("UPDATE flags SET online = online + ?2, offline = offline + ?3 WHERE id = ?1")?
        .execute(params![flag.as_str(), online, on_paper])?;
    Ok(())
}

/// A number of rows, for sums.
pub(super) fn signed(rows: usize) -> i64 {
    i64::try_from(rows).unwrap_or(i64::MAX)
}

/// Counts the supporters of a flag anew: after a merge only, for it reads them all.
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
