//! Handing in a document: a form, a preview of what would be taken in, and only then the taking in.

use std::sync::Arc;

use askama::Template;
use axum::extract::multipart::MultipartRejection;
use axum::extract::{Multipart, RawQuery};
use axum::http::{HeaderMap, StatusCode};
use axum::response::{IntoResponse, Redirect, Response};

use crate::doors::{Preview, Refusal, Submissions, Upload};
use crate::error::AppError;
use crate::format::{self, counted, thousands};
use crate::pages::{Chrome, Section, problem_with, render};
use crate::params::asked;
use crate::sent::Sent;
use crate::site::Site;

/// The largest form that is read: a file of 25 MiB, and what stands beside it.
pub const MAX_BODY_BYTES: usize = (25 << 20) + (64 << 10);

/// Answers in other fields are cut after so many bytes.
const MAX_FIELD_BYTES: usize = 500;

/// What is asked of the meeting: field, question, hint.
const MEETING: [(&str, &str, &str); 6] = [
    ("title", "What was it called?", "For example, Carers’ forum"),
    ("date", "When was it?", "For example, 4 October 2025 18:30"),
    ("place", "Where was it?", "A town or a district, for example Leeds"),
    ("group", "Who met?", "For example, Leeds carers’ group"),
    ("people", "How many people were in the room?", "Also those who did not speak"),
    ("language", "Which language was spoken, if not English?", "A code of 2 letters, for example cy for Welsh"),
];

/// Which columns are asked for: field, meaning, question.
const COLUMNS: [(&str, &str, &str); 5] = [
    ("column-text", "text", "What people said"),
    ("column-date", "date", "The date"),
    ("column-place", "place", "The place"),
    ("column-group", "group", "The group"),
    ("column-author", "author", "The person, or the number of the form"),
];

#[derive(Template)]
#[template(path = "submit.html")]
struct SubmitPage {
    chrome: Chrome,
    /// How many posts were taken in just now.
    taken: Option<String>,
    problems: Vec<(&'static str, String)>,
    text: String,
    meeting: Vec<Question>,
    columns: Vec<Question>,
    /// Whether the questions about columns are shown at once.
    columns_open: bool,
}

/// A field of the form, with what was typed.
struct Question {
    field: &'static str,
    label: &'static str,
    hint: &'static str,
    typed: String,
    problem: Option<String>,
    /// The ids of the hint and of the error, as far as they are there.
    described_by: String,
}

impl SubmitPage {
    fn new(site: &Site, typed: &Typed, problems: Vec<(&'static str, String)>) -> Self {
        let question = |field: &'static str, label, hint: &'static str| {
            let problem = problem_with(&problems, field).map(str::to_owned);
            let hint_id = (!hint.is_empty()).then(|| format!("{field}-hint"));
            let error_id = problem.is_some().then(|| format!("{field}-error"));
            let described_by = [hint_id, error_id].into_iter().flatten().collect::<Vec<_>>().join(" ");
            Question { field, label, hint, typed: typed.answer(field), problem, described_by }
        };
        let meeting = MEETING.map(|(field, label, hint)| question(field, label, hint)).into();
        let columns: Vec<Question> = COLUMNS.map(|(field, _, label)| question(field, label, "")).into();
        let columns_open = columns.iter().any(|column| !column.typed.is_empty() || column.problem.is_some());
        Self {
            chrome: Chrome::new(site, Section::Sources, "Hand in what people said"),
            taken: None,
            problems,
            text: typed.text.clone(),
            meeting,
            columns,
            columns_open,
        }
    }

    fn problem_with(&self, field: &str) -> Option<&str> {
        problem_with(&self.problems, field)
    }
}

#[derive(Template)]
#[template(path = "submit_preview.html")]
struct PreviewPage {
    chrome: Chrome,
    token: String,
    /// What is taken in, as name and value.
    facts: Vec<(&'static str, String)>,
    warnings: Vec<String>,
    heading: String,
    shown: Vec<ShownRow>,
    button: String,
}

struct ShownRow {
    about: String,
    title: Option<String>,
    text: String,
}

/// `/submit`.
///
/// # Errors
/// [`AppError::StaffOnly`], or [`AppError::NoPage`] where nothing is taken in.
pub async fn page(site: Site, RawQuery(query): RawQuery) -> Result<Response, AppError> {
    door(&site)?;
    let taken = asked(&query.unwrap_or_default(), "taken");
    let mut page = SubmitPage::new(&site, &Typed::default(), Vec::new());
    page.taken = taken.and_then(|posts| posts.parse().ok()).map(|posts| counted(posts, "post", "posts"));
    Ok(render(&page)?.into_response())
}

/// `POST /submit/preview`: reads what is handed in, and shows what would be taken in.
///
/// # Errors
/// [`AppError::StaffOnly`], [`AppError::NotFromHere`], or [`AppError::NoPage`] where nothing is taken in.
pub async fn preview(
    site: Site,
    headers: HeaderMap,
    form: Result<Multipart, MultipartRejection>,
) -> Result<Response, AppError> {
    let door = door(&site)?;
    let form = form.map_err(|_| AppError::NotFromHere)?;
    let typed = match Typed::read(form).await {
        Ok(typed) => typed,
        Err(problem) => return wrong(&site, &Typed::default(), vec![("file", problem)]),
    };
    if !site.admits(&headers, &typed.token) {
        return Err(AppError::NotFromHere);
    }
    let upload = match typed.upload() {
        Ok(upload) => upload,
        Err(problem) => return wrong(&site, &typed, vec![("file", problem)]),
    };
    match door.preview(upload).await {
        Ok(preview) => Ok(render(&preview_page(&site, preview))?.into_response()),
        Err(Refusal::Unreadable { field, message }) => wrong(&site, &typed, vec![(field, message)]),
        Err(Refusal::Expired | Refusal::Unavailable) => Err(unavailable()),
    }
}

/// `POST /submit/accept`: takes in what was shown.
///
/// # Errors
/// [`AppError::StaffOnly`], [`AppError::NotFromHere`], or [`AppError::Store`].
pub async fn accept(site: Site, sent: Sent) -> Result<Response, AppError> {
    let door = door(&site)?;
    match door.accept(&sent.text("token")).await {
        // A page that is loaded again must not hand in again.
        Ok(posts) => Ok(Redirect::to(&format!("/submit?taken={posts}")).into_response()),
        Err(Refusal::Unavailable) => Err(unavailable()),
        Err(Refusal::Expired | Refusal::Unreadable { .. }) => {
            let message = "The preview is too old, or was accepted already: choose the file again".to_owned();
            wrong(&site, &Typed::default(), vec![("file", message)])
        }
    }
}

/// The door, if there is one.
fn door(site: &Site) -> Result<Arc<dyn Submissions>, AppError> {
    site.parts.submissions.clone().ok_or(AppError::NoPage)
}

fn unavailable() -> AppError {
    AppError::Store("what was handed in cannot be kept".to_owned())
}

/// The form again, with what is wrong and what was typed. A file must be chosen again: browsers do not keep it.
fn wrong(site: &Site, typed: &Typed, problems: Vec<(&'static str, String)>) -> Result<Response, AppError> {
    let page = render(&SubmitPage::new(site, typed, problems))?;
    Ok((StatusCode::UNPROCESSABLE_ENTITY, page).into_response())
}

fn preview_page(site: &Site, preview: Preview) -> PreviewPage {
    let mut facts =
        vec![("Contributions", thousands(preview.posts)), ("Different people named", thousands(preview.voices))];
    facts.extend(preview.people.map(|people| ("In the room", counted(people.into(), "person", "people"))));
    facts.extend(preview.times.map(|(first, last)| {
        let said = if first == last {
            format::moment(first)
        } else {
            format!("{} to {}", format::moment(first), format::moment(last))
        };
        ("Said", said)
    }));
    let redacted: Vec<String> =
        preview.redacted.iter().map(|(kind, times)| format!("{kind}: {}", thousands(*times))).collect();
    let redacted = if redacted.is_empty() { "nothing was found".to_owned() } else { redacted.join(", ") };
    facts.push(("Taken out of the texts", redacted));
    let all = preview.posts == preview.shown.len() as u64;
    PreviewPage {
        chrome: Chrome::new(site, Section::Sources, "Check what will be taken in"),
        token: preview.token,
        facts,
        warnings: preview.warnings,
        heading: if all { "All of them".to_owned() } else { format!("The first {}", preview.shown.len()) },
        shown: preview
            .shown
            .into_iter()
            .map(|shown| {
                let place = shown.place.map(|place| format!(", {place}")).unwrap_or_default();
                let by = if shown.is_named { ", by somebody who is named" } else { "" };
                ShownRow {
                    about: format!("{}{place}{by}", format::moment(shown.at)),
                    title: shown.title,
                    text: shown.text,
                }
            })
            .collect(),
        button: format!("Accept {}", counted(preview.posts, "post", "posts")),
    }
}

/// What the form was sent with.
#[derive(Default)]
struct Typed {
    token: String,
    file_name: String,
    file: Vec<u8>,
    text: String,
    answers: Vec<(&'static str, String)>,
}

impl Typed {
    /// Reads the fields of the form; unknown ones are passed over.
    async fn read(mut form: Multipart) -> Result<Self, String> {
        let cut = |error: axum::extract::multipart::MultipartError| match error.status() {
            StatusCode::PAYLOAD_TOO_LARGE => "The file is larger than 25 MiB: split it".to_owned(),
            _ => "The form did not arrive as a whole: send it again".to_owned(),
        };
        let mut typed = Self::default();
        while let Some(field) = form.next_field().await.map_err(cut)? {
            let name = field.name().unwrap_or_default().to_owned();
            if name == "file" {
                typed.file_name = field.file_name().unwrap_or_default().to_owned();
                typed.file = field.bytes().await.map_err(cut)?.to_vec();
                continue;
            }
            let bytes = field.bytes().await.map_err(cut)?;
            let words = String::from_utf8_lossy(&bytes).into_owned();
            if name == "text" {
                typed.text = words;
            } else if name == "form_token" {
                typed.token = words;
            } else if let Some(field) = fields().find(|field| *field == name) {
                let end = (0..=words.len().min(MAX_FIELD_BYTES)).rev().find(|&end| words.is_char_boundary(end));
                typed.answers.push((field, words[..end.unwrap_or(0)].trim().to_owned()));
            }
        }
        Ok(typed)
    }

    fn answer(&self, field: &str) -> String {
        self.answers.iter().find(|(name, _)| *name == field).map(|(_, answer)| answer.clone()).unwrap_or_default()
    }

    /// What is handed in: the file, or else the text as a file.
    fn upload(&self) -> Result<Upload, String> {
        let (file_name, bytes) = match (self.file.is_empty(), self.text.trim().is_empty()) {
            (false, true) => (self.file_name.clone(), self.file.clone()),
            (true, false) => {
                let words = self.text.as_bytes();
                // The same text handed in twice is the same.
                (format!("pasted-{}.txt", &blake3::hash(words).to_hex()[..12]), words.to_vec())
            }
            (true, true) => return Err("Choose a file, or paste a text".to_owned()),
            (false, false) => return Err("Choose a file or paste a text, not both".to_owned()),
        };
        let answer = |field| Some(self.answer(field)).filter(|answer| !answer.is_empty());
        Ok(Upload {
            file_name,
            bytes,
            meeting: MEETING.iter().filter_map(|(field, ..)| Some((*field, answer(field)?))).collect(),
            columns: COLUMNS.iter().filter_map(|(field, role, _)| Some((*field, *role, answer(field)?))).collect(),
        })
    }
}

fn fields() -> impl Iterator<Item = &'static str> {
    MEETING.iter().map(|(field, ..)| *field).chain(COLUMNS.iter().map(|(field, ..)| *field))
}
