//! The audit log: who (by role) decided what, when and why. Staff with the permission see their part too.

use std::sync::{Mutex, PoisonError};

use askama::Template;
use axum::body::Body;
use axum::extract::RawQuery;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use civic::Permission::ReadAudit;
use civic::RecordError;
use civic::audit::{self, Checked, Logged, Verified};
use jiff::{SignedDuration, Timestamp};

use crate::error::AppError;
use crate::format;
use crate::pages::{Chrome, Section, render};
use crate::params::asked;
use crate::site::Site;

/// Entries a page.
const PAGE: u32 = 50;

/// The whole log is checked again after so long; in between, only what came since.
const WHOLE_EVERY: SignedDuration = SignedDuration::from_hours(1);

/// How far the log was found to be whole, and since when: checking all of it at every view would let anybody keep the machine busy.
#[derive(Default)]
pub struct Audit(Mutex<Known>);

#[derive(Clone, Copy, Default)]
struct Known {
    checked: Checked,
    /// When all of it was checked (UTC).
    whole_at: Option<Timestamp>,
}

impl Audit {
    /// Checks what is due: how many entries there are, the hash of the last, and when all of it was checked.
    async fn check(&self, site: &Site) -> Result<(Verified, Timestamp), RecordError> {
        let known = *self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let now = site.now();
        let fresh = known.whole_at.filter(|at| now.duration_since(*at) < WHOLE_EVERY);
        let from = if fresh.is_some() { known.checked } else { Checked::default() };
        let checked = site.record().read(move |db| audit::verify_from(db, &from)).await?;
        let whole_at = fresh.unwrap_or(now);
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = Known { checked, whole_at: Some(whole_at) };
        Ok((checked.into(), whole_at))
    }
}

#[derive(Template)]
#[template(path = "people/audit.html")]
struct AuditPage {
    chrome: Chrome,
    staff: bool,
    rows: Vec<Row>,
    /// The address of older entries.
    older: Option<String>,
    /// How many entries the whole log has, the hash of the last, and when all of it was checked.
    whole: Result<(String, String, String), String>,
}

struct Row {
    seq: i64,
    at: String,
    role: String,
    action: String,
    subject: String,
    reason: Option<String>,
    part: &'static str,
}

/// `/audit`.
///
/// # Errors
/// When the record cannot be read.
pub async fn page(site: Site, RawQuery(query): RawQuery) -> Result<Response, AppError> {
    let staff = site.may(ReadAudit);
    let before = asked(&query.unwrap_or_default(), "before").and_then(|before| before.parse().ok());
    let entries = site.record().read(move |db| audit::newest(db, staff, before, PAGE + 1)).await?;
    let verified = site.audit.check(&site).await;
    let (more, shown) = (entries.len() > PAGE as usize, entries.into_iter().take(PAGE as usize).collect::<Vec<_>>());
    let older = shown.last().filter(|_| more).map(|last| format!("/audit?before={}", last.seq));
    let page = AuditPage {
        chrome: Chrome::new(&site, Section::Other, "Decisions, with their reasons"),
        staff,
        rows: shown.into_iter().map(row).collect(),
        older,
        whole: verified
            .map(|(whole, at)| (format::counted(whole.entries, "entry", "entries"), whole.last, format::moment(at)))
            .map_err(|error| error.to_string()),
    };
    Ok(render(&page)?.into_response())
}

/// `/download/audit.jsonl`: the whole chain, link by link; of staff's entries the public gets only the hash.
///
/// # Errors
/// When the record cannot be read.
pub async fn download(site: Site) -> Result<Response, AppError> {
    let staff = site.may(ReadAudit);
    let lines = site
        .record()
        .read(move |db| {
            let mut lines = String::new();
            audit::chain(db, staff, |link| {
                lines.push_str(&serde_json::to_string(&link).unwrap_or_default());
                lines.push('\n');
            })?;
            Ok(lines)
        })
        .await?;
    let headers = [
        (header::CONTENT_TYPE, "application/jsonl; charset=utf-8"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"audit.jsonl\""),
    ];
    Ok((headers, Body::from(lines)).into_response())
}

fn row(entry: Logged) -> Row {
    Row {
        seq: entry.seq,
        at: format::moment(entry.at),
        role: role(&entry.role),
        // `flag.raised` reads as "Flag raised".
        action: format::sentence_start(&entry.action.replace(['.', '_'], " ")),
        subject: format!("{} {}", entry.kind, entry.subject),
        reason: entry.reason,
        part: match entry.part {
            civic::Part::Public => "public",
            civic::Part::Staff => "staff only",
        },
    }
}

/// The role of who acted, for people.
fn role(slug: &str) -> String {
    match slug {
        "operator" => "Operator of the machine".to_owned(),
        "clock" => "Nobody: a deadline passed".to_owned(),
        "visitor" => "A visitor".to_owned(),
        slug => slug.parse().map_or_else(|_| slug.to_owned(), |role: civic::Role| role.name().to_owned()),
    }
}
