//! Trending issues: what is said by more voices than usual, why, and by whom.
//!
//! The way of a post: [`stage::run`] reads it from the bus and gives it to the [`Detector`], which cuts it into words
//! (`words.rs`) and terms (`terms.rs`) and remembers it (`posts.rs`). The way of a list (`round.rs`): copies and repetitions are
//! marked (`near_duplicates.rs`, `voices.rs`), terms used by more voices than expected are found (`candidates.rs`,
//! `score.rs`, `stats.rs`; `gaps.rs`: of sources that were collected), and in meetings what is meant by more (`likeness.rs`,
//! `meaning.rs`), grouped into issues by the posts they share (`group.rs`, `members.rs`), recognised (`registry.rs`), put to the gate (`gate.rs`, `person.rs`) and described (`describe.rs`, `course.rs`, `phrases.rs`, `label.rs`, `quotes.rs`).
//!
//! Only `stage.rs`, `state.rs` and `snapshot.rs` know a clock or a disk; `without.rs` asks what rests on one source alone.

mod candidates;
mod clock;
mod config;
mod course;
mod describe;
mod detector;
mod error;
pub mod eval;
mod frame;
mod gaps;
mod gate;
mod group;
mod kindred;
mod label;
mod likeness;
mod meaning;
mod members;
pub mod model;
mod names;
mod near_duplicates;
mod person;
mod phrases;
mod posts;
mod quotes;
mod registry;
mod round;
mod score;
mod sealed;
pub mod snapshot;
mod stage;
mod state;
mod stats;
mod stop_words;
mod terms;
#[cfg(test)]
mod tests;
mod voices;
pub mod without;
mod words;

pub use config::TrendsConfig;
pub use detector::Detector;
pub use error::{ReplayError, StateError, TrendsError};
pub use model::{Issue, IssueId, TrendList};
pub use stage::{GROUP, LATEST, STATE, erase, run, would_erase};
