//! A reader of the embedded log.

use std::collections::{BTreeMap, VecDeque};
use std::sync::Arc;

use async_trait::async_trait;
use tokio::sync::{mpsc, oneshot, watch};

use super::Shared;
use super::group::MemberId;
use super::writer::Command;
use crate::failpoint;
use crate::log::{BusError, BusTopic, Reader};
use crate::record::{Delivered, Offset, Offsets, Partition};

/// About how much is read ahead at a time, over all partitions.
const FETCH_BYTES: usize = 512 * 1024;

/// One member of a group.
pub(super) struct EmbeddedReader {
    shared: Arc<Shared>,
    commands: mpsc::WeakSender<Command>,
    topic: BusTopic,
    group: String,
    member: MemberId,
    /// The partitions that it holds.
    cursors: BTreeMap<Partition, Cursor>,
    /// Says that something was appended, or that the group has changed.
    changes: watch::Receiver<()>,
}

/// Where reading stands in one partition.
#[derive(Debug, Default)]
struct Cursor {
    /// The offset of the next record to deliver; `None` is the beginning of what there is.
    position: Option<Offset>,
    /// Records from there on that were read from disk with an earlier block.
    ahead: VecDeque<Delivered>,
}

impl EmbeddedReader {
    pub(super) fn join(shared: Arc<Shared>, commands: mpsc::WeakSender<Command>, topic: BusTopic, group: &str) -> Self {
        let member = shared.groups().join(topic, group);
        let changes = shared.subscribe(topic);
        let group = group.to_owned();
        let mut reader = Self { shared, commands, topic, group, member, cursors: BTreeMap::new(), changes };
        reader.settle();
        reader.shared.announce(topic);
        reader
    }

    /// Follows the group: gives up partitions and takes others.
    fn settle(&mut self) {
        let settled = self.shared.groups().settle(self.topic, &self.group, self.member, self.shared.partitions);
        for partition in &settled.released {
            self.cursors.remove(partition);
        }
        for &(partition, position) in &settled.taken {
            self.cursors.insert(partition, Cursor { position, ahead: VecDeque::new() });
        }
        if !settled.released.is_empty() {
            self.shared.announce(self.topic);
        }
        if settled != super::group::Settled::default() {
            let held: Vec<_> = self.cursors.keys().collect();
            tracing::debug!(topic = self.topic.name(), group = self.group, ?held, "partitions changed hands");
        }
    }

    /// Takes at most `max` of the records read ahead.
    fn take(&mut self, max: usize) -> Vec<Delivered> {
        let mut taken = Vec::new();
        for cursor in self.cursors.values_mut() {
            let count = cursor.ahead.len().min(max - taken.len());
            taken.extend(cursor.ahead.drain(..count));
            if count > 0 {
                cursor.position = taken.last().map(|record| record.offset + 1);
            }
        }
        taken
    }

    /// Reads ahead in every partition, off the async threads. Only called when nothing is left of what was read before.
    async fn fetch(&mut self) -> Result<bool, BusError> {
        let topic = self.topic;
        let positions: Vec<_> = self.cursors.iter().map(|(&partition, cursor)| (partition, cursor.position)).collect();
        let fetched = self
            .shared
            .with_store(move |store| {
                let bytes = FETCH_BYTES / positions.len().max(1);
                let read = |(partition, from)| Ok((partition, store.read(topic, partition, from, bytes)?));
                positions.into_iter().map(read).collect::<Result<Vec<_>, BusError>>()
            })
            .await?;
        let mut any = false;
        for (partition, records) in fetched {
            any |= !records.is_empty();
            if let Some(cursor) = self.cursors.get_mut(&partition) {
                cursor.ahead = records.into();
            }
        }
        Ok(any)
    }
}

#[async_trait]
impl Reader for EmbeddedReader {
    async fn next(&mut self, max: usize) -> Result<Vec<Delivered>, BusError> {
        loop {
            // What is announced after this line wakes the wait below, so that nothing is missed between look and wait.
            self.changes.borrow_and_update();
            self.settle();
            let records = self.take(max.max(1));
            if !records.is_empty() {
                return Ok(records);
            }
            if !self.fetch().await? && self.changes.changed().await.is_err() {
                return Err(BusError::Closed);
            }
        }
    }

    async fn seek(&mut self, offsets: &Offsets) -> Result<(), BusError> {
        let topic = self.topic;
        let (_, ends) = self.shared.with_store(move |store| Ok(store.bounds(topic))).await?;
        for (&partition, &wanted) in &offsets.0 {
            let end = ends.get(partition as usize).copied().unwrap_or(0);
            if wanted > end {
                return Err(BusError::BeyondEnd { topic: topic.name(), partition, wanted, end });
            }
        }
        for (partition, cursor) in &mut self.cursors {
            *cursor = Cursor { position: offsets.0.get(partition).copied(), ahead: VecDeque::new() };
        }
        Ok(())
    }

    async fn commit(&mut self, offsets: &Offsets) -> Result<(), BusError> {
        let held = offsets.0.iter().filter(|(partition, _)| self.cursors.contains_key(partition));
        let offsets = Offsets(held.map(|(&partition, &offset)| (partition, offset)).collect());
        if offsets.0.is_empty() {
            return Ok(());
        }
        failpoint::reached("bus.before-commit");
        let (reply, answer) = oneshot::channel();
        let commands = self.commands.upgrade().ok_or(BusError::Closed)?;
        let command = Command::Commit { topic: self.topic, group: self.group.clone(), offsets, reply };
        commands.send(command).await.map_err(|_| BusError::Closed)?;
        drop(commands);
        answer.await.map_err(|_| BusError::Closed)?
    }
}

impl Drop for EmbeddedReader {
    fn drop(&mut self) {
        self.shared.groups().leave(self.topic, &self.group, self.member);
        self.shared.announce(self.topic);
    }
}
