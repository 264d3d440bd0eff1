//! What to ask for, and with which authority.

use std::net::SocketAddr;

use base64::Engine;
use base64::prelude::BASE64_STANDARD;
use reqwest::header::{self, HeaderMap, HeaderName, HeaderValue};
use serde::Serialize;
use url::{Host, Url};

use super::Allowed;
use super::error::FetchError;
use super::headers::Validators;
use bus::secret::Secret;

/// What to fetch. Made by [`Request::get`], [`Request::post_form`] or [`Request::post_json`].
#[derive(Clone, Debug)]
pub struct Request {
    /// Where.
    pub url: Url,
    /// The content types that the caller can read, for `Accept`.
    pub accept: &'static str,
    /// What the last answer gave to ask "has it changed?"; empty for an unconditional request.
    pub validators: Validators,
    /// By whose leave we ask; `None` for what is public.
    pub authorization: Option<Authorization>,
    pub(super) payload: Option<Payload>,
    pub(super) passing: &'static [u16],
}

/// By whose leave a request is made. It goes only to the origin of the request: a redirect to another one loses it. It
/// is never sent over plain http, except to an address in `allow_addresses`.
#[derive(Clone, Debug)]
pub enum Authorization {
    /// `Authorization: Bearer ...`.
    Bearer(Secret),
    /// `Authorization: Basic ...`.
    Basic {
        /// The user or client id, which is no secret.
        user: String,
        /// The password or client secret.
        password: Secret,
    },
    /// A header of the source's own, such as `x-goog-api-key`. Its name is in lower case.
    Header(&'static str, Secret),
}

/// What a POST sends.
#[derive(Clone, Debug)]
pub(super) struct Payload {
    pub(super) content_type: &'static str,
    pub(super) body: String,
}

impl Request {
    /// A GET of `url`, unconditional and without authorization.
    pub fn get(url: Url, accept: &'static str) -> Self {
        Self { url, accept, validators: Validators::default(), authorization: None, payload: None, passing: &[] }
    }

    /// A POST of form `fields`, in their order. It is never sent on by a redirect, since a form often holds a secret.
    pub fn post_form(url: Url, accept: &'static str, fields: &[(&str, &str)]) -> Self {
        let body = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
        let payload = Payload { content_type: "application/x-www-form-urlencoded", body };
        Self { payload: Some(payload), ..Self::get(url, accept) }
    }

    /// A POST of `value` as JSON. It is never sent on by a redirect.
    ///
    /// # Errors
    /// When `value` cannot be said in JSON.
    pub fn post_json(url: Url, accept: &'static str, value: &impl Serialize) -> Result<Self, serde_json::Error> {
        let payload = Payload { content_type: "application/json", body: serde_json::to_string(value)? };
        Ok(Self { payload: Some(payload), ..Self::get(url, accept) })
    }

    /// The same request, conditional on a change since `validators`.
    #[must_use]
    pub fn validators(mut self, validators: Validators) -> Self {
        self.validators = validators;
        self
    }

    /// The same request, with `authorization`.
    #[must_use]
    pub fn authorization(mut self, authorization: Authorization) -> Self {
        self.authorization = Some(authorization);
        self
    }

    /// The same request; an answer with one of these statuses of refusal is passed on to the caller, who can read the
    /// reason in it, rather than made an error. See [`Answer::status`](super::Answer::status).
    #[must_use]
    pub fn passing(mut self, statuses: &'static [u16]) -> Self {
        self.passing = statuses;
        self
    }

    /// The headers for one hop, to `url`. The second value says whether an authorization is among them.
    pub(super) fn headers(&self, url: &Url, allowed: &Allowed) -> Result<(HeaderMap, bool), FetchError> {
        let mut headers: HeaderMap = self.validators.headers().collect();
        headers.insert(header::ACCEPT, HeaderValue::from_static(self.accept));
        let Some(authorization) = self.authorization.as_ref().filter(|_| url.origin() == self.url.origin()) else {
            return Ok((headers, false));
        };
        if url.scheme() != "https" && !is_allowed(url, allowed) {
            let reason = format!(
                "a token is never sent over plain http, where anybody on the way can read it: write https:// in the address of {}",
                url.host_str().unwrap_or_default()
            );
            return Err(FetchError::Refused { reason });
        }
        let (name, value) = authorization.header()?;
        headers.insert(name, value);
        Ok((headers, true))
    }
}

impl Authorization {
    fn header(&self) -> Result<(HeaderName, HeaderValue), FetchError> {
        let (name, text) = match self {
            Self::Bearer(token) => (header::AUTHORIZATION, format!("Bearer {}", token.expose())),
            Self::Basic { user, password } => {
                let pair = BASE64_STANDARD.encode(format!("{user}:{}", password.expose()));
                (header::AUTHORIZATION, format!("Basic {pair}"))
            }
            Self::Header(name, secret) => (HeaderName::from_static(name), secret.expose().to_owned()),
        };
        let mut value = HeaderValue::from_str(&text).map_err(|_| FetchError::Refused {
            reason: "the token holds characters that cannot be sent: check that it was copied whole, on one line"
                .into(),
        })?;
        value.set_sensitive(true);
        Ok((name, value))
    }

    /// Where its secret was read from, where that is known.
    pub(super) fn place(&self) -> Option<&str> {
        match self {
            Self::Bearer(secret) | Self::Header(_, secret) => secret.place(),
            Self::Basic { password, .. } => password.place(),
        }
    }
}

/// The address that stands in `url` itself; `None` where a name stands there.
pub(super) fn literal_address(url: &Url) -> Option<SocketAddr> {
    let address = match url.host()? {
        Host::Ipv4(v4) => v4.into(),
        Host::Ipv6(v6) => v6.into(),
        Host::Domain(_) => return None, // the resolver checks what it leads to
    };
    Some(SocketAddr::new(address, url.port_or_known_default().unwrap_or_default()))
}

fn is_allowed(url: &Url, allowed: &Allowed) -> bool {
    literal_address(url).is_some_and(|literal| allowed.has(literal))
}
