//! Counts from the table of posts.

use std::collections::HashMap;
use std::time::Duration;

use ::clickhouse::{Client, Row, RowOwned, RowRead};
use async_trait::async_trait;
use jiff::Timestamp;
use serde::Deserialize;

use super::conditions::Condition;
use super::error::Place;
use crate::analytics::{Analytics, AnalyticsError, Dimension, Group, Point, Step, Totals, begins};
use crate::document::milliseconds;
use crate::filter::Filter;

/// Voices are exact up to 65,536 and to within about half a per cent beyond.
const COUNTS: &str = "count() AS posts, uniqIf(author, author != 0) AS voices";
/// How long the server may count, in seconds, before it gives up.
const SECONDS: &str = "20";
/// How long to wait for it: longer, for the server's own word says more.
const PATIENCE: Duration = Duration::from_secs(25);

/// [`Analytics`] over the table of posts. Cheap to clone; every answer covers all that was committed.
#[derive(Clone)]
pub struct ClickHouseAnalytics {
    client: Client,
    place: Place,
}

#[derive(Row, Deserialize)]
struct TotalsRow {
    posts: u64,
    voices: u64,
}

#[derive(Row, Deserialize)]
struct GroupRow {
    key: String,
    posts: u64,
    voices: u64,
}

#[derive(Row, Deserialize)]
struct PointRow {
    at: i64,
    posts: u64,
    voices: u64,
}

impl ClickHouseAnalytics {
    pub(super) fn new(client: Client, place: Place) -> Self {
        // The steps of two years of hours are a longer statement than the server reads by default.
        let client = client.with_setting("max_execution_time", SECONDS).with_setting("max_query_size", "1048576");
        Self { client, place }
    }

    /// The counts of the posts that `filter` means, by `key` (an expression with its alias and a comma, or nothing).
    async fn count<T: RowOwned + RowRead>(
        &self,
        key: &str,
        filter: &Filter,
        rest: &str,
    ) -> Result<Vec<T>, AnalyticsError> {
        let condition = Condition::of(filter)?;
        let statement = format!("SELECT {key}{COUNTS} FROM posts FINAL WHERE {} {rest}", condition.sql);
        let counting = condition.bind_to(self.client.query(&statement)).fetch_all::<T>();
        match tokio::time::timeout(PATIENCE, counting).await {
            Ok(Ok(rows)) => Ok(rows),
            Ok(Err(error)) => Err(AnalyticsError::Store(self.place.failed(&error).to_string())),
            Err(_) => Err(AnalyticsError::Store("ClickHouse does not answer: it may be down or overloaded".to_owned())),
        }
    }
}

#[async_trait]
impl Analytics for ClickHouseAnalytics {
    async fn totals(&self, filter: &Filter) -> Result<Totals, AnalyticsError> {
        let rows: Vec<TotalsRow> = self.count("", filter, "").await?;
        Ok(rows.first().map(|row| Totals { posts: row.posts, voices: row.voices }).unwrap_or_default())
    }

    async fn groups(&self, filter: &Filter, dimension: Dimension, limit: usize) -> Result<Vec<Group>, AnalyticsError> {
        let key = format!("{} AS key, ", values(dimension));
        let rest = format!("GROUP BY key ORDER BY posts DESC, key LIMIT {limit}");
        let rows: Vec<GroupRow> = self.count(&key, filter, &rest).await?;
        let group = |row: GroupRow| Group { key: row.key, totals: Totals { posts: row.posts, voices: row.voices } };
        Ok(rows.into_iter().map(group).collect())
    }

    async fn over_time(&self, filter: &Filter, step: Step) -> Result<Vec<Point>, AnalyticsError> {
        let begins = begins(filter, step)?;
        if begins.is_empty() {
            return Ok(Vec::new());
        }
        let key = format!("roundDown(created_ms, {}) AS at, ", array(&begins));
        let rows: Vec<PointRow> = self.count(&key, filter, "GROUP BY at").await?;
        let counted: HashMap<i64, Totals> =
            rows.into_iter().map(|row| (row.at, Totals { posts: row.posts, voices: row.voices })).collect();
        let point = |at| Point { at, totals: counted.get(&milliseconds(at)).copied().unwrap_or_default() };
        Ok(begins.into_iter().map(point).collect())
    }
}

/// The expression of the values that a post counts under.
fn values(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Channel => "channel",
        Dimension::Region => "region",
        Dimension::Topic => "arrayJoin(topics)",
        Dimension::Sentiment => "sentiment",
        Dimension::Language => "language",
        Dimension::Source => "source",
    }
}

fn array(begins: &[Timestamp]) -> String {
    let numbers: Vec<String> = begins.iter().map(|&begin| milliseconds(begin).to_string()).collect();
    format!("CAST([{}] AS Array(Int64))", numbers.join(","))
}
