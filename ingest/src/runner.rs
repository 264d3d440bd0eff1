//! Runs every source in a task of its own, so that one that fails never hinders another.

use std::path::PathBuf;

use bus::IdKey;
use jiff::Timestamp;
use thiserror::Error;
use tokio::task::JoinSet;
use tokio_util::sync::CancellationToken;
use tracing::{Instrument, error, info, info_span};

use crate::alarm::{self, AlarmConfig};
use crate::clock::Clock;
use crate::collectors::Context;
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
    /// Who is told when a source needs somebody.
    pub alarm: AlarmConfig,
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
            collector: source.kind.collector(Context::new(source.clone(), gateway.clone(), settings.id_key.clone())),
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
    tasks.spawn(alarm::run(settings.alarm, board, gateway, state_dir, Clock::System, cancel.clone()));
    while let Some(ended) = tasks.join_next().await {
        // A source that nobody collects any more would be silent. The whole of collection breaks down with it, and starts
        // again from the cursors.
        if let Some(panic) = ended.err().and_then(|end| end.try_into_panic().ok()) {
            std::panic::resume_unwind(panic);
        }
    }
    cancel.cancelled().await;
    Ok(())
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;
    use std::time::Duration;

    use bus::{Post, SourceState};

    use super::*;
    use crate::collectors::SourceKind;
    use crate::collectors::transcripts::TranscriptsConfig;
    use crate::testing::server::{Server, ok};
    use crate::testing::{FlakyBus, feed_source};

    const FEED: &str = r#"{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[{"id":"1","content_text":"Ward closed"}]}"#;

    fn settings(dir: &std::path::Path, server: &Server, sources: Vec<SourceConfig>) -> Settings {
        let fetch = FetchConfig { host_delay_ms: 0, allow_addresses: vec![server.address], ..FetchConfig::default() };
        Settings {
            sources,
            fetch,
            alarm: AlarmConfig::default(),
            state_dir: dir.join("state"),
            id_key: IdKey::new([7; 32]),
        }
    }

    #[tokio::test]
    async fn sources_run_side_by_side_and_a_failing_one_hinders_nobody() {
        let dir = tempfile::tempdir().unwrap();
        let meetings = dir.path().join("meetings");
        std::fs::create_dir(&meetings).unwrap();
        std::fs::write(meetings.join("a.txt"), "Ann: Hello.").unwrap();
        let still = std::time::SystemTime::now() - Duration::from_mins(1);
        std::fs::File::options().write(true).open(meetings.join("a.txt")).unwrap().set_modified(still).unwrap();
        let server = Server::start(|_, _| ok("application/feed+json", FEED)).await;
        let folder = SourceKind::Transcripts(TranscriptsConfig { folder: meetings });
        let sources = vec![
            feed_source("good", server.url("/feed").as_str()),
            feed_source("inside", "http://10.0.0.1/feed"),
            feed_source("unknown", "https://feeds.example.invalid/rss"),
            SourceConfig {
                kind: folder,
                every: Duration::from_secs(30),
                ..feed_source("meetings", "https://example.org/")
            },
        ];
        let settings = settings(dir.path(), &server, sources.clone());
        let state_dir = settings.state_dir.clone();
        let bus = Arc::new(FlakyBus::default());
        let intake = Intake::new(bus.clone(), Arc::new(|_: &mut Post| {}));
        let (board, cancel) = (HealthBoard::new(&sources), CancellationToken::new());
        let running = tokio::spawn(run(settings, intake, board.clone(), cancel.clone()));
        while board.snapshot().iter().any(|health| health.state == SourceState::Waiting) {
            tokio::task::yield_now().await;
        }
        cancel.cancel();
        running.await.unwrap().unwrap();
        let states: Vec<SourceState> = board.snapshot().iter().map(|health| health.state).collect();
        let expected = [SourceState::Working, SourceState::Retrying, SourceState::Retrying, SourceState::Working];
        assert_eq!(states, expected, "{:#?}", board.snapshot());
        assert_eq!(bus.posts().len(), 2);
        // Another process sees the same.
        assert_eq!(HealthBoard::load(&state_dir, &sources).snapshot()[0], board.snapshot()[0]);
    }

    #[tokio::test]
    async fn a_state_directory_that_is_a_file_is_named() {
        let dir = tempfile::tempdir().unwrap();
        std::fs::write(dir.path().join("state"), "").unwrap();
        let server = Server::start(|_, _| ok("text/plain", "")).await;
        let intake = Intake::new(Arc::new(FlakyBus::default()), Arc::new(|_: &mut Post| {}));
        let settings = settings(dir.path(), &server, Vec::new());
        let error = run(settings, intake, HealthBoard::default(), CancellationToken::new()).await.unwrap_err();
        assert!(error.to_string().contains("/state: "), "{error}");
    }
}
