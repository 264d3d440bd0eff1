//! Counts in `ClickHouse`, for where one machine is not enough.
//!
//! Posts are rows of one table, written in batches whose token says which records of the bus they are: a batch that is sent
//! twice counts once. A record's offset is the version of its row, so that reading the bus again, in whatever batches, ends
//! in the same rows. How far the bus is in the table is kept beside it. The traffic is plain HTTP: keep it on a private
//! network.

mod config;

#[cfg(feature = "clickhouse")]
mod analytics;
#[cfg(feature = "clickhouse")]
mod client;
#[cfg(feature = "clickhouse")]
mod conditions;
#[cfg(any(test, feature = "conformance"))]
pub mod engine;
#[cfg(feature = "clickhouse")]
mod error;
#[cfg(feature = "clickhouse")]
mod migrations;
#[cfg(feature = "clickhouse")]
mod positions;
#[cfg(any(test, feature = "conformance"))]
pub mod proxy;
#[cfg(feature = "clickhouse")]
mod removal;
#[cfg(feature = "clickhouse")]
mod row;
#[cfg(feature = "clickhouse")]
pub mod stage;
#[cfg(feature = "clickhouse")]
mod store;
#[cfg(feature = "clickhouse")]
#[cfg(test)]
mod tests;
#[cfg(feature = "clickhouse")]
mod writer;

pub use config::ClickHouseConfig;

#[cfg(feature = "clickhouse")]
pub use analytics::ClickHouseAnalytics;
#[cfg(feature = "clickhouse")]
pub use error::ClickHouseError;
#[cfg(feature = "clickhouse")]
pub use positions::{Epoch, Position};
#[cfg(feature = "clickhouse")]
pub use stage::{CountStageError, Start};
#[cfg(feature = "clickhouse")]
pub use store::ClickHouse;
#[cfg(feature = "clickhouse")]
pub use writer::ClickHouseWriter;

/// The consumer group in which `ClickHouse` is filled from the bus.
pub const GROUP: &str = "analytics";
