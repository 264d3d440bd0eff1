//! Changing a note, and taking it away.

use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use civic::work::notes::{self, Note, NoteId};

use super::{address, kept};
use crate::error::AppError;
use crate::pages::Section;
use crate::pages::form::Field;
use crate::pages::form_page::FormPage;
use crate::sent::Sent;
use crate::site::Site;

/// `/work/notes/{id}`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let note = found(&site, &id).await?;
    form(&site, &note, note.version, &note.words, None)
}

/// `POST /work/notes/{id}`.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn change(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let note = found(&site, &id).await?;
    let (id, read, words) = (note.id.clone(), sent.version()?, sent.text("words"));
    let typed = words.clone();
    let changed = site.record().decide(site.actor()?, site.now(), move |tx| notes::change(tx, &id, read, &words)).await;
    kept(changed, |()| back(&note), |message| form(&site, &note, read, &typed, Some(message)))
}

/// `POST /work/notes/{id}/remove`.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn remove(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let note = found(&site, &id).await?;
    let (id, read) = (note.id.clone(), sent.version()?);
    site.record().decide(site.actor()?, site.now(), move |tx| notes::remove(tx, &id, read)).await?;
    Ok(Redirect::to(&back(&note)).into_response())
}

fn back(note: &Note) -> String {
    format!("{}/work#notes", address(&note.subject))
}

fn form(site: &Site, note: &Note, read: i64, typed: &str, problem: Option<String>) -> Result<Response, AppError> {
    let problems: Vec<(&'static str, String)> = problem.into_iter().map(|message| ("words", message)).collect();
    let address = format!("/work/notes/{}", note.id);
    FormPage::new(site, Section::Other, "Change a note", address.clone(), "Keep the note")
        .from(back(note), "Notes")
        .with("version", &read)
        .field(Field::long("words", "Note").typed(typed).checked(&problems))
        .otherwise(format!("{address}/remove"), "Delete the note")
        .wrong(problems)
        .show(None)
}

async fn found(site: &Site, id: &str) -> Result<Note, AppError> {
    let id = NoteId::parse(id).ok_or(AppError::NotFound)?;
    site.record().read(move |db| notes::find(db, &id)).await?.ok_or(AppError::NotFound)
}
