//! Erasure: what the Assembly keeps of a post or a person goes; the counts stay, and say that something went.

use rusqlite::params;

use super::ids::QuoteId;
use super::quotes;
use crate::account::AccountId;
use crate::error::RecordError;
use crate::random;
use crate::store::Tx;

/// What every pack says of a quote whose source is gone.
const SOURCE_GONE: &str = "Its source was deleted";

/// Withdraws the quotes from a post that is gone. Gives how many there were.
///
/// # Errors
/// When the record cannot be written.
pub fn erase_post(tx: &mut Tx<'_>, post: &str) -> Result<usize, RecordError> {
    let ids: Vec<QuoteId> = tx
        .prepare("SELECT id FROM quotes WHERE post = ?1")?
        .query_map([post], |row| row.get(0))?
        .collect::<Result<_, _>>()?;
    for id in &ids {
        quotes::forget(tx, id, SOURCE_GONE)?;
    }
    Ok(ids.len())
}

/// Takes an account's name off its votes, which stay counted, and off the quotes that it approved. Gives how many votes and
/// approvals there were.
///
/// # Errors
/// When the record cannot be written.
pub fn erase_account(tx: &mut Tx<'_>, account: &AccountId) -> Result<usize, RecordError> {
    let nobody = random::id(tx.now())?;
    let votes = tx.execute("UPDATE votes SET voter = ?2 WHERE voter = ?1", params![account.as_str(), nobody])?;
    let approvals = tx.execute("UPDATE quotes SET approved_by = NULL WHERE approved_by = ?1", [account.as_str()])?;
    Ok(votes + approvals)
}
