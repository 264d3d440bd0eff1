//! `discovery deadletter list|replay`: what a stage could not process is looked at, and tried again.

use std::io::{Write as _, stdout};

use anyhow::Result;
use bus::dead_letter;

use crate::cli::{Deadletter, Global};
use crate::run::{self, Base};

/// The most that are listed at once: more than anybody reads, and little memory.
const LIMIT: usize = 10_000;

/// Lists or replays the dead letters of the data directory.
///
/// # Errors
/// When the data directory is in use, or the log cannot be read.
pub async fn execute(global: &Global, command: &Deadletter) -> Result<()> {
    let base = Base::open(&run::load(global)?, &[]).await?;
    let mut out = stdout().lock();
    match command {
        Deadletter::List { json } => {
            let letters = dead_letter::list(base.bus.as_ref(), LIMIT).await?;
            for letter in &letters {
                if *json {
                    serde_json::to_writer(&mut out, letter)?;
                    writeln!(out)?;
                } else {
                    let origin = format!("{} {}/{}", letter.topic.name(), letter.partition, letter.offset);
                    writeln!(out, "{}  {origin}  {}: {}", letter.at, letter.stage, letter.reason)?;
                }
            }
            if letters.is_empty() && !json {
                writeln!(out, "no dead letters: every record was processed")?;
            }
        }
        Deadletter::Replay => {
            let replayed = dead_letter::replay_pending(base.bus.as_ref()).await?;
            writeln!(out, "{replayed} records are on their way again: `discovery run` processes them")?;
        }
    }
    Ok(out.flush()?)
}
