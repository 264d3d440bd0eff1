//! What the readers ask: search, counts over time, and trending issues.

pub mod analytics;
mod blocking;
pub mod clickhouse;
#[cfg(any(test, feature = "conformance"))]
pub mod conformance;
pub mod document;
mod erase;
mod error;
pub mod filter;
mod london;
mod other_log;
pub mod query;
mod retention;
pub mod schema;
pub mod search;
pub mod stage;
pub mod store;
mod tantivy_analytics;
#[cfg(any(test, feature = "conformance"))]
pub mod testing;
pub mod trends;
mod voices;
mod writer;

pub use analytics::{Analytics, AnalyticsConfig, AnalyticsError, Dimension, Group, Point, Step, Totals};
pub use error::IndexError;
pub use filter::{Filter, NONE};
pub use query::QueryError;
pub use retention::{NoDays, Retention};
pub use search::{Hit, Piece, SearchError, SearchPage, SearchRequest, Searcher, Sort};
pub use stage::{Commit, IndexStageError, run, run_observed};
pub use store::{Index, IndexConfig};
pub use tantivy_analytics::TantivyAnalytics;
pub use writer::IndexWriter;
