//! The one thread that writes. It takes everything that waits in its queue into one batch with one `fsync`, so that many
//! callers share the cost of it.

use std::sync::Arc;

use jiff::Timestamp;
use tokio::sync::{OwnedSemaphorePermit, mpsc, oneshot};

use super::batch::Batch;
use super::retention::{self, Retained};
use super::store::{Extents, Store};
use super::{EmbeddedBus, Shared, State, fault};
use crate::log::{BusError, BusTopic};
use crate::record::{Offsets, Record};

/// A batch is closed when it has this much, so that one `fsync` does not take too long.
const BATCH_BYTES: usize = 4 * 1024 * 1024;

type Reply<T> = oneshot::Sender<Result<T, BusError>>;

/// What a rewrite puts in the place of a payload; see [`EmbeddedBus::rewrite`].
pub(super) type ReplaceSent = dyn FnMut(BusTopic, &[u8]) -> Option<Vec<u8>> + Send;

/// What the writer is asked to do.
pub(super) enum Command {
    Append { topic: BusTopic, records: Vec<Record>, room: OwnedSemaphorePermit, reply: Reply<()> },
    Commit { topic: BusTopic, group: String, offsets: Offsets, reply: Reply<()> },
    Retain { now: Timestamp, reply: Reply<Retained> },
    Rewrite { replace: Box<ReplaceSent>, reply: Reply<u64> },
}

impl Command {
    fn bytes(&self) -> usize {
        match self {
            Self::Append { records, .. } => records.iter().map(|record| record.payload.len()).sum(),
            Self::Commit { .. } | Self::Retain { .. } | Self::Rewrite { .. } => 0,
        }
    }
}

/// The state of the writing thread.
pub(super) struct Writer {
    shared: Arc<Shared>,
    /// A write failed. The database refuses all others until it is opened anew.
    failed: bool,
    /// What the log held before that, while it could not be opened anew.
    known: Extents,
}

impl Writer {
    pub(super) fn new(shared: Arc<Shared>) -> Self {
        Self { shared, failed: false, known: Extents::new() }
    }

    /// Works until the last sender of `commands` is gone, then closes the database.
    pub(super) fn run(mut self, mut commands: mpsc::Receiver<Command>) {
        while let Some(first) = commands.blocking_recv() {
            let mut bytes = first.bytes();
            let mut queued = vec![first];
            while bytes < BATCH_BYTES
                && let Ok(command) = commands.try_recv()
            {
                bytes += command.bytes();
                queued.push(command);
            }
            self.serve(queued);
        }
        *self.shared.state_mut() = State::Closed;
        for topic in BusTopic::ALL {
            self.shared.announce(topic);
        }
    }

    fn serve(&mut self, queued: Vec<Command>) {
        let outcome = self.write(&queued);
        // A caller that went away while it waited is not told; its records are as safe as the others.
        for command in queued {
            match command {
                Command::Append { room, reply, .. } => {
                    drop(room);
                    let _ = reply.send(outcome.clone());
                }
                Command::Commit { reply, .. } => {
                    let _ = reply.send(outcome.clone());
                }
                Command::Retain { now, reply } => {
                    let _ = reply.send(self.retain(now));
                }
                Command::Rewrite { mut replace, reply } => {
                    let _ = reply.send(self.rewrite(&mut *replace));
                }
            }
        }
    }

    fn write(&mut self, queued: &[Command]) -> Result<(), BusError> {
        let batch = Batch::of(queued, self.shared.partitions);
        if batch.is_empty() {
            return Ok(());
        }
        self.with_store(|shared, store| batch.write(shared, store))?;
        for topic in batch.topics() {
            self.shared.announce(topic);
        }
        Ok(())
    }

    fn retain(&mut self, now: Timestamp) -> Result<Retained, BusError> {
        self.with_store(|shared, store| retention::retain(shared, store, now))
    }

    /// Writes the whole log anew while readers wait. Whatever comes of it, the log is open again afterwards, the old one or the
    /// new one.
    fn rewrite(&mut self, replace: &mut ReplaceSent) -> Result<u64, BusError> {
        if self.failed {
            self.reopen()?;
        }
        let mut state = self.shared.state_mut();
        if let State::Failed(error) = &*state {
            return Err(error.clone());
        }
        // The database must be gone before its files can be moved.
        *state = State::Closed;
        let replaced = EmbeddedBus::rewrite(&self.shared.dir, &self.shared.config, replace);
        match Store::open(&self.shared.dir, &self.shared.config) {
            Ok(store) => {
                *state = State::Open(store);
                replaced
            }
            Err(error) => {
                *state = State::Failed(error.clone());
                Err(error)
            }
        }
    }

    /// Runs `work`, once more if the database had failed in the background before, and notes whether it failed.
    fn with_store<T>(&mut self, work: impl Fn(&Shared, &Store) -> fjall::Result<T>) -> Result<T, BusError> {
        let shared = self.shared.clone();
        let attempt = || match &*shared.state() {
            State::Open(store) => work(&shared, store)
                .map_err(|error| (fault::of_store(&shared.dir, &error), matches!(error, fjall::Error::Poisoned))),
            State::Failed(error) => Err((error.clone(), false)),
            State::Closed => Err((BusError::Closed, false)),
        };
        if self.failed {
            self.reopen()?;
        }
        let outcome = match attempt() {
            Err((_, true)) => {
                self.failed = true;
                self.reopen()?;
                attempt()
            }
            outcome => outcome,
        };
        outcome.map_err(|(error, _)| {
            self.failed = true;
            error
        })
    }

    /// Opens the database anew after a write failed, as it was before that write.
    fn reopen(&mut self) -> Result<(), BusError> {
        let mut state = self.shared.state_mut();
        if let State::Open(store) = &*state {
            self.known = store.extents();
        }
        // The old database must be gone before the new one can lock the directory.
        *state = State::Closed;
        let opened = Store::open(&self.shared.dir, &self.shared.config).and_then(|store| {
            let forgotten = store.forget_beyond(&self.known);
            forgotten.map(|()| store).map_err(|error| fault::of_store(&self.shared.dir, &error))
        });
        match opened {
            Ok(store) => {
                *state = State::Open(store);
                self.failed = false;
                Ok(())
            }
            Err(error) => {
                *state = State::Failed(error.clone());
                Err(error)
            }
        }
    }
}
