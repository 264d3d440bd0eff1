//! Evidence packs: freezing one, reading and printing it, and its files.

use std::collections::HashSet;

use askama::Template;
use axum::extract::Path;
use axum::http::header;
use axum::response::{IntoResponse, Json, Response};
use civic::assembly::pack::{self, Count, Pack};
use civic::assembly::quotes::{Quote, Stance};
use civic::assembly::{PackId, QuoteId, candidates};
use jiff::civil::Date;
use serde_json::json;

use super::inputs::{self, ShareRow};
use super::quotes::{Approved, still_there};
use super::{candidate, evidence, words};
use crate::charts::{LineChart, Series};
use crate::count::FEWEST_SHOWN;
use crate::csv::Csv;
use crate::decision::decide;
use crate::error::AppError;
use crate::format;
use crate::pages::form::Field;
use crate::pages::form_page::FormPage;
use crate::pages::{Chrome, Section, render};
use crate::sent::Sent;
use crate::site::Site;

#[derive(Template)]
#[template(path = "assembly/pack.html")]
struct PackPage {
    chrome: Chrome,
    id: String,
    candidate: String,
    cycle: String,
    frozen: String,
    role: String,
    why: String,
    as_of: Option<String>,
    is_intact: bool,
    hash: String,
    method: String,
    total: String,
    parts: Vec<ShareRow>,
    chart: Option<String>,
    tables: Vec<Table>,
    views: Vec<Approved>,
    counters: Vec<Approved>,
    withdrawn: Vec<String>,
    counter_views: String,
    missing: Vec<String>,
    limits: Vec<String>,
}

struct Table {
    name: &'static str,
    has_voices: bool,
    rows: Vec<(String, String, String)>,
}

/// `/assembly/candidates/{id}/pack`: the form that freezes a pack.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn freeze_page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let which = candidate::parse(&id)?;
    let label = site.record().read(move |db| candidates::find(db, &which)).await?.label;
    form(&site, &id, &label, "").show(None)
}

/// `POST /assembly/candidates/{id}/pack`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn freeze(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let which = candidate::parse(&id)?;
    let counter_views = sent.text("counter");
    let asked = which.clone();
    let found = site.record().read(move |db| candidates::find(db, &asked)).await?;
    let evidence = evidence::of(&site, &found, counter_views.clone());
    decide(
        &site,
        move |tx| pack::freeze(tx, &which, evidence),
        |id| format!("/assembly/packs/{id}"),
        async |message| form(&site, &id, &found.label, &counter_views).show(Some(message)),
    )
    .await
}

fn form(site: &Site, id: &str, label: &str, counter_views: &str) -> FormPage {
    let address = format!("/assembly/candidates/{id}");
    FormPage::new(site, Section::Assembly, "Freeze the evidence", format!("{address}/pack"), "Freeze it")
        .from(address, label)
        .about("The numbers of this hour, the approved quotes, who is missing and what the numbers cannot tell become a document that is never changed. Everybody can read and check it.")
        .field(
            Field::long("counter", "What speaks against it, or sees it otherwise?")
                .hint("In your own words; approved quotes on that side are added. If nothing was found, say so")
                .typed(counter_views),
        )
}

/// `/assembly/packs/{id}`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let (pack, quotes, there) = load(&site, &id).await?;
    let content = &pack.content;
    let shown: Vec<(&Quote, Approved)> = quotes
        .iter()
        .filter(|quote| there.contains(&quote.id))
        .filter_map(|quote| Some((quote, Approved::of(quote)?)))
        .collect();
    let withdrawn = quotes.iter().filter(|quote| !shown.iter().any(|(other, _)| other.id == quote.id));
    let withdrawn = withdrawn.map(why_withdrawn).collect();
    let (counters, views): (Vec<_>, Vec<_>) = shown.into_iter().partition(|(quote, _)| quote.stance == Stance::Counter);
    let page = PackPage {
        chrome: Chrome::new(&site, Section::Assembly, format!("Evidence: {}", content.label)),
        candidate: format!("/assembly/candidates/{}", pack.candidate),
        cycle: content.cycle.1.clone(),
        frozen: format::moment(pack.frozen_at),
        role: words::role(&pack.role),
        why: content.why.clone(),
        as_of: content.evidence.as_of.map(format::moment),
        is_intact: pack.is_intact,
        hash: pack.hash.clone(),
        method: content.evidence.method.clone(),
        total: format!("{:.1}", content.score.total),
        parts: inputs::rows(&content.inputs, &content.score.parts, &site.parts.labels),
        chart: chart(&pack),
        tables: content.evidence.tables.iter().filter_map(table).collect(),
        views: views.into_iter().map(|(_, quote)| quote).collect(),
        counters: counters.into_iter().map(|(_, quote)| quote).collect(),
        withdrawn,
        counter_views: content.evidence.counter_views.clone(),
        missing: content.evidence.missing.clone(),
        limits: content.evidence.limits.clone(),
        id: pack.id.to_string(),
    };
    Ok(render(&page)?.into_response())
}

/// `/download/packs/{id}/evidence.json`: the bytes that the hash was made from.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn evidence_json(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let (pack, ..) = load(&site, &id).await?;
    let headers = [
        (header::CONTENT_TYPE, "application/json"),
        (header::CONTENT_DISPOSITION, "attachment; filename=\"evidence.json\""),
    ];
    Ok((headers, pack.json).into_response())
}

/// `/download/packs/{id}/quotes.json`: the words with their salts, so that their seals can be checked, and what was withdrawn.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn quotes_json(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let (pack, quotes, there) = load(&site, &id).await?;
    let rows: Vec<serde_json::Value> = quotes
        .iter()
        .map(|quote| {
            let shown = there.contains(&quote.id);
            json!({
                "id": quote.id, "seal": quote.seal, "stance": quote.stance, "paraphrase": quote.is_paraphrase,
                "words": quote.words.as_ref().filter(|_| shown), "salt": quote.salt.as_ref().filter(|_| shown),
                "withdrawn": (!shown).then(|| why_withdrawn(quote)),
            })
        })
        .collect();
    Ok(Json(json!({ "pack": pack.id, "blake3": pack.hash, "quotes": rows })).into_response())
}

/// `/download/packs/{id}/counts.csv`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn counts_csv(site: Site, Path(id): Path<String>) -> Result<Csv, AppError> {
    let (pack, quotes, there) = load(&site, &id).await?;
    let mut csv = Csv::new("evidence", &["table", "name", "posts", "voices", "text"]);
    for table in &pack.content.evidence.tables {
        for row in &table.rows {
            let voices = if has_voices(&table.by) { cell(row.voices) } else { String::new() };
            csv.row(&[table.by.as_str(), &row.name, &cell(row.posts), &voices, ""]);
        }
    }
    for share in &pack.content.score.parts {
        let from = inputs::from(&pack.content.inputs, share.part, &site.parts.labels);
        csv.row(&["score", share.part.name(), &format!("{:.1}", share.points), "", &from]);
    }
    for quote in quotes.iter().filter(|quote| there.contains(&quote.id)) {
        csv.row(&["quote", quote.stance.slug(), "", "", quote.words.as_deref().unwrap_or_default()]);
    }
    csv.row(&["counter-views", "", "", "", &pack.content.evidence.counter_views]);
    Ok(csv)
}

/// The pack, its quotes, and which of them may be shown.
async fn load(site: &Site, id: &str) -> Result<(Pack, Vec<Quote>, HashSet<QuoteId>), AppError> {
    let id = PackId::parse(id).ok_or(AppError::NotFound)?;
    let (pack, quotes) = site
        .record()
        .read(move |db| {
            let pack = pack::find(db, &id)?;
            let quotes = pack::quotes_of(db, &pack)?;
            Ok((pack, quotes))
        })
        .await?;
    let there = still_there(site, &quotes).await?;
    Ok((pack, quotes, there))
}

fn why_withdrawn(quote: &Quote) -> String {
    match &quote.withdrawn {
        Some((at, why)) => format!("Withdrawn on {}: {why}", format::moment(*at)),
        None => "Withdrawn: its source is no longer there".to_owned(),
    }
}

fn table(table: &pack::Table) -> Option<Table> {
    let name = match table.by.as_str() {
        "channel" => "By source type, in the window where each rise is clearest",
        "region" => "By region, last 7 days",
        "feeling" => "By feeling, last 7 days",
        "day" => "By day",
        _ => return None,
    };
    let row = |count: &Count| {
        let name = count.name.parse().map_or_else(|_| count.name.clone(), format::date);
        (name, cell(count.posts), cell(count.voices))
    };
    Some(Table { name, has_voices: has_voices(&table.by), rows: table.rows.iter().map(row).collect() })
}

fn has_voices(by: &str) -> bool {
    matches!(by, "channel" | "day")
}

fn cell(count: Option<u64>) -> String {
    count.map_or_else(|| format!("fewer than {FEWEST_SHOWN}"), |count| count.to_string())
}

fn chart(pack: &Pack) -> Option<String> {
    let days = pack.content.evidence.tables.iter().find(|table| table.by == "day")?;
    let dates: Vec<Date> = days.rows.iter().map(|row| row.name.parse().ok()).collect::<Option<_>>()?;
    let values: Vec<f64> = days.rows.iter().map(|row| row.posts.unwrap_or_default() as f64).collect();
    let (first, last) = (*dates.first()?, *dates.last()?);
    let title = format!("Posts a day about {}", pack.content.label);
    let description = format!(
        "{}; the most on one day was {}. Counts under {FEWEST_SHOWN} are drawn as none.",
        format::dates(first, last),
        format::thousands(format::whole(values.iter().copied().fold(0.0, f64::max)))
    );
    let series = [Series { label: "Posts".to_owned(), values }];
    let chart = LineChart {
        id: "days",
        title: &title,
        description: &description,
        days: &dates,
        series: &series,
        band: None,
        hatched: &[],
    };
    Some(chart.draw())
}
