//! Streams and WebSockets, which stay open.

use axum::body::Bytes;
use futures_util::stream;
use tokio_tungstenite::tungstenite::protocol::frame::coding::CloseCode;
use tokio_tungstenite::tungstenite::protocol::{CloseFrame, frame::Utf8Bytes};

use super::*;
use crate::testing::socket::{Message, SocketServer};

const PATIENT: StreamLimits = StreamLimits { idle: Duration::from_mins(1) };
const IMPATIENT: StreamLimits = StreamLimits { idle: Duration::from_millis(60) };

/// Two pieces, and then silence; or, at `/short`, the end.
async fn event_server() -> Server {
    Server::start(|uri, _| {
        let pieces = ["event: update\n", "data: 1\n\n"].map(|piece| Ok::<_, std::io::Error>(Bytes::from(piece)));
        let pieces = stream::iter(pieces);
        match uri.path() {
            "/redirected" => status(307, &[("location", "/short")]),
            "/packed" => {
                let mut response = ok("text/event-stream", "packed");
                response.headers_mut().insert("content-encoding", HeaderValue::from_static("gzip"));
                response
            }
            "/short" => ok("text/event-stream", Body::from_stream(pieces)),
            "/whole" => ok("text/plain", "whole"),
            _ => ok("text/event-stream", Body::from_stream(stream::StreamExt::chain(pieces, stream::pending()))),
        }
    })
    .await
}

async fn read_all(stream: &mut ByteStream) -> Result<Vec<u8>, FetchError> {
    let mut all = Vec::new();
    while let Some(piece) = stream.next().await? {
        all.extend_from_slice(&piece);
    }
    Ok(all)
}

#[tokio::test]
async fn a_stream_is_read_to_its_end_after_a_redirect() {
    let server = event_server().await;
    let request = Request::get(server.url("/redirected"), "text/event-stream");
    let mut stream = server.gateway().stream(&request, PATIENT).await.unwrap();
    assert_eq!(read_all(&mut stream).await.unwrap(), b"event: update\ndata: 1\n\n");
    assert_eq!(server.requests()[1].1["accept-encoding"], "identity");
    assert_eq!(server.requests()[1].1["accept"], "text/event-stream");
}

#[tokio::test]
async fn a_stream_outlives_the_total_time_and_ends_when_it_is_idle() {
    let server = event_server().await;
    let gateway = server.gateway_with(Limits { total: Duration::from_millis(500), ..Limits::default() });
    let mut stream =
        gateway.stream(&request(server.url("/")), StreamLimits { idle: Duration::from_secs(1) }).await.unwrap();
    let error = read_all(&mut stream).await.unwrap_err();
    assert!(matches!(error, FetchError::Idle { .. }), "{error}");
    assert!(matches!(crate::CollectError::from(error), crate::CollectError::Transient { .. }));
}

#[tokio::test]
async fn a_packed_stream_is_refused() {
    let server = event_server().await;
    let error = server.gateway().stream(&request(server.url("/packed")), PATIENT).await.unwrap_err();
    assert!(matches!(error, FetchError::BadAnswer { .. }), "{error}");
}

#[tokio::test]
async fn open_streams_hinder_no_other_request_and_are_bounded() {
    let server = event_server().await;
    let gateway = server.gateway();
    let mut open = Vec::new();
    for _ in 0..crate::fetch::stream::STREAMS {
        open.push(gateway.stream(&request(server.url("/")), PATIENT).await.unwrap());
    }
    assert_eq!(answer(gateway.get(&request(server.url("/whole"))).await.unwrap()).body, b"whole");
    let too_many = gateway.stream(&request(server.url("/")), PATIENT).await.unwrap_err();
    assert!(matches!(&too_many, FetchError::Unreachable { reason } if reason.starts_with("16 streams")), "{too_many}");
    assert!(gateway.websocket(&request(server.url("/")), PATIENT).await.is_err());
    open.pop();
    gateway.stream(&request(server.url("/")), PATIENT).await.unwrap();
}

#[tokio::test]
async fn messages_of_a_websocket_come_in_order_pings_are_answered_and_its_end_is_told() {
    let server = SocketServer::start(|_, _| {
        let end = CloseFrame { code: CloseCode::Normal, reason: Utf8Bytes::default() };
        let ping = Message::Ping(Bytes::from_static(b"there?"));
        vec![Message::text("one"), ping, Message::binary(vec![2_u8]), Message::Close(Some(end))]
    })
    .await;
    let request = Request::get(server.url("/subscribe?a=1"), "*/*")
        .authorization(Authorization::Bearer(bus::secret::Secret::new("s3cret")));
    let mut socket = server.gateway().websocket(&request, PATIENT).await.unwrap();
    assert_eq!(socket.next().await.unwrap(), Some(Frame::Text("one".into())));
    assert_eq!(socket.next().await.unwrap(), Some(Frame::Binary(vec![2])));
    assert_eq!(socket.next().await.unwrap(), None);
    let (uri, headers) = server.requests().remove(0);
    assert_eq!(uri.to_string(), "/subscribe?a=1");
    assert_eq!(headers["authorization"], "Bearer s3cret");
    assert!(headers["user-agent"].to_str().unwrap().starts_with("NHS-Citizen-Discovery/"));
    while server.heard().is_empty() {
        tokio::task::yield_now().await;
    }
    assert_eq!(server.heard()[0], Message::Pong(Bytes::from_static(b"there?")));
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused() {
    let server = SocketServer::start(|_, _| vec![Message::binary(vec![0_u8; (1 << 20) + 1])]).await;
    let mut socket = server.gateway().websocket(&request(server.url("/")), PATIENT).await.unwrap();
    let error = socket.next().await.unwrap_err();
    assert!(matches!(error, FetchError::TooLarge { when: "in one message", .. }), "{error}");
}

#[tokio::test]
async fn a_quiet_server_that_answers_pings_is_kept_and_a_dead_one_given_up() {
    let server = SocketServer::start(|_, _| Vec::new()).await;
    let limits = StreamLimits { idle: Duration::from_secs(1) };
    let mut socket = server.gateway().websocket(&request(server.url("/")), limits).await.unwrap();
    let quiet = async {
        while server.heard().len() < 3 {
            tokio::task::yield_now().await;
        }
    };
    tokio::select! {
        next = socket.next() => panic!("{next:?}"),
        () = quiet => {}
    }
    // The handshake is answered by hand; after it, not a word.
    let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
    let address = listener.local_addr().unwrap();
    tokio::spawn(async move {
        let (stream, _) = listener.accept().await.unwrap();
        let socket = tokio_tungstenite::accept_async(stream).await.unwrap();
        std::future::pending::<()>().await;
        drop(socket);
    });
    let config = FetchConfig { host_delay_ms: 0, allow_addresses: vec![address], ..FetchConfig::default() };
    let gateway = Gateway::new(&config).unwrap();
    let url = format!("ws://{address}/").parse().unwrap();
    let mut socket = gateway.websocket(&request(url), IMPATIENT).await.unwrap();
    let error = socket.next().await.unwrap_err();
    assert!(matches!(error, FetchError::Idle { .. }), "{error}");
}

#[tokio::test]
async fn what_is_no_websocket_is_refused_and_so_are_addresses_inside() {
    let server = Server::start(|uri, _| match uri.path() {
        "/inside" => status(302, &[("location", "ws://127.0.0.1:1/")]),
        "/false" => status(101, &[("connection", "upgrade"), ("upgrade", "websocket"), ("sec-websocket-accept", "x")]),
        _ => ok("text/plain", "hello"),
    })
    .await;
    let gateway = server.gateway();
    for path in ["/", "/false"] {
        let error = gateway.websocket(&request(server.url(path)), PATIENT).await.unwrap_err();
        assert!(matches!(error, FetchError::BadAnswer { .. }), "{path}: {error}");
    }
    let error = gateway.websocket(&request(server.url("/inside")), PATIENT).await.unwrap_err();
    assert!(matches!(error, FetchError::Refused { .. }), "{error}");
    for url in ["ws://127.0.0.1:1/", "wss://localhost/", "wss://[::1]/", "ws://user:secret@example.org/"] {
        let error = gateway.websocket(&request(url.parse().unwrap()), PATIENT).await.unwrap_err();
        assert!(matches!(error, FetchError::Refused { .. }), "{url}: {error}");
    }
}
