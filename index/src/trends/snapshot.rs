//! Snapshots: a list together with all that it was computed from, so that anybody who has the file can compute it again.
//!
//! One is kept for each of the last days: the state of the detector as it was before the list, the configuration, and the list. An
//! erasure takes what is erased out of snapshots too, computes their lists anew, and counts that it did so.

use std::path::{Path, PathBuf};

use jiff::civil::Date;
use jiff::tz::TimeZone;
use jiff::{Timestamp, ToSpan};
use serde::{Deserialize, Serialize};

use bus::{Change, Enriched};

use super::config::TrendsConfig;
use super::detector::Detector;
use super::error::{ReplayError, StateError, TrendsError};
use super::model::TrendList;
use super::sealed::Format;

const FORMAT: Format = Format { name: *b"discsnap", version: 2 };
/// Days whose last snapshot is kept, today counted: as long as the log keeps what was said.
const DAYS_KEPT: i32 = 7;
/// zstd's usual level: a state shrinks to about a third within a second.
const LEVEL: i32 = 3;
const EXTENSION: &str = "snapshot";

/// What a list was, and what it is when it is computed again.
#[derive(Clone, Debug)]
pub struct Replay {
    /// The list as it was shown.
    pub listed: TrendList,
    /// The list computed again.
    pub computed: TrendList,
    /// Posts that it was computed from.
    pub posts: usize,
    /// How many erasures have changed the snapshot since; the list is the one computed after the last of them.
    pub erasures: u32,
}

impl Replay {
    /// Whether the same list came out, and nobody has changed the one that was kept.
    pub fn is_same(&self) -> bool {
        let mut sealed = self.listed.clone();
        sealed.seal();
        sealed.hash == self.listed.hash && self.listed.hash == self.computed.hash
    }
}

/// Where the snapshots of a state directory lie: one file a day, called by its day in Europe/London.
pub fn directory(state_dir: &Path) -> PathBuf {
    state_dir.join("snapshots")
}

/// Computes the list of the snapshot at `path` again.
///
/// # Errors
/// [`ReplayError`] when there is none, or it cannot be read, or another version of the algorithm made it.
pub fn replay(path: &Path) -> Result<Replay, ReplayError> {
    let stored = Stored::read(path)?.ok_or_else(|| ReplayError::Missing { path: path.to_owned() })?;
    let mut detector = stored.detector(path)?;
    let listed = stored.list;
    let method = detector.config().method();
    if listed.method != method {
        return Err(ReplayError::OtherMethod { made_by: listed.method, known: method, version: stored.version });
    }
    let posts = detector.posts();
    let mut computed = detector.list(listed.as_of);
    computed.computed_at = listed.computed_at;
    Ok(Replay { listed, computed, posts, erasures: stored.erasures })
}

/// Keeps `list` as the snapshot of its day: `state` is that of the detector before the list.
///
/// # Errors
/// [`TrendsError`] when it cannot be written; the day's snapshot before is then still there.
pub(super) fn keep(
    state_dir: &Path,
    config: &TrendsConfig,
    state: Vec<u8>,
    list: &TrendList,
) -> Result<(), TrendsError> {
    let directory = directory(state_dir);
    std::fs::create_dir_all(&directory).map_err(|error| disk(&directory, &error))?;
    let day = day_of(list.as_of);
    let stored = Stored {
        version: env!("CARGO_PKG_VERSION").to_owned(),
        config: serde_json::to_string(config).map_err(|error| unwritten(&error))?,
        list: list.clone(),
        erasures: 0,
        state,
    };
    stored.write(&directory.join(format!("{day}.{EXTENSION}")))?;
    let Ok(first) = day.checked_sub((DAYS_KEPT - 1).days()) else { return Ok(()) };
    for path in files(&directory)?.into_iter().filter(|path| named(path).is_some_and(|day| day < first)) {
        std::fs::remove_file(&path).map_err(|error| disk(&path, &error))?;
    }
    Ok(())
}

/// Takes these changes out of every snapshot of `state_dir`, and says how many held something of it. One that cannot be read is removed:
/// nobody could say what it holds.
///
/// # Errors
/// [`TrendsError`] when a snapshot cannot be written or removed.
pub(super) fn erase(state_dir: &Path, changes: &[Change<Enriched>]) -> Result<u64, TrendsError> {
    let directory = directory(state_dir);
    if !directory.is_dir() {
        return Ok(0);
    }
    let mut touched = 0;
    for path in files(&directory)? {
        let opened = Stored::read(&path).map(|stored| stored.map(|stored| (stored.detector(&path), stored)));
        let (Ok(Some((Ok(mut detector), stored))), true) = (opened, named(&path).is_some()) else {
            tracing::warn!(path = %path.display(), "a snapshot of trends that cannot be read is removed, because something is erased");
            std::fs::remove_file(&path).map_err(|error| disk(&path, &error))?;
            touched += 1;
            continue;
        };
        let before = detector.encode()?;
        for change in changes {
            detector.observe(change);
        }
        let state = detector.encode()?;
        if state == before {
            continue;
        }
        let mut list = detector.list(stored.list.as_of);
        list.computed_at = stored.list.computed_at;
        Stored { list, erasures: stored.erasures + 1, state, ..stored }.write(&path)?;
        touched += 1;
    }
    Ok(touched)
}

/// What is in the file.
#[derive(Serialize, Deserialize)]
struct Stored {
    /// The version of Discovery that made it.
    version: String,
    /// The configuration, in JSON.
    config: String,
    list: TrendList,
    erasures: u32,
    /// The state of the detector before the list.
    state: Vec<u8>,
}

impl Stored {
    fn read(path: &Path) -> Result<Option<Self>, StateError> {
        let Some(content) = FORMAT.read(path)? else { return Ok(None) };
        let content = zstd::decode_all(&content[..]).map_err(|error| damaged(path, &error))?;
        postcard::from_bytes(&content).map(Some).map_err(|error| damaged(path, &error))
    }

    fn write(&self, path: &Path) -> Result<(), TrendsError> {
        let content = postcard::to_allocvec(self).map_err(|error| unwritten(&error))?;
        let content = zstd::encode_all(&content[..], LEVEL).map_err(|error| unwritten(&error))?;
        FORMAT.write(path, &content)
    }

    /// The detector before the list.
    fn detector(&self, path: &Path) -> Result<Detector, StateError> {
        let config: TrendsConfig = serde_json::from_str(&self.config).map_err(|error| damaged(path, &error))?;
        Detector::decode(path, &self.state, config)
    }
}

/// The day in Europe/London that a list is of.
fn day_of(as_of: Timestamp) -> Date {
    as_of.to_zoned(TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC)).date()
}

/// The files of `directory`, in the order of their names.
fn files(directory: &Path) -> Result<Vec<PathBuf>, TrendsError> {
    let entries = std::fs::read_dir(directory).map_err(|error| disk(directory, &error))?;
    let paths = entries.map(|entry| entry.map(|entry| entry.path()));
    let mut files = paths.collect::<Result<Vec<_>, _>>().map_err(|error| disk(directory, &error))?;
    files.sort();
    Ok(files)
}

/// The day that a snapshot's name tells.
fn named(path: &Path) -> Option<Date> {
    path.extension().filter(|extension| *extension == EXTENSION)?;
    path.file_stem()?.to_str()?.parse().ok()
}

fn unwritten(error: &impl ToString) -> TrendsError {
    TrendsError::Computing(format!("a snapshot cannot be written down: {}", error.to_string()))
}

fn disk(path: &Path, error: &std::io::Error) -> TrendsError {
    TrendsError::Disk { path: path.to_owned(), reason: error.to_string() }
}

fn damaged(path: &Path, error: &impl ToString) -> StateError {
    StateError::Damaged { path: path.to_owned(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use tempfile::{TempDir, tempdir};

    use super::*;
    use crate::testing::{author_key, post};

    const AS_OF: &str = "2026-11-02T09:00:00Z";

    /// Twenty days of talk in which, since yesterday, many ask for one thing.
    fn detector() -> Detector {
        let mut detector = Detector::new(TrendsConfig::default());
        let now: Timestamp = AS_OF.parse().unwrap();
        let said = (0..400).map(|n| (n, n * 72, format!("word{} word{} talk", n % 37, n % 41)));
        let asked = (1_000..1_040).map(|n| (n, (n - 1_000) / 2, format!("no{} insulin pens at {}", n % 7, n % 11)));
        for (number, minutes_20, text) in said.chain(asked) {
            let at = now - jiff::SignedDuration::from_mins(i64::try_from(minutes_20).unwrap() * 20 % 41_000);
            let built = post(number).author(number).at(at).text(&text).build();
            detector.observe(&Change::Upsert(built));
        }
        detector
    }

    fn kept() -> (TempDir, PathBuf, TrendList) {
        let dir = tempdir().unwrap();
        let mut detector = detector();
        let state = detector.encode().unwrap();
        let list = detector.list(AS_OF.parse().unwrap());
        assert!(!list.issues.is_empty() || !list.held.is_empty(), "there is something to compare");
        keep(dir.path(), detector.config(), state, &list).unwrap();
        let path = directory(dir.path()).join("2026-11-02.snapshot");
        (dir, path, list)
    }

    #[test]
    fn a_list_is_computed_again_from_its_snapshot() {
        let (_dir, path, list) = kept();
        let replay = replay(&path).unwrap();
        assert!(replay.is_same());
        assert_eq!((replay.computed.hash, replay.posts), (list.hash, 440));
    }

    #[test]
    fn a_list_that_somebody_changed_does_not_come_out_again() {
        let (_dir, path, _) = kept();
        let mut stored = Stored::read(&path).unwrap().unwrap();
        stored.list.days_seen += 1;
        stored.write(&path).unwrap();
        assert!(!replay(&path).unwrap().is_same());
    }

    #[test]
    fn what_another_algorithm_made_is_named() {
        let (_dir, path, _) = kept();
        let mut stored = Stored::read(&path).unwrap().unwrap();
        stored.list.method = stored.list.method.replace("voices-nb/", "voices-nb/0");
        stored.write(&path).unwrap();
        let error = replay(&path).unwrap_err();
        assert!(matches!(error, ReplayError::OtherMethod { .. }), "{error}");
        assert!(matches!(replay(Path::new("/nowhere/x.snapshot")).unwrap_err(), ReplayError::Missing { .. }));
    }

    #[test]
    fn what_is_erased_is_in_no_snapshot_and_the_list_comes_out_again_without_it() {
        let (dir, path, before) = kept();
        let nobody = [Change::EraseAuthor(author_key(99_999))];
        assert_eq!(erase(dir.path(), &nobody).unwrap(), 0);
        let people: Vec<_> = (1_000..1_020).map(|author| Change::EraseAuthor(author_key(author))).collect();
        assert_eq!(erase(dir.path(), &people).unwrap(), 1);
        let after = replay(&path).unwrap();
        assert!(after.is_same());
        assert_eq!((after.posts, after.erasures), (420, 1));
        assert_ne!(after.computed.hash, before.hash);
        std::fs::write(directory(dir.path()).join("2026-11-01.snapshot"), b"x").unwrap();
        assert_eq!(erase(dir.path(), &nobody).unwrap(), 1);
        assert_eq!(files(&directory(dir.path())).unwrap(), [path]);
    }

    #[test]
    fn a_week_is_kept() {
        let (dir, path, mut list) = kept();
        let config = TrendsConfig::default();
        let state = Detector::new(config.clone()).encode().unwrap();
        list.as_of = "2026-11-08T23:00:00Z".parse().unwrap();
        keep(dir.path(), &config, state.clone(), &list).unwrap();
        assert!(path.exists());
        list.as_of = "2026-11-09T00:00:00Z".parse().unwrap();
        keep(dir.path(), &config, state, &list).unwrap();
        assert!(!path.exists());
    }
}
