//! `discovery trends replay`: proof that a list is what comes out of what was said.

use std::io::{Write, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Result, bail};
use index::trends::snapshot::{self, Replay};
use jiff::tz::TimeZone;

use super::directory;
use crate::config::Config;

/// Computes the list of a snapshot again and compares.
pub(super) fn print(config: &Config, asked: &Path) -> Result<()> {
    let path = file(config, asked);
    let replay = snapshot::replay(&path)?;
    let list = &replay.listed;
    let mut out = stdout().lock();
    let as_of = list.as_of.to_zoned(TimeZone::get("Europe/London")?);
    writeln!(out, "list of {}, by {}", as_of.strftime("%-d %B %Y, %H:%M"), list.method)?;
    writeln!(out, "  {} issues and {} held, from {} posts", list.issues.len(), list.held.len(), replay.posts)?;
    let read: Vec<String> = list.offsets.0.iter().map(|(partition, next)| format!("{partition}:{next}")).collect();
    writeln!(out, "  log read up to {}", if read.is_empty() { "its beginning".to_owned() } else { read.join(" ") })?;
    if replay.erasures > 0 {
        writeln!(
            out,
            "  changed by {} erasures since it was shown, and computed anew after the last",
            replay.erasures
        )?;
    }
    writeln!(out, "  shown     {}", list.hash)?;
    writeln!(out, "  computed  {}", replay.computed.hash)?;
    out.flush()?;
    if !replay.is_same() {
        bail!("the list that was kept is not what comes out: {}", difference(&replay));
    }
    writeln!(out, "the same list comes out")?;
    Ok(out.flush()?)
}

/// The file that is meant: a path, or the day of a snapshot that is kept.
fn file(config: &Config, asked: &Path) -> PathBuf {
    let kept = snapshot::directory(&directory(config)).join(asked).with_extension("snapshot");
    if !asked.exists() && kept.exists() { kept } else { asked.to_owned() }
}

/// The first thing that differs.
fn difference(replay: &Replay) -> String {
    let Replay { listed, computed, .. } = replay;
    let differs = |issue: &&index::trends::Issue| !computed.issues.contains(issue);
    match listed.issues.iter().find(differs) {
        Some(issue) => format!("‘{}’ differs, or is not listed", issue.label),
        None if listed.issues.len() != computed.issues.len() => {
            "issues are missing in the one that was kept".to_owned()
        }
        None if listed.held != computed.held => "the issues that are held differ".to_owned(),
        None => "its hash is not that of its content".to_owned(),
    }
}
