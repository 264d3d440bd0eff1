//! What came back.

use std::time::Duration;

use reqwest::header::{self, HeaderMap};
use serde::de::DeserializeOwned;
use serde_json::error::Category;
use url::Url;

use super::error::FetchError;
use super::headers::{self, Validators};
use crate::charset;

/// What came.
#[derive(Debug)]
pub enum Fetched {
    /// A new answer.
    Modified(Box<Answer>),
    /// Nothing has changed since the answer that the validators are from.
    NotModified {
        /// How long this stays so, as the server says.
        fresh_for: Option<Duration>,
    },
}

impl Fetched {
    /// The answer, where the request was unconditional.
    ///
    /// # Errors
    /// [`FetchError::BadAnswer`] when "not modified" was answered all the same.
    pub fn answer(self) -> Result<Box<Answer>, FetchError> {
        match self {
            Self::Modified(answer) => Ok(answer),
            Self::NotModified { .. } => Err(FetchError::BadAnswer {
                reason: "\"not modified\" was answered to an unconditional request".into(),
            }),
        }
    }
}

/// A successful answer, or a refusal that the caller wants to read.
#[derive(Debug)]
pub struct Answer {
    /// The HTTP status: 2xx, unless the request let others pass.
    pub status: u16,
    /// Where it came from, after redirects.
    pub url: Url,
    /// The body, unpacked.
    pub body: Vec<u8>,
    /// What to ask with the next time.
    pub validators: Validators,
    /// How long it stays fresh, as the server says.
    pub fresh_for: Option<Duration>,
    /// How long to wait if our allowance of requests is now used up.
    pub allowance_used_up: Option<Duration>,
    pub(super) headers: HeaderMap,
}

impl Answer {
    /// The media type without parameters, in lower case.
    pub fn media_type(&self) -> Option<String> {
        let value = headers::text(&self.headers, &header::CONTENT_TYPE)?;
        Some(value.split(';').next().unwrap_or_default().trim().to_ascii_lowercase())
    }

    /// The character encoding that the server claims.
    pub fn charset(&self) -> Option<&str> {
        charset::in_content_type(headers::text(&self.headers, &header::CONTENT_TYPE)?)
    }

    /// The target of the `Link` header with this relation.
    pub fn link(&self, relation: &str) -> Option<Url> {
        headers::link(&self.headers, relation, &self.url)
    }

    /// The header `name`, in any case, where it is text.
    pub fn header(&self, name: &str) -> Option<&str> {
        self.headers.get(name)?.to_str().ok()
    }

    /// The body as JSON of the type `T`.
    ///
    /// # Errors
    /// [`FetchError::BadAnswer`], which says where the JSON is not as expected, and nothing of what it holds.
    pub fn json<T: DeserializeOwned>(&self) -> Result<T, FetchError> {
        serde_json::from_slice(&self.body).map_err(|error| {
            let fault = match error.classify() {
                Category::Data => "has not the fields that were expected",
                Category::Eof => "ends too early",
                Category::Syntax | Category::Io => "is not JSON",
            };
            let (host, line, column) = (self.url.host_str().unwrap_or_default(), error.line(), error.column());
            FetchError::BadAnswer { reason: format!("the answer of {host} {fault} (line {line}, column {column})") }
        })
    }
}
