//! `discovery source import FILE.opml`: the feeds of a list that another program wrote become sources.

use std::fs::File;
use std::io::{Read as _, Write as _, stderr, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, anyhow, bail};
use bus::config_file;
use clap::Args;
use ingest::opml::{self, FeedList};
use ingest::{SourceConfig, sources};
use serde_json::json;

use super::file;
use crate::cli::Global;
use crate::failure::InPart;
use crate::run;

/// No list of feeds is larger.
const LARGEST_BYTES: u64 = 16 << 20;

#[derive(Clone, Debug, Args)]
pub struct Import {
    /// A list of feeds (OPML), as feed readers export it
    #[arg(value_name = "FILE.opml")]
    pub file: PathBuf,
    /// Show what would be added, and add nothing
    #[arg(long)]
    pub dry_run: bool,
    /// Print one JSON object
    #[arg(long)]
    pub json: bool,
}

/// What a list comes to.
struct Outcome {
    /// The new entries, as text.
    entries: String,
    added: Vec<SourceConfig>,
    /// How many feeds of the list are collected already.
    known: usize,
    refused: Vec<String>,
}

/// Adds the feeds of the list that are not collected yet, without trying them.
///
/// # Errors
/// When the file is no list of feeds, or `sources.toml` cannot be written; [`InPart`] when some entries cannot be used,
/// each of them named.
pub fn execute(global: &Global, import: &Import) -> Result<()> {
    let config = run::load(global)?;
    let path = config.sources_file();
    let text = config_file::read_text(&path)?;
    let list = opml::read(&bytes(&import.file)?).map_err(|reason| anyhow!("{} {reason}", import.file.display()))?;
    let (outcome, extended) = merged(&path, &text, &list)?;
    let write = !import.dry_run && !outcome.added.is_empty();
    if write {
        file::replace(&path, &text, &extended)?;
    }
    tell(import, &outcome, write, &path)?;
    match outcome.refused.len() {
        0 => Ok(()),
        refused => Err(InPart { refused, all: refused + outcome.known + outcome.added.len() }.into()),
    }
}

fn bytes(path: &Path) -> Result<Vec<u8>> {
    let mut bytes = Vec::new();
    File::open(path)
        .and_then(|file| file.take(LARGEST_BYTES + 1).read_to_end(&mut bytes))
        .with_context(|| format!("{} cannot be read", path.display()))?;
    if bytes.len() as u64 > LARGEST_BYTES {
        bail!("{} is larger than {} MiB: is it a list of feeds (OPML)?", path.display(), LARGEST_BYTES >> 20);
    }
    Ok(bytes)
}

/// What `list` adds to `text`, the content of the file at `path`, and the whole text with it. That is parsed, so that
/// what is written can be read again.
fn merged(path: &Path, text: &str, list: &FeedList) -> Result<(Outcome, String)> {
    let before = sources::parse(path, text)?;
    let (entries, count) = opml::to_toml(&list.feeds, &before);
    let extended = file::appended(text, &entries);
    let added = sources::parse(path, &extended)?.split_off(before.len());
    let known = list.feeds.len() - count;
    Ok((Outcome { entries, added, known, refused: list.refused.clone() }, extended))
}

fn tell(import: &Import, outcome: &Outcome, written: bool, path: &Path) -> Result<()> {
    let Outcome { entries, added, known, refused } = outcome;
    let mut out = stdout().lock();
    if import.json {
        let ids: Vec<&str> = added.iter().map(|source| source.id.as_str()).collect();
        let told = json!({ "added": ids, "known": known, "refused": refused, "entries": entries, "written": written });
        writeln!(out, "{told}")?;
        return Ok(out.flush()?);
    }
    if import.dry_run {
        writeln!(out, "{}\n", entries.trim())?;
    }
    for reason in refused {
        writeln!(stderr(), "left out  {reason}")?;
    }
    let already = if *known == 0 { String::new() } else { format!("; {known} are collected already") };
    if written {
        let path = path.display();
        writeln!(out, "{} feeds were added to {path}{already}; `discovery source test --all` tries them", added.len())?;
        writeln!(out, "start discovery anew to collect them")?;
    } else if added.is_empty() {
        writeln!(out, "no feed is new{already}")?;
    } else {
        writeln!(out, "{} feeds would be added{already}", added.len())?;
    }
    Ok(out.flush()?)
}

#[cfg(test)]
mod tests {
    use super::*;

    const SOURCES: &str = "# What we listen to\n[[source]]\nid = \"ward\"\nname = \"Ward\"\nkind = \"feed\"\nurl = \"https://a.example/feed\"\n";

    const LIST: &str = "<opml version='2.0'><body><outline text='Ward' xmlUrl='https://b.example/feed'/>
        <outline text='The same' xmlUrl='https://a.example/feed'/><outline text='Ward' xmlUrl='https://c.example/feed'/>
        <outline text='Local' xmlUrl='file:///etc/hosts'/></body></opml>";

    #[test]
    fn new_feeds_are_appended_under_ids_of_their_own() {
        let list = opml::read(LIST.as_bytes()).unwrap();
        let (outcome, extended) = merged(Path::new("sources.toml"), SOURCES, &list).unwrap();
        let ids: Vec<&str> = outcome.added.iter().map(|source| source.id.as_str()).collect();
        assert_eq!(ids, ["ward-2", "ward-3"], "an id that is there is not given again");
        assert_eq!((outcome.known, outcome.refused.len()), (1, 1));
        assert!(extended.starts_with(SOURCES), "{extended}");
        let (again, same) = merged(Path::new("sources.toml"), &extended, &list).unwrap();
        assert_eq!((again.added.len(), again.known), (0, 3));
        assert_eq!(same.trim_end(), extended.trim_end());
    }

    #[test]
    fn what_is_exported_is_imported() {
        let path = Path::new("sources.toml");
        let (_, text) = merged(path, SOURCES, &opml::read(LIST.as_bytes()).unwrap()).unwrap();
        let sources = sources::parse(path, &text).unwrap();
        let list = opml::read(opml::write(&sources, "Ours").as_bytes()).unwrap();
        let (outcome, again) = merged(path, "", &list).unwrap();
        let told = |sources: &[SourceConfig]| -> Vec<(String, String)> {
            sources.iter().map(|source| (source.name.clone(), source.kind.location())).collect()
        };
        assert_eq!(told(&outcome.added), told(&sources));
        assert_eq!(sources::parse(path, &again).unwrap().len(), 3);
    }
}
