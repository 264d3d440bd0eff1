//! The formats of documents, one file each.

mod csv;
mod cues;
pub(super) mod docx;
mod html;
mod json;
pub(super) mod mail;
mod pdf;
mod prose;
mod xlsx;
pub(super) mod zip;

use super::meeting::Meeting;
use super::{About, Contribution, Reader, Reading, decode, extension, limits, table};

/// The endings of the files that are read, for messages.
pub const EXTENSIONS: &str = ".txt, .md, .vtt, .srt, .sbv, .docx, .pdf, .csv, .xlsx, .json, .eml, .html or .zip";

/// How a file is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Format {
    /// `WebVTT`, `SubRip` and `SubViewer`: text in cues with times.
    Cues,
    /// Plain text and Markdown.
    Prose,
    /// A Word document.
    Docx,
    /// A PDF.
    Pdf,
    /// A table as text.
    Csv,
    /// A table as a workbook.
    Xlsx,
    /// A list of objects, or one object a line.
    Json,
    /// An e-mail.
    Mail,
    /// A web page.
    Html,
    /// An archive of these.
    Zip,
}

impl Format {
    /// The format that the ending of `name` tells.
    pub fn of(name: &str) -> Option<Self> {
        Some(match extension(name).as_str() {
            "vtt" | "srt" | "sbv" => Self::Cues,
            "txt" | "text" | "md" | "markdown" => Self::Prose,
            "docx" => Self::Docx,
            "pdf" => Self::Pdf,
            "csv" | "tsv" => Self::Csv,
            "xlsx" => Self::Xlsx,
            "json" | "jsonl" | "ndjson" => Self::Json,
            "eml" => Self::Mail,
            "html" | "htm" => Self::Html,
            "zip" => Self::Zip,
            _ => return None,
        })
    }
}

/// Refuses bytes that are plainly of another kind than their name says, with what to do.
pub(super) fn check_kind(format: Format, bytes: &[u8]) -> Result<(), String> {
    let zipped = matches!(format, Format::Docx | Format::Xlsx | Format::Zip);
    if bytes.starts_with(b"%PDF") && format != Format::Pdf {
        return Err("is a PDF: give it a name that ends in .pdf".to_owned());
    }
    if bytes.starts_with(&[0xD0, 0xCF, 0x11, 0xE0]) {
        return Err(
            "is in an old Office format, or protected by a password: save it as .docx or .xlsx, without a password"
                .to_owned(),
        );
    }
    if bytes.starts_with(b"PK\x03\x04") != zipped {
        let said = if zipped { "is damaged, or is not what its name says" } else { "is an archive or an Office file" };
        return Err(format!("{said}: save it again, with the ending that belongs to it"));
    }
    Ok(())
}

/// What was said in a file of a format that holds no other files.
pub(super) fn contributions(
    reader: &mut Reader,
    format: Format,
    bytes: &[u8],
    about: &About,
    meeting: &mut Meeting,
    reading: &mut Reading,
) -> Result<Vec<Contribution>, String> {
    let text = || {
        let text = decode(bytes)?;
        limits::check_lines(&text)?;
        Ok::<_, String>(text)
    };
    let table = match format {
        Format::Cues => return cues::parse(&text()?, meeting),
        Format::Prose => return prose::parse(&text()?, meeting),
        Format::Docx => return docx::parse(bytes, &mut reader.budget, meeting),
        Format::Pdf => return pdf::parse(bytes, meeting),
        Format::Html => return html::parse(&decode(bytes)?, meeting),
        Format::Csv => csv::parse(&decode(bytes)?)?,
        Format::Xlsx => xlsx::parse(bytes, &mut reader.budget)?,
        Format::Json => json::parse(&decode(bytes)?)?,
        Format::Mail | Format::Zip => return Err("holds other files".to_owned()),
    };
    table::contributions(&table, &about.columns, &mut reading.warnings)
}
