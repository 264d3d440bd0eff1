//! `discovery source`: the sources are listed, tried, added to, and exchanged with other programs.

mod add;
mod export;
mod file;
mod import;
mod list;
pub mod test;

use anyhow::Result;
use clap::Subcommand;

use crate::cli::Global;

#[derive(Clone, Debug, Subcommand)]
pub enum Source {
    /// Find out what an address is, try it, and add it to sources.toml
    Add(add::Add),
    /// Print the feeds among the sources as a list (OPML) for other programs
    Export(export::Export),
    /// Add the feeds of a list (OPML) that another program wrote
    Import(import::Import),
    /// List the sources, and how each was doing when it was last collected
    List(list::List),
    /// Collect from a source once, say what would come, and keep nothing
    Test(test::Test),
}

/// Does what `command` says.
///
/// # Errors
/// When the configuration is wrong, or what was asked for could not be done; the message says what to do next.
pub async fn execute(global: &Global, command: &Source) -> Result<()> {
    match command {
        Source::Add(add) => add::execute(global, add).await,
        Source::Export(export) => export::execute(global, export),
        Source::Import(import) => import::execute(global, import),
        Source::List(list) => list::execute(global, list),
        Source::Test(test) => test::execute(global, test).await,
    }
}
