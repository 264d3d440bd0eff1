//! The durable log of one machine: segments in a `fjall` database, written by one thread, read by any number of groups.
//!
//! ```text
//! append ---> queue ---> writer: one batch, one fsync ---> segments ---> readers (woken, read whole blocks)
//! ```
//!
//! An append returns when its records are on disk. When a write fails, the whole batch is taken back: the database is opened
//! anew before the next write, and whatever of the failed batch had reached the disk is removed.

mod batch;
mod block;
mod config;
mod fault;
mod group;

mod reader;
mod retention;
mod rewrite;
mod segment;
mod store;
#[cfg(test)]
mod tests;
mod writer;

use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard};
use std::thread::JoinHandle;

use async_trait::async_trait;
use jiff::Timestamp;
use tokio::sync::{Semaphore, mpsc, oneshot, watch};

pub use self::config::BusConfig;
pub use self::retention::Retained;

use self::group::Groups;
use self::reader::EmbeddedReader;
use self::store::Store;
use self::writer::{Command, Writer};
use crate::failpoint;
use crate::log::{Bus, BusError, BusTopic, Lag, Reader};
use crate::metrics;
use crate::record::Record;

/// Payload bytes that may wait to be written; appends beyond wait for room.
const QUEUE_BYTES: usize = 16 * 1024 * 1024;
const QUEUE_COMMANDS: usize = 256;

/// The embedded log. Clones share it.
///
/// When the last clone is dropped, what was queued is written, the database is closed, and readers get
/// [`BusError::Closed`]; the drop waits for that, which takes some milliseconds.
#[derive(Clone)]
pub struct EmbeddedBus(Arc<Inner>);

struct Inner {
    shared: Arc<Shared>,
    room: Arc<Semaphore>,
    /// `None` only while it is being dropped.
    commands: Option<mpsc::Sender<Command>>,
    writer: Option<JoinHandle<()>>,
}

/// What the writer and the readers share.
struct Shared {
    dir: PathBuf,
    config: BusConfig,
    partitions: u32,
    state: RwLock<State>,
    groups: Mutex<Groups>,
    changes: [watch::Sender<()>; BusTopic::ALL.len()],
}

/// Whether the database can be used.
enum State {
    Open(Store),
    /// A write failed, and then the database could not be opened anew.
    Failed(BusError),
    Closed,
}

impl EmbeddedBus {
    /// Opens the log in `dir`, creating it where there is none. Blocks while it reads what a crash left.
    ///
    /// # Errors
    /// [`BusError::InUse`] when it is open already, [`BusError::Storage`] and [`BusError::Damaged`] when the disk is to
    /// blame.
    pub fn open(dir: &Path, config: &BusConfig) -> Result<Self, BusError> {
        metrics::describe();
        rewrite::tidy(dir)?;
        let store = Store::open(dir, config)?;
        let shared = Arc::new(Shared {
            dir: dir.to_owned(),
            config: config.clone(),
            partitions: store.partitions(),
            groups: Mutex::new(Groups::new(store.committed()?)),
            state: RwLock::new(State::Open(store)),
            changes: Default::default(),
        });
        let (commands, queue) = mpsc::channel(QUEUE_COMMANDS);
        let writer = Writer::new(shared.clone());
        let thread = std::thread::Builder::new().name("bus-writer".to_owned()).spawn(move || writer.run(queue));
        let thread = thread.map_err(|error| BusError::Storage {
            path: dir.display().to_string(),
            reason: format!("no thread for it: {error}"),
        })?;
        let room = Arc::new(Semaphore::new(QUEUE_BYTES));
        Ok(Self(Arc::new(Inner { shared, room, commands: Some(commands), writer: Some(thread) })))
    }

    /// The number of partitions of every bus topic.
    pub fn partitions(&self) -> u32 {
        self.0.shared.partitions
    }

    /// Removes what is older or larger than the configuration permits at the time `now`, in whole segments.
    ///
    /// A segment goes when all of it is too old and every group has committed it, or when its bus topic takes too much disk
    /// space: then even if it is unread, which is logged as an error. Call it every few minutes.
    ///
    /// # Errors
    /// [`BusError::Storage`] when the disk refuses.
    pub async fn retain(&self, now: Timestamp) -> Result<Retained, BusError> {
        self.send(|reply| Command::Retain { now, reply }).await
    }

    async fn send<T>(
        &self,
        command: impl FnOnce(oneshot::Sender<Result<T, BusError>>) -> Command,
    ) -> Result<T, BusError> {
        let (reply, answer) = oneshot::channel();
        let commands = self.0.commands.as_ref().ok_or(BusError::Closed)?;
        commands.send(command(reply)).await.map_err(|_| BusError::Closed)?;
        answer.await.map_err(|_| BusError::Closed)?
    }
}

#[async_trait]
impl Bus for EmbeddedBus {
    async fn append(&self, topic: BusTopic, records: Vec<Record>) -> Result<(), BusError> {
        if records.is_empty() {
            return Ok(());
        }
        topic.expect_room(&records)?;
        let bytes: usize = records.iter().map(|record| record.payload.len()).sum();
        let bytes = u32::try_from(bytes.clamp(1, QUEUE_BYTES)).expect("at most QUEUE_BYTES");
        let room = self.0.room.clone().acquire_many_owned(bytes).await.map_err(|_| BusError::Closed)?;
        failpoint::reached("bus.before-append");
        self.send(|reply| Command::Append { topic, records, room, reply }).await?;
        failpoint::reached("bus.after-append");
        Ok(())
    }

    async fn reader(&self, topic: BusTopic, group: &str) -> Result<Box<dyn Reader>, BusError> {
        let commands = self.0.commands.as_ref().ok_or(BusError::Closed)?.downgrade();
        Ok(Box::new(EmbeddedReader::join(self.0.shared.clone(), commands, topic, group)))
    }

    async fn lag(&self, topic: BusTopic, group: &str) -> Result<Vec<Lag>, BusError> {
        let (begin, end) = self.0.shared.with_store(move |store| Ok(store.bounds(topic))).await?;
        let committed = self.0.shared.groups().committed(topic, group).cloned().unwrap_or_default();
        let lag = |(partition, (begin, end))| {
            let committed = committed.0.get(&partition).copied().unwrap_or(begin);
            Lag { partition, committed, end }
        };
        Ok((0..).zip(begin.into_iter().zip(end)).map(lag).collect())
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.commands = None;
        if let Some(writer) = self.writer.take()
            && writer.join().is_err()
        {
            tracing::error!("the writer of the log panicked");
        }
    }
}

impl Shared {
    /// Runs `work` with the database, off the async threads.
    async fn with_store<T: Send + 'static>(
        self: &Arc<Self>,
        work: impl FnOnce(&Store) -> Result<T, BusError> + Send + 'static,
    ) -> Result<T, BusError> {
        let shared = self.clone();
        let task = tokio::task::spawn_blocking(move || match &*shared.state() {
            State::Open(store) => work(store),
            State::Failed(error) => Err(error.clone()),
            State::Closed => Err(BusError::Closed),
        });
        // A task is lost only when the runtime shuts down or the work panics; the panic has been reported.
        task.await.map_err(|_| BusError::Closed)?
    }

    fn state(&self) -> RwLockReadGuard<'_, State> {
        self.state.read().unwrap_or_else(PoisonError::into_inner)
    }

    fn state_mut(&self) -> RwLockWriteGuard<'_, State> {
        self.state.write().unwrap_or_else(PoisonError::into_inner)
    }

    fn groups(&self) -> MutexGuard<'_, Groups> {
        self.groups.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn subscribe(&self, topic: BusTopic) -> watch::Receiver<()> {
        self.changes[topic.index()].subscribe()
    }

    /// Wakes every reader of `topic`.
    fn announce(&self, topic: BusTopic) {
        self.changes[topic.index()].send_replace(());
    }
}
