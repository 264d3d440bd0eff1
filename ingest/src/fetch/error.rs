//! Why something could not be fetched, by what the caller can do, in plain words.

use std::error::Error;
use std::time::Duration;

use thiserror::Error;

/// Why a fetch failed. The text is for people: it says what happened and what to do.
#[derive(Debug, Error)]
pub enum FetchError {
    /// Our own rules forbid it: the address is not public, or its form is not allowed.
    #[error("{reason}")]
    Refused {
        /// Plain words.
        reason: String,
    },
    /// The server was not reached.
    #[error("{reason}")]
    Unreachable {
        /// Plain words.
        reason: String,
    },
    /// The server was reached, but did not finish in time.
    #[error("{host} did not finish its answer within {} seconds; it is tried again later", after.as_secs())]
    TimedOut {
        /// The server.
        host: String,
        /// The limit.
        after: Duration,
    },
    /// A stream was open, but nothing came for too long.
    #[error("{host} has sent nothing for {} seconds, not even a sign of life; it is connected anew", after.as_secs())]
    Idle {
        /// The server.
        host: String,
        /// The limit.
        after: Duration,
    },
    /// The server broke off in the middle.
    #[error("{host} broke off its answer ({reason}); it is tried again later")]
    BrokenOff {
        /// The server.
        host: String,
        /// The HTTP client's own words.
        reason: String,
    },
    /// The answer is larger than we accept.
    #[error(
        "the answer of {host} is larger than {limit_mib} MiB {when}; check that the address is that of a feed, not of a download"
    )]
    TooLarge {
        /// The server.
        host: String,
        /// The limit.
        limit_mib: usize,
        /// "on the wire", "when unpacked" or "in one message".
        when: &'static str,
    },
    /// The server asks us to wait (429, or 503 with Retry-After).
    #[error("{host} asks us to slow down (status {status}); it is left alone until then")]
    RateLimited {
        /// The server.
        host: String,
        /// What it answered.
        status: u16,
        /// How long, if it said so.
        retry_after: Option<Duration>,
    },
    /// The server says that this is gone for good (410).
    #[error("{host} says that this address is gone for good (410); look for a new one, or remove the source")]
    Gone {
        /// The server.
        host: String,
    },
    /// Our token was refused (401 or 403).
    #[error("{host} refused our token (status {status}): {}", renew(place.as_deref()))]
    Unauthorized {
        /// The server.
        host: String,
        /// What it answered.
        status: u16,
        /// Where the token was read from ("the environment variable NAME"), where that is known.
        place: Option<String>,
    },
    /// Any other status that is not success.
    #[error("{host} answered with status {status} ({}); {}", meaning(*status), advice(*status))]
    Status {
        /// The server.
        host: String,
        /// What it answered.
        status: u16,
    },
    /// The answer breaks HTTP's rules, or uses something we do not support.
    #[error("{reason}")]
    BadAnswer {
        /// Plain words.
        reason: String,
    },
}

/// An error of the resolver, which travels through the HTTP client as the source of its own error.
#[derive(Debug, Error)]
pub(super) enum ResolveError {
    #[error("the name {0} could not be found; check its spelling and this machine's network connection")]
    NotFound(String),
    #[error(
        "the name {0} leads to an address inside a private network, which is never fetched; if you trust it, allow its address and port in `allow_addresses` and use the address in the URL"
    )]
    NotGlobal(String),
}

fn meaning(status: u16) -> &'static str {
    match status {
        401 => "it wants a login",
        403 => "forbidden",
        404 => "not found",
        500..=599 => "a fault at their side",
        _ => "unexpected",
    }
}

fn advice(status: u16) -> &'static str {
    match status {
        401 | 403 => "check that the address is public and that they allow automatic readers",
        404 => "check the address; feeds sometimes come back, so it is tried again",
        500..=599 => "it is tried again later",
        _ => "check the address",
    }
}

fn renew(place: Option<&str>) -> String {
    match place {
        Some(place) => format!("renew the token in {place}, or check what it is allowed to read"),
        None => "renew the token, or check what it is allowed to read".to_owned(),
    }
}

/// Puts an error of the HTTP client into words.
pub(super) fn from_client(error: &reqwest::Error, host: &str) -> FetchError {
    let mut cause: Option<&(dyn Error + 'static)> = Some(error);
    let mut deepest = error.to_string();
    while let Some(current) = cause {
        if let Some(resolve) = current.downcast_ref::<ResolveError>() {
            let reason = resolve.to_string();
            return match resolve {
                ResolveError::NotFound(_) => FetchError::Unreachable { reason },
                ResolveError::NotGlobal(_) => FetchError::Refused { reason },
            };
        }
        deepest = current.to_string();
        cause = current.source();
    }
    if error.is_connect() && error.is_timeout() {
        return FetchError::Unreachable {
            reason: format!("{host} could not be reached in time; check this machine's network connection"),
        };
    }
    if error.is_connect() {
        return FetchError::Unreachable { reason: format!("no connection to {host} could be made: {deepest}") };
    }
    FetchError::BrokenOff { host: host.to_owned(), reason: deepest }
}
