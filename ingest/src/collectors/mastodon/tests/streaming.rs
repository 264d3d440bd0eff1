//! The stream: what it says at once, and that the timelines make up for what it does not say.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::http::Response;
use futures_util::{StreamExt, stream};
use proptest::prelude::*;

use super::*;
use crate::fetch::{FetchConfig, Gateway};
use crate::testing::server::Server;
use crate::testing::socket::{Message, SocketServer};

fn streaming(config_url: url::Url, allowed: Vec<std::net::SocketAddr>, tags: &[&str]) -> MastodonCollector {
    let config = MastodonConfig {
        url: config_url,
        tags: tags.iter().map(|&tag| tag.to_owned()).collect(),
        backfill: Duration::from_hours(168),
        streaming: true,
        token: None,
    };
    let fetch = FetchConfig { host_delay_ms: 0, allow_addresses: allowed, ..FetchConfig::default() };
    let source = feed_source("social", config.url.as_str());
    MastodonCollector::new(config, Context { gateway: Gateway::new(&fetch).unwrap(), ..context(source) })
}

/// A body of these pieces that then ends.
fn pieces(pieces: Vec<String>) -> Response<Body> {
    let pieces = stream::iter(pieces.into_iter().map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece))));
    ok("text/event-stream", Body::from_stream(pieces))
}

/// A body of these pieces that then stays open.
fn pieces_and_silence(list: Vec<String>) -> Response<Body> {
    let list = stream::iter(list.into_iter().map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece))));
    ok("text/event-stream", Body::from_stream(list.chain(stream::pending())))
}

fn event(name: &str, data: &impl ToString) -> String {
    format!("event: {name}\ndata: {}\n\n", data.to_string())
}

fn now_id() -> u64 {
    Timestamp::now().as_millisecond().unsigned_abs() << 16
}

/// Applies the changes of a batch.
fn apply(archive: &mut BTreeMap<bus::PostId, String>, batch: Batch) -> Cursor {
    for change in batch.changes {
        match change {
            Change::Upsert(post) => _ = archive.insert(post.id, post.text),
            Change::Delete(id) => _ = archive.remove(&id),
            other => panic!("{other:?}"),
        }
    }
    batch.cursor
}

/// Collects `times` times, each from where the last one ended, and without waiting between streams.
async fn collect(collector: &mut MastodonCollector, times: usize) -> BTreeMap<bus::PostId, String> {
    let mut archive = BTreeMap::new();
    let mut cursor = Cursor::default();
    for _ in 0..times {
        let batch = collector.collect(&cursor).await.unwrap();
        cursor = apply(&mut archive, batch);
        collector.open_at = None;
    }
    archive
}

#[tokio::test]
async fn posts_edits_and_deletions_come_over_server_sent_events() {
    let id = now_id();
    let server = Server::start(move |uri, _| match uri.path() {
        "/api/v1/streaming/hashtag" if uri.query() == Some("tag=nhs") => {
            let mut edited = status_json(id + 1, "<p>one, edited</p>");
            edited["edited_at"] = json!("2025-03-01T11:00:00.000Z");
            let mut withdrawn = status_json(id + 3, "<p>three</p>");
            withdrawn["account"]["noindex"] = json!(true);
            let mut boost = status_json(id + 5, "<p>x</p>");
            boost["reblog"] = json!({"id": "1"});
            let all = [
                ":)\n".to_owned(),
                event("update", &status_json(id + 1, "<p>one</p>")),
                event("update", &status_json(id + 2, "<p>two</p>")),
                event("update", &status_json(id + 3, "<p>three</p>")),
                event("update", &status_json(id + 4, "<p>four</p>")),
                event("update", &boost),
                event("status.update", &edited),
                event("status.update", &withdrawn),
                event("delete", &(id + 2)),
                // Out of order: what was deleted or edited stays so.
                event("update", &status_json(id + 2, "<p>two</p>")),
                event("update", &status_json(id + 1, "<p>one</p>")),
                event("notification", &"{}"),
                event("update", &"{\"id\": 7"),
                event("delete", &"{\"id\": 7}"),
                event("sparkle", &"1"),
                "event: update\ndata: {\"id\": \"cut off".to_owned(),
            ];
            let text = all.concat();
            let (left, right) = text.split_at(text.len() / 2 + 1);
            pieces(vec![left.to_owned(), right.to_owned()])
        }
        "/api/v1/timelines/tag/nhs" => ok("application/json", "[]"),
        _ => status(404, &[]),
    })
    .await;
    let mut collector = streaming(server.url("/"), vec![server.address], &["nhs"]);
    let archive = collect(&mut collector, 3).await;
    let texts: BTreeSet<&str> = archive.values().map(String::as_str).collect();
    assert_eq!(texts, BTreeSet::from(["one, edited", "four"]));
    let asked: Vec<String> = server.requests().iter().map(|(uri, _)| uri.path().to_owned()).collect();
    let timeline = "/api/v1/timelines/tag/nhs";
    assert_eq!(asked[..4], [timeline, "/api/v2/instance", "/api/v1/streaming/hashtag", timeline]);
}

#[tokio::test]
async fn a_websocket_is_used_where_the_server_says_so_with_the_token() {
    let id = now_id();
    let socket = SocketServer::start(move |_, _| {
        let message = |name: &str, payload: String| {
            Message::text(json!({"stream": ["hashtag", "nhs"], "event": name, "payload": payload}).to_string())
        };
        vec![
            message("update", status_json(id + 1, "<p>one</p>").to_string()),
            message("update", status_json(id + 2, "<p>two</p>").to_string()),
            message("delete", (id + 1).to_string()),
            Message::text("no JSON"),
            Message::text("{}"),
            Message::Close(None),
        ]
    })
    .await;
    let address = format!("ws://{}", socket.address);
    let server = Server::start(move |uri, _| match uri.path() {
        "/api/v2/instance" => {
            ok("application/json", json!({"configuration": {"urls": {"streaming": address}}}).to_string())
        }
        _ => ok("application/json", "[]"),
    })
    .await;
    let dir = tempfile::tempdir().unwrap();
    let file = dir.path().join("token");
    std::fs::write(&file, "s3cret").unwrap();
    let mut collector = streaming(server.url("/"), vec![server.address, socket.address], &["nhs"]);
    collector.config.token = Some(toml::from_str(&format!("file = {file:?}")).unwrap());
    let archive = collect(&mut collector, 3).await;
    assert_eq!(archive.into_values().collect::<Vec<_>>(), ["two"]);
    let (uri, headers) = socket.requests().remove(0);
    assert_eq!(uri.to_string(), "/api/v1/streaming?stream=hashtag&tag=nhs");
    assert_eq!(headers["authorization"], "Bearer s3cret");
    assert_eq!(server.requests()[0].1["authorization"], "Bearer s3cret");
}

#[tokio::test]
async fn where_streaming_is_refused_the_timelines_are_read_and_the_reason_is_told() {
    let server = Server::start(|uri, _| match uri.path() {
        "/api/v1/timelines/tag/nhs" => ok("application/json", "[]"),
        _ => status(401, &[]),
    })
    .await;
    let mut collector = streaming(server.url("/"), vec![server.address], &["nhs"]);
    let batch = collector.collect(&Cursor::default()).await.unwrap();
    assert!(batch.notice.unwrap().contains("a `token` is mostly needed"));
    assert!(batch.next_in > Duration::from_mins(50), "{:?}", batch.next_in);
}

#[tokio::test]
async fn what_is_said_between_two_streams_is_in_the_timelines() {
    let id = now_id();
    let connections = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&connections);
    let server = Server::start(move |uri, _| match uri.path() {
        "/api/v1/timelines/tag/nhs" => {
            let said = count.load(Ordering::SeqCst) as u64;
            let after = min_id(uri);
            let page: Vec<Value> = (1..=said)
                .rev()
                .filter(|n| id + n > after)
                .map(|n| status_json(id + n, &format!("<p>between {n}</p>")))
                .collect();
            ok("application/json", serde_json::to_vec(&page).unwrap())
        }
        "/api/v1/streaming/hashtag" => {
            let n = count.fetch_add(1, Ordering::SeqCst);
            let said = event("update", &status_json(id + 100 + n as u64, &format!("<p>streamed {n}</p>")));
            if n < 2 { pieces(vec![said]) } else { pieces_and_silence(vec![said]) }
        }
        _ => status(503, &[]),
    })
    .await;
    let mut collector = streaming(server.url("/"), vec![server.address], &["nhs"]);
    let archive = collect(&mut collector, 9).await;
    let texts: BTreeSet<&str> = archive.values().map(String::as_str).collect();
    let expected = ["between 1", "between 2", "between 3", "streamed 0", "streamed 1", "streamed 2"];
    assert_eq!(texts, BTreeSet::from(expected));
    assert_eq!(connections.load(Ordering::SeqCst), 3);
}

/// One thing that happens to a status.
#[derive(Clone, Copy, Debug)]
enum Act {
    Write,
    Edit(u64),
    Delete(u64),
    Withdraw(u64),
}

fn act() -> impl Strategy<Value = Act> {
    prop_oneof![
        4 => Just(Act::Write),
        2 => (0..8_u64).prop_map(Act::Edit),
        1 => (0..8_u64).prop_map(Act::Delete),
        1 => (0..8_u64).prop_map(Act::Withdraw),
    ]
}

/// The events of `acts`, each with whether the timelines make up for it, and the statuses that are left at the end.
fn play(acts: &[Act], id: u64) -> (Vec<(String, bool)>, BTreeMap<u64, Value>) {
    let mut statuses: BTreeMap<u64, Value> = BTreeMap::new();
    let (mut events, mut written) = (Vec::new(), 0);
    for (n, act) in acts.iter().enumerate() {
        let edited_at = format!("2025-03-01T11:00:{n:02}.000Z");
        match *act {
            Act::Write => {
                written += 1;
                let status = status_json(id + written, &format!("<p>said {n}</p>"));
                events.push((event("update", &status), true));
                statuses.insert(written, status);
            }
            Act::Edit(which) | Act::Withdraw(which) => {
                let Some(status) = statuses.get_mut(&which) else { continue };
                status["edited_at"] = json!(edited_at);
                status["content"] = json!(format!("<p>edited {n}</p>"));
                status["account"]["indexable"] = json!(!matches!(act, Act::Withdraw(_)));
                events.push((event("status.update", status), true));
            }
            Act::Delete(which) => {
                if statuses.remove(&which).is_some() {
                    events.push((event("delete", &(id + which)), false));
                }
            }
        }
    }
    (events, statuses)
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(16))]

    #[test]
    fn what_is_left_is_what_was_said_whatever_the_stream_leaves_out(
        acts in prop::collection::vec(act(), 1..40),
        lost in prop::collection::vec(prop::bool::weighted(0.3), 40),
        cut in 0..40_usize,
    ) {
        let id = now_id();
        let (events, statuses) = play(&acts, id);
        let public = statuses.iter().filter(|(_, status)| status["account"]["indexable"] == true);
        let expected: BTreeSet<String> = public.map(|(_, status)| {
            let content = status["content"].as_str().unwrap();
            content.trim_start_matches("<p>").trim_end_matches("</p>").to_owned()
        }).collect();
        let sent: Vec<String> = events.into_iter().zip(lost)
            .filter(|((_, recoverable), lost)| !(*recoverable && *lost))
            .map(|((event, _), _)| event)
            .collect();
        let (first, second) = sent.split_at(cut.min(sent.len()));
        let streams = Mutex::new(vec![second.to_vec(), first.to_vec()]);
        tokio::runtime::Builder::new_current_thread().enable_all().build().unwrap().block_on(async move {
            let server = Server::start(move |uri, _| match uri.path() {
                "/api/v1/timelines/tag/nhs" => {
                    let after = min_id(uri);
                    let due = statuses.iter().filter(|(n, _)| id + **n > after).map(|(_, status)| status);
                    let mut page: Vec<&Value> = due.take(40).collect();
                    page.reverse();
                    ok("application/json", serde_json::to_vec(&page).unwrap())
                }
                "/api/v1/streaming/hashtag" => {
                    let mut said = streams.lock().unwrap().pop().unwrap_or_default();
                    said.push("event: update\ndata: {\"id\"".to_owned());
                    pieces(said)
                }
                _ => status(404, &[]),
            }).await;
            let mut collector = streaming(server.url("/"), vec![server.address], &["nhs"]);
            let archive = collect(&mut collector, 8).await;
            assert_eq!(archive.into_values().collect::<BTreeSet<_>>(), expected);
        });
    }
}
