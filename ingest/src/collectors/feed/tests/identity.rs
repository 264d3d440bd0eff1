//! Feeds that are fetched twice over the network, by a collector that keeps its cursor.

use std::sync::atomic::{AtomicUsize, Ordering};

use bus::Change;

use super::super::*;
use super::collector;
use crate::testing::server::{Server, ok};

/// What a collector delivers at each fetch of `documents`.
async fn fetched(documents: &'static [fn(usize) -> String]) -> Vec<Vec<Post>> {
    let count = AtomicUsize::new(0);
    let server = Server::start(move |_, _| {
        let at = count.fetch_add(1, Ordering::SeqCst);
        ok("application/rss+xml", documents[at.min(documents.len() - 1)](at))
    })
    .await;
    let mut collector = collector(&server, "/feed");
    let mut cursor = Cursor::default();
    let mut delivered = Vec::new();
    for _ in documents {
        let batch = collector.collect(&cursor).await.unwrap();
        // As the state file keeps it.
        cursor = serde_json::from_str(&serde_json::to_string(&batch.cursor).unwrap()).unwrap();
        let posts = batch.changes.into_iter().map(|change| match change {
            Change::Upsert(post) => post,
            other => panic!("a feed does not delete: {other:?}"),
        });
        delivered.push(posts.collect());
    }
    delivered
}

fn rss(items: &str) -> String {
    format!("<rss version=\"2.0\"><channel><title>Trust news</title>{items}</channel></rss>")
}

fn item(guid: &str, link: &str, title: &str, date: &str, text: &str) -> String {
    let guid = if guid.is_empty() { String::new() } else { format!("<guid isPermaLink=\"false\">{guid}</guid>") };
    let date = if date.is_empty() { String::new() } else { format!("<pubDate>{date}</pubDate>") };
    format!("<item>{guid}<link>{link}</link><title>{title}</title>{date}<description>{text}</description></item>")
}

const NOON: &str = "Sat, 01 Mar 2025 12:00:00 GMT";
const NEXT_DAY: &str = "Sun, 02 Mar 2025 12:00:00 GMT";
const TEXT: &str = "The walk-in centre will be closed while the roof is mended; please go to the hospital instead.";

fn sizes(delivered: &[Vec<Post>]) -> Vec<usize> {
    delivered.iter().map(Vec::len).collect()
}

#[tokio::test]
async fn session_ids_and_campaigns_in_links_make_no_new_entries() {
    fn document(at: usize) -> String {
        rss(&[
            item("", &format!("https://e.org/a?id=1&amp;PHPSESSID={at}77"), "A", NOON, TEXT),
            item("", &format!("https://e.org/b;jsessionid=F{at}?id=2"), "B", NOON, "Short"),
            item(&format!("http://e.org/c?utm_campaign=day{at}"), "https://e.org/c", "C", "", "No date"),
        ]
        .concat())
    }
    let delivered = fetched(&[document, document, document]).await;
    assert_eq!(sizes(&delivered), [3, 0, 0]);
}

#[tokio::test]
async fn guids_that_are_made_anew_at_every_fetch_make_no_new_entries() {
    fn document(at: usize) -> String {
        rss(&[
            item(&format!("{at}-1"), "https://e.org/a", "A", NOON, TEXT),
            item(&format!("{at}-2"), "https://e.org/b", "B", "", "No date"),
            // Even the address changes.
            item(&format!("{at}-3"), &format!("https://e.org/visit/{at}/c"), "C", NOON, &format!("{TEXT} C")),
        ]
        .concat())
    }
    let delivered = fetched(&[document, document, document]).await;
    assert_eq!(sizes(&delivered), [3, 0, 0]);
}

#[tokio::test]
async fn an_edit_under_a_new_guid_is_an_update_of_the_same_post() {
    fn before(_: usize) -> String {
        rss(&item("1", "https://e.org/a", "A", NOON, TEXT))
    }
    fn after(_: usize) -> String {
        rss(&item("2", "https://e.org/a", "A", NOON, "It is open again."))
    }
    let delivered = fetched(&[before, after, after]).await;
    assert_eq!(sizes(&delivered), [1, 1, 0]);
    assert_eq!(delivered[0][0].id, delivered[1][0].id);
    assert_eq!(delivered[1][0].text, "It is open again.");
}

#[tokio::test]
async fn an_edit_under_the_same_guid_is_an_update_even_if_all_else_changes() {
    fn before(_: usize) -> String {
        rss(&item("1", "https://e.org/a", "A", NOON, TEXT))
    }
    fn after(_: usize) -> String {
        rss(&item("1", "https://e.org/moved", "Now B", NEXT_DAY, "Other words."))
    }
    let delivered = fetched(&[before, after]).await;
    assert_eq!(delivered[0][0].id, delivered[1][0].id);
}

#[tokio::test]
async fn a_bulletin_with_one_title_is_another_every_day() {
    fn first(_: usize) -> String {
        rss(&item("1", "https://e.org/bulletin", "Daily bulletin", NOON, "All wards are open."))
    }
    fn second(_: usize) -> String {
        rss(&item("2", "https://e.org/bulletin", "Daily bulletin", NEXT_DAY, "All wards are open."))
    }
    let delivered = fetched(&[first, second]).await;
    assert_eq!(sizes(&delivered), [1, 1]);
    assert_ne!(delivered[0][0].id, delivered[1][0].id);
}

#[tokio::test]
async fn the_entries_of_a_live_page_stay_apart_as_they_pass() {
    fn first(_: usize) -> String {
        rss(&[
            item("1", "https://e.org/live", "Strike begins", NOON, "a"),
            item("2", "https://e.org/live", "First talks", NOON, "b"),
        ]
        .concat())
    }
    fn second(_: usize) -> String {
        rss(&[
            item("3", "https://e.org/live", "Talks fail", NOON, "c"),
            item("4", "https://e.org/live", "Strike ends", NOON, "d"),
        ]
        .concat())
    }
    let delivered = fetched(&[first, second, second]).await;
    assert_eq!(sizes(&delivered), [2, 2, 0]);
    let ids: std::collections::HashSet<_> = delivered.iter().flatten().map(|post| post.id).collect();
    assert_eq!(ids.len(), 4);
}

#[tokio::test]
async fn one_guid_for_all_entries_still_gives_them_all_once() {
    fn first(_: usize) -> String {
        rss(&[item("0", "https://e.org/a", "A", NOON, TEXT), item("0", "https://e.org/b", "B", NOON, "Other text")]
            .concat())
    }
    fn second(_: usize) -> String {
        rss(&[
            item("0", "https://e.org/b", "B", NOON, "Other text"),
            item("0", "https://e.org/c", "C", NEXT_DAY, "New"),
        ]
        .concat())
    }
    let delivered = fetched(&[first, second]).await;
    assert_eq!(sizes(&delivered), [2, 1]);
    assert_eq!(delivered[1][0].text, "New");
}

#[tokio::test]
async fn a_document_that_is_damaged_one_day_names_its_entries_as_before() {
    fn sound(_: usize) -> String {
        rss(&[item("1", "https://e.org/a", "A", NOON, TEXT), item("", "https://e.org/b", "B", NOON, TEXT)].concat())
    }
    fn damaged(at: usize) -> String {
        sound(at).replace(" version=\"2.0\"", "").replace("</channel></rss>", "<item><title>R&D &nbsp; cut o")
    }
    let delivered = fetched(&[sound, damaged]).await;
    assert_eq!(sizes(&delivered), [2, 1]);
}
