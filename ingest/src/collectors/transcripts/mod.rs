//! A folder into which transcripts of meetings, forms and e-mails are put; `documents` reads them.

mod collect;
mod config;
mod folder;

use std::fs;
use std::io::Read;
use std::path::Path;

pub use self::collect::TranscriptCollector;
pub use self::config::TranscriptsConfig;
use crate::documents::MAX_FILE_BYTES;

/// More of a sidecar is not read.
const MAX_SIDECAR_BYTES: u64 = 64 << 10;

/// A file's bytes and those of its sidecar.
pub(crate) struct Raw {
    pub(crate) bytes: Vec<u8>,
    pub(crate) sidecar: Option<String>,
}

/// Reads the file at `path` and its sidecar, within limits.
///
/// # Errors
/// Plain words, to be put after the file's name.
pub(crate) fn load(path: &Path) -> Result<Raw, String> {
    let sidecar = match folder::sidecar(path) {
        Some(path) => Some(String::from_utf8_lossy(&read_at_most(&path, MAX_SIDECAR_BYTES)?).into_owned()),
        None => None,
    };
    Ok(Raw { bytes: read_at_most(path, MAX_FILE_BYTES)?, sidecar })
}

fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let failed = |error: std::io::Error| format!("cannot be read: {error}");
    let file = fs::File::open(path).map_err(failed)?;
    let size = file.metadata().map_err(failed)?.len();
    let mut bytes = Vec::new();
    if size <= limit {
        // It may grow while we read.
        file.take(limit + 1).read_to_end(&mut bytes).map_err(failed)?;
    }
    if size > limit || bytes.len() as u64 > limit {
        return Err(format!("is larger than {}: split it", if limit < 1 << 20 { "64 KiB" } else { "25 MiB" }));
    }
    Ok(bytes)
}

#[cfg(test)]
mod tests;
