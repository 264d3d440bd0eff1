//! Entering what the citizens' jury decided.

use askama::Template;
use axum::extract::Path;
use axum::response::{IntoResponse, Response};
use civic::assembly::candidates::{self, State};
use civic::assembly::{CandidateId, jury};

use super::cycle;
use crate::decision::decide;
use crate::error::AppError;
use crate::pages::Problems;
use crate::pages::form::Field;
use crate::pages::{Chrome, Section, render};
use crate::sent::Sent;
use crate::site::Site;

#[derive(Template)]
#[template(path = "assembly/jury.html")]
struct JuryPage {
    chrome: Chrome,
    problems: Problems,
    id: String,
    version: i64,
    fields: Vec<Field>,
    rows: Vec<Row>,
}

/// A candidate with what was typed about it. Each has fields of its own, named after it.
struct Row {
    id: String,
    label: String,
    rank: String,
    reason: String,
}

/// `/assembly/cycles/{id}/jury`.
///
/// # Errors
/// [`AppError::NotFound`].
pub async fn page(site: Site, Path(id): Path<String>) -> Result<Response, AppError> {
    let which = cycle::parse(&id)?;
    let cycle = cycle::find(&site, &id).await?;
    let gate = cycle.gate;
    let verdict = site.record().read(move |db| jury::verdict(db, &which, gate)).await?;
    let (jurors, how) = verdict
        .as_ref()
        .map_or((String::new(), String::new()), |verdict| (verdict.size.to_string(), verdict.chosen_how.clone()));
    let ranks = verdict.map(|verdict| verdict.ranks).unwrap_or_default();
    let rows = (1_usize..).zip(ranks).map(|(rank, (id, reason))| (id.to_string(), rank.to_string(), reason)).collect();
    show(&site, &id, cycle.version, &jurors, &how, rows, Vec::new()).await
}

/// `POST /assembly/cycles/{id}/jury`.
///
/// # Errors
/// [`AppError::NotFound`] or [`AppError::Changed`].
pub async fn enter(site: Site, Path(id): Path<String>, sent: Sent) -> Result<Response, AppError> {
    let (which, read) = (cycle::parse(&id)?, sent.version()?);
    let (jurors, how) = (sent.text("size"), sent.text("how"));
    let typed: Vec<(String, String, String)> = sent
        .all("candidate")
        .map(|id| (id.clone(), sent.text(&format!("rank-{id}")), sent.text(&format!("reason-{id}"))))
        .collect();
    let (ranks, number, chosen_how) = (ranks(&typed), jurors.parse().unwrap_or_default(), how.clone());
    decide(
        &site,
        move |tx| jury::enter(tx, &which, read, number, &chosen_how, &ranks.map_err(civic::RecordError::Refused)?),
        |()| format!("/assembly/cycles/{id}"),
        async |message| show(&site, &id, read, &jurors, &how, typed, vec![("form", message)]).await,
    )
    .await
}

/// The ranks that were typed, in their order: 1, 2, 3 and so on, without gaps.
fn ranks(typed: &[(String, String, String)]) -> Result<Vec<(CandidateId, String)>, String> {
    let mut ranked = Vec::new();
    for (id, rank, reason) in typed.iter().filter(|(_, rank, _)| !rank.is_empty()) {
        let number: usize = rank.parse().map_err(|_| format!("‘{rank}’ is no rank: enter 1 for the first choice"))?;
        let id = CandidateId::parse(id).ok_or("One of the candidates is not known")?;
        ranked.push((number, id, reason.clone()));
    }
    ranked.sort_by_key(|(number, ..)| *number);
    if ranked.iter().zip(1..).any(|((number, ..), expected)| *number != expected) {
        return Err("Enter each rank once, beginning with 1 and without gaps".to_owned());
    }
    Ok(ranked.into_iter().map(|(_, id, reason)| (id, reason)).collect())
}

async fn show(
    site: &Site,
    id: &str,
    version: i64,
    jurors: &str,
    how: &str,
    typed: Vec<(String, String, String)>,
    problems: Problems,
) -> Result<Response, AppError> {
    let cycle = cycle::find(site, id).await?;
    let listed = cycle.clone();
    let running = site.record().read(move |db| candidates::running(db, &listed)).await?;
    let rows = running
        .into_iter()
        .filter(|candidate| candidate.state == State::Standing && candidate.gate == cycle.gate)
        .map(|candidate| {
            let id = candidate.id.to_string();
            let typed = typed.iter().find(|(typed, ..)| *typed == id);
            let (rank, reason) = typed.map_or_else(Default::default, |(_, rank, why)| (rank.clone(), why.clone()));
            Row { id, label: candidate.label, rank, reason }
        })
        .collect();
    let page = JuryPage {
        chrome: Chrome::new(site, Section::Assembly, "The jury’s ranks"),
        id: cycle.id.to_string(),
        version,
        fields: vec![
            Field::new("size", "How many jurors were there?").typed(jurors),
            Field::long("how", "How were they found?").hint("For example, by lot from 2,000 who applied").typed(how),
        ],
        rows,
        problems,
    };
    Ok(render(&page)?.into_response())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranks_are_counted_from_1_without_gaps() {
        let ids = ["01KA7M3E5C0000000000000001", "01KA7M3E5C0000000000000002"];
        let typed = |first: &str, second: &str| {
            let row = |(id, rank): (&str, &str)| (id.to_owned(), rank.to_owned(), "Because".to_owned());
            [(ids[0], first), (ids[1], second)].map(row)
        };
        let order: Vec<String> = ranks(&typed("2", "1")).unwrap().into_iter().map(|(id, _)| id.to_string()).collect();
        assert_eq!(order, [ids[1], ids[0]]);
        assert_eq!(ranks(&typed("", "1")).unwrap().len(), 1);
        for (first, second) in [("1", "1"), ("2", "3"), ("0", "1"), ("first", "2")] {
            assert!(ranks(&typed(first, second)).is_err(), "{first} {second}");
        }
    }
}
