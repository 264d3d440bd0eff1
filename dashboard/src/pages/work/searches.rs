//! Keeping a search, renaming and sharing it, and deleting it.

use axum::extract::{Path, RawQuery};
use axum::response::{IntoResponse, Redirect, Response};
use civic::work::searches::{self, SavedSearch, SearchId};

use super::{kept, search_words};
use crate::error::AppError;
use crate::pages::Section;
use crate::pages::form::Field;
use crate::pages::form_page::{Choice, FormPage};
use crate::params::asked;
use crate::sent::Sent;
use crate::site::Site;

/// `/work/searches?search=QUERY`: the form to keep a search.
///
/// # Errors
/// When the page cannot be written.
pub async fn new(site: Site, RawQuery(query): RawQuery) -> Result<Response, AppError> {
    let search = asked(&query.unwrap_or_default(), "search").unwrap_or_default();
    new_form(&site, &search, "", false, None)
}

/// `POST /work/searches`.
///
/// # Errors
/// When the record cannot be written.
pub async fn save(site: Site, sent: Sent) -> Result<Response, AppError> {
    let (name, query, is_shared) = (sent.text("name"), sent.text("search"), is_shared(&sent));
    let (its_name, its_query) = (name.clone(), query.clone());
    let saved = site
        .record()
        .decide(site.actor()?, site.now(), move |tx| searches::save(tx, &its_name, &its_query, is_shared))
        .await;
    kept(saved, |_| "/work#searches".to_owned(), |message| new_form(&site, &query, &name, is_shared, Some(message)))
}

/// `/work/searches/{id}`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let search = found(&site, &id).await?;
    form(&site, &search, search.version, &search.name, search.is_shared, None)
}

/// `POST /work/searches/{id}`.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn change(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let search = found(&site, &id).await?;
    let (id, read, name, is_shared) = (search.id.clone(), sent.version()?, sent.text("name"), is_shared(&sent));
    let typed = name.clone();
    let changed = site
        .record()
        .decide(site.actor()?, site.now(), move |tx| searches::change(tx, &id, read, &name, is_shared))
        .await;
    kept(
        changed,
        |()| "/work#searches".to_owned(),
        |message| form(&site, &search, read, &typed, is_shared, Some(message)),
    )
}

/// `POST /work/searches/{id}/remove`.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn remove(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let search = found(&site, &id).await?;
    let read = sent.version()?;
    site.record().decide(site.actor()?, site.now(), move |tx| searches::remove(tx, &search.id, read)).await?;
    Ok(Redirect::to("/work#searches").into_response())
}

fn is_shared(sent: &Sent) -> bool {
    sent.text("shared") == "yes"
}

fn new_form(site: &Site, query: &str, name: &str, shared: bool, problem: Option<String>) -> Result<Response, AppError> {
    let page = FormPage::new(site, Section::Search, "Keep this search", "/work/searches", "Keep the search")
        .from(format!("/search?{query}"), "Back to the search")
        .with("search", &query);
    fields(page, query, name, shared, problem)
}

fn form(
    site: &Site,
    search: &SavedSearch,
    read: i64,
    name: &str,
    shared: bool,
    problem: Option<String>,
) -> Result<Response, AppError> {
    let address = format!("/work/searches/{}", search.id);
    let page = FormPage::new(site, Section::Other, "Change a saved search", address.clone(), "Keep the change")
        .from("/work#searches", "Work")
        .with("version", &read)
        .otherwise(format!("{address}/remove"), "Delete the search");
    fields(page, &search.query, name, shared, problem)
}

fn fields(
    page: FormPage,
    query: &str,
    name: &str,
    shared: bool,
    problem: Option<String>,
) -> Result<Response, AppError> {
    let problems: Vec<(&'static str, String)> = problem.into_iter().map(|message| ("name", message)).collect();
    let chosen = if shared { "yes" } else { "no" };
    page.about(format!("It looks for: {}", search_words(query)))
        .choice(Choice::new(
            "shared",
            "Who sees it?",
            chosen,
            &[("no", "Only you"), ("yes", "All of staff who work on posts")],
        ))
        .field(Field::new("name", "Name").typed(name).checked(&problems))
        .wrong(problems)
        .show(None)
}

/// A search that the visitor may change.
async fn found(site: &Site, id: &str) -> Result<SavedSearch, AppError> {
    let account = site.visitor.account().ok_or(AppError::SignIn)?;
    let id = SearchId::parse(id).ok_or(AppError::NotFound)?;
    let search = site.record().read(move |db| searches::find(db, &id)).await?;
    search.filter(|search| search.may_be_changed_by(&account.id, account.role)).ok_or(AppError::NotFound)
}
