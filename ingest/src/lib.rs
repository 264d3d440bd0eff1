//! Collection: from public sources to the bus.
//!
//! A [`Collector`] reads one kind of source and says what changed since its [`Cursor`]. The [`run`]ner gives each
//! configured source a task of its own: it waits for the source's turn, collects, passes the changes through the
//! [`Intake`] (redaction, then the bus), and only then stores the new cursor. Everything that goes over the network
//! goes through [`fetch::Gateway`], the only HTTP client of the whole program.
//!
//! The way of one post: `collectors/*` -> `runner.rs` -> `intake.rs` -> the bus.

pub mod alarm;
pub mod collector;
pub mod collectors;
pub mod documents;
pub mod fetch;
pub mod health;
pub mod identify;
pub mod import;
pub mod intake;
pub mod opml;
pub mod push;
pub mod sources;
pub mod submission;

mod charset;
mod clock;
#[cfg(feature = "fuzzing")]
#[doc(hidden)]
pub mod fuzzing;
mod gaps;
mod html;
mod probe;
mod runner;
mod schedule;
mod state;
mod task;
#[cfg(test)]
mod testing;

pub use alarm::AlarmConfig;
pub use bus::secret::{Secret, SecretRef};
pub use collector::{Batch, CollectError, Collector, Cursor, Missed};
pub use fetch::FetchConfig;
pub use health::HealthBoard;
pub use import::{Given, ImportError, ImportOptions, ImportSummary, Imported, import_files, read_file};
pub use intake::{Intake, IsErased, Pending, Scrub};
pub use probe::{Probe, probe};
pub use push::{Push, PushConfig, PushError};
pub use runner::{IngestError, Settings, run};
pub use sources::{IngestConfig, SourceConfig, SourceKind};
pub use submission::{Preview, Submission, SubmissionError, Submissions};
