//! `discovery deadletter list|show|replay`: what a stage could not process is looked at, and tried again.

use std::io::{Write, stdout};

use anyhow::{Result, ensure};
use bus::DeadLetter;
use bus::dead_letter::{self, Payload};

use crate::cli::{Deadletter, Global};
use crate::run::{self, Base};

/// The most that are listed at once: more than anybody reads, and little memory.
const LIMIT: usize = 10_000;

/// Lists, shows or replays the dead letters of the data directory.
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
                    let reason = printable(&letter.reason);
                    writeln!(out, "{}  {}  {}: {reason}", letter.at, origin_of(letter), letter.stage)?;
                }
            }
            if letters.is_empty() && !json {
                writeln!(out, "no dead letters: every record was processed")?;
            }
        }
        Deadletter::Show { origin } => {
            let letters = dead_letter::list(base.bus.as_ref(), LIMIT).await?;
            let mut found = letters.iter().filter(|letter| origin_of(letter) == *origin).peekable();
            ensure!(
                found.peek().is_some(),
                "there is no dead letter {origin}: `discovery deadletter list` names those that there are"
            );
            for letter in found {
                show(&mut out, letter)?;
            }
        }
        Deadletter::Replay => {
            let replayed = dead_letter::replay_pending(base.bus.as_ref()).await?;
            writeln!(out, "{replayed} records are on their way again: `discovery run` processes them")?;
        }
    }
    Ok(out.flush()?)
}

/// Where a letter came from, as the list says and `show` is told.
fn origin_of(letter: &DeadLetter) -> String {
    format!("{}/{}/{}", letter.topic.name(), letter.partition, letter.offset)
}

fn show(out: &mut impl Write, letter: &DeadLetter) -> Result<()> {
    writeln!(out, "record:  {}", origin_of(letter))?;
    writeln!(out, "stage:   {}", letter.stage)?;
    writeln!(out, "when:    {} (UTC)", letter.at)?;
    writeln!(out, "why:     {}", printable(&letter.reason))?;
    match &letter.payload {
        Payload::Text(text) => writeln!(out, "{} bytes of text:\n{}", text.len(), printable(text))?,
        Payload::Base64(bytes) => {
            writeln!(out, "{} bytes that are not text, as far as they can be read:", bytes.len())?;
            writeln!(out, "{}", printable(&String::from_utf8_lossy(bytes)))?;
        }
    }
    Ok(())
}

/// Control characters must not reach the terminal.
fn printable(text: &str) -> String {
    text.chars().map(|c| if c.is_control() && c != '\n' { '\u{fffd}' } else { c }).collect()
}
