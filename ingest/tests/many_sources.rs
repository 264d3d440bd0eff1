//! A thousand feeds on one machine: how many requests are in flight, and what a source costs in memory.
//!
//! `cargo test -p ingest --test many_sources -- --nocapture` prints the figures. The servers and the log of what arrives
//! live in the same process, so that what is measured is an upper bound.

#![expect(clippy::unwrap_used, reason = "the helpers of tests state their assumptions by unwrapping them, as tests do")]

use std::collections::HashSet;
use std::fmt::Write as _;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::extract::State;
use axum::http::Uri;
use bus::{Bus, BusError, BusTopic, IdKey, Lag, Reader, Record, SourceState};
use ingest::{AlarmConfig, FetchConfig, HealthBoard, Intake, Settings};
use tokio_util::sync::CancellationToken;

const FEEDS: usize = 1_000;
const SERVERS: usize = 20;
const ENTRIES: usize = 20;

/// Counts what arrives and keeps none of it.
#[derive(Default)]
struct CountingBus(AtomicUsize);

#[async_trait]
impl Bus for CountingBus {
    async fn append(&self, _: BusTopic, records: Vec<Record>) -> Result<(), BusError> {
        self.0.fetch_add(records.len(), Ordering::SeqCst);
        Ok(())
    }

    async fn reader(&self, _: BusTopic, _: &str) -> Result<Box<dyn Reader>, BusError> {
        Err(BusError::Closed)
    }

    async fn lag(&self, _: BusTopic, _: &str) -> Result<Vec<Lag>, BusError> {
        Ok(Vec::new())
    }
}

/// Requests that are being answered, the most there ever were, and all.
#[derive(Default)]
struct Load {
    now: AtomicUsize,
    most: AtomicUsize,
    all: AtomicUsize,
}

async fn feed(State(load): State<Arc<Load>>, uri: Uri) -> ([(&'static str, &'static str); 1], String) {
    let now = load.now.fetch_add(1, Ordering::SeqCst) + 1;
    load.most.fetch_max(now, Ordering::SeqCst);
    load.all.fetch_add(1, Ordering::SeqCst);
    // Others may come meanwhile, if they are let.
    for _ in 0..200 {
        tokio::task::yield_now().await;
    }
    let mut xml = format!("<rss version=\"2.0\"><channel><title>{uri}</title><link>https://example.org/</link>");
    for entry in 0..ENTRIES {
        let text = format!("What was said about the waiting room, number {entry}. ").repeat(10);
        write!(xml, "<item><guid>{uri}#{entry}</guid><title>Entry {entry}</title><description>{text}</description><pubDate>Sat, 01 Mar 2025 10:00:00 GMT</pubDate></item>").unwrap();
    }
    load.now.fetch_sub(1, Ordering::SeqCst);
    ([("content-type", "application/rss+xml")], xml + "</channel></rss>")
}

/// The memory of this process in use now, in bytes.
fn resident() -> usize {
    let status = std::fs::read_to_string("/proc/self/status").unwrap();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).unwrap();
    line.trim().trim_end_matches("kB").trim().parse::<usize>().unwrap() * 1024
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_thousand_feeds_are_read_eight_at_a_time_in_bounded_memory() {
    let load = Arc::new(Load::default());
    let mut addresses: Vec<SocketAddr> = Vec::new();
    for _ in 0..SERVERS {
        let listener = tokio::net::TcpListener::bind("127.0.0.1:0").await.unwrap();
        addresses.push(listener.local_addr().unwrap());
        let router = Router::new().fallback(feed).with_state(Arc::clone(&load));
        tokio::spawn(async move { axum::serve(listener, router).await });
    }
    let dir = tempfile::tempdir().unwrap();
    let mut toml = String::new();
    for n in 0..FEEDS {
        let address = addresses[n % SERVERS];
        write!(
            toml,
            "[[source]]\nid = \"feed-{n}\"\nname = \"Feed {n}\"\nkind = \"feed\"\nurl = \"http://{address}/{n}\"\n"
        )
        .unwrap();
    }
    let sources = ingest::sources::parse(std::path::Path::new("sources.toml"), &toml).unwrap();
    let fetch = FetchConfig { host_delay_ms: 0, allow_addresses: addresses, ..FetchConfig::default() };
    let settings = Settings {
        sources: sources.clone(),
        fetch,
        alarm: AlarmConfig::default(),
        state_dir: dir.path().join("state"),
        id_key: IdKey::new([7; 32]),
    };
    let (bus, board, cancel) = (Arc::new(CountingBus::default()), HealthBoard::new(&sources), CancellationToken::new());
    let intake = Intake::new(bus.clone(), Arc::new(|_| {}));
    let before = resident();
    let began = std::time::Instant::now();
    let running = tokio::spawn(ingest::run(settings, intake, board.clone(), cancel.clone()));
    let mut most_memory = before;
    while board.snapshot().iter().any(|source| source.state == SourceState::Waiting) {
        most_memory = most_memory.max(resident());
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    let (took, after) = (began.elapsed(), resident());
    cancel.cancel();
    running.await.unwrap().unwrap();
    #[expect(clippy::print_stdout, reason = "the figures are what the test is run for by hand")]
    {
        println!(
            "{FEEDS} feeds of {ENTRIES} entries in {took:.1?}; at most {} requests in flight; {} bytes a source afterwards, {} at the peak",
            load.most.load(Ordering::SeqCst),
            after.saturating_sub(before) / FEEDS,
            most_memory.saturating_sub(before) / FEEDS
        );
    }
    let states: HashSet<SourceState> = board.snapshot().iter().map(|source| source.state).collect();
    assert!(!states.contains(&SourceState::Retrying) && !states.contains(&SourceState::Failing), "{states:?}");
    assert_eq!(load.all.load(Ordering::SeqCst), FEEDS, "one request a feed");
    assert!(load.most.load(Ordering::SeqCst) <= 8);
    assert_eq!(bus.0.load(Ordering::SeqCst), FEEDS * ENTRIES);
    assert!(most_memory.saturating_sub(before) < FEEDS * 200_000, "{most_memory} bytes, {before} before");
}
