//! What the stream no longer has: searched for, or reported as missed.

use axum::body::Body;
use axum::http::Response;

use super::*;
use crate::testing::server::{Server, ok, status};

fn query(uri: &Uri, key: &str) -> Option<String> {
    let query = uri.query().unwrap_or_default();
    url::form_urlencoded::parse(query.as_bytes()).find(|(name, _)| name == key).map(|(_, value)| value.into_owned())
}

fn time_of(us: i64) -> String {
    Timestamp::from_microsecond(us).unwrap().to_string()
}

/// A post as a search gives it.
fn view(us: i64, did: &str, rkey: &str, text: &str) -> Value {
    json!({"uri": format!("at://{did}/app.bsky.feed.post/{rkey}"), "cid": "bafyzq", "indexedAt": time_of(us),
        "author": {"did": did, "handle": "zq.example", "labels": []}, "labels": [],
        "record": {"$type": "app.bsky.feed.post", "text": text, "createdAt": time_of(us), "langs": ["en"]}})
}

/// A server that finds `count` posts, one each second from `us` on, and gives cursors if `cursors`.
async fn api(us: i64, count: i64, cursors: bool) -> Server {
    Server::start(move |uri, _| {
        if !cursors && query(uri, "cursor").is_some() {
            return status(403, &[]);
        }
        let until: Timestamp = query(uri, "until").unwrap().parse().unwrap();
        let skip: usize = query(uri, "cursor").map_or(0, |cursor| cursor.parse().unwrap());
        let newest_first = (0..count).rev().map(|n| (n, us + n * 1_000_000));
        let before = newest_first.filter(|(_, time)| *time < until.as_microsecond());
        let found: Vec<Value> = before
            .skip(skip)
            .take(100)
            .map(|(n, time)| view(time, "did:plc:s", &n.to_string(), &format!("NHS found {n}")))
            .collect();
        let next = (found.len() == 100).then(|| (skip + 100).to_string());
        ok("application/json", json!({"posts": found, "cursor": next, "hitsTotal": count}).to_string())
    })
    .await
}

/// Collects until nothing is left to search.
async fn collect_all(server: &SocketServer, api: &Server, config: BlueskyConfig, from: Cursor) -> Archive {
    let mut collector = collector_with(config, vec![server.address, api.address]);
    let mut archive = Archive::default();
    let mut cursor = archive.take(collector.collect(&from).await.unwrap());
    for _ in 0..40 {
        if cursor.position::<Position>().searches.is_empty() {
            return archive;
        }
        // Each step goes over a restart, so that a search goes on where it was.
        let config = collector.config.clone();
        collector = collector_with(config, vec![server.address, api.address]);
        cursor = archive.take(collector.collect(&cursor).await.unwrap());
    }
    panic!("the search does not end");
}

fn configured(server: &SocketServer, api: &Server, backfill: Duration) -> BlueskyConfig {
    BlueskyConfig { api: api.url("/"), backfill, ..config(&[server.url("/subscribe")]) }
}

#[tokio::test]
async fn the_first_collection_searches_back_with_cursors_or_without() {
    let us = start_us();
    for cursors in [true, false] {
        let server =
            SocketServer::start(move |_, _| frames(&[post_event(us, "did:plc:s", "7", "create", "NHS found 7")])).await;
        let api = api(us, 250, cursors).await;
        let config = configured(&server, &api, Duration::from_hours(24));
        let archive = collect_all(&server, &api, config, Cursor::default()).await;
        assert_eq!(archive.posts.len(), 250, "the same post is the same, however it is found");
        let asked: Vec<String> = api.requests().iter().filter_map(|(uri, _)| query(uri, "q")).collect();
        assert_eq!((asked.first().unwrap().as_str(), asked.last().unwrap().as_str()), ("NHS", "#SaveOurNHS"));
        assert!(!archive.missed.iter().any(|missed| matches!(missed, Missed::Something { .. })));
    }
}

/// A stream that begins ten minutes after what was asked for, and has come up to now.
async fn clamping(us: i64) -> SocketServer {
    SocketServer::start(move |_, _| {
        let now = Timestamp::now().as_microsecond();
        frames(&[
            post_event(us + 600_000_000, "did:plc:a", "1", "create", "NHS after the gap"),
            post_event(now, "did:plc:a", "2", "create", "NHS now"),
        ])
    })
    .await
}

#[tokio::test]
async fn a_silently_moved_cursor_is_noticed_and_the_gap_is_searched() {
    let us = start_us();
    let server = clamping(us).await;
    let api = api(us + 1, 30, true).await;
    let archive = collect_all(&server, &api, configured(&server, &api, Duration::ZERO), beginning(us)).await;
    assert_eq!(archive.posts.len(), 32);
    assert_eq!(archive.missed, [Missed::Nothing], "all was found after all");
    let uri = &api.requests()[0].0;
    assert_eq!(query(uri, "since"), Some(time_of(us)));
    assert_eq!(query(uri, "until"), Some(time_of(us + 600_000_000)));
}

#[tokio::test]
async fn a_gap_that_cannot_be_searched_is_reported() {
    let us = start_us();
    let server = clamping(us).await;
    let api = Server::start(|_, _| status(403, &[])).await;
    let archive = collect_all(&server, &api, configured(&server, &api, Duration::ZERO), beginning(us)).await;
    assert_eq!(archive.posts.len(), 2);
    let [Missed::Something { from, until, reason }] = &archive.missed[..] else { panic!("{:?}", archive.missed) };
    assert_eq!(*from, Timestamp::from_microsecond(us).ok());
    assert_eq!(*until, Timestamp::from_microsecond(us + 600_000_000).ok());
    assert!(reason.contains("403"), "{reason}");
}

#[tokio::test]
async fn a_cursor_that_is_too_old_is_refused_once_in_either_way() {
    let us = start_us() - 400_000_000_000;
    let refusing = Server::start(|_, _| -> Response<Body> { status(400, &[]) }).await;
    let host = refusing.url("/subscribe").to_string().replace("http", "ws").parse().unwrap();
    let error = collector_with(config(&[host]), vec![refusing.address]).collect(&beginning(us)).await.unwrap_err();
    assert!(error.to_string().contains("400"), "{error}");
    let asked: Vec<bool> = refusing.requests().iter().map(|(uri, _)| cursor_of(uri).is_some()).collect();
    assert_eq!(asked, [true, true, false]);

    let server = SocketServer::start(move |n, _| match n {
        0 => frames(&[json!({"$type": "error", "error": "CursorTooOld", "message": "floor is 12"})]),
        _ => frames(&[post_event(Timestamp::now().as_microsecond(), "did:plc:a", "1", "create", "NHS now")]),
    })
    .await;
    let mut collector = collector(&server);
    let first = collector.collect(&beginning(us)).await.unwrap();
    let gap = &first.cursor.position::<Position>().searches[0];
    assert_eq!((gap.from, gap.is_gap), (Timestamp::from_microsecond(us).unwrap(), true));
    assert!(cursor_of(&server.requests()[0].0).unwrap() < us);
    collector.collect(&first.cursor).await.unwrap();
    assert!(cursor_of(&server.requests()[1].0).unwrap() > us + 100_000_000_000);
}

#[tokio::test]
async fn the_stream_knows_better_than_the_search() {
    let us = start_us();
    let server = SocketServer::start(move |_, _| {
        let mut frames = frames(&[
            post_event(us + 1, "did:plc:s", "0", "update", "NHS, corrected"),
            delete_event(us + 2, "did:plc:s", "1"),
        ]);
        frames.pop();
        frames
    })
    .await;
    let calls = std::sync::atomic::AtomicUsize::new(0);
    let api = Server::start(move |_, _| {
        // The first answer keeps the search from being done before the stream is heard.
        if calls.fetch_add(1, std::sync::atomic::Ordering::SeqCst) == 0 {
            return ok("application/json", json!({"posts": []}).to_string());
        }
        let hidden = json!([{"val": "!no-unauthenticated"}]);
        let mut private = view(us, "did:plc:p", "3", "NHS not for all");
        private["author"]["labels"] = hidden;
        let posts = [
            view(us, "did:plc:s", "0", "NHS, first version"),
            view(us, "did:plc:s", "1", "NHS, deleted"),
            view(us, "did:plc:s", "2", "NHS, untouched"),
            view(us, "did:plc:s", "4", "of no interest"),
            private,
            json!({"uri": "at://did:plc:s/app.bsky.feed.like/5"}),
            json!(null),
        ];
        ok("application/json", json!({"posts": posts}).to_string())
    })
    .await;
    let config = configured(&server, &api, Duration::from_hours(1));
    let mut collector = collector_with(config, vec![server.address, api.address]);
    let mut archive = Archive::default();
    let cursor = archive.take(collector.collect(&Cursor::default()).await.unwrap());
    archive.take(collector.collect(&cursor).await.unwrap());
    assert_eq!(archive.texts(), ["NHS, corrected", "NHS, untouched"]);
}

#[tokio::test]
async fn a_search_that_is_limited_waits_and_one_that_fails_ends() {
    let us = start_us();
    let server = SocketServer::start(move |_, _| frames(&[])).await;
    let api = Server::start(|_, _| status(429, &[("retry-after", "600")])).await;
    let config = configured(&server, &api, Duration::from_hours(1));
    let mut collector = collector_with(config, vec![server.address, api.address]);
    let first = collector.collect(&Cursor::default()).await.unwrap();
    collector.collect(&first.cursor).await.unwrap();
    assert_eq!(api.requests().len(), 1);
    let failing = Server::start(|_, _| ok("application/json", "[]")).await;
    let archive =
        collect_all(&server, &failing, configured(&server, &failing, Duration::from_hours(1)), beginning(us)).await;
    assert!(archive.posts.is_empty(), "from a position nothing is searched");
}
