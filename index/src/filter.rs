//! Which posts a count, a search or a page is about. One type for all of them, so that a number on a page and the
//! search that opens it always mean the same posts.

use bus::{Channel, EventId, SentimentLabel, SourceId};
use jiff::Timestamp;
use serde::Serialize;

/// Posts that fulfil all of the conditions given; an empty list or `None` is no condition, and within a list any
/// one of the values is enough.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
pub struct Filter {
    /// A query in the search grammar (see `query.rs`), or empty.
    pub query: String,
    /// Said at this time or later (UTC).
    pub from: Option<Timestamp>,
    /// Said before this time (UTC).
    pub until: Option<Timestamp>,
    /// Said in one of these kinds of place.
    pub channels: Vec<Channel>,
    /// About one of these NHS regions; [`NONE`] means posts without a region.
    pub regions: Vec<String>,
    /// About one of these topics; [`NONE`] means posts without a topic.
    pub topics: Vec<String>,
    /// Feeling like one of these.
    pub sentiments: Vec<SentimentLabel>,
    /// Written in one of these languages (ISO 639-1); [`NONE`] means that the language is not known.
    pub languages: Vec<String>,
    /// From one of these sources.
    pub sources: Vec<SourceId>,
    /// Said at this offline meeting.
    pub event: Option<EventId>,
}

/// The value by which a filter or a group names posts that have no value ("no region").
pub const NONE: &str = "none";
