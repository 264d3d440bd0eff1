//! Approved quotes follow what they quote: when a post is deleted or edited at its source, or its author is gone, the words
//! that are gone there are withdrawn here. What staff noted about a post goes with it in the same way.

use std::sync::Arc;

use anyhow::Result;
use bus::{Bus, BusError, BusTopic, Change, Delivered, Enriched, Offsets};
use civic::assembly::{self, Gone};
use civic::{Record, work};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

/// The consumer group that reads the changes.
pub const GROUP: &str = "record";

/// Changes read at once.
const BATCH: usize = 500;

/// Follows until cancelled.
///
/// # Errors
/// When the log cannot be read, or the record not written.
pub async fn run(bus: Arc<dyn Bus>, record: Record, cancel: CancellationToken) -> Result<()> {
    let committed = bus.lag(BusTopic::Enriched, GROUP).await?;
    let mut position = Offsets(committed.iter().map(|lag| (lag.partition, lag.committed)).collect());
    let mut reader = bus.reader(BusTopic::Enriched, GROUP).await?;
    while let Some(read) = cancel.run_until_cancelled(reader.next(BATCH)).await {
        match read {
            Ok(records) => {
                for delivered in &records {
                    position.advance(delivered.partition, delivered.offset);
                }
                let record = record.clone();
                let gone: Vec<Gone> = records.iter().filter_map(gone).collect();
                tokio::task::spawn_blocking(move || {
                    assembly::follow(&record, Timestamp::now(), &gone)?;
                    work::follow(&record, Timestamp::now(), &gone)
                })
                .await??;
            }
            // What retention removed cannot come back: a quote whose post is gone is not shown in any case.
            Err(BusError::OffsetGone { partition, begin, .. }) => {
                position.0.insert(partition, begin);
                reader.seek(&position).await?;
            }
            Err(error) => return Err(error.into()),
        }
        reader.commit(&position).await?;
    }
    Ok(())
}

/// What a record says is gone. What cannot be read is a dead letter already, for the stages before keep it.
fn gone(delivered: &Delivered) -> Option<Gone> {
    match Change::<Enriched>::from_payload(&delivered.payload).ok()? {
        Change::Delete(post) => Some(Gone::Post(post.to_string())),
        Change::EraseAuthor(author) => Some(Gone::Author(author.to_string())),
        Change::Upsert(enriched) => {
            Some(Gone::Edited { post: enriched.post.id.to_string(), stored: enriched.post.text })
        }
        Change::Gap(_) | Change::Correct(_) => None,
    }
}
