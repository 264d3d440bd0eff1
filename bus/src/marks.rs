//! Knowing a log again. A store that keeps where reading goes on also keeps when the record before that place was appended.
//! On its way on, its reader looks at that record once more: in a log that was made anew, and has grown past the place since,
//! another one lies there.

use std::collections::BTreeMap;

use async_trait::async_trait;
use serde::{Deserialize, Serialize};

use crate::log::{Bus, BusError, BusTopic, Reader};
use crate::record::{Delivered, Offset, Offsets, Partition};

/// For each partition the next offset to read, with when the record before it was appended.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Marks(pub BTreeMap<Partition, Mark>);

/// A place in a partition. It is also read from a mere offset, as stores kept it at first.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "Stored")]
pub struct Mark {
    /// The next offset to read.
    pub next: Offset,
    /// When the record before it was appended, in milliseconds since 1970 (UTC); `None` where that is not known.
    pub appended_ms: Option<i64>,
}

/// A mark in the forms that it may have been stored in.
#[derive(Deserialize)]
#[serde(untagged)]
enum Stored {
    Offset(Offset),
    Mark { next: Offset, appended_ms: Option<i64> },
}

impl From<Stored> for Mark {
    fn from(stored: Stored) -> Self {
        match stored {
            Stored::Offset(next) => Self { next, appended_ms: None },
            Stored::Mark { next, appended_ms } => Self { next, appended_ms },
        }
    }
}

impl From<&Offsets> for Marks {
    fn from(offsets: &Offsets) -> Self {
        let mark = |(&partition, &next)| (partition, Mark { next, appended_ms: None });
        Self(offsets.0.iter().map(mark).collect())
    }
}

impl Marks {
    /// Notes that `record` has been dealt with.
    pub fn advance(&mut self, record: &Delivered) {
        let mark = Mark { next: record.offset + 1, appended_ms: Some(record.appended_at.as_millisecond()) };
        let known = self.0.entry(record.partition).or_insert(mark);
        if mark.next > known.next {
            *known = mark;
        }
    }

    /// Notes that `partition` is read on from `next`, whatever lies before it.
    pub fn skip_to(&mut self, partition: Partition, next: Offset) {
        self.0.insert(partition, Mark { next, appended_ms: None });
    }

    /// Where reading goes on.
    pub fn offsets(&self) -> Offsets {
        Offsets(self.0.iter().map(|(&partition, mark)| (partition, mark.next)).collect())
    }
}

/// A reader that goes on at marks, and first looks whether it is the log that they were made in.
pub struct MarkedReader {
    inner: Box<dyn Reader>,
    topic: BusTopic,
    /// Where reading goes on, in every partition.
    position: Offsets,
    /// Partitions whose record before the mark was not seen yet.
    unknown: BTreeMap<Partition, Known>,
}

/// What is known of a record that was read before.
#[derive(Clone, Copy)]
struct Known {
    offset: Offset,
    appended_ms: i64,
}

impl MarkedReader {
    /// Joins `group` and goes on at `marks`.
    ///
    /// # Errors
    /// Those of [`Bus::reader`] and [`Reader::seek`].
    pub async fn open(bus: &dyn Bus, topic: BusTopic, group: &str, marks: &Marks) -> Result<Self, BusError> {
        let inner = bus.reader(topic, group).await?;
        let known = marks.0.iter().filter_map(|(&partition, mark)| {
            Some((partition, Known { offset: mark.next.checked_sub(1)?, appended_ms: mark.appended_ms? }))
        });
        let mut reader = Self { inner, topic, position: marks.offsets(), unknown: known.collect() };
        reader.seek_with_what_is_unknown().await?;
        Ok(reader)
    }

    /// Moves to where reading goes on, or to the record before where that is still to be seen.
    async fn seek_with_what_is_unknown(&mut self) -> Result<(), BusError> {
        let mut offsets = self.position.clone();
        offsets.0.extend(self.unknown.iter().map(|(&partition, known)| (partition, known.offset)));
        self.inner.seek(&offsets).await
    }

    /// Takes the records that were read before out of `records`.
    fn recognise(&mut self, records: &mut Vec<Delivered>) -> Result<(), BusError> {
        let mut other = None;
        records.retain(|record| {
            let Some(known) = self.unknown.get(&record.partition).copied() else { return true };
            self.unknown.remove(&record.partition);
            if record.offset > known.offset {
                return true;
            }
            if record.appended_at.as_millisecond() != known.appended_ms {
                other = Some((record.partition, record.offset));
            }
            false
        });
        match other {
            Some((partition, offset)) => Err(BusError::OtherLog { topic: self.topic.name(), partition, offset }),
            None => Ok(()),
        }
    }
}

#[async_trait]
impl Reader for MarkedReader {
    async fn next(&mut self, max: usize) -> Result<Vec<Delivered>, BusError> {
        loop {
            match self.inner.next(max).await {
                Ok(mut records) => {
                    self.recognise(&mut records)?;
                    for record in &records {
                        self.position.advance(record.partition, record.offset);
                    }
                    if !records.is_empty() {
                        return Ok(records);
                    }
                }
                // Retention has removed the record by which the log would be known; what comes after it may still be there.
                Err(BusError::OffsetGone { topic, partition, begin, .. }) if self.unknown.contains_key(&partition) => {
                    self.unknown.remove(&partition);
                    let wanted = self.position.next(partition);
                    if begin > wanted {
                        return Err(BusError::OffsetGone { topic, partition, wanted, begin });
                    }
                    self.seek_with_what_is_unknown().await?;
                }
                Err(error) => return Err(error),
            }
        }
    }

    async fn seek(&mut self, offsets: &Offsets) -> Result<(), BusError> {
        self.position = offsets.clone();
        self.unknown.retain(|&partition, known| offsets.next(partition) == known.offset + 1);
        self.seek_with_what_is_unknown().await
    }

    async fn commit(&mut self, offsets: &Offsets) -> Result<(), BusError> {
        self.inner.commit(offsets).await
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::embedded::{BusConfig, EmbeddedBus};
    use crate::id::PostId;
    use crate::record::Record;

    const GROUP: &str = "marks";

    fn record(number: u8) -> Record {
        Record { key: Some(PostId::from_bytes([number; 16])), payload: vec![number] }
    }

    async fn filled(dir: &std::path::Path, numbers: std::ops::Range<u8>) -> EmbeddedBus {
        let config = BusConfig { partitions: std::num::NonZeroU8::MIN, ..BusConfig::default() };
        let bus = EmbeddedBus::open(dir, &config).unwrap();
        for number in numbers {
            bus.append(BusTopic::Enriched, vec![record(number)]).await.unwrap();
        }
        bus
    }

    async fn read(bus: &EmbeddedBus, marks: &Marks, count: usize) -> Result<Vec<u8>, BusError> {
        let mut reader = MarkedReader::open(bus, BusTopic::Enriched, GROUP, marks).await?;
        let mut numbers = Vec::new();
        while numbers.len() < count {
            numbers.extend(reader.next(2).await?.iter().map(|record| record.payload[0]));
        }
        Ok(numbers)
    }

    #[tokio::test]
    async fn reading_goes_on_behind_the_mark_in_the_same_log_and_is_refused_in_another_that_is_longer() {
        let (dir, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let bus = filled(dir.path(), 0..6).await;
        let mut marks = Marks::default();
        let mut first = bus.reader(BusTopic::Enriched, GROUP).await.unwrap();
        let mut seen = 0;
        while seen < 4 {
            for record in first.next(4 - seen).await.unwrap() {
                marks.advance(&record);
                seen += 1;
            }
        }
        drop(first);
        assert_eq!(marks.offsets(), Offsets([(0, 4)].into()));
        assert_eq!(read(&bus, &marks, 2).await.unwrap(), [4, 5]);

        let anew = filled(other.path(), 0..9).await;
        let error = read(&anew, &marks, 2).await.unwrap_err();
        assert_eq!(error, BusError::OtherLog { topic: "enriched", partition: 0, offset: 3 });
        // Without knowing when the record was appended nothing can tell.
        marks.skip_to(0, 4);
        assert_eq!(read(&anew, &marks, 2).await.unwrap(), [4, 5]);
    }

    #[test]
    fn offsets_as_they_were_stored_at_first_are_read() {
        let marks: Marks = serde_json::from_str(r#"{"0":7,"2":{"next":9,"appended_ms":5}}"#).unwrap();
        let expected = [(0, Mark { next: 7, appended_ms: None }), (2, Mark { next: 9, appended_ms: Some(5) })];
        assert_eq!(marks, Marks(expected.into()));
        assert_eq!(serde_json::from_str::<Marks>(&serde_json::to_string(&marks).unwrap()).unwrap(), marks);
    }

    #[tokio::test]
    async fn a_log_that_ends_before_the_mark_is_refused_as_before() {
        let dir = tempfile::tempdir().unwrap();
        let bus = filled(dir.path(), 0..3).await;
        let marks = Marks([(0, Mark { next: 9, appended_ms: Some(0) })].into());
        let error = read(&bus, &marks, 1).await.unwrap_err();
        assert!(matches!(error, BusError::BeyondEnd { .. }), "{error}");
    }
}
