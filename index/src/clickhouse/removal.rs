//! What leaves the table for good: posts that are too old, what is left of posts that were deleted, and who asks to be erased.
//!
//! All of it by mutations, which write the files anew. A plain TTL would not do: the row that says that a post is gone would
//! go as well, and an older row of the post would count again.

use bus::{Change, Enriched};
use jiff::Timestamp;

use super::ClickHouse;
use super::error::ClickHouseError;
use super::row::{author_number, id_number};
use crate::document::milliseconds;
use crate::retention::Retention;

/// Ids or authors in one statement.
const AT_ONCE: usize = 1_000;

/// Posts that were deleted, and of which an older row is still in a file.
const LEFT_OVER: &str = "is_deleted = 0 AND id IN (SELECT id FROM (SELECT id, argMax(is_deleted, version) AS gone FROM posts \
                         WHERE id IN (SELECT id FROM posts WHERE is_deleted = 1) GROUP BY id) WHERE gone = 1)";

impl ClickHouse {
    /// Removes the posts that are older at `now` than `retention` permits, and what files still hold of deleted ones. Says how
    /// many rows of each kind went.
    ///
    /// # Errors
    /// [`ClickHouseError`].
    pub async fn retain(&self, now: Timestamp, retention: &Retention) -> Result<(u64, u64), ClickHouseError> {
        let left_over = self.remove(LEFT_OVER).await?;
        let mut old = 0;
        for (channel, until) in retention.cutoffs(now) {
            // By id, so that no older row of a post that was edited stays. Rows that say that a post is gone stay.
            let (channel, until) = (channel.slug(), milliseconds(until));
            let condition =
                format!("id IN (SELECT id FROM posts FINAL WHERE channel = '{channel}' AND created_ms < {until})");
            old += self.remove(&condition).await?;
        }
        Ok((old, left_over))
    }

    /// Takes these posts and authors out of the table and its files, whatever their versions, and says how many posts went.
    ///
    /// # Errors
    /// [`ClickHouseError`]; doing it again does no harm.
    pub async fn erase(&self, changes: &[Change<Enriched>]) -> Result<u64, ClickHouseError> {
        let ids = changes.iter().filter_map(|change| match change {
            Change::Delete(id) => Some(id_number(*id)),
            _ => None,
        });
        let authors = changes.iter().filter_map(|change| match change {
            Change::EraseAuthor(author) => Some(author_number(*author)),
            _ => None,
        });
        let conditions =
            [one_of("id", &ids.collect::<Vec<_>>()), one_of("author", &authors.collect::<Vec<_>>())].concat();
        let mut gone = 0;
        for condition in conditions {
            let standing = format!("SELECT count() FROM posts FINAL WHERE {condition}");
            gone += self.in_time(self.client.query_raw(&standing).fetch_one::<u64>()).await?;
            self.remove(&condition).await?;
        }
        Ok(gone)
    }

    /// Removes the rows that fulfil `condition`, and says how many these were. Returns once they are gone from the files.
    async fn remove(&self, condition: &str) -> Result<u64, ClickHouseError> {
        let there = format!("SELECT count() FROM posts WHERE {condition}");
        let rows = self.in_time(self.client.query_raw(&there).fetch_one::<u64>()).await?;
        if rows > 0 {
            let mutation = format!("ALTER TABLE posts DELETE WHERE {condition}");
            let removing = self
                .client
                .query_raw(&mutation)
                .with_setting("mutations_sync", "2")
                .with_setting("allow_nondeterministic_mutations", "1")
                .execute();
            removing.await.map_err(|error| self.place.failed(&error))?;
        }
        Ok(rows)
    }
}

/// Conditions that `column` is one of `numbers`, some of them in each.
fn one_of(column: &str, numbers: &[u128]) -> Vec<String> {
    let list = |some: &[u128]| some.iter().map(|number| format!("toUInt128('{number}')")).collect::<Vec<_>>().join(",");
    numbers.chunks(AT_ONCE).map(|some| format!("{column} IN ({})", list(some))).collect()
}
