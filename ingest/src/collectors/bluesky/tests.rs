//! A stream that is read to the end, over all that can happen to it.

mod faults;
mod searching;
mod world;

use std::collections::BTreeMap;

use axum::http::Uri;
use serde_json::{Value, json};

use super::*;
use crate::fetch::{FetchConfig, Gateway};
use crate::testing::socket::{Message as Frame, SocketServer};
use crate::testing::{context, feed_source};

/// The time of the events' zero: an hour ago, so that nothing is too old or in the future.
fn start_us() -> i64 {
    Timestamp::now().as_microsecond() - 3_600_000_000
}

fn post_event(us: i64, did: &str, rkey: &str, operation: &str, text: &str) -> Value {
    let rev = format!("{us:016}");
    json!({"did": did, "time_us": us, "kind": "commit", "commit": {
        "rev": rev, "operation": operation, "collection": "app.bsky.feed.post", "rkey": rkey, "cid": "bafyzq",
        "record": {"$type": "app.bsky.feed.post", "text": text, "langs": ["en"], "createdAt": "2025-01-01T00:00:00Z"}}})
}

fn delete_event(us: i64, did: &str, rkey: &str) -> Value {
    json!({"did": did, "time_us": us, "kind": "commit", "commit": {
        "rev": format!("{us:016}"), "operation": "delete", "collection": "app.bsky.feed.post", "rkey": rkey}})
}

fn account_event(us: i64, did: &str, status: Option<&str>) -> Value {
    json!({"did": did, "time_us": us, "kind": "account", "account": {
        "active": status.is_none(), "status": status, "did": did, "seq": us, "time": "2025-01-01T00:00:00Z"}})
}

fn frames(events: &[Value]) -> Vec<Frame> {
    let mut frames: Vec<Frame> = events.iter().map(|event| Frame::text(event.to_string())).collect();
    frames.push(Frame::Close(None));
    frames
}

fn cursor_of(uri: &Uri) -> Option<i64> {
    let query = uri.query().unwrap_or_default();
    let (_, cursor) = url::form_urlencoded::parse(query.as_bytes()).find(|(key, _)| key == "cursor")?;
    Some(cursor.parse().unwrap())
}

fn config(hosts: &[url::Url]) -> BlueskyConfig {
    let hosts = hosts.iter().map(|host| format!("\"{host}\"")).collect::<Vec<_>>().join(", ");
    toml::from_str(&format!("keywords = [\"NHS\", \"#SaveOurNHS\"]\nbackfill = \"0s\"\nhosts = [{hosts}]")).unwrap()
}

fn collector_with(config: BlueskyConfig, allowed: Vec<std::net::SocketAddr>) -> BlueskyCollector {
    let fetch = FetchConfig { host_delay_ms: 0, allow_addresses: allowed, ..FetchConfig::default() };
    let context = context(feed_source("bsky", "https://bsky.example/"));
    BlueskyCollector::new(config, Context { gateway: Gateway::new(&fetch).unwrap(), ..context })
}

fn collector(server: &SocketServer) -> BlueskyCollector {
    collector_with(config(&[server.url("/subscribe")]), vec![server.address])
}

/// The position right before the first event.
fn beginning(us: i64) -> Cursor {
    let at = Timestamp::from_microsecond(us).unwrap();
    Cursor::of(&Position { at: Some(at), ..Position::default() })
}

/// What the changes leave, as text by id; the authors of posts are remembered for erasures.
#[derive(Default)]
struct Archive {
    posts: BTreeMap<PostId, Post>,
    upserts: usize,
    missed: Vec<Missed>,
}

impl Archive {
    fn take(&mut self, batch: Batch) -> Cursor {
        for change in batch.changes {
            match change {
                Change::Upsert(post) => {
                    self.upserts += 1;
                    self.posts.insert(post.id, post);
                }
                Change::Delete(id) => _ = self.posts.remove(&id),
                Change::EraseAuthor(author) => self.posts.retain(|_, post| post.author != Some(author)),
                other @ (Change::Gap(_) | Change::Correct(_)) => panic!("{other:?}"),
            }
        }
        self.missed.extend(batch.missed.filter(|missed| *missed != Missed::Pending));
        batch.cursor
    }

    fn texts(&self) -> Vec<&str> {
        let mut texts: Vec<&str> = self.posts.values().map(|post| post.text.as_str()).collect();
        texts.sort_unstable();
        texts
    }
}

#[tokio::test]
async fn wanted_posts_are_kept_edited_deleted_and_erased() {
    let us = start_us();
    let server = SocketServer::start(move |_, _| {
        frames(&[
            post_event(us + 1, "did:plc:a", "1", "create", "the NHS first"),
            post_event(us + 2, "did:plc:a", "2", "create", "nothing of interest"),
            post_event(us + 3, "did:plc:b", "1", "create", "NHS second"),
            post_event(us + 4, "did:plc:b", "2", "create", "NHS third"),
            post_event(us + 5, "did:plc:c", "1", "create", "NHS fourth"),
            post_event(us + 6, "did:plc:c", "2", "create", "my #saveournhs fifth"),
            post_event(us + 7, "did:plc:a", "1", "update", "the NHS first, corrected"),
            post_event(us + 8, "did:plc:b", "1", "update", "I changed my mind"),
            delete_event(us + 9, "did:plc:b", "2"),
            delete_event(us + 10, "did:plc:x", "9"),
            account_event(us + 11, "did:plc:x", Some("takendown")),
            account_event(us + 12, "did:plc:a", None),
            account_event(us + 13, "did:plc:c", Some("deactivated")),
            post_event(us + 14, "did:plc:c", "3", "create", "NHS: back again"),
        ])
    })
    .await;
    let mut collector = collector(&server);
    let batch = collector.collect(&beginning(us)).await.unwrap();
    let changes = batch.changes.len();
    let mut archive = Archive::default();
    archive.take(batch);
    assert_eq!(archive.texts(), ["NHS: back again", "the NHS first, corrected"]);
    assert_eq!(changes, 5 + 1 + 1 + 1 + 1 + 1, "a deletion of what we never had goes no further");
    let uri = &server.requests()[0].0;
    assert_eq!(uri.path(), "/subscribe");
    assert!(uri.query().unwrap().contains("wantedCollections=app.bsky.feed.post"));
    assert_eq!(cursor_of(uri), Some(us - 5_000_000));
}

#[tokio::test]
async fn no_position_means_from_now_on() {
    let us = start_us();
    let server = SocketServer::start(move |_, _| frames(&[post_event(us, "did:plc:a", "1", "create", "NHS")])).await;
    let mut collector = collector(&server);
    let batch = collector.collect(&Cursor::default()).await.unwrap();
    assert_eq!(batch.changes.len(), 1);
    assert!(cursor_of(&server.requests()[0].0).unwrap() > us + 3_500_000_000);
}

#[tokio::test]
async fn a_compressed_stream_is_read_with_the_dictionary() {
    let us = start_us();
    let dir = tempfile::tempdir().unwrap();
    let dictionary = post_event(us, "did:plc:z", "0", "create", "words").to_string().into_bytes();
    std::fs::write(dir.path().join("dictionary"), &dictionary).unwrap();
    let server = SocketServer::start(move |_, _| {
        let mut packer = zstd::bulk::Compressor::with_dictionary(3, &dictionary).unwrap();
        let event = post_event(us + 1, "did:plc:a", "1", "create", "NHS, packed").to_string();
        let short = packer.compress(event.as_bytes()).unwrap();
        let bomb = packer.compress(&vec![b' '; 64 << 20]).unwrap();
        vec![Frame::binary(bomb), Frame::binary(vec![1, 2, 3]), Frame::binary(short), Frame::Close(None)]
    })
    .await;
    let mut config = config(&[server.url("/subscribe")]);
    config.zstd_dictionary = Some(dir.path().join("dictionary"));
    let mut collector = collector_with(config.clone(), vec![server.address]);
    let batch = collector.collect(&beginning(us)).await.unwrap();
    assert_eq!(batch.changes.len(), 1);
    assert!(server.requests()[0].0.query().unwrap().contains("compress=true"));
    config.zstd_dictionary = Some(dir.path().join("nothing"));
    let error = collector_with(config, vec![server.address]).collect(&beginning(us)).await.unwrap_err();
    assert!(error.to_string().contains("zstd dictionary"), "{error}");
}

#[tokio::test]
async fn the_second_version_of_the_protocol_is_spoken_where_the_address_says_so() {
    let us = start_us();
    let server = SocketServer::start(move |_, _| {
        let time = Timestamp::from_microsecond(us + 1).unwrap().to_string();
        let event = json!({"$type": "message", "payload": {
            "$type": "network.bsky.jetstream.subscribeEvents#commit", "seq": 5, "did": "did:plc:a", "time": time,
            "witnessedAt": time, "rev": "r", "operation": "create", "collection": "app.bsky.feed.post", "rkey": "1",
            "record": {"text": "NHS"}}});
        frames(&[json!({"$type": "message", "payload": {"$type": "x#info", "name": "OutdatedCursor"}}), event])
    })
    .await;
    let host = server.url("/xrpc/network.bsky.jetstream.subscribeEvents");
    let mut collector = collector_with(config(&[host]), vec![server.address]);
    let batch = collector.collect(&beginning(us)).await.unwrap();
    assert_eq!(batch.changes.len(), 1);
    assert_eq!(batch.cursor.position::<Position>().at, Timestamp::from_microsecond(us + 1).ok());
    assert!(server.requests()[0].0.query().unwrap().starts_with("collections=app.bsky.feed.post&cursor="));
}
