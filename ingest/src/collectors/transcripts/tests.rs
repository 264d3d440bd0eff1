use std::fs::FileTimes;
use std::time::{Duration, SystemTime};

use bus::{Change, Post, PostId};
use insta::assert_snapshot;

use super::*;
use crate::collector::{Batch, Collector, Cursor};
use crate::testing::{context, feed_source};

/// Writes a file that has been still for a minute.
fn put(path: impl AsRef<Path>, content: impl AsRef<[u8]>) {
    fs::write(path.as_ref(), content).unwrap();
    still(path.as_ref());
}

fn still(path: &Path) {
    let file = fs::File::options().write(true).open(path).unwrap();
    file.set_times(FileTimes::new().set_modified(SystemTime::now() - Duration::from_mins(1))).unwrap();
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
    put(&path, "Ann: The wait is long.\n\nBen: I agree.\n\nBen: I agree.\n");
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
    put(&path, "Cat: Hello.\n\nAnn: The wait is long.\n\nBen: I disagree now.\n");
    let second = collector.collect(&unchanged.cursor).await.unwrap();
    assert_eq!(upserts(&second)[1].id, posts[0].id, "what is still said keeps its id");
    assert_eq!(deletes(&second), [posts[1].id, posts[2].id]);

    put(&path, "---\nwithdrawn: yes\n---\nAnn: The wait is long.\n");
    let third = collector.collect(&second.cursor).await.unwrap();
    assert!(upserts(&third).is_empty());
    assert_eq!(deletes(&third).len(), 3);
    fs::remove_file(&path).unwrap();
    assert!(collector.collect(&third.cursor).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn faulty_files_are_named_and_the_others_are_read() {
    let dir = tempfile::tempdir().unwrap();
    let write = |name: &str, bytes: &[u8]| put(dir.path().join(name), bytes);
    write("a.txt", b"");
    write("b.vtt", b"\0\x01\x02\x03\0\0\x05");
    write("c.txt", b"Ann: Hello.");
    write("c.txt.toml", b"title = \"Sidecar\"\nplace = \"York\"\nmeeting = \"m-1\"\npeople = 40");
    write("d.pdf", b"x");
    write("README.md", b"Put transcripts here.");
    fs::File::create(dir.path().join("e.txt")).unwrap().set_len(MAX_FILE_BYTES + 1).unwrap();
    still(&dir.path().join("e.txt"));
    let mut collector = collector(dir.path());
    let batch = collector.collect(&Cursor::default()).await.unwrap();
    let posts = upserts(&batch);
    assert_eq!(posts.len(), 1);
    assert_eq!((posts[0].title.as_deref(), posts[0].place_hint.as_deref()), (Some("Sidecar"), Some("York")));
    assert_eq!((posts[0].event.as_ref().unwrap().as_str(), posts[0].attendance), ("m-1", Some(40)));
    assert_snapshot!(batch.notice.as_deref().unwrap(), @"a.txt is empty: put the transcript into it, or remove it; b.vtt is not text: save it as one of .txt, .md, .vtt, .srt, .sbv, .docx, .pdf, .csv, .xlsx, .json, .eml, .html or .zip; d.pdf is not a PDF, or is damaged: save it again; and 1 more");
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
        put(dir.path().join(name), "Speaker 1: Hello.\n\nUnknown speaker: Hm.");
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
    put(dir.path().join("a.txt"), format!("Ann: {}", "Some words here. ".repeat(1_000)));
    for number in 0..30 {
        let lines: Vec<String> = (0..50).map(|line| format!("Ben: Sentence {line} of {number}.\n")).collect();
        put(dir.path().join(format!("b{number:02}.txt")), lines.concat());
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

#[tokio::test]
async fn a_file_is_read_once_it_is_still() {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("a.txt");
    fs::write(&path, "Ann: Half a sen").unwrap();
    let mut collector = collector(dir.path());
    let early = collector.collect(&Cursor::default()).await.unwrap();
    assert!(early.changes.is_empty() && early.notice.is_none());
    assert!(early.next_in <= Duration::from_secs(3), "{:?}", early.next_in);
    fs::write(&path, "Ann: Half a sentence, and the rest.").unwrap();
    let growing = collector.collect(&early.cursor).await.unwrap();
    assert!(growing.changes.is_empty());
    // It looks as it did the last time, whatever its clock says.
    let whole = collector.collect(&growing.cursor).await.unwrap();
    assert_eq!(upserts(&whole)[0].text, "Half a sentence, and the rest.");
    assert!(whole.next_in > Duration::from_secs(3));
}
