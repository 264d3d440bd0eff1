//! Word documents: paragraphs, lists and tables, as people type minutes and as Teams exports transcripts.

use super::super::archive::Archive;
use super::super::limits::Budget;
use super::super::meeting::Meeting;
use super::super::speaker::{clock, is_name};
use super::super::xml::{Node, attribute, text, walk};
use super::super::{Contribution, extension, limits};
use super::prose;

pub(in super::super) fn parse(
    bytes: &[u8],
    budget: &mut Budget,
    meeting: &mut Meeting,
) -> Result<Vec<Contribution>, String> {
    let mut archive = Archive::open(bytes, budget)?;
    let main = archive.names().find(|name| name.starts_with("word/document") && extension(name) == "xml");
    let Some(main) = main.map(str::to_owned) else {
        return Err("is not a Word document: save it again as .docx".to_owned());
    };
    read(&text(archive.read(&main, budget)?.unwrap_or_default()), meeting)
}

/// What is said in `xml`, the main part of a document.
pub(in super::super) fn read(xml: &str, meeting: &mut Meeting) -> Result<Vec<Contribution>, String> {
    let mut writer = Writer::default();
    walk(xml, |node| {
        writer.visit(node);
        Ok(())
    })?;
    limits::check_lines(&writer.text)?;
    if writer.timed > 0 {
        return Ok(timed(&writer.text));
    }
    prose::parse(&writer.text, meeting)
}

/// Collects paragraphs as Markdown: blank lines between them, `#` before headings, `-` before items of lists.
#[derive(Default)]
struct Writer {
    text: String,
    paragraph: String,
    mark: &'static str,
    /// The cells of the row of the table that we are in.
    cells: Option<Vec<String>>,
    /// Inside an element whose text is for readers.
    in_text: bool,
    /// Inside how many elements whose content stands elsewhere already.
    hidden: usize,
    /// Paragraphs that begin with the times of a cue.
    timed: usize,
}

impl Writer {
    fn visit(&mut self, node: Node<'_>) {
        match node {
            Node::Open("Fallback", _) => self.hidden += 1,
            Node::Close("Fallback") => self.hidden = self.hidden.saturating_sub(1),
            _ if self.hidden > 0 => {}
            Node::Open("t", _) => self.in_text = true,
            Node::Close("t") => self.in_text = false,
            Node::Text(text) if self.in_text => self.paragraph.push_str(&text),
            Node::Open("tab", _) => self.paragraph.push('\t'),
            Node::Open("br" | "cr", _) => self.paragraph.push('\n'),
            Node::Open("pStyle", tag) => {
                let style = attribute(tag, "val").unwrap_or_default();
                if style.starts_with("Heading") || style == "Title" {
                    self.mark = "# ";
                }
            }
            Node::Open("numPr", _) if self.mark.is_empty() => self.mark = "- ",
            Node::Open("tr", _) => self.cells = Some(vec![String::new()]),
            Node::Close("tc") => {
                if let Some(cells) = &mut self.cells {
                    cells.push(String::new());
                }
            }
            Node::Close("tr") => self.end_row(),
            Node::Close("p") => self.end_paragraph(),
            Node::Open(..) | Node::Close(_) | Node::Text(_) => {}
        }
    }

    fn end_paragraph(&mut self) {
        let paragraph = std::mem::take(&mut self.paragraph);
        let (words, mark) = (paragraph.trim(), std::mem::take(&mut self.mark));
        if words.is_empty() {
            return;
        }
        if let Some(cell) = self.cells.as_mut().and_then(|cells| cells.last_mut()) {
            if !cell.is_empty() {
                cell.push(' ');
            }
            cell.push_str(words);
            return;
        }
        if words.lines().next().is_some_and(|line| line.contains("-->")) {
            self.timed += 1;
        }
        self.text.push_str(mark);
        self.text.push_str(words);
        self.text.push_str("\n\n");
    }

    /// A row becomes a paragraph; where it names a speaker or a time, these come first, as in a transcript.
    fn end_row(&mut self) {
        let cells = self.cells.take().unwrap_or_default();
        let cells: Vec<&str> = cells.iter().map(|cell| cell.trim()).filter(|cell| !cell.is_empty()).collect();
        let Some((words, before)) = cells.split_last() else { return };
        let time = before.iter().find(|cell| clock(cell).is_some());
        let name = before.iter().find(|cell| is_name(cell));
        let others = before.iter().filter(|cell| Some(*cell) != time && Some(*cell) != name);
        let mut line = time.map(|time| format!("[{time}] ")).unwrap_or_default();
        line.extend(name.map(|name| format!("{name}: ")));
        line.extend(others.map(|cell| format!("{cell} ")));
        line.push_str(words);
        self.text.push_str(&line);
        self.text.push_str("\n\n");
    }
}

/// The older layout of Teams: each paragraph is `0:0:0.0 --> 0:0:3.4`, a name, and what was said.
fn timed(text: &str) -> Vec<Contribution> {
    let mut found: Vec<Contribution> = Vec::new();
    for block in text.split("\n\n") {
        let mut lines = block.lines();
        let first = lines.next().unwrap_or_default();
        let Some((start, _)) = first.split_once("-->") else {
            if let Some(last) = found.last_mut() {
                last.append(block.trim(), ' ');
            }
            continue;
        };
        let rest: Vec<&str> = lines.map(str::trim).collect();
        let (speaker, words) = match rest.split_first() {
            Some((name, words)) if !words.is_empty() => (Some((*name).to_owned()), words.join(" ")),
            _ => (None, rest.join(" ")),
        };
        match found.last_mut() {
            Some(last) if last.speaker == speaker && speaker.is_some() => last.append(&words, ' '),
            _ => found.push(Contribution::new(speaker, clock(start), words)),
        }
    }
    found
}
