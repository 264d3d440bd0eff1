//! The connection to Jetstream: which server, from when on, and its messages as JSON.

use std::path::Path;
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use bytes::Bytes;
use jiff::{SignedDuration, Timestamp};
use url::Url;
use zstd::bulk::Decompressor;

use super::wire::{self, POSTS};
use crate::fetch::{FetchError, Frame, Gateway, Request, StreamLimits, WebSocket};

/// So much is asked for again, because events come only roughly in order.
const REWIND: SignedDuration = SignedDuration::from_secs(5);

/// So much after a change of server, because each has its own clock.
const REWIND_ELSEWHERE: SignedDuration = SignedDuration::from_secs(60);

/// The public servers keep events for 36 hours.
pub(super) const KEPT_FOR: SignedDuration = SignedDuration::from_hours(35);

/// Where what came first is so much later than what was asked for, the server no longer had what is between. On
/// Bluesky as a whole, a second without any event does not occur.
pub(super) const GAP: SignedDuration = SignedDuration::from_secs(60);

/// No message may be larger, unpacked.
const LARGEST_MESSAGE: usize = 4 << 20;

/// The network as a whole is never silent for so long.
const LIMITS: StreamLimits = StreamLimits { idle: Duration::from_mins(1) };

/// An open stream.
pub(super) struct Stream {
    /// Never locked: in a mutex it can be referred to from several threads, as every collector must be.
    socket: Mutex<WebSocket>,
    unpack: Option<Decompressor<'static>>,
    /// What was asked for, without the rewind; taken by the first event.
    since: Option<Timestamp>,
    last: Option<Bytes>,
    /// Whether anything has come yet.
    pub(super) heard: bool,
}

/// The servers, and which one is next.
#[derive(Debug)]
pub(super) struct Servers {
    hosts: Vec<Url>,
    next: usize,
    /// Jetstream's dictionary, once it was read.
    dictionary: Option<Bytes>,
}

impl Servers {
    pub(super) fn new(hosts: Vec<Url>) -> Self {
        Self { hosts, next: 0, dictionary: None }
    }

    /// Reads the dictionary at `path`.
    pub(super) async fn read_dictionary(&mut self, path: &Path) -> Result<(), String> {
        if self.dictionary.is_none() {
            let bytes = tokio::fs::read(path).await.map_err(|error| {
                format!("{}: {error}; put Jetstream's zstd dictionary there, or take the key away", path.display())
            })?;
            self.dictionary = Some(bytes.into());
        }
        Ok(())
    }

    /// The server that is asked next.
    pub(super) fn current(&self) -> &Url {
        &self.hosts[self.next % self.hosts.len()]
    }

    /// Turns to the next server, after trouble with this one.
    pub(super) fn turn_away(&mut self) {
        self.next = (self.next + 1) % self.hosts.len();
    }

    /// Opens a stream of what happened since `since`, which `before` gave us; the servers are tried in turn.
    pub(super) async fn open(
        &mut self,
        gateway: &Gateway,
        since: Timestamp,
        before: Option<&str>,
        now: Timestamp,
    ) -> Result<Stream, FetchError> {
        let mut failure = None;
        for _ in 0..self.hosts.len() {
            match self.open_current(gateway, since, before, now).await {
                Ok(stream) => return Ok(stream),
                Err(error) => failure = Some(error),
            }
            self.turn_away();
        }
        Err(failure.expect("there is at least one host, and each either opens or fails"))
    }

    async fn open_current(
        &self,
        gateway: &Gateway,
        since: Timestamp,
        before: Option<&str>,
        now: Timestamp,
    ) -> Result<Stream, FetchError> {
        let host = self.current();
        let same = before.is_none() || before == Some(host.as_str());
        let rewound = since.saturating_sub(if same { REWIND } else { REWIND_ELSEWHERE }).unwrap_or(since);
        // A server that refuses an old position is asked from the oldest that it should have, and then from now on.
        let oldest = now.saturating_sub(KEPT_FOR).unwrap_or(now);
        let cursors = [Some(rewound), (rewound < oldest).then_some(oldest)].into_iter().flatten().map(Some);
        let mut refusal = None;
        for cursor in cursors.chain([None]) {
            let request = Request::get(self.address(host, cursor), "application/json");
            match gateway.websocket(&request, LIMITS).await {
                Ok(socket) => {
                    let unpack = self.dictionary.as_deref().and_then(|words| Decompressor::with_dictionary(words).ok());
                    return Ok(Stream {
                        socket: Mutex::new(socket),
                        unpack,
                        since: Some(since),
                        last: None,
                        heard: false,
                    });
                }
                Err(error @ FetchError::Status { status: 400, .. }) => refusal = Some(error),
                Err(error) => return Err(error),
            }
        }
        Err(refusal.expect("every position was refused"))
    }

    fn address(&self, host: &Url, cursor: Option<Timestamp>) -> Url {
        let mut url = host.clone();
        let second = host.path().ends_with("subscribeEvents");
        let mut query = url.query_pairs_mut();
        query.append_pair(if second { "collections" } else { "wantedCollections" }, POSTS);
        match (&self.dictionary, second) {
            (Some(_), false) => _ = query.append_pair("compress", "true"),
            (Some(dictionary), true) => {
                // The id stands in the dictionary's own header, after four bytes of magic (RFC 8878, 5).
                if let Some(Ok(id)) = dictionary.get(4..8).map(<[u8; 4]>::try_from) {
                    query.append_pair("zstdDictionary", &u32::from_le_bytes(id).to_string());
                }
            }
            (None, _) => {}
        }
        if let Some(cursor) = cursor {
            query.append_pair("cursor", &cursor.as_microsecond().to_string());
        }
        drop(query);
        url
    }
}

/// What the stream gave.
pub(super) enum Heard {
    /// A message, as JSON.
    Message(Bytes),
    /// A message that could not be unpacked.
    Unreadable,
}

impl Stream {
    /// The next message; `None` at the end of the stream.
    ///
    /// Cancel safe: a dropped call loses nothing.
    pub(super) async fn next(&mut self) -> Result<Option<Heard>, FetchError> {
        let socket = self.socket.get_mut().unwrap_or_else(PoisonError::into_inner);
        let json = match socket.next().await? {
            None => return Ok(None),
            Some(Frame::Text(text)) => Bytes::from(text),
            Some(Frame::Binary(packed)) => {
                let unpacked = self.unpack.as_mut().and_then(|unpack| unpack.decompress(&packed, LARGEST_MESSAGE).ok());
                let Some(json) = unpacked else { return Ok(Some(Heard::Unreadable)) };
                json.into()
            }
        };
        self.heard = true;
        self.last = Some(json.clone());
        Ok(Some(Heard::Message(json)))
    }

    /// What the server no longer had, if this message is the first event and shows it: from when until when.
    pub(super) fn gap_before(&mut self, json: &[u8], now: Timestamp) -> Option<(Timestamp, Timestamp)> {
        let since = self.since?;
        let first = wire::time_of(json)?.min(now);
        self.since = None;
        (first.duration_since(since) > GAP).then_some((since, first))
    }

    /// Forgets what came, so that it is no progress.
    pub(super) fn forget(&mut self) {
        self.last = None;
    }

    /// When the last message happened; a clock that is ahead of ours must not make us skip anything.
    pub(super) fn reached(&self, now: Timestamp) -> Option<Timestamp> {
        wire::time_of(self.last.as_deref()?).map(|time| time.min(now))
    }
}
