//! Meetings as transcripts in a watched folder, in the layouts that note takers and captioning tools leave behind.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::conversation::{Conversation, DemoPost};
use crate::meeting::Meeting;
use crate::rhythm::LONDON;
use crate::site::{Clock, DemoError, NOTICE};

/// A note taker needs so long until a transcript is in the folder.
const TYPING_UP: SignedDuration = SignedDuration::from_mins(20);
/// How often it is looked whether another meeting is over.
const LOOK: Duration = Duration::from_secs(20);

/// Writes the transcripts of all meetings of `conversation` that were typed up by `until`, and returns how many were
/// new. A file that is there already is left as it is. It writes files: call it off the async threads.
///
/// # Errors
/// [`DemoError::Transcripts`], naming what could not be written.
pub fn write_transcripts(folder: &Path, conversation: Conversation, until: Timestamp) -> Result<usize, DemoError> {
    write_since(folder, conversation, conversation.start(), until)
}

/// Writes transcripts as `clock` passes the end of further meetings, until `cancel`.
pub(crate) async fn keep_writing(
    folder: PathBuf,
    conversation: Conversation,
    clock: Clock,
    mut written_until: Timestamp,
    cancel: CancellationToken,
) {
    while cancel.run_until_cancelled(tokio::time::sleep(LOOK)).await.is_some() {
        let (folder, now) = (folder.clone(), clock());
        // A meeting that ended before the last look may have begun a day earlier.
        let since = written_until - SignedDuration::from_hours(24);
        match tokio::task::spawn_blocking(move || write_since(&folder, conversation, since, now)).await {
            Ok(Ok(_)) => written_until = now,
            Ok(Err(error)) => tracing::warn!(%error, "a transcript could not be written; it is tried again"),
            Err(error) => tracing::error!(%error, "writing transcripts failed"),
        }
    }
}

fn write_since(
    folder: &Path,
    conversation: Conversation,
    since: Timestamp,
    until: Timestamp,
) -> Result<usize, DemoError> {
    let failed = |path: &Path| {
        let path = path.to_owned();
        move |reason| DemoError::Transcripts { path, reason }
    };
    fs::create_dir_all(folder).map_err(failed(folder))?;
    let mut written = 0;
    for meeting in conversation.meetings_between(since, until) {
        if meeting.began < conversation.start() || meeting.ended() + TYPING_UP > until {
            continue;
        }
        let layout = Layout::of(&meeting);
        let path = folder.join(format!("{}.{}", meeting.id, layout.extension()));
        if path.exists() {
            continue;
        }
        let contributions: Vec<DemoPost> = conversation.contributions(&meeting).collect();
        if let Some(sidecar) = layout.sidecar(&meeting) {
            let beside = folder.join(format!("{}.{}.toml", meeting.id, layout.extension()));
            write_whole(&beside, &sidecar).map_err(failed(&beside))?;
        }
        write_whole(&path, &layout.text(&meeting, &contributions)).map_err(failed(&path))?;
        written += 1;
    }
    Ok(written)
}

/// Writes a file that nobody sees before it is complete.
fn write_whole(path: &Path, text: &str) -> io::Result<()> {
    let name = path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default();
    let hidden = path.with_file_name(format!(".{name}.part"));
    fs::write(&hidden, text)?;
    fs::rename(&hidden, path)
}

/// How a transcript is written down.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Layout {
    /// `WebVTT` with voices, and the meeting in a NOTE.
    Vtt,
    /// `SubRip`, and the meeting in a file beside it.
    Srt,
    /// Markdown with front matter and names in bold.
    Markdown,
    /// Text with front matter and times in brackets.
    Text,
}

impl Layout {
    fn of(meeting: &Meeting) -> Self {
        let layouts = [Self::Markdown, Self::Vtt, Self::Text, Self::Srt, Self::Markdown];
        layouts[(meeting.present + meeting.number) % layouts.len()]
    }

    fn extension(self) -> &'static str {
        match self {
            Self::Vtt => "vtt",
            Self::Srt => "srt",
            Self::Markdown => "md",
            Self::Text => "txt",
        }
    }

    fn sidecar(self, meeting: &Meeting) -> Option<String> {
        let quoted = |text: &str| serde_json::Value::from(text).to_string();
        (self == Self::Srt).then(|| {
            about(meeting)
                .map(|(key, value)| match key {
                    "people" => format!("{key} = {value}\n"),
                    _ => format!("{key} = {}\n", quoted(&value)),
                })
                .concat()
        })
    }

    fn text(self, meeting: &Meeting, contributions: &[DemoPost]) -> String {
        let head = || about(meeting).map(|(key, value)| format!("{key}: {value}\n")).concat();
        let mut out = match self {
            Self::Vtt => format!("WEBVTT\n\nNOTE\n{}\n", head()),
            Self::Srt => String::new(),
            Self::Markdown | Self::Text => format!("---\n{}---\n\n", head()),
        };
        if self == Self::Markdown {
            out.push_str(&format!("# {}\n\n", meeting.title));
        }
        for (number, said) in contributions.iter().enumerate() {
            let at = said.created_at.duration_since(meeting.began);
            let until = contributions.get(number + 1).map_or(at + SignedDuration::from_secs(30), |next| {
                next.created_at.duration_since(meeting.began)
            });
            let (name, text) = (&said.author, said.text.replace('\n', " "));
            out.push_str(&match self {
                Self::Vtt => {
                    let text = text.replace('&', "&amp;").replace('<', "&lt;");
                    format!("{} --> {}\n<v {name}>{text}\n\n", clock(at, '.'), clock(until, '.'))
                }
                Self::Srt => {
                    format!("{}\n{} --> {}\n{name}: {text}\n\n", number + 1, clock(at, ','), clock(until, ','))
                }
                Self::Markdown => format!("**{name}:** {text}\n\n"),
                Self::Text => format!("[{}] {name}: {text}\n", &clock(at, '.')[..8]),
            });
        }
        out
    }
}

/// What is known of a meeting, as key and value.
fn about(meeting: &Meeting) -> [(&'static str, String); 8] {
    let began = meeting.began.to_zoned(LONDON.clone());
    [
        ("title", meeting.title.clone()),
        ("date", meeting.date.to_string()),
        ("time", began.strftime("%H:%M").to_string()),
        ("place", meeting.place.to_owned()),
        ("group", meeting.group.to_owned()),
        ("people", meeting.present.to_string()),
        ("event", meeting.id.clone()),
        ("fictional", NOTICE.to_owned()),
    ]
}

/// `00:01:02.000`, with this sign before the milliseconds.
fn clock(at: SignedDuration, sign: char) -> String {
    let (seconds, millis) = (at.as_secs(), at.subsec_millis());
    format!("{:02}:{:02}:{:02}{sign}{millis:03}", seconds / 3600, seconds / 60 % 60, seconds % 60)
}
