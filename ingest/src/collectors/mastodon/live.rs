//! The streaming interface: one connection a hashtag, over server-sent events or a WebSocket, as the server says.

use std::sync::{Mutex, PoisonError};

use futures_util::FutureExt;
use futures_util::future::select_all;
use serde::Deserialize;
use url::Url;

use super::sse::{Parser, Sent};
use super::wire::{self, LiveEvent};
use crate::fetch::{Authorization, ByteStream, FetchError, Frame, Gateway, Request, StreamLimits, WebSocket};

/// Open connections for all hashtags.
pub(super) struct Live {
    /// Never locked: in a mutex they can be referred to from several threads, as every collector must be.
    channels: Vec<Mutex<Channel>>,
}

/// The connection for one hashtag.
enum Channel {
    Sse(ByteStream, Parser),
    Socket(WebSocket),
}

/// What a server says of itself.
#[derive(Deserialize)]
struct Instance {
    configuration: Configuration,
}

#[derive(Deserialize)]
struct Configuration {
    urls: Urls,
}

#[derive(Deserialize)]
struct Urls {
    streaming: Option<Url>,
}

/// Where `server` has its streaming interface: as it says, or else itself.
pub(super) async fn address(gateway: &Gateway, server: &Url) -> Url {
    let own = || server.clone();
    let Ok(url) = server.join("/api/v2/instance") else { return own() };
    let Ok(fetched) = gateway.get(&Request::get(url, "application/json")).await else { return own() };
    let instance = fetched.answer().and_then(|answer| answer.json::<Instance>());
    instance.ok().and_then(|instance| instance.configuration.urls.streaming).unwrap_or_else(own)
}

impl Live {
    /// Opens the connections for `tags` at `address`.
    ///
    /// # Errors
    /// [`FetchError`] if one of them cannot be opened; none is open then.
    pub(super) async fn open(
        gateway: &Gateway,
        address: &Url,
        tags: &[String],
        token: Option<&Authorization>,
    ) -> Result<Self, FetchError> {
        let mut channels = Vec::with_capacity(tags.len());
        for tag in tags {
            let channel = if matches!(address.scheme(), "ws" | "wss") {
                let request = request(address, "api/v1/streaming", &[("stream", "hashtag"), ("tag", tag)], token)?;
                Channel::Socket(gateway.websocket(&request, StreamLimits::default()).await?)
            } else {
                let request = request(address, "api/v1/streaming/hashtag", &[("tag", tag)], token)?;
                Channel::Sse(gateway.stream(&request, StreamLimits::default()).await?, Parser::default())
            };
            channels.push(Mutex::new(channel));
        }
        Ok(Self { channels })
    }

    /// The next event of any hashtag; `None` when a server has ended a connection.
    ///
    /// Cancel safe: a dropped call loses nothing.
    ///
    /// # Errors
    /// [`FetchError`] when a connection broke.
    pub(super) async fn next(&mut self) -> Result<Option<LiveEvent>, FetchError> {
        let channels =
            self.channels.iter_mut().map(|channel| channel.get_mut().unwrap_or_else(PoisonError::into_inner));
        let (event, _, _) = select_all(channels.map(|channel| channel.next().boxed())).await;
        event
    }
}

impl Channel {
    async fn next(&mut self) -> Result<Option<LiveEvent>, FetchError> {
        match self {
            Self::Sse(stream, parser) => loop {
                if let Some(Sent { name, data }) = parser.next() {
                    return Ok(Some(wire::live_event(&name, &data)));
                }
                let Some(piece) = stream.next().await? else { return Ok(None) };
                parser.feed(&piece).map_err(|_| FetchError::BadAnswer {
                    reason: "the server sent an event that is larger than 1 MiB".to_owned(),
                })?;
            },
            Self::Socket(socket) => Ok(match socket.next().await? {
                Some(Frame::Text(text)) => Some(wire::live_message(&text)),
                Some(Frame::Binary(_)) => Some(LiveEvent::Other),
                None => None,
            }),
        }
    }
}

fn request(
    base: &Url,
    path: &str,
    query: &[(&str, &str)],
    token: Option<&Authorization>,
) -> Result<Request, FetchError> {
    let mut url = base.clone();
    url.path_segments_mut()
        .map_err(|()| FetchError::BadAnswer { reason: "the streaming address is not that of a server".to_owned() })?
        .pop_if_empty()
        .extend(path.split('/'));
    url.query_pairs_mut().extend_pairs(query);
    let mut request = Request::get(url, "text/event-stream");
    request.authorization = token.cloned();
    Ok(request)
}
