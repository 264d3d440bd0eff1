//! Meetings as transcripts in a watched folder, in the layouts that note takers and captioning tools leave behind.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};
use std::time::Duration;

use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;

use crate::conversation::{Conversation, DemoPost};
use crate::meeting::Meeting;
use crate::put::put;
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
        let head = about(meeting).map(|(key, value)| format!("{key}: {value}\n")).concat();
        let mut out = match self {
            Self::Vtt => format!("WEBVTT\n\nNOTE\n{head}\n"),
            Self::Srt => String::new(),
            Self::Markdown => format!("---\n{head}---\n\n# {}\n\n", meeting.title),
            Self::Text => format!("---\n{head}---\n\n"),
        };
        for (number, said) in contributions.iter().enumerate() {
            let at = said.created_at.duration_since(meeting.began);
            let until = contributions
                .get(number + 1)
                .map_or(at + SignedDuration::from_secs(30), |next| next.created_at.duration_since(meeting.began));
            self.put_turn(&mut out, number + 1, (at, until), said);
        }
        out
    }

    /// Adds one contribution, with its number from 1 and when it begins and ends after the meeting's beginning.
    fn put_turn(self, out: &mut String, number: usize, time: (SignedDuration, SignedDuration), said: &DemoPost) {
        let (name, text) = (&said.author, said.text.replace('\n', " "));
        let times = |sign: char| (clock(time.0, sign), clock(time.1, sign));
        match self {
            Self::Vtt => {
                let text = text.replace('&', "&amp;").replace('<', "&lt;");
                let (from, to) = times('.');
                put(out, format_args!("{from} --> {to}\n<v {name}>{text}\n\n"));
            }
            Self::Srt => {
                let (from, to) = times(',');
                put(out, format_args!("{number}\n{from} --> {to}\n{name}: {text}\n\n"));
            }
            Self::Markdown => put(out, format_args!("**{name}:** {text}\n\n")),
            Self::Text => put(out, format_args!("[{}] {name}: {text}\n", &times('.').0[..8])),
        }
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

#[cfg(test)]
mod tests {
    use super::*;

    const END: Timestamp = Timestamp::constant(1_783_328_400, 0);

    fn names(folder: &Path) -> Vec<String> {
        let mut names: Vec<_> = fs::read_dir(folder)
            .unwrap()
            .map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned())
            .filter(|name| Path::new(name).extension().is_none_or(|extension| extension != "toml"))
            .collect();
        names.sort();
        names
    }

    #[test]
    fn meetings_are_written_once_each_when_they_are_over() {
        let folder = tempfile::tempdir().unwrap();
        let conversation = Conversation::new(crate::SEED, END);
        let half = conversation.start() + SignedDuration::from_hours(24 * 28);
        let first = write_transcripts(folder.path(), conversation, half).unwrap();
        let second = write_transcripts(folder.path(), conversation, END).unwrap();
        assert!(first > 60 && second > 60, "{first} {second}");
        assert_eq!(write_transcripts(folder.path(), conversation, END).unwrap(), 0);
        let names = names(folder.path());
        assert_eq!(names.len(), first + second);
        for extension in [".vtt", ".srt", ".md", ".txt"] {
            assert!(names.iter().filter(|name| name.ends_with(extension)).count() > 15, "{extension}");
        }
    }

    #[test]
    fn every_layout_names_the_meeting_the_speakers_and_the_fiction() {
        let conversation = Conversation::new(crate::SEED, END);
        for meeting in conversation.meetings_between(conversation.start(), END).take(40) {
            let said: Vec<_> = conversation.contributions(&meeting).collect();
            for layout in [Layout::Vtt, Layout::Srt, Layout::Markdown, Layout::Text] {
                let whole = format!("{}{}", layout.text(&meeting, &said), layout.sidecar(&meeting).unwrap_or_default());
                assert!(whole.contains(&meeting.title) && whole.contains(NOTICE), "{layout:?}");
                assert!(said.iter().all(|said| whole.contains(&said.author)));
                assert!(whole.contains(meeting.place) && whole.contains(&meeting.present.to_string()));
            }
        }
    }

    #[test]
    fn a_vtt_transcript_looks_like_this() {
        let conversation = Conversation::new(crate::SEED, END);
        let meeting = conversation.meetings_between(conversation.start(), END).next().unwrap();
        let said: Vec<_> = conversation.contributions(&meeting).take(1).collect();
        insta::assert_snapshot!(Layout::Vtt.text(&meeting, &said), @r"
        WEBVTT

        NOTE
        title: Refugee and migrant drop-in, Halifax
        date: 2026-05-11
        time: 11:00
        place: Halifax
        group: Refugee and migrant drop-in
        people: 28
        event: 2026-05-11-1-drop-in-halifax
        fictional: This is fiction, made for the demonstration of Discovery. Nobody here exists and nothing here happened.

        00:00:20.000 --> 00:00:50.000
        <v Facilitator>Welcome, everyone. We'll go round the room, and if you'd rather pass, just say pass.
        ");
        assert_eq!(clock(SignedDuration::from_millis(3_723_045), ','), "01:02:03,045");
    }
}
