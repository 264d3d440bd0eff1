//! Finds the first posts in an order, counts all of them, and stops at the deadline.

use std::cmp::Reverse;
use std::collections::BinaryHeap;

use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::Column;
use tantivy::query::Weight;
use tantivy::schema::Schema;
use tantivy::{COLLECT_BLOCK_BUFFER_LEN, DocAddress, DocId, DocSet, Score, SegmentOrdinal, SegmentReader, TERMINATED};

use super::Sort;
use crate::query::Deadline;
use crate::schema::column;

/// Documents between two looks at the clock: well under a millisecond of work.
const DOCUMENTS_A_LOOK: usize = 64 * COLLECT_BLOCK_BUFFER_LEN;

/// Calls `each` with the score (0 unless `with_score`) of every living document that `weight` matches.
///
/// # Errors
/// Tantivy's own, and that of the deadline.
pub(crate) fn for_each_document(
    weight: &dyn Weight,
    reader: &SegmentReader,
    deadline: Deadline,
    with_score: bool,
    mut each: impl FnMut(DocId, Score),
) -> tantivy::Result<()> {
    deadline.check()?;
    let mut scorer = weight.scorer(reader, 1.0)?;
    let alive = reader.alive_bitset();
    let mut seen = 0;
    if with_score {
        while scorer.doc() != TERMINATED {
            if seen % DOCUMENTS_A_LOOK == 0 {
                deadline.check()?;
            }
            seen += 1;
            let doc = scorer.doc();
            if alive.is_none_or(|alive| alive.is_alive(doc)) {
                each(doc, scorer.score());
            }
            scorer.advance();
        }
        return Ok(());
    }
    let mut buffer = [0; COLLECT_BLOCK_BUFFER_LEN];
    loop {
        if seen % DOCUMENTS_A_LOOK == 0 {
            deadline.check()?;
        }
        let filled = scorer.fill_buffer(&mut buffer);
        seen += filled;
        for &doc in &buffer[..filled] {
            if alive.is_none_or(|alive| alive.is_alive(doc)) {
                each(doc, 0.0);
            }
        }
        if filled < buffer.len() {
            return Ok(());
        }
    }
}

/// The first documents in an order.
pub(super) struct TopPosts {
    sort: Sort,
    limit: usize,
    deadline: Deadline,
}

/// What was found.
pub(super) struct Found {
    /// All of them.
    pub total: u64,
    /// The first ones, in order.
    pub best: Vec<DocAddress>,
}

impl TopPosts {
    pub(super) fn new(sort: Sort, limit: usize, deadline: Deadline) -> Self {
        Self { sort, limit, deadline }
    }
}

/// The order of documents: greatest first. Scores are never negative, so their bits sort as they do.
type Rank = (u32, i64, Reverse<DocAddress>);

/// The best documents of one segment, and how many there were.
pub(super) struct SegmentTop {
    created: Column<i64>,
    segment: SegmentOrdinal,
    limit: usize,
    total: u64,
    best: BinaryHeap<Reverse<Rank>>,
}

impl Collector for TopPosts {
    type Fruit = Found;
    type Child = SegmentTop;

    fn check_schema(&self, schema: &Schema) -> tantivy::Result<()> {
        schema.get_field(column::CREATED).map(|_| ())
    }

    fn for_segment(&self, segment: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<SegmentTop> {
        let created = reader.fast_fields().i64(column::CREATED)?;
        Ok(SegmentTop { created, segment, limit: self.limit, total: 0, best: BinaryHeap::new() })
    }

    fn requires_scoring(&self) -> bool {
        self.sort == Sort::Best
    }

    fn collect_segment(
        &self,
        weight: &dyn Weight,
        segment: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<(u64, Vec<Rank>)> {
        let mut top = self.for_segment(segment, reader)?;
        for_each_document(weight, reader, self.deadline, self.requires_scoring(), |doc, score| {
            top.collect(doc, score);
        })?;
        Ok(top.harvest())
    }

    fn merge_fruits(&self, segments: Vec<(u64, Vec<Rank>)>) -> tantivy::Result<Found> {
        let total = segments.iter().map(|(total, _)| total).sum();
        let mut ranks: Vec<Rank> = segments.into_iter().flat_map(|(_, ranks)| ranks).collect();
        ranks.sort_unstable_by(|a, b| b.cmp(a));
        ranks.truncate(self.limit);
        Ok(Found { total, best: ranks.into_iter().map(|(_, _, Reverse(address))| address).collect() })
    }
}

impl SegmentCollector for SegmentTop {
    type Fruit = (u64, Vec<Rank>);

    fn collect(&mut self, doc: DocId, score: Score) {
        self.total += 1;
        let created = self.created.first(doc).unwrap_or(i64::MIN);
        let rank = (score.max(0.0).to_bits(), created, Reverse(DocAddress::new(self.segment, doc)));
        if self.best.len() < self.limit {
            self.best.push(Reverse(rank));
        } else if let Some(mut worst) = self.best.peek_mut()
            && worst.0 < rank
        {
            *worst = Reverse(rank);
        }
    }

    fn harvest(self) -> Self::Fruit {
        (self.total, self.best.into_iter().map(|Reverse(rank)| rank).collect())
    }
}
