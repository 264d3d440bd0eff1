//! Runs every source in a task of its own, so that one that fails never hinders another.

use std::path::PathBuf;

use bus::{Change, IdKey};
use jiff::Timestamp;
use thiserror::Error;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span};

use crate::clock::Clock;
use crate::collector::{CollectError, Cursor};
use crate::collectors;
use crate::fetch::{FetchConfig, Gateway, GatewayError};
use crate::health::HealthBoard;
use crate::intake::Intake;
use crate::sources::SourceConfig;
use crate::state::{self, StateError};
use crate::task::SourceTask;

/// Everything that collection needs to know.
#[derive(Clone, Debug)]
pub struct Settings {
    /// What is collected.
    pub sources: Vec<SourceConfig>,
    /// How public sources are fetched.
    pub fetch: FetchConfig,
    /// Where cursors and health are kept, a file a source. It is created if it is missing.
    pub state_dir: PathBuf,
    /// The secret under which authors become pseudonyms.
    pub id_key: IdKey,
}

/// Why collection cannot run at all. What concerns one source is shown in its health instead.
#[derive(Debug, Error)]
pub enum IngestError {
    /// There can be no HTTP client.
    #[error(transparent)]
    Gateway(#[from] GatewayError),
    /// The directory of the state files cannot be used.
    #[error("{}: {reason}; cursors are kept there, so make it a directory that Discovery may write to", path.display())]
    StateDir {
        /// The directory.
        path: PathBuf,
        /// The system's own words.
        reason: std::io::Error,
    },
    /// A state file is there, but is not for us.
    #[error("{0}")]
    State(String),
}

/// Collects all sources until `cancel` is cancelled. What was collected by then is delivered first, and each source's
/// cursor says exactly what the bus has accepted.
///
/// # Errors
/// [`IngestError`] when collection cannot start. Afterwards nothing ends it but `cancel`.
pub async fn run(
    settings: Settings,
    intake: Intake,
    board: HealthBoard,
    cancel: CancellationToken,
) -> Result<(), IngestError> {
    let gateway = Gateway::new(&settings.fetch)?;
    let state_dir = settings.state_dir;
    tokio::fs::create_dir_all(&state_dir)
        .await
        .map_err(|reason| IngestError::StateDir { path: state_dir.clone(), reason })?;
    let mut tasks = JoinSet::new();
    for source in settings.sources {
        let span = info_span!("source", id = %source.id);
        let state = match state::load(&state_dir, &source, Timestamp::now()) {
            Ok(state) => state,
            // Posts keep their ids, so that beginning anew costs some work and loses nothing.
            Err(damaged @ StateError::Damaged { .. }) => {
                error!(parent: &span, error = %damaged, "the state file is damaged; the source is collected anew");
                state::StoredState::new(&source, Timestamp::now())
            }
            Err(other) => return Err(IngestError::State(other.to_string())),
        };
        let task = SourceTask {
            collector: collectors::build(&source, &gateway, &settings.id_key),
            source,
            state,
            intake: intake.clone(),
            board: board.clone(),
            state_dir: state_dir.clone(),
            clock: Clock::System,
            cancel: cancel.clone(),
            stored_at: None,
            unsaved: false,
        };
        tasks.spawn(task.run().instrument(span));
    }
    info!(sources = tasks.len(), "collection runs");
    cancel.cancelled().await;
    while let Some(ended) = tasks.join_next().await {
        if let Err(failed) = ended {
            error!(error = %failed, "a source's task ended unexpectedly");
        }
    }
    Ok(())
}

/// What one trial collection of a source found, for `discovery check`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Probe {
    /// Posts that it would deliver now.
    pub posts: usize,
    /// When the newest of them was said.
    pub newest: Option<Timestamp>,
    /// A fault of a part of the source, in plain words.
    pub notice: Option<String>,
}

/// Collects `source` once from the beginning, and keeps nothing of it.
///
/// # Errors
/// [`CollectError`], in plain words.
pub async fn probe(source: &SourceConfig, gateway: &Gateway, id_key: &IdKey) -> Result<Probe, CollectError> {
    let batch = collectors::build(source, gateway, id_key).collect(&Cursor::default()).await?;
    let times: Vec<Timestamp> = batch
        .changes
        .iter()
        .filter_map(|change| match change {
            Change::Upsert(post) => Some(post.created_at),
            Change::Delete(_) | Change::EraseAuthor(_) => None,
        })
        .collect();
    Ok(Probe { posts: times.len(), newest: times.into_iter().max(), notice: batch.notice })
}
