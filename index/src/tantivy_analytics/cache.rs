//! What was counted in large segments, kept in bounded memory.

use std::sync::{Arc, Mutex, PoisonError};

use lru::LruCache;
use tantivy::index::{SegmentId, SegmentReader};

use super::Tally;
use super::split::{Part, Split};
use crate::filter::Filter;

/// Memory for all kept counts, in bytes.
const MOST_BYTES: usize = 24 * 1024 * 1024;
/// Smaller segments are counted faster than they are looked up, and are soon merged.
const LARGE_SEGMENT: u32 = 4_096;

/// The counts of one segment, part by part.
pub(super) type Counts = Arc<Vec<(Part, Tally)>>;

/// A filter and a way to split, as text.
pub(super) type Question = Arc<str>;

/// A segment as it is after so many deletions, and what was asked of it.
type Key = (SegmentId, Option<u64>, Question);

/// Counts of segments, least recently used first to go.
pub(crate) struct SegmentCache(Mutex<Kept>);

struct Kept {
    counts: LruCache<Key, (Counts, usize)>,
    bytes: usize,
}

impl Default for SegmentCache {
    fn default() -> Self {
        Self(Mutex::new(Kept { counts: LruCache::unbounded(), bytes: 0 }))
    }
}

pub(super) fn question(filter: &Filter, split: &Split) -> Question {
    let filter = serde_json::to_string(filter).expect("a filter is strings and times, which JSON can say");
    format!("{filter}{}", split.name()).into()
}

impl SegmentCache {
    /// The counts kept for this segment, or those that `count` finds.
    pub(super) fn get_or_count(
        &self,
        segment: &SegmentReader,
        question: &Question,
        count: impl FnOnce() -> tantivy::Result<Counts>,
    ) -> tantivy::Result<Counts> {
        if segment.max_doc() < LARGE_SEGMENT {
            return count();
        }
        let key = (segment.segment_id(), segment.delete_opstamp(), Arc::clone(question));
        if let Some((counts, _)) = self.lock().counts.get(&key) {
            return Ok(Arc::clone(counts));
        }
        let counts = count()?;
        self.lock().keep(key, Arc::clone(&counts));
        Ok(counts)
    }

    fn lock(&self) -> std::sync::MutexGuard<'_, Kept> {
        // The state is whole after every step, so a panic elsewhere does not spoil it.
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Kept {
    fn keep(&mut self, key: Key, counts: Counts) {
        let bytes =
            key.2.len() + counts.iter().map(|(part, tally)| part.bytes() + tally.voices.bytes() + 32).sum::<usize>();
        if let Some((_, (_, replaced))) = self.counts.push(key, (counts, bytes)) {
            self.bytes -= replaced;
        }
        self.bytes += bytes;
        while self.bytes > MOST_BYTES {
            let Some((_, (_, gone))) = self.counts.pop_lru() else { break };
            self.bytes -= gone;
        }
    }
}
