//! The stages that read and write the conversation, in the process that runs all of them. They pause while something is erased,
//! and the pages go on.

use std::sync::Arc;

use anyhow::Result;
use bus::IdKey;
use civic::erasures;
use index::Index;
use index::trends::TrendList;
use ingest::{HealthBoard, SourceConfig};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::counts;
use crate::erasure::{Eraser, queue};
use crate::run::Base;
use crate::supervisor::Supervisor;

/// What the stages are started with, again after every pause.
pub struct Stages {
    /// The claimed data directory, and the log.
    pub base: Arc<Base>,
    /// What is collected.
    pub sources: Vec<SourceConfig>,
    /// The key of the pseudonyms.
    pub id_key: IdKey,
    /// How the sources are doing.
    pub board: HealthBoard,
    /// The search index.
    pub index: Index,
    /// Where the lists of issues go.
    pub publish: watch::Sender<Option<Arc<TrendList>>>,
    /// What takes people and posts out of everything.
    pub eraser: Eraser,
}

impl Stages {
    /// Runs them until `cancel`, with a pause for each erasure that is asked for.
    ///
    /// # Errors
    /// When a stage fails.
    pub async fn run(self, cancel: CancellationToken) -> Result<()> {
        // What was asked for before the program stopped, or broke off then, is done before anything is read.
        let left = self.eraser.record.read(erasures::open).await?;
        queue::carry_out(&self.eraser, &left).await?;
        loop {
            let part = cancel.child_token();
            let mut supervisor = Supervisor::until(part.clone());
            self.spawn(&mut supervisor)?;
            let running = supervisor.run();
            tokio::pin!(running);
            tokio::select! {
                ended = &mut running => return ended,
                asked = queue::asked(&self.eraser.record) => { asked?; }
            }
            // Nothing of it comes in from here on, and what is under way is committed before the stages end.
            self.base.learn_erased()?;
            tracing::info!("the stages pause for an erasure");
            part.cancel();
            running.await?;
            if cancel.is_cancelled() {
                return Ok(());
            }
            let asked = self.eraser.record.read(erasures::waiting).await?;
            queue::carry_out(&self.eraser, &asked).await?;
            tracing::info!("the stages go on after an erasure");
        }
    }

    fn spawn(&self, supervisor: &mut Supervisor) -> Result<()> {
        let base = &self.base;
        base.spawn_ingest(supervisor, self.sources.clone(), self.id_key.clone(), self.board.clone())?;
        base.spawn_enrich(supervisor)?;
        base.spawn_withdrawals(supervisor, &self.eraser.record);
        base.spawn_index(supervisor, &self.index, self.publish.clone());
        counts::spawn(base, supervisor);
        Ok(())
    }
}
