//! Every format, in the layouts that people and services use.

use super::super::testing::{docx_of, paragraphs, xlsx_of, zip_of};
use super::*;

/// All that is read from a file, as a person would list it.
fn listed(name: &str, bytes: impl AsRef<[u8]>, about: &About) -> String {
    let reading = read(Handed { name, bytes: bytes.as_ref(), sidecar: None }, about).unwrap();
    let mut out = Vec::new();
    for document in &reading.documents {
        out.push(format!("{}: {}", document.name, document.meeting.title.as_deref().unwrap_or("-")));
        for said in &document.contributions {
            let at = said.at.map(|at| format!(" {}s", at.as_secs())).unwrap_or_default();
            let own = [
                said.own.id.as_ref().map(|id| format!(" #{id}")),
                said.own.said_at.map(|at| format!(" {at}")),
                said.own.place.as_ref().map(|place| format!(" in {place}")),
                said.own.group.as_ref().map(|group| format!(" at {group}")),
                said.own.title.as_ref().map(|title| format!(" [{title}]")),
            ];
            let own: String = own.into_iter().flatten().collect();
            out.push(format!("  {}{at}{own} {:?}", said.speaker.as_deref().unwrap_or("-"), said.text));
        }
    }
    out.extend(reading.warnings.iter().map(|warning| format!("! {warning}")));
    out.join("\n")
}

fn plain(name: &str, bytes: impl AsRef<[u8]>) -> String {
    listed(name, bytes, &About::default())
}

fn columns(said: &[(&str, &str)]) -> About {
    let mut about = About::default();
    for (role, column) in said {
        about.columns.set(role, column).unwrap();
    }
    about
}

#[test]
fn subviewer_captions() {
    let sbv = "0:00:01.000,0:00:03.000\nAnn: The lift is\nbroken.\n\n0:00:04.000,0:00:05.000\nBen: Again?\n";
    assert_snapshot!(plain("m.sbv", sbv), @r#"
    m: M
      Ann 1s "The lift is broken."
      Ben 4s "Again?"
    "#);
}

#[test]
fn an_otter_export_has_a_preamble_that_nobody_said() {
    let text = "Ward forum\nSat, Oct 4, 2025 2:30PM • 12:10\n\nSUMMARY KEYWORDS\nlift, waiting\n\nSPEAKERS\nAnn Lee, Speaker 2\n\n\
        Ann Lee  0:01  \nThe lift is broken.\n\nSpeaker 2  0:09  \nAgain.\n\n0:15  \nStill.\n\nTranscribed by https://otter.ai\n";
    assert_snapshot!(plain("m.txt", text), @r#"
    m: Ward forum
      Ann Lee 1s "The lift is broken."
      Speaker 2 9s "Again."
      - 15s "Still."
    "#);
    assert_eq!(transcript("m.txt", text).unwrap().meeting.began().unwrap().to_string(), "2025-10-04T13:30:00Z");
}

#[test]
fn words_before_a_time_on_its_own_line_are_kept() {
    assert_snapshot!(plain("m.txt", "Somebody spoke first.\n[1:02]\nThen somebody else.\n"), @r#"
    m: M
      - "Somebody spoke first."
      - 62s "Then somebody else."
    "#);
}

#[test]
fn word_documents_as_minutes_lists_and_tables() {
    let row = |cells: [&str; 3]| {
        let cell = |text: &str| format!("<w:tc>{}</w:tc>", paragraphs(&[text]));
        format!("<w:tr>{}</w:tr>", cells.map(cell).concat())
    };
    let body = format!(
        "<w:p><w:pPr><w:pStyle w:val=\"Heading1\"/></w:pPr><w:r><w:t>Carers &amp; friends</w:t></w:r></w:p>{}\
         <w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>First </w:t></w:r><w:r><w:t>point</w:t></w:r></w:p>\
         <w:p><w:pPr><w:numPr/></w:pPr><w:r><w:t>second point</w:t></w:r><w:del><w:r><w:delText>gone</w:delText></w:r></w:del></w:p>",
        paragraphs(&["Nobody told us."])
    );
    assert_snapshot!(plain("m.docx", docx_of(&body)), @r#"
    m: Carers & friends
      - "Nobody told us."
      - "First point"
      - "second point"
    "#);
    let table =
        format!("<w:tbl>{}{}</w:tbl>", row(["00:01:05", "Ann Lee", "We wait."]), row(["00:02:00", "Dr Ben", "Sorry."]));
    assert_snapshot!(plain("t.docx", docx_of(&table)), @r#"
    t: T
      Ann Lee 65s "We wait."
      Dr Ben 120s "Sorry."
    "#);
}

#[test]
fn both_layouts_of_teams_in_word() {
    let new = paragraphs(&[
        "Ward council-20251004_143000-Meeting Recording",
        "October 4, 2025, 2:30PM",
        "12m 10s",
        "Ann Lee started transcription",
        "Ann Lee   0:03\nGood afternoon.",
        "Ben O&apos;Hara   1:05\nThe lift is broken.\nAgain.",
        "Ann Lee stopped transcription",
    ]);
    assert_snapshot!(plain("m.docx", docx_of(&new)), @r#"
    m: Ward council-20251004_143000-Meeting Recording
      Ann Lee 3s "Good afternoon."
      Ben O'Hara 65s "The lift is broken. Again."
    "#);
    let old = paragraphs(&[
        "0:0:0.0 --&gt; 0:0:3.450\nlee, ann (RTH)\nGood afternoon.",
        "0:0:3.450 --&gt; 0:0:5.0\nlee, ann (RTH)\nAll here?",
        "0:1:5.0 --&gt; 0:1:9.0\nBen\nThe lift is broken.",
    ]);
    assert_snapshot!(plain("m.docx", docx_of(&old)), @r#"
    m: M
      lee, ann (RTH) 0s "Good afternoon. All here?"
      Ben 65s "The lift is broken."
    "#);
}

#[test]
fn forms_typed_into_csv_with_telling_names() {
    let csv = "Form no.;Date received;Town;Comments;Group\n12;04/10/2025;Leeds;\"Too long; far too long\";Carers\n13;5 Oct 2025;York;N/A;\n14;soon;;Kind staff;Carers\n";
    assert_snapshot!(plain("forms.csv", csv), @r#"
    forms: Forms
      12 2025-10-04T11:00:00Z in Leeds at Carers "Too long; far too long"
      14 at Carers "Kind staff"
    ! 1 rows have no date that can be read: they count as of the day of the file
    "#);
}

#[test]
fn forms_with_a_mapping_and_several_questions() {
    let csv = "Ref,What was good,What was bad,Seen\nA1,The nurse,The wait,2025-10-04\nA2,,The car park,2025-10-05\n";
    let about = columns(&[("text", "what was good"), ("text", "What was bad"), ("date", "Seen"), ("author", "Ref")]);
    assert_snapshot!(listed("forms.csv", csv, &about), @r#"
    forms: Forms
      A1 #A1 What was good 2025-10-04T11:00:00Z [What was good] "The nurse"
      A1 #A1 What was bad 2025-10-04T11:00:00Z [What was bad] "The wait"
      A2 #A2 What was bad 2025-10-05T11:00:00Z [What was bad] "The car park"
    "#);
}

#[test]
fn a_column_of_sentences_is_taken_and_said_so() {
    let csv = "Ident 1,Ident 2\nIndividual,It took three weeks until anybody called me back at all\nIndividual,We were sent from one desk to the next all day\n";
    assert_snapshot!(plain("forms.csv", csv), @r#"
    forms: Forms
      - "It took three weeks until anybody called me back at all"
      - "We were sent from one desk to the next all day"
    ! no column is called text; taken as such: `Ident 2`
    "#);
}

#[test]
fn a_table_that_does_not_tell_names_its_columns() {
    let error = |about: &About| {
        read(Handed { name: "a.csv", bytes: b"Colour,Shape\nred,round\n", sidecar: None }, about).unwrap_err()
    };
    assert_snapshot!(error(&About::default()), @"does not tell which column is what people said; its columns are `Colour`, `Shape`: say it, as in text=Comments");
    assert_snapshot!(error(&columns(&[("text", "Comments")])), @"has no column called `Comments`; its columns are `Colour`, `Shape`");
    assert_snapshot!(Columns::default().set("txt", "a").unwrap_err(), @"`txt` is not what a column can be: use one of text, date, place, group, author, id, title, language, event, url");
}

#[test]
fn a_workbook_with_dates() {
    let rows: [&[&str]; 4] = [
        &["Comment", "Date", "Form"],
        &[],
        &["Too &lt;long&gt;", "45934.6042", "Form 7"],
        &["Kind", "45935", "Form 8"],
    ];
    assert_snapshot!(plain("forms.xlsx", xlsx_of(&rows)), @r#"
    forms: Forms
      Form 7 2025-10-04T13:30:03Z "Too <long>"
      Form 8 2025-10-05T11:00:00Z "Kind"
    "#);
}

#[test]
fn json_as_a_list_in_an_object_and_by_lines() {
    let list = r#"[{"id":7,"text":"Too long","created_at":"2025-10-04T18:30:00+01:00","place":"Leeds","more":{"a":[1]}},{"id":8,"text":"Kind"}]"#;
    let expected = plain("a.json", list);
    assert_snapshot!(expected, @r#"
    a: A
      - #7 2025-10-04T17:30:00Z in Leeds "Too long"
      - #8 "Kind"
    ! 1 rows have no date that can be read: they count as of the day of the file
    "#);
    assert_eq!(plain("a.json", format!("{{\"version\":1,\"responses\":{list}}}")), expected);
    let lines = "{\"id\":7,\"text\":\"Too long\",\"created_at\":\"2025-10-04T18:30:00+01:00\",\"place\":\"Leeds\"}\n\n{\"id\":8,\"text\":\"Kind\"}\n";
    assert_eq!(plain("a.jsonl", lines), expected);
}

#[test]
fn an_email_without_its_history_and_with_its_attachments() {
    let eml = "From: Ann Lee <Ann@Example.org>\r\nTo: us@example.org\r\nSubject: =?utf-8?q?My_caf=C3=A9?=\r\nDate: Sat, 4 Oct 2025 18:30:00 +0100\r\n\
        Message-ID: <1@example.org>\r\nMIME-Version: 1.0\r\nContent-Type: multipart/mixed; boundary=b\r\n\r\n\
        --b\r\nContent-Type: text/plain; charset=utf-8\r\n\r\nThe lift is broken.\r\n\r\nAgain.\r\n\r\nOn Fri, 3 Oct 2025 at 09:00, us <us@example.org> wrote:\r\n> How are you?\r\n\
        --b\r\nContent-Type: text/csv; name=forms.csv\r\nContent-Disposition: attachment; filename=forms.csv\r\n\r\nComment\r\nKind staff\r\n\
        --b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename=a.png\r\n\r\nx\r\n--b--\r\n";
    assert_snapshot!(plain("m.eml", eml), @r#"
    m: My café
      ann@example.org #1@example.org 2025-10-04T17:30:00Z "The lift is broken.\n\nAgain."
    m/forms: Forms
      - "Kind staff"
    ! the attachment a.png is not a kind of file that is read
    "#);
    let html = "From: ann@example.org\r\nSubject: x\r\nContent-Type: text/html\r\n\r\n<p>The lift<p>is broken.<hr><p>From: us<br>Sent: Friday<br>Hello";
    assert_snapshot!(plain("h.eml", html), @r#"
    h: x
      ann@example.org "The lift\nis broken."
    "#);
}

#[test]
fn a_web_page() {
    let html = "<html><head><title>x</title></head><body><h1>Carers</h1><p><b>Ann:</b> We <i>need</i> rest.<p>Ben: Yes.</body>";
    assert_snapshot!(plain("m.html", html), @r#"
    m: Carers
      Ann "We need rest."
      Ben "Yes."
    "#);
}

#[test]
fn an_archive_with_sidecars_and_a_fault() {
    let inner = zip_of(&[("deep.txt", b"Cat: Hello.")]);
    let zip = zip_of(&[
        ("a/one.txt", b"Ann: Hello."),
        ("a/one.meta.toml", b"title = \"Sidecar\"\nplace = \"York\""),
        ("two.vtt", b""),
        ("__MACOSX/a/._one.txt", b"x"),
        ("inner.zip", &inner),
    ]);
    assert_snapshot!(plain("all.zip", zip), @r#"
    all/a/one: Sidecar
      Ann "Hello."
    all/inner/deep: Deep
      Cat "Hello."
    ! two.vtt is empty: put the transcript into it, or remove it
    "#);
}

#[test]
fn a_sidecar_maps_columns_and_what_a_person_says_counts_more() {
    let sidecar = "title = \"Forms\"\nplace = \"York\"\n[columns]\ntext = [\"A\"]\nplace = \"B\"\n";
    let mut about = About::default();
    about.meeting.set("title", "Ours").unwrap();
    let file = Handed { name: "x.csv", bytes: b"A,B\nhello,Leeds\n", sidecar: Some(sidecar) };
    let document = read(file, &about).unwrap().documents.remove(0);
    assert_eq!((document.meeting.title.as_deref(), document.meeting.place.as_deref()), (Some("Ours"), Some("York")));
    assert_eq!(document.contributions[0].own.place.as_deref(), Some("Leeds"));
    let wrong = read(Handed { sidecar: Some("[columns]\ntxt = \"A\""), ..file }, &about).unwrap_err();
    assert!(wrong.starts_with("its .toml file: `txt` is not what a column can be"), "{wrong}");
}

#[test]
fn encodings_of_every_origin() {
    let said = "Siân: Ysbyty — “caffi”";
    let utf16: Vec<u8> = [0xFF, 0xFE].into_iter().chain(said.encode_utf16().flat_map(u16::to_le_bytes)).collect();
    let marked = [b"\xEF\xBB\xBF", said.as_bytes()].concat();
    let windows = b"Si\xe2n: Ysbyty \x97 \x93caffi\x94";
    for bytes in [utf16, marked, windows.to_vec()] {
        let document = transcript("a.txt", bytes).unwrap();
        assert_eq!(document.contributions[0].text, "Ysbyty — “caffi”");
        assert_eq!(document.contributions[0].speaker.as_deref(), Some("Siân"));
    }
}
