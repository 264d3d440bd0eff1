//! `discovery source list`: what is collected, and how it goes.

use std::io::{Write as _, stdout};

use anyhow::Result;
use bus::{SourceHealth, SourceState};
use clap::Args;
use ingest::HealthBoard;

use crate::cli::Global;
use crate::run;

#[derive(Clone, Debug, Args)]
pub struct List {
    /// Print one JSON object for each source
    #[arg(long)]
    pub json: bool,
}

/// Prints every source of the configuration, in its order.
///
/// # Errors
/// When the configuration is wrong, or stdout cannot be written.
pub fn execute(global: &Global, list: &List) -> Result<()> {
    let config = run::load(global)?;
    let sources = config.sources()?;
    let board = HealthBoard::load(&config.data_dir.join("ingest"), &sources);
    let mut out = stdout().lock();
    for health in board.snapshot() {
        if list.json {
            serde_json::to_writer(&mut out, &health)?;
            writeln!(out)?;
        } else {
            writeln!(out, "{}", line(&health))?;
        }
    }
    Ok(out.flush()?)
}

fn line(health: &SourceHealth) -> String {
    let state = match health.state {
        SourceState::Failing => "failing",
        SourceState::Retrying => "tried again",
        SourceState::RateLimited => "rate limited",
        SourceState::Silent => "silent",
        SourceState::Waiting => "not tried yet",
        SourceState::Working => "working",
    };
    let SourceHealth { id, kind, location, posts_total, .. } = health;
    let channel = health.channel.slug();
    format!("{:<28} {kind:<11} {channel:<8} {state:<13} {posts_total:>7} posts  {location}", id.as_str())
}
