//! Changes from the bus into rows, so that nothing is lost and nothing counts twice.
//!
//! What must hold whatever is sent again: a batch carries the token `topic/partition/first-last`, by which `ClickHouse` knows
//! one that it has; rows are kept here until the server has confirmed them; a row that comes in another batch replaces its
//! equal by its version; and an erasure takes only rows of its own partition that came before it, so that one that runs a
//! second time does not take what the author said since.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use ::clickhouse::Client;
use bus::{AuthorKey, BusTopic, Change, Correction, Enriched, Offset, Partition};
use tantivy::tokenizer::TextAnalyzer;

use super::error::{ClickHouseError, Place};
use super::row::{PostRow, author_number, id_number, text_number};
use crate::filter::NONE;
use crate::schema;

/// The most rows in one batch, far below the size at which the server would split it.
const MOST_ROWS: usize = 100_000;
/// How long the server may leave a batch unread, or a finished one unconfirmed.
const PATIENCE: Duration = Duration::from_mins(1);

/// Writes the changes of the bus topic `enriched`. What was applied is kept until [`ClickHouseWriter::commit`] has brought
/// all of it to the server: commit every some thousand changes, and after it commit the offsets to the bus.
pub struct ClickHouseWriter {
    client: Client,
    place: Place,
    analyzer: TextAnalyzer,
    steps: BTreeMap<Partition, VecDeque<Step>>,
}

/// What is to be done for a partition, in the order of its records.
enum Step {
    Insert { first: Offset, last: Offset, rows: Vec<PostRow> },
    Erase { author: AuthorKey, before: Offset },
    Correct { correction: Box<Correction>, at: Offset },
}

impl ClickHouseWriter {
    pub(super) fn new(client: Client, place: Place) -> Self {
        Self { client, place, analyzer: schema::analyzer(), steps: BTreeMap::new() }
    }

    /// Takes the change that stands at `offset` of `partition`; the changes of a partition come in their order.
    pub fn apply(&mut self, partition: Partition, offset: Offset, change: &Change<Enriched>) {
        let row = match change {
            Change::Upsert(post) => PostRow::of(post, partition, offset, &mut self.analyzer),
            Change::Delete(id) => PostRow::deleted(*id, partition, offset),
            Change::EraseAuthor(author) => {
                let step = Step::Erase { author: *author, before: offset };
                return self.steps.entry(partition).or_default().push_back(step);
            }
            Change::Correct(correction) => {
                let step = Step::Correct { correction: correction.clone(), at: offset };
                return self.steps.entry(partition).or_default().push_back(step);
            }
            // Nothing to count.
            Change::Gap(_) => return,
        };
        let steps = self.steps.entry(partition).or_default();
        match steps.back_mut() {
            Some(Step::Insert { last, rows, .. }) if rows.len() < MOST_ROWS => {
                *last = offset;
                rows.push(row);
            }
            _ => steps.push_back(Step::Insert { first: offset, last: offset, rows: vec![row] }),
        }
    }

    /// Brings everything that was applied to the server; it counts from then on.
    ///
    /// # Errors
    /// [`ClickHouseError`]; what the server did not confirm is still here, and the next call sends it again, under the same
    /// token.
    pub async fn commit(&mut self) -> Result<(), ClickHouseError> {
        for (&partition, steps) in &mut self.steps {
            while let Some(step) = steps.front() {
                take(&self.client, partition, step).await.map_err(|error| self.place.failed(&error))?;
                steps.pop_front();
            }
        }
        self.steps.clear();
        Ok(())
    }

    /// Whether there is anything that the server has not confirmed.
    pub fn is_clean(&self) -> bool {
        self.steps.values().all(VecDeque::is_empty)
    }
}

async fn take(client: &Client, partition: Partition, step: &Step) -> ::clickhouse::error::Result<()> {
    match step {
        Step::Insert { first, last, rows } => {
            let token = format!("{}/{partition}/{first}-{last}", BusTopic::Enriched.name());
            let mut insert = client
                .insert::<PostRow>("posts")
                .await?
                .with_setting("async_insert", "0")
                .with_setting("insert_deduplicate", "1")
                .with_setting("insert_deduplication_token", token)
                .with_setting("deduplicate_blocks_in_dependent_materialized_views", "1")
                .with_timeouts(Some(PATIENCE), Some(PATIENCE));
            for row in rows {
                insert.write(row).await?;
            }
            insert.end().await
        }
        Step::Erase { author, before } => {
            // A mutation rewrites what is on disk, where a mark would only hide it.
            client
                .query("ALTER TABLE posts DELETE WHERE author = ? AND bus_partition = ? AND version < ?")
                .with_setting("mutations_sync", "2")
                .bind(author_number(*author))
                .bind(partition)
                .bind(before)
                .execute()
                .await
        }
        Step::Correct { correction, at } => correct(client, correction, *at).await,
    }
}

/// Adds a version of the row that stands, with the tags that staff said, if it is about the text that they saw.
async fn correct(client: &Client, correction: &Correction, at: Offset) -> ::clickhouse::error::Result<()> {
    let Correction { language, sentiment, topics, places, .. } = correction;
    let topics = topics.as_ref().map(|said| match said.to.as_slice() {
        [] => vec![NONE],
        topics => topics.iter().map(String::as_str).collect(),
    });
    let sentiment = sentiment.as_ref().map(|said| said.to.map_or(NONE, bus::SentimentLabel::slug));
    let language = language.as_ref().map(|said| said.to.as_deref().unwrap_or(NONE));
    let region = places.as_ref().map(|said| said.to.iter().find_map(|place| place.region.as_deref()).unwrap_or(NONE));
    let value = |said: bool, column: &'static str| if said { "?" } else { column };
    let statement = format!(
        "INSERT INTO posts (id, version, is_deleted, bus_partition, author, created_ms, channel, region, topics, \
         sentiment, language, source, event, words, title_words, text) \
         SELECT id, ?, is_deleted, bus_partition, author, created_ms, channel, {}, {}, {}, {}, source, event, words, \
         title_words, text FROM posts FINAL WHERE id = ? AND text = ? AND is_deleted = 0 AND version < ?",
        value(region.is_some(), "region"),
        value(topics.is_some(), "topics"),
        value(sentiment.is_some(), "sentiment"),
        value(language.is_some(), "language"),
    );
    let mut query = client.query(&statement).bind(at);
    if let Some(region) = region {
        query = query.bind(region);
    }
    if let Some(topics) = &topics {
        query = query.bind(topics);
    }
    for said in [sentiment, language].into_iter().flatten() {
        query = query.bind(said);
    }
    query.bind(id_number(correction.post)).bind(text_number(correction.text)).bind(at).execute().await
}
