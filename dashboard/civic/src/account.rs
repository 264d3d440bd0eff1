//! Accounts: inviting people, signing in, giving roles.

use std::fmt;

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::json;
use ulid::Ulid;

use crate::audit::{Actor, Entry, Part};
use crate::error::RecordError;
use crate::password;
use crate::random::{self, Token};
use crate::role::Role;
use crate::second_factor::SecondFactor;
use crate::store::{Record, Tx};

/// How long an invitation is good for.
const INVITATION: SignedDuration = SignedDuration::from_hours(72);

/// So many wrong passwords or codes are free; each one after that locks the account for longer.
const FREE_FAILURES: u32 = 5;

/// The longest that wrong passwords lock an account for: somebody else's guesses must not shut its owner out for good.
const LONGEST_LOCK_S: i64 = 15 * 60;

/// The longest name.
const LONGEST_NAME: usize = 100;

/// The kind of thing that an account is, in the audit log.
const KIND: &str = "account";

/// Which account.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct AccountId(String);

impl AccountId {
    fn new(now: Timestamp) -> Result<Self, RecordError> {
        Ok(Self(random::id(now)?))
    }

    /// As it is kept.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The id that this text is.
    pub fn parse(text: &str) -> Option<Self> {
        Ulid::from_string(text).ok().map(|id| Self(id.to_string()))
    }
}

impl fmt::Display for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl fmt::Debug for AccountId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

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
    /// The person as who acts.
    pub fn actor(&self) -> Actor {
        Actor::Account(self.id.clone(), self.role)
    }
}

/// What an invitation offers to who has the link.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Who is invited.
    pub account: Account,
    /// The second factor that staff sets up.
    pub second_factor: SecondFactor,
}

/// Why somebody is not signed in. Which of name, password and code was wrong is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSignedIn {
    /// The e-mail address, the password or the code is wrong.
    Wrong,
    /// Too many wrong ones: when to try again (UTC).
    Locked(Timestamp),
}

/// Invites somebody, and gives what the link must carry.
///
/// # Errors
/// When the name or the address will not do, or the address has an account already.
pub fn invite(tx: &mut Tx<'_>, name: &str, email: &str, role: Role) -> Result<(AccountId, Token), RecordError> {
    let (name, email) = (a_name(name)?, an_address(email)?);
    let has_one: bool =
        tx.query_row("SELECT EXISTS (SELECT 1 FROM accounts WHERE email = ?1)", [&email], |row| row.get(0))?;
    if has_one {
        return Err(RecordError::refused("This e-mail address has an account already"));
    }
    let id = AccountId::new(tx.now())?;
    tx.execute(
        "INSERT INTO accounts (id, name, email, role, created_at) VALUES (?1, ?2, ?3, ?4, ?5)",
        params![id.as_str(), name, email, role.slug(), tx.now().as_second()],
    )?;
    tx.log(&Entry::new(Part::Staff, "account.invited", KIND, id.as_str()).with(json!({ "role": role.slug() })))?;
    let token = invite_again(tx, &id)?;
    Ok((id, token))
}

/// A new link for an account: for who lost the password, the second factor or the first link. Older links end.
///
/// # Errors
/// [`RecordError::NotFound`].
pub fn invite_again(tx: &mut Tx<'_>, id: &AccountId) -> Result<Token, RecordError> {
    find(tx, id)?.ok_or(RecordError::NotFound)?;
    let (token, offered) = (Token::new()?, SecondFactor::new()?);
    tx.execute("DELETE FROM invitations WHERE account = ?1", [id.as_str()])?;
    tx.execute(
        "INSERT INTO invitations (hash, account, second_factor, expires_at) VALUES (?1, ?2, ?3, ?4)",
        params![token.hash(), id.as_str(), offered.bytes(), (tx.now() + INVITATION).as_second()],
    )?;
    tx.log(&Entry::new(Part::Staff, "account.link_made", KIND, id.as_str()))?;
    Ok(token)
}

/// What the link with this token offers.
///
/// # Errors
/// [`RecordError::Refused`] when it offers nothing any more.
pub fn invitation(db: &Connection, token: &Token, now: Timestamp) -> Result<Invitation, RecordError> {
    let found = db
        .query_row(
            "SELECT account, second_factor FROM invitations WHERE hash = ?1 AND expires_at > ?2",
            params![token.hash(), now.as_second()],
            |row| Ok((AccountId(row.get(0)?), row.get::<_, Vec<u8>>(1)?)),
        )
        .optional()?;
    let (id, factor) = found.ok_or_else(|| {
        RecordError::refused("This link was used already, or is older than three days: ask for a new one")
    })?;
    let account = find(db, &id)?.ok_or(RecordError::NotFound)?;
    Ok(Invitation { account, second_factor: SecondFactor::from_bytes(factor) })
}

/// Accepts an invitation: sets the password and, for staff where `needs_code`, the second factor, proved by a code.
/// Sessions that were open end.
///
/// # Errors
/// When the link, the password or the code will not do.
pub fn accept(tx: &mut Tx<'_>, link: &Token, password: &str, code: Option<&str>) -> Result<Account, RecordError> {
    let invitation = invitation(tx, link, tx.now())?;
    let hash = password::hash(password)?;
    let factor = match code {
        None => None,
        Some(code) => {
            let step = invitation.second_factor.step_of(code, tx.now()).ok_or_else(|| {
                RecordError::refused("The code is not right: type the six digits that your app shows now")
            })?;
            Some((invitation.second_factor.bytes(), step))
        }
    };
    let id = invitation.account.id.as_str();
    tx.execute(
        "UPDATE accounts SET password = ?2, second_factor = ?3, last_step = ?4, failures = 0, locked_until = 0,
         version = version + 1 WHERE id = ?1",
        params![id, hash, factor.map(|(bytes, _)| bytes), factor.map_or(0, |(_, step)| signed(step))],
    )?;
    tx.execute("DELETE FROM invitations WHERE account = ?1", [id])?;
    tx.execute("DELETE FROM sessions WHERE account = ?1", [id])?;
    tx.log(&Entry::new(Part::Staff, "account.accepted", KIND, id))?;
    find(tx, &invitation.account.id)?.ok_or(RecordError::NotFound)
}

/// Registers a member of the public, where that is allowed.
///
/// # Errors
/// When the name, the address or the password will not do, or the address has an account.
pub fn register(tx: &mut Tx<'_>, name: &str, email: &str, password: &str) -> Result<Account, RecordError> {
    let hash = password::hash(password)?;
    let (id, _) = invite(tx, name, email, Role::Public)?;
    tx.execute("UPDATE accounts SET password = ?2 WHERE id = ?1", params![id.as_str(), hash])?;
    tx.execute("DELETE FROM invitations WHERE account = ?1", [id.as_str()])?;
    find(tx, &id)?.ok_or(RecordError::NotFound)
}

/// Signs in with a password and, where the account has a second factor, a code.
///
/// # Errors
/// When the record cannot be read or written.
pub async fn sign_in(
    record: &Record,
    email: &str,
    password: &str,
    code: &str,
    now: Timestamp,
) -> Result<Result<Account, NotSignedIn>, RecordError> {
    let (email, password, code) = (email.trim().to_owned(), password.to_owned(), code.to_owned());
    let known = record.read(move |db| credentials(db, &email)).await?;
    if let Some(until) = known.as_ref().and_then(|known| known.locked_until(now)) {
        return Ok(Err(NotSignedIn::Locked(until)));
    }
    let (known, is_right, step) = tokio::task::spawn_blocking(move || {
        let hash = known.as_ref().and_then(|known| known.password.as_deref());
        let is_right = password::is_right(&password, hash);
        let step = known.as_ref().and_then(|known| known.step_of(&code, now));
        (known, is_right, step)
    })
    .await
    .map_err(|_| RecordError::Stopped)?;
    let Some(known) = known else { return Ok(Err(NotSignedIn::Wrong)) };
    record.keep(move |db| settle(db, &known, is_right, step, now)).await
}

/// Writes down how an attempt ended. The lock and the step are looked at again here, where nobody else writes.
fn settle(
    db: &Connection,
    known: &Credentials,
    is_right: bool,
    step: Option<u64>,
    now: Timestamp,
) -> Result<Result<Account, NotSignedIn>, RecordError> {
    let id = known.account.id.as_str();
    let (failures, last_step): (u32, i64) =
        db.query_row("SELECT failures, last_step FROM accounts WHERE id = ?1", [id], |row| {
            Ok((row.get(0)?, row.get(1)?))
        })?;
    let is_fresh = step.is_some_and(|step| known.second_factor.is_none() || signed(step) > last_step);
    if is_right && is_fresh && !known.account.is_disabled {
        db.execute(
            "UPDATE accounts SET failures = 0, locked_until = 0, last_step = max(last_step, ?2) WHERE id = ?1",
            params![id, step.map_or(0, signed)],
        )?;
        return Ok(Ok(known.account.clone()));
    }
    let failures = failures.saturating_add(1);
    let lock = match failures.checked_sub(FREE_FAILURES) {
        None => 0,
        Some(beyond) => (30_i64 << beyond.min(10)).min(LONGEST_LOCK_S),
    };
    let until = if lock == 0 { 0 } else { now.as_second().saturating_add(lock) };
    db.execute("UPDATE accounts SET failures = ?2, locked_until = ?3 WHERE id = ?1", params![id, failures, until])?;
    Ok(Err(NotSignedIn::Wrong))
}

/// What an account signs in with.
struct Credentials {
    account: Account,
    password: Option<String>,
    second_factor: Option<SecondFactor>,
    locked_until: i64,
}

impl Credentials {
    fn locked_until(&self, now: Timestamp) -> Option<Timestamp> {
        (self.locked_until > now.as_second()).then(|| Timestamp::from_second(self.locked_until).ok())?
    }

    /// The step of the code; 0 where the account has no second factor.
    fn step_of(&self, code: &str, now: Timestamp) -> Option<u64> {
        self.second_factor.as_ref().map_or(Some(0), |factor| factor.step_of(code, now))
    }
}

fn credentials(db: &Connection, email: &str) -> Result<Option<Credentials>, RecordError> {
    let found = db
        .query_row(
            &format!("SELECT {COLUMNS}, second_factor, locked_until, password FROM accounts WHERE email = ?1"),
            [email],
            |row| {
                Ok(Credentials {
                    account: account(row)?,
                    second_factor: row.get::<_, Option<Vec<u8>>>(7)?.map(SecondFactor::from_bytes),
                    locked_until: row.get(8)?,
                    password: row.get(9)?,
                })
            },
        )
        .optional()?;
    Ok(found)
}

/// The account of somebody whom `issuer` calls `subject`; made with the least role at the first time.
///
/// # Errors
/// When the record cannot be written, or the account is disabled.
pub fn vouched_for(tx: &mut Tx<'_>, issuer: &str, subject: &str, name: &str) -> Result<Account, RecordError> {
    let known: Option<String> = tx
        .query_row("SELECT id FROM accounts WHERE issuer = ?1 AND subject = ?2", [issuer, subject], |row| row.get(0))
        .optional()?;
    let id = if let Some(id) = known {
        AccountId(id)
    } else {
        let id = AccountId::new(tx.now())?;
        let name = a_name(name).unwrap_or_else(|_| "Somebody".to_owned());
        tx.execute(
            "INSERT INTO accounts (id, name, role, issuer, subject, created_at) VALUES (?1, ?2, 'public', ?3, ?4, ?5)",
            params![id.as_str(), name, issuer, subject, tx.now().as_second()],
        )?;
        id
    };
    tx.log(&Entry::new(Part::Staff, "account.vouched_for", KIND, id.as_str()))?;
    let account = find(tx, &id)?.ok_or(RecordError::NotFound)?;
    if account.is_disabled {
        return Err(RecordError::refused("This account may not sign in any more: ask an administrator"));
    }
    Ok(account)
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
        id: AccountId(row.get(0)?),
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

/// For SQLite, which has no unsigned numbers. Steps of 30 s since 1970 are far below the limit.
fn signed(step: u64) -> i64 {
    i64::try_from(step).unwrap_or(i64::MAX)
}

#[cfg(test)]
#[path = "account_tests.rs"]
mod tests;
