//! The search grammar: what a person types, as a tree.

use thiserror::Error;

/// Why a query cannot be read. Positions count characters from 1.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message} (at character {position})")]
pub struct QueryError {
    /// What is wrong and how to mend it, in plain words.
    pub message: String,
    /// Where.
    pub position: usize,
}
