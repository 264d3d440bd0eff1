//! What waits for me, what others are at, saved searches, and collections.

use std::collections::HashMap;

use askama::Template;
use axum::response::{IntoResponse, Response};
use bus::PostId;
use civic::work::{Subject, Task, collections, searches, tasks};

use super::{address, colour, issue_label, post_label, search_words};
use crate::error::AppError;
use crate::format;
use crate::pages::{Chrome, Section, render};
use crate::site::Site;

/// Tasks of one list that are shown.
const MOST: u32 = 200;

#[derive(Template)]
#[template(path = "work/overview.html")]
struct WorkPage {
    chrome: Chrome,
    mine: Vec<TaskRow>,
    others: Vec<TaskRow>,
    searches: Vec<SearchRow>,
    collections: Vec<CollectionRow>,
}

struct TaskRow {
    href: String,
    kind: &'static str,
    label: String,
    /// Who looks after it.
    who: String,
    status: (&'static str, &'static str),
    at: String,
}

struct SearchRow {
    open: String,
    name: String,
    words: String,
    /// Whose it is, where all of staff see it.
    shared: Option<String>,
    /// Where it is changed, for who may.
    change: Option<String>,
}

struct CollectionRow {
    href: String,
    name: String,
    posts: String,
    about: String,
}

/// `/work`.
///
/// # Errors
/// When the record or the index cannot be read.
pub async fn page(site: Site) -> Result<Response, AppError> {
    let account = site.visitor.account().ok_or(AppError::SignIn)?;
    let (id, role) = (account.id.clone(), account.role);
    let (unfinished, searches, collections) = site
        .record()
        .read({
            let id = id.clone();
            move |db| Ok((tasks::unfinished(db, None, MOST)?, searches::seen_by(db, &id)?, collections::all(db)?))
        })
        .await?;
    let posts = post_labels(&site, &unfinished).await?;
    let row = |task: Task| row(&site, &posts, task);
    let (mine, others): (Vec<Task>, Vec<Task>) =
        unfinished.into_iter().partition(|task| task.assignee.as_ref().is_some_and(|(who, _)| *who == id));
    let searches = searches.into_iter().map(|search| SearchRow {
        open: format!("/search?{}", search.query),
        words: search_words(&search.query),
        shared: search.is_shared.then(|| search.owner.1.clone()),
        change: search.may_be_changed_by(&id, role).then(|| format!("/work/searches/{}", search.id)),
        name: search.name,
    });
    let collections = collections.into_iter().map(|collection| CollectionRow {
        href: format!("/work/collections/{}", collection.id),
        posts: format::counted(u64::from(collection.posts), "post", "posts"),
        name: collection.name,
        about: collection.about,
    });
    Ok(render(&WorkPage {
        chrome: Chrome::new(&site, Section::Other, "Work"),
        mine: mine.into_iter().filter_map(row).collect(),
        others: others.into_iter().filter_map(row).collect(),
        searches: searches.collect(),
        collections: collections.collect(),
    })?
    .into_response())
}

/// What the posts are called, of those that are still there.
async fn post_labels(site: &Site, tasks: &[Task]) -> Result<HashMap<String, String>, AppError> {
    let ids: Vec<PostId> = tasks
        .iter()
        .filter_map(|task| match &task.subject {
            Subject::Post { id, .. } => id.parse().ok(),
            Subject::Issue(_) => None,
        })
        .collect();
    let posts = site.parts.searcher.get(&ids).await?;
    Ok(posts.iter().map(|post| (post.post.id.to_string(), post_label(site, post))).collect())
}

/// The row of a task; none for a post that is gone.
fn row(site: &Site, posts: &HashMap<String, String>, task: Task) -> Option<TaskRow> {
    let (kind, label) = match &task.subject {
        Subject::Issue(id) => {
            ("Issue", issue_label(site, id).unwrap_or_else(|| "An issue that is no longer listed".to_owned()))
        }
        Subject::Post { id, .. } => ("Post", posts.get(id)?.clone()),
    };
    Some(TaskRow {
        href: format!("{}/work", address(&task.subject)),
        kind,
        label,
        who: task.assignee.map_or_else(|| "Nobody".to_owned(), |(_, name)| name),
        status: (colour(task.status), task.status.name()),
        at: format::moment(task.changed_at),
    })
}
