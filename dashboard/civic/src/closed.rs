//! Closing an account for good: everything that leads to the person goes. What was decided under it stays, because others rely
//! on it, and names an id that from then on leads to nobody.
//!
//! The id stays in three places: in the audit log, whose chain would break without it; in the list of what was erased, so that a
//! restored backup can be cleaned; and nowhere else. It was made by chance and stands in no message and no other system.

use rusqlite::params;
use serde::Serialize;
use ulid::Ulid;

use crate::account::{self, AccountId};
use crate::erased::{self, Erased};
use crate::erasures;
use crate::error::RecordError;
use crate::role::Role;
use crate::store::{Record, Tx};
use crate::{assembly, gather};

/// How much of an account was removed where.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Closed {
    /// Accounts.
    pub accounts: usize,
    /// Flags whose words went, because nobody else supports them.
    pub flags_withdrawn: usize,
    /// Flags that others support: what they ask for stays, who asked and why is forgotten.
    pub flags_kept: usize,
    /// Comments whose words went.
    pub comments: usize,
    /// Flags that lost a supporter.
    pub supports: usize,
    /// Votes and approvals that stay counted and name nobody.
    pub votes_and_approvals: usize,
}

/// Closes an account for good, notes it, and keeps the certificate. Gives the certificate's id, and what it says.
///
/// # Errors
/// [`RecordError::NotFound`], and a refusal when no administrator would be left or no reason is given.
pub fn close(tx: &mut Tx<'_>, id: &AccountId, reason: &str) -> Result<(String, Closed), RecordError> {
    let reason = erasures::a_reason(reason)?;
    let closed = remove(tx, id)?;
    let erased = Erased { accounts: key(id).into_iter().collect(), ..Erased::default() };
    erased::note(tx, &erased, &reason)?;
    let certificate = serde_json::json!({ "what": "an account", "removed": closed });
    let id = erasures::keep_done(tx, &reason, &certificate)?;
    Ok((id, closed))
}

/// Removes what is there of accounts that were closed before: a backup may have brought them back. Gives how many.
///
/// # Errors
/// When the record cannot be written.
pub fn close_again(tx: &mut Tx<'_>, accounts: &[[u8; 16]]) -> Result<usize, RecordError> {
    let mut closed = 0;
    for key in accounts {
        let id = AccountId::parse(&Ulid::from_bytes(*key).to_string()).ok_or(RecordError::NotFound)?;
        if account::find(tx, &id)?.is_some() {
            remove(tx, &id)?;
            closed += 1;
        }
    }
    Ok(closed)
}

/// The 16 bytes of an account's id.
fn key(id: &AccountId) -> Option<[u8; 16]> {
    Ulid::from_string(id.as_str()).ok().map(|id| id.to_bytes())
}

fn remove(tx: &mut Tx<'_>, id: &AccountId) -> Result<Closed, RecordError> {
    let account = account::find(tx, id)?.ok_or(RecordError::NotFound)?;
    let others: u32 = tx.query_row(
        "SELECT count(*) FROM accounts WHERE role = 'admin' AND is_disabled = 0 AND id <> ?1",
        [id.as_str()],
        |row| row.get(0),
    )?;
    if account.role == Role::Admin && !account.is_disabled && others == 0 {
        return Err(RecordError::refused("This is the last administrator: make somebody else one first"));
    }
    let mut closed = gather::erase_account(tx, id)?;
    closed.votes_and_approvals = assembly::erase_account(tx, id)?;
    // Sessions, invitations and saved searches go with it, and its name goes off tasks and notes.
    closed.accounts = tx.execute("DELETE FROM accounts WHERE id = ?1", params![id.as_str()])?;
    Ok(closed)
}

/// What an account leaves behind must be nowhere in the file: not in free pages, not in the log of writes.
///
/// # Errors
/// When the record cannot be written.
pub async fn scrub(record: &Record) -> Result<(), RecordError> {
    let record = record.clone();
    tokio::task::spawn_blocking(move || record.scrub()).await.map_err(|_| RecordError::Stopped)?
}

#[cfg(test)]
#[path = "closed_tests.rs"]
mod tests;
