//! `WebVTT`, `SubRip` and `SubViewer`: text in cues with times.

use std::time::Duration;

use super::super::Contribution;
use super::super::meeting::Meeting;
use super::super::speaker::{clock, opening};

/// One cue.
struct Cue {
    at: Option<Duration>,
    lines: Vec<String>,
}

/// Without speakers, a contribution ends at the end of a sentence after so many characters.
const ANONYMOUS_CHARS: usize = 300;

/// Reads `text`, and takes what NOTE blocks and the header say about the meeting.
///
/// It reads what it can: a broken time loses the time, never the words.
pub(in super::super) fn parse(text: &str, meeting: &mut Meeting) -> Result<Vec<Contribution>, String> {
    let mut turns = Turns::default();
    for cue in cues(text, meeting)? {
        turns.add(&cue);
    }
    Ok(turns.finish())
}

fn cues(text: &str, meeting: &mut Meeting) -> Result<Vec<Cue>, String> {
    let mut cues: Vec<Cue> = Vec::new();
    let lines: Vec<&str> = text.lines().map(str::trim).collect();
    for (number, block) in lines.split(|line| line.is_empty()).enumerate() {
        let block = match block.first() {
            Some(first) if number == 0 && first.starts_with("WEBVTT") => {
                let header_ends = block.iter().position(|line| is_timing(line)).unwrap_or(block.len());
                meeting.set_lines(block[1..header_ends.max(1)].iter().copied())?;
                &block[header_ends.max(1)..]
            }
            Some(&first) if first == "NOTE" || first.starts_with("NOTE ") => {
                let rest = first.strip_prefix("NOTE").unwrap_or_default();
                meeting.set_lines(std::iter::once(rest).chain(block[1..].iter().copied()))?;
                continue;
            }
            None | Some(&("STYLE" | "REGION")) => continue,
            Some(_) => block,
        };
        add_block(block, &mut cues);
    }
    Ok(cues)
}

fn add_block(block: &[&str], cues: &mut Vec<Cue>) {
    for (index, line) in block.iter().enumerate() {
        let next_is_timing = block.get(index + 1).is_some_and(|next| is_timing(next));
        let number = line.bytes().all(|byte| byte.is_ascii_digit());
        if let Some(start) = timing(line) {
            cues.push(Cue { at: clock(start), lines: Vec::new() });
        } else if next_is_timing && (index == 0 || number) {
            // The cue's identifier.
        } else if let Some(cue) = cues.last_mut() {
            cue.lines.push((*line).to_owned());
        } else {
            cues.push(Cue { at: None, lines: vec![(*line).to_owned()] });
        }
    }
}

fn is_timing(line: &str) -> bool {
    timing(line).is_some()
}

/// When the cue begins, as `line` writes it, if it gives the times of a cue: `00:00:01.000 --> 00:00:02.000`, or
/// `0:00:01.000,0:00:02.000`.
fn timing(line: &str) -> Option<&str> {
    if let Some((start, _)) = line.split_once("-->") {
        return Some(start);
    }
    let (start, end) = line.split_once(',')?;
    (clock(start).is_some() && clock(end).is_some()).then_some(start)
}

/// Joins cues to contributions.
#[derive(Default)]
struct Turns {
    done: Vec<Contribution>,
    current: Option<Contribution>,
    /// The last line, for captions that roll: each cue repeats the line before.
    last_line: String,
}

impl Turns {
    fn add(&mut self, cue: &Cue) {
        // Only automatic captions mark single words, and only they roll.
        let rolling = cue.lines.iter().any(|line| line.contains("</c>"));
        let mut voices: Vec<(Option<String>, String)> = Vec::new();
        for line in &cue.lines {
            let plain = plain_text(line);
            if plain == self.last_line && (rolling || cue.lines.len() > 1) && !line.contains("<v") {
                continue;
            }
            self.last_line = plain;
            for (voice, words) in voices_of(line) {
                match voices.last_mut() {
                    Some((_, text)) if voice.is_none() => {
                        text.push(' ');
                        text.push_str(&words);
                    }
                    _ => voices.push((voice, words)),
                }
            }
        }
        for (voice, words) in voices {
            self.say(voice, cue.at, &words);
        }
    }

    fn say(&mut self, voice: Option<String>, at: Option<Duration>, words: &str) {
        let words = words.trim();
        let (marked, words) = match words.strip_prefix(">>") {
            Some(rest) => (true, rest.trim_start_matches('>').trim()),
            None => (false, words),
        };
        let (speaker, words) = match (voice, opening(words)) {
            (Some(voice), _) => (Some(voice), words),
            (None, Some(found)) if found.speaker.is_some() => (found.speaker.map(str::to_owned), found.rest),
            (None, _) => (None, words),
        };
        let goes_on = self.current.as_ref().is_some_and(|current| match (&speaker, &current.speaker) {
            (Some(new), Some(old)) => new == old,
            (Some(_), None) => false,
            (None, Some(_)) => !marked,
            (None, None) => !marked && !is_complete(&current.text),
        });
        match &mut self.current {
            Some(current) if goes_on => current.append(words, ' '),
            _ => {
                self.done.extend(self.current.take());
                self.current = Some(Contribution::new(speaker, at, words));
            }
        }
    }

    fn finish(mut self) -> Vec<Contribution> {
        self.done.extend(self.current.take());
        self.done
    }
}

fn is_complete(text: &str) -> bool {
    text.chars().count() >= ANONYMOUS_CHARS && text.ends_with(['.', '!', '?', '…', '"', '”'])
}

/// The voices in one line: `<v Name>words` once or several times, or words without a name.
fn voices_of(line: &str) -> Vec<(Option<String>, String)> {
    let mut found = Vec::new();
    let mut rest = line;
    let mut voice: Option<String> = None;
    while let Some((start, name, end)) = voice_tag(rest) {
        push_voice(&mut found, voice.take(), &rest[..start]);
        voice = Some(name);
        rest = &rest[end..];
    }
    push_voice(&mut found, voice, rest);
    found
}

fn push_voice(found: &mut Vec<(Option<String>, String)>, voice: Option<String>, words: &str) {
    let words = plain_text(words);
    if !words.is_empty() {
        found.push((voice, words));
    }
}

/// The first `<v Name>` or `<v.class Name>` in `text`: where it begins, the name, and where it ends.
fn voice_tag(text: &str) -> Option<(usize, String, usize)> {
    let start = text.match_indices("<v").map(|(at, _)| at).find(|&at| text[at + 2..].starts_with([' ', '.']))?;
    let end = start + text[start..].find('>')?;
    let name = text[start + 2..end].split_once(' ').map(|(_, name)| name.trim())?;
    (!name.is_empty()).then(|| (start, unescape(name), end + 1))
}

/// A cue's text without tags, its entities replaced.
fn plain_text(line: &str) -> String {
    let mut text = String::with_capacity(line.len());
    let mut rest = line;
    while let Some(at) = rest.find('<') {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        // A tag holds no other: text full of `<` must not be searched to its end for each of them.
        let end = rest[1..].find(['<', '>']).map(|end| end + 1).filter(|&end| rest[end..].starts_with('>'));
        let end = end.filter(|&end| is_tag(&rest[1..end]));
        if let Some(end) = end {
            rest = &rest[end + 1..];
        } else {
            text.push('<');
            rest = &rest[1..];
        }
    }
    text.push_str(rest);
    unescape(text.trim())
}

fn is_tag(inside: &str) -> bool {
    let inside = inside.strip_prefix('/').unwrap_or(inside);
    let name = inside.split(['.', ' ']).next().unwrap_or_default();
    matches!(name, "v" | "c" | "i" | "b" | "u" | "ruby" | "rt" | "lang" | "font") || clock(inside).is_some()
}

fn unescape(text: &str) -> String {
    [("&nbsp;", " "), ("&lrm;", ""), ("&rlm;", ""), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&")]
        .iter()
        .fold(text.to_owned(), |text, (entity, character)| text.replace(entity, character))
}
