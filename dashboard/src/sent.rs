//! Forms that change something: read as a whole, and taken from our own pages only.

use std::sync::Arc;

use axum::body::Bytes;
use axum::extract::{FromRequest, FromRequestParts, Request};
use url::form_urlencoded;

use crate::app::App;
use crate::error::AppError;
use crate::site::Site;

/// The name of the hidden field with the token.
pub const TOKEN: &str = "form_token";

/// What a form was sent with. Whoever has it knows that it came from a page of ours.
#[derive(Debug)]
pub struct Sent(Vec<(String, String)>);

impl Sent {
    /// The field's answer, trimmed, with the line ends of this machine; empty where there is none.
    pub fn text(&self, field: &str) -> String {
        self.all(field).next().unwrap_or_default()
    }

    /// The answers of a field that may have several.
    pub fn all<'a>(&'a self, field: &'a str) -> impl Iterator<Item = String> + 'a {
        self.0
            .iter()
            .filter(move |(name, _)| name == field)
            .map(|(_, value)| value.replace("\r\n", "\n").trim().to_owned())
    }

    /// The field's answer as it was typed: a password may begin with a space.
    pub fn exact(&self, field: &str) -> &str {
        self.0.iter().find(|(name, _)| name == field).map_or("", |(_, value)| value)
    }

    /// Whether a box was ticked, or a button pressed.
    pub fn has(&self, field: &str) -> bool {
        self.0.iter().any(|(name, _)| name == field)
    }

    /// The version of what was read when the form was opened.
    ///
    /// # Errors
    /// [`AppError::BadRequest`] when it is no number.
    pub fn version(&self) -> Result<i64, AppError> {
        self.text("version")
            .parse()
            .map_err(|_| AppError::BadRequest("the form does not say what it changes".to_owned()))
    }
}

impl FromRequest<Arc<App>> for Sent {
    type Rejection = AppError;

    async fn from_request(request: Request, app: &Arc<App>) -> Result<Self, AppError> {
        let (mut parts, body) = request.into_parts();
        let site = Site::from_request_parts(&mut parts, app).await?;
        let headers = parts.headers.clone();
        let body = Bytes::from_request(Request::from_parts(parts, body), app)
            .await
            .map_err(|_| AppError::BadRequest("the form is too long, or did not arrive as a whole".to_owned()))?;
        let sent = Self(form_urlencoded::parse(&body).into_owned().collect());
        if site.admits(&headers, sent.exact(TOKEN)) { Ok(sent) } else { Err(AppError::NotFromHere) }
    }
}
