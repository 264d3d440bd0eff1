//! A WebSocket server on this machine for this crate's tests: each connection gets the messages that the test says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, Uri};
use futures_util::{SinkExt, StreamExt};
use tokio::net::{TcpListener, TcpStream};
pub(crate) use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

use crate::fetch::{FetchConfig, Gateway};

type Script = dyn Fn(usize, &Uri) -> Vec<Message> + Send + Sync;

/// A running WebSocket server. It stops with the test's runtime.
pub(crate) struct SocketServer {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<(Uri, HeaderMap)>>>,
    heard: Arc<Mutex<Vec<Message>>>,
}

impl SocketServer {
    /// A server that sends to its `n`-th connection (from 0) what `script(n, address)` says, one after another, and
    /// then keeps it open until the client leaves. To close it, let a `Message::Close` come last.
    pub(crate) async fn start(script: impl Fn(usize, &Uri) -> Vec<Message> + Send + Sync + 'static) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let (requests, heard) = (Arc::default(), Arc::default());
        let server = Self { address, requests: Arc::clone(&requests), heard: Arc::clone(&heard) };
        let script: Arc<Script> = Arc::new(script);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(serve(stream, script.clone(), requests.clone(), heard.clone()));
            }
        });
        server
    }

    /// The address of `path` on this server.
    pub(crate) fn url(&self, path: &str) -> url::Url {
        format!("ws://{}{path}", self.address).parse().unwrap()
    }

    /// The connections so far.
    pub(crate) fn requests(&self) -> Vec<(Uri, HeaderMap)> {
        self.requests.lock().unwrap().clone()
    }

    /// What clients have sent so far.
    pub(crate) fn heard(&self) -> Vec<Message> {
        self.heard.lock().unwrap().clone()
    }

    /// A gateway that may talk to this server, without pauses.
    pub(crate) fn gateway(&self) -> Gateway {
        let config = FetchConfig { host_delay_ms: 0, allow_addresses: vec![self.address], ..FetchConfig::default() };
        Gateway::new(&config).unwrap()
    }
}

async fn serve(
    stream: TcpStream,
    script: Arc<Script>,
    requests: Arc<Mutex<Vec<(Uri, HeaderMap)>>>,
    heard: Arc<Mutex<Vec<Message>>>,
) {
    let mut messages = Vec::new();
    #[expect(clippy::result_large_err, reason = "the type is the library's")]
    let note = |request: &Request, response: Response| {
        let mut requests = requests.lock().unwrap();
        messages = script(requests.len(), request.uri());
        requests.push((request.uri().clone(), request.headers().clone()));
        Ok(response)
    };
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, note).await else { return };
    for message in messages {
        if socket.send(message).await.is_err() {
            return;
        }
    }
    while let Some(Ok(message)) = socket.next().await {
        heard.lock().unwrap().push(message);
    }
}
