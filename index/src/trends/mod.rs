//! Trending issues.

pub mod model;

pub use model::{Issue, IssueId, TrendList};
