//! Search: which posts fulfil a filter, newest or best first.

use bus::{Enriched, PostId};
use serde::Serialize;
use thiserror::Error;

use crate::filter::Filter;

/// One page of results to be fetched.
#[derive(Clone, Debug)]
pub struct SearchRequest {
    /// Which posts.
    pub filter: Filter,
    /// In which order.
    pub sort: Sort,
    /// The page, from 1.
    pub page: usize,
    /// Hits on a page, at most 100.
    pub per_page: usize,
}

/// The order of results.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Sort {
    /// Newest first.
    #[default]
    Newest,
    /// Best match first (BM25).
    Best,
}

/// One page of results.
#[derive(Clone, Debug, Serialize)]
pub struct SearchPage {
    /// Posts that fulfil the filter, exactly.
    pub total: u64,
    /// The hits of the page asked for.
    pub hits: Vec<Hit>,
    /// The query as it was understood, in words a person can check.
    pub understood: String,
}

/// One post found.
#[derive(Clone, Debug, Serialize)]
pub struct Hit {
    /// The post with its tags.
    pub post: Enriched,
    /// The part of its text that matches best, in pieces: never markup.
    pub snippet: Vec<Piece>,
}

/// A piece of a snippet.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Piece {
    /// Its text.
    pub text: String,
    /// Whether it is what was searched for.
    pub matched: bool,
}

/// Why there is no result, by what the caller can do.
#[derive(Debug, Error)]
pub enum SearchError {
    /// The query cannot be read: show the message beside the input.
    #[error(transparent)]
    Query(#[from] crate::query::QueryError),
    /// It took longer than is allowed: ask for less.
    #[error("the search took longer than {seconds} seconds: use fewer or longer words, or a shorter period")]
    TooSlow {
        /// The limit.
        seconds: u64,
    },
    /// The index failed.
    #[error("the index cannot be read: {0}")]
    Store(String),
}

/// Reads the index. Cheap to clone; every answer comes from the newest commit.
#[derive(Clone)]
pub struct Searcher {}

impl Searcher {
    /// One page of posts that fulfil a filter. Runs off the async threads, at most 4 at once, at most 2 s.
    ///
    /// # Errors
    /// [`SearchError`].
    pub async fn search(&self, _request: SearchRequest) -> Result<SearchPage, SearchError> {
        unimplemented!()
    }

    /// The posts with these ids, in their order; those that are gone are left out.
    ///
    /// # Errors
    /// [`SearchError`].
    pub async fn get(&self, _ids: &[PostId]) -> Result<Vec<Enriched>, SearchError> {
        unimplemented!()
    }
}
