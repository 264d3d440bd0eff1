//! What goes wrong on the way: cuts, replays, servers that are away, clocks that differ.

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpListener;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;

use super::*;

#[tokio::test]
async fn a_replay_is_not_sent_again_and_the_next_connection_goes_back_a_little() {
    let us = start_us();
    let server = SocketServer::start(move |n, _| {
        let mut events = vec![
            post_event(us + 1_000_000, "did:plc:a", "1", "create", "NHS one"),
            post_event(us + 2_000_000, "did:plc:a", "1", "update", "NHS one, edited"),
            account_event(us + 3_000_000, "did:plc:b", Some("suspended")),
        ];
        if n > 0 {
            events.push(post_event(us + 4_000_000, "did:plc:a", "2", "create", "NHS two"));
        }
        frames(&events)
    })
    .await;
    let mut collector = collector(&server);
    let mut archive = Archive::default();
    let mut cursor = archive.take(collector.collect(&beginning(us)).await.unwrap());
    for _ in 0..3 {
        cursor = archive.take(collector.collect(&cursor).await.unwrap());
    }
    assert_eq!(archive.upserts, 3);
    assert_eq!(archive.texts(), ["NHS one, edited", "NHS two"]);
    let asked: Vec<Option<i64>> = server.requests().iter().map(|(uri, _)| cursor_of(uri)).collect();
    assert_eq!(asked[1..3], [Some(us - 2_000_000), Some(us - 1_000_000)]);
}

#[tokio::test]
async fn another_server_is_asked_when_one_is_away_and_further_back() {
    let us = start_us();
    let closed = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let away = closed.local_addr().unwrap();
    drop(closed);
    let server =
        SocketServer::start(move |_, _| frames(&[post_event(us + 1, "did:plc:a", "1", "create", "NHS")])).await;
    let first: url::Url = format!("ws://{away}/subscribe").parse().unwrap();
    let mut collector = collector_with(config(&[first.clone(), server.url("/subscribe")]), vec![away, server.address]);
    let from =
        Position { at: Timestamp::from_microsecond(us).ok(), server: Some(first.to_string()), ..Position::default() };
    let batch = collector.collect(&Cursor::of(&from)).await.unwrap();
    assert_eq!(batch.changes.len(), 1);
    assert_eq!(cursor_of(&server.requests()[0].0), Some(us - 60_000_000));
    let nobody = collector_with(config(&[first]), vec![away]).collect(&beginning(us)).await.unwrap_err();
    assert!(matches!(nobody, CollectError::Unreachable { .. }), "{nobody}");
}

#[tokio::test]
async fn a_server_that_limits_us_is_left_alone_as_long_as_it_says() {
    let server =
        crate::testing::server::Server::start(|_, _| crate::testing::server::status(429, &[("retry-after", "120")]))
            .await;
    let host = server.url("/subscribe").to_string().replace("http", "ws").parse().unwrap();
    let error = collector_with(config(&[host]), vec![server.address]).collect(&beginning(1)).await.unwrap_err();
    assert!(matches!(error, CollectError::RateLimited { retry_after: Some(wait), .. } if wait.as_secs() == 120));
}

#[tokio::test]
async fn broken_and_unknown_events_are_passed_over_and_a_wrong_clock_skips_nothing() {
    let us = start_us();
    let server = SocketServer::start(move |_, _| {
        let mut frames = vec![
            Frame::text("NHS {"),
            Frame::text(""),
            Frame::binary(b"NHS \xff\xfe".to_vec()),
            Frame::text(r#"{"did":"did:plc:a","kind":"NHS","time_us":"soon"}"#),
            Frame::text(json!({"did": "did:plc:a", "time_us": us, "kind": "sparkle", "sparkle": "NHS"}).to_string()),
        ];
        let mut later = post_event(us + 5, "did:plc:a", "1", "create", "NHS from the future");
        later["time_us"] = json!(us + 400_000_000_000_000_i64);
        frames.push(Frame::text(later.to_string()));
        frames.push(Frame::text(post_event(us + 4, "did:plc:a", "2", "create", "NHS late").to_string()));
        frames.push(Frame::text(later.to_string()));
        frames.push(Frame::Close(None));
        frames
    })
    .await;
    let mut collector = collector(&server);
    let mut archive = Archive::default();
    let cursor = archive.take(collector.collect(&beginning(us)).await.unwrap());
    assert_eq!(archive.texts(), ["NHS from the future", "NHS late"]);
    let now = Timestamp::now();
    assert!(archive.posts.values().all(|post| post.created_at <= now));
    assert!(cursor.position::<Position>().at.unwrap() <= now);
}

#[tokio::test]
async fn a_frame_that_is_too_large_ends_the_connection_and_not_the_source() {
    let us = start_us();
    let server = SocketServer::start(move |n, _| {
        if n == 0 {
            return vec![Frame::text(" ".repeat(3 << 20))];
        }
        frames(&[post_event(us + 1, "did:plc:a", "1", "create", "NHS")])
    })
    .await;
    let mut collector = collector(&server);
    let first = collector.collect(&beginning(us)).await.unwrap();
    assert!(first.changes.is_empty() && !first.next_in.is_zero());
    assert_eq!(collector.collect(&first.cursor).await.unwrap().changes.len(), 1);
}

/// A server that breaks off in the middle of its second frame, and on the next connection sends all of it.
#[tokio::test]
async fn a_cut_in_the_middle_of_a_frame_loses_nothing() {
    let us = start_us();
    let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        for cut in [true, false] {
            let (mut socket, _) = listener.accept().await.unwrap();
            let mut head = Vec::new();
            while !head.ends_with(b"\r\n\r\n") {
                head.push(socket.read_u8().await.unwrap());
            }
            let head = String::from_utf8(head).unwrap();
            let key = head.lines().find_map(|line| {
                let (name, value) = line.split_once(": ")?;
                name.eq_ignore_ascii_case("sec-websocket-key").then_some(value)
            });
            let accept = derive_accept_key(key.unwrap().as_bytes());
            let answer = format!(
                "HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
            );
            socket.write_all(answer.as_bytes()).await.unwrap();
            let mut bytes = Vec::new();
            for n in 1..=2_i64 {
                let event = post_event(us + n, "did:plc:a", &n.to_string(), "create", &format!("NHS {n}")).to_string();
                bytes.extend([0x81, 126]);
                bytes.extend(u16::try_from(event.len()).unwrap().to_be_bytes());
                bytes.extend(event.as_bytes());
            }
            if cut {
                bytes.truncate(bytes.len() - 20);
            } else {
                bytes.extend([0x88, 0]);
            }
            socket.write_all(&bytes).await.unwrap();
        }
    });
    let host = format!("ws://{address}/subscribe").parse().unwrap();
    let mut collector = collector_with(config(&[host]), vec![address]);
    let mut archive = Archive::default();
    let cursor = archive.take(collector.collect(&beginning(us)).await.unwrap());
    assert_eq!(archive.texts(), ["NHS 1"]);
    archive.take(collector.collect(&cursor).await.unwrap());
    assert_eq!(archive.texts(), ["NHS 1", "NHS 2"]);
    assert_eq!(archive.upserts, 2);
}
