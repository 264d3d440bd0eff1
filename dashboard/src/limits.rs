//! How often one address, and one account, may do what costs us something: sign in, send a form, send posts.
//!
//! Each has a bucket of tokens that fills again evenly (a token bucket): a burst passes, a flood does not. Memory is bounded: a
//! bucket that is full again says nothing, and is forgotten; where there are too many all the same, newcomers share one.

use std::collections::HashMap;
use std::net::{IpAddr, Ipv6Addr, SocketAddr};
use std::sync::{Arc, Mutex, PoisonError};

use axum::extract::{ConnectInfo, Request, State};
use axum::http::{HeaderMap, Method};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use metrics::counter;
use serde::Deserialize;

use crate::app::App;
use crate::error::AppError;
use crate::measure::LIMITED;
use crate::network::Network;
use crate::visitor::Visitor;

/// So many buckets are remembered, about 100 bytes each.
const REMEMBERED: usize = 50_000;

/// The header in which a proxy says whom it speaks for.
const FORWARDED_FOR: &str = "x-forwarded-for";

/// The section `[dashboard.limits]`: how much each may do in a minute. A whole hospital may have one address.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct LimitsConfig {
    /// Attempts to sign in from one address.
    pub sign_ins_by_address: u32,
    /// Attempts to sign in with one account.
    pub sign_ins_by_account: u32,
    /// Forms from one address.
    pub forms_by_address: u32,
    /// Forms by one account.
    pub forms_by_account: u32,
    /// Deliveries of posts from one address, with a token or without.
    pub deliveries_by_address: u32,
    /// Proxies, or networks of them, that are believed when they say whom they speak for (`X-Forwarded-For`).
    pub trusted_proxies: Vec<Network>,
}

impl Default for LimitsConfig {
    fn default() -> Self {
        Self {
            sign_ins_by_address: 60,
            sign_ins_by_account: 10,
            forms_by_address: 300,
            forms_by_account: 60,
            deliveries_by_address: 600,
            trusted_proxies: Vec::new(),
        }
    }
}

/// What is limited.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum What {
    /// Attempts to sign in, to accept an invitation, to register.
    SignIn,
    /// Forms.
    Form,
    /// Posts that other systems send.
    Delivery,
}

/// Who is limited.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub enum Who {
    /// An address; of the sixth version, the network that one customer has.
    Address(IpAddr),
    /// Everybody whose address is not known.
    Anywhere,
    /// An account: its id, or a hash of what was typed.
    Account(String),
    /// Everybody for whom there was no bucket left.
    Others,
}

impl Who {
    /// The account that somebody tries to sign in with. What was typed is not kept.
    pub fn typed(email: &str) -> Self {
        Self::Account(blake3::hash(email.trim().to_lowercase().as_bytes()).to_hex()[..32].to_owned())
    }

    fn at(address: Option<IpAddr>) -> Self {
        match address.map(|address| address.to_canonical()) {
            Some(IpAddr::V6(v6)) => {
                let [a, b, c, d, ..] = v6.segments();
                Self::Address(Ipv6Addr::new(a, b, c, d, 0, 0, 0, 0).into())
            }
            Some(v4) => Self::Address(v4),
            None => Self::Anywhere,
        }
    }
}

/// The buckets.
#[derive(Debug)]
pub struct Limits {
    config: LimitsConfig,
    buckets: Mutex<HashMap<(What, Who), Bucket>>,
    remembered: usize,
}

/// What is left at a time.
#[derive(Clone, Copy, Debug)]
struct Bucket {
    tokens: f64,
    at: Timestamp,
}

impl Bucket {
    /// The same bucket later, where so many tokens come in a minute and as many have room.
    fn at(self, now: Timestamp, a_minute: f64) -> Self {
        // A clock that was set back gives nothing.
        let seconds = now.duration_since(self.at).as_secs_f64().max(0.0);
        Self { tokens: (self.tokens + seconds * a_minute / 60.0).min(a_minute), at: now }
    }
}

impl Limits {
    /// As configured.
    pub fn new(config: LimitsConfig) -> Self {
        Self { config, buckets: Mutex::default(), remembered: REMEMBERED }
    }

    /// Takes a token.
    ///
    /// # Errors
    /// In how many seconds there is one, where there is none.
    pub fn take(&self, what: What, who: Who, now: Timestamp) -> Result<(), u32> {
        let mut buckets = self.buckets.lock().unwrap_or_else(PoisonError::into_inner);
        let mut key = (what, who);
        if !buckets.contains_key(&key) && buckets.len() >= self.remembered {
            buckets.retain(|(what, who), bucket| {
                let a_minute = self.a_minute(*what, who);
                bucket.at(now, a_minute).tokens < a_minute
            });
            if buckets.len() >= self.remembered {
                key = (what, Who::Others);
            }
        }
        let a_minute = self.a_minute(key.0, &key.1);
        let bucket = buckets.entry(key).or_insert(Bucket { tokens: a_minute, at: now });
        *bucket = bucket.at(now, a_minute);
        if bucket.tokens >= 1.0 {
            bucket.tokens -= 1.0;
            return Ok(());
        }
        Err(seconds_until(1.0 - bucket.tokens, a_minute))
    }

    fn a_minute(&self, what: What, who: &Who) -> f64 {
        let is_account = matches!(who, Who::Account(_));
        let limit = match what {
            What::SignIn if is_account => self.config.sign_ins_by_account,
            What::SignIn => self.config.sign_ins_by_address,
            What::Form if is_account => self.config.forms_by_account,
            What::Form => self.config.forms_by_address,
            What::Delivery => self.config.deliveries_by_address,
        };
        f64::from(limit.max(1))
    }
}

/// How long so much of a token takes to come, in whole seconds.
fn seconds_until(missing: f64, a_minute: f64) -> u32 {
    let seconds = (missing * 60.0 / a_minute).ceil().clamp(1.0, 60.0);
    #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "it is between 1 and 60")]
    let seconds = seconds as u32;
    seconds
}

/// Lets a request pass, or answers that there were too many.
pub async fn limit(State(app): State<Arc<App>>, request: Request, next: Next) -> Response {
    let Some(what) = what(request.method(), request.uri().path()) else { return next.run(request).await };
    let peer = request.extensions().get::<ConnectInfo<SocketAddr>>().map(|ConnectInfo(peer)| peer.ip());
    let address = client(peer, request.headers(), &app.parts.limits.trusted_proxies);
    let account = request.extensions().get::<Visitor>().and_then(Visitor::account);
    let account = account.map(|account| Who::Account(account.id.as_str().to_owned()));
    for who in [Some(Who::at(address)), account].into_iter().flatten() {
        if let Err(error) = app.take(what, who) {
            return error.into_response();
        }
    }
    next.run(request).await
}

impl App {
    /// Takes a token for something that is limited.
    ///
    /// # Errors
    /// [`AppError::TooMany`].
    pub fn take(&self, what: What, who: Who) -> Result<(), AppError> {
        let by = if matches!(who, Who::Account(_)) { "account" } else { "address" };
        self.limits.take(what, who, self.now()).map_err(|seconds| {
            counter!(LIMITED, "what" => what.name(), "by" => by).increment(1);
            AppError::TooMany { seconds }
        })
    }
}

impl What {
    fn name(self) -> &'static str {
        match self {
            Self::SignIn => "sign_in",
            Self::Form => "form",
            Self::Delivery => "delivery",
        }
    }
}

/// What a request is, where it is limited. Pages that are only read are not.
fn what(method: &Method, path: &str) -> Option<What> {
    let is_read = matches!(*method, Method::GET | Method::HEAD | Method::OPTIONS);
    match path {
        "/sign-in/elsewhere" | "/sign-in/elsewhere/return" => Some(What::SignIn),
        _ if is_read => None,
        "/sign-in" | "/welcome" | "/register" => Some(What::SignIn),
        _ if path.starts_with("/api/") => Some(What::Delivery),
        _ => Some(What::Form),
    }
}

/// The address that a request comes from: that of the peer, or what proxies say that we trust. The list is read from its end, for
/// everything before the last proxy of ours can be made up.
fn client(peer: Option<IpAddr>, headers: &HeaderMap, trusted: &[Network]) -> Option<IpAddr> {
    let mut client = peer?.to_canonical();
    let lines: Vec<&str> = headers.get_all(FORWARDED_FOR).iter().filter_map(|line| line.to_str().ok()).collect();
    let mut before = lines.iter().flat_map(|line| line.split(',')).rev();
    while trusted.iter().any(|network| network.has(client)) {
        let Some(next) = before.next().and_then(address) else { break };
        client = next.to_canonical();
    }
    Some(client)
}

/// An address, with or without a port.
fn address(text: &str) -> Option<IpAddr> {
    let text = text.trim();
    text.parse().ok().or_else(|| text.parse::<SocketAddr>().ok().map(|address| address.ip()))
}

#[cfg(test)]
mod tests {
    use axum::http::HeaderValue;

    use super::*;

    fn at(millisecond: i64) -> Timestamp {
        Timestamp::from_millisecond(1_790_000_000_000 + millisecond).unwrap()
    }

    fn who(name: u32) -> Who {
        Who::Address(IpAddr::V4(name.into()))
    }

    #[test]
    fn a_burst_passes_a_flood_does_not_and_everybody_has_a_bucket_of_their_own() {
        let limits =
            Limits::new(LimitsConfig { sign_ins_by_address: 6, sign_ins_by_account: 3, ..LimitsConfig::default() });
        let passed = |who: &Who, ms| (0..20).filter(|_| limits.take(What::SignIn, who.clone(), at(ms)).is_ok()).count();
        assert_eq!(passed(&who(1), 0), 6);
        assert_eq!(limits.take(What::SignIn, who(1), at(0)), Err(10));
        assert_eq!(limits.take(What::SignIn, who(1), at(9_001)), Err(1));
        assert_eq!(passed(&who(1), 10_000), 1);
        assert_eq!(passed(&who(2), 10_000), 6);
        assert_eq!(limits.take(What::Form, who(1), at(10_000)), Ok(()), "other things have other buckets");
        assert_eq!(passed(&Who::typed(" Ann@example.org"), 0), 3);
        assert_eq!(passed(&Who::typed("ann@EXAMPLE.org "), 0), 0, "the same account");
        assert_eq!(passed(&who(1), 1_000_000), 6, "never more than a minute's worth");
        assert_eq!(passed(&who(1), 0), 0, "a clock that was set back gives nothing");
    }

    #[test]
    fn memory_is_bounded_and_whoever_was_stopped_stays_stopped() {
        let config = LimitsConfig { sign_ins_by_address: 2, ..LimitsConfig::default() };
        let limits = Limits { remembered: 10, ..Limits::new(config) };
        let take = |name, ms| limits.take(What::SignIn, who(name), at(ms)).is_ok();
        assert!(take(0, 0) && take(0, 0) && !take(0, 0));
        let passed = (1..1_000).filter(|name| take(*name, 1)).count();
        assert_eq!(passed, 9 + 2, "nine have room, the others share one bucket");
        assert!(limits.buckets.lock().unwrap().len() <= 11);
        assert!(!take(0, 2), "the flood did not wash the first one away");
        assert!(take(2_000, 60_002), "full buckets are forgotten");
        assert!(limits.buckets.lock().unwrap().len() <= 2);
    }

    #[test]
    fn a_proxy_is_believed_only_where_it_is_trusted_and_only_about_the_last_step() {
        let ip = |text: &str| -> IpAddr { text.parse().unwrap() };
        let headers = |lines: &[&str]| {
            let mut headers = HeaderMap::new();
            for line in lines {
                headers.append(FORWARDED_FOR, HeaderValue::from_str(line).unwrap());
            }
            headers
        };
        let trusted = ["10.0.0.1", "10.0.0.2/31"].map(|network| network.parse().unwrap());
        for (peer, lines, found) in [
            ("192.0.2.1", &["1.1.1.1"][..], "192.0.2.1"),
            ("10.0.0.1", &["1.1.1.1"], "1.1.1.1"),
            ("10.0.0.1", &["6.6.6.6, 1.1.1.1"], "1.1.1.1"),
            ("10.0.0.1", &["6.6.6.6", "1.1.1.1, 10.0.0.2"], "1.1.1.1"),
            ("10.0.0.1", &["1.1.1.1:4711"], "1.1.1.1"),
            ("10.0.0.1", &["[2001:db8::1]:4711"], "2001:db8::1"),
            ("10.0.0.1", &["6.6.6.6, unknown"], "10.0.0.1"),
            ("10.0.0.1", &[], "10.0.0.1"),
            ("::ffff:10.0.0.1", &["1.1.1.1"], "1.1.1.1"),
        ] {
            assert_eq!(client(Some(ip(peer)), &headers(lines), &trusted), Some(ip(found)), "{peer} {lines:?}");
        }
        assert_eq!(client(None, &headers(&["1.1.1.1"]), &trusted), None);
        assert_eq!(Who::at(Some(ip("2001:db8:1:2:3:4:5:6"))), Who::at(Some(ip("2001:db8:1:2::9"))));
        assert_eq!(Who::at(Some(ip("::ffff:192.0.2.1"))), Who::at(Some(ip("192.0.2.1"))));
    }

    #[test]
    fn pages_that_are_read_are_not_limited() {
        assert_eq!(what(&Method::GET, "/search"), None);
        assert_eq!(what(&Method::HEAD, "/sign-in"), None);
        assert_eq!(what(&Method::GET, "/sign-in/elsewhere"), Some(What::SignIn));
        assert_eq!(what(&Method::POST, "/sign-in"), Some(What::SignIn));
        assert_eq!(what(&Method::POST, "/gather/raise"), Some(What::Form));
        assert_eq!(what(&Method::DELETE, "/api/v1/posts/1"), Some(What::Delivery));
    }
}
