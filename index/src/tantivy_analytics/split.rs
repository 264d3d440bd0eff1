//! Counts the matching documents of a segment, split into parts.

use std::collections::BTreeMap;
use std::sync::Arc;

use jiff::Timestamp;
use tantivy::collector::{Collector, SegmentCollector};
use tantivy::columnar::{Column, StrColumn};
use tantivy::query::Weight;
use tantivy::{DocId, Score, SegmentOrdinal, SegmentReader, TantivyError};

use super::Tally;
use super::cache::{Counts, Question, SegmentCache};
use crate::analytics::Dimension;
use crate::document::milliseconds;
use crate::query::Deadline;
use crate::schema::column;
use crate::search::for_each_document;

/// How posts are split.
#[derive(Clone, Debug)]
pub(super) enum Split {
    /// Not at all.
    Whole,
    /// By a value of theirs.
    By(Dimension),
    /// By the step of time that they fall into; the steps begin here.
    Over(Arc<[Timestamp]>),
}

/// One part of the posts.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Part {
    Whole,
    Value(Box<str>),
    Step(usize),
}

impl Split {
    /// A name that tells splits of the same filter apart.
    pub(super) fn name(&self) -> String {
        match self {
            Self::Whole => "whole".to_owned(),
            Self::By(dimension) => dimension_column(*dimension).to_owned(),
            Self::Over(begins) => match begins[..] {
                [first, second, ..] => format!("{first}/{second}"),
                _ => "one step".to_owned(),
            },
        }
    }
}

impl Part {
    pub(super) fn bytes(&self) -> usize {
        match self {
            Self::Value(value) => value.len(),
            Self::Whole | Self::Step(_) => 0,
        }
    }
}

fn dimension_column(dimension: Dimension) -> &'static str {
    match dimension {
        Dimension::Channel => column::CHANNEL,
        Dimension::Region => column::REGION,
        Dimension::Topic => column::TOPIC,
        Dimension::Sentiment => column::SENTIMENT,
        Dimension::Language => column::LANGUAGE,
        Dimension::Source => column::SOURCE,
    }
}

/// Counts posts and voices part by part.
pub(super) struct SplitCollector<'a> {
    pub split: Split,
    pub deadline: Deadline,
    pub cache: &'a SegmentCache,
    pub question: Question,
}

/// The counts of one segment in the making. `tallies` stand by the number of their part in this segment.
pub(super) struct SegmentSplit {
    parts: Parts,
    voice: Column<u64>,
    tallies: Vec<Tally>,
}

enum Parts {
    Whole,
    Values(StrColumn),
    Steps { created: Column<i64>, begins_ms: Vec<i64> },
}

impl Collector for SplitCollector<'_> {
    type Fruit = BTreeMap<Part, Tally>;
    type Child = SegmentSplit;

    fn for_segment(&self, _: SegmentOrdinal, reader: &SegmentReader) -> tantivy::Result<SegmentSplit> {
        let columns = reader.fast_fields();
        let (parts, number) = match &self.split {
            Split::Whole => (Parts::Whole, 1),
            Split::By(dimension) => {
                let name = dimension_column(*dimension);
                let values = columns.str(name)?.ok_or_else(|| TantivyError::FieldNotFound(name.to_owned()))?;
                let number = values.num_terms();
                (Parts::Values(values), number)
            }
            Split::Over(begins) => {
                let begins_ms: Vec<i64> = begins.iter().copied().map(milliseconds).collect();
                let number = begins_ms.len();
                (Parts::Steps { created: columns.i64(column::CREATED)?, begins_ms }, number)
            }
        };
        Ok(SegmentSplit { parts, voice: columns.u64(column::VOICE)?, tallies: vec![Tally::default(); number] })
    }

    fn requires_scoring(&self) -> bool {
        false
    }

    fn collect_segment(
        &self,
        weight: &dyn Weight,
        segment: SegmentOrdinal,
        reader: &SegmentReader,
    ) -> tantivy::Result<tantivy::Result<Counts>> {
        let count = || {
            let mut split = self.for_segment(segment, reader)?;
            for_each_document(weight, reader, self.deadline, false, |doc, score| split.collect(doc, score))?;
            split.harvest()
        };
        self.cache.get_or_count(reader, &self.question, count).map(Ok)
    }

    fn merge_fruits(&self, segments: Vec<tantivy::Result<Counts>>) -> tantivy::Result<BTreeMap<Part, Tally>> {
        let mut merged: BTreeMap<Part, Tally> = BTreeMap::new();
        for counts in segments {
            for (part, tally) in counts?.iter() {
                match merged.get_mut(part) {
                    Some(sum) => sum.join(tally),
                    None => drop(merged.insert(part.clone(), tally.clone())),
                }
            }
        }
        Ok(merged)
    }
}

impl SegmentCollector for SegmentSplit {
    type Fruit = tantivy::Result<Counts>;

    fn collect(&mut self, doc: DocId, _: Score) {
        let voice = self.voice.first(doc);
        let note = |tally: &mut Tally| {
            tally.posts += 1;
            if let Some(voice) = voice {
                tally.voices.insert(voice);
            }
        };
        match &self.parts {
            Parts::Whole => note(&mut self.tallies[0]),
            Parts::Values(values) => {
                for number in values.term_ords(doc) {
                    if let Some(tally) = usize::try_from(number).ok().and_then(|number| self.tallies.get_mut(number)) {
                        note(tally);
                    }
                }
            }
            Parts::Steps { created, begins_ms } => {
                let Some(created) = created.first(doc) else { return };
                let after = begins_ms.partition_point(|&begin| begin <= created);
                if let Some(tally) = after.checked_sub(1).and_then(|step| self.tallies.get_mut(step)) {
                    note(tally);
                }
            }
        }
    }

    fn harvest(self) -> tantivy::Result<Counts> {
        let mut counts = Vec::new();
        let mut name = String::new();
        for (number, mut tally) in self.tallies.into_iter().enumerate() {
            if tally.posts == 0 {
                continue;
            }
            let part = match &self.parts {
                Parts::Whole => Part::Whole,
                Parts::Steps { .. } => Part::Step(number),
                Parts::Values(values) => {
                    values.ord_to_str(number as u64, &mut name)?;
                    Part::Value(name.as_str().into())
                }
            };
            tally.voices.settle();
            counts.push((part, tally));
        }
        Ok(Arc::new(counts))
    }
}
