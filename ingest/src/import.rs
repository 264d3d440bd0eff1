//! Files given on the command line: `discovery import FILE...`.

use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::time::Duration;

use bus::{BusError, Change, Channel, IdKey, Post, SourceId};
use jiff::Timestamp;
use thiserror::Error;

use crate::collectors::SourceKind;
use crate::collectors::transcripts::TranscriptsConfig;
use crate::collectors::{feed, transcripts};
use crate::documents::{self, About, EXTENSIONS, Format, Handed};
use crate::intake::Intake;
use crate::sources::SourceConfig;

/// What every imported post gets.
#[derive(Clone, Debug)]
pub struct ImportOptions {
    /// The source that the posts belong to.
    pub source: SourceId,
    /// What is said of the meeting, and of the columns of tables. It counts more than what the files say.
    pub about: About,
    /// The secret under which authors become pseudonyms.
    pub id_key: IdKey,
}

/// Why one file could not be imported; the others are.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{}: {reason}", path.display())]
pub struct ImportError {
    /// The file.
    pub path: PathBuf,
    /// Plain words.
    pub reason: String,
}

/// What became of one file.
#[derive(Debug)]
pub struct Imported<'a> {
    /// The file.
    pub path: &'a Path,
    /// How many posts it gave, all of them accepted by the bus.
    pub outcome: Result<u64, ImportError>,
    /// What of it was left out or guessed, in plain words.
    pub warnings: Vec<String>,
}

/// What became of all files.
#[derive(Debug, Default)]
pub struct ImportSummary {
    /// Posts accepted by the bus.
    pub posts: u64,
    /// Files that could not be imported.
    pub failed: Vec<ImportError>,
}

/// What a file holds.
#[derive(Debug)]
pub struct Given {
    /// The posts, not yet redacted.
    pub posts: Vec<Post>,
    /// What was left out or guessed, in plain words.
    pub warnings: Vec<String>,
}

/// Imports `paths`, and calls `progress` after each of them. Importing the same file again changes nothing, because its
/// posts keep their ids.
///
/// Documents become posts of the offline channel, feeds (.xml, .rss, .atom, .json) of the news channel.
///
/// # Errors
/// [`BusError`] when the bus does not accept the posts; files reported before are safe.
pub async fn import_files(
    paths: &[PathBuf],
    options: &ImportOptions,
    intake: &Intake,
    mut progress: impl FnMut(&Imported<'_>),
) -> Result<ImportSummary, BusError> {
    let mut summary = ImportSummary::default();
    for path in paths {
        let mut warnings = Vec::new();
        let outcome = match read_file(path.clone(), options.clone()).await {
            Ok(given) => {
                let mut pending = intake.prepare(given.posts.into_iter().map(Change::Upsert).collect()).await;
                intake.deliver(&mut pending).await?;
                summary.posts += pending.posts();
                warnings = given.warnings;
                Ok(pending.posts())
            }
            Err(error) => {
                summary.failed.push(error.clone());
                Err(error)
            }
        };
        progress(&Imported { path, outcome, warnings });
    }
    Ok(summary)
}

/// What is in the file at `path`; nothing of it is kept, and nothing of it is redacted yet.
///
/// # Errors
/// [`ImportError`], in plain words.
pub async fn read_file(path: PathBuf, options: ImportOptions) -> Result<Given, ImportError> {
    let named = path.clone();
    let read = tokio::task::spawn_blocking(move || {
        if Format::of(&name_of(&path)).is_some() && !is_json_feed(&path) {
            read_document(&path, &options)
        } else if is_feed(&path) {
            let bytes = read_at_most(&path, MAX_FEED_BYTES)?;
            let posts = feed::read_file(&bytes, &source(&path, &options, Channel::News), &options.id_key)?;
            Ok(Given { posts, warnings: Vec::new() })
        } else {
            Err(format!(
                "is not a kind of file that is imported: use {EXTENSIONS}, or .xml, .rss, .atom or .json for feeds"
            ))
        }
    });
    let read = read.await.unwrap_or_else(|_| Err("made the reader fail; please report it".to_owned()));
    read.map_err(|reason| ImportError { path: named, reason })
}

fn read_document(path: &Path, options: &ImportOptions) -> Result<Given, String> {
    let modified = std::fs::metadata(path).and_then(|about| about.modified()).ok();
    let undated = modified.and_then(|at| Timestamp::try_from(at).ok()).unwrap_or_else(Timestamp::now);
    let raw = transcripts::load(path)?;
    let handed = Handed { name: &name_of(path), bytes: &raw.bytes, sidecar: raw.sidecar.as_deref() };
    let reading = documents::read(handed, &options.about)?;
    let source = source(path, options, Channel::Offline);
    let now = Timestamp::now();
    let posts = reading
        .documents
        .into_iter()
        .flat_map(|document| documents::posts(document, undated, &source, &options.id_key, now));
    Ok(Given { posts: posts.collect(), warnings: reading.warnings })
}

fn name_of(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

/// Whether a file of JSON is a feed: both kinds of file have the same ending.
fn is_json_feed(path: &Path) -> bool {
    let mut beginning = [0; 4096];
    let read = File::open(path).and_then(|mut file| file.read(&mut beginning)).unwrap_or(0);
    String::from_utf8_lossy(&beginning[..read]).contains("jsonfeed.org/version")
}

/// As much as the fetch gateway would unpack.
const MAX_FEED_BYTES: u64 = 16 << 20;

fn is_feed(path: &Path) -> bool {
    let extension = path.extension().and_then(|extension| extension.to_str()).unwrap_or_default();
    matches!(extension.to_ascii_lowercase().as_str(), "xml" | "rss" | "atom" | "json")
}

fn read_at_most(path: &Path, limit: u64) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let file = File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    file.take(limit + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > limit {
        return Err(format!("is larger than {} MiB: split it", limit >> 20));
    }
    Ok(bytes)
}

/// The source that a file stands for.
fn source(path: &Path, options: &ImportOptions, channel: Channel) -> SourceConfig {
    SourceConfig {
        id: options.source.clone(),
        name: path.display().to_string(),
        channel,
        place: options.about.meeting.place.clone(),
        language: options.about.meeting.language.clone(),
        every: Duration::MAX,
        kind: SourceKind::Transcripts(TranscriptsConfig { folder: path.to_owned() }),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::testing::{FlakyBus, source_id};

    #[tokio::test]
    async fn transcripts_and_feeds_are_imported_and_each_fault_names_its_file() {
        let dir = tempfile::tempdir().unwrap();
        let file = |name: &str, content: &str| {
            let path = dir.path().join(name);
            std::fs::write(&path, content).unwrap();
            path
        };
        let paths = [
            file("meeting.txt", "Ann: The wait is long.\n\nBen: The staff are kind.\n"),
            file(
                "feed.json",
                r#"{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"id":"1","content_text":"Ward closed"}]}"#,
            ),
            file("empty.vtt", ""),
            file("picture.png", "x"),
        ];
        let options = ImportOptions { source: source_id(), about: About::default(), id_key: bus::IdKey::new([1; 32]) };
        let bus = Arc::new(FlakyBus::default());
        let intake = Intake::new(bus.clone(), Arc::new(|_: &mut Post| {}));
        let mut calls = Vec::new();
        let summary = import_files(&paths, &options, &intake, |done| calls.push(done.outcome.is_ok())).await.unwrap();
        assert_eq!(calls, [true, true, false, false]);
        assert_eq!(summary.posts, 3);
        let channels: Vec<Channel> = bus.posts().iter().map(|post| post.channel).collect();
        assert_eq!(channels, [Channel::Offline, Channel::Offline, Channel::News]);
        assert!(
            summary.failed[0].to_string().ends_with("empty.vtt: is empty: put the transcript into it, or remove it")
        );
    }
}
