//! The audit log: append-only, a chain of hashes.
//!
//! The hash of an entry is `blake3(hash before, content_hash)`, and `content_hash` is `blake3` of the entry as JSON. So the
//! chain can be checked by the public too, who see of staff's entries nothing but their `content_hash`. Entries name things
//! by id and carry no personal data: they stay when a person is erased.

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row};
use serde::Serialize;
use serde_json::{Value, json};

use crate::account::AccountId;
use crate::error::RecordError;
use crate::role::Role;

/// Who acts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Actor {
    /// Somebody who is signed in.
    Account(AccountId, Role),
    /// Whoever runs commands on the machine.
    Operator,
    /// Nobody: a deadline passed.
    Clock,
    /// Somebody who is not signed in, and makes an account.
    Visitor,
}

impl Actor {
    /// What the log and the public are told of who acts.
    pub fn role(&self) -> &'static str {
        match self {
            Self::Account(_, role) => role.slug(),
            Self::Operator => "operator",
            Self::Clock => "clock",
            Self::Visitor => "visitor",
        }
    }

    /// Who it is, where somebody is signed in.
    pub(crate) fn account(&self) -> Option<&str> {
        match self {
            Self::Account(id, _) => Some(id.as_str()),
            Self::Operator | Self::Clock | Self::Visitor => None,
        }
    }
}

/// Who may read an entry.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Part {
    /// Everybody: decisions about issues, with their reasons.
    Public,
    /// Staff with the permission: who was given which role, and the like.
    Staff,
}

impl Part {
    fn slug(self) -> &'static str {
        match self {
            Self::Public => "public",
            Self::Staff => "staff",
        }
    }
}

/// What was done, for the log.
#[derive(Clone, Debug)]
pub struct Entry<'a> {
    part: Part,
    action: &'static str,
    kind: &'static str,
    subject: &'a str,
    reason: Option<&'a str>,
    detail: Value,
}

impl<'a> Entry<'a> {
    /// `action` (such as `flag.raised`) was done to the thing of this kind and id.
    pub fn new(part: Part, action: &'static str, kind: &'static str, subject: &'a str) -> Self {
        Self { part, action, kind, subject, reason: None, detail: json!({}) }
    }

    /// Why, in the words of who did it.
    #[must_use]
    pub fn because(mut self, reason: &'a str) -> Self {
        self.reason = Some(reason);
        self
    }

    /// What else is to be known of it. No personal data: an entry stays for good.
    #[must_use]
    pub fn with(mut self, detail: Value) -> Self {
        self.detail = detail;
        self
    }
}

/// An entry as it was kept.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Logged {
    /// Its number, from 1.
    pub seq: i64,
    /// When it was done (UTC).
    pub at: Timestamp,
    /// Who may read it.
    pub part: Part,
    /// The role of who did it, `operator`, `clock` or `visitor`.
    pub role: String,
    /// Who did it.
    pub account: Option<String>,
    /// What was done.
    pub action: String,
    /// What it was done to.
    pub kind: String,
    /// Which one.
    pub subject: String,
    /// Why.
    pub reason: Option<String>,
    /// What else there is to know, as JSON.
    pub detail: String,
}

/// An entry with its hashes, as the download has it: of staff's entries the public gets no content.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Link {
    /// Its number, from 1.
    pub seq: i64,
    /// The entry, if the reader may see it.
    pub entry: Option<Logged>,
    /// Hexadecimal blake3 of the entry as JSON.
    pub content_hash: String,
    /// Hexadecimal blake3 of the 32 bytes of the hash before (zeros at first) and the 32 of `content_hash`.
    pub hash: String,
}

/// That the whole log is as it was written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Verified {
    /// How many entries there are.
    pub entries: u64,
    /// Hexadecimal hash of the last: whoever noted it once can tell later that nothing before it was changed.
    pub last: String,
}

/// Appends an entry.
pub(crate) fn append(db: &Connection, actor: &Actor, now: Timestamp, entry: &Entry<'_>) -> Result<(), RecordError> {
    let before: Option<(i64, [u8; 32])> = db
        .query_row("SELECT seq, hash FROM audit ORDER BY seq DESC LIMIT 1", [], |row| Ok((row.get(0)?, row.get(1)?)))
        .optional()?;
    let (last, before) = before.unwrap_or_default();
    let logged = Logged {
        seq: last + 1,
        at: Timestamp::from_second(now.as_second()).unwrap_or(now),
        part: entry.part,
        role: actor.role().to_owned(),
        account: actor.account().map(str::to_owned),
        action: entry.action.to_owned(),
        kind: entry.kind.to_owned(),
        subject: entry.subject.to_owned(),
        reason: entry.reason.map(str::to_owned),
        detail: entry.detail.to_string(),
    };
    let content = content_hash(&logged);
    db.execute(
        "INSERT INTO audit (seq, at, part, role, account, action, kind, subject, reason, detail, content_hash, hash)
         VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8, ?9, ?10, ?11, ?12)",
        rusqlite::params![
            logged.seq,
            logged.at.as_second(),
            logged.part.slug(),
            logged.role,
            logged.account,
            logged.action,
            logged.kind,
            logged.subject,
            logged.reason,
            logged.detail,
            content,
            chained(before, content),
        ],
    )?;
    Ok(())
}

/// The newest entries first: those of `part`s that the reader may see, older than `before` where it is given.
///
/// # Errors
/// When the record cannot be read.
pub fn newest(db: &Connection, staff_too: bool, before: Option<i64>, limit: u32) -> Result<Vec<Logged>, RecordError> {
    let mut rows = db.prepare_cached(
        "SELECT seq, at, part, role, account, action, kind, subject, reason, detail FROM audit
         WHERE (?1 OR part = 'public') AND seq < ?2 ORDER BY seq DESC LIMIT ?3",
    )?;
    let entries = rows.query_map((staff_too, before.unwrap_or(i64::MAX), limit), logged)?;
    Ok(entries.collect::<Result<_, _>>()?)
}

/// What was done to one thing, the oldest first.
///
/// # Errors
/// When the record cannot be read.
pub fn history(db: &Connection, kind: &str, subject: &str, staff_too: bool) -> Result<Vec<Logged>, RecordError> {
    let mut rows = db.prepare_cached(
        "SELECT seq, at, part, role, account, action, kind, subject, reason, detail FROM audit
         WHERE kind = ?1 AND subject = ?2 AND (?3 OR part = 'public') ORDER BY seq",
    )?;
    let entries = rows.query_map((kind, subject, staff_too), logged)?;
    Ok(entries.collect::<Result<_, _>>()?)
}

/// The chain from its beginning, link by link, to `visit`.
///
/// # Errors
/// When the record cannot be read.
pub fn chain(db: &Connection, staff_too: bool, mut visit: impl FnMut(Link)) -> Result<(), RecordError> {
    let mut rows = db.prepare(
        "SELECT seq, at, part, role, account, action, kind, subject, reason, detail, content_hash, hash FROM audit
         ORDER BY seq",
    )?;
    let mut rows = rows.query([])?;
    while let Some(row) = rows.next()? {
        let entry = logged(row)?;
        let (content, hash): ([u8; 32], [u8; 32]) = (row.get(10)?, row.get(11)?);
        visit(Link {
            seq: entry.seq,
            entry: (staff_too || entry.part == Part::Public).then_some(entry),
            content_hash: blake3::Hash::from_bytes(content).to_hex().to_string(),
            hash: blake3::Hash::from_bytes(hash).to_hex().to_string(),
        });
    }
    Ok(())
}

/// How far the log was found to be whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Checked {
    entries: u64,
    hash: [u8; 32],
}

impl From<Checked> for Verified {
    fn from(checked: Checked) -> Self {
        Self { entries: checked.entries, last: blake3::Hash::from_bytes(checked.hash).to_hex().to_string() }
    }
}

/// Checks every entry and the chain.
///
/// # Errors
/// [`RecordError::Refused`] that names the first entry that is not as it was written.
pub fn verify(db: &Connection) -> Result<Verified, RecordError> {
    Ok(verify_from(db, &Checked::default())?.into())
}

/// Checks the entries that came since the log was found whole, and that it still ends there as it did then: what that costs
/// does not grow with the log. That entries before were not changed since, only [`verify`] tells.
///
/// # Errors
/// Those of [`verify`].
pub fn verify_from(db: &Connection, checked: &Checked) -> Result<Checked, RecordError> {
    let mut rows = db.prepare_cached(
        "SELECT seq, at, part, role, account, action, kind, subject, reason, detail, content_hash, hash FROM audit
         WHERE seq >= ?1 ORDER BY seq",
    )?;
    let first = i64::try_from(checked.entries).unwrap_or(i64::MAX);
    let mut rows = rows.query([first])?;
    let Checked { mut entries, hash: mut before } = *checked;
    let mut is_known = entries > 0;
    while let Some(row) = rows.next()? {
        let entry = logged(row)?;
        let (content, hash): ([u8; 32], [u8; 32]) = (row.get(10)?, row.get(11)?);
        let broken = |what: &str| {
            RecordError::refused(format!(
                "entry {} of the audit log {what}: compare it with a backup from before {}",
                entry.seq, entry.at
            ))
        };
        if is_known {
            is_known = false;
            if hash != before || content_hash(&entry) != content || u64::try_from(entry.seq) != Ok(entries) {
                return Err(broken("was changed after it was checked"));
            }
            continue;
        }
        entries += 1;
        if u64::try_from(entry.seq) != Ok(entries) {
            return Err(broken("does not follow the one before it, so that one or more are missing"));
        }
        if content_hash(&entry) != content {
            return Err(broken("was changed after it was written"));
        }
        if chained(before, content) != hash {
            return Err(broken("does not fit the entry before it"));
        }
        before = hash;
    }
    if is_known {
        return Err(RecordError::refused(format!(
            "entry {entries} of the audit log, which was there, is gone: compare the log with a backup"
        )));
    }
    Ok(Checked { entries, hash: before })
}

fn logged(row: &Row<'_>) -> rusqlite::Result<Logged> {
    let part: String = row.get(2)?;
    Ok(Logged {
        seq: row.get(0)?,
        at: Timestamp::from_second(row.get(1)?).unwrap_or_default(),
        part: if part == Part::Public.slug() { Part::Public } else { Part::Staff },
        role: row.get(3)?,
        account: row.get(4)?,
        action: row.get(5)?,
        kind: row.get(6)?,
        subject: row.get(7)?,
        reason: row.get(8)?,
        detail: row.get(9)?,
    })
}

fn content_hash(entry: &Logged) -> [u8; 32] {
    let json = serde_json::to_vec(entry).expect("an entry holds only strings, numbers and times, which JSON can say");
    *blake3::hash(&json).as_bytes()
}

fn chained(before: [u8; 32], content: [u8; 32]) -> [u8; 32] {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&before).update(&content);
    *hasher.finalize().as_bytes()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::store::{FILE, Record};

    fn record() -> (tempfile::TempDir, Record) {
        let folder = tempfile::tempdir().unwrap();
        let record = Record::open(folder.path()).unwrap();
        for (part, subject) in [(Part::Public, "a"), (Part::Staff, "b"), (Part::Public, "c")] {
            let entry = Entry::new(part, "test.done", "test", subject).because("it was time").with(json!({"n": 1}));
            record.decide_now(Actor::Operator, Timestamp::UNIX_EPOCH, |tx| tx.log(&entry)).unwrap();
        }
        (folder, record)
    }

    /// The file, changed by somebody who does not care for our triggers.
    fn tampered(sql: &str) -> String {
        let (folder, record) = record();
        let db = Connection::open(folder.path().join(FILE)).unwrap();
        db.execute_batch("DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_shortened;").unwrap();
        db.execute_batch(sql).unwrap();
        record.read_now(verify).unwrap_err().to_string()
    }

    #[test]
    fn the_log_takes_no_changes() {
        let (_folder, record) = record();
        for sql in ["UPDATE audit SET reason = 'x'", "DELETE FROM audit WHERE seq = 3"] {
            let refused = record.decide_now(Actor::Operator, Timestamp::UNIX_EPOCH, |tx| {
                tx.execute(sql, [])?;
                Ok(())
            });
            assert!(refused.unwrap_err().to_string().contains("the audit log is never"), "{sql}");
        }
        assert_eq!(record.read_now(verify).unwrap().entries, 3);
    }

    #[test]
    fn tampering_is_found_and_the_entry_named() {
        for (sql, said) in [
            ("UPDATE audit SET reason = 'another' WHERE seq = 2", "entry 2 of the audit log was changed"),
            ("UPDATE audit SET at = 5 WHERE seq = 1", "entry 1 of the audit log was changed"),
            ("DELETE FROM audit WHERE seq = 2", "entry 3 of the audit log does not follow"),
            (
                "UPDATE audit SET content_hash = (SELECT content_hash FROM audit WHERE seq = 1) WHERE seq = 3",
                "entry 3 of the audit log was changed",
            ),
            ("UPDATE audit SET hash = zeroblob(32) WHERE seq = 2", "entry 2 of the audit log does not fit"),
        ] {
            let error = tampered(sql);
            assert!(error.contains(said), "{sql}: {error}");
        }
    }

    #[test]
    fn only_what_came_since_is_checked_again_and_a_log_that_was_cut_or_changed_at_its_end_is_noticed() {
        let (folder, record) = record();
        let whole = record.read_now(|db| verify_from(db, &Checked::default())).unwrap();
        assert_eq!(record.read_now(|db| verify_from(db, &whole)).unwrap(), whole);
        let entry = Entry::new(Part::Public, "test.done", "test", "d");
        record.decide_now(Actor::Operator, Timestamp::UNIX_EPOCH, |tx| tx.log(&entry)).unwrap();
        let grown = record.read_now(|db| verify_from(db, &whole)).unwrap();
        assert_eq!(Verified::from(grown), record.read_now(verify).unwrap());
        let db = Connection::open(folder.path().join(FILE)).unwrap();
        db.execute_batch("DROP TRIGGER audit_is_never_changed; DROP TRIGGER audit_is_never_shortened;").unwrap();
        for (sql, said) in [
            ("UPDATE audit SET reason = 'another' WHERE seq = 4", "entry 4 of the audit log was changed"),
            ("DELETE FROM audit WHERE seq = 4", "entry 4 of the audit log, which was there, is gone"),
        ] {
            db.execute_batch(sql).unwrap();
            let error = record.read_now(|db| verify_from(db, &grown)).unwrap_err().to_string();
            assert!(error.contains(said), "{sql}: {error}");
        }
    }

    #[test]
    fn the_public_can_check_the_chain_without_seeing_what_is_staffs() {
        let (_folder, record) = record();
        let mut links = Vec::new();
        record.read_now(|db| chain(db, false, |link| links.push(link))).unwrap();
        let seen: Vec<bool> = links.iter().map(|link| link.entry.is_some()).collect();
        assert_eq!(seen, [true, false, true]);
        let mut before = [0; 32];
        for link in &links {
            let content = *blake3::Hash::from_hex(&link.content_hash).unwrap().as_bytes();
            before = chained(before, content);
            assert_eq!(blake3::Hash::from_bytes(before).to_hex().to_string(), link.hash);
            if let Some(entry) = &link.entry {
                assert_eq!(content_hash(entry), content);
            }
        }
        let public = record.read_now(|db| newest(db, false, None, 10)).unwrap();
        assert_eq!(public.iter().map(|entry| entry.seq).collect::<Vec<_>>(), [3, 1]);
        assert_eq!(record.read_now(|db| newest(db, true, Some(3), 10)).unwrap().len(), 2);
        assert_eq!(record.read_now(|db| history(db, "test", "b", false)).unwrap(), []);
    }
}
