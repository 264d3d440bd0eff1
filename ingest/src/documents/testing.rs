//! Files for this crate's tests, made by code.

use std::fmt::Write as _;
use std::io::{Cursor, Write as _};

use zip::write::SimpleFileOptions;
use zip::{CompressionMethod, ZipWriter};

/// An archive of these files.
pub(crate) fn zip_of(files: &[(&str, &[u8])]) -> Vec<u8> {
    let mut writer = ZipWriter::new(Cursor::new(Vec::new()));
    let options = SimpleFileOptions::default().compression_method(CompressionMethod::Deflated);
    for (name, bytes) in files {
        writer.start_file(*name, options).unwrap();
        writer.write_all(bytes).unwrap();
    }
    writer.finish().unwrap().into_inner()
}

/// A Word document with this inside its body.
pub(crate) fn docx_of(body: &str) -> Vec<u8> {
    let document = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\" standalone=\"yes\"?>\n<w:document \
         xmlns:w=\"http://schemas.openxmlformats.org/wordprocessingml/2006/main\"><w:body>{body}</w:body></w:document>"
    );
    zip_of(&[("[Content_Types].xml", b"<Types/>"), ("word/document.xml", document.as_bytes())])
}

/// Paragraphs of a Word document; a line break within one is a line break in it.
pub(crate) fn paragraphs(texts: &[&str]) -> String {
    let paragraph = |text: &&str| {
        let lines: Vec<String> =
            text.split('\n').map(|line| format!("<w:r><w:t xml:space=\"preserve\">{line}</w:t></w:r>")).collect();
        format!("<w:p>{}</w:p>", lines.join("<w:r><w:br/></w:r>"))
    };
    texts.iter().map(paragraph).collect()
}

/// A workbook of one sheet; cells that are numbers are written as dates.
pub(crate) fn xlsx_of(rows: &[&[&str]]) -> Vec<u8> {
    let (mut strings, mut data, mut number) = (String::new(), String::new(), 0);
    for (line, row) in rows.iter().enumerate() {
        write!(data, "<row r=\"{}\">", line + 1).unwrap();
        for (column, cell) in row.iter().enumerate() {
            let name = format!("{}{}", char::from(b'A' + u8::try_from(column).unwrap()), line + 1);
            if cell.parse::<f64>().is_ok() {
                write!(data, "<c r=\"{name}\" s=\"1\"><v>{cell}</v></c>").unwrap();
            } else if !cell.is_empty() {
                write!(strings, "<si><r><t>{cell}</t></r></si>").unwrap();
                write!(data, "<c r=\"{name}\" t=\"s\"><v>{number}</v></c>").unwrap();
                number += 1;
            }
        }
        data.push_str("</row>");
    }
    let sheet = format!("<worksheet><sheetData>{data}</sheetData></worksheet>");
    let shared = format!("<sst>{strings}</sst>");
    zip_of(&[
        (
            "xl/workbook.xml",
            b"<workbook xmlns:r=\"r\"><sheets><sheet name=\"Forms\" r:id=\"rId7\"/></sheets></workbook>",
        ),
        (
            "xl/_rels/workbook.xml.rels",
            b"<Relationships><Relationship Id=\"rId7\" Target=\"worksheets/forms.xml\"/></Relationships>",
        ),
        ("xl/styles.xml", b"<styleSheet><cellXfs><xf numFmtId=\"0\"/><xf numFmtId=\"14\"/></cellXfs></styleSheet>"),
        ("xl/sharedStrings.xml", shared.as_bytes()),
        ("xl/worksheets/forms.xml", sheet.as_bytes()),
    ])
}
