//! What can go wrong with the record, by what the caller can do about it.

use thiserror::Error;

/// Why something is not written or read.
#[derive(Debug, Error)]
pub enum RecordError {
    /// What was asked for cannot be done, and the sentence says what to do instead.
    #[error("{0}")]
    Refused(String),
    /// Somebody else changed the same thing in the meantime.
    #[error("somebody else changed this in the meantime: look at what they wrote, and make your change again")]
    Changed,
    /// Nothing has this id.
    #[error("nothing has this id, or no longer")]
    NotFound,
    /// A change would have left no entry in the audit log. That is a fault of this program.
    #[error("a decision was about to be kept without an entry in the audit log")]
    Unlogged,
    /// The file was written by a newer version of this program.
    #[error(
        "the record was written by a newer version of discovery (its version is {found}, this one knows {known}): use that version"
    )]
    Newer {
        /// The file's version.
        found: i64,
        /// The newest version that is known here.
        known: i64,
    },
    /// The file cannot be read or written.
    #[error("the record cannot be read or written: {0}")]
    Store(#[from] rusqlite::Error),
    /// Nobody's turn can be kept in the folder of the file.
    #[error("the record cannot be opened: {0}; make its folder one that Discovery may write to")]
    Folder(#[from] std::io::Error),
    /// The work was stopped half way; nothing of it was kept.
    #[error("the work on the record was stopped; nothing was changed")]
    Stopped,
}

impl RecordError {
    /// A refusal with this sentence.
    pub fn refused(sentence: impl Into<String>) -> Self {
        Self::Refused(sentence.into())
    }
}
