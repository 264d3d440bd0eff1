//! Inviting people, and what becomes of an invitation.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{Connection, OptionalExtension as _, params};
use serde_json::json;

use super::sign_in::signed;
use super::{Account, AccountId, KIND, a_name, an_address, find};
use crate::audit::{Entry, Part};
use crate::error::RecordError;
use crate::password;
use crate::random::Token;
use crate::role::Role;
use crate::second_factor::SecondFactor;
use crate::store::Tx;

/// How long an invitation is good for.
const INVITATION: SignedDuration = SignedDuration::from_hours(72);

/// What an invitation offers to who has the link.
#[derive(Clone, Debug)]
pub struct Invitation {
    /// Who is invited.
    pub account: Account,
    /// The second factor that staff sets up.
    pub second_factor: SecondFactor,
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
            |row| Ok((row.get(0)?, row.get::<_, Vec<u8>>(1)?)),
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
