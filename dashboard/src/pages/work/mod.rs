//! Staff's own work: who looks after what, notes, saved searches, and collections of posts. None of it is public.

mod collected;
mod collections;
mod notes;
mod overview;
mod searches;
mod task;

use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use bus::{Enriched, PostId};
use civic::Permission::WorkOnPosts;
use civic::RecordError;
use civic::work::{Subject, TaskStatus, tasks};
use index::trends::IssueId;
use index::trends::model::Retired;
use url::form_urlencoded;

use crate::error::AppError;
use crate::pages::post::heading;
use crate::params::Params;
use crate::routes::Access::Needs;
use crate::routes::Routes;
use crate::site::Site;

/// Routes of staff's work.
pub fn routes() -> Routes {
    let may = Needs(WorkOnPosts);
    Routes::default()
        .get("/work", may, overview::page)
        .get("/issues/{id}/work", may, task::issue)
        .post("/issues/{id}/work", may, task::set_issue)
        .post("/issues/{id}/notes", may, task::note_issue)
        .get("/posts/{id}/work", may, task::post)
        .post("/posts/{id}/work", may, task::set_post)
        .post("/posts/{id}/notes", may, task::note_post)
        .get("/work/notes/{id}", may, notes::page)
        .post("/work/notes/{id}", may, notes::change)
        .post("/work/notes/{id}/remove", may, notes::remove)
        .get("/work/searches", may, searches::new)
        .post("/work/searches", may, searches::save)
        .get("/work/searches/{id}", may, searches::page)
        .post("/work/searches/{id}", may, searches::change)
        .post("/work/searches/{id}/remove", may, searches::remove)
        .get("/work/collections", may, collections::new)
        .post("/work/collections", may, collections::begin)
        .get("/work/collections/{id}", may, collections::page)
        .get("/work/collections/{id}/change", may, collections::change_page)
        .post("/work/collections/{id}/change", may, collections::change)
        .post("/work/collections/{id}/remove", may, collections::remove)
        .post("/work/collections/{id}/take-out", may, collected::take_out)
        .get("/posts/{id}/collect", may, collected::page)
        .post("/posts/{id}/collect", may, collected::put)
        .get("/work/collections/{id}/posts.csv", may, collected::csv)
        .get("/work/collections/{id}/posts.json", may, collected::json)
}

/// What the page of an issue or a post says of the work on it.
pub struct WorkPart {
    /// Who looks after it, how far it is, and how many notes there are.
    pub said: String,
    /// Where one works on it.
    pub href: String,
}

/// The work on something, for who may know of it.
///
/// # Errors
/// When the record cannot be read.
pub async fn part(site: &Site, subject: Subject) -> Result<Option<WorkPart>, AppError> {
    if !site.may(WorkOnPosts) {
        return Ok(None);
    }
    let href = format!("{}/work", address(&subject));
    let task = site.record().read(move |db| tasks::of(db, &subject)).await?;
    let said = task.map_or_else(
        || "Nobody looks after this yet.".to_owned(),
        |task| {
            let who = task
                .assignee
                .map_or_else(|| "Nobody looks after this".to_owned(), |(_, name)| format!("{name} looks after this"));
            let notes = match task.notes {
                0 => String::new(),
                1 => " 1 note.".to_owned(),
                notes => format!(" {notes} notes."),
            };
            format!("{who}: {}.{notes}", task.status.name().to_lowercase())
        },
    );
    Ok(Some(WorkPart { said, href }))
}

/// The page of an issue or a post.
fn address(subject: &Subject) -> String {
    match subject {
        Subject::Issue(id) => format!("/issues/{id}"),
        Subject::Post { id, .. } => format!("/posts/{id}"),
    }
}

/// The colour of a status.
fn colour(status: TaskStatus) -> &'static str {
    match status {
        TaskStatus::Open => "grey",
        TaskStatus::Doing => "blue",
        TaskStatus::Waiting => "yellow",
        TaskStatus::Done => "green",
    }
}

/// Where a search is kept, for who may.
pub fn keep_search(site: &Site, params: &Params) -> Option<String> {
    let query = form_urlencoded::Serializer::new(String::new()).append_pair("search", &params.query_string()).finish();
    site.may(WorkOnPosts).then(|| format!("/work/searches?{query}"))
}

/// What an issue is called, while it is known.
fn issue_label(site: &Site, id: &str) -> Option<String> {
    let (id, list) = (id.parse::<IssueId>().ok()?, site.trends()?);
    let listed = list.issues.iter().chain(&list.held).find(|issue| issue.id == id);
    listed.map(|issue| issue.label.clone()).or_else(|| match list.retired.get(&id)? {
        Retired::Expired { label, .. } => Some(label.clone()),
        Retired::MergedInto(_) => None,
    })
}

/// A post that is there, with what it is on here.
async fn found_post(site: &Site, id: &str) -> Result<(Enriched, Subject), AppError> {
    let id: PostId = id.parse().map_err(|_| AppError::NoPost)?;
    let post = site.parts.searcher.get(&[id]).await?.into_iter().next().ok_or(AppError::NoPost)?;
    let subject = subject_of(&post);
    Ok((post, subject))
}

/// A post as something to work on.
pub fn subject_of(post: &Enriched) -> Subject {
    Subject::Post { id: post.post.id.to_string(), author: post.post.author.map(|author| author.to_string()) }
}

/// What a post is called: where and when it was said.
fn post_label(site: &Site, post: &Enriched) -> String {
    heading(site, post)
}

/// On to `to` where it was kept; where the record refuses, the form again, with why.
fn kept<T>(
    outcome: Result<T, RecordError>,
    to: impl FnOnce(T) -> String,
    again: impl FnOnce(String) -> Result<Response, AppError>,
) -> Result<Response, AppError> {
    match outcome {
        Ok(kept) => Ok(Redirect::to(&to(kept)).into_response()),
        Err(RecordError::Refused(message)) => Ok((StatusCode::UNPROCESSABLE_ENTITY, again(message)?).into_response()),
        Err(error) => Err(error.into()),
    }
}

/// What a search looks for, in words: its query, and how many filters it has.
fn search_words(query: &str) -> String {
    let pairs: Vec<(String, String)> = form_urlencoded::parse(query.as_bytes()).into_owned().collect();
    let q = pairs.iter().find(|(name, value)| name == "q" && !value.is_empty()).map(|(_, value)| format!("‘{value}’"));
    let filters = pairs
        .iter()
        .filter(|(name, value)| !matches!(name.as_str(), "q" | "sort" | "page") && !value.is_empty())
        .count();
    let with = match filters {
        0 => String::new(),
        1 => " with 1 filter".to_owned(),
        filters => format!(" with {filters} filters"),
    };
    format!("{}{with}", q.unwrap_or_else(|| "All posts".to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_search_is_told_in_words() {
        assert_eq!(search_words("q=call+back&channel=forum&sort=best"), "‘call back’ with 1 filter");
        assert_eq!(search_words("channel=forum&channel=news&q="), "All posts with 2 filters");
        assert_eq!(search_words(""), "All posts");
    }
}
