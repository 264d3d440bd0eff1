use bus::{Change, PostId};
use insta::assert_snapshot;
use proptest::prelude::*;

use super::*;
use crate::collector::{Batch, Collector, Cursor};
use crate::testing::{context, feed_source};

fn transcript(name: &str, text: impl AsRef<[u8]>) -> Result<Transcript, String> {
    parse(Path::new(name), &Raw { bytes: text.as_ref().to_vec(), sidecar: None })
}

/// The contributions as a person would list them.
fn turns(name: &str, text: &str) -> String {
    let line = |turn: &Turn| {
        let at = turn.at.map_or("-".to_owned(), |at| format!("{}s", at.as_secs()));
        format!("{} {at} {:?}", turn.speaker.as_deref().unwrap_or("-"), turn.text)
    };
    transcript(name, text).unwrap().turns.iter().map(line).collect::<Vec<_>>().join("\n")
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
    assert_snapshot!(error("a.txt", b""), @"is empty: put the transcript into it, or remove it from the folder");
    assert_snapshot!(error("a.txt", b" \n\n"), @"holds nothing that anybody said: check that it is a transcript");
    assert_snapshot!(error("a.vtt", b"\x7fELF\x01\x02\x03\0\0\x05"), @"is not text: save the transcript as .vtt, .srt, .txt or .md");
    assert_snapshot!(error("a.txt", b"%PDF-1.7 and so on"), @"is not text: save the transcript as .vtt, .srt, .txt or .md");
    assert_snapshot!(error("a.docx", b"x"), @"is not a kind of transcript that is read: use .vtt, .srt, .txt or .md, or remove it from the folder");
    assert_snapshot!(error("a.vtt", b"WEBVTT\n\nNOTE nothing here\n"), @"holds nothing that anybody said: check that it is a transcript");
    assert_snapshot!(error("a.md", b"---\ndate: soon\n---\nAnn: hello"), @"`date: soon` is not a date: write it like 2025-10-04 or 4 October 2025");
    assert_eq!(transcript("a.txt", b"Sian: caf\xe9 \x93cau\x94").unwrap().turns[0].text, "café “cau”");
}

fn collector(folder: &Path) -> TranscriptCollector {
    let config = TranscriptsConfig { folder: folder.to_owned() };
    TranscriptCollector::new(config, context(feed_source("meetings", "https://example.org/")))
}

fn upserts(batch: &Batch) -> Vec<&Post> {
    batch
        .changes
        .iter()
        .filter_map(|change| if let Change::Upsert(post) = change { Some(post) } else { None })
        .collect()
}

fn deletes(batch: &Batch) -> Vec<PostId> {
    batch.changes.iter().filter_map(|change| if let Change::Delete(id) = change { Some(*id) } else { None }).collect()
}

#[tokio::test]
async fn a_changed_file_updates_its_posts_and_deletes_what_is_no_longer_said() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("2025-10-04-assembly.txt");
    fs::write(&path, "Ann: The wait is long.\n\nBen: I agree.\n\nBen: I agree.\n").unwrap();
    let mut collector = collector(dir.path());
    let first = collector.collect(&Cursor::default()).await.unwrap();
    let posts = upserts(&first);
    assert_eq!(posts.len(), 3);
    assert_eq!(posts[0].title.as_deref(), Some("Assembly"));
    assert_eq!(posts[0].event.as_ref().unwrap().as_str(), "2025-10-04-assembly");
    assert_eq!(posts[0].created_at.to_string(), "2025-10-04T11:00:00Z");
    assert_ne!(posts[1].id, posts[2].id, "the same words said twice are two contributions");
    assert_eq!(posts[1].author, posts[2].author);
    assert_ne!(posts[0].author, posts[1].author);

    let unchanged = collector.collect(&first.cursor).await.unwrap();
    assert!(unchanged.changes.is_empty());
    fs::write(&path, "Cat: Hello.\n\nAnn: The wait is long.\n\nBen: I disagree now.\n").unwrap();
    let second = collector.collect(&unchanged.cursor).await.unwrap();
    assert_eq!(upserts(&second)[1].id, posts[0].id, "what is still said keeps its id");
    assert_eq!(deletes(&second), [posts[1].id, posts[2].id]);

    fs::write(&path, "---\nwithdrawn: yes\n---\nAnn: The wait is long.\n").unwrap();
    let third = collector.collect(&second.cursor).await.unwrap();
    assert!(upserts(&third).is_empty());
    assert_eq!(deletes(&third).len(), 3);
    fs::remove_file(&path).unwrap();
    assert!(collector.collect(&third.cursor).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn faulty_files_are_named_and_the_others_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| fs::write(dir.path().join(name), bytes).unwrap();
    write("a.txt", b"");
    write("b.vtt", b"\0\x01\x02\x03\0\0\x05");
    write("c.txt", b"Ann: Hello.");
    write("c.txt.toml", b"title = \"Sidecar\"\nplace = \"York\"\nmeeting = \"m-1\"");
    write("d.pdf", b"x");
    write("README.md", b"Put transcripts here.");
    fs::File::create(dir.path().join("e.txt")).unwrap().set_len(MAX_BYTES + 1).unwrap();
    let mut collector = collector(dir.path());
    let batch = collector.collect(&Cursor::default()).await.unwrap();
    let posts = upserts(&batch);
    assert_eq!(posts.len(), 1);
    assert_eq!((posts[0].title.as_deref(), posts[0].place_hint.as_deref()), (Some("Sidecar"), Some("York")));
    assert_eq!(posts[0].event.as_ref().unwrap().as_str(), "m-1");
    assert_snapshot!(batch.notice.as_deref().unwrap(), @"a.txt is empty: put the transcript into it, or remove it from the folder; b.vtt is not text: save the transcript as .vtt, .srt, .txt or .md; d.pdf is not a kind of transcript that is read: use .vtt, .srt, .txt or .md, or remove it from the folder; and 1 more");
    let again = collector.collect(&batch.cursor).await.unwrap();
    assert_eq!(again.notice, batch.notice, "a problem stays until it is solved");
    write("a.txt", b"Ben: Solved.");
    let solved = collector.collect(&again.cursor).await.unwrap();
    assert_eq!(upserts(&solved).len(), 1);
    assert!(!solved.notice.unwrap().contains("a.txt"));
}

#[tokio::test]
async fn the_same_name_at_two_meetings_is_two_people() {
    let dir = tempfile::tempdir().unwrap();
    for name in ["one.txt", "two.txt"] {
        fs::write(dir.path().join(name), "Speaker 1: Hello.\n\nUnknown speaker: Hm.").unwrap();
    }
    let batch = collector(dir.path()).collect(&Cursor::default()).await.unwrap();
    let posts = upserts(&batch);
    assert_ne!(posts[0].author, posts[2].author);
    assert_eq!(posts[1].author, None);
    assert!(posts.iter().all(|post| !post.text.contains("Speaker 1")));
}

#[tokio::test]
async fn a_missing_folder_says_what_to_do() {
    let error = collector(Path::new("/nowhere/at/all")).collect(&Cursor::default()).await.unwrap_err();
    assert!(error.to_string().starts_with("the folder /nowhere/at/all cannot be read: "), "{error}");
}

#[tokio::test]
async fn a_long_contribution_is_cut_and_many_files_come_in_steps() {
    let dir = tempfile::tempdir().unwrap();
    fs::write(dir.path().join("a.txt"), format!("Ann: {}", "Some words here. ".repeat(1_000))).unwrap();
    for number in 0..30 {
        let lines: Vec<String> = (0..50).map(|line| format!("Ben: Sentence {line} of {number}.\n")).collect();
        fs::write(dir.path().join(format!("b{number:02}.txt")), lines.concat()).unwrap();
    }
    let mut collector = collector(dir.path());
    let first = collector.collect(&Cursor::default()).await.unwrap();
    assert!(upserts(&first).iter().all(|post| post.text.len() <= 8_000));
    assert_eq!(upserts(&first)[..3].iter().map(|post| post.text.len()).sum::<usize>(), 16_997);
    assert!(first.next_in.is_zero());
    let second = collector.collect(&first.cursor).await.unwrap();
    assert!(!second.next_in.is_zero());
    assert_eq!(first.changes.len() + second.changes.len(), 3 + 30 * 50);
}

/// The words of `text`, for comparing what went in with what came out.
fn words(text: &str) -> Vec<String> {
    text.split(|c: char| !c.is_alphanumeric()).filter(|word| !word.is_empty()).map(str::to_owned).collect()
}

proptest! {
    #[test]
    fn no_bytes_break_any_parser(bytes in proptest::collection::vec(any::<u8>(), 0..400), name in "a\\.(txt|md|vtt|srt)") {
        let _ = transcript(&name, bytes);
    }

    #[test]
    fn prose_keeps_every_word(lines in proptest::collection::vec("((Ann|Dr Ben Lee|Note|\\[1:02\\]|\\*\\*Cat:\\*\\*)?[:]? ?[a-z ,.:>*-]{0,30}|)", 1..20)) {
        let text = lines.join("\n");
        let Ok(transcript) = transcript("a.txt", &text) else { return Ok(()) };
        let mut kept = String::new();
        for turn in &transcript.turns {
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
        let said: Vec<String> = transcript("a.vtt", &vtt).unwrap().turns.iter().flat_map(|turn| words(&turn.text)).collect();
        let expected: Vec<String> = cues.iter().flat_map(|cue| words(cue)).collect();
        prop_assert_eq!(said, expected);
    }
}
