//! Documents in which people's words are handed in: transcripts and minutes of meetings, forms typed into tables, e-mails.
//!
//! The bytes of a file become documents (`formats/`, one file a format), and these become posts (`posts.rs`). The
//! watched folder, `discovery import` and the upload page all go this way.
//!
//! Every reader is bounded in time and memory, and says in plain words what is wrong with a file. PDF is read in a
//! confined child process only (`pdf/`).

mod archive;
mod columns;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod exercise;
mod formats;
mod limits;
mod meeting;
pub mod pdf;
mod posts;
mod speaker;
mod table;
#[cfg(test)]
mod testing;
mod when;
mod xml;

use std::path::Path;
use std::time::Duration;

use jiff::Timestamp;

pub use self::columns::Columns;
pub use self::formats::{EXTENSIONS, Format};
pub use self::limits::MAX_FILE_BYTES;
pub use self::meeting::Meeting;
pub(crate) use self::posts::posts;
use crate::charset;

/// A file as it is handed in.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Handed<'a> {
    /// Its name; the ending tells its format, the rest is its identity in its source.
    pub(crate) name: &'a str,
    pub(crate) bytes: &'a [u8],
    /// What the `.toml` file beside it says.
    pub(crate) sidecar: Option<&'a str>,
}

/// What the person who hands in a file says about it. It counts more than what the file says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct About {
    /// The meeting that it is of.
    pub meeting: Meeting,
    /// Which columns of a table mean what.
    pub columns: Columns,
}

impl About {
    /// Takes what a sidecar file in TOML says: the keys of [`Meeting`], and a table `columns`.
    fn set_toml(&mut self, text: &str) -> Result<(), String> {
        let mut table: toml::Table =
            toml::from_str(text).map_err(|error| format!("its .toml file: {}", error.message()))?;
        if let Some(columns) = table.remove("columns") {
            self.columns.set_toml(columns).map_err(|error| format!("its .toml file: {error}"))?;
        }
        self.meeting.set_table(table)
    }

    /// This, where `over` says nothing else.
    fn under(mut self, over: &Self) -> Self {
        self.meeting.overlay(&over.meeting);
        self.columns.overlay(&over.columns);
        self
    }
}

/// What was read from a file: several documents, if it is an archive or an e-mail with attachments.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Reading {
    pub(crate) documents: Vec<Document>,
    /// What was left out, and why, in plain words.
    pub(crate) warnings: Vec<String>,
}

/// What was said on one occasion, and what is known of it.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Document {
    /// What identifies it if it does not say so itself: the file's name without its ending.
    pub(crate) name: String,
    pub(crate) meeting: Meeting,
    /// Whether it is an occasion at which several people spoke; an e-mail is none.
    pub(crate) is_meeting: bool,
    pub(crate) contributions: Vec<Contribution>,
}

/// One contribution.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Contribution {
    /// Who speaks, as written. It becomes a pseudonym, and is never kept.
    pub(crate) speaker: Option<String>,
    /// When, from the beginning of the meeting.
    pub(crate) at: Option<Duration>,
    pub(crate) text: String,
    /// What is known of this contribution alone, as in the row of a table.
    pub(crate) own: Own,
}

/// What is known of one contribution alone.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Own {
    /// Its identity in its document ("form 12").
    pub(crate) id: Option<String>,
    /// When it was said (UTC).
    pub(crate) said_at: Option<Timestamp>,
    pub(crate) title: Option<String>,
    pub(crate) place: Option<String>,
    pub(crate) group: Option<String>,
    pub(crate) language: Option<String>,
    pub(crate) event: Option<String>,
    pub(crate) url: Option<String>,
}

impl Contribution {
    fn new(speaker: Option<String>, at: Option<Duration>, text: impl Into<String>) -> Self {
        Self { speaker, at, text: text.into(), own: Own::default() }
    }

    fn append(&mut self, words: &str, separator: char) {
        if !self.text.is_empty() && !words.is_empty() {
            self.text.push(separator);
        }
        self.text.push_str(words);
    }
}

/// Reads `file`, of which `about` says more.
///
/// It may take seconds, and a PDF starts a process: call it off the async threads.
///
/// # Errors
/// Plain words about what is wrong with the file, to be put after its name.
pub(crate) fn read(file: Handed<'_>, about: &About) -> Result<Reading, String> {
    let mut reading = Reading::default();
    Reader { budget: limits::Budget::default(), depth: 0 }.read(file, about, &mut reading)?;
    Ok(reading)
}

/// What identifies a document if it does not say so itself: the file's name without its ending.
pub(crate) fn identity(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Where a sidecar of `name` may lie: `minutes.vtt.toml`, `minutes.vtt.meta.toml` or `minutes.meta.toml`.
pub(crate) fn sidecar_names(name: &str) -> [String; 3] {
    [format!("{name}.toml"), format!("{name}.meta.toml"), format!("{}.meta.toml", identity(name))]
}

/// The ending of a file's name, in small letters; empty if there is none.
fn extension(name: &str) -> String {
    let ending = Path::new(name).extension().and_then(|ending| ending.to_str());
    ending.unwrap_or_default().to_ascii_lowercase()
}

/// Reads files, and the files in them.
struct Reader {
    /// What all archives may still unpack to.
    budget: limits::Budget,
    /// Inside how many archives and e-mails we are.
    depth: u32,
}

impl Reader {
    fn read(&mut self, file: Handed<'_>, about: &About, reading: &mut Reading) -> Result<(), String> {
        let format = Format::of(file.name).ok_or_else(unknown_format)?;
        if file.bytes.is_empty() {
            return Err("is empty: put the transcript into it, or remove it".to_owned());
        }
        let mut beside = About::default();
        if let Some(sidecar) = file.sidecar {
            beside.set_toml(sidecar)?;
        }
        let about = beside.under(about);
        formats::check_kind(format, file.bytes)?;
        match format {
            Format::Zip => formats::zip::read(self, file, &about, reading),
            Format::Mail => formats::mail::read(self, file, &about, reading),
            _ => {
                let mut meeting = Meeting::default();
                let contributions = formats::contributions(self, format, file.bytes, &about, &mut meeting, reading)?;
                reading.add(file.name, meeting, &about, contributions, true)
            }
        }
    }
}

impl Reading {
    /// Adds a document, after checks that all formats have in common.
    fn add(
        &mut self,
        name: &str,
        mut meeting: Meeting,
        about: &About,
        mut contributions: Vec<Contribution>,
        is_meeting: bool,
    ) -> Result<(), String> {
        meeting.overlay(&about.meeting);
        let name = identity(name);
        meeting.set_from_name(name.rsplit('/').next().unwrap_or(name));
        contributions.retain(|said| said.text.chars().any(char::is_alphanumeric));
        if meeting.withdrawn {
            contributions.clear();
        } else if contributions.is_empty() {
            return Err("holds nothing that anybody said: check that it is a transcript".to_owned());
        }
        let all = self.documents.iter().map(|known| known.contributions.len()).sum::<usize>() + contributions.len();
        if all > limits::MAX_CONTRIBUTIONS {
            return Err(format!("holds more than {} contributions: split it", limits::MAX_CONTRIBUTIONS));
        }
        self.documents.push(Document { name: name.to_owned(), meeting, is_meeting, contributions });
        Ok(())
    }
}

fn unknown_format() -> String {
    format!("is not a kind of file that is read: use {EXTENSIONS}, or remove it")
}

/// Decodes text of unknown encoding, and refuses what is no text.
fn decode(bytes: &[u8]) -> Result<String, String> {
    let text = charset::decode(bytes, []);
    if is_binary(&text) {
        return Err(format!("is not text: save it as one of {EXTENSIONS}"));
    }
    Ok(text)
}

/// Whether decoded text is no text: it holds characters that no text holds.
fn is_binary(text: &str) -> bool {
    let strange = |c: &char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{1b}' | '\u{85}');
    let beginning = || text.chars().take(64 * 1024);
    beginning().filter(strange).count() * 100 > beginning().count()
}

#[cfg(test)]
mod tests;
