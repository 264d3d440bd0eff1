//! A WebSocket server on this machine for this crate's tests: each connection gets the messages that the test says.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::http::{HeaderMap, Uri};
use futures_util::{SinkExt, StreamExt};
use tokio::io::AsyncWriteExt;
use tokio::net::{TcpListener, TcpStream};
pub(crate) use tokio_tungstenite::tungstenite::Message;
use tokio_tungstenite::tungstenite::handshake::server::{Request, Response};

use crate::fetch::{FetchConfig, Gateway};

type Script = dyn Fn(usize, &Uri) -> Conduct + Send + Sync;

/// How a connection is met.
pub(crate) enum Conduct {
    /// No WebSocket is opened, but an answer with this status and these headers given.
    Refuse(u16, &'static [(&'static str, &'static str)]),
    /// These messages are sent.
    Send(Vec<Message>),
    /// These messages are sent, and then half of another one.
    Cut(Vec<Message>),
}

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
        Self::start_with(move |n, uri| Conduct::Send(script(n, uri))).await
    }

    /// A server that meets its `n`-th connection (from 0) as `script(n, address)` says.
    pub(crate) async fn start_with(script: impl Fn(usize, &Uri) -> Conduct + Send + Sync + 'static) -> Self {
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
    let (mut messages, mut cut) = (Vec::new(), false);
    #[expect(clippy::result_large_err, reason = "the type is the library's")]
    let note = |request: &Request, response: Response| {
        let mut requests = requests.lock().unwrap();
        let conduct = script(requests.len(), request.uri());
        requests.push((request.uri().clone(), request.headers().clone()));
        cut = matches!(conduct, Conduct::Cut(_));
        match conduct {
            Conduct::Send(list) | Conduct::Cut(list) => messages = list,
            Conduct::Refuse(status, headers) => {
                let refusal = headers
                    .iter()
                    .fold(Response::builder().status(status), |refusal, (name, value)| refusal.header(*name, *value));
                return Err(refusal.body(None).unwrap());
            }
        }
        Ok(response)
    };
    let Ok(mut socket) = tokio_tungstenite::accept_hdr_async(stream, note).await else { return };
    for message in messages {
        if socket.send(message).await.is_err() {
            return;
        }
    }
    if cut {
        // The head of a text frame of 4 KiB, and its beginning.
        let half = [&[0x81, 126, 0x10, 0x00][..], b"{\"did\":"].concat();
        drop(socket.get_mut().write_all(&half).await);
        return;
    }
    while let Some(Ok(message)) = socket.next().await {
        heard.lock().unwrap().push(message);
    }
}
