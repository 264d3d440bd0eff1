//! Removing a comment that stands: its words go, and the reason stays in their place.

use axum::extract::Path;
use axum::response::Response;
use civic::gather::{self, Comment};

use super::href;
use crate::decision::decide;
use crate::error::AppError;
use crate::pages::Section;
use crate::pages::form::Field;
use crate::pages::form_page::FormPage;
use crate::sent::Sent;
use crate::site::Site;

/// `/gather/comments/{id}/remove`.
///
/// # Errors
/// [`AppError::NotFound`], also when it is removed already.
pub async fn remove_page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let comment = found(&site, &id).await?;
    form(&site, &comment, "").show(None)
}

/// `POST /gather/comments/{id}/remove`.
///
/// # Errors
/// [`AppError::NotFound`], or [`AppError::Changed`] when somebody else removed it in the meantime.
pub async fn remove(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let comment = found(&site, &id).await?;
    let reason = sent.text("reason");
    let why = reason.clone();
    decide(
        &site,
        move |tx| gather::moderate_comment(tx, &id, false, &why),
        |()| format!("{}#comments", href(&comment.flag)),
        async |message| form(&site, &comment, &reason).show(Some(message)),
    )
    .await
}

fn form(site: &Site, comment: &Comment, reason: &str) -> FormPage {
    FormPage::new(
        site,
        Section::Gather,
        "Remove a comment",
        format!("/gather/comments/{}/remove", comment.id),
        "Remove it",
    )
    .from(href(&comment.flag), "The flag")
    .about("Its words go for good. The reason stands in their place, for everybody.")
    .quoting(comment.words.clone())
    .field(Field::long("reason", "Why?").hint("Published: name nobody").typed(reason))
}

async fn found(site: &Site, id: &str) -> Result<Comment, AppError> {
    let id = id.to_owned();
    site.record().read(move |db| gather::find_comment(db, &id)).await?.ok_or(AppError::NotFound)
}
