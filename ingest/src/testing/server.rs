//! A web server on this machine for this crate's tests: each path has an answer, and every request is noted.

use std::net::SocketAddr;
use std::sync::{Arc, Mutex};

use axum::Router;
use axum::body::{Body, Bytes, to_bytes};
use axum::extract::{Request, State};
use axum::http::{HeaderMap, Response, Uri};

use crate::fetch::{FetchConfig, Gateway, Limits};

type Answer = Box<dyn Fn(&Uri, &HeaderMap) -> Response<Body> + Send + Sync>;

/// A running server. It stops with the test's runtime.
pub(crate) struct Server {
    pub(crate) address: SocketAddr,
    requests: Arc<Mutex<Vec<(Uri, HeaderMap)>>>,
    bodies: Arc<Mutex<Vec<Bytes>>>,
}

#[derive(Clone)]
struct Shared {
    answer: Arc<Answer>,
    requests: Arc<Mutex<Vec<(Uri, HeaderMap)>>>,
    bodies: Arc<Mutex<Vec<Bytes>>>,
}

impl Server {
    /// A server that answers as `answer` says.
    pub(crate) async fn start(answer: impl Fn(&Uri, &HeaderMap) -> Response<Body> + Send + Sync + 'static) -> Self {
        Self::start_at(SocketAddr::from(([127, 0, 0, 1], 0)), answer).await
    }

    /// The same at `address`, on a free port if its port is 0.
    pub(crate) async fn start_at(
        address: SocketAddr,
        answer: impl Fn(&Uri, &HeaderMap) -> Response<Body> + Send + Sync + 'static,
    ) -> Self {
        let (requests, bodies) = (Arc::default(), Arc::default());
        let shared =
            Shared { answer: Arc::new(Box::new(answer)), requests: Arc::clone(&requests), bodies: Arc::clone(&bodies) };
        let router = Router::new().fallback(respond).with_state(shared);
        let listener = tokio::net::TcpListener::bind(address).await.unwrap();
        let address = listener.local_addr().unwrap();
        tokio::spawn(async move { axum::serve(listener, router).await });
        Self { address, requests, bodies }
    }

    /// The address of `path` on this server.
    pub(crate) fn url(&self, path: &str) -> url::Url {
        format!("http://{}{path}", self.address).parse().unwrap()
    }

    /// Everything that was asked so far.
    pub(crate) fn requests(&self) -> Vec<(Uri, HeaderMap)> {
        self.requests.lock().unwrap().clone()
    }

    /// The bodies of all requests so far, mostly empty.
    pub(crate) fn bodies(&self) -> Vec<Bytes> {
        self.bodies.lock().unwrap().clone()
    }

    /// A gateway that may talk to this server, without pauses.
    pub(crate) fn gateway(&self) -> Gateway {
        self.gateway_with(Limits::default())
    }

    pub(crate) fn gateway_with(&self, limits: Limits) -> Gateway {
        let config = FetchConfig { host_delay_ms: 0, allow_addresses: vec![self.address], ..FetchConfig::default() };
        Gateway::with_limits(&config, limits).unwrap()
    }
}

async fn respond(State(shared): State<Shared>, request: Request) -> Response<Body> {
    let (parts, body) = request.into_parts();
    let body = to_bytes(body, 1 << 20).await.unwrap();
    shared.requests.lock().unwrap().push((parts.uri.clone(), parts.headers.clone()));
    shared.bodies.lock().unwrap().push(body);
    (shared.answer)(&parts.uri, &parts.headers)
}

/// A successful answer of `content_type`.
pub(crate) fn ok(content_type: &str, body: impl Into<Body>) -> Response<Body> {
    Response::builder().header("content-type", content_type).body(body.into()).unwrap()
}

/// An answer without a body.
pub(crate) fn status(code: u16, headers: &[(&str, &str)]) -> Response<Body> {
    let mut builder = Response::builder().status(code);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    builder.body(Body::empty()).unwrap()
}
