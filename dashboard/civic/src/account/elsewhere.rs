//! Accounts that somebody else vouches for: people who sign in at their own organisation (OpenID Connect).

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::json;

use super::{Account, AccountId, COLUMNS, KIND, LONGEST_NAME, a_name, account, find};
use crate::audit::{Actor, Entry, Part};
use crate::error::RecordError;
use crate::role::Role;
use crate::store::{Record, Tx};

/// Somebody whom an issuer vouches for. Issuer and subject tell who it is; a name or an address never does, since both can
/// be given to somebody else.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Vouched {
    /// Who vouches.
    pub issuer: String,
    /// What the issuer calls the person.
    pub subject: String,
    /// As the person is called; may be empty.
    pub name: String,
    /// The role that the issuer gives; `None` where administrators give roles here.
    pub role: Option<Role>,
}

impl Vouched {
    /// The name that is kept.
    fn name(&self) -> String {
        let short: String = self.name.chars().filter(|c| !c.is_control()).take(LONGEST_NAME).collect();
        a_name(&short).unwrap_or_else(|_| "Somebody".to_owned())
    }

    /// Whether the account is as the issuer says.
    fn is(&self, account: &Account) -> bool {
        self.role.is_none_or(|role| role == account.role) && self.name() == account.name
    }
}

/// The account of somebody who is vouched for. It is made at the first time, with the least role unless the issuer gives
/// another; later it takes over name and role, and a new role ends the sessions that were open.
///
/// # Errors
/// When the record cannot be read or written, or the account may not sign in.
pub async fn vouched_for(record: &Record, person: Vouched, now: Timestamp) -> Result<Account, RecordError> {
    let wanted = person.clone();
    let known = record.read(move |db| known(db, &wanted)).await?;
    let account = match known {
        Some(account) if account.is_disabled || person.is(&account) => account,
        _ => record.decide(Actor::Visitor, now, move |tx| take_over(tx, &person)).await?,
    };
    if account.is_disabled {
        return Err(RecordError::refused("This account may not sign in any more: ask an administrator"));
    }
    Ok(account)
}

fn known(db: &Connection, person: &Vouched) -> Result<Option<Account>, RecordError> {
    let sql = format!("SELECT {COLUMNS} FROM accounts WHERE issuer = ?1 AND subject = ?2");
    Ok(db.query_row(&sql, [&person.issuer, &person.subject], account).optional()?)
}

/// Makes the account, or makes it as the issuer says. Looks again, because somebody else may have made it meanwhile.
fn take_over(tx: &mut Tx<'_>, person: &Vouched) -> Result<Account, RecordError> {
    let Some(before) = known(tx, person)? else {
        let (id, role) = (AccountId::new(tx.now())?, person.role.unwrap_or(Role::Public));
        tx.execute(
            "INSERT INTO accounts (id, name, role, issuer, subject, created_at) VALUES (?1, ?2, ?3, ?4, ?5, ?6)",
            params![id, person.name(), role.slug(), person.issuer, person.subject, tx.now().as_second()],
        )?;
        let entry = Entry::new(Part::Staff, "account.vouched_for", KIND, id.as_str());
        tx.log(&entry.with(json!({ "role": role.slug() })))?;
        return find(tx, &id)?.ok_or(RecordError::NotFound);
    };
    let role = person.role.unwrap_or(before.role);
    tx.execute(
        "UPDATE accounts SET name = ?2, role = ?3, version = version + 1 WHERE id = ?1",
        params![before.id, person.name(), role.slug()],
    )?;
    if role != before.role {
        tx.execute("DELETE FROM sessions WHERE account = ?1", [&before.id])?;
    }
    let detail = json!({ "role": { "from": before.role.slug(), "to": role.slug() } });
    tx.log(
        &Entry::new(Part::Staff, "account.taken_over", KIND, before.id.as_str())
            .because("So it is said where the person signs in")
            .with(detail),
    )?;
    find(tx, &before.id)?.ok_or(RecordError::NotFound)
}
