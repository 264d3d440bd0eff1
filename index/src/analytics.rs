//! Counts: how many posts and how many voices, over time and by what they are.

mod config;

use async_trait::async_trait;
use jiff::Timestamp;
use serde::Serialize;
use thiserror::Error;

pub use self::config::{AnalyticsConfig, NoClickHouse, Store};
use crate::filter::Filter;
use crate::london;

/// The most steps of time in one answer: two years of hours.
const MOST_STEPS: usize = 17_600;

/// Answers questions of how many. Tantivy's aggregations answer them on one machine, `ClickHouse` where one is
/// not enough. Both run the same conformance suite.
#[async_trait]
pub trait Analytics: Send + Sync + 'static {
    /// Posts and voices that fulfil `filter`.
    ///
    /// # Errors
    /// [`AnalyticsError`].
    async fn totals(&self, filter: &Filter) -> Result<Totals, AnalyticsError>;

    /// The same, split by `dimension`: largest first, at most `limit` groups. Posts with several values (topics) are
    /// counted in each; posts with none stand under [`crate::filter::NONE`].
    ///
    /// # Errors
    /// [`AnalyticsError`].
    async fn groups(&self, filter: &Filter, dimension: Dimension, limit: usize) -> Result<Vec<Group>, AnalyticsError>;

    /// The same over time, oldest first, with empty steps as zero. `filter.from` and `filter.until` must be given;
    /// steps begin at full hours or at midnight in Europe/London.
    ///
    /// # Errors
    /// [`AnalyticsError`].
    async fn over_time(&self, filter: &Filter, step: Step) -> Result<Vec<Point>, AnalyticsError>;
}

/// Posts, and the distinct voices behind them.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Totals {
    /// Posts, exactly.
    pub posts: u64,
    /// Distinct authors, to within about 3 % where there are many: pages say "about". Posts without an author add none.
    pub voices: u64,
}

/// One value of a dimension with its counts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Group {
    /// The value: a slug, a language code or a source id; [`crate::filter::NONE`] for posts without.
    pub key: String,
    /// Its counts.
    #[serde(flatten)]
    pub totals: Totals,
}

/// One step of time with its counts.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
pub struct Point {
    /// Where the step begins (UTC).
    pub at: Timestamp,
    /// Its counts.
    #[serde(flatten)]
    pub totals: Totals,
}

/// By what posts can be split.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Dimension {
    /// Kind of place it was said in.
    Channel,
    /// NHS region that it is about.
    Region,
    /// Subject.
    Topic,
    /// Feeling; posts that were not scored stand under [`crate::filter::NONE`].
    Sentiment,
    /// Language.
    Language,
    /// Source.
    Source,
}

/// How long a step of time is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Step {
    /// One hour.
    Hour,
    /// One day in Europe/London: 23 or 25 hours twice a year.
    Day,
}

/// Why there is no count, by what the caller can do.
#[derive(Debug, Error)]
pub enum AnalyticsError {
    /// The query in the filter cannot be read: show the message beside the input.
    #[error(transparent)]
    Query(#[from] crate::query::QueryError),
    /// The period does not suit the question: tell the user to choose another.
    #[error("{0}")]
    Period(String),
    /// The store failed: show the last good data with its age.
    #[error("the counts cannot be read: {0}")]
    Store(String),
}

/// When each step of the filter's period begins.
pub(crate) fn begins(filter: &Filter, step: Step) -> Result<Vec<Timestamp>, AnalyticsError> {
    let (Some(from), Some(until)) = (filter.from, filter.until) else {
        return Err(AnalyticsError::Period("give the beginning and the end of the period".to_owned()));
    };
    let begins = match step {
        Step::Hour => london::hours(from, until, MOST_STEPS),
        Step::Day => london::days(from, until, MOST_STEPS),
    };
    if begins.len() > MOST_STEPS {
        return Err(AnalyticsError::Period(format!(
            "the period has more than {MOST_STEPS} steps: choose a shorter one"
        )));
    }
    Ok(begins)
}
