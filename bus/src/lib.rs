//! The contract between the stages: what a post is, how it changes, and the log that carries it.
//!
//! Every stage of Discovery reads records from one bus topic and appends records to the next; nothing else
//! connects them. This crate holds the types that travel ([`Post`], [`Enriched`], [`Change`]), the log they travel
//! on ([`Bus`], [`Reader`]), and the few things that every stage needs in the same way: the data directory,
//! configuration files, and the health of sources.
//!
//! A *topic* in this code base is the subject of a post; the log's topics are called *bus topics*. An *offset* is a
//! position in the bus; a *cursor* is a position in a source.

pub mod change;
pub mod config_file;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod correction;
pub mod data_dir;
pub mod dead_letter;
pub mod embedded;
pub mod failpoint;
pub mod gap;
pub mod health;
pub mod id;
pub mod kafka;
pub mod log;
pub mod marks;
pub mod metrics;
pub mod post;
pub mod record;
pub mod secret;
mod walk;

pub use change::Change;
pub use correction::{Corrected, Correction, Corrections, Ruling, Tags, Verdict, VerdictError};
pub use data_dir::DataDir;
pub use dead_letter::DeadLetter;
pub use embedded::{BusConfig, EmbeddedBus, Retained};
pub use gap::Gap;
pub use health::{SourceHealth, SourceState, TokenHealth};
pub use id::{AuthorKey, EventId, IdKey, PostId, SourceId, TextHash};
#[cfg(feature = "kafka")]
pub use kafka::KafkaBus;
pub use kafka::KafkaConfig;
pub use log::{Bus, BusError, BusTopic, Lag, Reader};
pub use marks::{Mark, MarkedReader, Marks};
pub use post::{Channel, Enriched, Place, PlaceKind, Post, Sentiment, SentimentLabel, TopicTag};
pub use record::{Delivered, Offset, Offsets, Partition, Record, partition_of};
