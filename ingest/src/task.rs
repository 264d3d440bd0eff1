//! The life of one source: wait for its turn, collect, deliver, and only then remember where to go on.

use std::panic::AssertUnwindSafe;
use std::path::PathBuf;
use std::time::Duration;

use bus::{BusError, Change, Gap, Post, SourceState};
use futures_util::FutureExt as _;
use jiff::{SignedDuration, Timestamp};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};

use crate::clock::Clock;
use crate::collector::{Batch, CollectError, Collector};
use crate::health::HealthBoard;
use crate::intake::Intake;
use crate::schedule;
use crate::sources::SourceConfig;
use crate::state::{self, StoredState};

/// While nothing changes, the state is stored no more often than this: a folder that is looked at every few seconds
/// would otherwise keep the disk busy for nothing.
const STORE_QUIET_EVERY: SignedDuration = SignedDuration::from_mins(1);

/// A bus that has not taken a batch for so long is shown as the trouble of the source. Over Kafka an append waits for a cluster that is
/// away, however long that takes.
const SLOW: Duration = Duration::from_secs(30);

/// One source, its collector, and what is known of it.
pub(crate) struct SourceTask {
    pub(crate) source: SourceConfig,
    pub(crate) collector: Box<dyn Collector>,
    pub(crate) state: StoredState,
    pub(crate) intake: Intake,
    pub(crate) board: HealthBoard,
    pub(crate) state_dir: PathBuf,
    pub(crate) clock: Clock,
    pub(crate) cancel: CancellationToken,
    /// When the state was last stored, and whether something has changed since that must not be lost.
    pub(crate) stored_at: Option<Timestamp>,
    pub(crate) unsaved: bool,
}

/// The task is to end: shutdown was asked for.
struct Stopped;

impl SourceTask {
    /// Runs until cancelled.
    pub(crate) async fn run(mut self) {
        self.state.roll_to(self.clock.now());
        self.board.publish(self.state.health.clone());
        // A restart must not make us ask before the time that was agreed.
        let mut wait =
            self.state.health.next_attempt.map_or(Duration::ZERO, |due| {
                Duration::try_from(due.duration_since(self.clock.now())).unwrap_or_default()
            });
        loop {
            if self.sleep(wait).await.is_err() {
                return;
            }
            match self.attempt().await {
                Ok(next) => wait = next,
                Err(Stopped) => return,
            }
        }
    }

    /// One attempt; says how long to wait for the next.
    async fn attempt(&mut self) -> Result<Duration, Stopped> {
        let state_before = self.state.health.state;
        self.state.health.last_attempt = Some(self.clock.now());
        let cancel = self.cancel.clone();
        // What breaks down over one answer begins anew from the cursor, as after a restart; no other source is disturbed.
        let collecting = AssertUnwindSafe(self.collector.collect(&self.state.cursor)).catch_unwind();
        let outcome = tokio::select! {
            outcome = collecting => outcome.unwrap_or_else(|_| Err(broke_down())),
            // Nothing is lost: the cursor has not moved.
            () = cancel.cancelled() => return Err(Stopped),
        };
        let wait = match outcome {
            Ok(batch) => self.accept(batch).await?,
            Err(error) => self.note_failure(&error).await?,
        };
        self.state.health.next_attempt = self.clock.now().checked_add(wait).ok();
        self.board.publish(self.state.health.clone());
        self.unsaved |= self.state.health.state != state_before;
        self.store_if_due().await;
        Ok(wait)
    }

    /// Delivers a batch to the bus, and then moves the cursor.
    async fn accept(&mut self, batch: Batch) -> Result<Duration, Stopped> {
        let newest = batch.changes.iter().filter_map(created_at).max();
        let mut posts = self.deliver(batch.changes).await?;
        let now = self.clock.now();
        let StoredState { health, watch, .. } = &mut self.state;
        let gaps = watch.succeeded(health, batch.missed, now, batch.next_in, self.source.every);
        posts += self.publish_gaps(gaps).await?;
        if self.state.health.failures > 0 {
            info!("the source works again");
        }
        self.unsaved |= self.state.cursor != batch.cursor;
        self.state.cursor = batch.cursor;
        self.state.count(posts, now);
        let health = &mut self.state.health;
        health.last_success = Some(now);
        health.failures = 0;
        health.newest_post = health.newest_post.max(newest);
        if batch.notice.is_some() && batch.notice != health.error {
            warn!(notice = batch.notice.as_deref(), "a part of the source cannot be read");
        }
        health.error = batch.notice;
        if let Some(token) = &mut health.token {
            token.refused = false;
        }
        health.state = schedule::state_after_success(health, now);
        Ok(batch.next_in)
    }

    /// Puts gaps on the bus, where charts and trends find them. They are no posts.
    async fn publish_gaps(&mut self, gaps: Vec<Gap>) -> Result<u64, Stopped> {
        self.unsaved |= !gaps.is_empty();
        self.deliver(gaps.into_iter().map(Change::Gap).collect()).await
    }

    /// Appends to the bus, again and again while it refuses. The cursor stays where it was meanwhile.
    async fn deliver(&mut self, changes: Vec<Change<Post>>) -> Result<u64, Stopped> {
        let intake = self.intake.clone();
        let mut pending = intake.prepare(changes).await;
        let (mut refusals, mut begun) = (0, tokio::time::Instant::now());
        loop {
            let delivering = intake.deliver(&mut pending);
            tokio::pin!(delivering);
            let outcome = loop {
                match tokio::time::timeout(SLOW, &mut delivering).await {
                    Ok(outcome) => break outcome,
                    Err(_) => self.note_waiting(begun.elapsed()).await,
                }
            };
            let Err(error) = outcome else { break };
            begun = tokio::time::Instant::now();
            refusals += 1;
            let wait = schedule::bus_retry(refusals, fastrand::f64());
            self.note_refusal(&error, refusals, wait);
            self.sleep(wait).await?;
        }
        if refusals > 0 {
            info!(refusals, "the bus accepts posts again");
        }
        Ok(pending.posts())
    }

    async fn note_waiting(&mut self, waited: Duration) {
        let state = if waited < SLOW * schedule::FAILING_AFTER { SourceState::Retrying } else { SourceState::Failing };
        let health = &mut self.state.health;
        if health.state == state {
            return;
        }
        if state == SourceState::Retrying {
            error!("the bus does not take posts; they are kept, and nothing more is collected from here until it does");
        }
        health.state = state;
        health.error = Some(
            "the bus does not take its posts; they are kept until it does: check that the brokers of bus.kafka.brokers run"
                .to_owned(),
        );
        self.board.publish(health.clone());
        // A process that only shows pages knows of sources what is stored.
        self.store().await;
    }

    fn note_refusal(&mut self, refusal: &BusError, refusals: u32, wait: Duration) {
        if refusals == 1 {
            error!(error = %refusal, "the bus did not accept posts; they are kept and tried again");
        }
        let health = &mut self.state.health;
        health.state = if refusals < schedule::FAILING_AFTER { SourceState::Retrying } else { SourceState::Failing };
        health.error = Some(refusal.to_string());
        health.next_attempt = self.clock.now().checked_add(wait).ok();
        self.board.publish(health.clone());
    }

    async fn note_failure(&mut self, failure: &CollectError) -> Result<Duration, Stopped> {
        self.state.roll_to(self.clock.now());
        let StoredState { health, watch, .. } = &mut self.state;
        health.failures = health.failures.saturating_add(1);
        let wait = schedule::after_failure(failure, health.failures, self.source.every, fastrand::f64());
        let state = schedule::state_after_failure(failure, health.failures);
        // Once when it begins and once when it lasts: a source that is away for a week is not news every hour.
        if state == health.state {
            debug!(error = %failure, failures = health.failures, "still not collected");
        } else {
            warn!(error = %failure, failures = health.failures, retry_in_s = wait.as_secs(), "not collected");
        }
        health.state = state;
        health.error = Some(failure.to_string());
        if let Some(token) = &mut health.token {
            token.refused = matches!(failure, CollectError::Unauthorized { .. });
        }
        let next = self.clock.now().checked_add(wait).unwrap_or(Timestamp::MAX);
        if let Some(opened) = watch.failed(health, &failure.to_string(), next) {
            // Stored first: a gap that only the bus knew of after a crash would never be closed.
            self.state.health.next_attempt = Some(next);
            self.store().await;
            self.publish_gaps(vec![opened]).await?;
        }
        Ok(wait)
    }

    async fn store_if_due(&mut self) {
        let now = self.clock.now();
        let due = self.stored_at.is_none_or(|at| now.duration_since(at) >= STORE_QUIET_EVERY);
        if due || self.unsaved {
            self.stored_at = Some(now);
            self.unsaved = false;
            self.store().await;
        }
    }

    /// Stores the state. A failure is shown, but collection goes on: the stored cursor is only behind, never ahead.
    async fn store(&mut self) {
        let (state_dir, source, state) = (self.state_dir.clone(), self.source.clone(), self.state.clone());
        bus::failpoint::reached("ingest.before-cursor");
        let saved = tokio::task::spawn_blocking(move || state::save(&state_dir, &source, &state)).await;
        bus::failpoint::reached("ingest.after-cursor");
        let trouble = match saved {
            Ok(Ok(())) => return,
            Ok(Err(error)) => error.to_string(),
            Err(failed) => failed.to_string(),
        };
        self.unsaved = true;
        error!(error = trouble, dir = %self.state_dir.display(), "the source's state could not be stored");
        let health = &mut self.state.health;
        health.error = Some(format!(
            "its position could not be stored in {}: {trouble}; free some space or check the disk",
            self.state_dir.display()
        ));
        self.board.publish(health.clone());
    }

    async fn sleep(&self, wait: Duration) -> Result<(), Stopped> {
        tokio::select! {
            biased;
            () = self.cancel.cancelled() => Err(Stopped),
            () = tokio::time::sleep(wait) => Ok(()),
        }
    }
}

fn broke_down() -> CollectError {
    CollectError::Malformed {
        reason: "Discovery itself broke down over what this source answered: report the place that the log names; it is asked \
                 again in a while"
            .to_owned(),
    }
}

fn created_at(change: &Change<Post>) -> Option<Timestamp> {
    match change {
        Change::Upsert(post) => Some(post.created_at),
        Change::Delete(_) | Change::EraseAuthor(_) | Change::Gap(_) | Change::Correct(_) => None,
    }
}

#[cfg(test)]
mod simulation;
#[cfg(test)]
mod tests;
