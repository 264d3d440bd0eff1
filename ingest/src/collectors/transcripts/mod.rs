//! Transcripts of meetings: `WebVTT`, `SubRip`, plain text and Markdown, in a watched folder or given one by one.

mod collect;
mod config;
mod cues;
mod folder;
mod meeting;
mod posts;
mod prose;
mod speaker;

use std::fs;
use std::io::Read;
use std::path::Path;
use std::time::Duration;

use bus::{IdKey, Post};
use jiff::Timestamp;

pub use self::collect::TranscriptCollector;
pub use self::config::TranscriptsConfig;
pub use self::meeting::Meeting;
use crate::charset;
use crate::sources::SourceConfig;

/// Larger files are not transcripts.
const MAX_BYTES: u64 = 4 << 20;

/// What was said at a meeting.
#[derive(Debug, PartialEq, Eq)]
struct Transcript {
    meeting: Meeting,
    turns: Vec<Turn>,
}

/// One contribution.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Turn {
    speaker: Option<String>,
    /// When, from the beginning of the meeting.
    at: Option<Duration>,
    text: String,
}

impl Turn {
    fn append(&mut self, words: &str, separator: char) {
        if !self.text.is_empty() && !words.is_empty() {
            self.text.push(separator);
        }
        self.text.push_str(words);
    }
}

/// The kinds of files that are read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Format {
    Cues,
    Prose,
}

impl Format {
    fn of(path: &Path) -> Option<Self> {
        match path.extension()?.to_str()?.to_ascii_lowercase().as_str() {
            "vtt" | "srt" => Some(Self::Cues),
            "txt" | "md" => Some(Self::Prose),
            _ => None,
        }
    }
}

/// A transcript's bytes and those of its sidecar.
struct Raw {
    bytes: Vec<u8>,
    sidecar: Option<String>,
}

/// Whether the file's name is that of a transcript.
pub(crate) fn is_transcript(path: &Path) -> bool {
    Format::of(path).is_some()
}

/// Reads the transcript at `path`. It reads files: call it off the async threads.
///
/// # Errors
/// Plain words about what is wrong with the file.
pub(crate) fn read_file(path: &Path, source: &SourceConfig, id_key: &IdKey) -> Result<Vec<Post>, String> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let modified = fs::metadata(path).and_then(|about| about.modified()).ok();
    let undated = modified.and_then(|at| Timestamp::try_from(at).ok()).unwrap_or_else(Timestamp::now);
    let transcript = parse(path, &load(path)?)?;
    Ok(posts::posts(transcript, identity(&name), undated, source, id_key, Timestamp::now()))
}

/// What identifies a meeting if it does not say so itself: the file's name without its extension.
fn identity(name: &str) -> &str {
    name.rsplit_once('.').map_or(name, |(stem, _)| stem)
}

/// Reads the file at `path` and its sidecar, within limits.
fn load(path: &Path) -> Result<Raw, String> {
    let mut bytes = Vec::new();
    let file = fs::File::open(path).map_err(|error| format!("cannot be read: {error}"))?;
    file.take(MAX_BYTES + 1).read_to_end(&mut bytes).map_err(|error| format!("cannot be read: {error}"))?;
    if bytes.len() as u64 > MAX_BYTES {
        return Err(format!("is larger than {} MiB, which no transcript is: split it", MAX_BYTES >> 20));
    }
    let mut sidecar = String::new();
    let described = fs::File::open(folder::sidecar(path));
    let sidecar = match described.map(|file| file.take(64 * 1024).read_to_string(&mut sidecar)) {
        Ok(Ok(_)) => Some(sidecar),
        Ok(Err(error)) => return Err(format!("its .toml file cannot be read: {error}")),
        Err(_) => None,
    };
    Ok(Raw { bytes, sidecar })
}

/// Parses what lies at `path`.
fn parse(path: &Path, raw: &Raw) -> Result<Transcript, String> {
    let format = Format::of(path)
        .ok_or("is not a kind of transcript that is read: use .vtt, .srt, .txt or .md, or remove it from the folder")?;
    if raw.bytes.is_empty() {
        return Err("is empty: put the transcript into it, or remove it from the folder".to_owned());
    }
    let text = charset::decode(&raw.bytes, []);
    if is_binary(&text) {
        return Err("is not text: save the transcript as .vtt, .srt, .txt or .md".to_owned());
    }
    let mut meeting = Meeting::default();
    let mut turns = match format {
        Format::Cues => cues::parse(&text, &mut meeting)?,
        Format::Prose => prose::parse(&text, &mut meeting)?,
    };
    if let Some(sidecar) = &raw.sidecar {
        meeting.set_toml(sidecar)?;
    }
    meeting.set_from_name(&path.file_stem().map(|stem| stem.to_string_lossy().into_owned()).unwrap_or_default());
    turns.retain(|turn| turn.text.chars().any(char::is_alphanumeric));
    if meeting.withdrawn {
        turns.clear();
    } else if turns.is_empty() {
        return Err("holds nothing that anybody said: check that it is a transcript".to_owned());
    }
    Ok(Transcript { meeting, turns })
}

/// Whether decoded text is no text: it holds characters that no text holds.
fn is_binary(text: &str) -> bool {
    let strange = |c: &char| c.is_control() && !matches!(c, '\n' | '\r' | '\t' | '\u{c}' | '\u{1b}' | '\u{85}');
    text.chars().take(64 * 1024).filter(strange).count() * 100 > text.chars().take(64 * 1024).count()
        || text.starts_with("%PDF")
        || text.starts_with("PK\u{3}\u{4}")
}

#[cfg(test)]
mod tests;
