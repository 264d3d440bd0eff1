//! `discovery train`: fits the artefacts in `models/` to labelled texts.

pub mod language;

use anyhow::Result;

use crate::cli::Train;

/// Runs the training that was asked for.
///
/// # Errors
/// When a file cannot be read or the artefact not be written.
pub fn execute(train: &Train) -> Result<()> {
    match train {
        Train::Language(args) => language::execute(args),
    }
}
