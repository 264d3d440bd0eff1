//! Feeds that grow whenever they are asked, for the tests that kill what collects them; and what must be on the bus then.

use std::collections::BTreeSet;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use bus::{Bus, BusTopic, Change, Enriched, Offsets, Post, PostId};
use serde_json::json;
use tokio::io::{AsyncBufReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

/// Sources that deliver at the same time.
const FEEDS: usize = 4;

/// Posts that each feed gains whenever it is asked, if it grows by itself, and the most that it ever has.
const GAIN: usize = 25;
const FULL: usize = 1_500;

/// So many people write in each feed.
const AUTHORS: usize = 90;

/// Posts of all feeds in the end.
pub const ALL: u64 = (FEEDS * FULL) as u64;

/// Every post on the bus, whether tagged yet or not.
pub async fn ids_on_bus(bus: &dyn Bus) -> BTreeSet<PostId> {
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

async fn records(bus: &dyn Bus, topic: BusTopic) -> Vec<Vec<u8>> {
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

/// Where `enriched` ends, in the partitions that hold something.
pub async fn ends(bus: &dyn Bus) -> Offsets {
    let lag = bus.lag(BusTopic::Enriched, "count").await.unwrap();
    Offsets(lag.iter().filter(|lag| lag.end > 0).map(|lag| (lag.partition, lag.end)).collect())
}

/// A site of several JSON feeds that grow whenever they are asked.
pub struct Site {
    address: String,
    items: Arc<[AtomicUsize; FEEDS]>,
}

impl Site {
    /// Starts to answer.
    pub async fn start() -> Self {
        Self::start_with(GAIN).await
    }

    /// The same, with feeds that are empty and grow only when [`Site::grow`] says so.
    pub async fn start_still() -> Self {
        Self::start_with(0).await
    }

    async fn start_with(gain: usize) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap().to_string();
        let items: Arc<[AtomicUsize; FEEDS]> = Arc::default();
        let counters = Arc::clone(&items);
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                tokio::spawn(answer(stream, Arc::clone(&counters), gain));
            }
        });
        Self { address, items }
    }

    /// Each feed gains `items`.
    pub fn grow(&self, items: usize) {
        for feed in self.items.iter() {
            feed.fetch_add(items, Ordering::SeqCst);
        }
    }

    /// The ids of the posts that feeds which do not grow by themselves serve now.
    pub fn ids_now(&self) -> Vec<PostId> {
        let served = |feed: usize| (0..self.items[feed].load(Ordering::SeqCst)).map(move |item| id(feed, item));
        (0..FEEDS).flat_map(served).collect()
    }

    /// How many people wrote them: nobody writes in two feeds.
    pub fn authors_now(&self) -> usize {
        self.items.iter().map(|items| items.load(Ordering::SeqCst).min(AUTHORS)).sum()
    }

    /// All items are there at once.
    pub fn fill_up(&self) {
        for items in self.items.iter() {
            items.store(FULL, Ordering::SeqCst);
        }
    }

    /// The ids of all posts that it serves in the end.
    pub fn ids() -> BTreeSet<PostId> {
        let all = (0..FEEDS).flat_map(|feed| (0..FULL).map(move |item| (feed, item)));
        all.map(|(feed, item)| id(feed, item)).collect()
    }

    /// The main configuration file, with `bus` for its section of that name.
    pub fn discovery_toml(&self, bus: &str) -> String {
        format!(
            "author_key_file = \"/tmp/discovery-crash-test-{}/author.key\"\n{bus}\n[ingest.fetch]\nhost_delay_ms = 0\nallow_addresses = [\"{}\"]\n",
            std::process::id(),
            self.address
        )
    }

    /// The feeds as sources.
    pub fn sources_toml(&self) -> String {
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

async fn answer(mut stream: TcpStream, items: Arc<[AtomicUsize; FEEDS]>, gain: usize) {
    let mut lines = BufReader::new(&mut stream).lines();
    let request = lines.next_line().await.ok().flatten().unwrap_or_default();
    while lines.next_line().await.is_ok_and(|line| line.is_some_and(|line| !line.is_empty())) {}
    let feed: usize = request.split(['/', ' ']).find_map(|part| part.parse().ok()).unwrap_or_default();
    let grown = items[feed].fetch_add(gain, Ordering::SeqCst) + gain;
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
                "authors": [{ "name": format!("author {}", item % AUTHORS) }],
            })
        })
        .collect();
    json!({ "version": "https://jsonfeed.org/version/1.1", "title": "A feed that grows", "items": items }).to_string()
}

fn id(feed: usize, item: usize) -> PostId {
    PostId::new(&format!("feed-{feed}").parse().unwrap(), &native_id(feed, item))
}

fn native_id(feed: usize, item: usize) -> String {
    format!("feed-{feed}-item-{item}")
}

/// Random but repeatable moments: from at once to well into indexing.
pub struct Moments(u64);

impl Moments {
    /// The moments that `seed` gives.
    pub fn new(seed: u64) -> Self {
        Self(seed)
    }

    /// The next one, within two seconds.
    pub fn next(&mut self) -> Duration {
        Duration::from_millis(self.below(2_000))
    }

    /// A number below `limit`.
    pub fn below(&mut self, limit: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % limit
    }
}
