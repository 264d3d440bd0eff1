//! Sessions: who a browser's cookie stands for, for at most eight hours, and half an hour after the last page.

use jiff::{SignedDuration, Timestamp};
use rusqlite::{OptionalExtension as _, params};

use crate::account::{self, Account, AccountId};
use crate::error::RecordError;
use crate::random::Token;
use crate::store::Record;

/// A session ends so long after it began.
pub const LONGEST: SignedDuration = SignedDuration::from_hours(8);

/// And so long after the last page.
pub const IDLE: SignedDuration = SignedDuration::from_mins(30);

/// That somebody is there is written down at most so often.
const NOTED_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// Opens a session, and gives what the cookie must carry. Sessions that have ended are forgotten.
///
/// # Errors
/// When it cannot be kept.
pub async fn open(record: &Record, id: &AccountId, now: Timestamp) -> Result<Token, RecordError> {
    let (token, id) = (Token::new()?, id.clone());
    let hash = token.hash();
    record
        .keep(move |db| {
            db.execute(
                "DELETE FROM sessions WHERE created_at <= ?1 OR seen_at <= ?2",
                [(now - LONGEST).as_second(), (now - IDLE).as_second()],
            )?;
            db.execute(
                "INSERT INTO sessions (hash, account, created_at, seen_at) VALUES (?1, ?2, ?3, ?3)",
                params![hash, id.as_str(), now.as_second()],
            )?;
            Ok(())
        })
        .await?;
    Ok(token)
}

/// Who the cookie stands for, if the session is still open and the account not disabled.
///
/// # Errors
/// When the record cannot be read or written.
pub async fn find(record: &Record, token: &Token, now: Timestamp) -> Result<Option<Account>, RecordError> {
    let hash = token.hash();
    let found = record
        .read(move |db| {
            let columns = account::COLUMNS;
            Ok(db
                .query_row(
                    &format!(
                        "SELECT {columns}, seen_at FROM sessions JOIN accounts ON accounts.id = account
                         WHERE hash = ?1 AND sessions.created_at > ?2 AND seen_at > ?3 AND is_disabled = 0"
                    ),
                    params![hash, (now - LONGEST).as_second(), (now - IDLE).as_second()],
                    |row| Ok((account::account(row)?, row.get::<_, i64>(7)?)),
                )
                .optional()?)
        })
        .await?;
    let Some((account, seen_at)) = found else { return Ok(None) };
    if now.as_second() - seen_at >= NOTED_EVERY.as_secs() {
        record
            .keep(move |db| {
                db.execute("UPDATE sessions SET seen_at = ?2 WHERE hash = ?1", params![hash, now.as_second()])?;
                Ok(())
            })
            .await?;
    }
    Ok(Some(account))
}

/// Ends a session.
///
/// # Errors
/// When the record cannot be written.
pub async fn close(record: &Record, token: &Token) -> Result<(), RecordError> {
    let hash = token.hash();
    record
        .keep(move |db| {
            db.execute("DELETE FROM sessions WHERE hash = ?1", [hash])?;
            Ok(())
        })
        .await
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Actor;

    #[tokio::test]
    async fn a_session_ends_when_idle_after_eight_hours_and_when_closed() {
        let folder = tempfile::tempdir().unwrap();
        let record = Record::open(folder.path()).unwrap();
        let at = |minute: i64| Timestamp::from_second(1_700_000_000 + 60 * minute).unwrap();
        let account = record
            .decide_now(Actor::Operator, at(0), |tx| {
                account::register(tx, "Bo", "bo@example.org", "a long enough password")
            })
            .unwrap();
        let token = open(&record, &account.id, at(0)).await.unwrap();
        for minute in (20..480).step_by(20) {
            assert!(find(&record, &token, at(minute)).await.unwrap().is_some(), "{minute}");
        }
        assert!(find(&record, &token, at(480)).await.unwrap().is_none(), "eight hours");

        let token = open(&record, &account.id, at(500)).await.unwrap();
        assert!(find(&record, &token, at(529)).await.unwrap().is_some());
        assert!(find(&record, &token, at(560)).await.unwrap().is_none(), "idle");

        let token = open(&record, &account.id, at(600)).await.unwrap();
        close(&record, &token).await.unwrap();
        assert!(find(&record, &token, at(601)).await.unwrap().is_none());
        assert!(find(&record, &Token::new().unwrap(), at(601)).await.unwrap().is_none());
    }
}
