//! Decisions that a form makes.

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use civic::{RecordError, Tx};

use crate::error::AppError;
use crate::site::Site;

/// Makes a decision of the visitor, and leads to the page that shows it; or shows the form `again` with what is wrong.
pub async fn decide<T: Send + 'static>(
    site: &Site,
    change: impl FnOnce(&mut Tx<'_>) -> Result<T, RecordError> + Send + 'static,
    to: impl FnOnce(T) -> String,
    again: impl AsyncFnOnce(String) -> Result<Response, AppError>,
) -> Result<Response, AppError> {
    match site.record().decide(site.actor()?, site.now(), change).await {
        Ok(kept) => Ok(Redirect::to(&to(kept)).into_response()),
        Err(RecordError::Refused(message)) => {
            let page = again(message).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}
