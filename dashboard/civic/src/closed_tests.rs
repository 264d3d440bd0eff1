//! Tests of closing an account: a byte search of the files, a walk through every table, and what stays counted.

use std::path::Path;

use jiff::Timestamp;

use super::*;
use crate::audit::{self, Actor};
use crate::gather::{Decision, Evidence, FlagId, FlagState, GatherConfig, NewFlag};
use crate::session;

const CANARY: &str = "quokkanary";

fn now() -> Timestamp {
    Timestamp::from_second(1_700_000_000).unwrap()
}

struct World {
    folder: tempfile::TempDir,
    record: Record,
}

impl World {
    fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let record = Record::open(folder.path()).unwrap();
        Self { folder, record }
    }

    fn decide<T>(&self, change: impl FnOnce(&mut Tx<'_>) -> Result<T, RecordError>) -> Result<T, RecordError> {
        self.record.decide_now(Actor::Operator, now(), change)
    }

    fn somebody(&self, name: &str, role: Role) -> AccountId {
        let email = format!("{name}@example.org");
        self.decide(|tx| account::invite(tx, name, &email, role)).unwrap().0
    }

    fn flag(&self, by: &AccountId, words: &str) -> FlagId {
        let flag = NewFlag { want: words.to_owned(), because: words.to_owned(), evidence: Evidence::None };
        self.decide(|tx| {
            let id = gather::raise(tx, &GatherConfig::default(), by, &flag)?;
            gather::decide(tx, &id, 1, &Decision::Publish, "within remit")?;
            Ok(id)
        })
        .unwrap()
    }
}

/// The files in `dir` that hold the canary's word, in whatever case.
fn traces(dir: &Path) -> Vec<String> {
    let names = std::fs::read_dir(dir).unwrap().map(|entry| entry.unwrap().path());
    names
        .filter(|path| {
            let bytes = std::fs::read(path).unwrap().to_ascii_lowercase();
            bytes.windows(CANARY.len()).any(|window| window == CANARY.as_bytes())
        })
        .map(|path| path.display().to_string())
        .collect()
}

#[tokio::test]
async fn of_a_closed_account_no_file_keeps_a_word_and_no_table_but_the_log_its_id() {
    let world = World::new();
    let (canary, other) = (world.somebody(CANARY, Role::Public), world.somebody("other", Role::Public));
    session::open(&world.record, &canary, now()).await.unwrap();
    let (alone, shared) = (world.flag(&canary, &format!("{CANARY} alone")), world.flag(&canary, "a bench for all"));
    let theirs = world.flag(&other, "a garden");
    world
        .decide(|tx| {
            gather::support(tx, &shared, &other)?;
            gather::support(tx, &theirs, &canary)?;
            gather::comment(tx, &theirs, &canary, &format!("my {CANARY} would like it"))
        })
        .unwrap();
    // Somebody reads while it is written, so that the log of writes is not empty.
    world
        .record
        .read_now(|db| Ok(db.query_row("SELECT count(*) FROM flags", [], |row| row.get::<_, i64>(0))?))
        .unwrap();
    assert!(!traces(world.folder.path()).is_empty(), "the search finds what is there");

    let (certificate, closed) = world.decide(|tx| close(tx, &canary, "they asked for it")).unwrap();
    scrub(&world.record).await.unwrap();
    assert_eq!(traces(world.folder.path()), Vec::<String>::new());
    let expected =
        Closed { accounts: 1, flags_withdrawn: 1, flags_kept: 1, comments: 1, supports: 3, votes_and_approvals: 0 };
    assert_eq!(closed, expected);
    let flag = |id: &FlagId| world.record.read_now(|db| gather::find(db, id)).unwrap().unwrap();
    assert_eq!((flag(&alone).state, flag(&alone).online), (FlagState::Refused, 0));
    assert_eq!((flag(&shared).want.as_str(), flag(&shared).online), ("a bench for all", 1));
    assert_eq!((flag(&shared).because.as_str(), flag(&shared).raised_by.clone()), ("", None));
    assert_eq!(flag(&theirs).online, 1);
    assert!(holders(&world.record, canary.as_str()).iter().all(|table| table == "audit"));
    let kept = world.record.read_now(|db| erasures::find(db, &certificate)).unwrap().unwrap();
    assert!(!kept.certificate.unwrap().to_string().contains(canary.as_str()), "it names nobody");
    world.record.read_now(audit::verify).unwrap();
}

#[test]
fn a_backup_that_brings_an_account_back_is_cleaned_again_and_the_last_administrator_stays() {
    let world = World::new();
    let (canary, admin) = (world.somebody(CANARY, Role::Viewer), world.somebody("boss", Role::Admin));
    let backup = tempfile::tempdir().unwrap();
    world.record.back_up(&backup.path().join(crate::FILE)).unwrap();
    world.decide(|tx| close(tx, &canary, "they asked for it")).unwrap();
    let last = world.decide(|tx| close(tx, &admin, "they asked for it"));
    assert!(last.unwrap_err().to_string().contains("last administrator"));
    let erased = world.record.read_now(erased::all).unwrap();

    let restored = Record::open(backup.path()).unwrap();
    let again = |tx: &mut Tx<'_>| {
        let closed = close_again(tx, &erased.accounts)?;
        erased::note(tx, &erased, "a restored backup was cleaned again")?;
        Ok(closed)
    };
    assert_eq!(restored.decide_now(Actor::Operator, now(), again).unwrap(), 1);
    restored.scrub().unwrap();
    assert_eq!(traces(backup.path()), Vec::<String>::new());
    assert_eq!(restored.decide_now(Actor::Operator, now(), again).unwrap(), 0, "again is no fault");
}

/// The tables with a column of text in which this stands.
fn holders(record: &Record, text: &str) -> Vec<String> {
    let found = record.read_now(|db| {
        let tables = db
            .prepare("SELECT name FROM sqlite_schema WHERE type = 'table'")?
            .query_map([], |row| row.get(0))?
            .collect::<Result<Vec<String>, _>>()?;
        let mut found = Vec::new();
        for table in tables {
            let columns = db
                .prepare(&format!("SELECT name FROM pragma_table_info('{table}')"))?
                .query_map([], |row| row.get(0))?
                .collect::<Result<Vec<String>, _>>()?;
            for column in columns {
                let sql = format!("SELECT EXISTS (SELECT 1 FROM {table} WHERE instr({column}, ?1) > 0)");
                if db.query_row(&sql, [text], |row| row.get(0))? {
                    found.push(table.clone());
                }
            }
        }
        Ok(found)
    });
    found.unwrap()
}
