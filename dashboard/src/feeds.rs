//! Issues and searches as Atom feeds (RFC 4287), for feed readers and other programs.

use std::sync::Arc;

use askama::Template;
use axum::extract::RawQuery;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use jiff::Timestamp;
use url::form_urlencoded;

use crate::alert::Alert;
use crate::error::AppError;
use crate::findings;
use crate::pages::assembly::ledger;
use crate::pages::gather;
use crate::pages::issue::source_name;
use crate::pages::issues::href;
use crate::pages::{facets, search as search_page};
use crate::params::{Params, asked};
use crate::serve::Notice;
use crate::site::Site;

/// The most alerts in their feed.
const MOST_ALERTS: usize = 100;
/// The most flags in their feed.
const MOST_FLAGS: u32 = 50;

#[derive(Template)]
#[template(path = "feed.xml")]
struct Feed {
    /// A name that stays the same.
    id: String,
    title: String,
    /// This feed, and the page that shows the same.
    itself: String,
    page: String,
    updated: Timestamp,
    fictional: bool,
    entries: Vec<Entry>,
}

struct Entry {
    id: String,
    title: String,
    href: String,
    updated: Timestamp,
    summary: String,
}

/// Text without the control characters that XML 1.0 cannot hold.
fn speakable(text: &str) -> String {
    text.chars().filter(|letter| !letter.is_control() || matches!(letter, '\n' | '\t')).collect()
}

fn respond(feed: &Feed) -> Result<Response, AppError> {
    Ok(([(header::CONTENT_TYPE, "application/atom+xml; charset=utf-8")], feed.render()?).into_response())
}

/// `/feeds/issues.atom`: the issues listed, strongest first. An entry is new when an issue appears.
///
/// # Errors
/// [`AppError::NotYet`].
pub async fn issues(site: Site) -> Result<Response, AppError> {
    let list = site.trends().ok_or(AppError::NotYet)?;
    let entries = list.issues.iter().map(|issue| {
        let source = source_name(&site, &issue.busiest_source.0);
        let reasons = findings::why(issue, &site.parts.labels, &source, site.audience());
        let sentences: Vec<String> =
            reasons.iter().map(|reason| format!("{}{}.", reason.strong, reason.rest)).collect();
        Entry {
            id: format!("urn:ulid:{}", issue.id),
            title: issue.label.clone(),
            href: href(issue),
            updated: issue.first_seen,
            summary: sentences.join(" "),
        }
    });
    respond(&Feed {
        id: "urn:discovery:issues".to_owned(),
        title: "Trending issues".to_owned(),
        itself: "/feeds/issues.atom".to_owned(),
        page: "/issues".to_owned(),
        updated: list.as_of,
        fictional: site.parts.notice == Notice::Fictional,
        entries: entries.collect(),
    })
}

/// `/feeds/answers.atom`: what the Board answered, what was written last first.
///
/// # Errors
/// When the record cannot be read.
pub async fn answers(site: Site) -> Result<Response, AppError> {
    let (mut all, today) = ledger::load(&site).await?;
    all.sort_by_key(|answer| std::cmp::Reverse(answer.changed_at));
    let entries: Vec<Entry> = all
        .iter()
        .map(|answer| Entry {
            id: format!("urn:ulid:{}", answer.id),
            title: speakable(&answer.label),
            href: ledger::href(answer),
            updated: answer.changed_at,
            summary: speakable(&ledger::summary(answer, today)),
        })
        .collect();
    respond(&Feed {
        id: "urn:discovery:answers".to_owned(),
        title: "What the Board answered".to_owned(),
        itself: "/feeds/answers.atom".to_owned(),
        page: "/assembly/ledger".to_owned(),
        updated: entries.first().map_or_else(|| site.now(), |entry| entry.updated),
        fictional: site.parts.notice == Notice::Fictional,
        entries,
    })
}

/// `/feeds/flags.atom`: the newest flags that are open for support.
///
/// # Errors
/// When the record cannot be read.
pub async fn flags(site: Site) -> Result<Response, AppError> {
    let flags = gather::glance::newest(&site, MOST_FLAGS).await?;
    let entry = |flag: &civic::gather::Flag| Entry {
        id: format!("urn:ulid:{}", flag.id),
        title: speakable(&format!("I want {}", flag.want)),
        href: gather::href(&flag.id),
        updated: flag.raised_at,
        summary: speakable(&flag.because),
    };
    respond(&Feed {
        id: "urn:discovery:flags".to_owned(),
        title: "Flags in Gather".to_owned(),
        itself: "/feeds/flags.atom".to_owned(),
        page: "/gather".to_owned(),
        updated: flags.first().map_or_else(|| site.now(), |flag| flag.raised_at),
        fictional: site.parts.notice == Notice::Fictional,
        entries: flags.iter().map(entry).collect(),
    })
}

/// `/feeds/alerts.atom`: which issues concerned whom, the newest first; `?rule=NAME` for one rule.
///
/// # Errors
/// When the feed cannot be written.
pub async fn alerts(site: Site, RawQuery(query): RawQuery) -> Result<Response, AppError> {
    let read = Arc::clone(&site.parts.alerts);
    let all = tokio::task::spawn_blocking(move || read()).await.map_err(|error| AppError::Store(error.to_string()))?;
    let rule = asked(query.as_deref().unwrap_or_default(), "rule");
    let entry = |alert: &Alert| Entry {
        id: alert.id(),
        title: speakable(&format!("{} ({})", alert.label, alert.rule)),
        href: alert.path(),
        updated: alert.at,
        summary: speakable(&alert.sentence(site.audience())),
    };
    let wanted = all.iter().filter(|alert| rule.as_ref().is_none_or(|rule| alert.rule == *rule));
    let entries: Vec<Entry> = wanted.take(MOST_ALERTS).map(entry).collect();
    let encoded = |rule: &String| form_urlencoded::Serializer::new(String::new()).append_pair("rule", rule).finish();
    let query: String = rule.iter().map(|rule| format!("?{}", encoded(rule))).collect();
    respond(&Feed {
        id: format!("urn:discovery:alerts{query}"),
        title: rule.map_or_else(|| "Alerts".to_owned(), |rule| format!("Alerts: {}", speakable(&rule))),
        itself: format!("/feeds/alerts.atom{query}"),
        page: "/issues".to_owned(),
        updated: entries.first().map_or_else(|| site.now(), |entry| entry.updated),
        fictional: site.parts.notice == Notice::Fictional,
        entries,
    })
}

/// `/feeds/search.atom`: the newest posts of a search.
///
/// # Errors
/// [`AppError`] of the search.
pub async fn search(site: Site, params: Params) -> Result<Response, AppError> {
    let params = params.sorted(index::Sort::Newest);
    let found = site.parts.searcher.search(search_page::request(&site, &params)).await?;
    let entries: Vec<Entry> = found
        .hits
        .iter()
        .map(|hit| {
            let post = &hit.post.post;
            let title = post.title.clone().unwrap_or_else(|| source_name(&site, post.source.as_str()));
            let (id, href) = (format!("urn:discovery:post:{}", post.id), format!("/posts/{}", post.id));
            Entry { id, title: speakable(&title), href, updated: post.created_at, summary: speakable(&post.text) }
        })
        .collect();
    let filters: Vec<String> = facets::chips(&site, &params, "/search").into_iter().map(|chip| chip.label).collect();
    let words = [vec![found.understood], filters].concat().join("; ");
    respond(&Feed {
        id: format!("urn:discovery:search:{}", params.query_string()),
        title: format!("Posts found: {words}"),
        itself: params.href("/feeds/search.atom"),
        page: params.href("/search"),
        updated: entries.first().map_or_else(|| site.now(), |entry| entry.updated),
        fictional: site.parts.notice == Notice::Fictional,
        entries,
    })
}
