//! The work on one issue or one post: who looks after it, how far it is, and notes.

use askama::Template;
use axum::extract::Path;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Redirect, Response};
use civic::Permission::WorkOnPosts;
use civic::work::{Subject, Task, TaskStatus, collections, notes, tasks};
use civic::{Account, AccountId, RecordError, account};
use index::trends::IssueId;

use super::{address, found_post, issue_label, post_label};
use crate::error::AppError;
use crate::format;
use crate::pages::form::Field;
use crate::pages::form_page::Choice;
use crate::pages::{Chrome, Problems, Section, render};
use crate::sent::Sent;
use crate::site::Site;

/// What is sent for nobody.
const NOBODY: &str = "nobody";

#[derive(Template)]
#[template(path = "work/task.html")]
struct TaskPage {
    chrome: Chrome,
    problems: Problems,
    kind: &'static str,
    /// The page of the issue or the post.
    subject: String,
    label: String,
    version: i64,
    choices: Vec<Choice>,
    notes: Vec<NoteRow>,
    field: Field,
    /// The collections that the post is in; none for an issue.
    collections: Option<Vec<(String, String)>>,
}

struct NoteRow {
    words: String,
    by: String,
    change: String,
}

/// `/issues/{id}/work`.
///
/// # Errors
/// [`AppError::NoIssue`].
pub async fn issue(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    show(&site, of_issue(&site, &id)?, "", Vec::new()).await
}

/// `/posts/{id}/work`.
///
/// # Errors
/// [`AppError::NoPost`].
pub async fn post(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    show(&site, of_post(&site, &id).await?, "", Vec::new()).await
}

/// `POST /issues/{id}/work`.
///
/// # Errors
/// [`AppError::NoIssue`] or [`AppError::Changed`].
pub async fn set_issue(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    set(&site, of_issue(&site, &id)?, &sent).await
}

/// `POST /posts/{id}/work`.
///
/// # Errors
/// [`AppError::NoPost`] or [`AppError::Changed`].
pub async fn set_post(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    set(&site, of_post(&site, &id).await?, &sent).await
}

/// `POST /issues/{id}/notes`.
///
/// # Errors
/// [`AppError::NoIssue`].
pub async fn note_issue(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    note(&site, of_issue(&site, &id)?, &sent).await
}

/// `POST /posts/{id}/notes`.
///
/// # Errors
/// [`AppError::NoPost`].
pub async fn note_post(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    note(&site, of_post(&site, &id).await?, &sent).await
}

/// What is worked on, and what it is called.
type Named = (Subject, String);

/// An issue that is or was listed. Its id is read and written again, so that there is one task whatever the spelling.
fn of_issue(site: &Site, id: &str) -> Result<Named, AppError> {
    let id = id.parse::<IssueId>().map_err(|_| AppError::NoIssue)?.to_string();
    let label = issue_label(site, &id).ok_or(AppError::NoIssue)?;
    Ok((Subject::Issue(id), label))
}

async fn of_post(site: &Site, id: &str) -> Result<Named, AppError> {
    let (post, subject) = found_post(site, id).await?;
    Ok((subject, post_label(site, &post)))
}

async fn set(site: &Site, named: Named, sent: &Sent) -> Result<Response, AppError> {
    let (read, status): (_, TaskStatus) = (sent.version()?, sent.text("status").parse()?);
    let assignee = match sent.text("assignee").as_str() {
        NOBODY | "" => None,
        id => Some(AccountId::parse(id).ok_or(AppError::NotFound)?),
    };
    let subject = named.0.clone();
    let decided = site
        .record()
        .decide(site.actor()?, site.now(), move |tx| tasks::set(tx, &subject, read, assignee.as_ref(), status));
    match decided.await {
        Ok(()) => Ok(Redirect::to(&format!("{}/work", address(&named.0))).into_response()),
        Err(RecordError::Refused(message)) => {
            let page = show(site, named, "", vec![("assignee-1", message)]).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn note(site: &Site, named: Named, sent: &Sent) -> Result<Response, AppError> {
    let (subject, words) = (named.0.clone(), sent.text("words"));
    let typed = words.clone();
    match site.record().decide(site.actor()?, site.now(), move |tx| notes::add(tx, &subject, &words)).await {
        Ok(_) => Ok(Redirect::to(&format!("{}/work#notes", address(&named.0))).into_response()),
        Err(RecordError::Refused(message)) => {
            let page = show(site, named, &typed, vec![("words", message)]).await?;
            Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
        }
        Err(error) => Err(error.into()),
    }
}

async fn show(site: &Site, (subject, label): Named, typed: &str, problems: Problems) -> Result<Response, AppError> {
    let asked = subject.clone();
    let (task, notes, accounts, collections) = site
        .record()
        .read(move |db| {
            let within = match &asked {
                Subject::Post { id, .. } => Some(collections::with_post(db, id)?),
                Subject::Issue(_) => None,
            };
            Ok((tasks::of(db, &asked)?, notes::of(db, &asked)?, account::all(db)?, within))
        })
        .await?;
    let note = |note: notes::Note| NoteRow {
        by: format!("{}, {}", note.by.map_or_else(|| "Somebody".to_owned(), |(_, name)| name), format::moment(note.at)),
        change: format!("/work/notes/{}", note.id),
        words: note.words,
    };
    let (kind, section) = match subject {
        Subject::Issue(_) => ("issue", Section::Issues),
        Subject::Post { .. } => ("post", Section::Search),
    };
    Ok(render(&TaskPage {
        chrome: Chrome::new(site, section, format!("Work on this {kind}")),
        kind,
        subject: address(&subject),
        label,
        version: task.as_ref().map_or(0, |task| task.version),
        choices: choices(site, task.as_ref(), &accounts),
        notes: notes.into_iter().map(note).collect(),
        field: Field::long("words", "Write a note")
            .hint("All of staff who work on posts read it. Name nobody of the public")
            .typed(typed)
            .checked(&problems),
        collections: collections
            .map(|within| within.into_iter().map(|one| (format!("/work/collections/{}", one.id), one.name)).collect()),
        problems,
    })?
    .into_response())
}

/// Who and how far.
fn choices(site: &Site, task: Option<&Task>, accounts: &[Account]) -> Vec<Choice> {
    let me = site.visitor.account().map(|account| &account.id);
    let chosen = task.and_then(|task| task.assignee.as_ref()).map_or(NOBODY, |(id, _)| id.as_str());
    let mut who = vec![(NOBODY, "Nobody".to_owned())];
    let can = accounts.iter().filter(|one| !one.is_disabled && one.is_ready && one.role.may(WorkOnPosts));
    let named = can.map(|one| {
        let mark = if me == Some(&one.id) { " (you)" } else { "" };
        (one.id.as_str(), format!("{}{mark}", one.name))
    });
    who.extend(named);
    let who: Vec<(&str, &str)> = who.iter().map(|(id, name)| (*id, name.as_str())).collect();
    let status = TaskStatus::ALL.map(|status| (status.slug(), status.name()));
    let far = task.map_or(TaskStatus::Open, |task| task.status).slug();
    vec![
        Choice::new("assignee", "Who looks after it?", chosen, &who),
        Choice::new("status", "How far is it?", far, &status),
    ]
}
