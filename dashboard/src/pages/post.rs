//! One post with its tags, and the card that stands for it in a list.

use askama::Template;
use axum::extract::Path;
use axum::response::Html;
use bus::{Correction, Enriched, PostId};
use civic::Permission::WorkOnPosts;
use civic::assembly::quotes;
use index::Piece;

use crate::error::AppError;
use crate::facet::Facet;
use crate::format;
use crate::labels;
use crate::pages::assembly::quotes::Approved;
use crate::pages::correct;
use crate::pages::corrected::{self, CorrectedTag, surety};
use crate::pages::issue::source_name;
use crate::pages::work::{self, WorkPart};
use crate::pages::{Chrome, Section, render};
use crate::params::Params;
use crate::site::Site;

/// A post in a list.
pub struct PostCard {
    /// Its page.
    pub href: String,
    /// Where and when it was said.
    pub heading: String,
    /// Its headline.
    pub title: Option<String>,
    /// Its text, in pieces.
    pub snippet: Vec<Piece>,
    /// The language of the text, where it is not English.
    pub language: Option<String>,
    /// Feeling, topics and language: the colour of the tag and its words.
    pub tags: Vec<(&'static str, String)>,
    /// Where it is put into a collection, for those who may.
    pub collect: Option<String>,
}

impl PostCard {
    /// The card of a post.
    pub fn new(site: &Site, post: &Enriched, snippet: Vec<Piece>) -> Self {
        Self {
            href: format!("/posts/{}", post.post.id),
            heading: heading(site, post),
            title: post.post.title.clone(),
            snippet,
            language: foreign(post),
            tags: tags(site, post),
            collect: site.may(WorkOnPosts).then(|| format!("/posts/{}/collect", post.post.id)),
        }
    }
}

/// What a post is called: where and when it was said.
pub fn heading(site: &Site, post: &Enriched) -> String {
    let place = post.places.first().map(|place| format!(", {}", place.name)).unwrap_or_default();
    let source = source_name(site, post.post.source.as_str());
    format!("{source}{place}: {}", format::moment(post.post.created_at))
}

fn foreign(post: &Enriched) -> Option<String> {
    post.language.clone().filter(|code| code != "en")
}

fn tags(site: &Site, post: &Enriched) -> Vec<(&'static str, String)> {
    let mut tags = vec![("grey", labels::said_in(post.post.channel).to_owned())];
    tags.extend(post.sentiment.map(|sentiment| ("grey", labels::sentiment(sentiment.label).to_owned())));
    let topics = post.topics.iter().take(3);
    tags.extend(topics.map(|tag| ("blue", site.parts.labels.topic(&tag.topic).to_owned())));
    tags.extend(foreign(post).map(|code| ("white", labels::language(&code))));
    tags
}

#[derive(Template)]
#[template(path = "post.html")]
struct PostPage {
    chrome: Chrome,
    title: Option<String>,
    text: String,
    language: Option<String>,
    rows: Vec<Row>,
    corrected: Vec<CorrectedTag>,
    /// The form to correct it, for who may.
    correct: Option<String>,
    original: Option<String>,
    /// The words of it that everybody may read.
    approved: Vec<Approved>,
    /// Where words are approved, for those who may.
    approve: Option<String>,
    /// The work on it, for those who may.
    work: Option<WorkPart>,
    collect: String,
}

struct Row {
    name: &'static str,
    value: String,
    /// The search for more of the same.
    more: Option<String>,
}

/// `/posts/{id}`.
///
/// # Errors
/// [`AppError::NoPost`] when it is not there or is gone.
pub async fn page(site: Site, Path(id): Path<String>) -> Result<Html<String>, AppError> {
    let id: PostId = id.parse().map_err(|_| AppError::NoPost)?;
    let post = site.parts.searcher.get(&[id]).await?.into_iter().next().ok_or(AppError::NoPost)?;
    let text = id.to_string();
    let quotes = site.record().read(move |db| quotes::of_post(db, &text)).await?;
    render(&PostPage {
        approved: quotes.iter().filter_map(Approved::of).collect(),
        collect: format!("/posts/{id}/collect"),
        work: work::part(&site, work::subject_of(&post)).await?,
        approve: site.may(WorkOnPosts).then(|| format!("/posts/{id}/quote")),
        chrome: Chrome::new(&site, Section::Search, heading(&site, &post)),
        rows: rows(&site, &post),
        corrected: corrected::tags(&site, &post),
        correct: correct::may(&site).then(|| correct::of_post(id)),
        language: foreign(&post),
        original: post.post.url.as_deref().and_then(web_address),
        title: post.post.title,
        text: post.post.text,
    })
}

/// The address, if it leads to a web page: anything else in a link could run in the reader's browser.
pub fn web_address(address: &str) -> Option<String> {
    let url = url::Url::parse(address).ok()?;
    matches!(url.scheme(), "http" | "https").then(|| url.to_string())
}

fn rows(site: &Site, post: &Enriched) -> Vec<Row> {
    let more = |facet: Facet, value: &str| Some(Params::default().with(facet, value).href("/search"));
    let row = |name, value: String, more| Row { name, value, more };
    let labels = &site.parts.labels;
    let inner = &post.post;
    let said = post.corrected.as_ref().map(|corrected| &corrected.said);
    let has = |is_said: fn(&Correction) -> bool| said.is_some_and(is_said);
    let feeling_by_staff = has(|said| said.sentiment.is_some());
    let mut rows = vec![
        row("Source", source_name(site, inner.source.as_str()), more(Facet::Source, inner.source.as_str())),
        row("Source type", labels::channel(inner.channel).to_owned(), more(Facet::Channel, inner.channel.slug())),
        row("Written", format::moment(inner.created_at), None),
        row("Collected", format::moment(inner.collected_at), None),
    ];
    let language = post.language.as_deref().unwrap_or(index::NONE);
    let mark = if has(|said| said.language.is_some()) { " (set by staff)" } else { "" };
    rows.push(row("Language", format!("{}{mark}", labels::language(language)), more(Facet::Language, language)));
    rows.push(match post.sentiment {
        Some(sentiment) => {
            let label = labels::sentiment(sentiment.label);
            let told = if feeling_by_staff {
                format!("{label} (set by staff)")
            } else {
                format!("{label}, {:+.2} on a scale from -1 to 1", sentiment.score)
            };
            row("Feeling", told, more(Facet::Feeling, sentiment.label.slug()))
        }
        None if feeling_by_staff => row("Feeling", "No feeling (set by staff)".to_owned(), None),
        None => row("Feeling", "Not scored: feeling is scored for English only".to_owned(), None),
    });
    for tag in &post.topics {
        let value =
            format!("{} ({})", labels.topic(&tag.topic), surety(has(|said| said.topics.is_some()), tag.confidence));
        rows.push(row("Topic", value, more(Facet::Topic, &tag.topic)));
    }
    for place in &post.places {
        let region = place.region.as_deref();
        let within =
            region.map(|region| format!(", {}", labels.region(region))).filter(|within| !within.ends_with(&place.name));
        let value = format!(
            "{}{} ({})",
            place.name,
            within.unwrap_or_default(),
            surety(has(|said| said.places.is_some()), place.confidence)
        );
        rows.push(row("Place", value, region.and_then(|region| more(Facet::Region, region))));
    }
    if let Some(event) = &inner.event {
        let meeting = Params { event: Some(event.clone()), ..Params::default() };
        rows.push(row("Meeting", event.to_string(), Some(meeting.href("/search"))));
        rows.extend(inner.attendance.map(|people| {
            row(
                "In the room",
                format!("{}, of whom only some spoke", format::counted(people.into(), "person", "people")),
                None,
            )
        }));
    }
    rows
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_web_pages_are_linked() {
        assert_eq!(web_address("https://example.org/a?b=c").as_deref(), Some("https://example.org/a?b=c"));
        for hostile in
            ["javascript:alert(1)", "JAVASCRIPT:alert(1)", "data:text/html,x", "file:///etc/passwd", "/x", ""]
        {
            assert_eq!(web_address(hostile), None, "{hostile}");
        }
    }
}
