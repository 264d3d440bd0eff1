//! What is kept of a source over restarts: one JSON file a source, replaced as a whole.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::{Path, PathBuf};

use bus::{SourceHealth, TokenHealth};
use jiff::Timestamp;
use jiff::civil::Date;
use jiff::tz::TimeZone;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::collector::Cursor;
use crate::gaps::Watch;
use crate::health;
use crate::sources::SourceConfig;

/// How many days of counts are kept: 14 whole days and today.
pub(crate) const DAYS: usize = 15;

/// The format of the state file that this version writes.
const FORMAT: u32 = 1;

/// Everything that is known of one source.
#[derive(Clone, Debug, Serialize, Deserialize)]
pub(crate) struct StoredState {
    format: u32,
    /// Where the cursor belongs: a cursor of another address means nothing.
    location: String,
    pub(crate) cursor: Cursor,
    /// The day (UTC) of the last entry of `health.posts_by_day`.
    counted_on: Date,
    pub(crate) health: SourceHealth,
    #[serde(default)]
    pub(crate) watch: Watch,
}

/// Why a state file cannot be used.
#[derive(Debug, Error)]
pub(crate) enum StateError {
    #[error("{}: cannot be read: {reason}", path.display())]
    Unreadable { path: PathBuf, reason: io::Error },
    #[error("{}: was written by a newer Discovery (format {found}, this one knows {FORMAT}): upgrade Discovery, or remove the file to collect this source anew", path.display())]
    NewerFormat { path: PathBuf, found: u32 },
    #[error("{}: is damaged ({reason}): remove the file to collect this source anew", path.display())]
    Damaged { path: PathBuf, reason: serde_json::Error },
}

impl StoredState {
    /// The state of a source that was never collected.
    pub(crate) fn new(source: &SourceConfig, now: Timestamp) -> Self {
        Self {
            format: FORMAT,
            location: source.kind.location(),
            cursor: Cursor::default(),
            counted_on: day(now),
            health: health::waiting(source),
            watch: Watch::default(),
        }
    }

    /// Adds `posts` to today's count, after moving the counts of earlier days along.
    pub(crate) fn count(&mut self, posts: u64, now: Timestamp) {
        self.roll_to(now);
        self.health.posts_total += posts;
        if let Some(today) = self.health.posts_by_day.last_mut() {
            *today += posts;
        }
    }

    /// Moves the counts by day along, so that the last one is today's.
    pub(crate) fn roll_to(&mut self, now: Timestamp) {
        let today = day(now);
        let passed = self.counted_on.until(today).map_or(0, |span| span.get_days());
        let passed = usize::try_from(passed).unwrap_or(0).min(DAYS);
        let counts = &mut self.health.posts_by_day;
        // An earlier version kept fewer days.
        let missing = DAYS.saturating_sub(counts.len());
        counts.splice(..0, std::iter::repeat_n(0, missing));
        counts.truncate(DAYS);
        counts.rotate_left(passed);
        counts[DAYS - passed..].fill(0);
        // A clock that was set back must not make the same day count as several.
        self.counted_on = self.counted_on.max(today);
    }
}

/// What every version writes.
#[derive(Deserialize)]
struct Format {
    format: u32,
}

/// The file of the source in `state_dir`.
fn path_of(state_dir: &Path, source: &SourceConfig) -> PathBuf {
    state_dir.join(format!("{}.json", source.id))
}

/// The stored state of `source`, or a new one if there is none.
pub(crate) fn load(state_dir: &Path, source: &SourceConfig, now: Timestamp) -> Result<StoredState, StateError> {
    let path = path_of(state_dir, source);
    let bytes = match fs::read(&path) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(StoredState::new(source, now)),
        Err(reason) => return Err(StateError::Unreadable { path, reason }),
    };
    let damaged = |reason| StateError::Damaged { path: path.clone(), reason };
    let Format { format } = serde_json::from_slice(&bytes).map_err(damaged)?;
    if format > FORMAT {
        return Err(StateError::NewerFormat { path, found: format });
    }
    let mut state: StoredState = serde_json::from_slice(&bytes).map_err(damaged)?;
    state.adopt(source);
    state.roll_to(now);
    Ok(state)
}

/// Stores `state`, so that after a crash either it or the former state is there, whole.
pub(crate) fn save(state_dir: &Path, source: &SourceConfig, state: &StoredState) -> io::Result<()> {
    let path = path_of(state_dir, source);
    let temporary = path.with_extension("json.new");
    let mut file = File::create(&temporary)?;
    file.write_all(&serde_json::to_vec(state)?)?;
    file.sync_all()?;
    fs::rename(&temporary, &path)?;
    // The rename itself is durable only once the directory is.
    File::open(state_dir)?.sync_all()
}

impl StoredState {
    /// Takes over what the configuration says now; a source that moved is collected from the beginning, at once.
    fn adopt(&mut self, source: &SourceConfig) {
        let configured = health::waiting(source);
        if self.location != configured.location {
            self.cursor = Cursor::default();
            self.location.clone_from(&configured.location);
            self.health.state = configured.state;
            self.health.error = None;
            self.health.failures = 0;
            self.health.next_attempt = None;
            self.watch = Watch::default();
        }
        self.health.id = configured.id;
        self.health.name = configured.name;
        self.health.kind = configured.kind;
        self.health.channel = configured.channel;
        self.health.location = configured.location;
        let refused = self.health.token.take().is_some_and(|token| token.refused);
        self.health.token = configured.token.map(|token| TokenHealth { refused, ..token });
    }
}

fn day(now: Timestamp) -> Date {
    now.to_zoned(TimeZone::UTC).date()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::feed_source;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    #[test]
    fn what_was_saved_is_loaded_and_a_missing_file_is_a_new_source() {
        let dir = tempfile::tempdir().unwrap();
        let source = feed_source("a", "https://example.org/feed");
        let now = at("2025-03-01T10:00:00Z");
        let mut state = load(dir.path(), &source, now).unwrap();
        assert_eq!(state.cursor, Cursor::default());
        state.cursor = Cursor::of(&"here");
        state.count(5, now);
        save(dir.path(), &source, &state).unwrap();
        let again = load(dir.path(), &source, now).unwrap();
        assert_eq!(again.cursor, Cursor::of(&"here"));
        assert_eq!(again.health.posts_total, 5);
    }

    #[test]
    fn a_source_that_moved_starts_from_the_beginning() {
        let dir = tempfile::tempdir().unwrap();
        let now = at("2025-03-01T10:00:00Z");
        let source = feed_source("a", "https://example.org/feed");
        let mut state = StoredState::new(&source, now);
        state.cursor = Cursor::of(&"here");
        state.health.next_attempt = Some(now);
        save(dir.path(), &source, &state).unwrap();
        let moved = load(dir.path(), &feed_source("a", "https://example.org/other"), now).unwrap();
        assert_eq!(moved.cursor, Cursor::default());
        assert_eq!(moved.health.next_attempt, None);
    }

    #[test]
    fn counts_move_along_with_the_days() {
        let source = feed_source("a", "https://example.org/feed");
        let mut state = StoredState::new(&source, at("2025-03-01T10:00:00Z"));
        state.count(5, at("2025-03-01T10:00:00Z"));
        state.count(7, at("2025-03-03T10:00:00Z"));
        assert_eq!(state.health.posts_by_day[DAYS - 3..], [5, 0, 7]);
        state.roll_to(at("2025-03-02T00:00:00Z"));
        assert_eq!(state.health.posts_by_day[DAYS - 3..], [5, 0, 7], "a clock set back changes nothing");
        state.roll_to(at("2026-01-01T00:00:00Z"));
        assert_eq!(state.health.posts_by_day, [0; DAYS]);
        state.health.posts_by_day = vec![3; 14];
        state.roll_to(at("2026-01-01T00:00:00Z"));
        assert_eq!(state.health.posts_by_day[..2], [0, 3], "a file of an earlier version keeps its days in place");
        assert_eq!(state.health.posts_total, 12);
    }

    #[test]
    fn damaged_and_newer_files_are_told_apart_and_named() {
        let dir = tempfile::tempdir().unwrap();
        let source = feed_source("a", "https://example.org/feed");
        let now = at("2025-03-01T10:00:00Z");
        fs::write(dir.path().join("a.json"), "{\"format\": 99}").unwrap();
        let error = load(dir.path(), &source, now).unwrap_err().to_string();
        assert!(error.contains("a.json: was written by a newer Discovery"), "{error}");
        fs::write(dir.path().join("a.json"), "{\"for").unwrap();
        let error = load(dir.path(), &source, now).unwrap_err().to_string();
        assert!(error.contains("a.json: is damaged"), "{error}");
    }
}
