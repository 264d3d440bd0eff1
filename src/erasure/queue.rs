//! Erasures that were asked for on a page while the program runs: each waits in the record, and is carried out while the stages
//! pause. One that breaks off is tried again at the next start.

use std::time::Duration;

use anyhow::Result;
use civic::Record;
use civic::erasures::{self, Erasure, State};
use jiff::Timestamp;

use super::{Eraser, Targets};

/// How often it is looked whether an erasure was asked for.
const LOOK_EVERY: Duration = Duration::from_secs(1);

/// Waits until an erasure is asked for.
///
/// # Errors
/// When the record cannot be read.
pub async fn asked(record: &Record) -> Result<Vec<Erasure>> {
    let mut ticks = tokio::time::interval(LOOK_EVERY);
    loop {
        ticks.tick().await;
        let waiting = record.read(erasures::waiting).await?;
        if !waiting.is_empty() {
            return Ok(waiting);
        }
    }
}

/// Carries them out, one after the other. A failure is kept with its erasure, and the next is tried.
///
/// # Errors
/// When the record cannot be read or written.
pub async fn carry_out(eraser: &Eraser, erasures: &[Erasure]) -> Result<()> {
    for erasure in erasures {
        let record = &eraser.record;
        let outcome = one(eraser, erasure).await;
        match outcome {
            Ok(certificate) => erasures::finish(record, &erasure.id, Timestamp::now(), &certificate)?,
            Err(error) => {
                tracing::error!(%error, erasure = erasure.id, "an erasure broke off; it is tried again at the next start");
                erasures::progress(record, &erasure.id, State::Failed, &format!("{error:#}"))?;
            }
        }
        // What the certificate replaced must not stay in free space.
        civic::closed::scrub(record).await?;
    }
    Ok(())
}

async fn one(eraser: &Eraser, erasure: &Erasure) -> Result<serde_json::Value> {
    let record = &eraser.record;
    erasures::progress(record, &erasure.id, State::Running, "the posts of the authors are looked for")?;
    let targets = Targets::noted_as(&erasure.what, &eraser.index)?;
    let step = |doing: &'static str| {
        // That the page lags behind is no reason to stop.
        let _ = erasures::progress(record, &erasure.id, State::Running, doing);
    };
    Ok(eraser.erase(targets, &erasure.reason, step).await?.to_json())
}
