//! Measures the parser against feedparser, the reference of the trade: `discovery eval feeds`.
//!
//! A directory holds feeds under `files/` and, in `expected_feedparser.jsonl`, what feedparser makes of each of them. They
//! are read by the same code that reads a feed from the network.

use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::time::Duration;

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use thiserror::Error;
use url::Url;

use super::adapt::Item;
use super::parse::{self, Document, NoFeed};
use crate::charset;
use crate::html;

/// A file that takes longer hangs.
const PATIENCE: Duration = Duration::from_secs(10);

/// How our reading of a directory of feeds compares with feedparser's. Fields are counted by file: a file matches in a
/// field if all of its entries do.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Report {
    /// Files that were read.
    pub files: usize,
    /// Files that made the parser fail.
    pub panics: usize,
    /// Files that took longer than ten seconds.
    pub hangs: usize,
    /// Files in which feedparser finds entries. The other counts are of these.
    pub with_entries: usize,
    /// Of them, files in which we find as many.
    pub entry_counts: usize,
    /// Files whose titles are the same, apart from markup and white space.
    pub titles: usize,
    /// Files whose links lead to the same addresses.
    pub links: usize,
    /// Files whose ids are the same.
    pub ids: usize,
    /// Files whose dates, published and updated, are the same instants.
    pub dates: usize,
    /// Files that match in all of this.
    pub all: usize,
    /// Files in which we find nothing, and say so.
    pub refused: usize,
    /// Files in which we find nothing, and do not say so. There must be none.
    pub silently_empty: usize,
    /// Expected files that are not there.
    pub missing: usize,
    /// The files that differ.
    pub differing: Vec<FileDifference>,
}

/// A file that is read differently.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FileDifference {
    /// Its path below `files/`.
    pub file: String,
    /// What differs: the first few things of it.
    pub differences: Vec<Difference>,
}

/// One thing that differs.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Difference {
    /// Which field.
    pub field: &'static str,
    /// Of which entry, counted from 0; `None` if it is about the file.
    pub entry: Option<usize>,
    /// What feedparser finds.
    pub expected: Option<String>,
    /// What we find.
    pub found: Option<String>,
}

/// Why a directory cannot be evaluated.
#[derive(Debug, Error)]
pub enum EvalError {
    /// A file or directory cannot be read.
    #[error("{}: {reason}; the directory must hold `files/` and `expected_feedparser.jsonl`", path.display())]
    Read {
        /// Which.
        path: PathBuf,
        /// The system's own words.
        reason: io::Error,
    },
    /// A line of the expectations is not understood.
    #[error("{}:{line}: {reason}", path.display())]
    Expectation {
        /// The file of the expectations.
        path: PathBuf,
        /// The line, counted from 1.
        line: usize,
        /// What is wrong.
        reason: serde_json::Error,
    },
}

/// What feedparser makes of a file.
#[derive(Clone, Debug, Deserialize)]
struct Expected {
    file: String,
    #[serde(default)]
    headers: BTreeMap<String, String>,
    #[serde(default)]
    entries: Vec<ExpectedEntry>,
}

#[derive(Clone, Debug, Deserialize)]
struct ExpectedEntry {
    title: Option<String>,
    link: Option<String>,
    id: Option<String>,
    published: Option<String>,
    updated: Option<String>,
}

/// What became of a file.
enum Outcome {
    Read(Result<Document, NoFeed>),
    Panicked,
    Hung,
}

/// Reads every file in `directory` and compares.
///
/// # Errors
/// [`EvalError`], when the directory does not have the expected form.
pub fn evaluate(directory: &Path) -> Result<Report, EvalError> {
    let files = directory.join("files");
    let mut expected = expectations(&directory.join("expected_feedparser.jsonl"))?;
    let mut report = Report::default();
    for path in all_files(&files)? {
        let name = path.strip_prefix(&files).unwrap_or(&path).to_string_lossy().replace('\\', "/");
        let bytes = fs::read(&path).map_err(|reason| EvalError::Read { path: path.clone(), reason })?;
        let expectation = expected.remove(&name);
        let headers = expectation.as_ref().map(|expected| expected.headers.clone()).unwrap_or_default();
        report.add(name, expectation.as_ref().map_or(&[], |expected| &expected.entries), read(bytes, headers));
    }
    report.missing = expected.len();
    Ok(report)
}

fn expectations(path: &Path) -> Result<BTreeMap<String, Expected>, EvalError> {
    let text = fs::read_to_string(path).map_err(|reason| EvalError::Read { path: path.to_owned(), reason })?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    lines
        .map(|(at, line)| match serde_json::from_str::<Expected>(line) {
            Ok(expected) => Ok((expected.file.clone(), expected)),
            Err(reason) => Err(EvalError::Expectation { path: path.to_owned(), line: at + 1, reason }),
        })
        .collect()
}

/// All files below `directory`, in order.
fn all_files(directory: &Path) -> Result<Vec<PathBuf>, EvalError> {
    let unreadable = |reason| EvalError::Read { path: directory.to_owned(), reason };
    let mut files = Vec::new();
    for entry in fs::read_dir(directory).map_err(unreadable)? {
        let entry = entry.map_err(unreadable)?;
        if entry.file_type().map_err(unreadable)?.is_dir() {
            files.extend(all_files(&entry.path())?);
        } else {
            files.push(entry.path());
        }
    }
    files.sort();
    Ok(files)
}

/// Reads a file as if it had come with `headers`, on a thread of its own.
fn read(bytes: Vec<u8>, headers: BTreeMap<String, String>) -> Outcome {
    let (sender, receiver) = mpsc::sync_channel(1);
    std::thread::spawn(move || {
        let header =
            |name: &str| headers.iter().find(|(known, _)| known.eq_ignore_ascii_case(name)).map(|(_, value)| value);
        let charset = header("content-type").and_then(|value| charset::in_content_type(value));
        let location = header("content-location").and_then(|value| nowhere().join(value).ok()).unwrap_or_else(nowhere);
        // Nobody waits any more if it took too long.
        let _ = sender.send(parse::parse(&bytes, charset, &location));
    });
    match receiver.recv_timeout(PATIENCE) {
        Ok(read) => Outcome::Read(read),
        Err(RecvTimeoutError::Timeout) => Outcome::Hung,
        Err(RecvTimeoutError::Disconnected) => Outcome::Panicked,
    }
}

/// Where a file comes from of which we do not know it.
fn nowhere() -> Url {
    Url::parse("http://feed.invalid/").expect("a constant that is an address")
}

impl Report {
    fn add(&mut self, file: String, expected: &[ExpectedEntry], outcome: Outcome) {
        self.files += 1;
        let mut differences = Vec::new();
        let mut about_file = |field, expected: usize, found: String| {
            differences.push(Difference {
                field,
                entry: None,
                expected: Some(expected.to_string()),
                found: Some(found),
            });
        };
        let found = match outcome {
            Outcome::Panicked => {
                self.panics += 1;
                about_file("panic", expected.len(), "the parser failed".to_owned());
                Vec::new()
            }
            Outcome::Hung => {
                self.hangs += 1;
                about_file("hang", expected.len(), format!("took longer than {} s", PATIENCE.as_secs()));
                Vec::new()
            }
            Outcome::Read(Ok(document)) => {
                self.silently_empty += usize::from(document.items.is_empty() && !expected.is_empty());
                document.items
            }
            Outcome::Read(Err(reason)) => {
                self.refused += usize::from(!expected.is_empty());
                if !expected.is_empty() {
                    about_file("refused", expected.len(), String::from(reason));
                }
                Vec::new()
            }
        };
        if !expected.is_empty() {
            self.compare(expected, &found, &mut differences);
        }
        if !differences.is_empty() {
            self.differing.push(FileDifference { file, differences });
        }
    }

    fn compare(&mut self, expected: &[ExpectedEntry], found: &[Item], differences: &mut Vec<Difference>) {
        self.with_entries += 1;
        let same_count = expected.len() == found.len();
        if !same_count {
            differences.push(Difference {
                field: "entries",
                entry: None,
                expected: Some(expected.len().to_string()),
                found: Some(found.len().to_string()),
            });
        }
        let [mut title, mut link, mut id, mut dates] = [same_count; 4];
        for (at, (expected, found)) in expected.iter().zip(found).enumerate() {
            let mut field = |field, same: bool, expected: Option<String>, found: Option<String>| {
                if !same && differences.len() < MOST_LISTED {
                    differences.push(Difference { field, entry: Some(at), expected, found });
                }
                same
            };
            let (one, two) = (text(expected.title.as_deref()), text(found.title.as_deref()));
            title &= field("title", one == two, expected.title.clone(), found.title.clone());
            let (one, two) = (address(expected.link.as_deref()), address(found.link.as_deref()));
            link &= field("link", one == two, expected.link.clone(), found.link.clone());
            let same = text(expected.id.as_deref()) == text(found.guid.as_deref())
                || address(expected.id.as_deref()) == address(found.guid.as_deref());
            id &= field("id", same, expected.id.clone(), found.guid.clone());
            let same = instant(expected.published.as_deref()) == seconds(found.published);
            dates &= field("published", same, expected.published.clone(), written(found.published));
            // Where there is no date of an update, feedparser repeats that of the publication.
            let updated = found.updated.or(found.published.filter(|_| expected.updated.is_some()));
            let same = instant(expected.updated.as_deref()) == seconds(updated);
            dates &= field("updated", same, expected.updated.clone(), written(updated));
        }
        self.entry_counts += usize::from(same_count);
        self.titles += usize::from(title);
        self.links += usize::from(link);
        self.ids += usize::from(id);
        self.dates += usize::from(dates);
        self.all += usize::from(title && link && id && dates);
    }
}

/// More differences of one file are not listed.
const MOST_LISTED: usize = 5;

/// Text as a reader sees it: without markup, however often it was escaped, and with single spaces.
fn text(text: Option<&str>) -> String {
    let mut text = text.unwrap_or_default().to_owned();
    for _ in 0..4 {
        let plain = html::to_text(&text);
        if plain == text {
            break;
        }
        text = plain;
    }
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// Where a link leads. feedparser leaves links relative if it does not know where a file is from.
fn address(link: Option<&str>) -> Option<String> {
    let link = link.map(str::trim).filter(|link| !link.is_empty())?;
    Some(nowhere().join(link).map_or(link.to_owned(), String::from))
}

/// The instant in seconds. feedparser also makes dates of text that is none; those are compared as "no date".
fn instant(written: Option<&str>) -> Option<i64> {
    seconds(written?.parse().ok())
}

fn seconds(at: Option<Timestamp>) -> Option<i64> {
    at.map(Timestamp::as_second)
}

fn written(at: Option<Timestamp>) -> Option<String> {
    at.map(|at| at.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_directory_is_compared_file_by_file() {
        let dir = tempfile::tempdir().unwrap();
        fs::create_dir_all(dir.path().join("files/deep")).unwrap();
        let rss = "<rss version='2.0'><channel><item><title>A &amp;amp; B</title><link>/a</link>\
                   <pubDate>Sun, 09 Mar 2025 10:20:30 GMT</pubDate></item></channel></rss>";
        fs::write(dir.path().join("files/deep/same.xml"), rss).unwrap();
        fs::write(dir.path().join("files/other.xml"), rss).unwrap();
        fs::write(dir.path().join("files/bad.xml"), "no feed").unwrap();
        let row = |file: &str, title: &str| {
            format!(
                r#"{{"file":"{file}","headers":{{"Content-Type":"text/xml"}},"entries":[{{"title":"{title}","link":"/a","id":null,"published":"2025-03-09T10:20:30Z","updated":"2025-03-09T10:20:30Z"}}]}}"#
            )
        };
        let rows = [
            row("deep/same.xml", "<b>A</b> &amp;  B"),
            row("other.xml", "C"),
            row("bad.xml", "D"),
            row("gone.xml", "E"),
        ];
        fs::write(dir.path().join("expected_feedparser.jsonl"), rows.join("\n")).unwrap();
        let report = evaluate(dir.path()).unwrap();
        assert_eq!((report.files, report.with_entries, report.all, report.missing), (3, 3, 1, 1));
        assert_eq!((report.titles, report.links, report.ids, report.dates), (1, 2, 2, 2));
        assert_eq!((report.refused, report.silently_empty, report.panics, report.hangs), (1, 0, 0, 0));
        let files: Vec<&str> = report.differing.iter().map(|differing| &*differing.file).collect();
        assert_eq!(files, ["bad.xml", "other.xml"]);
        assert_eq!(report.differing[1].differences[0].found.as_deref(), Some("A & B"));
    }

    #[test]
    fn a_directory_of_another_form_is_named() {
        let dir = tempfile::tempdir().unwrap();
        assert!(evaluate(dir.path()).unwrap_err().to_string().contains("expected_feedparser.jsonl"));
    }
}
