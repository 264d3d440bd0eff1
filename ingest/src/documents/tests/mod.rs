mod formats;
mod hostile;

use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;

fn transcript(name: &str, text: impl AsRef<[u8]>) -> Result<Document, String> {
    let reading = read(Handed { name, bytes: text.as_ref(), sidecar: None }, &About::default())?;
    Ok(reading.documents.into_iter().next().unwrap())
}

/// The contributions as a person would list them.
fn turns(name: &str, text: &str) -> String {
    let line = |turn: &Contribution| {
        let at = turn.at.map_or("-".to_owned(), |at| format!("{}s", at.as_secs()));
        format!("{} {at} {:?}", turn.speaker.as_deref().unwrap_or("-"), turn.text)
    };
    transcript(name, text).unwrap().contributions.iter().map(line).collect::<Vec<_>>().join("\n")
}

#[test]
fn vtt_with_voices_joins_the_cues_of_a_speaker() {
    let vtt = "WEBVTT\n\nNOTE\ntitle: Ward council\ndate: 2025-10-04 18:30\nplace: Leeds\n\nSTYLE\n::cue { color: red }\n\n\
        3f-1\n00:00:01.000 --> 00:00:03.000\n<v Ann Lee>We wait too long</v>\n\n\
        3f-2\n00:00:03.000 --> 00:00:05.000\n<v Ann Lee>for a &lt;GP&gt; &amp; a <i>dentist</i>.</v>\n\n\
        00:01:05.000 --> 00:01:07.000\n<v.loud Ben>So do I.</v> <v Ann Lee>Thanks.\n";
    assert_snapshot!(turns("m.vtt", vtt), @r#"
Ann Lee 1s "We wait too long for a <GP> & a dentist."
Ben 65s "So do I."
Ann Lee 65s "Thanks."
"#);
    let meeting = transcript("m.vtt", vtt).unwrap().meeting;
    assert_eq!(meeting.title.as_deref(), Some("Ward council"));
    assert_eq!(meeting.began().unwrap().to_string(), "2025-10-04T17:30:00Z");
}

#[test]
fn cues_with_names_in_the_text_and_srt_are_read_alike() {
    let srt = "1\r\n00:00:01,000 --> 00:00:03,000\r\nAnn: The lift is\r\nbroken again.\r\n\r\n2\r\n00:00:04,000 --> 00:00:05,000\r\n\
        It has been for weeks.\r\n\r\n3\r\n00:00:06,000 --> 00:00:07,000\r\nBen: Yes.\r\n";
    assert_snapshot!(turns("m.srt", srt), @r#"
Ann 1s "The lift is broken again. It has been for weeks."
Ben 6s "Yes."
"#);
}

#[test]
fn rolling_captions_are_not_said_twice() {
    let vtt = "WEBVTT\nKind: captions\nLanguage: en\n\n00:00:00.000 --> 00:00:02.000\nso<00:00:00.500><c> the</c><00:00:01.000><c> clinic</c>\n\n\
        00:00:02.000 --> 00:00:04.000\nso the clinic\nhas<00:00:03.000><c> closed</c>\n";
    assert_snapshot!(turns("m.vtt", vtt), @r#"- 0s "so the clinic has closed""#);
}

#[test]
fn prose_with_names_front_matter_and_headings() {
    let text = "---\ntitle: Carers\ndate: 4 October 2025\npeople: 23\n---\n# Minutes\n\n**Ann:** We need\nrest.\n\nAnd respite.\n\n\
        [00:10:00] Ben: Agreed.\n\n## Next\n- one more thing\n\nSpeaker 3  12:05\nHello there.\n\nTranscribed by https://otter.ai\n";
    assert_snapshot!(turns("m.md", text), @r#"
Ann - "We need rest.\nAnd respite."
Ben 600s "Agreed.\none more thing"
Speaker 3 725s "Hello there."
"#);
    let meeting = transcript("m.md", text).unwrap().meeting;
    assert_eq!((meeting.title.as_deref(), meeting.people), (Some("Carers"), Some(23)));
}

#[test]
fn prose_without_names_is_a_post_a_paragraph_or_a_bullet() {
    assert_snapshot!(turns("m.txt", "The wait is\nlong.\n\nThe staff are kind.\n- card one\n- card two\ngoes on\n"), @r#"
- - "The wait is long."
- - "The staff are kind."
- - "card one"
- - "card two goes on"
"#);
}

#[test]
fn what_cannot_be_used_is_explained() {
    let error = |name: &str, bytes: &[u8]| transcript(name, bytes).unwrap_err();
    assert_snapshot!(error("a.txt", b""), @"is empty: put the transcript into it, or remove it");
    assert_snapshot!(error("a.txt", b" \n\n"), @"holds nothing that anybody said: check that it is a transcript");
    assert_snapshot!(error("a.vtt", b"\x7fELF\x01\x02\x03\0\0\x05"), @"is not text: save it as one of .txt, .md, .vtt, .srt, .sbv, .docx, .pdf, .csv, .xlsx, .json, .eml, .html or .zip");
    assert_snapshot!(error("a.txt", b"%PDF-1.7 and so on"), @"is a PDF: give it a name that ends in .pdf");
    assert_snapshot!(error("a.doc", b"x"), @"is not a kind of file that is read: use .txt, .md, .vtt, .srt, .sbv, .docx, .pdf, .csv, .xlsx, .json, .eml, .html or .zip, or remove it");
    assert_snapshot!(error("a.vtt", b"WEBVTT\n\nNOTE nothing here\n"), @"holds nothing that anybody said: check that it is a transcript");
    assert_snapshot!(error("a.md", b"---\ndate: soon\n---\nAnn: hello"), @"`date: soon` is not a date: write it like 2025-10-04 or 4 October 2025");
    assert_eq!(transcript("a.txt", b"Sian: caf\xe9 \x93cau\x94").unwrap().contributions[0].text, "café “cau”");
}

/// The words of `text`, for comparing what went in with what came out. What is written as one word is one: "Ann,b:" may be the name of
/// somebody who says nothing.
fn words(text: &str) -> Vec<String> {
    let parts = text.split(|c: char| !(c.is_alphanumeric() || matches!(c, ',' | '.' | '-' | '>')));
    let words = parts.map(|word| word.trim_matches(|c: char| !c.is_alphanumeric()));
    words.filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

proptest! {
    #[test]
    fn prose_keeps_every_word(lines in proptest::collection::vec("((Ann|Dr Ben Lee|Note|\\[1:02\\]|\\*\\*Cat:\\*\\*)?[:]? ?[a-z ,.:>*-]{0,30}|)", 1..20)) {
        let text = lines.join("\n");
        let Ok(transcript) = transcript("a.txt", &text) else { return Ok(()) };
        let mut kept = String::new();
        for turn in &transcript.contributions {
            kept.push_str(turn.speaker.as_deref().unwrap_or_default());
            kept.push(' ');
            kept.push_str(&turn.text);
            kept.push('\n');
        }
        let times = ["1", "02"].map(str::to_owned);
        let expected: Vec<String> = words(&text).into_iter().filter(|word| !times.contains(word)).collect();
        let found: Vec<String> = words(&kept).into_iter().filter(|word| !times.contains(word)).collect();
        // A speaker who says nothing is left out.
        prop_assert!(found.iter().all(|word| expected.contains(word)));
        let said: Vec<&String> = expected.iter().filter(|word| word.chars().next().is_some_and(char::is_lowercase)).collect();
        let heard: Vec<&String> = found.iter().filter(|word| word.chars().next().is_some_and(char::is_lowercase)).collect();
        prop_assert_eq!(said, heard);
    }

    #[test]
    fn cues_keep_every_word(cues in proptest::collection::vec("[a-z]{1,8}( [a-z]{1,8}){0,5}", 1..15), named in any::<bool>()) {
        let mut vtt = "WEBVTT\n\n".to_owned();
        for (number, words) in cues.iter().enumerate() {
            let voice = if named { format!("<v Speaker {}>", number % 3) } else { String::new() };
            let cue = format!("{number}\n00:{number:02}:00.000 --> 00:{number:02}:30.000\n{voice}{words}\n\n");
            vtt.push_str(&cue);
        }
        let said: Vec<String> = transcript("a.vtt", &vtt).unwrap().contributions.iter().flat_map(|turn| words(&turn.text)).collect();
        let expected: Vec<String> = cues.iter().flat_map(|cue| words(cue)).collect();
        prop_assert_eq!(said, expected);
    }
}
