//! What a provider publishes of itself: its addresses (OpenID Connect Discovery) and its keys, asked for when they are needed, and
//! remembered.

use std::sync::Arc;

use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;
use tokio::sync::Mutex;
use url::Url;

use super::Failure;
use super::config::is_safe;
use super::keys::Keys;
use crate::doors::Outward;

/// How long what was read is good for: a key that the provider withdraws is trusted no longer than this.
const GOOD_FOR: SignedDuration = SignedDuration::from_hours(1);

/// A key that is not known makes us ask for newer ones at most so often: tokens with made-up keys cost nothing to make.
const KEYS_AT_MOST_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// A provider that did not answer is not asked again for so long, lest everybody waits for the same.
const REST: SignedDuration = SignedDuration::from_secs(10);

/// What a provider says of itself.
#[derive(Clone, Debug, Deserialize)]
pub struct Document {
    issuer: String,
    /// Where browsers go.
    pub authorization_endpoint: Url,
    /// Where codes are exchanged.
    pub token_endpoint: Url,
    jwks_uri: Url,
    /// Where browsers go to sign out.
    pub end_session_endpoint: Option<Url>,
    token_endpoint_auth_methods_supported: Option<Vec<String>>,
}

/// The provider.
pub struct Provider {
    issuer: String,
    door: Arc<dyn Outward>,
    remembered: Mutex<Remembered>,
}

#[derive(Default)]
struct Remembered {
    document: Option<(Arc<Document>, Timestamp)>,
    keys: Option<(Arc<Keys>, Timestamp)>,
    failed: Option<(String, Timestamp)>,
}

impl Document {
    /// Whether secrets are taken in a header, as the standard wants it where nothing else is said.
    pub fn takes_secrets_in_header(&self) -> bool {
        let methods = self.token_endpoint_auth_methods_supported.as_deref();
        methods.is_none_or(|methods| methods.iter().any(|method| method == "client_secret_basic"))
    }

    /// Whether it is of the issuer that was asked, and names only addresses where nobody listens on the way.
    fn is_of(&self, issuer: &str) -> bool {
        let addresses = [&self.authorization_endpoint, &self.token_endpoint, &self.jwks_uri];
        self.issuer == issuer && addresses.into_iter().chain(&self.end_session_endpoint).all(is_safe)
    }
}

impl Provider {
    /// The provider with this name.
    pub fn new(issuer: &str, door: Arc<dyn Outward>) -> Self {
        Self { issuer: issuer.to_owned(), door, remembered: Mutex::default() }
    }

    /// What it says of itself.
    ///
    /// # Errors
    /// [`Failure::Unreachable`].
    pub async fn document(&self, now: Timestamp) -> Result<Arc<Document>, Failure> {
        // The lock is held while it is asked, so that a burst of people asks once.
        let mut remembered = self.remembered.lock().await;
        self.document_of(&mut remembered, now).await
    }

    /// What it said of itself last, if it was asked.
    pub async fn known(&self) -> Option<Arc<Document>> {
        self.remembered.lock().await.document.as_ref().map(|(document, _)| Arc::clone(document))
    }

    /// Its keys.
    ///
    /// # Errors
    /// [`Failure::Unreachable`].
    pub async fn keys(&self, now: Timestamp) -> Result<Arc<Keys>, Failure> {
        self.keys_of(GOOD_FOR, now).await
    }

    /// Its keys, asked for again unless that was done only just now.
    ///
    /// # Errors
    /// [`Failure::Unreachable`].
    pub async fn newer_keys(&self, now: Timestamp) -> Result<Arc<Keys>, Failure> {
        self.keys_of(KEYS_AT_MOST_EVERY, now).await
    }

    async fn keys_of(&self, good_for: SignedDuration, now: Timestamp) -> Result<Arc<Keys>, Failure> {
        let mut remembered = self.remembered.lock().await;
        if let Some(keys) = fresh(remembered.keys.as_ref(), good_for, now) {
            return Ok(keys);
        }
        let address = self.document_of(&mut remembered, now).await?.jwks_uri.clone();
        let json = self.ask(&mut remembered, &address, now).await?;
        let keys = Keys::read(&json).map_err(|error| fails(&mut remembered, format!("its keys: {error}"), now))?;
        let keys = Arc::new(keys);
        remembered.keys = Some((Arc::clone(&keys), now));
        Ok(keys)
    }

    async fn document_of(&self, remembered: &mut Remembered, now: Timestamp) -> Result<Arc<Document>, Failure> {
        if let Some(document) = fresh(remembered.document.as_ref(), GOOD_FOR, now) {
            return Ok(document);
        }
        let address = format!("{}/.well-known/openid-configuration", self.issuer.trim_end_matches('/'));
        let address = Url::parse(&address).map_err(|error| Failure::Unreachable(format!("`issuer`: {error}")))?;
        let json = self.ask(remembered, &address, now).await?;
        let document = match serde_json::from_slice::<Document>(&json) {
            Ok(document) if document.is_of(&self.issuer) => Arc::new(document),
            Ok(document) => {
                let say = format!(
                    "{address} is of the issuer {:?}, not of {:?}, or names an address that is not https",
                    document.issuer, self.issuer
                );
                return Err(fails(remembered, say, now));
            }
            Err(error) => return Err(fails(remembered, format!("{address} cannot be read: {error}"), now)),
        };
        remembered.document = Some((Arc::clone(&document), now));
        Ok(document)
    }

    async fn ask(&self, remembered: &mut Remembered, address: &Url, now: Timestamp) -> Result<Vec<u8>, Failure> {
        if let Some((why, _)) = remembered.failed.as_ref().filter(|(_, at)| now.duration_since(*at) < REST) {
            return Err(Failure::Unreachable(why.clone()));
        }
        match self.door.get(address).await {
            Ok(body) => Ok(body),
            Err(why) => Err(fails(remembered, why, now)),
        }
    }
}

/// Remembers that it did not work, and why.
fn fails(remembered: &mut Remembered, why: String, now: Timestamp) -> Failure {
    remembered.failed = Some((why.clone(), now));
    Failure::Unreachable(why)
}

/// What was read, if it is younger than `good_for`.
fn fresh<T>(read: Option<&(Arc<T>, Timestamp)>, good_for: SignedDuration, now: Timestamp) -> Option<Arc<T>> {
    read.filter(|(_, at)| now.duration_since(*at) < good_for).map(|(value, _)| Arc::clone(value))
}
