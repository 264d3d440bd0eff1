//! Forms that change something are taken from our own pages only: another site must not make a visitor's browser send
//! one (cross-site request forgery).

use axum::http::{HeaderMap, header};

/// What the form of this process carries. Another site cannot read it.
#[derive(Debug)]
pub struct FormToken(Option<String>);

impl FormToken {
    /// A token that nobody can guess.
    pub fn new() -> Self {
        let mut bytes = [0; 16];
        // Without random numbers there is no token, and no form is taken.
        let random = getrandom::fill(&mut bytes).ok();
        Self(random.map(|()| blake3::hash(&bytes).to_hex()[..32].to_owned()))
    }

    /// The token, for the hidden field of a form.
    pub fn text(&self) -> &str {
        self.0.as_deref().unwrap_or_default()
    }
}

/// Whether a form that carried `sent`, with these headers, comes from a page of ours, whose forms carry `token`.
pub fn admits(headers: &HeaderMap, token: &str, sent: &str) -> bool {
    // Hashes are compared in constant time.
    let known = !token.is_empty() && blake3::hash(token.as_bytes()) == blake3::hash(sent.as_bytes());
    known && is_same_origin(headers)
}

/// Whether what the browser says of a request's origin speaks for us. A browser says at least one of the two; what says
/// neither is no browser that somebody else could make use of.
fn is_same_origin(headers: &HeaderMap) -> bool {
    let text = |name: &str| headers.get(name).and_then(|value| value.to_str().ok());
    let site = text("sec-fetch-site").is_none_or(|site| site == "same-origin");
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok()).unwrap_or_default();
    let origin = text("origin").is_none_or(|origin| {
        origin.split_once("://").is_some_and(|(_, from)| !host.is_empty() && from.eq_ignore_ascii_case(host))
    });
    site && origin
}

#[cfg(test)]
mod tests {
    use super::*;

    fn headers(pairs: &[(&'static str, &str)]) -> HeaderMap {
        pairs.iter().map(|(name, value)| (axum::http::HeaderName::from_static(name), value.parse().unwrap())).collect()
    }

    #[test]
    fn only_our_own_pages_may_send_forms() {
        let token = FormToken::new();
        let host = ("host", "127.0.0.1:8080");
        let ours = [("sec-fetch-site", "same-origin"), ("origin", "http://127.0.0.1:8080"), host];
        assert!(admits(&headers(&ours), token.text(), token.text()));
        assert!(admits(&headers(&[host]), token.text(), token.text()));
        assert!(!admits(&headers(&ours), token.text(), "guess"));
        assert!(!admits(&headers(&ours), token.text(), ""));
        assert!(!admits(&headers(&ours), token.text(), FormToken::new().text()), "another process's token");
        for foreign in [
            ("sec-fetch-site", "cross-site"),
            ("sec-fetch-site", "same-site"),
            ("origin", "http://evil.example"),
            ("origin", "http://127.0.0.1:8081"),
            ("origin", "null"),
        ] {
            assert!(!admits(&headers(&[host, foreign]), token.text(), token.text()), "{foreign:?}");
        }
        assert!(!admits(&headers(&ours), FormToken(None).text(), ""));
    }
}
