//! An attempt to sign in elsewhere, which the browser keeps in a cookie until it comes back.
//!
//! Nothing is kept here, so that nobody can fill our memory with attempts. What the provider is told (state, nonce, the challenge
//! of PKCE) is made from one secret in the cookie: another browser cannot have it, and the three tell nothing of each other.

use axum::http::{HeaderMap, HeaderValue};
use base64::Engine as _;
use base64::engine::general_purpose::URL_SAFE_NO_PAD;
use civic::{RecordError, Token};
use jiff::{SignedDuration, Timestamp};
use ring::digest::{SHA256, digest};
use url::form_urlencoded;

use crate::error::AppError;
use crate::visitor::{cookie, cookie_header};

/// The cookie. The prefix makes browsers take it from this host only, over TLS or from this machine.
const COOKIE: &str = "__Host-discovery-sign-in";

/// How long somebody may take to sign in at the provider.
const GOOD_FOR: SignedDuration = SignedDuration::from_mins(10);

/// The longest address that is kept, so that the cookie stays within what browsers keep.
const LONGEST_NEXT: usize = 2_000;

/// An attempt to sign in elsewhere.
#[derive(Debug)]
pub struct Attempt {
    secret: Token,
    began: Timestamp,
    /// The page to go to afterwards.
    pub next: String,
}

impl Attempt {
    /// A new one.
    ///
    /// # Errors
    /// When the machine gives no random numbers.
    pub fn new(next: &str, now: Timestamp) -> Result<Self, RecordError> {
        let next = if next.len() > LONGEST_NEXT { "/" } else { next };
        Ok(Self { secret: Token::new()?, began: now, next: next.to_owned() })
    }

    /// What comes back beside the code, so that the code was asked for by this browser.
    pub fn state(&self) -> String {
        self.secret.derive("state")
    }

    /// What stands in the token, so that the token was made for this attempt.
    pub fn nonce(&self) -> String {
        self.secret.derive("nonce")
    }

    /// What is shown with the code, so that a code that was stolen on its way is of no use (RFC 7636).
    pub fn verifier(&self) -> String {
        self.secret.derive("verifier, first half") + &self.secret.derive("verifier, second half")
    }

    /// What the provider is told of the verifier beforehand (S256).
    pub fn challenge(&self) -> String {
        URL_SAFE_NO_PAD.encode(digest(&SHA256, self.verifier().as_bytes()))
    }

    /// The header that makes the browser keep it, signed with our `key`.
    ///
    /// # Errors
    /// Never, for what it holds is encoded.
    pub fn keep(&self, key: &Token) -> Result<HeaderValue, AppError> {
        let mut what = form_urlencoded::Serializer::new(String::new());
        what.append_pair("secret", &self.secret.text()).append_pair("at", &self.began.as_second().to_string());
        let what = what.append_pair("next", &self.next).finish();
        let (signature, seconds) = (key.derive(&what), GOOD_FOR.as_secs());
        cookie_header(&format!(
            "{COOKIE}={signature}&{what}; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age={seconds}"
        ))
    }

    /// The header that makes the browser forget it: an attempt ends with its first answer.
    ///
    /// # Errors
    /// Never.
    pub fn forget() -> Result<HeaderValue, AppError> {
        cookie_header(&format!("{COOKIE}=; Path=/; Secure; HttpOnly; SameSite=Lax; Max-Age=0"))
    }

    /// The attempt that this browser has under way, if it is ours and not too old.
    pub fn under_way(headers: &HeaderMap, key: &Token, now: Timestamp) -> Option<Self> {
        let (signature, what) = cookie(headers, COOKIE)?.split_once('&')?;
        // Hashes are compared in constant time.
        if blake3::hash(key.derive(what).as_bytes()) != blake3::hash(signature.as_bytes()) {
            return None;
        }
        let value = |name| form_urlencoded::parse(what.as_bytes()).find(|(key, _)| key == name).map(|(_, value)| value);
        let began = Timestamp::from_second(value("at")?.parse().ok()?).ok()?;
        let is_fresh = now.duration_since(began) < GOOD_FOR;
        let attempt = Self { secret: Token::parse(&value("secret")?)?, began, next: value("next")?.into_owned() };
        is_fresh.then_some(attempt)
    }
}

#[cfg(test)]
mod tests {
    use axum::http::header;

    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(1_790_000_000 + second).unwrap()
    }

    /// What a browser that was given this sends.
    fn sent(given: &HeaderValue) -> HeaderMap {
        let pair = given.to_str().unwrap().split(';').next().unwrap().to_owned();
        [(header::COOKIE, pair.parse().unwrap())].into_iter().collect()
    }

    #[test]
    fn an_attempt_comes_back_with_its_browser_and_for_ten_minutes() {
        let key = Token::new().unwrap();
        let attempt = Attempt::new("/search?q=a%20b;c&d=e", at(0)).unwrap();
        let headers = sent(&attempt.keep(&key).unwrap());
        let back = Attempt::under_way(&headers, &key, at(599)).unwrap();
        assert_eq!(
            (back.state(), back.nonce(), back.next.as_str()),
            (attempt.state(), attempt.nonce(), "/search?q=a%20b;c&d=e")
        );
        assert!(Attempt::under_way(&headers, &key, at(600)).is_none(), "too late");
        assert!(Attempt::under_way(&headers, &Token::new().unwrap(), at(1)).is_none(), "another's");
        assert!(Attempt::under_way(&HeaderMap::new(), &key, at(1)).is_none());
        let changed = headers[header::COOKIE].to_str().unwrap().replace("search", "elsewhere");
        let changed = [(header::COOKIE, changed.parse().unwrap())].into_iter().collect();
        assert!(Attempt::under_way(&changed, &key, at(1)).is_none(), "changed");
        assert_eq!(Attempt::new(&"/".repeat(2_001), at(0)).unwrap().next, "/");
    }

    #[test]
    fn what_the_provider_is_told_says_nothing_of_the_verifier() {
        let attempt = Attempt::new("/", at(0)).unwrap();
        let (verifier, others) = (attempt.verifier(), [attempt.state(), attempt.nonce(), attempt.challenge()]);
        assert!(
            (43..=128).contains(&verifier.len()) && verifier.chars().all(|c| c.is_ascii_alphanumeric()),
            "RFC 7636, 4.1"
        );
        assert_eq!(attempt.challenge().len(), 43);
        for other in others {
            assert!(!verifier.contains(&other), "{other} in {verifier}");
        }
        assert_ne!(attempt.state(), attempt.nonce());
        assert_ne!(attempt.verifier(), Attempt::new("/", at(0)).unwrap().verifier());
    }
}
