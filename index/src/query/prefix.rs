//! Words that begin in a given way, over an index of words without their endings.

use tantivy::index::SegmentReader;
use tantivy::postings::TermInfo;
use tantivy::query::{BitSetDocSet, ConstScorer, EnableScoring, Explanation, Query, Scorer, Weight};
use tantivy::schema::{Field, IndexRecordOption};
use tantivy::{BitSet, DocId, DocSet, Score, TantivyError};

use super::compile::Deadline;
use crate::schema;

/// English endings that the index does not keep. `appointm*` means words such as "appointment", which the index
/// knows as "appoint": so the part of a prefix that could begin such an ending may be missing.
const ENDINGS: [&str; 14] = [
    "ments", "ings", "ations", "edly", "ingly", "ers", "ies", "ness", "fully", "ively", "ously", "ably", "ances",
    "ility",
];

/// The shortest word that may stand for a longer prefix.
const SHORTEST_ROOT: usize = 4;

/// Posts with a word that begins with the prefix. Stops at the deadline, however many words there are.
#[derive(Clone, Debug)]
pub(super) struct PrefixQuery {
    field: Field,
    prefix: String,
    /// Whole words of the index that may stand for words with the prefix.
    roots: Vec<String>,
    deadline: Deadline,
}

impl PrefixQuery {
    /// `prefix` is lower-case and without accents.
    pub(super) fn new(field: Field, prefix: String, deadline: Deadline) -> Self {
        Self { field, roots: roots(&prefix), prefix, deadline }
    }

    fn terms(&self, reader: &SegmentReader) -> tantivy::Result<Vec<TermInfo>> {
        let index = reader.inverted_index(self.field)?;
        let mut found = Vec::new();
        let mut builder = index.terms().range().ge(self.prefix.as_bytes());
        if let Some(end) = end_of(&self.prefix) {
            builder = builder.lt(end);
        }
        let mut stream = builder.into_stream()?;
        while stream.advance() {
            found.push(stream.value().clone());
        }
        for root in &self.roots {
            found.extend(index.terms().get(root.as_bytes())?);
        }
        Ok(found)
    }
}

impl Query for PrefixQuery {
    fn weight(&self, _scoring: EnableScoring<'_>) -> tantivy::Result<Box<dyn Weight>> {
        Ok(Box::new(self.clone()))
    }
}

impl Weight for PrefixQuery {
    fn scorer(&self, reader: &SegmentReader, boost: Score) -> tantivy::Result<Box<dyn Scorer>> {
        let index = reader.inverted_index(self.field)?;
        let mut docs = BitSet::with_max_value(reader.max_doc());
        for term in self.terms(reader)? {
            self.deadline.check()?;
            let mut postings = index.read_block_postings_from_terminfo(&term, IndexRecordOption::Basic)?;
            while !postings.docs().is_empty() {
                for &doc in postings.docs() {
                    docs.insert(doc);
                }
                postings.advance();
            }
        }
        Ok(Box::new(ConstScorer::new(BitSetDocSet::from(docs), boost)))
    }

    fn explain(&self, reader: &SegmentReader, doc: DocId) -> tantivy::Result<Explanation> {
        if self.scorer(reader, 1.0)?.seek(doc) == doc {
            Ok(Explanation::new("PrefixQuery", 1.0))
        } else {
            Err(TantivyError::InvalidArgument("the document has no such word".to_owned()))
        }
    }
}

/// The words of the index, shorter than the prefix, that words with this prefix may have become.
pub fn roots(prefix: &str) -> Vec<String> {
    let stem = schema::words(&mut schema::analyzer(), prefix).into_iter().map(|(_, stem)| stem);
    let mut roots: Vec<String> = stem.filter(|stem| !stem.starts_with(prefix)).collect();
    for (at, _) in prefix.char_indices().skip(SHORTEST_ROOT) {
        let (root, ending) = prefix.split_at(at);
        if ENDINGS.iter().any(|known| known.starts_with(ending)) && roots.iter().all(|found| found != root) {
            roots.push(root.to_owned());
        }
    }
    roots
}

/// The first text after all that begin with `prefix`.
fn end_of(prefix: &str) -> Option<Vec<u8>> {
    let mut end = prefix.as_bytes().to_vec();
    while let Some(last) = end.pop() {
        if last < u8::MAX {
            end.push(last + 1);
            return Some(end);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_that_reaches_into_an_ending_finds_the_root() {
        assert!(roots("appointm").contains(&"appoint".to_owned()));
        assert!(roots("appointment").contains(&"appoint".to_owned()));
        assert!(roots("waiting").contains(&"wait".to_owned()));
        assert!(roots("wai").is_empty());
        assert!(roots("dentist").is_empty(), "{:?}", roots("dentist"));
    }

    #[test]
    fn the_range_of_a_prefix_ends_right_after_it() {
        assert_eq!(end_of("wait"), Some(b"waiu".to_vec()));
        assert_eq!(end_of("\u{7f}"), Some(vec![0x80]));
    }
}
