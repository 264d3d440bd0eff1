//! Who looks after an issue or a post, and how far they are.

use std::str::FromStr;

use jiff::Timestamp;
use rusqlite::{Connection, OptionalExtension as _, Row, params};
use serde_json::json;

use super::Subject;
use crate::account::AccountId;
use crate::audit::{Entry, Part};
use crate::error::RecordError;
use crate::role::Permission;
use crate::store::Tx;

/// How far somebody is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum TaskStatus {
    /// Nobody has begun.
    Open,
    /// Somebody is at it.
    Doing,
    /// It waits for somebody else.
    Waiting,
    /// It is done.
    Done,
}

impl TaskStatus {
    /// All of them, in the order of their work.
    pub const ALL: [Self; 4] = [Self::Open, Self::Doing, Self::Waiting, Self::Done];

    /// Its name in the record and in forms.
    pub fn slug(self) -> &'static str {
        match self {
            Self::Open => "open",
            Self::Doing => "doing",
            Self::Waiting => "waiting",
            Self::Done => "done",
        }
    }

    /// Its name for people.
    pub fn name(self) -> &'static str {
        match self {
            Self::Open => "Not begun",
            Self::Doing => "In progress",
            Self::Waiting => "Waiting for somebody",
            Self::Done => "Done",
        }
    }
}

impl FromStr for TaskStatus {
    type Err = RecordError;

    fn from_str(slug: &str) -> Result<Self, RecordError> {
        let found = Self::ALL.into_iter().find(|status| status.slug() == slug);
        found.ok_or_else(|| RecordError::refused("Choose how far the work is"))
    }
}

/// What is known of the work on something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    /// What is worked on.
    pub subject: Subject,
    /// Who looks after it: account and name.
    pub assignee: Option<(AccountId, String)>,
    /// How far it is.
    pub status: TaskStatus,
    /// How many notes there are.
    pub notes: u32,
    /// When it was changed last (UTC).
    pub changed_at: Timestamp,
    /// For changes: what was read must still be so. 0 where nothing was written yet.
    pub version: i64,
}

/// What is known of the work on `subject`; nothing where nobody did any.
///
/// # Errors
/// When the record cannot be read.
pub fn of(db: &Connection, subject: &Subject) -> Result<Option<Task>, RecordError> {
    let sql = format!("{SELECT} WHERE kind = ?1 AND tasks.subject = ?2");
    Ok(db.query_row(&sql, params![subject.kind(), subject.id()], task).optional()?)
}

/// What is not done yet: of `assignee`, or of everybody. The latest change comes first.
///
/// # Errors
/// When the record cannot be read.
pub fn unfinished(db: &Connection, assignee: Option<&AccountId>, most: u32) -> Result<Vec<Task>, RecordError> {
    let sql = format!(
        "{SELECT} WHERE status <> 'done' AND (assignee IS NOT NULL OR status <> 'open') AND (?1 IS NULL OR assignee = ?1)
         ORDER BY changed_at DESC, kind, tasks.subject LIMIT ?2"
    );
    let mut rows = db.prepare_cached(&sql)?;
    Ok(rows.query_map(params![assignee, most], task)?.collect::<Result<_, _>>()?)
}

/// Gives the work to somebody, or to nobody, and says how far it is.
///
/// # Errors
/// [`RecordError::Changed`] when it is not what was read, and a refusal when the account cannot do such work.
pub fn set(
    tx: &mut Tx<'_>,
    subject: &Subject,
    read: i64,
    assignee: Option<&AccountId>,
    status: TaskStatus,
) -> Result<(), RecordError> {
    if let Some(id) = assignee {
        let account = crate::account::find(tx, id)?.ok_or(RecordError::NotFound)?;
        if account.is_disabled || !account.role.may(Permission::WorkOnPosts) {
            return Err(RecordError::refused(format!("{} cannot do this work: choose somebody else", account.name)));
        }
    }
    let before = of(tx, subject)?;
    let known = before.as_ref().map_or(0, |task| task.version);
    if known != read {
        return Err(RecordError::Changed);
    }
    touch(tx, subject)?;
    tx.execute(
        "UPDATE tasks SET assignee = ?3, status = ?4, changed_at = ?5, version = version + 1 WHERE kind = ?1 AND subject = ?2",
        params![subject.kind(), subject.id(), assignee, status.slug(), tx.now().as_second()],
    )?;
    let from = before.and_then(|task| task.assignee).map(|(id, _)| id);
    let detail = json!({ "assignee": { "from": from, "to": assignee }, "status": status.slug() });
    tx.log(&Entry::new(Part::Staff, "work.set", subject.kind(), subject.id()).with(detail))
}

/// Makes the task that everything else about `subject` hangs on, if it is not there.
pub(super) fn touch(tx: &Tx<'_>, subject: &Subject) -> Result<(), RecordError> {
    tx.execute(
        "INSERT INTO tasks (kind, subject, author, status, changed_at) VALUES (?1, ?2, ?3, 'open', ?4)
         ON CONFLICT (kind, subject) DO UPDATE SET author = coalesce(excluded.author, author)",
        params![subject.kind(), subject.id(), subject.author(), tx.now().as_second()],
    )?;
    Ok(())
}

/// What [`task`] reads.
const SELECT: &str = "SELECT kind, tasks.subject, assignee, name, status, changed_at, tasks.version,
    (SELECT count(*) FROM notes WHERE notes.kind = tasks.kind AND notes.subject = tasks.subject)
    FROM tasks LEFT JOIN accounts ON accounts.id = assignee";

fn task(row: &Row<'_>) -> rusqlite::Result<Task> {
    let (kind, status): (String, String) = (row.get(0)?, row.get(4)?);
    let assignee: Option<AccountId> = row.get(2)?;
    Ok(Task {
        subject: Subject::read(&kind, row.get(1)?),
        assignee: assignee.zip(row.get(3)?),
        // The schema knows the same four.
        status: status.parse().unwrap_or(TaskStatus::Open),
        notes: row.get(7)?,
        changed_at: Timestamp::from_second(row.get(5)?).unwrap_or_default(),
        version: row.get(6)?,
    })
}
