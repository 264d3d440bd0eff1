//! What lies in a watched folder.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::documents::sidecar_names;

/// A file that may be a transcript.
#[derive(Debug)]
pub(super) struct Found {
    /// Its path from the folder, with `/`.
    pub(super) name: String,
    pub(super) path: PathBuf,
    pub(super) stamp: Stamp,
    pub(super) modified: Timestamp,
}

/// What tells whether a file, or the sidecar beside it, may have changed.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Stamp {
    bytes: u64,
    modified_us: i64,
    sidecar_us: i64,
}

/// Folders inside folders are read so deep.
const DEPTH: usize = 4;

/// More files than this are not read.
pub(super) const MAX_FILES: usize = 10_000;

/// The files in `folder` and the folders in it, by name. Hidden files, sidecars and README files are passed over.
pub(super) fn list(folder: &Path) -> io::Result<Vec<Found>> {
    let mut found = Vec::new();
    visit(folder, "", DEPTH, &mut found)?;
    found.sort_by(|a, b| a.name.cmp(&b.name));
    Ok(found)
}

fn visit(folder: &Path, prefix: &str, depth: usize, found: &mut Vec<Found>) -> io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let file_name = entry.file_name().to_string_lossy().into_owned();
        let passed_over = file_name.starts_with(['.', '~'])
            || file_name.to_lowercase().starts_with("readme")
            || Path::new(&file_name).extension().is_some_and(|extension| extension == "toml");
        if passed_over || found.len() > MAX_FILES {
            continue;
        }
        let (path, name) = (entry.path(), format!("{prefix}{file_name}"));
        // A file that vanishes while we look is no fault.
        let Ok(about) = fs::metadata(&path) else { continue };
        if about.is_dir() && depth > 0 {
            visit(&path, &format!("{name}/"), depth - 1, found)?;
        } else if about.is_file() {
            let modified = modified(&about);
            let sidecar = sidecar(&path).and_then(|path| fs::metadata(path).ok());
            let sidecar = sidecar.map(|about| self::modified(&about).as_microsecond());
            let stamp = Stamp {
                bytes: about.len(),
                modified_us: modified.as_microsecond(),
                sidecar_us: sidecar.unwrap_or_default(),
            };
            found.push(Found { name, path, stamp, modified });
        }
    }
    Ok(())
}

/// The file beside `path` that describes the meeting, if there is one.
pub(super) fn sidecar(path: &Path) -> Option<PathBuf> {
    let name = path.file_name()?.to_str()?;
    sidecar_names(name).iter().map(|beside| path.with_file_name(beside)).find(|beside| beside.is_file())
}

fn modified(about: &fs::Metadata) -> Timestamp {
    about.modified().ok().and_then(|at| Timestamp::try_from(at).ok()).unwrap_or(Timestamp::UNIX_EPOCH)
}
