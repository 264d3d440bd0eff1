//! The file: opening, migrations, reading, deciding, backup.
//!
//! SQLite in WAL mode: any number read while one writes. Work runs off the async threads.

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use jiff::Timestamp;
use rusqlite::{Connection, OpenFlags, Transaction, TransactionBehavior};

use crate::audit::{self, Actor, Entry};
use crate::error::RecordError;

/// The schema, one file for each step. A file that was released is never changed.
const MIGRATIONS: &[&str] = &[
    include_str!("migrations/0001_people.sql"),
    include_str!("migrations/0002_assembly.sql"),
    include_str!("migrations/0003_erased.sql"),
    include_str!("migrations/0004_reviews.sql"),
    include_str!("migrations/0005_quote_author.sql"),
    include_str!("migrations/0006_gather.sql"),
    include_str!("migrations/0007_erasures.sql"),
    include_str!("migrations/0008_work.sql"),
];

/// The file's name in the data directory.
pub const FILE: &str = "record.sqlite3";

/// Whoever opens the record holds a lock on this file meanwhile.
const TURN: &str = "record.lock";

/// How long to wait for another process that writes.
const BUSY: Duration = Duration::from_secs(5);

/// So many readers are kept open.
const READERS: usize = 4;

/// The record of decisions. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Record(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    path: PathBuf,
    writer: Mutex<Connection>,
    readers: Mutex<Vec<Connection>>,
}

/// A change on its way into the record: kept as a whole, or not at all.
pub struct Tx<'a> {
    transaction: Transaction<'a>,
    actor: Actor,
    now: Timestamp,
    logged: usize,
}

impl Record {
    /// Opens the record in `folder`, and makes it if it is not there.
    ///
    /// # Errors
    /// When the file cannot be used, or is newer than this program.
    pub fn open(folder: &Path) -> Result<Self, RecordError> {
        let path = folder.join(FILE);
        // Processes that start at once come one after the other: SQLite does not wait where the mode of the journal changes.
        let turn = File::options().write(true).create(true).truncate(false).open(folder.join(TURN));
        let turn = turn.and_then(|file| file.lock().map(|()| file))?;
        let mut writer = connect(&path, OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_CREATE)?;
        writer.pragma_update(None, "journal_mode", "WAL")?;
        // What was decided must survive a power cut.
        writer.pragma_update(None, "synchronous", "FULL")?;
        // Erased words must not remain in free pages.
        writer.pragma_update(None, "secure_delete", "ON")?;
        migrate(&mut writer)?;
        drop(turn);
        Ok(Self(Arc::new(Inner { path, writer: Mutex::new(writer), readers: Mutex::new(Vec::new()) })))
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.0.path
    }

    /// Reads.
    ///
    /// # Errors
    /// Those of `read`.
    pub async fn read<T, F>(&self, read: F) -> Result<T, RecordError>
    where
        T: Send + 'static,
        F: FnOnce(&Connection) -> Result<T, RecordError> + Send + 'static,
    {
        let record = self.clone();
        tokio::task::spawn_blocking(move || record.read_now(read)).await.map_err(|_| RecordError::Stopped)?
    }

    /// [`Record::read`] on a thread that may wait.
    ///
    /// # Errors
    /// Those of `read`.
    pub fn read_now<T>(&self, read: impl FnOnce(&Connection) -> Result<T, RecordError>) -> Result<T, RecordError> {
        let kept = self.0.readers.lock().unwrap_or_else(PoisonError::into_inner).pop();
        let connection = match kept {
            Some(connection) => connection,
            None => connect(&self.0.path, OpenFlags::SQLITE_OPEN_READ_ONLY)?,
        };
        let answer = read(&connection);
        let mut readers = self.0.readers.lock().unwrap_or_else(PoisonError::into_inner);
        if readers.len() < READERS {
            readers.push(connection);
        }
        answer
    }

    /// Keeps a decision of `actor`, with its entry in the audit log.
    ///
    /// # Errors
    /// Those of `change`, and [`RecordError::Unlogged`] when it wrote no entry; then nothing is kept.
    pub async fn decide<T, F>(&self, actor: Actor, now: Timestamp, change: F) -> Result<T, RecordError>
    where
        T: Send + 'static,
        F: FnOnce(&mut Tx<'_>) -> Result<T, RecordError> + Send + 'static,
    {
        let record = self.clone();
        tokio::task::spawn_blocking(move || record.decide_now(actor, now, change))
            .await
            .map_err(|_| RecordError::Stopped)?
    }

    /// [`Record::decide`] on a thread that may wait.
    ///
    /// # Errors
    /// Those of `change`, and [`RecordError::Unlogged`].
    pub fn decide_now<T>(
        &self,
        actor: Actor,
        now: Timestamp,
        change: impl FnOnce(&mut Tx<'_>) -> Result<T, RecordError>,
    ) -> Result<T, RecordError> {
        self.write(|transaction| {
            let mut tx = Tx { transaction, actor, now, logged: 0 };
            let answer = change(&mut tx)?;
            if tx.logged == 0 {
                return Err(RecordError::Unlogged);
            }
            tx.transaction.commit()?;
            Ok(answer)
        })
    }

    /// Keeps what is no decision, such as a session.
    ///
    /// # Errors
    /// Those of `change`; then nothing is kept.
    pub async fn keep<T, F>(&self, change: F) -> Result<T, RecordError>
    where
        T: Send + 'static,
        F: FnOnce(&Transaction<'_>) -> Result<T, RecordError> + Send + 'static,
    {
        let record = self.clone();
        tokio::task::spawn_blocking(move || record.keep_now(change)).await.map_err(|_| RecordError::Stopped)?
    }

    /// [`Record::keep`] on a thread that may wait.
    ///
    /// # Errors
    /// Those of `change`; then nothing is kept.
    pub fn keep_now<T>(
        &self,
        change: impl FnOnce(&Transaction<'_>) -> Result<T, RecordError>,
    ) -> Result<T, RecordError> {
        self.write(|transaction| {
            let answer = change(&transaction)?;
            transaction.commit()?;
            Ok(answer)
        })
    }

    /// Writes the file anew and empties the log of writes beside it, so that of what was removed nothing stays: not in free
    /// pages, not within pages that are half full, not in `-wal`. Readers that are at work are waited for.
    ///
    /// # Errors
    /// When the disk has no room for a second copy, or a reader does not come to an end.
    pub fn scrub(&self) -> Result<(), RecordError> {
        let writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        writer.execute_batch("VACUUM")?;
        let is_busy: bool = writer.query_row("PRAGMA wal_checkpoint(TRUNCATE)", [], |row| row.get(0))?;
        if is_busy {
            return Err(RecordError::refused("the record is being read without a pause: try again in a minute"));
        }
        Ok(())
    }

    /// Copies the record to `to` while it is in use. The copy is one moment's state.
    ///
    /// # Errors
    /// When the copy cannot be written, or something is there already.
    pub fn back_up(&self, to: &Path) -> Result<(), RecordError> {
        if to.exists() {
            return Err(RecordError::refused(format!("{} is there already: name a new file", to.display())));
        }
        self.read_now(|connection| {
            let mut copy = Connection::open(to)?;
            let backup = rusqlite::backup::Backup::new(connection, &mut copy)?;
            backup.run_to_completion(256, Duration::ZERO, None)?;
            Ok(())
        })
    }

    fn write<T>(&self, change: impl FnOnce(Transaction<'_>) -> Result<T, RecordError>) -> Result<T, RecordError> {
        // A transaction that panicked was rolled back, so a poisoned connection is still whole.
        let mut writer = self.0.writer.lock().unwrap_or_else(PoisonError::into_inner);
        change(writer.transaction_with_behavior(TransactionBehavior::Immediate)?)
    }
}

impl Tx<'_> {
    /// The moment of the decision (UTC).
    pub fn now(&self) -> Timestamp {
        self.now
    }

    /// Who decides.
    pub fn actor(&self) -> &Actor {
        &self.actor
    }

    /// Writes an entry into the audit log.
    ///
    /// # Errors
    /// When it cannot be written.
    pub fn log(&mut self, entry: &Entry<'_>) -> Result<(), RecordError> {
        audit::append(&self.transaction, &self.actor, self.now, entry)?;
        self.logged += 1;
        Ok(())
    }
}

impl<'a> std::ops::Deref for Tx<'a> {
    type Target = Transaction<'a>;

    fn deref(&self) -> &Transaction<'a> {
        &self.transaction
    }
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, RecordError> {
    let connection = Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX)?;
    connection.busy_timeout(BUSY)?;
    connection.pragma_update(None, "foreign_keys", "ON")?;
    connection.pragma_update(None, "trusted_schema", "OFF")?;
    Ok(connection)
}

/// Applies the steps that the file has not seen, each as a whole.
fn migrate(connection: &mut Connection) -> Result<(), RecordError> {
    let known = i64::try_from(MIGRATIONS.len()).expect("the steps are few");
    let found: i64 = connection.pragma_query_value(None, "user_version", |row| row.get(0))?;
    if found > known {
        return Err(RecordError::Newer { found, known });
    }
    for (version, sql) in (1..).zip(MIGRATIONS).filter(|(version, _)| *version > found) {
        let transaction = connection.transaction_with_behavior(TransactionBehavior::Immediate)?;
        transaction.execute_batch(sql)?;
        transaction.pragma_update(None, "user_version", version)?;
        transaction.commit()?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::audit::Part;

    fn entry(subject: &str) -> Entry<'_> {
        Entry::new(Part::Public, "test.done", "test", subject).because("to see it")
    }

    #[test]
    fn a_decision_without_an_entry_is_not_kept() {
        let folder = tempfile::tempdir().unwrap();
        let record = Record::open(folder.path()).unwrap();
        let now = Timestamp::UNIX_EPOCH;
        let silent = record.decide_now(Actor::Operator, now, |tx| {
            tx.execute("INSERT INTO accounts (id, name, role, created_at) VALUES ('1', 'A', 'admin', 0)", [])?;
            Ok(())
        });
        assert!(matches!(silent, Err(RecordError::Unlogged)), "{silent:?}");
        let accounts: i64 =
            record.read_now(|db| Ok(db.query_row("SELECT count(*) FROM accounts", [], |row| row.get(0))?)).unwrap();
        assert_eq!(accounts, 0);
        record.decide_now(Actor::Operator, now, |tx| tx.log(&entry("1"))).unwrap();
    }

    #[test]
    fn a_copy_made_while_in_use_is_whole_and_opens() {
        let folder = tempfile::tempdir().unwrap();
        let record = Record::open(folder.path()).unwrap();
        for subject in ["1", "2", "3"] {
            record.decide_now(Actor::Operator, Timestamp::UNIX_EPOCH, |tx| tx.log(&entry(subject))).unwrap();
        }
        let other = tempfile::tempdir().unwrap();
        record.back_up(&other.path().join(FILE)).unwrap();
        assert!(record.back_up(&other.path().join(FILE)).is_err(), "nothing is written over");
        let restored = Record::open(other.path()).unwrap();
        assert_eq!(restored.read_now(audit::verify).unwrap().entries, 3);
    }

    #[test]
    fn processes_that_start_at_once_make_one_record() {
        for _ in 0..20 {
            let folder = tempfile::tempdir().unwrap();
            std::thread::scope(|scope| {
                for _ in 0..6 {
                    scope.spawn(|| Record::open(folder.path()).unwrap());
                }
            });
            assert_eq!(Record::open(folder.path()).unwrap().read_now(audit::verify).unwrap().entries, 0);
        }
    }

    #[test]
    fn a_file_of_a_newer_version_is_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        drop(Record::open(folder.path()).unwrap());
        Connection::open(folder.path().join(FILE)).unwrap().pragma_update(None, "user_version", 999).unwrap();
        let error = Record::open(folder.path()).unwrap_err();
        assert!(matches!(error, RecordError::Newer { found: 999, .. }), "{error:?}");
    }
}
