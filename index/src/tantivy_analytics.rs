//! Counts from the fast fields of the search index.
//!
//! One pass over the matching documents of each segment counts posts exactly and voices by [`Voices`]. Segments never
//! change, so what was counted in a large one is kept: after a commit only what is new is counted.

mod cache;
mod split;

use std::collections::BTreeMap;
use std::sync::Arc;

use async_trait::async_trait;

use crate::analytics::{Analytics, AnalyticsError, Dimension, Group, Point, Step, Totals, begins};
use crate::filter::Filter;
use crate::search::{SearchError, Searcher, Snapshot, Stopped};
use crate::voices::Voices;
use cache::SegmentCache;
use split::{Part, Split, SplitCollector};

/// [`Analytics`] over the search index. Cheap to clone; every answer comes from the newest commit.
#[derive(Clone)]
pub struct TantivyAnalytics {
    searcher: Searcher,
    cache: Arc<SegmentCache>,
}

/// Posts and voices of one part, over all segments.
#[derive(Clone, Debug, Default)]
pub(crate) struct Tally {
    posts: u64,
    voices: Voices,
}

impl Tally {
    fn join(&mut self, other: &Self) {
        self.posts += other.posts;
        self.voices.join(&other.voices);
    }

    fn totals(mut self) -> Totals {
        Totals { posts: self.posts, voices: self.voices.count() }
    }
}

impl TantivyAnalytics {
    pub(crate) fn new(searcher: Searcher) -> Self {
        Self { searcher, cache: Arc::default() }
    }

    async fn count(&self, filter: &Filter, split: Split) -> Result<BTreeMap<Part, Tally>, AnalyticsError> {
        let cache = Arc::clone(&self.cache);
        let filter = filter.clone();
        let counted = self.searcher.run(move |snapshot| count(snapshot, &filter, split, &cache)).await;
        counted.map_err(|error| match error {
            SearchError::Query(error) => AnalyticsError::Query(error),
            other => AnalyticsError::Store(other.to_string()),
        })
    }
}

fn count(
    snapshot: &Snapshot,
    filter: &Filter,
    split: Split,
    cache: &SegmentCache,
) -> Result<BTreeMap<Part, Tally>, Stopped> {
    let compiled = snapshot.compile(filter)?;
    let question = cache::question(filter, &split);
    let collector = SplitCollector { split, deadline: snapshot.deadline, cache, question };
    Ok(snapshot.tantivy.search(compiled.query.as_ref(), &collector)?)
}

#[async_trait]
impl Analytics for TantivyAnalytics {
    async fn totals(&self, filter: &Filter) -> Result<Totals, AnalyticsError> {
        let mut parts = self.count(filter, Split::Whole).await?;
        Ok(parts.remove(&Part::Whole).unwrap_or_default().totals())
    }

    async fn groups(&self, filter: &Filter, dimension: Dimension, limit: usize) -> Result<Vec<Group>, AnalyticsError> {
        let parts = self.count(filter, Split::By(dimension)).await?;
        let mut groups: Vec<Group> = parts
            .into_iter()
            .filter_map(|(part, tally)| match part {
                Part::Value(key) => Some(Group { key: key.into(), totals: tally.totals() }),
                Part::Whole | Part::Step(_) => None,
            })
            .collect();
        groups.sort_by(|a, b| b.totals.posts.cmp(&a.totals.posts).then_with(|| a.key.cmp(&b.key)));
        groups.truncate(limit);
        Ok(groups)
    }

    async fn over_time(&self, filter: &Filter, step: Step) -> Result<Vec<Point>, AnalyticsError> {
        let begins = begins(filter, step)?;
        let mut parts = self.count(filter, Split::Over(begins.iter().copied().collect())).await?;
        let point = |(position, at)| {
            let totals = parts.remove(&Part::Step(position)).unwrap_or_default().totals();
            Point { at, totals }
        };
        Ok(begins.into_iter().enumerate().map(point).collect())
    }
}

#[cfg(test)]
mod tests;
