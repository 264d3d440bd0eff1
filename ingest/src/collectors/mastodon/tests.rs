//! Timelines that are read again and again; the stream has tests of its own.

mod streaming;

use std::collections::BTreeSet;

use axum::http::Uri;
use serde_json::{Value, json};

use super::*;
use crate::testing::server::{Server, ok, status};
use crate::testing::{context, feed_source};

/// A status as a server sends it, reduced to what is read and some of what is not.
fn status_json(id: u64, content: &str) -> Value {
    json!({
        "id": id.to_string(), "created_at": "2025-03-01T10:00:00.000Z", "in_reply_to_id": null, "sensitive": false,
        "spoiler_text": "", "visibility": "public", "language": "en", "reblog": null, "replies_count": 0,
        "url": format!("https://social.example/@zq_handle/{id}"), "content": content,
        "account": {"id": "7", "acct": "zq_handle", "indexable": true, "noindex": false, "note": "<p>Nurse</p>"}
    })
}

fn collector(server: &Server, tags: &[&str]) -> MastodonCollector {
    let config = MastodonConfig {
        url: server.url("/"),
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        backfill: Duration::from_hours(168),
        streaming: false,
        token: None,
    };
    let source = feed_source("social", config.url.as_str());
    MastodonCollector::new(config, Context { gateway: server.gateway(), ..context(source) })
}

fn min_id(uri: &Uri) -> u64 {
    let query = uri.query().unwrap();
    url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "min_id").unwrap().1.parse().unwrap()
}

fn posts(batch: Batch) -> Vec<Post> {
    let upsert = |change| match change {
        Change::Upsert(post) => post,
        other => panic!("{other:?}"),
    };
    batch.changes.into_iter().map(upsert).collect()
}

/// A server with `count` statuses of just now, and the id before the first of them. They follow `min_id` as Mastodon's
/// do: the ones right after it, newest first, at most 40.
async fn server_with(count: u64) -> (Server, u64) {
    let first = (Timestamp::now().as_millisecond().unsigned_abs() << 16) - 1_000_000;
    let server = Server::start(move |uri, _| {
        let after = min_id(uri);
        let ids: Vec<u64> = (first + 1..=first + count).filter(|&id| id > after).take(40).collect();
        let page: Vec<Value> = ids.iter().rev().map(|&id| status_json(id, "<p>Waiting in #NHS</p>")).collect();
        ok("application/json", serde_json::to_vec(&page).unwrap())
    })
    .await;
    (server, first)
}

#[tokio::test]
async fn a_hashtag_is_read_forward_until_now() {
    let (server, first) = server_with(1_000).await;
    let mut collector = collector(&server, &["nhs"]);
    let mut cursor = Cursor::default();
    let mut sizes = Vec::new();
    loop {
        let batch = collector.collect(&cursor).await.unwrap();
        cursor = batch.cursor.clone();
        let done = !batch.next_in.is_zero();
        sizes.push(batch.changes.len());
        if done {
            break;
        }
    }
    assert_eq!(sizes, [480, 480, 40]);
    let uri = &server.requests()[0].0;
    assert_eq!(uri.path(), "/api/v1/timelines/tag/nhs");
    assert!(uri.query().unwrap().starts_with("limit=40&min_id="));
    assert!(min_id(uri) < first, "the first request goes back by the backfill");
    assert_eq!(min_id(&server.requests().last().unwrap().0), first + 1_000);
}

#[tokio::test]
async fn what_comes_late_is_edited_or_withdrawn_is_found_in_the_next_reading() {
    let first = Timestamp::now().as_millisecond().unsigned_abs() << 16;
    let round = std::sync::atomic::AtomicU64::new(0);
    let server = Server::start(move |uri, _| {
        let round = round.fetch_add(1, std::sync::atomic::Ordering::SeqCst);
        let mut page: Vec<Value> = [9, 7, 5, 3].map(|id| status_json(first + id, "<p>Waiting</p>")).into();
        if round > 0 {
            page[0]["content"] = json!("<p>Waiting no longer</p>");
            page[0]["edited_at"] = json!("2025-03-01T11:00:00.000Z");
            page[1]["account"]["indexable"] = json!(false);
            page.push(status_json(first + 1, "<p>Came late</p>"));
        }
        page.retain(|status| status["id"].as_str().unwrap().parse::<u64>().unwrap() > min_id(uri));
        ok("application/json", serde_json::to_vec(&page).unwrap())
    })
    .await;
    let mut collector = collector(&server, &["nhs"]);
    let batch = collector.collect(&Cursor::default()).await.unwrap();
    assert_eq!(batch.changes.len(), 4);
    assert_eq!(batch.missed, Some(Missed::Nothing));
    let batch = collector.collect(&batch.cursor).await.unwrap();
    let withdrawn = bus::PostId::new(&"social".parse().unwrap(), &(first + 7).to_string());
    assert!(matches!(batch.changes[0], Change::Delete(id) if id == withdrawn), "{:?}", batch.changes);
    let texts: Vec<String> = batch
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Upsert(post) => Some(post.text.clone()),
            _ => None,
        })
        .collect();
    assert_eq!(texts.len(), 2);
    assert!(texts.contains(&"Waiting no longer".to_owned()) && texts.contains(&"Came late".to_owned()));
    assert!(collector.collect(&batch.cursor).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn a_post_under_two_hashtags_is_sent_once() {
    let (server, _) = server_with(3).await;
    let mut collector = collector(&server, &["nhs", "gp"]);
    let batch = collector.collect(&Cursor::default()).await.unwrap();
    assert_eq!(batch.changes.len(), 3);
    let asked: Vec<String> = server.requests().iter().map(|(uri, _)| uri.path().to_owned()).collect();
    assert_eq!(asked, ["/api/v1/timelines/tag/gp", "/api/v1/timelines/tag/nhs"]);
    assert!(collector.collect(&batch.cursor).await.unwrap().changes.is_empty());
}

/// Whether the `n`-th of 9,000 statuses bears a hashtag: `nhs` all of them, `gp` every third, `dentist` the last three.
fn has(tag: &str, n: u64) -> bool {
    match tag {
        "nhs" => true,
        "gp" => n.is_multiple_of(3),
        _ => n > 8_997,
    }
}

#[tokio::test]
async fn a_first_collection_reads_each_page_once_and_sends_posts_in_order() {
    const ALL: u64 = 9_000;
    let first = (Timestamp::now().as_millisecond().unsigned_abs() << 16) - 1_000_000;
    let server = Server::start(move |uri, _| {
        let tag = uri.path().rsplit('/').next().unwrap();
        let after = min_id(uri);
        let ids = (1..=ALL).filter(|&n| has(tag, n) && first + n > after).take(40);
        let mut page: Vec<Value> = ids
            .map(|n| {
                let mut status = status_json(first + n, &format!("<p>said {n}</p>"));
                let at = "2025-03-01T10:00:00Z".parse::<Timestamp>().unwrap() + Duration::from_secs(n);
                status["created_at"] = json!(at.to_string());
                status
            })
            .collect();
        page.reverse();
        ok("application/json", serde_json::to_vec(&page).unwrap())
    })
    .await;
    let mut collector = collector(&server, &["nhs", "gp", "dentist"]);
    let (mut cursor, mut texts) = (Cursor::default(), Vec::new());
    loop {
        let batch = collector.collect(&cursor).await.unwrap();
        let next_in = batch.next_in;
        cursor = batch.cursor.clone();
        texts.extend(posts(batch).into_iter().map(|post| post.text));
        if !next_in.is_zero() {
            break;
        }
    }
    let numbers: Vec<u64> = texts.iter().map(|text| text.strip_prefix("said ").unwrap().parse().unwrap()).collect();
    assert_eq!(numbers.iter().copied().collect::<BTreeSet<_>>(), (1..=ALL).collect());
    // The three of a rare hashtag are met at once, and again at the end, long after they were forgotten: they replace themselves.
    assert_eq!(numbers.len(), 9_000 + 3);
    // A page of the second timeline spans three of the first.
    let in_order = numbers.iter().filter(|number| !has("dentist", **number)).zip(1..);
    assert!(in_order.into_iter().all(|(number, place)| number.abs_diff(place) <= 120), "in their order");
    // Full pages, one more that ends each of the first two timelines, and the one of the third.
    assert_eq!(server.requests().len(), 225 + 1 + 75 + 1 + 1);
    // A restart reads one page of each.
    let batch = self::collector(&server, &["nhs", "gp", "dentist"]).collect(&cursor).await.unwrap();
    assert!(batch.changes.is_empty());
    assert_eq!(server.requests().len(), 303 + 3);
}

#[tokio::test]
async fn a_page_from_which_the_server_left_something_out_does_not_end_a_pass() {
    let first = (Timestamp::now().as_millisecond().unsigned_abs() << 16) - 1_000_000;
    let server = Server::start(move |uri, _| {
        let after = min_id(uri);
        let page = (1..=200).filter(|n| first + n > after).take(40).filter(|n| n % 50 != 20);
        let mut page: Vec<Value> = page.map(|n| status_json(first + n, &format!("<p>said {n}</p>"))).collect();
        page.reverse();
        ok("application/json", serde_json::to_vec(&page).unwrap())
    })
    .await;
    let batch = collector(&server, &["nhs"]).collect(&Cursor::default()).await.unwrap();
    assert_eq!(posts(batch).len(), 196);
}

#[tokio::test]
async fn a_batch_that_was_lost_in_the_middle_of_a_pass_comes_again() {
    let (server, _) = server_with(1_000).await;
    let mut collector = collector(&server, &["nhs"]);
    let first = collector.collect(&Cursor::default()).await.unwrap();
    let second = posts(collector.collect(&first.cursor).await.unwrap());
    let again = posts(collector.collect(&first.cursor).await.unwrap());
    assert_eq!(second.len(), 480);
    // Of the twelve pages one is short of new statuses by those that are read again.
    let ids = |posts: &[Post]| posts.iter().map(|post| post.id).collect::<BTreeSet<_>>();
    assert_eq!(again.len(), 480 - 30);
    assert!(ids(&again).is_subset(&ids(&second)));
}

#[tokio::test]
async fn no_trace_of_a_handle_is_left_and_the_text_is_plain() {
    let server = Server::start(|_, _| {
        let mut status = status_json(5, "<p>A&amp;E wait: <span>9</span> hours</p><p>Awful</p>");
        status["spoiler_text"] = json!("Health");
        ok("application/json", json!([status]).to_string())
    })
    .await;
    let posts = posts(collector(&server, &["nhs"]).collect(&Cursor::default()).await.unwrap());
    assert_eq!(posts[0].text, "Health\nA&E wait: 9 hours\nAwful");
    assert_eq!(posts[0].url.as_deref(), Some(server.url("/statuses/5").as_str()));
    let everything = serde_json::to_string(&posts).unwrap();
    assert!(!everything.contains("zq_handle"), "{everything}");
    assert!(posts[0].author.is_some());
}

#[tokio::test]
async fn people_who_opted_out_boosts_and_private_posts_are_left_out() {
    let with = |id: u64, change: &dyn Fn(&mut Value)| {
        let mut status = status_json(id, "<p>text</p>");
        change(&mut status);
        status
    };
    let page = json!([
        with(9, &|s| s["account"]["indexable"] = json!(false)),
        with(8, &|s| s["account"]["noindex"] = json!(true)),
        with(7, &|s| s["account"]["note"] = json!("<p>no <a>#<span>NoBot</span></a></p>")),
        with(6, &|s| s["visibility"] = json!("unlisted")),
        with(5, &|s| s["reblog"] = json!({"id": "1"})),
        with(4, &|s| s["content"] = json!("")),
        with(3, &|s| s["created_at"] = json!("nonsense")),
        with(2, &|s| {
            s["account"].as_object_mut().unwrap().remove("indexable");
        }),
    ]);
    let server = Server::start(move |_, _| ok("application/json", page.to_string())).await;
    let posts = posts(collector(&server, &["nhs"]).collect(&Cursor::default()).await.unwrap());
    assert_eq!(posts.len(), 1);
    assert_eq!(posts[0].id, bus::PostId::new(&"social".parse().unwrap(), "2"));
}

#[tokio::test]
async fn a_used_up_allowance_is_respected_before_and_after_it_is_used_up() {
    let limited = Server::start(|_, _| status(429, &[("x-ratelimit-reset", "2999-01-01T00:00:00.000Z")])).await;
    let error = collector(&limited, &["nhs"]).collect(&Cursor::default()).await.unwrap_err();
    assert!(
        matches!(error, CollectError::RateLimited { retry_after: Some(wait), .. } if wait > Duration::from_hours(1))
    );
    let last = Server::start(|_, _| {
        let page: Vec<Value> = (1..=40).map(|id| status_json(id, "x")).collect();
        let mut response = ok("application/json", serde_json::to_vec(&page).unwrap());
        response.headers_mut().insert("x-ratelimit-remaining", "0".parse().unwrap());
        response.headers_mut().insert("x-ratelimit-reset", "2999-01-01T00:00:00.000Z".parse().unwrap());
        response
    })
    .await;
    let batch = collector(&last, &["nhs", "gp"]).collect(&Cursor::default()).await.unwrap();
    assert_eq!(batch.changes.len(), 40);
    assert!(batch.next_in > Duration::from_hours(1));
    assert_eq!(last.requests().len(), 1);
}

#[tokio::test]
async fn what_is_no_list_of_statuses_is_refused() {
    let server =
        Server::start(|_, _| ok("application/json", "{\"error\": \"This API requires an authenticated user\"}")).await;
    let error = collector(&server, &["nhs"]).collect(&Cursor::default()).await.unwrap_err();
    assert!(
        matches!(&error, CollectError::Malformed { reason } if reason.contains("is this a Mastodon server?")),
        "{error}"
    );
}

#[tokio::test]
async fn a_server_that_leads_in_circles_is_left() {
    let server = Server::start(|_, _| {
        let page: Vec<Value> = (1..=40).map(|id| status_json(id, "x")).collect();
        ok("application/json", serde_json::to_vec(&page).unwrap())
    })
    .await;
    let batch = collector(&server, &["nhs"]).collect(&Cursor::default()).await.unwrap();
    assert!(!batch.next_in.is_zero());
    assert_eq!(server.requests().len(), 2);
}
