//! Accounts: who can sign in, and with which role. How they came to be and how they sign in, the modules below say.

mod elsewhere;
mod invitations;
mod sign_in;

use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::json;

use crate::audit::{Actor, Entry, Part};
use crate::error::RecordError;
pub use crate::ids::AccountId;
use crate::role::Role;
use crate::store::Tx;

pub use self::elsewhere::{Vouched, vouched_for};
pub use self::invitations::{Invitation, accept, invitation, invite, invite_again, register};
pub use self::sign_in::{NotSignedIn, sign_in};

/// The longest name.
const LONGEST_NAME: usize = 100;

/// The kind of thing that an account is, in the audit log.
const KIND: &str = "account";

/// Somebody who can sign in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Account {
    /// Which one.
    pub id: AccountId,
    /// As the person wants to be called.
    pub name: String,
    /// What a local account signs in with.
    pub email: Option<String>,
    /// What the person may do.
    pub role: Role,
    /// Whether it may not sign in any more.
    pub is_disabled: bool,
    /// Whether it has signed in or can: an invitation was accepted, or somebody else vouches for it.
    pub is_ready: bool,
    /// For changes: what was read must still be so.
    pub version: i64,
}

impl Account {
    /// What it can do at the moment, in words.
    pub fn state(&self) -> &'static str {
        match (self.is_disabled, self.is_ready) {
            (true, _) => "May not sign in",
            (false, true) => "Can sign in",
            (false, false) => "Invited",
        }
    }

    /// What it signs in with, in words: an address, or that somebody else vouches for it.
    pub fn signs_in_with(&self) -> &str {
        self.email.as_deref().unwrap_or("an account elsewhere")
    }

    /// Whether somebody else vouches for it.
    pub fn is_from_elsewhere(&self) -> bool {
        self.email.is_none()
    }

    /// The person as who acts.
    pub fn actor(&self) -> Actor {
        Actor::Account(self.id.clone(), self.role)
    }
}

/// Gives an account another role, or takes away or gives back its right to sign in. Its sessions end.
///
/// # Errors
/// [`RecordError::Changed`] when it is not what was read, and a refusal when no administrator would be left.
pub fn change(
    tx: &mut Tx<'_>,
    id: &AccountId,
    read: i64,
    role: Role,
    is_disabled: bool,
    reason: &str,
) -> Result<(), RecordError> {
    let before = find(tx, id)?.ok_or(RecordError::NotFound)?;
    let rows = tx.execute(
        "UPDATE accounts SET role = ?3, is_disabled = ?4, version = version + 1 WHERE id = ?1 AND version = ?2",
        params![id.as_str(), read, role.slug(), is_disabled],
    )?;
    if rows == 0 {
        return Err(RecordError::Changed);
    }
    let was_admin = before.role == Role::Admin && !before.is_disabled;
    let admins: u32 =
        tx.query_row("SELECT count(*) FROM accounts WHERE role = 'admin' AND is_disabled = 0", [], |row| row.get(0))?;
    if was_admin && admins == 0 {
        return Err(RecordError::refused("This is the last administrator: make somebody else one first"));
    }
    tx.execute("DELETE FROM sessions WHERE account = ?1", [id.as_str()])?;
    let detail = json!({
        "role": { "from": before.role.slug(), "to": role.slug() },
        "disabled": { "from": before.is_disabled, "to": is_disabled },
    });
    tx.log(&Entry::new(Part::Staff, "account.changed", KIND, id.as_str()).because(reason).with(detail))
}

/// All accounts, by name.
///
/// # Errors
/// When the record cannot be read.
pub fn all(db: &Connection) -> Result<Vec<Account>, RecordError> {
    let mut rows = db.prepare_cached(&format!("SELECT {COLUMNS} FROM accounts ORDER BY name COLLATE NOCASE, id"))?;
    let accounts = rows.query_map([], account)?.collect::<Result<_, _>>()?;
    Ok(accounts)
}

/// The account with this id.
///
/// # Errors
/// When the record cannot be read.
pub fn find(db: &Connection, id: &AccountId) -> Result<Option<Account>, RecordError> {
    Ok(db.query_row(&format!("SELECT {COLUMNS} FROM accounts WHERE id = ?1"), [id.as_str()], account).optional()?)
}

/// The columns that [`account`] reads, in its order.
pub(crate) const COLUMNS: &str =
    "accounts.id, name, email, role, is_disabled, password IS NOT NULL OR issuer IS NOT NULL, version";

/// The account in a row that begins with [`COLUMNS`].
pub(crate) fn account(row: &Row<'_>) -> rusqlite::Result<Account> {
    let role: String = row.get(3)?;
    Ok(Account {
        id: row.get(0)?,
        name: row.get(1)?,
        email: row.get(2)?,
        // The schema knows the same roles; one that is not known may do the least.
        role: role.parse().unwrap_or(Role::Public),
        is_disabled: row.get(4)?,
        is_ready: row.get(5)?,
        version: row.get(6)?,
    })
}

fn a_name(name: &str) -> Result<String, RecordError> {
    let name = name.split_whitespace().collect::<Vec<_>>().join(" ");
    if name.is_empty() || name.chars().count() > LONGEST_NAME || name.chars().any(char::is_control) {
        return Err(RecordError::refused(format!("Enter a name of at most {LONGEST_NAME} characters")));
    }
    Ok(name)
}

/// That an address has a name, an @ and a host: whether it is somebody's, only a message to it would tell.
fn an_address(email: &str) -> Result<String, RecordError> {
    let email = email.trim();
    let is_plain = email.len() <= 254 && !email.chars().any(|c| c.is_whitespace() || c.is_control());
    let parts = email.split_once('@').is_some_and(|(name, host)| !name.is_empty() && host.contains('.'));
    if is_plain && parts {
        Ok(email.to_owned())
    } else {
        Err(RecordError::refused("Enter an e-mail address in the correct format, like name@example.com"))
    }
}

#[cfg(test)]
mod tests;
