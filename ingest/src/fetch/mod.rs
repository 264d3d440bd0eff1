//! The fetch gateway: the only HTTP client of the program.
//!
//! It is built so that a source cannot make us do harm or take harm: it dials only global addresses, at every hop and
//! at every connection; it reads no proxy variables; it follows at most five redirects, each checked like the first
//! address; it gives up after 5 seconds without a connection and 30 seconds in all, at 4 MiB on the wire and at 16 MiB
//! unpacked. And it is polite: one request a host at a time with a pause between two, conditional requests, an honest
//! name with a contact, no cookies and no referrer.

mod address;
mod allowance;
mod answer;
mod body;
mod error;
mod headers;
mod hop;
mod polite;
mod request;
mod resolve;
mod robots;
mod stream;
mod websocket;

use std::fmt;
use std::net::{IpAddr, SocketAddr};
use std::sync::Arc;
use std::time::Duration;

use jiff::Timestamp;
use reqwest::header::{self, HeaderMap, HeaderValue};
use reqwest::{Client, ClientBuilder, StatusCode};
use serde::Deserialize;
use thiserror::Error;
use tokio::sync::Semaphore;
use tracing::error;

pub use self::answer::{Answer, Fetched};
pub use self::error::FetchError;
pub use self::headers::Validators;
pub(crate) use self::hop::check_form;
use self::polite::Politeness;
pub use self::request::{Authorization, Request};
use self::resolve::GlobalOnly;
use self::robots::Robots;
pub use self::stream::{ByteStream, StreamLimits};
pub use self::websocket::{Frame, WebSocket};

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

/// What may be dialled although it is not global.
#[derive(Clone, Debug, Default)]
struct Allowed {
    /// Addresses with ports, where they stand in the URL itself.
    literally: Vec<SocketAddr>,
    /// Addresses of a trusted party, at every port, and by name too.
    inside: Vec<IpAddr>,
}

impl Allowed {
    fn has(&self, literal: SocketAddr) -> bool {
        self.literally.contains(&literal) || self.inside.contains(&literal.ip())
    }
}

struct Shared {
    client: Client,
    /// The same client, but for HTTP/1.1 only: a WebSocket cannot begin over HTTP/2.
    http1_client: Client,
    allowed: Allowed,
    limits: Limits,
    politeness: Politeness,
    slots: Semaphore,
    streams: Arc<Semaphore>,
    robots: Robots,
}

impl fmt::Debug for Gateway {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Gateway").field("allowed", &self.shared.allowed).finish_non_exhaustive()
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
        Self::with_resolver(config, limits, &GlobalOnly::system())
    }

    /// A gateway to one party that the operator trusts and nothing else is asked of, such as the provider of sign-ins: it may
    /// have the addresses `inside` our network, at every port and under its own name, and is asked without pauses, because people
    /// wait for the answer.
    ///
    /// # Errors
    /// Those of [`Gateway::new`].
    pub fn to_trusted(config: &FetchConfig, inside: &[IpAddr]) -> Result<Self, GatewayError> {
        let config = FetchConfig { host_delay_ms: 0, allow_addresses: Vec::new(), ..config.clone() };
        let allowed = Allowed { inside: inside.to_vec(), ..Allowed::default() };
        Self::build(&config, Limits::default(), &GlobalOnly::system().trusting(inside), allowed)
    }

    pub(crate) fn with_resolver(
        config: &FetchConfig,
        limits: Limits,
        resolver: &GlobalOnly,
    ) -> Result<Self, GatewayError> {
        let allowed = Allowed { literally: config.allow_addresses.clone(), ..Allowed::default() };
        Self::build(config, limits, resolver, allowed)
    }

    fn build(
        config: &FetchConfig,
        limits: Limits,
        resolver: &GlobalOnly,
        allowed: Allowed,
    ) -> Result<Self, GatewayError> {
        // An error means that a provider is installed already, which serves as well.
        let _ = rustls::crypto::ring::default_provider().install_default();
        let name = format!("NHS-Citizen-Discovery/{} (+{})", env!("CARGO_PKG_VERSION"), config.contact);
        let name = HeaderValue::from_str(&name).map_err(|_| GatewayError::Contact)?;
        let (client, http1_client) = clients(&name, &limits, resolver).or_else(|error| {
            error!(%error, "no https source can be read: install the system's CA certificates (package ca-certificates)");
            clients_without_tls(&name, &limits, resolver)
        })?;
        let politeness = Politeness::new(Duration::from_millis(config.host_delay_ms));
        let shared = Shared {
            client,
            http1_client,
            allowed,
            limits,
            politeness,
            slots: Semaphore::new(AT_ONCE),
            streams: Arc::new(Semaphore::new(stream::STREAMS)),
            robots: Robots::default(),
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
        let outcome = self.fetch(request).await;
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

    async fn fetch(&self, request: &Request) -> Result<Fetched, FetchError> {
        let packing = HeaderMap::from_iter([(header::ACCEPT_ENCODING, HeaderValue::from_static(body::ACCEPTED))]);
        let opened = self.open(&self.shared.client, request, &packing).await?;
        let (url, host, now) = (opened.url, opened.host, Timestamp::now());
        let headers = opened.response.headers().clone();
        let status = opened.response.status().as_u16();
        if opened.response.status() == StatusCode::NOT_MODIFIED {
            return Ok(Fetched::NotModified { fresh_for: headers::fresh_for(&headers, now) });
        }
        let body = tokio::time::timeout(opened.left, body::read(opened.response, &host, &self.shared.limits))
            .await
            .map_err(|_| FetchError::TimedOut { host, after: self.shared.limits.total })??;
        Ok(Fetched::Modified(Box::new(Answer {
            status,
            url,
            body,
            validators: Validators::of(&headers),
            fresh_for: headers::fresh_for(&headers, now),
            allowance_used_up: allowance::used_up(&headers, now),
            headers,
        })))
    }
}

/// The client for everything, and the one for HTTP/1.1 only.
fn clients(name: &HeaderValue, limits: &Limits, resolver: &GlobalOnly) -> reqwest::Result<(Client, Client)> {
    Ok((client(name, limits, resolver).build()?, client(name, limits, resolver).http1_only().build()?))
}

/// A machine without CA certificates can still read transcripts and plain http; https then fails, source by source.
fn clients_without_tls(
    name: &HeaderValue,
    limits: &Limits,
    resolver: &GlobalOnly,
) -> Result<(Client, Client), GatewayError> {
    let build = |builder: ClientBuilder| builder.tls_certs_only([]).build().map_err(GatewayError::Client);
    Ok((build(client(name, limits, resolver))?, build(client(name, limits, resolver).http1_only())?))
}

/// A client before it is built, with everything but its trust in certificates.
fn client(name: &HeaderValue, limits: &Limits, resolver: &GlobalOnly) -> ClientBuilder {
    #[expect(clippy::disallowed_methods, reason = "this is the gateway that the ban points to")]
    let builder = Client::builder();
    builder
        .user_agent(name.clone())
        .no_proxy()
        .referer(false)
        .redirect(reqwest::redirect::Policy::none())
        .retry(reqwest::retry::never())
        .connect_timeout(limits.connect)
        .dns_resolver(Arc::new(resolver.clone()))
}

#[cfg(test)]
mod tests;
