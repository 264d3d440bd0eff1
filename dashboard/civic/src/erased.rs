//! Who and what was erased: pseudonyms and ids only, so that a restored backup can be cleaned again, and what comes again
//! from a source is not taken in.

use jiff::Timestamp;
use rusqlite::{Connection, params};
use serde::{Deserialize, Serialize};
use serde_json::json;

use crate::audit::{Entry, Part};
use crate::error::RecordError;
use crate::store::Tx;

/// What an erasure is about: 16 bytes each.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(default)]
pub struct Erased {
    /// Pseudonyms of people.
    pub authors: Vec<[u8; 16]>,
    /// Ids of posts.
    pub posts: Vec<[u8; 16]>,
    /// Ids of accounts.
    pub accounts: Vec<[u8; 16]>,
}

impl Erased {
    /// Whether there is nothing to erase.
    pub fn is_empty(&self) -> bool {
        self.authors.is_empty() && self.posts.is_empty() && self.accounts.is_empty()
    }

    fn by_kind(&self) -> [(&'static str, &Vec<[u8; 16]>); 3] {
        [("author", &self.authors), ("post", &self.posts), ("account", &self.accounts)]
    }
}

/// Notes what is erased from now on, with the reason in the audit log. What staff noted about it goes at once.
///
/// # Errors
/// When it cannot be written.
pub fn note(tx: &mut Tx<'_>, erased: &Erased, reason: &str) -> Result<(), RecordError> {
    let at = tx.now().as_second();
    for (kind, keys) in erased.by_kind() {
        for key in keys {
            tx.execute(
                "INSERT INTO erased (kind, key, at) VALUES (?1, ?2, ?3) ON CONFLICT DO NOTHING",
                params![kind, key, at],
            )?;
        }
    }
    crate::work::forget(tx, erased)?;
    let detail =
        json!({ "authors": erased.authors.len(), "posts": erased.posts.len(), "accounts": erased.accounts.len() });
    tx.log(&Entry::new(Part::Staff, "privacy.erased", "erasure", &at.to_string()).because(reason).with(detail))
}

/// Everything that was ever erased.
///
/// # Errors
/// When the record cannot be read.
pub fn all(db: &Connection) -> Result<Erased, RecordError> {
    let mut erased = Erased::default();
    let mut rows = db.prepare("SELECT kind, key FROM erased ORDER BY kind, key")?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let (kind, key): (String, [u8; 16]) = (row.get(0)?, row.get(1)?);
        match kind.as_str() {
            "author" => erased.authors.push(key),
            "post" => erased.posts.push(key),
            _ => erased.accounts.push(key),
        }
    }
    Ok(erased)
}

/// When something was erased last (UTC).
///
/// # Errors
/// When the record cannot be read.
pub fn last(db: &Connection) -> Result<Option<Timestamp>, RecordError> {
    let at: Option<i64> = db.query_row("SELECT max(at) FROM erased", [], |row| row.get(0))?;
    Ok(at.and_then(|at| Timestamp::from_second(at).ok()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Actor;
    use crate::store::Record;

    #[test]
    fn what_was_erased_is_known_for_good_and_the_log_has_counts_only() {
        let folder = tempfile::tempdir().unwrap();
        let record = Record::open(folder.path()).unwrap();
        let erased = Erased { authors: vec![[1; 16]], posts: vec![[2; 16], [3; 16]], accounts: vec![[4; 16]] };
        for _ in 0..2 {
            let note = |tx: &mut Tx<'_>| note(tx, &erased, "asked by letter of 1 May");
            record.decide_now(Actor::Operator, Timestamp::UNIX_EPOCH, note).unwrap();
        }
        assert_eq!(record.read_now(all).unwrap(), erased);
        assert_eq!(record.read_now(last).unwrap(), Some(Timestamp::UNIX_EPOCH));
        let entry = record.read_now(|db| crate::audit::newest(db, true, None, 1)).unwrap().remove(0);
        assert_eq!((entry.detail.as_str(), entry.part), (r#"{"accounts":1,"authors":1,"posts":2}"#, Part::Staff));
    }
}
