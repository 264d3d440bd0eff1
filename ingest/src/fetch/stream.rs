//! Answers that have no end, such as server-sent events: read piece by piece.

use std::fmt;
use std::time::Duration;

use bytes::Bytes;
use reqwest::StatusCode;
use reqwest::header::{self, HeaderMap, HeaderValue};
use tokio::sync::OwnedSemaphorePermit;
use tokio::time::Instant;

use super::error::{self, FetchError};
use super::headers::text;
use super::{Gateway, Request};

/// So many streams are open at once, of all sources together.
pub(super) const STREAMS: usize = 16;

/// When a stream is given up.
#[derive(Clone, Copy, Debug)]
pub struct StreamLimits {
    /// After so long without a byte. Servers send heartbeats much more often.
    pub idle: Duration,
}

impl Default for StreamLimits {
    fn default() -> Self {
        Self { idle: Duration::from_secs(90) }
    }
}

/// An answer that is read while it is still being written. Dropping it closes the connection.
pub struct ByteStream {
    response: reqwest::Response,
    host: String,
    limits: StreamLimits,
    heard: Instant,
    _permit: OwnedSemaphorePermit,
}

impl fmt::Debug for ByteStream {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("ByteStream").field("host", &self.host).finish_non_exhaustive()
    }
}

impl Gateway {
    /// Opens the stream that `request` names, following redirects. Once it is open it holds neither its host's turn nor
    /// one of the places for answers that are read as a whole, so that it hinders no other source.
    ///
    /// Cancel safe: a dropped call closes its connection.
    ///
    /// # Errors
    /// [`FetchError`], by what can be done about it.
    pub async fn stream(&self, request: &Request, limits: StreamLimits) -> Result<ByteStream, FetchError> {
        let permit = self.stream_permit()?;
        // What is unpacked piece by piece cannot be measured before it is in memory, so it must come unpacked.
        let plain = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static("identity"))]);
        let opened = self.open(&self.shared.client, request, &plain).await?;
        let (response, host) = (opened.response, opened.host);
        if response.status() != StatusCode::OK {
            let reason = format!("{host} did not open a stream (status {})", response.status().as_u16());
            return Err(FetchError::BadAnswer { reason });
        }
        if text(response.headers(), &header::CONTENT_ENCODING).is_some_and(|packing| packing.trim() != "identity") {
            let reason = format!("{host} packed its stream, although we did not ask for it (Content-Encoding)");
            return Err(FetchError::BadAnswer { reason });
        }
        Ok(ByteStream { response, host, limits, heard: Instant::now(), _permit: permit })
    }

    /// The right to keep one stream open.
    pub(super) fn stream_permit(&self) -> Result<OwnedSemaphorePermit, FetchError> {
        self.shared.streams.clone().try_acquire_owned().map_err(|_| FetchError::Unreachable {
            reason: format!(
                "{STREAMS} streams are open already, which is as many as Discovery keeps: stream fewer sources, and poll the others"
            ),
        })
    }
}

impl ByteStream {
    /// The next piece, as it came over the network (well under 1 MiB); `None` when the server has ended the stream. It
    /// does not end where an event ends: whoever joins pieces to events must bound them.
    ///
    /// Cancel safe: a dropped call loses nothing, and the idle time counts on.
    ///
    /// # Errors
    /// [`FetchError`] when the connection broke or was idle for too long. The stream is then of no further use.
    pub async fn next(&mut self) -> Result<Option<Bytes>, FetchError> {
        let deadline = self.heard + self.limits.idle;
        match tokio::time::timeout_at(deadline, self.response.chunk()).await {
            Ok(Ok(piece)) => {
                self.heard = Instant::now();
                Ok(piece)
            }
            Ok(Err(error)) => Err(error::from_client(&error, &self.host)),
            Err(_) => Err(FetchError::Idle { host: self.host.clone(), after: self.limits.idle }),
        }
    }
}
