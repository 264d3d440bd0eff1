//! A reader of Kafka: the half that the stage has. The other half is [`super::worker`].

use std::collections::VecDeque;
use std::sync::mpsc;

use async_trait::async_trait;
use tokio::sync::{mpsc as async_mpsc, oneshot};

use crate::failpoint;
use crate::log::{BusError, Reader};
use crate::record::{Delivered, Offsets};

/// What a stage asks of its worker. A reply that nobody waits for is dropped.
pub(super) enum Command {
    /// Read at most so many records, and send them back: one message for each of these commands.
    Fetch(usize),
    Seek(Offsets, oneshot::Sender<Result<(), BusError>>),
    Commit(Offsets, oneshot::Sender<Result<(), BusError>>),
}

/// One member of a group.
pub(super) struct KafkaReader {
    commands: mpsc::SyncSender<Command>,
    fetched: async_mpsc::Receiver<Result<Vec<Delivered>, BusError>>,
    /// Whether a fetch is under way: it stays so when a call of `next` is dropped.
    asked: bool,
    /// What was fetched and not yet asked for.
    ahead: VecDeque<Delivered>,
}

impl KafkaReader {
    pub(super) fn new(
        commands: mpsc::SyncSender<Command>,
        fetched: async_mpsc::Receiver<Result<Vec<Delivered>, BusError>>,
    ) -> Self {
        Self { commands, fetched, asked: false, ahead: VecDeque::new() }
    }

    async fn ask(
        &mut self,
        command: impl FnOnce(oneshot::Sender<Result<(), BusError>>) -> Command,
    ) -> Result<(), BusError> {
        let (reply, answer) = oneshot::channel();
        self.send(command(reply))?;
        answer.await.map_err(|_| BusError::Closed)?
    }

    /// There is always room: a stage has at most a fetch and one other command under way, and those that it has given up.
    fn send(&mut self, command: Command) -> Result<(), BusError> {
        self.commands.send(command).map_err(|_| BusError::Closed)
    }
}

#[async_trait]
impl Reader for KafkaReader {
    async fn next(&mut self, max: usize) -> Result<Vec<Delivered>, BusError> {
        let max = max.max(1);
        loop {
            if !self.ahead.is_empty() {
                let count = self.ahead.len().min(max);
                return Ok(self.ahead.drain(..count).collect());
            }
            if !self.asked {
                self.send(Command::Fetch(max))?;
                self.asked = true;
            }
            // Cancel safe: what arrives while nobody waits stays in the channel.
            let fetched = self.fetched.recv().await.ok_or(BusError::Closed)?;
            self.asked = false;
            self.ahead.extend(fetched?);
        }
    }

    async fn seek(&mut self, offsets: &Offsets) -> Result<(), BusError> {
        self.ask(|reply| Command::Seek(offsets.clone(), reply)).await?;
        self.ahead.clear();
        // A fetch that was answered before the seek brought records of the old position.
        if self.fetched.try_recv().is_ok() {
            self.asked = false;
        }
        Ok(())
    }

    async fn commit(&mut self, offsets: &Offsets) -> Result<(), BusError> {
        failpoint::reached("bus.before-commit");
        self.ask(|reply| Command::Commit(offsets.clone(), reply)).await?;
        failpoint::reached("bus.after-commit");
        Ok(())
    }
}
