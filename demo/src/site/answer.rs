//! Answers with validators, so that a collector that asks "has it changed?" is told the truth.

use axum::body::Body;
use axum::http::{HeaderMap, StatusCode, header};
use axum::response::Response;
use jiff::Timestamp;
use jiff::fmt::rfc2822::DateTimePrinter;

/// A document that is about to be sent.
#[derive(Debug)]
pub(super) struct Document {
    pub(super) content_type: &'static str,
    pub(super) body: String,
    /// When it last changed (UTC), if it holds anything.
    pub(super) modified: Option<Timestamp>,
    /// The value of a `Link` header.
    pub(super) link: Option<String>,
}

impl Document {
    /// The answer to a request with these headers: the document, or "not modified".
    pub(super) fn answer(self, request: &HeaderMap) -> Response {
        let digest = blake3::hash(self.body.as_bytes()).to_hex();
        let etag = format!("\"{}\"", &digest[..32]);
        let modified = self.modified.and_then(|at| DateTimePrinter::new().timestamp_to_rfc9110_string(&at).ok());
        let mut response = Response::builder()
            .header(header::ETAG, &etag)
            .header("x-fictional", "yes: made for a demonstration of Discovery");
        if let Some(modified) = &modified {
            response = response.header(header::LAST_MODIFIED, modified);
        }
        if let Some(link) = &self.link {
            response = response.header(header::LINK, link);
        }
        let response = if unchanged(request, &etag, modified.as_deref()) {
            response.status(StatusCode::NOT_MODIFIED).body(Body::empty())
        } else {
            response.header(header::CONTENT_TYPE, self.content_type).body(Body::from(self.body))
        };
        response.expect("our headers hold only visible ASCII")
    }
}

/// An answer in plain words.
pub(super) fn plain(status: StatusCode, text: &'static str) -> Response {
    let response = Response::builder().status(status).header(header::CONTENT_TYPE, "text/plain; charset=utf-8");
    response.body(Body::from(text)).expect("our headers hold only visible ASCII")
}

/// Whether the client has the document already. `If-None-Match` decides where it is given (RFC 9110, section 13.2.2).
fn unchanged(request: &HeaderMap, etag: &str, modified: Option<&str>) -> bool {
    let value = |name| request.get(name).and_then(|value| value.to_str().ok());
    match value(header::IF_NONE_MATCH) {
        Some(known) => {
            known.split(',').any(|known| known.trim().trim_start_matches("W/") == etag || known.trim() == "*")
        }
        None => modified.is_some() && value(header::IF_MODIFIED_SINCE) == modified,
    }
}
