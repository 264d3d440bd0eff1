//! What can go wrong with trends.

use std::path::PathBuf;

use bus::BusError;
use thiserror::Error;

/// Why trends stopped, by what the user can do.
#[derive(Debug, Error)]
pub enum TrendsError {
    /// The bus failed.
    #[error(transparent)]
    Bus(#[from] BusError),
    /// The state was computed from another log than the one that is there now.
    #[error("the trends in {} were computed from another log ({reason}): restore the matching log, or remove the file so that they are computed anew", path.display())]
    OtherLog {
        /// The file of the state.
        path: PathBuf,
        /// What is different.
        reason: String,
    },
    /// The disk is full, or gone, or says no.
    #[error("cannot write {}: {reason}; free some space or check the disk, then start Discovery again", path.display())]
    Disk {
        /// The file.
        path: PathBuf,
        /// The system's own words.
        reason: String,
    },
    /// The last list, written by another process, cannot be read.
    #[error("the list of trends in {} cannot be read ({reason}): it is written anew within minutes while `discovery index` or `discovery run` is running", path.display())]
    List {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
    /// The detector itself failed.
    #[error("computing trends failed: {0}")]
    Computing(String),
}

/// Why a saved state cannot be used. It can always be computed again from the beginning of the bus.
#[derive(Debug, Error)]
pub enum StateError {
    /// A newer version wrote it.
    #[error("{} was written by a newer Discovery (format {found}, this one knows {known})", path.display())]
    Newer {
        /// The file.
        path: PathBuf,
        /// The format found there.
        found: u32,
        /// The newest format that this version can read.
        known: u32,
    },
    /// It is not what was written, or cannot be read.
    #[error("{} is damaged: {reason}", path.display())]
    Damaged {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        reason: String,
    },
}

/// Why a list cannot be computed again.
#[derive(Debug, Error)]
pub enum ReplayError {
    /// There is no such snapshot.
    #[error("there is no snapshot {}: `discovery trends list` names those that are kept", path.display())]
    Missing {
        /// The file.
        path: PathBuf,
    },
    /// Another version of the algorithm made it.
    #[error("the list was made by {made_by}, and this program is {known}: use Discovery {version}, which made it")]
    OtherMethod {
        /// The method of the list.
        made_by: String,
        /// The method of this program, under the configuration of the list.
        known: String,
        /// The version of Discovery that made the list.
        version: String,
    },
    /// It cannot be read.
    #[error(transparent)]
    Unreadable(#[from] StateError),
}
