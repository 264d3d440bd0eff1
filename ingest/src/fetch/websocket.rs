//! WebSockets (RFC 6455), through the same client and the same address checks as everything else.

use std::fmt;

use futures_util::{SinkExt, StreamExt};
use reqwest::StatusCode;
use reqwest::header::{self, HeaderMap, HeaderValue};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;
use tokio_tungstenite::WebSocketStream;
use tokio_tungstenite::tungstenite::error::CapacityError;
use tokio_tungstenite::tungstenite::handshake::client::generate_key;
use tokio_tungstenite::tungstenite::handshake::derive_accept_key;
use tokio_tungstenite::tungstenite::protocol::{Role, WebSocketConfig};
use tokio_tungstenite::tungstenite::{Bytes, Error, Message};

use super::error::FetchError;
use super::headers::text;
use super::hop::as_http;
use super::stream::StreamLimits;
use super::{Gateway, Request};

/// No frame and no message may be larger.
const LARGEST_FRAME: usize = 1 << 20;

/// A message of a WebSocket.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Frame {
    /// Text.
    Text(String),
    /// Bytes.
    Binary(Vec<u8>),
}

/// An open WebSocket. Dropping it closes the connection.
pub struct WebSocket {
    socket: WebSocketStream<reqwest::Upgraded>,
    host: String,
    limits: StreamLimits,
    heard: Instant,
    /// Whether we have asked "are you there?" since we last heard something.
    asked: bool,
    _permit: OwnedSemaphorePermit,
}

impl fmt::Debug for WebSocket {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("WebSocket").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Gateway {
    /// Opens the WebSocket that `request` names, following redirects; `ws:` and `wss:` addresses are meant, `http:` and
    /// `https:` ones are taken as these. Like a stream it hinders no other source while it is open.
    ///
    /// Cancel safe: a dropped call closes its connection.
    ///
    /// # Errors
    /// [`FetchError`], by what can be done about it.
    pub async fn websocket(&self, request: &Request, limits: StreamLimits) -> Result<WebSocket, FetchError> {
        let permit = self.stream_permit()?;
        let request = Request { url: as_http(request.url.clone()), ..request.clone() };
        let key = generate_key();
        let mut headers = HeaderMap::new();
        headers.insert(header::CONNECTION, HeaderValue::from_static("Upgrade"));
        headers.insert(header::UPGRADE, HeaderValue::from_static("websocket"));
        headers.insert(header::SEC_WEBSOCKET_VERSION, HeaderValue::from_static("13"));
        let value = HeaderValue::from_str(&key).expect("base64 is ASCII");
        headers.insert(header::SEC_WEBSOCKET_KEY, value);
        let opened = self.open(&self.shared.http1_client, &request, &headers).await?;
        let (response, host) = (opened.response, opened.host);
        let accepted = text(response.headers(), &header::SEC_WEBSOCKET_ACCEPT);
        if response.status() != StatusCode::SWITCHING_PROTOCOLS
            || accepted != Some(derive_accept_key(key.as_bytes()).as_str())
        {
            let reason = format!("{host} did not open a WebSocket (status {})", response.status().as_u16());
            return Err(FetchError::BadAnswer { reason });
        }
        let upgraded = tokio::time::timeout(opened.left, response.upgrade())
            .await
            .map_err(|_| FetchError::TimedOut { host: host.clone(), after: self.shared.limits.total })?
            .map_err(|error| super::error::from_client(&error, &host))?;
        let config = WebSocketConfig::default()
            .max_frame_size(Some(LARGEST_FRAME))
            .max_message_size(Some(LARGEST_FRAME))
            .max_write_buffer_size(2 * LARGEST_FRAME);
        let socket = WebSocketStream::from_raw_socket(upgraded, Role::Client, Some(config)).await;
        Ok(WebSocket { socket, host, limits, heard: Instant::now(), asked: false, _permit: permit })
    }
}

impl WebSocket {
    /// The next message; `None` when the server has closed the connection. Pings are answered. A server that is quiet
    /// for half of the idle time is asked whether it is still there.
    ///
    /// Cancel safe: a dropped call loses nothing, and the idle time counts on.
    ///
    /// # Errors
    /// [`FetchError`] when the connection broke, a message was too large, or nothing was heard for too long. The
    /// WebSocket is then of no further use.
    pub async fn next(&mut self) -> Result<Option<Frame>, FetchError> {
        loop {
            let patience = if self.asked { self.limits.idle } else { self.limits.idle / 2 };
            let message = match tokio::time::timeout_at(self.heard + patience, self.socket.next()).await {
                Ok(message) => message,
                Err(_) if self.asked => {
                    return Err(FetchError::Idle { host: self.host.clone(), after: self.limits.idle });
                }
                Err(_) => {
                    self.asked = true;
                    self.send(Message::Ping(Bytes::new())).await?;
                    continue;
                }
            };
            self.heard = Instant::now();
            self.asked = false;
            match message {
                Some(Ok(Message::Text(text))) => return Ok(Some(Frame::Text(text.as_str().to_owned()))),
                Some(Ok(Message::Binary(bytes))) => return Ok(Some(Frame::Binary(bytes.into()))),
                Some(Ok(Message::Close(_))) | None => return Ok(None),
                Some(Ok(Message::Ping(_) | Message::Pong(_) | Message::Frame(_))) => {}
                Some(Err(error)) => return self.broken(&error),
            }
        }
    }

    /// Sends within the idle time: a server that does not read must not keep us.
    async fn send(&mut self, message: Message) -> Result<(), FetchError> {
        match tokio::time::timeout(self.limits.idle, self.socket.send(message)).await {
            Ok(Ok(())) => Ok(()),
            Ok(Err(error)) => self.broken(&error).map(|_| ()),
            Err(_) => Err(FetchError::Idle { host: self.host.clone(), after: self.limits.idle }),
        }
    }

    fn broken(&self, error: &Error) -> Result<Option<Frame>, FetchError> {
        let host = &self.host;
        match error {
            Error::ConnectionClosed | Error::AlreadyClosed => Ok(None),
            Error::Capacity(CapacityError::MessageTooLong { .. }) => {
                Err(FetchError::TooLarge { host: host.clone(), limit_mib: LARGEST_FRAME >> 20, when: "in one message" })
            }
            error => Err(FetchError::BrokenOff { host: host.clone(), reason: error.to_string() }),
        }
    }
}
