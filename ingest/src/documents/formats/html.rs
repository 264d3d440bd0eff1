//! Web pages: their text, blocks as paragraphs.

use super::super::meeting::Meeting;
use super::super::{Contribution, limits};
use super::prose;
use crate::html;

pub(in super::super) fn parse(page: &str, meeting: &mut Meeting) -> Result<Vec<Contribution>, String> {
    let text = html::document_to_text(page);
    limits::check_lines(&text)?;
    prose::parse(&text.replace('\n', "\n\n"), meeting)
}
