//! The data directory: one process works in it at a time, and its format is known.

use std::fs::{self, File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, Write};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicU32, Ordering};

use crate::log::BusError;

/// The format of the data directory that this version writes, and the newest that it reads.
pub const FORMAT: u32 = 1;

const FORMAT_FILE: &str = "FORMAT";
const LOCK_FILE: &str = "LOCK";

/// A part of the data directory that one process works in, while others may work in the other parts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// The state of collection.
    Ingest,
    /// The search index and the trends.
    Index,
}

impl Part {
    /// Every part: what a process that runs all stages claims.
    pub const ALL: [Self; 2] = [Self::Ingest, Self::Index];

    fn lock_file(self) -> &'static str {
        match self {
            Self::Ingest => "LOCK.ingest",
            Self::Index => "LOCK.index",
        }
    }
}

/// A data directory that belongs to this process until the value is dropped or the process ends, however it ends.
#[derive(Debug)]
pub struct DataDir {
    path: PathBuf,
    /// A lock lies on its open file and goes with it, so that no process can leave a stale one behind.
    _locks: Vec<File>,
}

impl DataDir {
    /// Claims the directory at `path`, creating it where there is none.
    ///
    /// # Errors
    /// * [`BusError::InUse`] when another process has claimed it; names that process.
    /// * [`BusError::NewerFormat`] when a newer version has written it.
    /// * [`BusError::Storage`] when it cannot be created or written.
    pub fn claim(path: &Path) -> Result<Self, BusError> {
        fs::create_dir_all(path).map_err(|error| storage(path, &error))?;
        let lock = lock(path, LOCK_FILE, File::try_lock)?;
        check_format(path)?;
        Ok(Self { path: path.to_owned(), _locks: vec![lock] })
    }

    /// Claims only `parts` of the directory, for a process whose log is elsewhere. While any part of it is claimed, nobody can
    /// claim the directory as a whole.
    ///
    /// # Errors
    /// Those of [`DataDir::claim`].
    pub fn claim_parts(path: &Path, parts: &[Part]) -> Result<Self, BusError> {
        fs::create_dir_all(path).map_err(|error| storage(path, &error))?;
        let mut locks = vec![lock(path, LOCK_FILE, File::try_lock_shared)?];
        for part in parts {
            locks.push(lock(path, part.lock_file(), File::try_lock)?);
        }
        check_format(path)?;
        Ok(Self { path: path.to_owned(), _locks: locks })
    }

    /// The directory itself.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// Where the embedded log lies.
    pub fn bus(&self) -> PathBuf {
        self.path.join("bus")
    }

    /// Where the search index lies.
    pub fn index(&self) -> PathBuf {
        self.path.join("index")
    }

    /// Where the trend detector keeps its state.
    pub fn trends(&self) -> PathBuf {
        self.path.join("trends")
    }

    /// Where collection keeps its cursors and the health of its sources.
    pub fn ingest(&self) -> PathBuf {
        self.path.join("ingest")
    }
}

/// Takes the lock, and writes the id of this process for others to read.
fn lock(dir: &Path, name: &str, take: impl FnOnce(&File) -> Result<(), TryLockError>) -> Result<File, BusError> {
    let path = dir.join(name);
    let failed = |error| storage(&path, &error);
    let mut file =
        OpenOptions::new().read(true).write(true).create(true).truncate(false).open(&path).map_err(failed)?;
    match take(&file) {
        Ok(()) => {}
        Err(TryLockError::WouldBlock) => {
            return Err(BusError::InUse { path: dir.display().to_string(), owner: owner(&mut file) });
        }
        Err(TryLockError::Error(error)) => return Err(failed(error)),
    }
    file.set_len(0).map_err(failed)?;
    file.rewind().map_err(failed)?;
    writeln!(file, "{}", std::process::id()).map_err(failed)?;
    Ok(file)
}

/// Who holds the lock, in words.
fn owner(file: &mut File) -> String {
    let mut content = String::new();
    // The id has at most ten digits; whatever else the file holds is not ours to print.
    let read = file.take(16).read_to_string(&mut content);
    match (read, content.trim().parse::<u32>()) {
        (Ok(_), Ok(pid)) => format!("process {pid}"),
        _ => "process unknown".to_owned(),
    }
}

fn check_format(dir: &Path) -> Result<(), BusError> {
    let path = dir.join(FORMAT_FILE);
    let content = match fs::read_to_string(&path) {
        Ok(content) => content,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return write_format(dir, &path),
        Err(error) => return Err(storage(&path, &error)),
    };
    match content.trim().parse::<u32>() {
        Ok(found) if found > FORMAT => {
            Err(BusError::NewerFormat { path: dir.display().to_string(), found, known: FORMAT })
        }
        Ok(_) => Ok(()),
        Err(_) => Err(BusError::Damaged {
            path: dir.display().to_string(),
            reason: format!("its file {FORMAT_FILE} does not hold a version number"),
        }),
    }
}

/// Writes the format under another name first, so that a crash leaves either no file or a whole one. The name is nobody else's: the
/// processes of a new directory start at the same time.
fn write_format(dir: &Path, path: &Path) -> Result<(), BusError> {
    static DRAFTS: AtomicU32 = AtomicU32::new(0);
    let draft = dir.join(format!("FORMAT.{}.{}", std::process::id(), DRAFTS.fetch_add(1, Ordering::Relaxed)));
    let write = || {
        let mut file = File::create(&draft)?;
        writeln!(file, "{FORMAT}")?;
        file.sync_all()?;
        fs::rename(&draft, path)?;
        File::open(dir)?.sync_all()
    };
    write().map_err(|error| storage(path, &error))
}

fn storage(path: &Path, error: &io::Error) -> BusError {
    BusError::Storage { path: path.display().to_string(), reason: error.to_string() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_second_claim_names_the_owner_and_a_dropped_one_is_free_again() {
        let dir = tempfile::tempdir().unwrap();
        let first = DataDir::claim(dir.path()).unwrap();
        let error = DataDir::claim(dir.path()).unwrap_err();
        let BusError::InUse { owner, .. } = &error else { panic!("{error}") };
        assert_eq!(*owner, format!("process {}", std::process::id()));
        drop(first);
        DataDir::claim(dir.path()).unwrap();
    }

    #[test]
    fn processes_that_start_at_once_find_a_new_directory_in_order() {
        for _ in 0..50 {
            let dir = tempfile::tempdir().unwrap();
            std::thread::scope(|scope| {
                for _ in 0..8 {
                    scope.spawn(|| DataDir::claim_parts(dir.path(), &[]).unwrap());
                }
            });
            assert_eq!(fs::read_to_string(dir.path().join(FORMAT_FILE)).unwrap(), format!("{FORMAT}\n"));
        }
    }

    #[test]
    fn parts_are_claimed_apart_and_never_with_the_whole() {
        let dir = tempfile::tempdir().unwrap();
        let ingest = DataDir::claim_parts(dir.path(), &[Part::Ingest]).unwrap();
        let index = DataDir::claim_parts(dir.path(), &[Part::Index]).unwrap();
        assert!(matches!(DataDir::claim_parts(dir.path(), &Part::ALL), Err(BusError::InUse { .. })));
        assert!(matches!(DataDir::claim(dir.path()), Err(BusError::InUse { .. })));
        drop((ingest, index));
        let _whole = DataDir::claim(dir.path()).unwrap();
        assert!(matches!(DataDir::claim_parts(dir.path(), &[]), Err(BusError::InUse { .. })));
    }

    #[test]
    fn what_a_dead_process_left_in_the_lock_file_does_not_count() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(LOCK_FILE), "4294967295 and more\n").unwrap();
        let _claimed = DataDir::claim(dir.path()).unwrap();
        let content = fs::read_to_string(dir.path().join(LOCK_FILE)).unwrap();
        assert_eq!(content, format!("{}\n", std::process::id()));
    }

    #[test]
    fn a_newer_format_is_refused_and_not_touched() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FORMAT_FILE), "99\n").unwrap();
        let error = DataDir::claim(dir.path()).unwrap_err();
        assert!(matches!(error, BusError::NewerFormat { found: 99, known: FORMAT, .. }), "{error}");
        assert_eq!(fs::read_to_string(dir.path().join(FORMAT_FILE)).unwrap(), "99\n");
    }

    #[test]
    fn an_unreadable_format_is_damage_and_a_file_in_the_way_is_named() {
        let dir = tempfile::tempdir().unwrap();
        fs::write(dir.path().join(FORMAT_FILE), "new\n").unwrap();
        assert!(matches!(DataDir::claim(dir.path()), Err(BusError::Damaged { .. })));
        let file = dir.path().join("file");
        fs::write(&file, "").unwrap();
        let message = DataDir::claim(&file).unwrap_err().to_string();
        assert!(message.starts_with(&format!("cannot write to {}", file.display())), "{message}");
    }

    #[test]
    fn the_format_survives_a_second_claim() {
        let dir = tempfile::tempdir().unwrap();
        drop(DataDir::claim(dir.path()).unwrap());
        let again = DataDir::claim(dir.path()).unwrap();
        assert_eq!(fs::read_to_string(dir.path().join(FORMAT_FILE)).unwrap(), "1\n");
        assert_eq!(again.bus(), dir.path().join("bus"));
    }
}
