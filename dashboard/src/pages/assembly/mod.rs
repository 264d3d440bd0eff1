//! The Assembly: the next one, its candidates and how they are chosen, the evidence for them, and what the Board answered.

mod candidate;
mod cycle;
mod forms;
mod inputs;
mod jury;
mod nominate;
mod overview;
mod run;
mod vote;
mod words;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use civic::Permission::{Organise, TakePart};
use civic::{RecordError, Tx};

use crate::error::AppError;
use crate::routes::Access::{Anyone, Needs};
use crate::routes::Routes;
use crate::site::Site;

/// What is wrong with which field of a form.
type Problems = Vec<(&'static str, String)>;

/// Routes of the Assembly.
pub fn routes() -> Routes {
    Routes::default()
        .get("/assembly", Anyone, overview::page)
        .get("/assembly/begin", Needs(Organise), run::begin_page)
        .post("/assembly/begin", Needs(Organise), run::begin)
        .get("/assembly/nominate", Needs(Organise), nominate::page)
        .post("/assembly/nominate", Needs(Organise), nominate::nominate)
        .get("/assembly/cycles/{id}", Anyone, cycle::page)
        .get("/assembly/cycles/{id}/change", Needs(Organise), run::change_page)
        .post("/assembly/cycles/{id}/change", Needs(Organise), run::change)
        .post("/assembly/cycles/{id}/order", Needs(Organise), cycle::order)
        .post("/assembly/cycles/{id}/close", Needs(Organise), cycle::close)
        .post("/assembly/cycles/{id}/hold", Needs(Organise), cycle::hold)
        .get("/assembly/cycles/{id}/vote", Anyone, vote::page)
        .post("/assembly/cycles/{id}/vote", Needs(TakePart), vote::cast)
        .get("/assembly/cycles/{id}/open-vote", Needs(Organise), vote::open_page)
        .post("/assembly/cycles/{id}/open-vote", Needs(Organise), vote::open)
        .get("/assembly/cycles/{id}/jury", Needs(Organise), jury::page)
        .post("/assembly/cycles/{id}/jury", Needs(Organise), jury::enter)
        .get("/assembly/candidates/{id}", Anyone, candidate::page)
        .get("/assembly/candidates/{id}/decide", Needs(Organise), candidate::decide_page)
        .post("/assembly/candidates/{id}/decide", Needs(Organise), candidate::decide)
}

/// Makes a decision of the visitor, and leads to the page that shows it; or shows the form `again` with what is wrong.
async fn decide<T: Send + 'static>(
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
