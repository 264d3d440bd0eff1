//! What a commit keeps, and what a lost writer leaves behind.

use std::num::NonZeroUsize;

use bus::{Change, Enriched, Offsets};
use tempfile::{TempDir, tempdir};

use crate::testing::{author_key, post};
use crate::{Filter, Index, IndexConfig, IndexError, SearchRequest, Sort};

fn open() -> (TempDir, Index) {
    let dir = tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    (dir, index)
}

fn offsets(next: u64) -> Offsets {
    Offsets([(0, next), (3, 2 * next)].into())
}

async fn texts(index: &Index) -> Vec<String> {
    let request = SearchRequest { filter: Filter::default(), sort: Sort::Newest, page: 1, per_page: 100 };
    let page = index.searcher().search(request).await.unwrap();
    let mut texts: Vec<String> = page.hits.into_iter().map(|hit| hit.post.post.text).collect();
    assert_eq!(texts.len() as u64, page.total);
    texts.sort();
    texts
}

fn upsert(n: u64, text: &str) -> Change<Enriched> {
    Change::Upsert(post(n).text(text).build())
}

#[tokio::test]
async fn what_was_not_committed_vanishes_and_its_offsets_too() {
    let (dir, index) = open();
    let mut writer = index.writer().unwrap();
    assert_eq!(writer.offsets().unwrap(), Offsets::default());
    writer.apply(&upsert(1, "kept")).unwrap();
    writer.commit(&offsets(1)).unwrap();
    writer.apply(&upsert(2, "lost")).unwrap();
    writer.apply(&Change::Delete(post(1).build().post.id)).unwrap();
    drop((writer, index));

    let index = Index::open(dir.path()).unwrap();
    assert_eq!(texts(&index).await, ["kept"]);
    assert_eq!(index.writer().unwrap().offsets().unwrap(), offsets(1));
}

#[tokio::test]
async fn a_post_that_comes_again_replaces_itself() {
    let (_dir, index) = open();
    let mut writer = index.writer().unwrap();
    writer.apply(&upsert(1, "first")).unwrap();
    writer.apply(&upsert(1, "second")).unwrap();
    writer.apply(&upsert(2, "other")).unwrap();
    writer.commit(&offsets(3)).unwrap();
    assert_eq!(texts(&index).await, ["other", "second"]);
    writer.apply(&upsert(1, "third")).unwrap();
    writer.commit(&offsets(4)).unwrap();
    assert_eq!(texts(&index).await, ["other", "third"]);
}

#[tokio::test]
async fn a_post_that_comes_again_after_a_restart_replaces_itself() {
    let (dir, index) = open();
    let mut writer = index.writer().unwrap();
    writer.apply(&upsert(1, "before")).unwrap();
    writer.commit(&offsets(1)).unwrap();
    drop((writer, index));
    let index = Index::open(dir.path()).unwrap();
    let mut writer = index.writer().unwrap();
    writer.apply(&upsert(1, "after")).unwrap();
    writer.commit(&offsets(2)).unwrap();
    assert_eq!(texts(&index).await, ["after"]);
}

#[tokio::test]
async fn deletions_work_within_a_commit_and_across_commits() {
    let (_dir, index) = open();
    let mut writer = index.writer().unwrap();
    for n in 1..=4 {
        writer.apply(&Change::Upsert(post(n).text(&n.to_string()).author(n % 2).build())).unwrap();
    }
    writer.apply(&Change::Delete(post(1).build().post.id)).unwrap();
    writer.commit(&offsets(5)).unwrap();
    assert_eq!(texts(&index).await, ["2", "3", "4"]);
    writer.apply(&Change::Delete(post(2).build().post.id)).unwrap();
    writer.commit(&offsets(6)).unwrap();
    assert_eq!(texts(&index).await, ["3", "4"]);
}

#[tokio::test]
async fn an_author_is_erased_from_all_commits_and_others_stay() {
    let (_dir, index) = open();
    let mut writer = index.writer().unwrap();
    let say = |n: u64, author: u64| Change::Upsert(post(n).text(&n.to_string()).author(author).build());
    writer.apply(&say(1, 7)).unwrap();
    writer.commit(&offsets(1)).unwrap();
    writer.apply(&say(2, 7)).unwrap();
    writer.apply(&say(3, 8)).unwrap();
    writer.apply(&upsert(4, "4")).unwrap();
    writer.apply(&Change::EraseAuthor(author_key(7))).unwrap();
    writer.commit(&offsets(5)).unwrap();
    assert_eq!(texts(&index).await, ["3", "4"]);
}

#[test]
fn there_is_one_writer() {
    let (dir, index) = open();
    let _writer = index.writer().unwrap();
    let error = index.writer().map(|_| ()).unwrap_err();
    assert!(matches!(error, IndexError::Locked { .. }), "{error}");
    assert!(error.to_string().contains(&dir.path().display().to_string()), "{error}");
}

#[tokio::test]
async fn another_process_reads_what_was_committed() {
    let (dir, index) = open();
    let mut writer = index.writer().unwrap();
    writer.apply(&upsert(1, "there")).unwrap();
    writer.commit(&offsets(1)).unwrap();
    let other = Index::open_read_only(dir.path()).unwrap();
    assert_eq!(texts(&other).await, ["there"]);
}

#[test]
fn segments_stay_few_however_often_is_committed() {
    let (_dir, index) = open();
    let mut writer = index.writer().unwrap();
    for n in 0..60 {
        writer.apply(&upsert(n, "again")).unwrap();
        writer.commit(&offsets(n + 1)).unwrap();
    }
    writer.wait_for_merges().unwrap();
    let segments = index.tantivy.searchable_segment_ids().unwrap().len();
    assert!(segments <= 16, "{segments} segments");
    assert_eq!(index.posts(), 60);
}

#[test]
fn settings_beyond_what_tantivy_accepts_are_brought_within() {
    let (_dir, index) = open();
    for (threads, memory) in [(100, 1), (1, usize::MAX)] {
        let config = IndexConfig {
            writer_threads: NonZeroUsize::new(threads).unwrap(),
            writer_memory_bytes: memory,
            ..IndexConfig::default()
        };
        index.writer_with(&config).unwrap().wait_for_merges().unwrap();
    }
}
