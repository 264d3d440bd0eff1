//! E-mails: what the sender wrote, without the history below it; and the files attached, if they are documents.

use jiff::Timestamp;
use mail_parser::{Message, MessageParser, MimeHeaders as _, PartType};

use super::super::meeting::Meeting;
use super::super::{About, Contribution, Handed, Own, Reader, Reading, identity, limits};
use super::Format;
use crate::html;

/// So many attachments are looked at.
const MAX_ATTACHMENTS: usize = 50;

/// 25 MiB of attachments have fewer lines.
const MAX_LINES: usize = 500_000;

/// Lines that may separate parts.
const MAX_BOUNDARIES: usize = 5_000;

pub(in super::super) fn read(
    reader: &mut Reader,
    file: Handed<'_>,
    about: &About,
    reading: &mut Reading,
) -> Result<(), String> {
    // The reader keeps every header and every part: more than any e-mail has would take many times its size in memory.
    let lines = file.bytes.split(|&byte| byte == b'\n').count();
    let boundaries = file.bytes.windows(3).filter(|window| window == b"\n--").count();
    if lines > MAX_LINES || boundaries > MAX_BOUNDARIES {
        return Err("has more parts or lines than any e-mail: it is not read".to_owned());
    }
    let message = MessageParser::default()
        .parse(file.bytes)
        .filter(|message| message.from().is_some() || message.subject().is_some())
        .ok_or("is not an e-mail: save it again as .eml")?;
    let before = reading.documents.len();
    let written = add_message(&message, file, about, reading);
    if reader.depth == 0 {
        reader.depth += 1;
        add_attachments(reader, &message, file, about, reading);
        reader.depth -= 1;
    }
    if reading.documents.len() > before { Ok(()) } else { written }
}

fn add_message(message: &Message<'_>, file: Handed<'_>, about: &About, reading: &mut Reading) -> Result<(), String> {
    let mut text = String::new();
    for part in message.text_bodies() {
        match &part.body {
            PartType::Text(words) => text.push_str(words),
            PartType::Html(page) => text.push_str(&html::document_to_text(page)),
            _ => continue,
        }
        text.push('\n');
    }
    let text = without_history(&text);
    limits::check_lines(&text)?;
    let said_at = message.date().and_then(|date| Timestamp::from_second(date.to_timestamp()).ok());
    let sender = message.from().and_then(|from| from.first()?.address().map(str::to_lowercase));
    let own = Own { id: message.message_id().map(str::to_owned), said_at, ..Own::default() };
    let meeting = Meeting { title: message.subject().map(str::to_owned), ..Meeting::default() };
    let said = Contribution { own, ..Contribution::new(sender, None, text) };
    reading.add(file.name, meeting, about, vec![said], false)
}

fn add_attachments(reader: &mut Reader, message: &Message<'_>, file: Handed<'_>, about: &About, reading: &mut Reading) {
    for part in message.attachments().take(MAX_ATTACHMENTS) {
        let Some(name) = part.attachment_name() else { continue };
        let name = name.replace(['/', '\\'], "_");
        let outcome = match (Format::of(&name), &part.body) {
            (None | Some(Format::Mail), _) | (_, PartType::Message(_) | PartType::Multipart(_)) => {
                Err("is not a kind of file that is read".to_owned())
            }
            (Some(_), body) => {
                let bytes = match body {
                    PartType::Text(text) | PartType::Html(text) => text.as_bytes(),
                    PartType::Binary(bytes) | PartType::InlineBinary(bytes) => bytes,
                    PartType::Message(_) | PartType::Multipart(_) => &[],
                };
                let whole = format!("{}/{name}", identity(file.name));
                reader.read(Handed { name: &whole, bytes, sidecar: None }, about, reading)
            }
        };
        if let Err(problem) = outcome {
            reading.warnings.push(format!("the attachment {name} {problem}"));
        }
    }
}

/// What the sender wrote: without what is quoted, what an earlier message said, and the signature.
fn without_history(text: &str) -> String {
    let lines: Vec<&str> = text.lines().map(str::trim_end).collect();
    let mut kept = String::new();
    for (number, line) in lines.iter().enumerate() {
        let words = line.trim();
        let next = lines.get(number + 1).map_or("", |next| next.trim());
        if begins_history(words, next) {
            break;
        }
        if !words.starts_with('>') {
            kept.push_str(line);
            kept.push('\n');
        }
    }
    kept.trim().to_owned()
}

/// Whether history or the signature begins at this line, which `next` follows.
fn begins_history(line: &str, next: &str) -> bool {
    let wrote = |line: &str| line.ends_with("wrote:") || line.ends_with("writes:");
    let header = |line: &str| ["Sent:", "Date:", "To:", "Subject:"].iter().any(|name| line.starts_with(name));
    line == "--"
        || (line.starts_with("On ") && (wrote(line) || wrote(next)))
        || line.starts_with("-----Original Message")
        || line.starts_with("---------- Forwarded message")
        || (line.len() >= 10 && line.bytes().all(|byte| byte == b'_'))
        || (line.trim_start_matches('*').starts_with("From:") && header(next.trim_start_matches('*')))
}
