//! What a provider says of a person: a signed token (OpenID Connect Core, 3.1.3.7), believed only when everything in it is right.

use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use jiff::Timestamp;
use serde::Deserialize;
use serde::de::DeserializeOwned;
use serde_json::{Map, Value};
use thiserror::Error;

use super::keys::{Algorithm, Keys};

/// The longest token that is read, in bytes.
const LONGEST: usize = 64 << 10;

/// So far the provider's clock and ours may be apart, in seconds.
const LEEWAY_S: f64 = 60.0;

/// Why a token is not believed. The words are for the log: who signs in is told only that it was not believed.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum Untrusted {
    /// It is no token.
    #[error("it is not a signed token, or lacks what every token has")]
    Form,
    /// It is signed in a way that is not taken.
    #[error("it is signed neither with RS256 nor with ES256")]
    Algorithm,
    /// The key is not among those that are published.
    #[error("its key is not among those that the provider publishes")]
    UnknownKey,
    /// The signature is wrong.
    #[error("its signature is wrong")]
    Signature,
    /// Another provider made it.
    #[error("it is not of the issuer in the configuration")]
    Issuer,
    /// It is for somebody else.
    #[error("it is for another client than the one in the configuration")]
    Audience,
    /// It is too old.
    #[error("it has expired: are both clocks right?")]
    Expired,
    /// It is of the future.
    #[error("it is not good yet: are both clocks right?")]
    Early,
    /// It belongs to another attempt.
    #[error("it was made for another attempt to sign in")]
    Nonce,
}

/// What must stand in the token.
#[derive(Clone, Copy, Debug)]
pub struct Expected<'a> {
    /// Who makes tokens.
    pub issuer: &'a str,
    /// What the issuer calls us.
    pub client_id: &'a str,
    /// The nonce of the attempt.
    pub nonce: &'a str,
    /// The time (UTC).
    pub now: Timestamp,
}

/// What a token says.
#[derive(Clone, Debug, Deserialize)]
pub struct Claims {
    iss: String,
    /// What the issuer calls the person, for good.
    pub sub: String,
    aud: Audience,
    azp: Option<String>,
    exp: f64,
    nbf: Option<f64>,
    iat: f64,
    nonce: Option<String>,
    /// Everything else.
    #[serde(flatten)]
    others: Map<String, Value>,
}

#[derive(Clone, Debug, Deserialize)]
#[serde(untagged)]
enum Audience {
    One(String),
    Many(Vec<String>),
}

#[derive(Deserialize)]
struct Header {
    alg: String,
    kid: Option<String>,
    crit: Option<Value>,
}

impl Claims {
    /// The text of a claim; empty where there is none.
    pub fn text(&self, claim: &str) -> &str {
        self.others.get(claim).and_then(Value::as_str).unwrap_or_default()
    }

    /// The texts of a claim that may have several.
    pub fn texts(&self, claim: &str) -> impl Iterator<Item = &str> {
        let (one, many) = match self.others.get(claim) {
            Some(Value::Array(many)) => (None, many.as_slice()),
            other => (other, &[][..]),
        };
        one.into_iter().chain(many).filter_map(Value::as_str)
    }

    /// Whether the issuer vouches for the address: as the standard says it, or as Microsoft Entra ID does.
    pub fn has_verified_email(&self) -> bool {
        ["email_verified", "xms_edov"].iter().any(|claim| match self.others.get(*claim) {
            Some(Value::Bool(is_so)) => *is_so,
            Some(Value::String(text)) => matches!(text.as_str(), "true" | "1"),
            _ => false,
        })
    }

    fn is_for(&self, client_id: &str) -> bool {
        let is_ours = match &self.aud {
            Audience::One(one) => one == client_id,
            // We trust nobody else with what is said to us.
            Audience::Many(many) => !many.is_empty() && many.iter().all(|one| one == client_id),
        };
        is_ours && self.azp.as_deref().is_none_or(|azp| azp == client_id)
    }
}

/// What `token` says, if all of it is right.
///
/// # Errors
/// [`Untrusted`].
pub fn check(token: &str, keys: &Keys, expected: &Expected<'_>) -> Result<Claims, Untrusted> {
    if token.len() > LONGEST {
        return Err(Untrusted::Form);
    }
    let (signed, signature) = token.rsplit_once('.').ok_or(Untrusted::Form)?;
    let (header, claims) = signed.split_once('.').ok_or(Untrusted::Form)?;
    let header: Header = part(header)?;
    let algorithm = match header.alg.as_str() {
        "RS256" => Algorithm::RS256,
        "ES256" => Algorithm::ES256,
        _ => return Err(Untrusted::Algorithm),
    };
    if header.crit.is_some() {
        return Err(Untrusted::Form);
    }
    let signature = URL_SAFE_NO_PAD.decode(signature).map_err(|_| Untrusted::Form)?;
    keys.check(algorithm, header.kid.as_deref(), signed.as_bytes(), &signature)?;
    let claims: Claims = part(claims)?;
    // Seconds since 1970 are far below 2^53, where f64 is exact.
    let now = expected.now.as_second() as f64;
    let refused = [
        (claims.iss != expected.issuer, Untrusted::Issuer),
        (!claims.is_for(expected.client_id), Untrusted::Audience),
        (claims.exp + LEEWAY_S <= now, Untrusted::Expired),
        (claims.nbf.unwrap_or(claims.iat).max(claims.iat) - LEEWAY_S > now, Untrusted::Early),
        (claims.nonce.as_deref() != Some(expected.nonce), Untrusted::Nonce),
        (claims.sub.is_empty() || claims.sub.len() > 255, Untrusted::Form),
    ];
    match refused.into_iter().find(|(is_so, _)| *is_so) {
        Some((_, why)) => Err(why),
        None => Ok(claims),
    }
}

fn part<T: DeserializeOwned>(encoded: &str) -> Result<T, Untrusted> {
    let bytes = URL_SAFE_NO_PAD.decode(encoded).map_err(|_| Untrusted::Form)?;
    serde_json::from_slice(&bytes).map_err(|_| Untrusted::Form)
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::openid::testing::{Signer, claims};

    const NOW: i64 = 1_790_000_000;

    fn verdict(signer: &Signer, token: &str) -> Result<Claims, Untrusted> {
        let now = Timestamp::from_second(NOW).unwrap();
        let expected = Expected { issuer: "https://id.example", client_id: "discovery", nonce: "n", now };
        check(token, &Keys::read(signer.published().to_string().as_bytes()).unwrap(), &expected)
    }

    /// The verdict about a token with these claims instead of the right ones; null takes one away.
    fn with(signer: &Signer, changed: &Value) -> Result<Claims, Untrusted> {
        let mut all = claims("https://id.example", "n", NOW);
        for (name, value) in changed.as_object().unwrap() {
            all[name] = value.clone();
        }
        all.as_object_mut().unwrap().retain(|_, value| !value.is_null());
        verdict(signer, &signer.sign(&all))
    }

    #[test]
    fn a_token_is_believed_only_when_all_of_it_is_right() {
        let signer = Signer::new("a");
        let believed = with(&signer, &json!({ "groups": ["x", 7, "y"], "roles": "z" })).unwrap();
        assert_eq!((believed.sub.as_str(), believed.text("name")), ("person-1", "Gil Example"));
        assert_eq!(believed.texts("groups").collect::<Vec<_>>(), ["x", "y"]);
        assert_eq!(believed.texts("roles").collect::<Vec<_>>(), ["z"]);
        for fine in [
            json!({ "aud": ["discovery"] }),
            json!({ "azp": "discovery" }),
            json!({ "exp": NOW - 59 }),
            json!({ "iat": NOW + 60 }),
            json!({ "nbf": NOW }),
            json!({ "exp": 1_790_000_000.5 }),
        ] {
            assert!(with(&signer, &fine).is_ok(), "{fine}");
        }
        for (wrong, why) in [
            (json!({ "iss": "https://id.example/" }), Untrusted::Issuer),
            (json!({ "aud": "another" }), Untrusted::Audience),
            (json!({ "aud": ["discovery", "another"] }), Untrusted::Audience),
            (json!({ "aud": [] }), Untrusted::Audience),
            (json!({ "azp": "another" }), Untrusted::Audience),
            (json!({ "exp": NOW - 60 }), Untrusted::Expired),
            (json!({ "nbf": NOW + 61 }), Untrusted::Early),
            (json!({ "iat": NOW + 61 }), Untrusted::Early),
            (json!({ "nonce": "m" }), Untrusted::Nonce),
            (json!({ "nonce": null }), Untrusted::Nonce),
            (json!({ "exp": null }), Untrusted::Form),
            (json!({ "iat": null }), Untrusted::Form),
            (json!({ "sub": null }), Untrusted::Form),
            (json!({ "sub": "" }), Untrusted::Form),
        ] {
            assert_eq!(with(&signer, &wrong).unwrap_err(), why, "{wrong}");
        }
    }

    #[test]
    fn only_a_published_key_signs_and_only_in_the_two_ways() {
        let signer = Signer::new("a");
        let claims = claims("https://id.example", "n", NOW);
        let whole = signer.sign(&claims);
        let (before, signature) = whole.rsplit_once('.').unwrap();
        let (_, body) = before.split_once('.').unwrap();
        let head = |header: Value| URL_SAFE_NO_PAD.encode(header.to_string());
        for (token, why) in [
            (Signer::new("a").sign(&claims), Untrusted::Signature),
            (Signer::new("b").sign(&claims), Untrusted::UnknownKey),
            (format!("{}.{body}.", head(json!({ "alg": "none" }))), Untrusted::Algorithm),
            (format!("{}.{body}.{signature}", head(json!({ "alg": "HS256", "kid": "a" }))), Untrusted::Algorithm),
            (format!("{}.{body}.{signature}", head(json!({ "alg": "RS256", "kid": "a" }))), Untrusted::UnknownKey),
            (format!("{}.{body}.{signature}", head(json!({ "alg": "ES256", "kid": "a" }))), Untrusted::Signature),
            (
                format!("{}.{body}.{signature}", head(json!({ "alg": "ES256", "kid": "a", "crit": ["x"] }))),
                Untrusted::Form,
            ),
            (format!("{before}."), Untrusted::Signature),
            (before.to_owned(), Untrusted::Form),
            (String::new(), Untrusted::Form),
            ("x".repeat(LONGEST + 1), Untrusted::Form),
        ] {
            assert_eq!(verdict(&signer, &token).unwrap_err(), why, "{token}");
        }
        assert!(verdict(&signer, &whole).is_ok());
    }

    #[test]
    fn an_address_counts_only_when_the_issuer_vouches_for_it() {
        let signer = Signer::new("a");
        for (claim, is_so) in [
            (json!({ "email_verified": true }), true),
            (json!({ "email_verified": "true" }), true),
            (json!({ "xms_edov": "1" }), true),
            (json!({ "email_verified": false }), false),
            (json!({ "email_verified": null }), false),
            (json!({ "email_verified": 1 }), false),
        ] {
            assert_eq!(with(&signer, &claim).unwrap().has_verified_email(), is_so, "{claim}");
        }
    }
}
