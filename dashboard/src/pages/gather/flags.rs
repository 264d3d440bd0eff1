//! The list of flags, also as a file and as JSON.

use askama::Template;
use axum::extract::RawQuery;
use axum::response::{IntoResponse, Json, Response};
use civic::Permission::Moderate;
use civic::gather::{self, Flag, FlagState, Order};
use serde_json::{Value, json};

use super::{close_overdue, evidence, href, state};
use crate::api::about;
use crate::csv::Csv;
use crate::error::AppError;
use crate::format::{self, counted};
use crate::pages::{Chrome, Section, render};
use crate::params::asked;
use crate::site::Site;

/// Flags a page.
const PAGE: u32 = 25;

/// The most flags in a file.
const MOST: u32 = 10_000;

/// Flags in one answer for other programs.
const IN_AN_ANSWER: u32 = 200;

/// What everybody sees.
const PUBLIC: [FlagState; 4] = [FlagState::Published, FlagState::Routed, FlagState::Closed, FlagState::Merged];

/// The ways to look at the list: name in the address, words, states, order.
const VIEWS: [(&str, &str, &[FlagState], Order); 5] = [
    ("newest", "Newest", &[FlagState::Published], Order::Newest),
    ("supported", "Most supported", &[FlagState::Published], Order::Supported),
    ("closing", "Closing soon", &[FlagState::Published], Order::Closing),
    ("routed", "Sent to who can act", &[FlagState::Routed], Order::Newest),
    ("closed", "Closed and merged", &[FlagState::Closed, FlagState::Merged], Order::Newest),
];

#[derive(Template)]
#[template(path = "gather/flags.html")]
struct FlagsPage {
    chrome: Chrome,
    /// Name, address, and whether it is shown.
    views: Vec<(&'static str, String, bool)>,
    about: String,
    rows: Vec<Row>,
    newer: Option<String>,
    older: Option<String>,
    moderation: bool,
}

struct Row {
    href: String,
    want: String,
    state: (&'static str, &'static str),
    support: String,
    part: String,
    evidence: String,
    closes: String,
}

/// `/gather`.
///
/// # Errors
/// When the record cannot be read.
pub async fn page(site: Site, RawQuery(query): RawQuery) -> Result<Response, AppError> {
    close_overdue(&site).await?;
    let query = query.unwrap_or_default();
    let shown = asked(&query, "show").unwrap_or_default();
    let (slug, _, states, order) = VIEWS.into_iter().find(|(slug, ..)| *slug == shown).unwrap_or(VIEWS[0]);
    let number: u32 = asked(&query, "page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, 100_000);
    let (flags, total) =
        site.record().read(move |db| gather::list(db, states, order, (number - 1) * PAGE, PAGE)).await?;
    let address = |page: u32| format!("/gather?show={slug}&page={page}");
    let page = FlagsPage {
        chrome: Chrome::new(&site, Section::Gather, "Gather: what people ask for"),
        views: VIEWS.map(|(name, label, ..)| (label, format!("/gather?show={name}"), name == slug)).into(),
        about: counted(total.into(), "flag", "flags"),
        rows: flags.iter().map(|flag| row(&site, flag)).collect(),
        newer: (number > 1).then(|| address(number - 1)),
        older: (total > number * PAGE).then(|| address(number + 1)),
        moderation: site.may(Moderate),
    };
    Ok(render(&page)?.into_response())
}

fn row(site: &Site, flag: &Flag) -> Row {
    Row {
        href: href(&flag.id),
        want: flag.want.clone(),
        state: state(flag.state),
        support: support(flag),
        part: format::percent(f64::from(flag.supporters().min(flag.target)) / f64::from(flag.target)),
        evidence: evidence(site, &flag.evidence).0,
        closes: format::moment(flag.deadline),
    }
}

/// Supporters against the target, in words.
pub fn support(flag: &Flag) -> String {
    let of = format!("{} of {} supporters", format::thousands(flag.supporters().into()), flag.target);
    if flag.offline == 0 { of } else { format!("{of}, {} of them on paper", flag.offline) }
}

/// Flags that everybody sees, newest first.
async fn public(site: &Site) -> Result<Vec<Flag>, AppError> {
    Ok(site.record().read(|db| gather::list(db, &PUBLIC, Order::Newest, 0, MOST)).await?.0)
}

/// `/download/flags.csv`.
///
/// # Errors
/// When the record cannot be read.
pub async fn csv(site: Site) -> Result<Csv, AppError> {
    let columns =
        ["id", "want", "because", "state", "reason", "leads to", "online", "on paper", "target", "raised", "closes"];
    let mut csv = Csv::new("flags", &columns);
    for flag in public(&site).await? {
        csv.row(&[
            flag.id.to_string(),
            flag.want.clone(),
            flag.because.clone(),
            flag.state.slug().to_owned(),
            flag.said.clone(),
            flag.leads_to.clone(),
            flag.online.to_string(),
            flag.offline.to_string(),
            flag.target.to_string(),
            flag.raised_at.to_string(),
            flag.deadline.to_string(),
        ]);
    }
    Ok(csv)
}

/// `/api/v1/flags`, also with `?page=`: the newest first.
///
/// # Errors
/// When the record cannot be read.
pub async fn json(site: Site, RawQuery(query): RawQuery) -> Result<Json<Value>, AppError> {
    let query = query.unwrap_or_default();
    let page: u32 = asked(&query, "page").and_then(|page| page.parse().ok()).unwrap_or(1).clamp(1, 100_000);
    let skip = (page - 1) * IN_AN_ANSWER;
    let (flags, total) =
        site.record().read(move |db| gather::list(db, &PUBLIC, Order::Newest, skip, IN_AN_ANSWER)).await?;
    let flags: Vec<Value> = flags.iter().map(|flag| as_json(&site, flag)).collect();
    let about = about(&site);
    Ok(Json(json!({ "about": about, "total": total, "page": page, "per_page": IN_AN_ANSWER, "flags": flags })))
}

/// A flag for other programs.
pub fn as_json(site: &Site, flag: &Flag) -> Value {
    json!({
        "id": flag.id.as_str(), "want": flag.want, "because": flag.because, "state": flag.state.slug(),
        "reason": flag.said, "leads_to": flag.leads_to, "raised_at": flag.raised_at, "closes_at": flag.deadline,
        "supporters": { "online": flag.online, "on_paper": flag.offline, "target": flag.target },
        "evidence": evidence(site, &flag.evidence).1,
    })
}
