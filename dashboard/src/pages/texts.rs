//! Pages that explain: how to read the numbers, accessibility, privacy, and the API.

use askama::Template;
use axum::response::Html;

use crate::error::AppError;
use crate::pages::{Chrome, Section, render};
use crate::site::Site;

/// A topic: its name, its group and its definition.
type Topic = (String, String, String);

#[derive(Template)]
#[template(path = "help.html")]
struct HelpPage {
    chrome: Chrome,
    topics: Vec<Topic>,
    /// Name and slug of every region, for the query.
    regions: Vec<(String, String)>,
}

/// `/help`.
///
/// # Errors
/// None but those of the template.
pub async fn help(site: Site) -> Result<Html<String>, AppError> {
    let labels = &site.parts.labels;
    let mut topics: Vec<Topic> = labels
        .topics
        .values()
        .map(|topic| (topic.name.clone(), topic.group.clone(), topic.definition.clone()))
        .collect();
    topics.sort_by(|a, b| (&a.1, &a.0).cmp(&(&b.1, &b.0)));
    render(&HelpPage {
        chrome: Chrome::new(&site, Section::Help, "How to read this"),
        topics,
        regions: labels.regions.iter().map(|(slug, region)| (region.name.clone(), slug.clone())).collect(),
    })
}

#[derive(Template)]
#[template(path = "accessibility.html")]
struct AccessibilityPage {
    chrome: Chrome,
}

/// `/accessibility`.
///
/// # Errors
/// None but those of the template.
pub async fn accessibility(site: Site) -> Result<Html<String>, AppError> {
    render(&AccessibilityPage { chrome: Chrome::new(&site, Section::Other, "Accessibility") })
}

#[derive(Template)]
#[template(path = "privacy.html")]
struct PrivacyPage {
    chrome: Chrome,
}

/// `/privacy`.
///
/// # Errors
/// None but those of the template.
pub async fn privacy(site: Site) -> Result<Html<String>, AppError> {
    render(&PrivacyPage { chrome: Chrome::new(&site, Section::Other, "Privacy") })
}

#[derive(Template)]
#[template(path = "api.html")]
struct ApiPage {
    chrome: Chrome,
}

/// `/api`.
///
/// # Errors
/// None but those of the template.
pub async fn api(site: Site) -> Result<Html<String>, AppError> {
    render(&ApiPage { chrome: Chrome::new(&site, Section::Other, "JSON API") })
}
