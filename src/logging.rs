//! Logs go to stderr, so that stdout carries only what was asked for.

use std::io::{IsTerminal as _, stderr};

use anyhow::{Context as _, Result};
use tracing_subscriber::EnvFilter;

use crate::cli::Global;

/// Starts logging as the command line asks.
///
/// # Errors
/// When the level cannot be understood.
pub fn start(global: &Global) -> Result<()> {
    let filter = EnvFilter::builder()
        .parse(&global.log)
        .with_context(|| format!("--log {} is not a level: use error, warn, info, debug or trace", global.log))?;
    // Tantivy tells about every commit, which is once a second; fjall about every flush.
    let filter = ["tantivy=warn", "fjall=warn", "lsm_tree=warn", "html5ever=error"]
        .into_iter()
        .filter(|quiet| !global.log.contains(&quiet[..5]))
        .fold(filter, |filter, quiet| filter.add_directive(quiet.parse().expect("it is a directive")));
    let logs = tracing_subscriber::fmt().with_env_filter(filter).with_writer(stderr);
    if global.log_json {
        logs.json().init();
    } else {
        logs.with_target(false).with_ansi(stderr().is_terminal()).init();
    }
    Ok(())
}

/// Reports a panic by its place only: the message of one may quote the text that was being worked on, and no post text
/// belongs in a log.
pub fn keep_text_out_of_panics() {
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or_else(|| "an unknown place".to_owned(), ToString::to_string);
        tracing::error!(place, "a part of the program broke down: please report this place");
    }));
}
