//! PDF: its text is taken out by a confined child process, and then read as prose.

use super::super::meeting::Meeting;
use super::super::{Contribution, limits, pdf};
use super::prose;

pub(in super::super) fn parse(bytes: &[u8], meeting: &mut Meeting) -> Result<Vec<Contribution>, String> {
    if !bytes.starts_with(b"%PDF") {
        return Err("is not a PDF, or is damaged: save it again".to_owned());
    }
    let text = pdf::text(bytes)?;
    limits::check_lines(&text)?;
    prose::parse(&unwrap_lines(&text), meeting)
}

/// `text` with the lines of a sentence together: a page knows only where letters stand, and wide spacing of lines looks
/// like a new paragraph.
fn unwrap_lines(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty()) {
        let goes_on = !out.trim_end().ends_with(['.', '!', '?', ':', '”', '"']) && line.starts_with(char::is_lowercase);
        if !out.is_empty() {
            out.push_str(if goes_on { " " } else { "\n" });
        }
        out.push_str(line);
    }
    out
}
