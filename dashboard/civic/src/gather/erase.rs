//! Erasure: what Gather keeps of a person goes; what others support stays, and says nothing of who asked first.

use rusqlite::params;

use super::flags::FlagId;
use super::support::change_count;
use crate::account::AccountId;
use crate::audit::{Entry, Part};
use crate::closed::Closed;
use crate::error::RecordError;
use crate::store::Tx;

/// What stands where a flag asked for something that nobody else supports.
const WITHDRAWN: &str = "Withdrawn by its author";

/// Forgets an account: its support is withdrawn, its flags keep what they ask for only where others support them, and its
/// comments lose their words. Gives how much that was.
///
/// # Errors
/// When the record cannot be written.
pub fn erase_account(tx: &mut Tx<'_>, account: &AccountId) -> Result<Closed, RecordError> {
    let by = account.as_str();
    let supported: Vec<FlagId> = tx
        .prepare("SELECT flag FROM supporters WHERE account = ?1")?
        .query_map([by], |row| row.get::<_, String>(0))?
        .filter_map(|flag| flag.map(|flag| FlagId::parse(&flag)).transpose())
        .collect::<Result<_, _>>()?;
    tx.execute("DELETE FROM supporters WHERE account = ?1", [by])?;
    for flag in &supported {
        change_count(tx, flag, -1, 0)?;
    }
    let flags_withdrawn = tx.execute(
        "UPDATE flags SET want = ?2, because = '', evidence = '', kind = 'free', state = 'refused', raised_by = NULL,
                          version = version + 1
         WHERE raised_by = ?1 AND online + offline = 0",
        params![by, WITHDRAWN],
    )?;
    let flags_kept = tx
        .execute("UPDATE flags SET because = '', raised_by = NULL, version = version + 1 WHERE raised_by = ?1", [by])?;
    let comments = tx.execute(
        "UPDATE comments SET words = '', state = 'removed', said = 'withdrawn', by = NULL WHERE by = ?1",
        [by],
    )?;
    tx.log(&Entry::new(Part::Staff, "gather.account_erased", "account", by))?;
    Ok(Closed { flags_withdrawn, flags_kept, comments, supports: supported.len(), ..Closed::default() })
}
