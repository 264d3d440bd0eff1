//! Which issues concern whom.

use anyhow::{Context as _, Result, ensure};
use index::query::Query;
use index::trends::Issue;
use index::trends::model::Status;
use index::{Filter, SearchRequest, Searcher, Sort};
use ingest::alarm::Webhook;
use jiff::civil::Time;
use jiff::tz::TimeZone;
use jiff::{SignedDuration, Timestamp};
use serde::Deserialize;

use super::mail::mailbox;

/// The part of the posts of an issue that name a region, or that a search must find, for the issue to concern it.
const PART: f64 = 0.2;
/// Main subjects of an issue that are looked at.
const MAIN_TOPICS: usize = 3;

/// Who is told of which issues. What is left out asks for nothing.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Rule {
    /// What it is called, in messages and in the feed.
    pub name: String,
    /// One of these is among the three main subjects of the issue.
    #[serde(default)]
    pub topics: Vec<String>,
    /// One of these is named by a fifth or more of the posts that name a region.
    #[serde(default)]
    pub regions: Vec<String>,
    /// A search that finds a fifth or more of the posts of the issue.
    #[serde(default)]
    pub search: String,
    /// The issue is at least so strong (-log10 p).
    #[serde(default)]
    pub min_score: f64,
    /// It has at least so many voices in 7 days.
    #[serde(default)]
    pub min_voices: u64,
    /// Where it is told as JSON by POST.
    #[serde(default)]
    pub webhook: Option<Webhook>,
    /// Whom it is mailed to.
    #[serde(default)]
    pub mail_to: Vec<String>,
    /// When nobody is to be told; what happens then is told afterwards, together.
    #[serde(default)]
    pub quiet: Option<Quiet>,
    /// An issue that was gone for so many days is told again.
    #[serde(default = "a_week")]
    pub again_after_days: u32,
}

/// Hours in Europe/London, over midnight where they end before they begin.
#[derive(Clone, Copy, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Quiet {
    /// From this time on.
    pub from: Time,
    /// Until before this time.
    pub to: Time,
}

fn a_week() -> u32 {
    7
}

impl Rule {
    /// Checks what can be checked before anything rises.
    pub(super) fn check(&self, is_topic: impl Fn(&str) -> bool, is_region: impl Fn(&str) -> bool) -> Result<()> {
        let name = &self.name;
        for topic in &self.topics {
            ensure!(
                is_topic(topic),
                "the alert \"{name}\" asks for the topic {topic}, which config/topics.toml does not have"
            );
        }
        for region in &self.regions {
            ensure!(
                is_region(region),
                "the alert \"{name}\" asks for the region {region}, which config/places/regions.csv does not have"
            );
        }
        for address in &self.mail_to {
            mailbox(address).with_context(|| format!("the alert \"{name}\""))?;
        }
        if let Err(error) = Query::parse(&self.search) {
            anyhow::bail!("the alert \"{name}\" has a `search` that cannot be read: {error}");
        }
        Ok(())
    }

    /// Whether all but the search holds for an issue. What falls concerns nobody any more.
    pub(super) fn concerns(&self, issue: &Issue) -> bool {
        let rises = matches!(issue.status, Status::New | Status::Rising | Status::Sustained);
        let main = || issue.topics.iter().take(MAIN_TOPICS).any(|(topic, _)| self.topics.contains(topic));
        let naming: u64 = issue.regions.iter().map(|(_, posts)| posts).sum();
        let is_named = |(region, posts): &(String, u64)| {
            self.regions.contains(region) && *posts as f64 >= PART * naming.max(1) as f64
        };
        rises
            && issue.score >= self.min_score
            && issue.voices >= self.min_voices
            && (self.topics.is_empty() || main())
            && (self.regions.is_empty() || issue.regions.iter().any(is_named))
    }

    /// Whether the search finds enough of the posts of an issue. Where that cannot be told, it does not.
    pub(super) async fn finds(&self, issue: &Issue, as_of: Timestamp, searcher: &Searcher) -> bool {
        if self.search.trim().is_empty() {
            return true;
        }
        let count = async |query: String| {
            let from = as_of - SignedDuration::from_hours(7 * 24);
            let filter = Filter { query, from: Some(from), ..Filter::default() };
            let request = SearchRequest { filter, sort: Sort::Newest, page: 1, per_page: 1 };
            searcher.search(request).await.map(|page| page.total)
        };
        let all = count(issue.query.clone()).await;
        let both = count(format!("({}) AND ({})", issue.query, self.search)).await;
        match (all, both) {
            (Ok(all), Ok(both)) => all > 0 && both as f64 >= PART * all as f64,
            (Err(error), _) | (_, Err(error)) => {
                tracing::warn!(%error, rule = self.name, "it cannot be told whether an issue concerns an alert");
                false
            }
        }
    }

    /// Whether nobody is to be told at `now`.
    pub(super) fn is_quiet(&self, now: Timestamp) -> bool {
        let time = now.to_zoned(TimeZone::get("Europe/London").unwrap_or(TimeZone::UTC)).time();
        self.quiet.is_some_and(
            |Quiet { from, to }| {
                if from <= to { (from..to).contains(&time) } else { time >= from || time < to }
            },
        )
    }
}
