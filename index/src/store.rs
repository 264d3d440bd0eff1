//! The Tantivy index on disk: opened once, read by many, written by one.

use std::path::Path;

use bus::{Change, Enriched, Offsets};
use thiserror::Error;

use crate::search::Searcher;

/// The index in its directory.
pub struct Index {}

/// Why the index cannot be used, by what the user can do.
#[derive(Debug, Error)]
pub enum IndexError {
    /// Tantivy or the disk failed.
    #[error("the index in {path} failed: {reason}")]
    Store {
        /// The index directory.
        path: String,
        /// The cause in its own words.
        reason: String,
    },
}

impl Index {
    /// Opens the index in `dir`, or makes an empty one.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn open(_dir: &Path) -> Result<Self, IndexError> {
        unimplemented!()
    }

    /// For searching and for single posts.
    pub fn searcher(&self) -> Searcher {
        unimplemented!()
    }

    /// The one writer.
    ///
    /// # Errors
    /// [`IndexError`] when there is another one.
    pub fn writer(&self) -> Result<IndexWriter, IndexError> {
        unimplemented!()
    }
}

/// The one writer of an index.
pub struct IndexWriter {}

impl IndexWriter {
    /// The offsets of the last commit: where reading goes on.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn offsets(&self) -> Result<Offsets, IndexError> {
        unimplemented!()
    }

    /// Applies one change; it is searchable after the next commit.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn apply(&mut self, _change: &Change<Enriched>) -> Result<(), IndexError> {
        unimplemented!()
    }

    /// Makes all changes durable and searchable, with `offsets` in the same commit.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn commit(&mut self, _offsets: &Offsets) -> Result<(), IndexError> {
        unimplemented!()
    }
}
