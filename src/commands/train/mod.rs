//! `discovery train`: fits the artefacts in `models/` to labelled texts.

pub mod language;
mod tags;

use anyhow::Result;

use crate::cli::{Global, Train};

/// Runs the training that was asked for.
///
/// # Errors
/// When a file cannot be read or the artefact not be written.
pub fn execute(global: &Global, train: &Train) -> Result<()> {
    match train {
        Train::Language(args) => language::execute(args),
        Train::Sentiment(args) => tags::sentiment(global, args),
        Train::Topics(args) => tags::topics(global, args),
    }
}
