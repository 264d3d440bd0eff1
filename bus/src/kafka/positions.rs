//! Where a reader stands: the partitions that it holds, and what it may commit of them.

use std::collections::BTreeMap;

use crate::record::{Delivered, Offset, Offsets, Partition};

/// The partitions of one reader.
#[derive(Debug, Default)]
pub(super) struct Positions {
    held: BTreeMap<Partition, Span>,
    /// Where reading goes on by the caller's own account; `None` while it leaves that to the group.
    own: Option<Offsets>,
    /// What was read and not handed over yet.
    records: Vec<Delivered>,
}

/// Where reading of a partition begins.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Start {
    /// Where the group has committed, or at the beginning.
    AsCommitted,
    /// The caller moved there.
    At(Offset),
    /// The caller moved to the beginning.
    Beginning,
}

/// What was read of a partition since it was taken, or since the last seek.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Span {
    from: Offset,
    next: Offset,
}

impl Positions {
    /// Where reading of `partition` begins when it is taken.
    pub(super) fn start(&self, partition: Partition) -> Start {
        match &self.own {
            None => Start::AsCommitted,
            Some(own) => own.0.get(&partition).map_or(Start::Beginning, |&offset| Start::At(offset)),
        }
    }

    /// Takes `partition`, to read it from `from` on.
    pub(super) fn take(&mut self, partition: Partition, from: Offset) {
        self.held.insert(partition, Span { from, next: from });
    }

    /// Gives `partition` up, with what was read of it and not handed over.
    pub(super) fn release(&mut self, partition: Partition) {
        self.held.remove(&partition);
        self.records.retain(|record| record.partition != partition);
    }

    /// Moves to `offsets` in every partition.
    pub(super) fn seek(&mut self, offsets: &Offsets) {
        for (&partition, span) in &mut self.held {
            let from = offsets.next(partition);
            *span = Span { from, next: from };
        }
        self.own = Some(offsets.clone());
        self.records.clear();
    }

    /// The partitions held, with the offset of the next record of each.
    pub(super) fn held(&self) -> Vec<(Partition, Offset)> {
        self.held.iter().map(|(&partition, span)| (partition, span.next)).collect()
    }

    /// Takes a record in, unless it comes from a partition that is not held, or from before the position there.
    pub(super) fn accept(&mut self, record: Delivered) {
        if let Some(span) = self.held.get_mut(&record.partition)
            && record.offset >= span.next
        {
            span.next = record.offset + 1;
            self.records.push(record);
        }
    }

    /// How many records were read and not handed over.
    pub(super) fn ready(&self) -> usize {
        self.records.len()
    }

    /// Hands over what was read.
    pub(super) fn hand_over(&mut self) -> Vec<Delivered> {
        if let Some(own) = &mut self.own {
            for record in &self.records {
                own.advance(record.partition, record.offset);
            }
        }
        std::mem::take(&mut self.records)
    }

    /// What of `offsets` may be committed: of partitions that are held, what was read of them since they were taken. An
    /// older position of the caller must not take the group back to what another member has dealt with.
    pub(super) fn committable(&self, offsets: &Offsets) -> Vec<(Partition, Offset)> {
        let within = |(&partition, &offset): (&Partition, &Offset)| {
            let span = self.held.get(&partition)?;
            (span.from..=span.next).contains(&offset).then_some((partition, offset))
        };
        offsets.0.iter().filter_map(within).collect()
    }
}

#[cfg(test)]
mod tests {
    use jiff::Timestamp;

    use super::*;

    fn record(partition: Partition, offset: Offset) -> Delivered {
        Delivered { partition, offset, appended_at: Timestamp::UNIX_EPOCH, payload: Vec::new() }
    }

    #[test]
    fn only_what_was_read_since_a_partition_was_taken_is_committed() {
        let mut positions = Positions::default();
        positions.take(0, 100);
        positions.accept(record(0, 100));
        positions.accept(record(0, 103));
        let committable = |offset| positions.committable(&Offsets([(0, offset), (1, 5)].into()));
        assert_eq!(committable(104), [(0, 104)]);
        assert_eq!(committable(100), [(0, 100)]);
        assert_eq!(committable(99), []);
        assert_eq!(committable(105), []);
    }

    #[test]
    fn a_partition_that_comes_back_is_read_on_by_the_callers_account() {
        let mut positions = Positions::default();
        assert_eq!(positions.start(0), Start::AsCommitted);
        positions.seek(&Offsets([(0, 7)].into()));
        assert_eq!((positions.start(0), positions.start(1)), (Start::At(7), Start::Beginning));
        positions.take(0, 7);
        positions.accept(record(0, 7));
        assert_eq!(positions.hand_over().len(), 1);
        positions.accept(record(0, 8));
        positions.release(0);
        assert_eq!(positions.ready(), 0);
        assert_eq!(positions.start(0), Start::At(8), "what was not handed over is read again");
    }

    #[test]
    fn what_a_seek_left_behind_is_not_delivered() {
        let mut positions = Positions::default();
        positions.take(0, 0);
        positions.accept(record(0, 0));
        positions.seek(&Offsets([(0, 5)].into()));
        positions.accept(record(0, 1));
        positions.accept(record(1, 9));
        assert_eq!(positions.ready(), 0);
        assert_eq!(positions.held(), [(0, 5)]);
    }
}
