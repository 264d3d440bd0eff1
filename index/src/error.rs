//! What can go wrong with the index on disk.

use std::fmt::Display;
use std::path::Path;

use tantivy::TantivyError;
use tantivy::directory::error::{LockError, OpenReadError};
use thiserror::Error;

/// Why the index cannot be used, by what the user can do.
#[derive(Debug, Error)]
pub enum IndexError {
    /// Tantivy or the disk failed; what was committed is safe.
    #[error(
        "the index in {path} failed: {reason}; free some space or check the disk, then start Discovery again: nothing that was accepted is lost"
    )]
    Store {
        /// The index directory.
        path: String,
        /// The cause in its own words.
        reason: String,
    },
    /// Another writer, here or in another process.
    #[error(
        "the index in {path} is being written by another process: stop it, or choose another data directory with --data-dir"
    )]
    Locked {
        /// The index directory.
        path: String,
    },
    /// There is no index to read.
    #[error(
        "there is no index in {path} yet: start `discovery run` or `discovery index` with the same --data-dir first"
    )]
    Absent {
        /// The index directory.
        path: String,
    },
    /// Written by a version of Discovery that this one does not know.
    #[error(
        "the index in {path} was written by a newer Discovery (index format {found}, this one knows {known}): upgrade Discovery, or choose another data directory with --data-dir"
    )]
    Newer {
        /// The index directory.
        path: String,
        /// The format found.
        found: u32,
        /// The format this program writes.
        known: u32,
    },
    /// Written by an older version of Discovery, or by another program.
    #[error(
        "the index in {path} has a format that this Discovery no longer reads: remove this directory and start Discovery again; the index is then built anew from the bus"
    )]
    Outdated {
        /// The index directory.
        path: String,
    },
    /// The files are not what was written.
    #[error(
        "the index in {path} is damaged ({reason}): remove this directory and start Discovery again; the index is then built anew from the bus"
    )]
    Damaged {
        /// The index directory.
        path: String,
        /// What was found.
        reason: String,
    },
}

impl IndexError {
    /// A failure of the disk or of Tantivy.
    pub(crate) fn store(dir: &Path, reason: &impl Display) -> Self {
        Self::Store { path: dir.display().to_string(), reason: reason.to_string() }
    }

    /// The index is not what was written.
    pub(crate) fn damaged(dir: &Path, reason: impl Display) -> Self {
        Self::Damaged { path: dir.display().to_string(), reason: reason.to_string() }
    }

    /// Tantivy's error by what the user can do about it.
    pub(crate) fn from_tantivy(dir: &Path, error: &TantivyError) -> Self {
        match error {
            TantivyError::LockFailure(LockError::LockBusy, _) => Self::Locked { path: dir.display().to_string() },
            TantivyError::IncompatibleIndex(_) | TantivyError::OpenReadError(OpenReadError::IncompatibleIndex(_)) => {
                Self::Outdated { path: dir.display().to_string() }
            }
            TantivyError::DataCorruption(_)
            | TantivyError::OpenReadError(OpenReadError::FileDoesNotExist(_))
            | TantivyError::SchemaError(_) => Self::damaged(dir, error),
            _ => Self::store(dir, error),
        }
    }
}
