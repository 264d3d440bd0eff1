//! `discovery eval`: how good each part is, on labelled data that the user brings.

pub mod feeds;
pub mod labelled;
pub mod language;
pub mod redaction;
mod tags;
pub mod trends;

use anyhow::Result;

use crate::cli::{Eval, Global};

/// Runs the evaluation that was asked for.
///
/// # Errors
/// When the files cannot be read.
pub fn execute(global: &Global, eval: &Eval) -> Result<()> {
    match eval {
        Eval::Language(args) => language::execute(global, args),
        Eval::Redaction(args) => redaction::execute(args),
        Eval::Feeds(args) => feeds::execute(args),
        Eval::Trends(args) => trends::execute(global, args),
        Eval::Sentiment(args) => tags::sentiment(global, args),
        Eval::Topics(args) => tags::topics(global, args),
    }
}
