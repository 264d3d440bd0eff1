//! Kills the whole program at random moments while posts arrive, and then counts: every post that a source served is
//! found exactly once, and the offsets in the index equal what was indexed.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]

mod support;

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bus::data_dir::DataDir;
use bus::embedded::{BusConfig, EmbeddedBus};
use bus::{Bus as _, BusTopic, Change, Enriched, Offsets, Post, PostId};
use index::Index;
use serde_json::json;
use support::{Discovery, config_with, text, wait_for_json};
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// The issue asks for at least 30.
const KILLS: usize = 32;

/// Sources that deliver at the same time.
const FEEDS: usize = 4;

/// Posts that each feed gains whenever it is asked, and the most that it ever has.
const GAIN: usize = 25;
const FULL: usize = 1_500;

#[tokio::test(flavor = "multi_thread")]
async fn no_kill_loses_or_doubles_a_post() {
    let site = Site::start().await;
    let config = config_with(&[("discovery.toml", &site.discovery_toml()), ("sources.toml", &site.sources_toml())]);
    let data = tempfile::tempdir().unwrap();
    let data_dir = data.path().join("data");
    let arguments = ["run", "--config-dir", text(config.path()), "--data-dir", text(&data_dir)];

    let mut moments = Moments(0x5eed);
    for _ in 0..KILLS {
        let running = Discovery::start(&arguments).await;
        // Not a wait for something to happen: the moment itself is what is tested.
        tokio::time::sleep(moments.next()).await;
        running.kill().await;
    }

    let running = Discovery::start(&arguments).await;
    site.fill_up();
    let all = u64::try_from(FEEDS * FULL).unwrap();
    wait_for_json(&running.pages, "/api/v1/search?q=", |page| (page["total"].as_u64()? >= all).then_some(())).await;
    assert!(running.interrupt().await.success(), "Ctrl-C ends it in order");

    let served: BTreeSet<PostId> = Site::ids();
    let data = DataDir::claim(&data_dir).unwrap();
    let bus = EmbeddedBus::open(&data.bus(), &BusConfig::default()).unwrap();
    assert_eq!(ids_on_bus(&bus).await, served, "what was served was accepted");
    let index = Index::open(&data.index()).unwrap();
    assert_eq!(index.posts(), all, "every post is in the index once");
    let ids: Vec<PostId> = served.iter().copied().collect();
    let found: BTreeSet<PostId> = index.searcher().get(&ids).await.unwrap().iter().map(|post| post.post.id).collect();
    assert_eq!(found, served);
    assert_eq!(index.writer().unwrap().offsets().unwrap(), ends(&bus).await, "the payload says what is in the index");
}

/// Every post on the bus, whether tagged yet or not.
async fn ids_on_bus(bus: &EmbeddedBus) -> BTreeSet<PostId> {
    let collected =
        records(bus, BusTopic::Posts).await.into_iter().map(|payload| {
            match Change::<Post>::from_payload(&payload).unwrap() {
                Change::Upsert(post) => post.id,
                other => panic!("nothing was deleted, but {other:?} is on the bus"),
            }
        });
    let collected: BTreeSet<PostId> = collected.collect();
    let tagged = records(bus, BusTopic::Enriched).await.into_iter().map(|payload| {
        match Change::<Enriched>::from_payload(&payload).unwrap() {
            Change::Upsert(post) => post.post.id,
            other => panic!("nothing was deleted, but {other:?} is on the bus"),
        }
    });
    assert_eq!(tagged.collect::<BTreeSet<_>>(), collected, "everything collected was tagged");
    collected
}

async fn records(bus: &EmbeddedBus, topic: BusTopic) -> Vec<Vec<u8>> {
    let end = bus.lag(topic, "count").await.unwrap();
    let mut left: u64 = end.iter().map(|lag| lag.end).sum();
    let mut reader = bus.reader(topic, "count").await.unwrap();
    let mut payloads = Vec::new();
    while left > 0 {
        let records = reader.next(1_000).await.unwrap();
        left -= u64::try_from(records.len()).unwrap();
        payloads.extend(records.into_iter().map(|record| record.payload));
    }
    payloads
}

async fn ends(bus: &EmbeddedBus) -> Offsets {
    let lag = bus.lag(BusTopic::Enriched, "count").await.unwrap();
    Offsets(lag.iter().filter(|lag| lag.end > 0).map(|lag| (lag.partition, lag.end)).collect())
}

/// A site of several JSON feeds that grow whenever they are asked.
struct Site {
    address: String,
    items: Arc<[AtomicUsize; FEEDS]>,
}

impl Site {
    async fn start() -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let items: Arc<[AtomicUsize; FEEDS]> = Arc::default();
        let counters = Arc::clone(&items);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&counters)));
            }
        });
        Self { address, items }
    }

    fn fill_up(&self) {
        for items in self.items.iter() {
            items.store(FULL, Ordering::SeqCst);
        }
    }

    fn ids() -> BTreeSet<PostId> {
        let all = (0..FEEDS).flat_map(|feed| (0..FULL).map(move |item| (feed, item)));
        all.map(|(feed, item)| PostId::new(&format!("feed-{feed}").parse().unwrap(), &native_id(feed, item))).collect()
    }

    fn discovery_toml(&self) -> String {
        format!(
            "author_key_file = \"/tmp/discovery-crash-test-{}/author.key\"\n[ingest.fetch]\nhost_delay_ms = 0\nallow_addresses = [\"{}\"]\n",
            std::process::id(),
            self.address
        )
    }

    fn sources_toml(&self) -> String {
        (0..FEEDS)
            .map(|feed| {
                format!(
                    "[[source]]\nid = \"feed-{feed}\"\nname = \"Feed {feed}\"\nkind = \"feed\"\nchannel = \"forum\"\nevery = \"1s\"\nurl = \"http://{}/{feed}\"\n",
                    self.address
                )
            })
            .collect()
    }
}

async fn answer(mut stream: TcpStream, items: Arc<[AtomicUsize; FEEDS]>) {
    let mut lines = BufReader::new(&mut stream).lines();
    let request = lines.next_line().await.ok().flatten().unwrap_or_default();
    while lines.next_line().await.is_ok_and(|line| line.is_some_and(|line| !line.is_empty())) {}
    let feed: usize = request.split(['/', ' ']).find_map(|part| part.parse().ok()).unwrap_or_default();
    let grown = items[feed].fetch_add(GAIN, Ordering::SeqCst) + GAIN;
    let body = feed_json(feed, grown.min(FULL));
    let head = format!(
        "HTTP/1.1 200 OK\r\nContent-Type: application/feed+json\r\nContent-Length: {}\r\nConnection: close\r\n\r\n",
        body.len()
    );
    // The program may be killed while it reads: then there is nobody to answer.
    let _ = stream.write_all(format!("{head}{body}").as_bytes()).await;
}

fn feed_json(feed: usize, count: usize) -> String {
    let items: Vec<_> = (0..count)
        .map(|item| {
            json!({
                "id": native_id(feed, item),
                "content_text": format!("Number {item} in queue {feed} at our surgery, and nobody answers the phone."),
                "date_published": "2026-11-01T09:00:00Z",
                "authors": [{ "name": format!("author {}", item % 90) }],
            })
        })
        .collect();
    json!({ "version": "https://jsonfeed.org/version/1.1", "title": "A feed that grows", "items": items }).to_string()
}

fn native_id(feed: usize, item: usize) -> String {
    format!("feed-{feed}-item-{item}")
}

/// Random but repeatable moments: from at once to well into indexing.
struct Moments(u64);

impl Moments {
    fn next(&mut self) -> Duration {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        Duration::from_millis((self.0 >> 33) % 2_000)
    }
}
