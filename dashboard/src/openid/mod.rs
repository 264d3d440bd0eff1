//! Signing in with an account that people have elsewhere: OpenID Connect, the authorization code flow with PKCE.
//!
//! The browser goes to the provider with what an [`attempt`] gives it, and comes back with a code. The code is exchanged for a
//! token, in which the provider says who it is; only a token in which everything is right is believed ([`token`]). Who it is,
//! issuer and subject tell together, never a name or an address.

mod attempt;
mod config;
mod keys;
mod provider;
#[cfg(test)]
mod testing;
mod token;

use std::sync::Arc;

use axum::http::HeaderMap;
use civic::Token;
use civic::account::Vouched;
use jiff::Timestamp;
use serde::Deserialize;
use thiserror::Error;
use url::Url;

pub use self::attempt::Attempt;
pub use self::config::OpenIdConfig;
use self::provider::Provider;
use self::token::{Claims, Expected, Untrusted, check};
use crate::doors::{Outward, ShowSecret};
use crate::error::AppError;

/// Why somebody is not signed in.
#[derive(Debug, Error)]
pub enum Failure {
    /// The provider does not answer, or answers what cannot be read.
    #[error("the provider of sign-ins cannot be used: {0}")]
    Unreachable(String),
    /// It does not take the code, or does not take us.
    #[error("the provider does not exchange the code: {0}")]
    Refused(&'static str),
    /// What it says of the person is not believed.
    #[error("the provider's token is not believed: {0}")]
    Untrusted(#[from] Untrusted),
    /// The person has no verified address at one of the domains in the configuration.
    #[error("the person has no verified address at a domain in `email_domains`")]
    NotAdmitted,
}

/// Signing in elsewhere, as it is configured.
pub struct OpenId {
    config: OpenIdConfig,
    door: Arc<dyn Outward>,
    provider: Provider,
    /// What attempts are signed with. Without random numbers there is none, and nobody signs in this way.
    key: Option<Token>,
}

/// Asks a provider for everything that signing in needs of it: for who puts it into the configuration.
///
/// # Errors
/// What is wrong, in words.
pub async fn try_provider(config: &OpenIdConfig, door: Arc<dyn Outward>) -> Result<(), String> {
    let openid = OpenId::new(config.clone(), door);
    openid.try_provider(Timestamp::now()).await.map_err(|failure| failure.to_string())
}

/// What a code is exchanged for.
#[derive(Deserialize)]
struct Exchanged {
    id_token: String,
}

/// Why a code is not exchanged.
#[derive(Deserialize)]
struct NotExchanged {
    error: String,
}

impl OpenId {
    /// As configured, over the door to the provider.
    pub fn new(config: OpenIdConfig, door: Arc<dyn Outward>) -> Self {
        let provider = Provider::new(&config.issuer, Arc::clone(&door));
        Self { config, door, provider, key: Token::new().ok() }
    }

    /// The words of the button.
    pub fn button(&self) -> &str {
        &self.config.button
    }

    /// The provider's host, for people.
    pub fn host(&self) -> String {
        Url::parse(&self.config.issuer).ok().and_then(|url| url.host_str().map(str::to_owned)).unwrap_or_default()
    }

    /// Whether this is the provider's name for itself.
    pub fn is_issuer(&self, name: &str) -> bool {
        name == self.config.issuer
    }

    /// Asks the provider for everything that signing in needs of it.
    ///
    /// # Errors
    /// [`Failure::Unreachable`].
    async fn try_provider(&self, now: Timestamp) -> Result<(), Failure> {
        self.provider.keys(now).await.map(|_| ())
    }

    /// What attempts are signed with.
    ///
    /// # Errors
    /// When the machine gave no random numbers.
    pub fn key(&self) -> Result<&Token, AppError> {
        self.key.as_ref().ok_or_else(|| AppError::Store("there were no random numbers for a key".to_owned()))
    }

    /// Where the browser goes for this attempt.
    ///
    /// # Errors
    /// [`Failure::Unreachable`].
    pub async fn way_out(&self, attempt: &Attempt, now: Timestamp) -> Result<Url, Failure> {
        let mut url = self.provider.document(now).await?.authorization_endpoint.clone();
        url.query_pairs_mut()
            .append_pair("response_type", "code")
            .append_pair("response_mode", "query")
            .append_pair("client_id", &self.config.client_id)
            .append_pair("redirect_uri", &self.config.return_address())
            .append_pair("scope", "openid profile email")
            .append_pair("state", &attempt.state())
            .append_pair("nonce", &attempt.nonce())
            .append_pair("code_challenge", &attempt.challenge())
            .append_pair("code_challenge_method", "S256");
        Ok(url)
    }

    /// The attempt that the browser has under way.
    pub fn under_way(&self, headers: &HeaderMap, now: Timestamp) -> Option<Attempt> {
        Attempt::under_way(headers, self.key.as_ref()?, now)
    }

    /// Where the person can sign out at the provider too, where that is known already.
    pub async fn way_to_sign_out(&self) -> Option<Url> {
        let mut url = self.provider.known().await?.end_session_endpoint.clone()?;
        url.query_pairs_mut().append_pair("client_id", &self.config.client_id);
        Some(url)
    }

    /// Who came back from this attempt with this code.
    ///
    /// # Errors
    /// [`Failure`].
    pub async fn who(&self, attempt: &Attempt, code: &str, now: Timestamp) -> Result<Vouched, Failure> {
        let token = self.exchange(attempt, code, now).await?;
        let nonce = attempt.nonce();
        let expected = Expected { issuer: &self.config.issuer, client_id: &self.config.client_id, nonce: &nonce, now };
        let keys = self.provider.keys(now).await?;
        let mut verdict = check(&token, &keys, &expected);
        if matches!(verdict, Err(Untrusted::UnknownKey)) {
            // The provider may have changed its keys since we asked.
            let keys = self.provider.newer_keys(now).await?;
            verdict = check(&token, &keys, &expected);
        }
        self.admit(&verdict?)
    }

    async fn exchange(&self, attempt: &Attempt, code: &str, now: Timestamp) -> Result<String, Failure> {
        let document = self.provider.document(now).await?;
        let (back, verifier) = (self.config.return_address(), attempt.verifier());
        let fields = [
            ("grant_type", "authorization_code"),
            ("code", code),
            ("redirect_uri", back.as_str()),
            ("client_id", self.config.client_id.as_str()),
            ("code_verifier", verifier.as_str()),
        ];
        let show = if document.takes_secrets_in_header() { ShowSecret::InHeader } else { ShowSecret::InForm };
        let (status, body) =
            self.door.send(&document.token_endpoint, &fields, show).await.map_err(Failure::Unreachable)?;
        if status == 200 {
            let exchanged: Exchanged = serde_json::from_slice(&body).map_err(|_| Untrusted::Form)?;
            return Ok(exchanged.id_token);
        }
        let why = serde_json::from_slice(&body).map_or(String::new(), |no: NotExchanged| no.error);
        // Only words that we know are logged: others could hold anything.
        Err(Failure::Refused(match why.as_str() {
            "invalid_grant" => "the code was used already, is too old, or is not ours",
            "invalid_client" | "unauthorized_client" => "it does not know `client_id` with this secret",
            _ => "it does not say why in a way that we know",
        }))
    }

    fn admit(&self, claims: &Claims) -> Result<Vouched, Failure> {
        let domain = claims.text("email").rsplit_once('@').map(|(_, domain)| domain);
        let is_named = |named: &String| domain.is_some_and(|domain| domain.eq_ignore_ascii_case(named));
        let domains = &self.config.email_domains;
        let is_admitted = claims.has_verified_email() && domains.iter().any(is_named);
        if !domains.is_empty() && !is_admitted {
            return Err(Failure::NotAdmitted);
        }
        let names = [claims.text("name"), claims.text("preferred_username")];
        Ok(Vouched {
            issuer: self.config.issuer.clone(),
            subject: claims.sub.clone(),
            name: names.into_iter().find(|name| !name.trim().is_empty()).unwrap_or_default().to_owned(),
            role: self.config.role(claims.texts(&self.config.roles_claim)),
        })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::Ordering;

    use super::testing::{ISSUER, Paper, claims, config};
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    /// Signs in over `paper` at this second, with these claims changed.
    async fn sign_in(openid: &OpenId, paper: &Paper, second: i64) -> Result<Vouched, Failure> {
        let attempt = Attempt::new("/", at(second)).unwrap();
        openid.way_out(&attempt, at(second)).await?;
        paper.answer_with(&claims(ISSUER, &attempt.nonce(), at(second).as_second()));
        openid.who(&attempt, "code", at(second)).await
    }

    #[tokio::test]
    async fn new_keys_are_fetched_once_when_a_token_names_one_and_at_most_once_a_minute() {
        let paper = Arc::new(Paper::new());
        let openid = OpenId::new(config(ISSUER), paper.clone());
        assert_eq!(sign_in(&openid, &paper, 0).await.unwrap().subject, "person-1");
        let asked = || paper.keys_asked.load(Ordering::SeqCst);
        assert_eq!(asked(), 1);
        sign_in(&openid, &paper, 1).await.unwrap();
        assert_eq!(asked(), 1, "the keys are remembered");

        paper.rotate("b");
        sign_in(&openid, &paper, 61).await.unwrap();
        assert_eq!(asked(), 2, "a key that is not known is looked for");
        paper.rotate("c");
        let too_soon = sign_in(&openid, &paper, 62).await.unwrap_err();
        assert!(matches!(too_soon, Failure::Untrusted(Untrusted::UnknownKey)), "{too_soon}");
        assert_eq!(asked(), 2, "made-up keys do not make us ask without end");
        sign_in(&openid, &paper, 122).await.unwrap();
        assert_eq!(asked(), 3);
        sign_in(&openid, &paper, 122 + 3600).await.unwrap();
        assert_eq!(asked(), 4, "keys that were withdrawn are not trusted for longer than an hour");
    }

    #[tokio::test]
    async fn a_provider_that_does_not_answer_is_given_a_rest() {
        let paper = Arc::new(Paper::new());
        let openid = OpenId::new(config(ISSUER), paper.clone());
        paper.is_down.store(true, Ordering::SeqCst);
        for (second, asked) in [(0, 1), (1, 1), (9, 1), (10, 2)] {
            assert!(matches!(sign_in(&openid, &paper, second).await, Err(Failure::Unreachable(_))));
            assert_eq!(paper.documents_asked.load(Ordering::SeqCst), asked, "{second}");
        }
        paper.is_down.store(false, Ordering::SeqCst);
        assert!(sign_in(&openid, &paper, 20).await.is_ok());
    }

    #[tokio::test]
    async fn only_verified_addresses_of_the_domains_that_are_named_are_admitted() {
        let admitted = async |domains: &[&str], email: &str, is_verified: bool| {
            let paper = Arc::new(Paper::new());
            let email_domains = domains.iter().map(ToString::to_string).collect();
            let openid = OpenId::new(OpenIdConfig { email_domains, ..config(ISSUER) }, paper.clone());
            let attempt = Attempt::new("/", at(0)).unwrap();
            let mut said = claims(ISSUER, &attempt.nonce(), at(0).as_second());
            (said["email"], said["email_verified"]) = (email.into(), is_verified.into());
            paper.answer_with(&said);
            openid.who(&attempt, "code", at(0)).await.is_ok()
        };
        assert!(admitted(&[], "", false).await);
        assert!(admitted(&["nhs.net"], "gil@NHS.net", true).await);
        for (email, is_verified) in [
            ("gil@nhs.net", false),
            ("gil@evil.example", true),
            ("gil@nhs.net@evil.example", true),
            ("", true),
            ("gil@x.nhs.net", true),
        ] {
            assert!(!admitted(&["nhs.net"], email, is_verified).await, "{email} {is_verified}");
        }
    }
}
