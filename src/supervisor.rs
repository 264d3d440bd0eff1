//! Runs the stages together: one token stops them all, and the first that fails stops the others. A stage that breaks down by a
//! fault of the program takes no other down: it starts again, from what it had made safe.

use std::future::Future;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio::time::Instant;
use tokio_util::sync::CancellationToken;
use tokio_util::task::AbortOnDropHandle;

/// How long the stages may take to stop. One that waits for a cluster that is away would wait for ever; what it has not
/// committed is read again at the next start.
const GRACE: Duration = Duration::from_mins(1);

/// How long to wait until a stage that broke down starts again: at first, and at most.
const AGAIN: Duration = Duration::from_secs(1);
const AGAIN_AT_MOST: Duration = Duration::from_mins(1);
/// A stage that worked so long had recovered.
const RECOVERED: Duration = Duration::from_mins(10);

/// The stages of one process.
pub struct Supervisor {
    cancel: CancellationToken,
    stages: JoinSet<(&'static str, Result<()>)>,
    grace: Duration,
}

impl Supervisor {
    /// A supervisor that stops its stages on Ctrl-C or SIGTERM. A second signal ends the process at once: nothing is
    /// lost by it, since what was accepted is on the disk.
    ///
    /// # Errors
    /// When the system gives no signals.
    pub fn until_interrupted() -> Result<Self> {
        let cancel = CancellationToken::new();
        let mut interrupt = signal(SignalKind::interrupt()).context("Ctrl-C cannot be listened to")?;
        let mut terminate = signal(SignalKind::terminate()).context("SIGTERM cannot be listened to")?;
        let stop = cancel.clone();
        tokio::spawn(async move {
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            tracing::info!("stopping: what was read is being committed; press Ctrl-C again to stop at once");
            stop.cancel();
            tokio::select! {
                _ = interrupt.recv() => {}
                _ = terminate.recv() => {}
            }
            std::process::exit(130);
        });
        Ok(Self::until(cancel))
    }

    /// A supervisor that stops its stages when `cancel` says so.
    pub fn until(cancel: CancellationToken) -> Self {
        Self { cancel, stages: JoinSet::new(), grace: GRACE }
    }

    /// The token that stops every stage.
    pub fn cancel(&self) -> &CancellationToken {
        &self.cancel
    }

    /// Starts a stage. It ends when the token it is given is cancelled, after it has made its work safe.
    pub fn spawn<F>(&mut self, name: &'static str, stage: impl FnOnce(CancellationToken) -> F)
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        let work = stage(self.cancel.clone());
        self.stages.spawn(async move { (name, work.await) });
    }

    /// Starts a stage that starts again whenever it breaks down. What it fails with still ends it, and the others with it.
    pub fn keep<F>(&mut self, name: &'static str, stage: impl Fn(CancellationToken) -> F + Send + Sync + 'static)
    where
        F: Future<Output = Result<()>> + Send + 'static,
    {
        self.spawn(name, move |cancel| kept(name, stage, cancel));
    }

    /// Waits until every stage has ended.
    ///
    /// # Errors
    /// The first failure; the other stages have then been stopped in order.
    pub async fn run(mut self) -> Result<()> {
        metrics::describe_counter!(
            "discovery_stage_breakdowns_total",
            "Times that a stage broke down by a fault of the program and was started again"
        );
        let mut outcome = Ok(());
        let (cancel, grace) = (self.cancel.clone(), self.grace);
        let too_long = async {
            cancel.cancelled().await;
            tokio::time::sleep(grace).await;
        };
        tokio::pin!(too_long);
        loop {
            let ended = tokio::select! {
                ended = self.stages.join_next() => ended,
                () = &mut too_long => {
                    let late = anyhow!("{} stages did not stop within {grace:?}", self.stages.len());
                    return outcome.and(Err(late));
                }
            };
            let Some(ended) = ended else { return outcome };
            let failure = match ended {
                Ok((_, Ok(()))) if self.cancel.is_cancelled() => None,
                Ok((name, Ok(()))) => Some(anyhow!("the {name} stage ended without being asked to")),
                Ok((name, Err(error))) => Some(error.context(format!("the {name} stage failed"))),
                Err(panic) => Some(anyhow!("a stage broke down: {panic}")),
            };
            if let Some(failure) = failure {
                self.cancel.cancel();
                if outcome.is_ok() {
                    outcome = Err(failure);
                }
            }
        }
    }
}

async fn kept<F>(name: &'static str, stage: impl Fn(CancellationToken) -> F, cancel: CancellationToken) -> Result<()>
where
    F: Future<Output = Result<()>> + Send + 'static,
{
    let mut wait = AGAIN;
    loop {
        let begun = Instant::now();
        match AbortOnDropHandle::new(tokio::spawn(stage(cancel.clone()))).await {
            Ok(ended) => return ended,
            Err(end) if !end.is_panic() => return Err(end.into()),
            // Its place is in the log already; its message may quote a post, and is not told.
            Err(_) => {
                metrics::counter!("discovery_stage_breakdowns_total", "stage" => name).increment(1);
                if begun.elapsed() > RECOVERED {
                    wait = AGAIN;
                }
                tracing::error!(stage = name, "the {name} stage broke down; it starts again in {wait:?}");
            }
        }
        if cancel.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
            return Ok(());
        }
        wait = (wait * 2).min(AGAIN_AT_MOST);
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::sync::atomic::{AtomicU32, Ordering};

    use super::*;

    #[tokio::test]
    async fn a_stage_that_fails_stops_the_others_and_is_named() {
        let mut supervisor = Supervisor::until(CancellationToken::new());
        supervisor.spawn("patient", |cancel| async move {
            cancel.cancelled().await;
            Ok(())
        });
        supervisor.spawn("broken", |_| async { Err(anyhow!("disk full")) });
        let error = supervisor.run().await.unwrap_err();
        assert_eq!(format!("{error:#}"), "the broken stage failed: disk full");
    }

    #[tokio::test]
    async fn a_stage_that_panics_stops_the_others() {
        let mut supervisor = Supervisor::until(CancellationToken::new());
        supervisor.spawn("patient", |cancel| async move {
            cancel.cancelled().await;
            Ok(())
        });
        supervisor.spawn("broken", |_| async { panic!("bug") });
        assert!(supervisor.run().await.unwrap_err().to_string().starts_with("a stage broke down"));
    }

    #[tokio::test(start_paused = true)]
    async fn a_kept_stage_that_panics_starts_again_and_takes_no_other_down() {
        let cancel = CancellationToken::new();
        let mut supervisor = Supervisor::until(cancel.clone());
        supervisor.spawn("patient", |cancel| async move {
            cancel.cancelled().await;
            Ok(())
        });
        let starts = Arc::new(AtomicU32::new(0));
        let (counted, done) = (Arc::clone(&starts), cancel.clone());
        supervisor.keep("fragile", move |cancel| {
            let (counted, done) = (Arc::clone(&counted), done.clone());
            async move {
                assert!(counted.fetch_add(1, Ordering::SeqCst) >= 8, "a fault");
                done.cancel();
                cancel.cancelled().await;
                Ok(())
            }
        });
        let begun = Instant::now();
        supervisor.run().await.unwrap();
        assert_eq!(starts.load(Ordering::SeqCst), 9);
        // 1, 2, 4, 8, 16, 32, and then a minute each time.
        assert_eq!(begun.elapsed().as_secs(), 63 + 2 * 60);
    }

    #[tokio::test]
    async fn a_kept_stage_that_fails_ends_and_is_named() {
        let mut supervisor = Supervisor::until(CancellationToken::new());
        supervisor.keep("broken", |_| async { Err(anyhow!("disk full")) });
        let error = supervisor.run().await.unwrap_err();
        assert_eq!(format!("{error:#}"), "the broken stage failed: disk full");
    }

    #[tokio::test]
    async fn a_stage_that_does_not_stop_is_left_behind() {
        let cancel = CancellationToken::new();
        let mut supervisor = Supervisor::until(cancel.clone());
        supervisor.grace = Duration::ZERO;
        supervisor.spawn("stuck", |_| std::future::pending());
        cancel.cancel();
        assert!(supervisor.run().await.unwrap_err().to_string().contains("did not stop"));
    }

    #[tokio::test]
    async fn stages_that_end_when_asked_are_no_failure() {
        let cancel = CancellationToken::new();
        let mut supervisor = Supervisor::until(cancel.clone());
        supervisor.spawn("patient", |cancel| async move {
            cancel.cancelled().await;
            Ok(())
        });
        cancel.cancel();
        supervisor.run().await.unwrap();
    }
}
