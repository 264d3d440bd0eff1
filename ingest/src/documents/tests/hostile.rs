//! What nobody should hand in: each is refused in plain words, at once and within bounded memory.

use super::super::limits::MAX_CONTRIBUTIONS;
use super::super::testing::{docx_of, paragraphs, xlsx_of, zip_of};
use super::*;

fn error(name: &str, bytes: impl AsRef<[u8]>) -> String {
    read(Handed { name, bytes: bytes.as_ref(), sidecar: None }, &About::default()).unwrap_err()
}

#[test]
fn bombs() {
    let zeros = vec![b' '; 60 << 20];
    assert_snapshot!(error("a.docx", zip_of(&[("word/document.xml", &zeros)])), @"unpacks to far more than any transcript is: it is not read");
    assert_snapshot!(error("a.zip", zip_of(&[("a.txt", &zeros)])), @"unpacks to far more than any transcript is: it is not read");
    let many: Vec<(String, Vec<u8>)> = (0..201).map(|number| (format!("{number}.txt"), b"Ann: x".to_vec())).collect();
    let many: Vec<(&str, &[u8])> = many.iter().map(|(name, bytes)| (name.as_str(), bytes.as_slice())).collect();
    assert_snapshot!(error("a.zip", zip_of(&many)), @"holds more than 200 files: hand them in by themselves");
    let text = format!("<sst><si><t>{}</t></si></sst>", "x".repeat(200 << 10));
    let cells = "<row>".to_owned() + &"<c t=\"s\"><v>0</v></c>".repeat(190) + "</row>";
    let sheet = format!("<worksheet><sheetData>{}</sheetData></worksheet>", cells.repeat(3));
    let book = zip_of(&[
        ("xl/workbook.xml", b"<workbook/>"),
        ("xl/sharedStrings.xml", text.as_bytes()),
        ("xl/worksheets/sheet1.xml", sheet.as_bytes()),
    ]);
    assert_snapshot!(error("a.xlsx", book), @"holds more than 32 MiB of text: split it");
}

#[test]
fn nesting() {
    let mut zip = zip_of(&[("a.txt", b"Ann: Hello.")]);
    for _ in 0..2 {
        zip = zip_of(&[("a.zip", &zip)]);
    }
    let nested = error("a.zip", zip);
    assert!(nested.ends_with("holds archives within archives within archives: unpack it first"), "{nested}");
    let deep = "<w:p>".repeat(10_000) + "x";
    assert_snapshot!(error("a.docx", docx_of(&deep)), @"is nested too deeply to be a document: it is not read");
    let html = "<div>".repeat(10_000) + "Ann: Hello.";
    assert_eq!(transcript("a.html", html).unwrap().contributions.len(), 1);
    let json = "[".repeat(100_000);
    assert_snapshot!(error("a.json", json), @"is not JSON at line 1: write a list of objects, or one object a line");
}

#[test]
fn names_that_leave_the_archive() {
    for name in ["../a.txt", "/etc/a.txt", "b/../../a.txt", "..\\a.txt", "C:/a.txt"] {
        let said = error("a.zip", zip_of(&[(name, b"Ann: Hello.")]));
        assert_eq!(said, "holds a file whose name points outside of it: do not trust where it comes from", "{name}");
    }
}

#[test]
fn damage() {
    let whole = docx_of(&paragraphs(&["Ann: Hello."]));
    assert_snapshot!(error("a.docx", &whole[..whole.len() - 30]), @"is damaged, or is not what its name says: save it again");
    assert_snapshot!(error("a.docx", docx_of("<w:p>")), @"is damaged: it ends in the middle, or is not well formed; save it again");
    assert_snapshot!(error("a.xlsx", &whole), @"is not a workbook: save it again as .xlsx");
    assert_snapshot!(error("a.docx", xlsx_of(&[])), @"is not a Word document: save it again as .docx");
    assert_snapshot!(error("a.docx", b"\xD0\xCF\x11\xE0 old"), @"is in an old Office format, or protected by a password: save it as .docx or .xlsx, without a password");
    assert_snapshot!(error("a.docx", b"Ann: Hello."), @"is damaged, or is not what its name says: save it again, with the ending that belongs to it");
    assert_snapshot!(error("a.txt", &whole), @"is an archive or an Office file: save it again, with the ending that belongs to it");
    assert_snapshot!(error("a.eml", b"hello"), @"is not an e-mail: save it again as .eml");
    assert_snapshot!(error("a.json", b"[1, 2]"), @r#"holds no list of objects: write [{"text": "..."}, ...]"#);
    assert_snapshot!(error("a.pdf", b"hello"), @"is not a PDF, or is damaged: save it again");
    for name in ["a.txt", "a.vtt", "a.csv", "a.json", "a.html"] {
        let bytes: Vec<u8> = (0..40_000_u32).map(|n| n.wrapping_mul(2_654_435_761).to_le_bytes()[3]).collect();
        assert!(error(name, bytes).starts_with("is not text: save it as one of .txt"), "{name}");
    }
}

#[test]
fn size() {
    assert_snapshot!(error("a.txt", "x".repeat(20 << 20)), @"has a line of more than 256 KiB, which no transcript has: check how it was saved");
    assert_snapshot!(error("a.vtt", format!("WEBVTT\n\n00:01.000 --> 00:02.000\n{}", "<".repeat(20 << 20))), @"has a line of more than 256 KiB, which no transcript has: check how it was saved");
    assert_snapshot!(error("a.txt", "Ann: Hello.\n\n".repeat(MAX_CONTRIBUTIONS + 1)), @"holds more than 50000 contributions: split it");
    assert_snapshot!(error("a.csv", "text\n".to_owned() + &"x\n".repeat(50_001)), @"has more than 50000 rows, or 2000000 cells: split it");
    assert_snapshot!(error("a.csv", "text\n\"".to_owned() + &"x\n".repeat(200_000)), @"has a cell of more than 256 KiB: perhaps a quotation mark is not closed");
    assert_snapshot!(error("a.csv", "x,".repeat(300)), @"has more than 200 columns: keep those that are needed");
    assert_snapshot!(error("a.json", format!("[{}{{}}]", "{\"text\":\"x\"},".repeat(50_000))), @"has more than 50000 rows: split it");
    let parts = "--b\nContent-Type: multipart/mixed; boundary=b\n\n".repeat(5_001);
    assert_snapshot!(error("a.eml", format!("From: a@b\nContent-Type: multipart/mixed; boundary=b\n\n{parts}")), @"has more parts or lines than any e-mail: it is not read");
    assert_snapshot!(error("a.eml", "A:b\n".repeat(500_001)), @"has more parts or lines than any e-mail: it is not read");
    // Tags that are never closed are not searched for again and again.
    let lines = format!("WEBVTT\n\n00:01.000 --> 00:02.000\n{}", ("<".repeat(200 << 10) + "\n").repeat(40));
    assert!(transcript("a.vtt", lines).is_err());
}

proptest! {
    #[test]
    fn no_bytes_break_any_reader(
        bytes in proptest::collection::vec(any::<u8>(), 0..400),
        name in "a\\.(txt|md|vtt|srt|sbv|docx|csv|xlsx|json|eml|html|zip)",
    ) {
        let _ = transcript(&name, bytes);
    }

    #[test]
    fn no_damage_to_an_archive_breaks_a_reader(at in 0_usize..10_000, byte in any::<u8>(), name in "a\\.(docx|xlsx|zip)") {
        let mut bytes = match name.as_str() {
            "a.docx" => docx_of(&paragraphs(&["Ann: Hello."])),
            "a.xlsx" => xlsx_of(&[&["Text"], &["Hello"]]),
            _ => zip_of(&[("a.txt", b"Ann: Hello.")]),
        };
        let at = at % bytes.len();
        bytes[at] = byte;
        let _ = transcript(&name, bytes);
    }
}
