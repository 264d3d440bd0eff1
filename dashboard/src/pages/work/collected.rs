//! Putting a post into a collection, taking it out, and a collection as a file.

use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Json, Redirect, Response};
use civic::work::collections::{self, CollectionId};
use serde_json::json;

use super::{found_post, kept, post_label};
use crate::csv::Csv;
use crate::error::AppError;
use crate::pages::Section;
use crate::pages::form::{Field, Pick};
use crate::pages::form_page::{Choice, FormPage};
use crate::sent::Sent;
use crate::site::Site;

/// What is sent for a collection that is begun with this post.
const NEW: &str = "new";

/// What was typed into the form.
#[derive(Default)]
struct Typed {
    collection: String,
    name: String,
    why: String,
}

/// `/posts/{id}/collect`.
///
/// # Errors
/// [`AppError::NoPost`].
pub async fn page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let (post, _) = found_post(&site, &id).await?;
    let all = site.record().read(collections::all).await?;
    form(&site, &id, &post_label(&site, &post), &all, &Typed::default(), None)
}

/// `POST /posts/{id}/collect`.
///
/// # Errors
/// [`AppError::NoPost`] or [`AppError::NotFound`].
pub async fn put(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let (post, subject) = found_post(&site, &id).await?;
    let typed = Typed { collection: sent.text("collection"), name: sent.text("name"), why: sent.text("why") };
    let chosen = match typed.collection.as_str() {
        "" | NEW => None,
        id => Some(CollectionId::parse(id).ok_or(AppError::NotFound)?),
    };
    let (name, why) = (typed.name.clone(), typed.why.clone());
    let decided = site.record().decide(site.actor()?, site.now(), move |tx| {
        let id = match chosen {
            Some(id) => id,
            None => collections::begin(tx, &name, "")?,
        };
        collections::put(tx, &id, &subject, &why)?;
        Ok(id)
    });
    let decided = decided.await;
    let all = site.record().read(collections::all).await?;
    kept(
        decided,
        |id| format!("/work/collections/{id}"),
        |message| form(&site, &id, &post_label(&site, &post), &all, &typed, Some(message)),
    )
}

/// `POST /work/collections/{id}/take-out`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn take_out(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let id = CollectionId::parse(&id).ok_or(AppError::NotFound)?;
    let (to, post) = (format!("/work/collections/{id}"), sent.text("post"));
    site.record().decide(site.actor()?, site.now(), move |tx| collections::take_out(tx, &id, &post)).await?;
    Ok(Redirect::to(&to).into_response())
}

/// `/work/collections/{id}/posts.csv`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn csv(site: Site, Path(id): Path<String>) -> Result<Csv, AppError> {
    let (collection, posts) = super::collections::with_posts(&site, &id).await?;
    let heading = ["id", "written", "source", "channel", "language", "title", "text", "why it is here", "since"];
    let mut csv = Csv::new(&format!("collection-{}", collection.id), &heading);
    for (collected, post) in posts {
        csv.row(&[
            collected.post,
            post.post.created_at.to_string(),
            post.post.source.to_string(),
            post.post.channel.slug().to_owned(),
            post.language.unwrap_or_default(),
            post.post.title.unwrap_or_default(),
            post.post.text,
            collected.why,
            collected.at.to_string(),
        ]);
    }
    Ok(csv)
}

/// `/work/collections/{id}/posts.json`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn json(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let (collection, posts) = super::collections::with_posts(&site, &id).await?;
    let posts: Vec<_> = posts
        .into_iter()
        .map(|(collected, post)| {
            json!({
                "id": collected.post,
                "written": post.post.created_at,
                "source": post.post.source,
                "channel": post.post.channel.slug(),
                "language": post.language,
                "title": post.post.title,
                "text": post.post.text,
                "why": collected.why,
                "since": collected.at,
            })
        })
        .collect();
    let disposition = format!("attachment; filename=\"collection-{}.json\"", collection.id);
    let body = json!({ "id": collection.id, "name": collection.name, "about": collection.about, "posts": posts });
    Ok(([(header::CONTENT_DISPOSITION, disposition)], Json(body)).into_response())
}

fn form(
    site: &Site,
    post: &str,
    label: &str,
    all: &[collections::Collection],
    typed: &Typed,
    problem: Option<String>,
) -> Result<Response, AppError> {
    let field = |message: &str| match message {
        message if message.contains("a name") => "name",
        message if message.contains("why it is here") => "why",
        _ => "form",
    };
    let problems: Vec<(&'static str, String)> = problem.into_iter().map(|message| (field(&message), message)).collect();
    let first = all.first().map_or(NEW, |one| one.id.as_str());
    let chosen = if typed.collection.is_empty() { first } else { &typed.collection };
    let pick = |value: &str, label: &str, hint: &str| Pick {
        value: value.to_owned(),
        label: label.to_owned(),
        hint: hint.to_owned(),
        is_chosen: value == chosen,
    };
    let picks = all.iter().map(|one| pick(one.id.as_str(), &one.name, &one.about));
    let picks = picks.chain([pick(NEW, "A new collection", "Give it a name below")]).collect();
    FormPage::new(
        site,
        Section::Search,
        "Put this post into a collection",
        format!("/posts/{post}/collect"),
        "Put it in",
    )
    .from(format!("/posts/{post}"), "Back to the post")
    .about(label)
    .choice(Choice { name: "collection", legend: "Which collection?", picks })
    .field(
        Field::new("name", "Name of a new collection")
            .hint("Leave this empty for one that is there")
            .typed(&typed.name)
            .checked(&problems),
    )
    .field(Field::long("why", "Why is it here?").hint("You can leave this empty").typed(&typed.why).checked(&problems))
    .wrong(problems)
    .show(None)
}
