//! Fourteen days in the life of a source: the real collector and gateway, a server that misbehaves, and a restart of
//! Discovery every few hours. The time of day is set by hand, so that it takes a moment and depends on no machine. A
//! fifteenth day is quiet, for what is yet to be made up for.

mod bluesky;
mod discourse;
mod feed;
mod ledger;
mod mastodon;

use std::collections::HashMap;
use std::ops::Range;
use std::sync::atomic::{AtomicI64, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::{Body, Bytes};
use axum::http::Response;
use bus::PostId;

use self::ledger::Ledger;
use super::*;
use crate::collectors::Context;
use crate::fetch::Gateway;
use crate::testing::server::{ok, status};
use crate::testing::{FlakyBus, context};

const MINUTE: i64 = 60;
const HOUR: i64 = 60 * MINUTE;
const DAY: i64 = 24 * HOUR;

/// As long as servers misbehave and Discovery is restarted.
const TROUBLED: i64 = 14 * DAY;

const RESTARTS: i64 = 50;

/// The time of day. Times in simulations are seconds since the beginning.
#[derive(Clone, Copy)]
struct Time {
    start: i64,
    now: &'static AtomicI64,
}

impl Time {
    /// Begins so that the last day ends about now: what claims to be of the future is not believed.
    fn new() -> Self {
        let start = Timestamp::now().as_second() - TROUBLED - DAY;
        Self { start, now: Box::leak(Box::new(AtomicI64::new(start))) }
    }

    fn since_start(self) -> i64 {
        self.now.load(Ordering::SeqCst) - self.start
    }

    fn at(self, since_start: i64) -> Timestamp {
        Timestamp::from_second(self.start + since_start).unwrap()
    }

    /// Lets time pass until then.
    fn pass_until(self, since_start: i64) {
        self.now.fetch_max(self.start + since_start, Ordering::SeqCst);
    }

    /// Whether servers still misbehave.
    fn is_troubled(self) -> bool {
        self.since_start() < TROUBLED
    }
}

/// A source, and what outlives each process that collects it.
struct World {
    time: Time,
    source: SourceConfig,
    gateway: Gateway,
    dir: tempfile::TempDir,
    bus: Arc<FlakyBus>,
    /// The state on the disk when the bus last accepted something.
    disk: Arc<Mutex<Option<Vec<u8>>>>,
    board: HealthBoard,
    /// What was delivered when a process was killed before it could note that: it may come again, so often.
    forgotten: HashMap<PostId, usize>,
    /// When processes ended.
    ended: Vec<i64>,
}

impl World {
    fn new(time: Time, source: SourceConfig, gateway: Gateway, mut bus: FlakyBus) -> Self {
        let board = HealthBoard::new(std::slice::from_ref(&source));
        let dir = tempfile::tempdir().unwrap();
        let disk = Arc::<Mutex<Option<Vec<u8>>>>::default();
        let (path, copy) = (dir.path().join(format!("{}.json", source.id)), Arc::clone(&disk));
        bus.on_accepted = Some(Box::new(move || *copy.lock().unwrap() = std::fs::read(&path).ok()));
        let (bus, forgotten) = (Arc::new(bus), HashMap::new());
        Self { time, source, gateway, dir, bus, disk, board, forgotten, ended: Vec::new() }
    }

    /// A process as it starts.
    fn process(&self) -> SourceTask {
        let clock = Clock::Set(self.time.now);
        let context = Context { gateway: self.gateway.clone(), clock, ..context(self.source.clone()) };
        SourceTask {
            collector: self.source.kind.collector(context),
            state: state::load(self.dir.path(), &self.source, clock.now()).unwrap(),
            source: self.source.clone(),
            intake: Intake::new(self.bus.clone(), Arc::new(|_: &mut Post| {})),
            board: self.board.clone(),
            state_dir: self.dir.path().to_owned(),
            clock,
            cancel: CancellationToken::new(),
            stored_at: None,
            unsaved: false,
        }
    }

    /// Lives through all days, with a pause between two attempts that is at least `pause` unless more is there at once.
    /// With `crashes` every third restart comes before the state was stored, and a process whose bus refuses is killed.
    /// Returns the last process.
    async fn live(&mut self, pause: i64, crashes: bool) -> SourceTask {
        let mut task = self.process();
        let mut restarts = 0;
        let mut batches = 0;
        while self.time.since_start() < TROUBLED + DAY {
            let restart_at = (restarts + 1) * (TROUBLED / (RESTARTS + 1));
            let due = self.due(&task, pause);
            if due >= restart_at && restarts < RESTARTS {
                restarts += 1;
                self.time.pass_until(restart_at);
                if crashes && restarts % 3 == 0 {
                    self.lose_state(batches);
                }
                self.ended.push(restart_at);
                task = self.process();
                continue;
            }
            self.time.pass_until(due);
            batches = self.bus.batch_sizes().len();
            let refused = tokio::select! {
                biased;
                outcome = task.attempt() => { assert!(outcome.is_ok()); false }
                () = self.bus.refusal() => true,
            };
            if refused {
                self.note_forgotten(batches);
                self.ended.push(self.time.since_start());
                task = self.process();
            }
        }
        assert_eq!(restarts, RESTARTS);
        task
    }

    fn due(&self, task: &SourceTask, pause: i64) -> i64 {
        let now = self.time.since_start();
        let Some(due) = task.state.health.next_attempt else { return now };
        let due = due.as_second() + 1 - self.time.start;
        if due > now + 1 { due.max(now + pause) } else { due }
    }

    /// The power fails when the last attempt has delivered, before its state is on the disk. Before it the bus had so many
    /// `batches`.
    fn lose_state(&mut self, batches: usize) {
        if self.bus.batch_sizes().len() == batches {
            return;
        }
        let path = self.dir.path().join(format!("{}.json", self.source.id));
        match &*self.disk.lock().unwrap() {
            Some(state) => std::fs::write(path, state).unwrap(),
            None => std::fs::remove_file(path).unwrap(),
        }
        self.note_forgotten(batches);
    }

    /// What came after the first `batches` was delivered by a process that no longer knows.
    fn note_forgotten(&mut self, batches: usize) {
        for change in self.bus.changes_since(batches) {
            if let Change::Upsert(post) = change {
                *self.forgotten.entry(post.id).or_default() += 1;
            }
        }
    }

    /// What the bus holds in the end.
    fn ledger(&self) -> Ledger {
        Ledger::of(self.bus.changes(), self.forgotten.clone())
    }
}

/// How the `n`-th request is refused, if it is: too many requests, or no service for an hour or without a word.
fn refusal(n: usize) -> Option<Response<Body>> {
    match n {
        n if n % 13 == 3 => Some(status(429, &[("retry-after", "3600")])),
        n if n % 17 == 5 => Some(status(503, &[("retry-after", "1800")])),
        n if n % 29 == 8 => Some(status(503, &[])),
        _ => None,
    }
}

/// An answer that breaks off in the middle.
fn cut(content_type: &str, body: &str) -> Response<Body> {
    let half = Bytes::copy_from_slice(&body.as_bytes()[..body.len() / 2]);
    let pieces = [Ok(half), Err(std::io::Error::other("cut"))];
    ok(content_type, Body::from_stream(futures_util::stream::iter(pieces)))
}

/// A bus that refuses every 37th append.
fn flaky() -> FlakyBus {
    FlakyBus::refusing((9..100_000).step_by(37))
}
