//! Collections of posts: beginning one, what is in it, changing and deleting it.

use std::collections::HashMap;

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Redirect, Response};
use bus::{Enriched, PostId};
use civic::work::collections::{self, Collected, Collection, CollectionId};
use index::Piece;

use super::kept;
use crate::error::AppError;
use crate::format;
use crate::pages::form::Field;
use crate::pages::form_page::FormPage;
use crate::pages::post::PostCard;
use crate::pages::{Chrome, Section, render};
use crate::sent::Sent;
use crate::site::Site;

#[derive(Template)]
#[template(path = "work/collection.html")]
struct CollectionPage {
    chrome: Chrome,
    address: String,
    about: String,
    said: String,
    rows: Vec<Row>,
}

struct Row {
    id: String,
    card: PostCard,
    why: String,
    since: String,
}

/// `/work/collections`: the form to begin one.
///
/// # Errors
/// When the page cannot be written.
pub async fn new(site: Site) -> Result<Response, AppError> {
    let page = FormPage::new(&site, Section::Other, "Begin a collection", "/work/collections", "Begin the collection");
    fields(page.from("/work#collections", "Work"), "", "", None)
}

/// `POST /work/collections`.
///
/// # Errors
/// When the record cannot be written.
pub async fn begin(site: Site, sent: Sent) -> Result<Response, AppError> {
    let (name, about) = (sent.text("name"), sent.text("about"));
    let (its_name, its_about) = (name.clone(), about.clone());
    let begun =
        site.record().decide(site.actor()?, site.now(), move |tx| collections::begin(tx, &its_name, &its_about)).await;
    kept(
        begun,
        |id| format!("/work/collections/{id}"),
        |message| {
            let page =
                FormPage::new(&site, Section::Other, "Begin a collection", "/work/collections", "Begin the collection");
            fields(page.from("/work#collections", "Work"), &name, &about, Some(message))
        },
    )
}

/// `/work/collections/{id}`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let (collection, posts) = with_posts(&site, &id).await?;
    let gone = u64::from(collection.posts).saturating_sub(posts.len() as u64);
    let said = match gone {
        0 => format::counted(posts.len() as u64, "post", "posts"),
        gone => format!(
            "{}. {} at the source and left this collection with it",
            format::counted(posts.len() as u64, "post", "posts"),
            format::counted(gone, "post was deleted", "posts were deleted")
        ),
    };
    let row = |(collected, post): (Collected, Enriched)| Row {
        card: PostCard::new(&site, &post, vec![Piece { text: post.post.text.clone(), matched: false }]),
        id: collected.post,
        why: collected.why,
        since: format::moment(collected.at),
    };
    Ok(render(&CollectionPage {
        chrome: Chrome::new(&site, Section::Other, collection.name),
        address: format!("/work/collections/{}", collection.id),
        about: collection.about,
        said,
        rows: posts.into_iter().map(row).collect(),
    })?
    .into_response())
}

/// `/work/collections/{id}/change`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn change_page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let collection = found(&site, &id).await?;
    form(&site, &collection, collection.version, &collection.name, &collection.about, None)
}

/// `POST /work/collections/{id}/change`.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn change(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let collection = found(&site, &id).await?;
    let (id, read, name, about) = (collection.id.clone(), sent.version()?, sent.text("name"), sent.text("about"));
    let (its_name, its_about) = (name.clone(), about.clone());
    let changed = site
        .record()
        .decide(site.actor()?, site.now(), move |tx| collections::change(tx, &id, read, &its_name, &its_about))
        .await;
    let to = format!("/work/collections/{}", collection.id);
    kept(changed, |()| to, |message| form(&site, &collection, read, &name, &about, Some(message)))
}

/// `POST /work/collections/{id}/remove`.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn remove(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let (collection, read) = (found(&site, &id).await?, sent.version()?);
    site.record().decide(site.actor()?, site.now(), move |tx| collections::remove(tx, &collection.id, read)).await?;
    Ok(Redirect::to("/work#collections").into_response())
}

fn form(
    site: &Site,
    collection: &Collection,
    read: i64,
    name: &str,
    about: &str,
    problem: Option<String>,
) -> Result<Response, AppError> {
    let address = format!("/work/collections/{}", collection.id);
    let page =
        FormPage::new(site, Section::Other, "Change a collection", format!("{address}/change"), "Keep the change")
            .from(address.clone(), collection.name.clone())
            .with("version", &read)
            .otherwise(format!("{address}/remove"), "Delete the collection");
    fields(page, name, about, problem)
}

fn fields(page: FormPage, name: &str, about: &str, problem: Option<String>) -> Result<Response, AppError> {
    let field = |message: &str| if message.contains("what it is for") { "about" } else { "name" };
    let problems: Vec<(&'static str, String)> = problem.into_iter().map(|message| (field(&message), message)).collect();
    page.field(Field::new("name", "Name").typed(name).checked(&problems))
        .field(Field::long("about", "What is it for?").hint("You can leave this empty").typed(about).checked(&problems))
        .wrong(problems)
        .show(None)
}

/// The collection with this id.
///
/// # Errors
/// [`AppError::NotFound`].
pub(super) async fn found(site: &Site, id: &str) -> Result<Collection, AppError> {
    let id = CollectionId::parse(id).ok_or(AppError::NotFound)?;
    site.record().read(move |db| collections::find(db, &id)).await?.ok_or(AppError::NotFound)
}

/// The collection with this id, and its posts, of those that are still there.
///
/// # Errors
/// [`AppError::NotFound`].
pub(super) async fn with_posts(site: &Site, id: &str) -> Result<(Collection, Vec<(Collected, Enriched)>), AppError> {
    let collection = found(site, id).await?;
    let id = collection.id.clone();
    let collected = site.record().read(move |db| collections::posts(db, &id)).await?;
    let ids: Vec<PostId> = collected.iter().filter_map(|collected| collected.post.parse().ok()).collect();
    let found = site.parts.searcher.get(&ids).await?;
    let mut found: HashMap<String, Enriched> = found.into_iter().map(|post| (post.post.id.to_string(), post)).collect();
    let there = collected.into_iter().filter_map(|collected| Some((found.remove(&collected.post)?, collected)));
    Ok((collection, there.map(|(post, collected)| (collected, post)).collect()))
}
