//! Runs the stages together: one token stops them all, and the first that fails stops the others.

use std::future::Future;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use tokio::signal::unix::{SignalKind, signal};
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;

/// How long the stages may take to stop. One that waits for a cluster that is away would wait for ever; what it has not
/// committed is read again at the next start.
const GRACE: Duration = Duration::from_mins(1);

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

    /// Waits until every stage has ended.
    ///
    /// # Errors
    /// The first failure; the other stages have then been stopped in order.
    pub async fn run(mut self) -> Result<()> {
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

#[cfg(test)]
mod tests {
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
