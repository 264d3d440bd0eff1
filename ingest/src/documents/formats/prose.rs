//! Transcripts as plain text or Markdown: lines with names, or paragraphs without.

use super::super::Contribution;
use super::super::meeting::Meeting;
use super::super::speaker::opening;
use super::super::when::date;

/// Reads `text`, and takes what its front matter and its first heading say about the meeting.
pub(in super::super) fn parse(text: &str, meeting: &mut Meeting) -> Result<Vec<Contribution>, String> {
    let body = match front_matter(text) {
        Some((head, body)) => {
            meeting.set_lines(head.lines())?;
            body
        }
        None => text,
    };
    let body = without_preamble(body, meeting);
    let mut turns: Vec<Contribution> = Vec::new();
    let mut new_paragraph = true;
    for line in body.lines().map(str::trim) {
        if line.is_empty() || is_rule(line) {
            new_paragraph = true;
            continue;
        }
        if let Some(heading) = heading(line) {
            // The first heading names the meeting, later ones its parts; nobody said them.
            meeting.title.get_or_insert_with(|| heading.to_owned());
            new_paragraph = true;
            continue;
        }
        if is_notice(line) {
            continue;
        }
        let (bullet, line) = without_bullet(line);
        let opened = opening(line);
        match (opened, turns.last_mut()) {
            (Some(opened), _) => {
                turns.push(Contribution::new(opened.speaker.map(str::to_owned), opened.at, opened.rest));
            }
            // Who has the word keeps it until somebody else is named.
            (None, Some(turn)) if turn.speaker.is_some() => {
                turn.append(line, if new_paragraph || bullet { '\n' } else { ' ' });
            }
            (None, Some(turn)) if !new_paragraph && !bullet => turn.append(line, ' '),
            (None, _) => turns.push(Contribution::new(None, None, line)),
        }
        new_paragraph = false;
    }
    Ok(turns)
}

/// Lines that transcription services add, and that nobody said.
fn is_notice(line: &str) -> bool {
    line.starts_with("Transcribed by http")
        || (line.len() < 120
            && [" started transcription", " stopped transcription"].iter().any(|end| line.ends_with(end)))
}

/// So many lines stand before the first word, at most.
const PREAMBLE_LINES: usize = 12;

/// `body` from its first contribution on. Transcription services write a title, a date, a length, key words and the
/// speakers above it: the first two tell of the meeting, and none of them was said.
fn without_preamble<'a>(body: &'a str, meeting: &mut Meeting) -> &'a str {
    let mut at = 0;
    let mut lines = Vec::new();
    for line in body.split_inclusive('\n') {
        let words = line.trim();
        // Only these services put the time on a line of its own, with or without a name.
        if opening(words).is_some_and(|opened| opened.at.is_some() && opened.rest.is_empty()) {
            break;
        }
        at += line.len();
        if !words.is_empty() {
            lines.push(words);
        }
        if lines.len() > PREAMBLE_LINES || opening(words).is_some() {
            return body;
        }
    }
    // Without a sign of such a service somebody may have said it: words are never lost.
    let is_export =
        |line: &&str| matches!(*line, "SUMMARY KEYWORDS" | "SPEAKERS") || is_notice(line) || date_in(line).is_some();
    if at >= body.len() || !lines.iter().any(is_export) {
        return body;
    }
    if let Some(first) = lines.first().filter(|first| date_in(first).is_none() && !is_notice(first)) {
        meeting.title.get_or_insert_with(|| heading(first).unwrap_or(first).to_owned());
    }
    if let Some((date, time)) = lines.iter().find_map(|line| date_in(line))
        && meeting.date.is_none()
    {
        (meeting.date, meeting.time) = (Some(date), time);
    }
    &body[at..]
}

/// The date that a line of a preamble gives, perhaps followed by the length of the recording.
fn date_in(line: &str) -> Option<(jiff::civil::Date, Option<jiff::civil::Time>)> {
    date(line.split('•').next().unwrap_or(line).trim())
}

/// What stands between two lines `---` at the beginning, and what follows.
fn front_matter(text: &str) -> Option<(&str, &str)> {
    let rest = text.trim_start().strip_prefix("---")?;
    let rest = rest.strip_prefix("\r\n").or_else(|| rest.strip_prefix('\n'))?;
    let mut at = 0;
    for line in rest.split_inclusive('\n').take(100) {
        if matches!(line.trim_end(), "---" | "...") {
            return Some((&rest[..at], &rest[at + line.len()..]));
        }
        at += line.len();
    }
    None
}

fn heading(line: &str) -> Option<&str> {
    let text = line.trim_start_matches('#');
    let level = line.len() - text.len();
    ((1..=6).contains(&level) && text.starts_with(' ')).then(|| text.trim())
}

/// A line drawn between parts.
fn is_rule(line: &str) -> bool {
    line.len() >= 3 && line.chars().all(|c| matches!(c, '-' | '*' | '_' | '='))
}

fn without_bullet(line: &str) -> (bool, &str) {
    let bullet = ["- ", "* ", "• ", "> "].iter().find_map(|mark| line.strip_prefix(mark));
    match bullet {
        Some(rest) => (true, rest.trim_start()),
        None => (false, line),
    }
}
