//! `discovery completions SHELL`.

use std::io::{Write as _, stdout};

use anyhow::Result;
use clap::CommandFactory as _;
use clap_complete::Shell;

use crate::cli::Cli;

/// Prints the completion script of `shell` to stdout.
///
/// # Errors
/// When stdout cannot be written.
pub fn execute(shell: Shell) -> Result<()> {
    let mut script = Vec::new();
    clap_complete::generate(shell, &mut Cli::command(), "discovery", &mut script);
    stdout().write_all(&script)?;
    Ok(())
}
