//! From a request to the head of its answer: each hop is checked like the first, and holds its host's turn.

use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{self, HeaderMap};
use reqwest::{Client, Method, Response, StatusCode};
use tokio::sync::SemaphorePermit;
use tokio::time::Instant;
use url::Url;

use super::error::{self, FetchError};
use super::polite::Turn;
use super::request::{Authorization, Request, literal_address};
use super::{Gateway, Shared, address, headers};

/// An answer whose head has come, with the right to read its body now.
pub(super) struct Opened<'a> {
    pub(super) response: Response,
    /// Where it came from, after redirects.
    pub(super) url: Url,
    pub(super) host: String,
    /// How much of the total time is left for the body.
    pub(super) left: Duration,
    pub(super) _turn: Turn,
    pub(super) _slot: SemaphorePermit<'a>,
}

enum Hop {
    Answer(Response),
    Redirect(Url),
}

impl Gateway {
    /// Sends `request` over `client`, with the headers `more`, and follows redirects until an answer comes.
    pub(super) async fn open(
        &self,
        client: &Client,
        request: &Request,
        more: &HeaderMap,
    ) -> Result<Opened<'_>, FetchError> {
        let Shared { limits, politeness, slots, .. } = &*self.shared;
        let mut url = request.url.clone();
        let mut left = limits.total;
        for _ in 0..=limits.redirects {
            let host = self.check(&url)?;
            let turn = politeness.turn(&host).await;
            let slot = slots.acquire().await.expect("the semaphore is never closed");
            let began = Instant::now();
            let hop = tokio::time::timeout(left, self.hop(client, request, more, &url, &host)).await;
            left = left.saturating_sub(began.elapsed());
            match hop {
                Ok(Ok(Hop::Answer(response))) => {
                    return Ok(Opened { response, url, host, left, _turn: turn, _slot: slot });
                }
                Ok(Ok(Hop::Redirect(target))) => url = target,
                Ok(Err(error)) => return Err(error),
                Err(_) => return Err(FetchError::TimedOut { host, after: limits.total }),
            }
        }
        let host = url.host_str().unwrap_or_default();
        Err(FetchError::BadAnswer {
            reason: format!("more than {} redirects, the last one to {host}", limits.redirects),
        })
    }

    /// The host of `url`, if it may be fetched.
    fn check(&self, url: &Url) -> Result<String, FetchError> {
        check_form(url).map_err(|reason| FetchError::Refused { reason })?;
        let Some(literal) = literal_address(url) else { return Ok(url.host_str().unwrap_or_default().to_owned()) };
        if address::is_global(literal.ip()) || self.shared.allowed.has(literal) {
            return Ok(literal.to_string());
        }
        Err(FetchError::Refused {
            reason: format!(
                "{literal} is an address inside a private network, which is never fetched; if you trust it, add \"{literal}\" to `allow_addresses`"
            ),
        })
    }

    /// One request, without following anything.
    async fn hop(
        &self,
        client: &Client,
        request: &Request,
        more: &HeaderMap,
        url: &Url,
        host: &str,
    ) -> Result<Hop, FetchError> {
        let (mut headers, authorized) = request.headers(url, &self.shared.allowed)?;
        headers.extend(more.clone());
        let method = if request.payload.is_some() { Method::POST } else { Method::GET };
        let mut builder = client.request(method, url.clone()).headers(headers);
        if let Some(payload) = &request.payload {
            builder = builder.header(header::CONTENT_TYPE, payload.content_type).body(payload.body.clone());
        }
        let response = builder.send().await.map_err(|error| error::from_client(&error, host))?;
        let status = response.status();
        match status {
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => {
                if request.payload.is_some() {
                    let reason = format!("{host} wants what we send to go elsewhere: correct the address");
                    return Err(FetchError::BadAnswer { reason });
                }
                redirect(response.headers(), url, host).map(Hop::Redirect)
            }
            StatusCode::NOT_MODIFIED | StatusCode::SWITCHING_PROTOCOLS => Ok(Hop::Answer(response)),
            _ if status.is_success() || request.passing.contains(&status.as_u16()) => Ok(Hop::Answer(response)),
            StatusCode::UNAUTHORIZED | StatusCode::FORBIDDEN if authorized => {
                let place = request.authorization.as_ref().and_then(Authorization::place).map(str::to_owned);
                Err(FetchError::Unauthorized { host: host.to_owned(), status: status.as_u16(), place })
            }
            _ => Err(refusal(status, response.headers(), host, Timestamp::now())),
        }
    }
}

/// Whether the form of `url` is one that we fetch; the error says what is wrong with it.
pub(crate) fn check_form(url: &Url) -> Result<(), String> {
    if !matches!(url.scheme(), "http" | "https") {
        return Err(format!("only http and https addresses are fetched, not {}:", url.scheme()));
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err(
            "an address with a user name or password is not fetched: remove what stands before the @".to_owned()
        );
    }
    if url.host_str().is_none_or(str::is_empty) {
        return Err("the address names no host".to_owned());
    }
    Ok(())
}

/// WebSocket addresses are those of the http request that begins them.
pub(super) fn as_http(mut url: Url) -> Url {
    let scheme = match url.scheme() {
        "ws" => "http",
        "wss" => "https",
        _ => return url,
    };
    // It cannot fail between two schemes that both have hosts; if it did, the form would be refused.
    let _ = url.set_scheme(scheme);
    url
}

/// A step from https down to http is followed: the authorization does not go along, and some public feeds still do it.
fn redirect(headers: &HeaderMap, from: &Url, host: &str) -> Result<Url, FetchError> {
    let target = headers::text(headers, &header::LOCATION).and_then(|location| from.join(location).ok());
    let Some(target) = target else {
        return Err(FetchError::BadAnswer { reason: format!("{host} redirects, but does not say where to") });
    };
    let mut target = as_http(target);
    target.set_fragment(None);
    Ok(target)
}

fn refusal(status: StatusCode, headers: &HeaderMap, host: &str, now: Timestamp) -> FetchError {
    let host = host.to_owned();
    let retry_after = headers::retry_after(headers, now);
    match status {
        StatusCode::TOO_MANY_REQUESTS => FetchError::RateLimited { host, status: status.as_u16(), retry_after },
        StatusCode::SERVICE_UNAVAILABLE if headers.contains_key(header::RETRY_AFTER) => {
            FetchError::RateLimited { host, status: status.as_u16(), retry_after }
        }
        StatusCode::GONE => FetchError::Gone { host },
        _ => FetchError::Status { host, status: status.as_u16() },
    }
}
