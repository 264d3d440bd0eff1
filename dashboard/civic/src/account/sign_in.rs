//! Signing in with a password and a code, and what too many wrong ones lead to.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, params};

use super::{Account, COLUMNS, account};
use crate::error::RecordError;
use crate::password;
use crate::second_factor::SecondFactor;
use crate::store::Record;

/// So many wrong passwords or codes are free; each one after that locks the account for longer.
const FREE_FAILURES: u32 = 5;

/// The longest that wrong passwords lock an account for: somebody else's guesses must not shut its owner out for good.
const LONGEST_LOCK_S: i64 = 15 * 60;

/// Why somebody is not signed in. Which of name, password and code was wrong is not told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotSignedIn {
    /// The e-mail address, the password or the code is wrong.
    Wrong,
    /// Too many wrong ones: when to try again (UTC).
    Locked(Timestamp),
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

/// For SQLite, which has no unsigned numbers. Steps of 30 s since 1970 are far below the limit.
pub(super) fn signed(step: u64) -> i64 {
    i64::try_from(step).unwrap_or(i64::MAX)
}
