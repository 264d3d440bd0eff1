//! Search: which posts fulfil a filter, newest or best first.

mod collect;
mod snippet;

use std::sync::Arc;
use std::time::Duration;

use bus::{Enriched, PostId};
use serde::Serialize;
use tantivy::query::TermSetQuery;
use tantivy::{DocAddress, IndexReader, TantivyError, Term};
use thiserror::Error;
use tokio::sync::Semaphore;

use crate::document;
use crate::filter::Filter;
use crate::query::{Compiled, Deadline, QueryError, compile};
use crate::schema::Fields;
use collect::TopPosts;
pub(crate) use collect::for_each_document;

/// How long a search may take, with its time in the queue.
const LIMIT: Duration = Duration::from_secs(2);
/// Searches and counts that run at once.
const AT_ONCE: usize = 4;
/// The most hits on a page.
pub const MOST_PER_PAGE: usize = 100;
/// The hits that can be reached by paging, and the most that an export holds.
pub const MOST_REACHABLE: usize = 10_000;

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
    /// Best match first (BM25), the newer one of equals first.
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
    Query(#[from] QueryError),
    /// It took longer than is allowed: ask for less.
    #[error("the search took longer than {seconds} seconds: use fewer or longer words, or a shorter period")]
    TooSlow {
        /// The limit.
        seconds: u64,
    },
    /// The page lies beyond what can be reached: narrow the search.
    #[error("only the first {limit} results can be shown: narrow the search by a period or another word")]
    TooDeep {
        /// How many can be reached.
        limit: usize,
    },
    /// The index failed.
    #[error("the index cannot be read: {0}")]
    Store(String),
}

/// Reads the index. Cheap to clone; every answer comes from the newest commit.
#[derive(Clone)]
pub struct Searcher {
    reader: IndexReader,
    fields: Fields,
    permits: Arc<Semaphore>,
}

impl Searcher {
    pub(crate) fn new(reader: IndexReader, fields: Fields) -> Self {
        Self { reader, fields, permits: Arc::new(Semaphore::new(AT_ONCE)) }
    }

    /// A number that is another one after every commit that can be searched: for whoever keeps answers.
    ///
    /// # Errors
    /// [`SearchError::Store`] when the index on disk cannot be read any more.
    pub fn generation(&self) -> Result<u64, SearchError> {
        let searcher = self.reader.searcher();
        searcher.index().load_metas().map_err(|reason| SearchError::Store(reason.to_string()))?;
        Ok(searcher.generation().generation_id())
    }

    /// Posts that can be found now.
    pub fn posts(&self) -> u64 {
        self.reader.searcher().num_docs()
    }

    /// One page of posts that fulfil a filter. Runs off the async threads, at most 4 at once, at most 2 s.
    ///
    /// # Errors
    /// [`SearchError`].
    pub async fn search(&self, request: SearchRequest) -> Result<SearchPage, SearchError> {
        let per_page = request.per_page.clamp(1, MOST_PER_PAGE);
        let skip = request.page.max(1).saturating_sub(1).saturating_mul(per_page);
        if skip.saturating_add(per_page) > MOST_REACHABLE {
            return Err(SearchError::TooDeep { limit: MOST_REACHABLE });
        }
        self.run(move |snapshot| {
            let compiled = snapshot.compile(&request.filter)?;
            let top = TopPosts::new(request.sort, skip + per_page, snapshot.deadline);
            let found = snapshot.tantivy.search(compiled.query.as_ref(), &top)?;
            let addresses: Vec<DocAddress> = found.best.into_iter().skip(skip).collect();
            let posts = snapshot.posts(&addresses)?;
            let mut marker = snippet::Marker::new(compiled.marks);
            let hits = posts.into_iter().map(|post| Hit { snippet: marker.snippet(&post.post.text), post }).collect();
            Ok(SearchPage { total: found.total, hits, understood: compiled.understood })
        })
        .await
    }

    /// The newest posts that fulfil a filter, newest first, at most `limit` and [`MOST_REACHABLE`]: for downloads.
    ///
    /// # Errors
    /// [`SearchError`].
    pub async fn export(&self, filter: Filter, limit: usize) -> Result<Vec<Enriched>, SearchError> {
        let limit = limit.min(MOST_REACHABLE);
        self.run(move |snapshot| {
            let compiled = snapshot.compile(&filter)?;
            let top = TopPosts::new(Sort::Newest, limit, snapshot.deadline);
            let found = snapshot.tantivy.search(compiled.query.as_ref(), &top)?;
            snapshot.posts(&found.best)
        })
        .await
    }

    /// The posts with these ids, in their order; those that are gone are left out.
    ///
    /// # Errors
    /// [`SearchError`].
    pub async fn get(&self, ids: &[PostId]) -> Result<Vec<Enriched>, SearchError> {
        let ids = ids.to_vec();
        self.run(move |snapshot| {
            let terms = ids.iter().map(|id| Term::from_field_bytes(snapshot.fields.id, id.as_bytes()));
            let query = TermSetQuery::new(terms);
            let top = TopPosts::new(Sort::Newest, ids.len(), snapshot.deadline);
            let found = snapshot.tantivy.search(&query, &top)?;
            let mut posts = snapshot.posts(&found.best)?;
            let order: std::collections::HashMap<PostId, usize> =
                ids.iter().enumerate().map(|(position, &id)| (id, position)).collect();
            posts.sort_by_key(|post| order.get(&post.post.id).copied());
            Ok(posts)
        })
        .await
    }

    /// Runs `work` over the newest commit, off the async threads, when its turn comes.
    pub(crate) async fn run<T: Send + 'static>(
        &self,
        work: impl FnOnce(&Snapshot) -> Result<T, Stopped> + Send + 'static,
    ) -> Result<T, SearchError> {
        let deadline = Deadline::after(LIMIT);
        let too_slow = || SearchError::TooSlow { seconds: LIMIT.as_secs() };
        let permit = tokio::time::timeout(LIMIT, Arc::clone(&self.permits).acquire_owned())
            .await
            .map_err(|_| too_slow())?
            .map_err(|closed| SearchError::Store(closed.to_string()))?;
        let snapshot = Snapshot { tantivy: self.reader.searcher(), fields: self.fields, deadline };
        let done = tokio::task::spawn_blocking(move || {
            let result = work(&snapshot);
            // The permit returns when the work is over, even if nobody waits for it any more.
            drop(permit);
            result.map_err(|stopped| match stopped {
                Stopped::Query(error) => SearchError::Query(error),
                Stopped::Index(_) if deadline.passed() => SearchError::TooSlow { seconds: LIMIT.as_secs() },
                Stopped::Index(reason) => SearchError::Store(reason),
            })
        });
        done.await.unwrap_or_else(|panicked| Err(SearchError::Store(panicked.to_string())))
    }
}

/// One commit, and the time in which to read it.
pub(crate) struct Snapshot {
    pub(crate) tantivy: tantivy::Searcher,
    pub(crate) fields: Fields,
    pub(crate) deadline: Deadline,
}

/// Why work over a snapshot stopped.
pub(crate) enum Stopped {
    Query(QueryError),
    Index(String),
}

impl From<QueryError> for Stopped {
    fn from(error: QueryError) -> Self {
        Self::Query(error)
    }
}

impl From<TantivyError> for Stopped {
    fn from(error: TantivyError) -> Self {
        Self::Index(error.to_string())
    }
}

impl Snapshot {
    pub(crate) fn compile(&self, filter: &Filter) -> Result<Compiled, QueryError> {
        compile(filter, &self.fields, self.deadline)
    }

    /// The stored posts at these addresses, in their order. Reads the disk in its own order, which is much faster.
    fn posts(&self, addresses: &[DocAddress]) -> Result<Vec<Enriched>, Stopped> {
        let mut by_address: Vec<(usize, DocAddress)> = addresses.iter().copied().enumerate().collect();
        by_address.sort_unstable_by_key(|&(_, address)| address);
        let mut posts = Vec::with_capacity(addresses.len());
        for (position, address) in by_address {
            self.deadline.check()?;
            let document = self.tantivy.doc(address)?;
            posts.push((position, document::to_post(&self.fields, &document).map_err(Stopped::Index)?));
        }
        posts.sort_unstable_by_key(|&(position, _)| position);
        Ok(posts.into_iter().map(|(_, post)| post).collect())
    }
}

#[cfg(test)]
mod tests;
