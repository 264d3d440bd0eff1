//! `POST /api/v1/posts`: posts that other systems send, each with a token of its own.

use axum::body::Bytes;
use axum::extract::Path;
use axum::http::{HeaderMap, HeaderValue, StatusCode, header};
use axum::response::{IntoResponse, Json, Response};

use crate::doors::Received;
use crate::error::AppError;
use crate::site::Site;

/// The largest body that is read.
pub const MAX_BODY_BYTES: usize = 4 << 20;

/// `POST /api/v1/posts`.
///
/// # Errors
/// [`AppError::NoPage`] where nothing is taken in.
pub async fn receive(site: Site, headers: HeaderMap, body: Bytes) -> Result<Response, AppError> {
    let receiver = site.parts.receiver.as_ref().ok_or(AppError::NoPage)?;
    let key = headers.get("idempotency-key").and_then(|key| key.to_str().ok());
    Ok(answer(receiver.receive(bearer(&headers), key, &body).await))
}

/// `DELETE /api/v1/posts/{id}`.
///
/// # Errors
/// [`AppError::NoPage`] where nothing is taken in.
pub async fn delete(site: Site, Path(native): Path<String>, headers: HeaderMap) -> Result<Response, AppError> {
    let receiver = site.parts.receiver.as_ref().ok_or(AppError::NoPage)?;
    Ok(answer(receiver.delete(bearer(&headers), &native).await))
}

fn bearer(headers: &HeaderMap) -> Option<&str> {
    let value = headers.get(header::AUTHORIZATION)?.to_str().ok()?;
    let (scheme, token) = value.split_once(' ')?;
    scheme.eq_ignore_ascii_case("bearer").then(|| token.trim())
}

fn answer(received: Received) -> Response {
    let status = StatusCode::from_u16(received.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    let mut response = (status, Json(received.body)).into_response();
    let headers = response.headers_mut();
    if let Some(seconds) = received.retry_after_s {
        headers.insert(header::RETRY_AFTER, HeaderValue::from(seconds));
    }
    if status == StatusCode::UNAUTHORIZED {
        headers.insert(header::WWW_AUTHENTICATE, HeaderValue::from_static("Bearer"));
    }
    response
}
