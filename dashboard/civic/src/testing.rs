//! What the tests of this crate share: a record in a folder of its own, and people.

use jiff::Timestamp;
use rusqlite::Connection;
use tempfile::TempDir;

use crate::account::{self, Account};
use crate::audit::Actor;
use crate::error::RecordError;
use crate::role::Role;
use crate::store::{Record, Tx};

/// A record, gone when dropped.
pub struct World {
    folder: TempDir,
    pub record: Record,
}

impl World {
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        Self { record: Record::open(folder.path()).unwrap(), folder }
    }

    /// What the operator decides.
    pub fn decide<T>(
        &self,
        now: Timestamp,
        change: impl FnOnce(&mut Tx<'_>) -> Result<T, RecordError>,
    ) -> Result<T, RecordError> {
        self.record.decide_now(Actor::Operator, now, change)
    }

    /// Somebody with this role, who was invited.
    pub fn somebody(&self, name: &str, role: Role, now: Timestamp) -> Account {
        let email = format!("{name}@example.org");
        let (id, _) = self.decide(now, |tx| account::invite(tx, name, &email, role)).unwrap();
        self.record.read_now(|db| account::find(db, &id)).unwrap().unwrap()
    }

    /// Every byte of the files of the record.
    pub fn bytes(&self) -> Vec<u8> {
        // What is only in the log of SQLite is brought into the file first.
        Connection::open(self.record.path()).unwrap().pragma_update(None, "wal_checkpoint", "TRUNCATE").unwrap();
        let files = std::fs::read_dir(self.folder.path()).unwrap();
        files.flat_map(|file| std::fs::read(file.unwrap().path()).unwrap()).collect()
    }
}
