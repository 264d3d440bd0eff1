//! The fetch gateway: the only HTTP client of the program.
//!
//! It is built so that a source cannot make us do harm or take harm: it dials only global addresses, at every hop and
//! at every connection; it reads no proxy variables; it follows at most five redirects, each checked like the first
//! address; it gives up after 5 seconds without a connection and 30 seconds in all, at 4 MiB on the wire and at 16 MiB
//! unpacked. And it is polite: one request a host at a time with a pause between two, conditional requests, an honest
//! name with a contact, no cookies and no referrer.

mod address;
mod body;
mod error;
mod headers;
mod polite;
mod resolve;

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use reqwest::{Client, ClientBuilder, StatusCode};
use serde::Deserialize;
use thiserror::Error;
use tokio::sync::Semaphore;
use tokio::time::Instant;
use tracing::error;
use url::{Host, Url};

pub use self::error::FetchError;
pub use self::headers::Validators;
use self::polite::Politeness;

/// How public sources are fetched: `[ingest.fetch]` in `config/discovery.toml`.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct FetchConfig {
    /// Where the owner of a site can reach whoever runs this Discovery: a web page or an e-mail address. It is sent with
    /// every request.
    pub contact: String,
    /// The pause between two requests to one host, in milliseconds.
    pub host_delay_ms: u64,
    /// Addresses with ports that may be fetched although they are not global, written as addresses in the URL
    /// ("127.0.0.1:8080"): the demo's own site, or a server inside the network that you trust.
    pub allow_addresses: Vec<SocketAddr>,
}

impl Default for FetchConfig {
    fn default() -> Self {
        Self {
            contact: "https://github.com/nhs-citizen/discovery".to_owned(),
            host_delay_ms: 1_000,
            allow_addresses: Vec::new(),
        }
    }
}

/// Why there can be no gateway.
#[derive(Debug, Error)]
pub enum GatewayError {
    /// `contact` cannot be sent.
    #[error(
        "`contact` in [ingest.fetch] cannot be sent in a header: write a web page or an e-mail address in plain ASCII"
    )]
    Contact,
    /// The TLS set-up of this machine does not work at all.
    #[error("no HTTP client can be made: {0}")]
    Client(reqwest::Error),
}

/// What is taken at most from one address.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Limits {
    pub(crate) connect: Duration,
    /// For all hops together, without the polite pauses.
    pub(crate) total: Duration,
    pub(crate) wire_bytes: usize,
    pub(crate) unpacked_bytes: usize,
    pub(crate) redirects: usize,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(5),
            total: Duration::from_secs(30),
            wire_bytes: 4 << 20,
            unpacked_bytes: 16 << 20,
            redirects: 5,
        }
    }
}

/// So many answers are held in memory at once, whatever the number of sources.
const AT_ONCE: usize = 8;

/// The gateway. A clone shares its connections and its politeness.
#[derive(Clone)]
pub struct Gateway {
    shared: Arc<Shared>,
}

struct Shared {
    client: Client,
    allowed: Vec<SocketAddr>,
    limits: Limits,
    politeness: Politeness,
    slots: Semaphore,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("allowed", &self.shared.allowed).finish_non_exhaustive()
    }
}

/// What to fetch.
#[derive(Clone, Debug)]
pub struct Request {
    /// Where.
    pub url: Url,
    /// The content types that the caller can read, for `Accept`.
    pub accept: &'static str,
    /// What the last answer gave to ask "has it changed?"; empty for an unconditional request.
    pub validators: Validators,
}

/// What came.
#[derive(Debug)]
pub enum Fetched {
    /// A new answer.
    Modified(Box<Answer>),
    /// Nothing has changed since the answer that the validators are from.
    NotModified {
        /// How long this stays so, as the server says.
        fresh_for: Option<Duration>,
    },
}

/// A successful answer.
#[derive(Debug)]
pub struct Answer {
    /// Where it came from, after redirects.
    pub url: Url,
    /// The body, unpacked.
    pub body: Vec<u8>,
    /// What to ask with the next time.
    pub validators: Validators,
    /// How long it stays fresh, as the server says.
    pub fresh_for: Option<Duration>,
    /// How long to wait if our allowance of requests is now used up.
    pub allowance_used_up: Option<Duration>,
    headers: HeaderMap,
}

impl Answer {
    /// The media type without parameters, in lower case.
    pub fn media_type(&self) -> Option<String> {
        let value = headers::text(&self.headers, &header::CONTENT_TYPE)?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// The character encoding that the server claims.
    pub fn charset(&self) -> Option<&str> {
        let value = headers::text(&self.headers, &header::CONTENT_TYPE)?;
        value.split(';').skip(1).find_map(|parameter| {
            let (name, value) = parameter.split_once('=')?;
            name.trim().eq_ignore_ascii_case("charset").then_some(value.trim().trim_matches('"'))
        })
    }

    /// The target of the `Link` header with this relation.
    pub fn link(&self, relation: &str) -> Option<Url> {
        headers::link(&self.headers, relation, &self.url)
    }
}

impl Gateway {
    /// The gateway as configured.
    ///
    /// # Errors
    /// [`GatewayError`] when the contact cannot be sent, or TLS cannot be set up at all.
    pub fn new(config: &FetchConfig) -> Result<Self, GatewayError> {
        Self::with_limits(config, Limits::default())
    }

    pub(crate) fn with_limits(config: &FetchConfig, limits: Limits) -> Result<Self, GatewayError> {
        // An error means that a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let name = format!("NHS-Citizen-Discovery/{} (+{})", env!("CARGO_PKG_VERSION"), config.contact);
        let name = HeaderValue::from_str(&name).map_err(|_| GatewayError::Contact)?;
        // A machine without CA certificates can still read transcripts and plain http; https then fails, source by source.
        let client = client(name.clone(), &limits).build().or_else(|error| {
            error!(%error, "no https source can be read: install the system's CA certificates (package ca-certificates)");
            client(name, &limits).tls_certs_only([]).build().map_err(GatewayError::Client)
        })?;
        let politeness = Politeness::new(Duration::from_millis(config.host_delay_ms));
        let shared = Shared {
            client,
            allowed: config.allow_addresses.clone(),
            limits,
            politeness,
            slots: Semaphore::new(AT_ONCE),
        };
        Ok(Self { shared: Arc::new(shared) })
    }

    /// Fetches what `request` names, following redirects.
    ///
    /// Cancel safe: a dropped call closes its connection.
    ///
    /// # Errors
    /// [`FetchError`], by what can be done about it.
    pub async fn get(&self, request: &Request) -> Result<Fetched, FetchError> {
        let outcome = self.follow(request).await;
        let label = match &outcome {
            Ok(Fetched::Modified(_)) => "modified",
            Ok(Fetched::NotModified { .. }) => "not_modified",
            Err(FetchError::RateLimited { .. }) => "rate_limited",
            Err(FetchError::Refused { .. }) => "refused",
            Err(_) => "failed",
        };
        metrics::counter!("discovery_ingest_fetches_total", "outcome" => label).increment(1);
        outcome
    }

    async fn follow(&self, request: &Request) -> Result<Fetched, FetchError> {
        let Shared { limits, politeness, slots, .. } = &*self.shared;
        let mut url = request.url.clone();
        let mut left = limits.total;
        for _ in 0..=limits.redirects {
            let host = self.check(&url)?;
            let _turn = politeness.turn(&host).await;
            let _slot = slots.acquire().await.expect("the semaphore is never closed");
            let began = Instant::now();
            let step = tokio::time::timeout(left, self.step(request, &url, &host)).await;
            left = left.saturating_sub(began.elapsed());
            match step {
                Ok(Ok(Step::Done(fetched))) => return Ok(fetched),
                Ok(Ok(Step::Redirect(target))) => url = target,
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
        let address = match url.host() {
            Some(Host::Ipv4(v4)) => v4.into(),
            Some(Host::Ipv6(v6)) => v6.into(),
            Some(Host::Domain(name)) => return Ok(name.to_owned()), // the resolver checks what it leads to
            None => return Err(FetchError::Refused { reason: format!("{url} names no host") }),
        };
        let port = url.port_or_known_default().unwrap_or_default();
        let dialled = SocketAddr::new(address, port);
        if address::is_global(address) || self.shared.allowed.contains(&dialled) {
            return Ok(dialled.to_string());
        }
        Err(FetchError::Refused {
            reason: format!(
                "{dialled} is an address inside a private network, which is never fetched; if you trust it, add \"{dialled}\" to `allow_addresses`"
            ),
        })
    }

    /// One request, without following anything.
    async fn step(&self, request: &Request, url: &Url, host: &str) -> Result<Step, FetchError> {
        let mut builder = self
            .shared
            .client
            .get(url.clone())
            .header(header::ACCEPT, request.accept)
            .header(header::ACCEPT_ENCODING, body::ACCEPTED);
        for (name, value) in request.validators.headers() {
            builder = builder.header(name, value);
        }
        let response = builder.send().await.map_err(|error| error::from_client(&error, host))?;
        let now = Timestamp::now();
        let status = response.status();
        match status {
            StatusCode::NOT_MODIFIED => {
                Ok(Step::Done(Fetched::NotModified { fresh_for: headers::fresh_for(response.headers(), now) }))
            }
            StatusCode::MOVED_PERMANENTLY
            | StatusCode::FOUND
            | StatusCode::SEE_OTHER
            | StatusCode::TEMPORARY_REDIRECT
            | StatusCode::PERMANENT_REDIRECT => redirect(response.headers(), url, host),
            _ if status.is_success() => {
                let headers = response.headers().clone();
                let answer = Answer {
                    url: url.clone(),
                    validators: Validators::of(&headers),
                    fresh_for: headers::fresh_for(&headers, now),
                    allowance_used_up: headers::allowance_used_up(&headers, now),
                    body: body::read(response, host, &self.shared.limits).await?,
                    headers,
                };
                Ok(Step::Done(Fetched::Modified(Box::new(answer))))
            }
            _ => Err(refusal(status, response.headers(), host, now)),
        }
    }
}

/// The client before it is built, with everything but its trust in certificates.
fn client(name: HeaderValue, limits: &Limits) -> ClientBuilder {
    #[expect(clippy::disallowed_methods, reason = "this is the gateway that the ban points to")]
    let builder = Client::builder();
    builder
        .user_agent(name)
        .no_proxy()
        .referer(false)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(limits.connect)
        .dns_resolver(Arc::new(resolve::GlobalOnly))
}

enum Step {
    Done(Fetched),
    Redirect(Url),
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

/// A step from https down to http is followed: requests carry no secret, and some public feeds still do it.
fn redirect(headers: &HeaderMap, from: &Url, host: &str) -> Result<Step, FetchError> {
    let target = headers::text(headers, &header::LOCATION).and_then(|location| from.join(location).ok());
    match target {
        Some(mut target) => {
            target.set_fragment(None);
            Ok(Step::Redirect(target))
        }
        None => Err(FetchError::BadAnswer { reason: format!("{host} redirects, but does not say where to") }),
    }
}

fn refusal(status: StatusCode, headers: &HeaderMap, host: &str, now: Timestamp) -> FetchError {
    let host = host.to_owned();
    let retry_after = headers::retry_after(headers, now);
    match status {
        StatusCode::TOO_MANY_REQUESTS => FetchError::RateLimited { host, status: status.as_u16(), retry_after },
        StatusCode::SERVICE_UNAVAILABLE if headers.contains_key(HeaderName::from_static("retry-after")) => {
            FetchError::RateLimited { host, status: status.as_u16(), retry_after }
        }
        StatusCode::GONE => FetchError::Gone { host },
        _ => FetchError::Status { host, status: status.as_u16() },
    }
}

#[cfg(test)]
mod tests;
