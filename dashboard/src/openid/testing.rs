//! A provider on paper: it signs real tokens, and answers what it is told to.

use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Mutex, PoisonError};

use async_trait::async_trait;
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use ring::rand::SystemRandom;
use ring::signature::{ECDSA_P256_SHA256_FIXED_SIGNING, EcdsaKeyPair, KeyPair as _};
use serde_json::{Value, json};
use url::Url;

use super::OpenIdConfig;
use crate::doors::{Outward, ShowSecret};

/// The name of the provider.
pub const ISSUER: &str = "https://id.example/tenant/v2.0";

/// A configuration with nothing but what is needed.
pub fn config(issuer: &str) -> OpenIdConfig {
    serde_json::from_value(
        json!({ "issuer": issuer, "client_id": "discovery", "our_address": "https://discovery.example" }),
    )
    .unwrap()
}

/// What a right token says.
pub fn claims(issuer: &str, nonce: &str, now: i64) -> Value {
    json!({ "iss": issuer, "sub": "person-1", "aud": "discovery", "exp": now + 300, "iat": now, "nonce": nonce, "name": "Gil Example" })
}

/// Somebody who signs.
pub struct Signer {
    id: String,
    pair: EcdsaKeyPair,
}

impl Signer {
    /// With a new key under this name.
    pub fn new(id: &str) -> Self {
        let (way, random) = (&ECDSA_P256_SHA256_FIXED_SIGNING, SystemRandom::new());
        let key = EcdsaKeyPair::generate_pkcs8(way, &random).unwrap();
        Self { id: id.to_owned(), pair: EcdsaKeyPair::from_pkcs8(way, key.as_ref(), &random).unwrap() }
    }

    /// The token that says this.
    pub fn sign(&self, claims: &Value) -> String {
        let header = json!({ "alg": "ES256", "kid": self.id, "typ": "JWT" }).to_string();
        let signed = format!("{}.{}", URL_SAFE_NO_PAD.encode(header), URL_SAFE_NO_PAD.encode(claims.to_string()));
        let signature = self.pair.sign(&SystemRandom::new(), signed.as_bytes()).unwrap();
        format!("{signed}.{}", URL_SAFE_NO_PAD.encode(signature))
    }

    /// The public keys.
    pub fn published(&self) -> Value {
        let point = self.pair.public_key().as_ref();
        let [x, y] = [&point[1..33], &point[33..]].map(|half| URL_SAFE_NO_PAD.encode(half));
        json!({ "keys": [{ "kty": "EC", "crv": "P-256", "use": "sig", "kid": self.id, "x": x, "y": y }] })
    }
}

/// The provider.
pub struct Paper {
    signer: Mutex<Signer>,
    answer: Mutex<String>,
    /// Whether it does not answer.
    pub is_down: AtomicBool,
    /// How often it was asked what it is ...
    pub documents_asked: AtomicU32,
    /// ... and for its keys.
    pub keys_asked: AtomicU32,
}

impl Paper {
    /// With a key.
    pub fn new() -> Self {
        Self {
            signer: Mutex::new(Signer::new("a")),
            answer: Mutex::default(),
            is_down: AtomicBool::new(false),
            documents_asked: AtomicU32::new(0),
            keys_asked: AtomicU32::new(0),
        }
    }

    /// Another key from now on.
    pub fn rotate(&self, id: &str) {
        *self.signer.lock().unwrap_or_else(PoisonError::into_inner) = Signer::new(id);
    }

    /// Says this of whoever comes next.
    pub fn answer_with(&self, claims: &Value) {
        let token = self.signer.lock().unwrap_or_else(PoisonError::into_inner).sign(claims);
        *self.answer.lock().unwrap_or_else(PoisonError::into_inner) = json!({ "id_token": token }).to_string();
    }
}

#[async_trait]
impl Outward for Paper {
    async fn get(&self, url: &Url) -> Result<Vec<u8>, String> {
        let is_document = url.path().ends_with("/.well-known/openid-configuration");
        let asked = if is_document { &self.documents_asked } else { &self.keys_asked };
        asked.fetch_add(1, Ordering::SeqCst);
        if self.is_down.load(Ordering::SeqCst) {
            return Err("the provider is down".to_owned());
        }
        let document = json!({
            "issuer": ISSUER,
            "authorization_endpoint": "https://id.example/authorize",
            "token_endpoint": "https://id.example/token",
            "jwks_uri": "https://id.example/keys",
        });
        let keys = self.signer.lock().unwrap_or_else(PoisonError::into_inner).published();
        Ok(if is_document { document } else { keys }.to_string().into_bytes())
    }

    async fn send(&self, _: &Url, _: &[(&str, &str)], _: ShowSecret) -> Result<(u16, Vec<u8>), String> {
        Ok((200, self.answer.lock().unwrap_or_else(PoisonError::into_inner).clone().into_bytes()))
    }
}
