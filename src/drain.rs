//! Working off what is on the bus, for commands that add to it where no stage runs.

use std::time::Duration;

use anyhow::Result;
use bus::{Bus, BusTopic};
use index::Index;

use crate::run::Base;
use crate::supervisor::Supervisor;

/// How often the way through the stages is looked at, while waiting for its end.
const LOOK_EVERY: Duration = Duration::from_millis(100);

/// Runs enrichment and indexing until all that is on the bus can be found.
///
/// # Errors
/// When a stage cannot start, or fails.
pub async fn drain(base: &Base, index: &Index, name: &'static str) -> Result<()> {
    let mut supervisor = Supervisor::until_interrupted()?;
    base.spawn_enrich(&mut supervisor)?;
    base.spawn_search_index(&mut supervisor, index);
    let bus = base.bus();
    supervisor.spawn(name, |cancel| async move {
        while !cancel.is_cancelled() && !is_drained(bus.as_ref()).await? {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        cancel.cancel();
        Ok(())
    });
    supervisor.run().await
}

async fn is_drained(bus: &dyn Bus) -> Result<bool> {
    for (topic, group) in [(BusTopic::Posts, enrich::GROUP), (BusTopic::Enriched, index::stage::GROUP)] {
        if bus.lag(topic, group).await?.iter().any(|lag| lag.records() > 0) {
            return Ok(false);
        }
    }
    Ok(true)
}
