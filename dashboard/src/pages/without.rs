//! The list of issues with something left out: what rests on one source, one region, one meeting or one crowd of accounts alone.

use std::sync::Arc;

use askama::Template;
use axum::extract::RawQuery;
use axum::response::Html;
use bus::{EventId, PostId, SourceId};
use index::trends::without::{Comparison, LeftOut, Moved};

use crate::config::Audience;
use crate::error::AppError;
use crate::format;
use crate::pages::issue::source_name;
use crate::pages::issues::href;
use crate::pages::{Chrome, Section, render};
use crate::params::asked;
use crate::site::Site;

#[derive(Template)]
#[template(path = "without.html")]
struct WithoutPage {
    chrome: Chrome,
    /// What was typed or chosen, field by field.
    chosen: Chosen,
    sources: Vec<Choice>,
    regions: Vec<Choice>,
    /// What is wrong with it.
    problem: Option<String>,
    /// What came out.
    result: Option<Outcome>,
}

/// What the address says.
#[derive(Default)]
struct Chosen {
    source: String,
    region: String,
    meeting: String,
    copies_of: String,
}

struct Choice {
    value: String,
    name: String,
    chosen: bool,
}

struct Outcome {
    summary: String,
    rows: Vec<Row>,
}

struct Row {
    before: String,
    after: String,
    voices: String,
    href: String,
    label: String,
    note: &'static str,
}

/// `/issues/without`.
///
/// # Errors
/// [`AppError`] when the list cannot be computed.
pub async fn page(site: Site, RawQuery(query): RawQuery) -> Result<Html<String>, AppError> {
    let chosen = Chosen::of(query.as_deref().unwrap_or_default());
    let (problem, result) = match chosen.left_out(&site) {
        Ok(None) => (None, None),
        Ok(Some((name, left_out))) => compared(&site, &name, left_out).await?,
        Err(problem) => (Some(problem), None),
    };
    let labels = &site.parts.labels;
    let choice = |value: &str, name: &str, now: &str| Choice {
        value: value.to_owned(),
        name: name.to_owned(),
        chosen: value == now,
    };
    let health = (site.parts.health)();
    let sources = health.iter().map(|source| choice(source.id.as_str(), &source.name, &chosen.source)).collect();
    let regions = labels.regions.iter().map(|(slug, region)| choice(slug, &region.name, &chosen.region)).collect();
    render(&WithoutPage {
        chrome: Chrome::new(&site, Section::Issues, "Leave something out"),
        sources,
        regions,
        problem,
        result,
        chosen,
    })
}

/// What came out, or what is wrong.
async fn compared(site: &Site, name: &str, left_out: LeftOut) -> Result<(Option<String>, Option<Outcome>), AppError> {
    let as_of = site.trends().ok_or(AppError::NotYet)?.as_of;
    // It takes a second of a core: one after another.
    let _turn = site.comparisons.acquire().await.map_err(|error| AppError::Store(error.to_string()))?;
    let without = Arc::clone(&site.parts.without);
    let outcome = tokio::task::spawn_blocking(move || without(&left_out, as_of));
    let outcome = outcome.await.map_err(|error| AppError::Store(error.to_string()))?.map_err(AppError::Store)?;
    Ok(match outcome {
        None => return Err(AppError::NotYet),
        Some(compared) if compared.left_out == 0 => {
            (Some(format!("Nothing that is remembered was said by or at {name}: choose or type something else")), None)
        }
        Some(compared) => (None, Some(Outcome::new(&compared, name, site.audience()))),
    })
}

impl Chosen {
    fn of(query: &str) -> Self {
        let field = |name| asked(query, name).map(|value| value.trim().to_owned()).unwrap_or_default();
        Self {
            source: field("source"),
            region: field("region"),
            meeting: field("meeting"),
            copies_of: field("copies-of"),
        }
    }

    /// What is left out, in words and for the trends; the first field that says something counts.
    fn left_out(&self, site: &Site) -> Result<Option<(String, LeftOut)>, String> {
        if !self.source.is_empty() {
            let id: SourceId = self.source.parse().map_err(|_| "There is no such source".to_owned())?;
            return Ok(Some((source_name(site, &self.source), LeftOut::Source(id))));
        }
        if !self.region.is_empty() {
            return Ok(Some((site.parts.labels.region(&self.region).to_owned(), LeftOut::Region(self.region.clone()))));
        }
        if !self.meeting.is_empty() {
            let id: EventId =
                self.meeting.parse().map_err(|_| "A meeting's name has at most 200 letters".to_owned())?;
            return Ok(Some((format!("the meeting ‘{}’", self.meeting), LeftOut::Meeting(id))));
        }
        if !self.copies_of.is_empty() {
            let id = self.copies_of.rsplit('/').next().unwrap_or_default();
            let id: PostId = id.parse().map_err(|_| "Enter the address of a post's page".to_owned())?;
            return Ok(Some(("the accounts that posted this text".to_owned(), LeftOut::CopiesOf(id))));
        }
        Ok(None)
    }
}

impl Outcome {
    fn new(compared: &Comparison, name: &str, audience: Audience) -> Self {
        let place = |place: Option<usize>| place.map_or_else(|| "–".to_owned(), |place| place.to_string());
        let row = |Moved { issue, before, after, voices }: Moved| Row {
            before: place(before),
            after: place(after),
            voices: format!("{} → {}", audience.count(voices.0), audience.count(voices.1)),
            href: href(issue),
            label: issue.label.clone(),
            note: match (before, after) {
                (Some(_), None) => "Not listed without it",
                (None, Some(_)) => "Listed only without it",
                (Some(before), Some(after)) if after < before => "Higher without it",
                (Some(before), Some(after)) if after > before => "Lower without it",
                _ => "Same place",
            },
        };
        let (left_out, all) = (compared.left_out as u64, compared.posts as u64);
        Self {
            summary: format!(
                "Without {name}: {} of {} left out.",
                audience.count(left_out),
                format::counted(all, "post that is remembered", "posts that are remembered")
            ),
            rows: compared.moved().into_iter().map(row).collect(),
        }
    }
}
