//! Transcripts as plain text or Markdown: lines with names, or paragraphs without.

use super::Turn;
use super::meeting::Meeting;
use super::speaker::opening;

/// Reads `text`, and takes what its front matter and its first heading say about the meeting.
pub(super) fn parse(text: &str, meeting: &mut Meeting) -> Result<Vec<Turn>, String> {
    let body = match front_matter(text) {
        Some((head, body)) => {
            meeting.set_lines(head.lines())?;
            body
        }
        None => text,
    };
    let mut turns: Vec<Turn> = Vec::new();
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
        if line.starts_with("Transcribed by http") {
            continue;
        }
        let (bullet, line) = without_bullet(line);
        let opened = opening(line);
        match (opened, turns.last_mut()) {
            (Some(opened), _) => turns.push(Turn {
                speaker: opened.speaker.map(str::to_owned),
                at: opened.at,
                text: opened.rest.to_owned(),
            }),
            // Who has the word keeps it until somebody else is named.
            (None, Some(turn)) if turn.speaker.is_some() => {
                turn.append(line, if new_paragraph || bullet { '\n' } else { ' ' });
            }
            (None, Some(turn)) if !new_paragraph && !bullet => turn.append(line, ' '),
            (None, _) => turns.push(Turn { speaker: None, at: None, text: line.to_owned() }),
        }
        new_paragraph = false;
    }
    Ok(turns)
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
