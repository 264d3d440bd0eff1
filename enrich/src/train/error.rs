//! Why training or an evaluation cannot be done.

use std::path::PathBuf;

use bus::config_file::ConfigError;
use thiserror::Error;

use super::labelled::LabelledError;
use crate::transformer::TransformerError;

/// Why training or an evaluation cannot be done.
#[derive(Debug, Error)]
pub enum EvalError {
    /// A labelled file cannot be used.
    #[error(transparent)]
    Labelled(#[from] LabelledError),
    /// The configuration, or a model in it, cannot be used.
    #[error(transparent)]
    Config(#[from] ConfigError),
    /// The examples are too few to learn from, or to judge by.
    #[error("there are too few examples: {0}")]
    TooFew(String),
    /// The transformer tier cannot be used.
    #[error(transparent)]
    Transformer(#[from] TransformerError),
    /// The heads of the fast tier were learned from other files.
    #[error(
        "the fast tier was learned from other files: run `discovery train {0}` with these files first, with --out {1}"
    )]
    OtherFiles(&'static str, String),
    /// The result cannot be written.
    #[error("{}: cannot be written: {reason}", dir.display())]
    Unwritable {
        /// The directory.
        dir: PathBuf,
        /// The system's own words.
        reason: std::io::Error,
    },
}
