//! Changes from the bus into rows, so that nothing is lost and nothing counts twice.
//!
//! What must hold whatever is sent again: a batch carries the token `topic/epoch/partition/first-last`, by which `ClickHouse`
//! knows one that it has; rows are kept here until the server has confirmed them; a row that comes in another batch replaces
//! its equal by its version; and an erasure takes only rows of its own partition that came before it, and those of earlier
//! epochs, so that one that runs a second time does not take what the author said since.

use std::collections::{BTreeMap, VecDeque};
use std::time::Duration;

use ::clickhouse::Client;
use bus::{AuthorKey, BusTopic, Change, Correction, Enriched, Offset, Partition, failpoint};
use tantivy::tokenizer::TextAnalyzer;

use super::error::{ClickHouseError, Place};
use super::positions::Epoch;
use super::row::{PostRow, author_number, id_number, text_number};
use crate::filter::NONE;
use crate::schema;

/// The most rows in one batch, far below the size at which the server would split it.
const MOST_ROWS: usize = 100_000;
/// The most authors that one mutation takes out; each mutation writes the files that it touches anew.
const MOST_ERASURES: usize = 100;
/// How long the server may leave a batch unread, or a finished one unconfirmed.
const PATIENCE: Duration = Duration::from_mins(1);

/// Writes the changes of the bus topic `enriched`. What was applied is kept until [`ClickHouseWriter::commit`] has brought
/// all of it to the server: commit every some thousand changes, and after it commit the offsets to the bus.
pub struct ClickHouseWriter {
    client: Client,
    place: Place,
    epoch: Epoch,
    analyzer: TextAnalyzer,
    steps: BTreeMap<Partition, VecDeque<Step>>,
    /// Erasures whose turn has come, and which wait for others to be done with them.
    erasures: Vec<Erasure>,
}

/// What is to be done for a partition, in the order of its records.
enum Step {
    Insert { first: Offset, last: Offset, rows: Vec<PostRow> },
    Erase(Erasure),
    Correct { correction: Box<Correction>, at: Offset },
}

/// All that an author said before a place in a partition, and in earlier epochs.
struct Erasure {
    author: AuthorKey,
    partition: Partition,
    before: Offset,
}

impl ClickHouseWriter {
    pub(super) fn new(client: Client, place: Place, epoch: Epoch) -> Self {
        let analyzer = schema::analyzer();
        Self { client, place, epoch, analyzer, steps: BTreeMap::new(), erasures: Vec::new() }
    }

    /// Takes the change that stands at `offset` of `partition`; the changes of a partition come in their order.
    pub fn apply(&mut self, partition: Partition, offset: Offset, change: &Change<Enriched>) {
        let version = self.epoch.version(offset);
        let row = match change {
            Change::Upsert(post) => PostRow::of(post, partition, version, &mut self.analyzer),
            Change::Delete(id) => PostRow::deleted(*id, partition, version),
            Change::EraseAuthor(author) => {
                let step = Step::Erase(Erasure { author: *author, partition, before: offset });
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
        let place = self.place.clone();
        self.take_all().await.map_err(|error| place.failed(&error))
    }

    /// Whether there is anything that the server has not confirmed.
    pub fn is_clean(&self) -> bool {
        self.erasures.is_empty() && self.steps.values().all(VecDeque::is_empty)
    }

    async fn take_all(&mut self) -> ::clickhouse::error::Result<()> {
        let partitions: Vec<Partition> = self.steps.keys().copied().collect();
        for partition in partitions {
            while let Some(step) = self.steps.get_mut(&partition).and_then(VecDeque::pop_front) {
                match step {
                    // What is inserted before it is done may be newer: an erasure knows what was there before it.
                    Step::Erase(erasure) => self.note(erasure),
                    step => {
                        if let Err(error) = self.take(partition, &step).await {
                            self.steps.entry(partition).or_default().push_front(step);
                            return Err(error);
                        }
                    }
                }
            }
        }
        self.erase().await?;
        self.steps.clear();
        Ok(())
    }

    /// An erasure comes from every partition of the bus topic before into every partition of this one: the last says it all.
    fn note(&mut self, erasure: Erasure) {
        let same = |known: &&mut Erasure| (known.author, known.partition) == (erasure.author, erasure.partition);
        match self.erasures.iter_mut().find(same) {
            Some(known) => known.before = known.before.max(erasure.before),
            None => self.erasures.push(erasure),
        }
    }

    async fn take(&mut self, partition: Partition, step: &Step) -> ::clickhouse::error::Result<()> {
        match step {
            Step::Insert { first, last, rows } => {
                let epoch = self.epoch.number();
                let token = format!("{}/{epoch}/{partition}/{first}-{last}", BusTopic::Enriched.name());
                insert(&self.client, token, rows).await
            }
            Step::Correct { correction, at } => {
                // It takes over the row that stands, which must not be one that was erased.
                self.erase().await?;
                correct(&self.client, correction, self.epoch.version(*at)).await
            }
            Step::Erase(_) => Ok(()),
        }
    }

    /// Does the erasures that wait. A mutation rewrites what is on disk, where a mark would only hide it.
    async fn erase(&mut self) -> ::clickhouse::error::Result<()> {
        while !self.erasures.is_empty() {
            let some = &self.erasures[..self.erasures.len().min(MOST_ERASURES)];
            let one = "(author = ? AND (version < ? OR (bus_partition = ? AND version < ?)))";
            let statement = format!("ALTER TABLE posts DELETE WHERE {}", vec![one; some.len()].join(" OR "));
            let mut query = self.client.query(&statement).with_setting("mutations_sync", "2");
            for Erasure { author, partition, before } in some {
                query = query.bind(author_number(*author)).bind(self.epoch.begin());
                query = query.bind(partition).bind(self.epoch.version(*before));
            }
            failpoint::reached("analytics.before-erase");
            query.execute().await?;
            failpoint::reached("analytics.after-erase");
            self.erasures.drain(..self.erasures.len().min(MOST_ERASURES));
        }
        Ok(())
    }
}

async fn insert(client: &Client, token: String, rows: &[PostRow]) -> ::clickhouse::error::Result<()> {
    let mut insert = client
        .insert::<PostRow>("posts")
        .await?
        .with_setting("async_insert", "0")
        .with_setting("insert_deduplicate", "1")
        .with_setting("insert_deduplication_token", token)
        .with_setting("deduplicate_blocks_in_dependent_materialized_views", "1")
        .with_timeouts(Some(PATIENCE), Some(PATIENCE));
    failpoint::reached("analytics.before-insert");
    for row in rows {
        insert.write(row).await?;
    }
    insert.end().await?;
    failpoint::reached("analytics.after-insert");
    Ok(())
}

/// Adds version `at` of the row that stands, with the tags that staff said, if it is about the text that they saw.
async fn correct(client: &Client, correction: &Correction, at: u64) -> ::clickhouse::error::Result<()> {
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
