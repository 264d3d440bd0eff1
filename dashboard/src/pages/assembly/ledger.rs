//! The ledger: everything that the Board was asked, what it answered, and what is different since. Also as a file, as a feed
//! and as JSON.

use askama::Template;
use axum::response::{IntoResponse, Json, Response};
use civic::assembly::answers::{self, Answer, Counts};
use jiff::civil::Date;
use serde_json::{Value, json};

use super::words;
use crate::api::about;
use crate::csv::Csv;
use crate::error::AppError;
use crate::format;
use crate::pages::{Chrome, Section, render};
use crate::site::Site;

#[derive(Template)]
#[template(path = "assembly/ledger.html")]
struct LedgerPage {
    chrome: Chrome,
    counts: Counts,
    rows: Vec<Row>,
}

struct Row {
    href: String,
    label: String,
    cycle: String,
    owner: String,
    due: String,
    state: (&'static str, &'static str),
    late: Option<String>,
    changed: Vec<String>,
}

/// All answers with the day that they are judged on.
pub async fn load(site: &Site) -> Result<(Vec<Answer>, Date), AppError> {
    let today = format::london(site.now()).date();
    Ok((site.record().read(answers::all).await?, today))
}

/// `/assembly/ledger`.
///
/// # Errors
/// When the record cannot be read.
pub async fn page(site: Site) -> Result<Response, AppError> {
    let (all, today) = load(&site).await?;
    let row = |answer: &Answer| Row {
        href: href(answer),
        label: answer.label.clone(),
        cycle: answer.cycle.clone(),
        owner: answer.owner.clone(),
        due: format::date(answer.due_on),
        state: words::answer_state(answer.state(today)),
        late: answer.days_late(today).map(words::days_late),
        changed: answer.actions.iter().filter_map(|action| action.changed.clone()).collect(),
    };
    let page = LedgerPage {
        chrome: Chrome::new(&site, Section::Assembly, "What the Board answered"),
        counts: Counts::of(&all, today),
        rows: all.iter().map(row).collect(),
    };
    Ok(render(&page)?.into_response())
}

/// `/download/answers.csv`.
///
/// # Errors
/// When the record cannot be read.
pub async fn csv(site: Site) -> Result<Csv, AppError> {
    let (all, today) = load(&site).await?;
    let mut csv = Csv::new(
        "answers",
        &[
            "id",
            "cycle",
            "asked about",
            "office",
            "due by",
            "state",
            "days late",
            "answered",
            "response",
            "action",
            "action office",
            "action due by",
            "action done",
            "what is different",
        ],
    );
    for answer in &all {
        let of_answer = [
            answer.id.to_string(),
            answer.cycle.clone(),
            answer.label.clone(),
            answer.owner.clone(),
            answer.due_on.to_string(),
            answer.state(today).slug().to_owned(),
            answer.days_late(today).map_or_else(String::new, |days| days.to_string()),
            answer.answered_at.map_or_else(String::new, |at| at.to_string()),
            answer.response.clone().unwrap_or_default(),
        ];
        if answer.actions.is_empty() {
            csv.row(&of_answer.iter().map(String::as_str).chain([""; 5]).collect::<Vec<_>>());
        }
        for action in &answer.actions {
            let of_action = [
                action.what.clone(),
                action.owner.clone(),
                action.due_on.to_string(),
                action.done_at.map_or_else(String::new, |at| at.to_string()),
                action.changed.clone().unwrap_or_default(),
            ];
            csv.row(&of_answer.iter().chain(&of_action).collect::<Vec<_>>());
        }
    }
    Ok(csv)
}

/// `/api/v1/answers`.
///
/// # Errors
/// When the record cannot be read.
pub async fn json(site: Site) -> Result<Json<Value>, AppError> {
    let (all, today) = load(&site).await?;
    let counts = Counts::of(&all, today);
    let one = |answer: &Answer| {
        let actions: Vec<Value> = answer
            .actions
            .iter()
            .map(|action| {
                json!({
                    "what": action.what, "owner": action.owner, "due_on": action.due_on, "done_at": action.done_at,
                    "changed": action.changed,
                })
            })
            .collect();
        json!({
            "id": answer.id, "candidate": answer.candidate, "cycle": answer.cycle, "label": answer.label,
            "owner": answer.owner, "due_on": answer.due_on, "state": answer.state(today).slug(),
            "days_late": answer.days_late(today), "answered_at": answer.answered_at, "response": answer.response,
            "actions": actions,
        })
    };
    Ok(Json(json!({
        "about": about(&site),
        "counts": {
            "asked": counts.asked, "answered": counts.answered, "changed": counts.changed, "overdue": counts.overdue,
        },
        "answers": all.iter().map(one).collect::<Vec<_>>(),
    })))
}

/// The page of an answer.
pub fn href(answer: &Answer) -> String {
    format!("/assembly/answers/{}", answer.id)
}

/// How far an answer is, in a sentence for a feed.
pub fn summary(answer: &Answer, today: Date) -> String {
    let (_, state) = words::answer_state(answer.state(today));
    let late = answer.days_late(today).map_or_else(String::new, |days| format!(" {}.", words::days_late(days)));
    let response = answer.response.as_deref().unwrap_or("The Board has not answered yet.");
    let changed: Vec<&str> = answer.actions.iter().filter_map(|action| action.changed.as_deref()).collect();
    let changed = if changed.is_empty() { String::new() } else { format!(" What changed: {}", changed.join(" ")) };
    format!("{state}.{late} {response}{changed}")
}
