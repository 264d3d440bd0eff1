//! How every source is doing, for the Sources page.

use std::path::Path;
use std::sync::{Arc, PoisonError, RwLock};

use bus::{SourceHealth, SourceId, SourceState, TokenHealth};
use jiff::Timestamp;

use crate::sources::SourceConfig;
use crate::state;

/// The health of all configured sources, in their order. A clone shows the same board.
#[derive(Clone, Debug, Default)]
pub struct HealthBoard {
    entries: Arc<RwLock<Vec<SourceHealth>>>,
}

impl HealthBoard {
    /// A board on which every source waits for its first attempt.
    pub fn new(sources: &[SourceConfig]) -> Self {
        Self { entries: Arc::new(RwLock::new(sources.iter().map(waiting).collect())) }
    }

    /// The board as another process last stored it in `state_dir`. It reads files: call it off the async threads.
    /// A source without a readable state file waits for its first attempt.
    pub fn load(state_dir: &Path, sources: &[SourceConfig]) -> Self {
        let board = Self::new(sources);
        board.refresh(state_dir, sources);
        board
    }

    /// Reads again what another process stored in `state_dir`. It reads files: call it off the async threads.
    pub fn refresh(&self, state_dir: &Path, sources: &[SourceConfig]) {
        let now = Timestamp::now();
        for source in sources {
            if let Ok(stored) = state::load(state_dir, source, now) {
                self.publish(stored.health);
            }
        }
    }

    /// How every source is doing now, in the order of the configuration.
    pub fn snapshot(&self) -> Vec<SourceHealth> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// Shows `health` in place of what was known of that source.
    pub(crate) fn publish(&self, health: SourceHealth) {
        let mut entries = self.entries.write().unwrap_or_else(PoisonError::into_inner);
        match entries.iter_mut().find(|entry| entry.id == health.id) {
            Some(entry) => *entry = health,
            None => entries.push(health),
        }
    }

    /// What is known of the source `id`.
    pub fn get(&self, id: &SourceId) -> Option<SourceHealth> {
        self.entries.read().unwrap_or_else(PoisonError::into_inner).iter().find(|entry| entry.id == *id).cloned()
    }
}

/// The health of a source that was not tried yet.
pub(crate) fn waiting(source: &SourceConfig) -> SourceHealth {
    SourceHealth {
        id: source.id.clone(),
        name: source.name.clone(),
        kind: source.kind.name().to_owned(),
        channel: source.channel,
        location: source.kind.location(),
        state: SourceState::Waiting,
        last_success: None,
        last_attempt: None,
        next_attempt: None,
        newest_post: None,
        failures: 0,
        error: None,
        posts_total: 0,
        posts_by_day: vec![0; state::DAYS],
        gaps: Vec::new(),
        token: source.kind.secret().map(|secret| TokenHealth {
            place: secret.place(),
            expires: secret.expires,
            refused: false,
        }),
    }
}
