//! What staff decided about issues that a check held back: released into the list, or confirmed as held, with a reason in
//! public.

use std::fmt;
use std::str::FromStr;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};

use crate::audit::{Entry, Part};
use crate::error::RecordError;
use crate::store::Tx;

/// The longest reason, in characters.
const LONGEST_REASON: usize = 1_000;

/// What was decided.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is listed among the others, with a note.
    Released,
    /// It stays held.
    Confirmed,
}

impl Verdict {
    /// Its name in the record and in forms.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Released => "released",
            Self::Confirmed => "confirmed",
        }
    }
}

impl FromStr for Verdict {
    type Err = RecordError;

    fn from_str(slug: &str) -> Result<Self, RecordError> {
        [Self::Released, Self::Confirmed]
            .into_iter()
            .find(|verdict| verdict.slug() == slug)
            .ok_or_else(|| RecordError::refused("Choose whether it is released or stays held"))
    }
}

impl fmt::Display for Verdict {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.slug())
    }
}

/// The newest decision about an issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Review {
    /// The id under which the trends follow it.
    pub issue: String,
    /// What was decided.
    pub verdict: Verdict,
    /// Why.
    pub reason: String,
    /// The role of who decided.
    pub role: String,
    /// When (UTC).
    pub at: Timestamp,
    /// For the next decision: what was read must still be so.
    pub version: i64,
}

/// Decides about an issue. `read` is the version of the decision that was seen, 0 where there was none.
///
/// # Errors
/// When the reason will not do, and [`RecordError::Changed`] when somebody decided in the meantime.
pub fn decide(
    tx: &mut Tx<'_>,
    issue: &str,
    read: i64,
    verdict: Verdict,
    reason: &str,
    role: &str,
) -> Result<(), RecordError> {
    let reason = reason.trim();
    if reason.is_empty() || reason.chars().count() > LONGEST_REASON {
        return Err(RecordError::refused(format!(
            "Write why, in at most {LONGEST_REASON} characters: everybody can read it"
        )));
    }
    if find(tx, issue)?.map_or(0, |review| review.version) != read {
        return Err(RecordError::Changed);
    }
    tx.execute(
        "INSERT INTO reviews (issue, verdict, reason, role, at, version) VALUES (?1, ?2, ?3, ?4, ?5, 1)
         ON CONFLICT (issue) DO UPDATE SET verdict = ?2, reason = ?3, role = ?4, at = ?5, version = version + 1",
        params![issue, verdict.slug(), reason, role, tx.now().as_second()],
    )?;
    let action = match verdict {
        Verdict::Released => "issue.released",
        Verdict::Confirmed => "issue.confirmed_as_held",
    };
    tx.log(&Entry::new(Part::Public, action, "issue", issue).because(reason))
}

/// The newest decision about an issue.
///
/// # Errors
/// When the record cannot be read.
pub fn find(db: &Connection, issue: &str) -> Result<Option<Review>, RecordError> {
    let sql = "SELECT issue, verdict, reason, role, at, version FROM reviews WHERE issue = ?1";
    Ok(db.query_row(sql, [issue], review).optional()?)
}

/// The newest decision about each issue.
///
/// # Errors
/// When the record cannot be read.
pub fn all(db: &Connection) -> Result<Vec<Review>, RecordError> {
    let mut rows = db.prepare_cached("SELECT issue, verdict, reason, role, at, version FROM reviews")?;
    let reviews = rows.query_map([], review)?.collect::<Result<_, _>>()?;
    Ok(reviews)
}

fn review(row: &Row<'_>) -> rusqlite::Result<Review> {
    let verdict: String = row.get(1)?;
    Ok(Review {
        issue: row.get(0)?,
        // The schema knows the same two; what is not known releases nothing.
        verdict: verdict.parse().unwrap_or(Verdict::Confirmed),
        reason: row.get(2)?,
        role: row.get(3)?,
        at: Timestamp::from_second(row.get(4)?).unwrap_or_default(),
        version: row.get(5)?,
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::{self, Actor};
    use crate::store::Record;

    #[test]
    fn a_decision_needs_a_reason_and_is_never_overwritten_unseen() {
        let folder = tempfile::tempdir().unwrap();
        let record = Record::open(folder.path()).unwrap();
        let decide = |read, verdict, reason: &str| {
            let change = |tx: &mut Tx<'_>| decide(tx, "01J", read, verdict, reason, "analyst");
            record.decide_now(Actor::Operator, Timestamp::UNIX_EPOCH, change)
        };
        assert!(decide(0, Verdict::Released, "  ").unwrap_err().to_string().contains("Write why"));
        decide(0, Verdict::Released, "It is a campaign of patients, not a brigade").unwrap();
        assert!(matches!(decide(0, Verdict::Confirmed, "late"), Err(RecordError::Changed)));
        decide(1, Verdict::Confirmed, "The copies came from one address after all").unwrap();
        let review = record.read_now(|db| find(db, "01J")).unwrap().unwrap();
        assert_eq!((review.verdict, review.version), (Verdict::Confirmed, 2));
        assert_eq!(record.read_now(all).unwrap(), [review]);
        let history = record.read_now(|db| audit::history(db, "issue", "01J", false)).unwrap();
        let actions: Vec<&str> = history.iter().map(|entry| entry.action.as_str()).collect();
        assert_eq!(actions, ["issue.released", "issue.confirmed_as_held"], "the public reads both");
    }
}
