//! What a commit keeps, and what a lost writer leaves behind.

use std::collections::BTreeMap;
use std::num::NonZeroUsize;

use bus::{Change, Correction, Enriched, Offsets, PostId};
use proptest::prelude::*;
use tempfile::{TempDir, tempdir};

use crate::testing::{author_key, post, ruling};
use crate::{Filter, Index, IndexConfig, IndexError, IndexWriter, SearchRequest, Sort};

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

/// Applies changes as the stage does: what a correction needs is committed first.
fn apply(writer: &mut IndexWriter, changes: &[Change<Enriched>]) {
    for change in changes {
        if writer.must_commit_before(change) {
            writer.commit(&Offsets::default()).unwrap();
        }
        writer.apply(change).unwrap();
    }
}

/// Says that post `n`, with this text, is about `topic`.
fn about(n: u64, text: &str, topic: &str) -> Change<Enriched> {
    let topics = Some(ruling(vec![topic.to_owned()]));
    Change::Correct(Box::new(Correction { topics, ..Correction::of(&post(n).text(text).build().post) }))
}

async fn stored(index: &Index) -> BTreeMap<PostId, Enriched> {
    let posts = index.searcher().export(Filter::default(), 1_000).await.unwrap();
    posts.into_iter().map(|post| (post.post.id, post)).collect()
}

#[tokio::test]
async fn a_correction_finds_the_post_whether_it_was_committed_or_not() {
    let (_dir, index) = open();
    let mut writer = index.writer().unwrap();
    apply(&mut writer, &[upsert(1, "a"), about(1, "a", "food"), about(2, "b", "food"), upsert(2, "b")]);
    apply(&mut writer, &[upsert(3, "c"), about(3, "c", "food"), upsert(3, "edited")]);
    writer.commit(&offsets(7)).unwrap();
    let posts = stored(&index).await;
    let topics = |n| posts[&post(n).build().post.id].topics.iter().map(|tag| tag.topic.clone()).collect::<Vec<_>>();
    // Of post 2 the enricher knew it, had it been asked; of post 3 staff saw another text.
    assert_eq!([topics(1), topics(2), topics(3)], [vec!["food".to_owned()], vec![], vec![]]);
}

#[tokio::test]
async fn a_correction_brings_back_nobody_who_was_erased_and_nothing_that_was_deleted() {
    let (_dir, index) = open();
    let mut writer = index.writer().unwrap();
    let said = |n: u64| Change::Upsert(post(n).text("a").author(7).build());
    apply(&mut writer, &[said(1), said(2), upsert(3, "a")]);
    writer.commit(&offsets(3)).unwrap();
    apply(&mut writer, &[Change::EraseAuthor(author_key(7)), Change::Delete(post(3).build().post.id)]);
    apply(&mut writer, &[about(1, "a", "food"), about(2, "a", "food"), about(3, "a", "food")]);
    writer.commit(&offsets(8)).unwrap();
    assert_eq!(index.posts(), 0);
}

fn changes() -> impl Strategy<Value = Vec<Change<Enriched>>> {
    let texts = ["a", "b"];
    let change = (0..10_u8, 0..3_u64, 0..2_usize, 0..2_usize).prop_map(move |(kind, n, text, topic)| match kind {
        0..=3 => Change::Upsert(post(n).text(texts[text]).author(n % 2).topics(&["beds"]).build()),
        4 => Change::Delete(post(n).build().post.id),
        5 => Change::EraseAuthor(author_key(n % 2)),
        _ => about(n, texts[text], ["food", "waiting"][topic]),
    });
    proptest::collection::vec(change, 1..25)
}

/// The posts that there are after these changes.
fn plain(changes: &[Change<Enriched>]) -> BTreeMap<PostId, Enriched> {
    let mut posts = BTreeMap::new();
    for change in changes {
        match change {
            Change::Upsert(post) => _ = posts.insert(post.post.id, post.clone()),
            Change::Delete(id) => _ = posts.remove(id),
            Change::EraseAuthor(author) => posts.retain(|_, post| post.post.author != Some(*author)),
            Change::Correct(said) => {
                if let Some(post) = posts.get_mut(&said.post) {
                    said.apply(post);
                }
            }
            Change::Gap(_) => {}
        }
    }
    posts
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn whatever_is_committed_when_and_read_again_the_index_holds_what_was_said(
        changes in changes(),
        commit_at in any::<prop::sample::Index>(),
        again_from in any::<prop::sample::Index>(),
    ) {
        let (_dir, index) = open();
        let mut writer = index.writer().unwrap();
        let (before, after) = changes.split_at(commit_at.index(changes.len()));
        apply(&mut writer, before);
        writer.commit(&offsets(1)).unwrap();
        apply(&mut writer, after);
        // After a crash everything behind the last commit comes again.
        apply(&mut writer, &changes[again_from.index(changes.len())..]);
        writer.commit(&offsets(2)).unwrap();
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap();
        prop_assert_eq!(runtime.block_on(stored(&index)), plain(&changes));
    }
}
