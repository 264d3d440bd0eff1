//! `discovery source export`: the feeds among the sources, as a list for other programs.

use std::io::{Write as _, stderr, stdout};

use anyhow::Result;
use clap::Args;
use ingest::{SourceKind, opml};

use crate::cli::Global;
use crate::run;

/// What the list calls itself.
const TITLE: &str = "Discovery: feeds";

#[derive(Clone, Debug, Args)]
pub struct Export {}

/// Prints the list (OPML). Sources that are no feeds are counted on stderr, since no list can hold them.
///
/// # Errors
/// When the configuration is wrong, or stdout cannot be written.
pub fn execute(global: &Global, _: &Export) -> Result<()> {
    let sources = run::load(global)?.sources()?;
    let mut out = stdout().lock();
    out.write_all(opml::write(&sources, TITLE).as_bytes())?;
    out.flush()?;
    let others = sources.iter().filter(|source| !matches!(source.kind, SourceKind::Feed(_))).count();
    if others > 0 {
        writeln!(stderr(), "{others} sources are no feeds, and are not in the list")?;
    }
    Ok(())
}
