//! What the readers ask: search, counts over time, and trending issues.

pub mod analytics;
pub mod filter;
pub mod query;
pub mod search;
pub mod store;
pub mod trends;

pub use analytics::{Analytics, AnalyticsError, Dimension, Group, Point, Step, Totals};
pub use filter::{Filter, NONE};
pub use search::{Hit, Piece, SearchError, SearchPage, SearchRequest, Searcher, Sort};
pub use store::{Index, IndexError, IndexWriter};
