//! Trials: the stages as processes of their own over a real Kafka broker and the real engine of `ClickHouse`, and one of them ends at a
//! chosen place on the way of a post, as a power cut would end it, or what it works with fails it. A ledger outside of them knows
//! what was acknowledged, and a site what it has published. After every trial each of these posts is in the index once, and
//! counted in `ClickHouse` exactly.
//!
//! Each place is tried once; `TRIALS=200 cargo test --features failpoints,index/clickhouse --test trials` goes round them
//! again and again. A stage that is wrong on purpose must be caught.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]
#![cfg(all(feature = "failpoints", feature = "kafka", feature = "clickhouse"))]

mod support;

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bus::conformance::broker::Broker;
use bus::{Bus as _, BusConfig, BusTopic, Change, KafkaBus, KafkaConfig, Post};
use index::clickhouse::proxy::{Loss, Proxy};
use index::clickhouse::{ClickHouse, ClickHouseConfig, engine};
use index::testing::{author_key, post};
use index::{Analytics as _, Filter, Index};
use support::feeds::Site;
use support::{BINARY, PATIENCE, command, config_with, text};
use tempfile::TempDir;
use tokio::process::{Child, Command};

const STAGES: [&str; 4] = ["ingest", "enrich", "index", "analytics"];

/// Posts that a trial sends at once.
const BATCH: u64 = 12;
/// Posts of each author, one after the other.
const EACH: u64 = 3;
/// So many authors later an author is erased. They say nothing any more then: what is erased is not taken in again.
const ERASED_AFTER: u64 = 8;

/// What a trial does.
#[derive(Clone, Copy, Debug)]
enum Trial {
    /// This stage ends at this place.
    Ends(&'static str, &'static str),
    /// The broker is killed while posts come, and started again.
    BrokerRestarts,
    /// The connection to `ClickHouse` breaks around a batch.
    Loses(Loss),
    /// The disk of the index takes no more, and later it does.
    DiskIsFull,
    /// More processes of these stages join and are killed, again and again.
    Storm,
}

const TRIALS: [Trial; 26] = [
    Trial::Ends("ingest", "bus.before-append"),
    Trial::Ends("ingest", "bus.after-append"),
    Trial::Ends("ingest", "ingest.before-cursor"),
    Trial::Ends("ingest", "ingest.after-cursor"),
    Trial::Ends("enrich", "bus.before-append"),
    Trial::Ends("enrich", "bus.after-append"),
    Trial::Ends("enrich", "enrich.after-append"),
    Trial::Ends("enrich", "bus.before-commit"),
    Trial::Ends("enrich", "bus.after-commit"),
    Trial::Ends("index", "index.before-commit"),
    Trial::Ends("index", "index.prepared"),
    Trial::Ends("index", "index.after-commit"),
    Trial::Ends("index", "bus.after-commit"),
    Trial::DiskIsFull,
    Trial::BrokerRestarts,
    Trial::Ends("analytics", "analytics.before-insert"),
    Trial::Ends("analytics", "analytics.after-insert"),
    Trial::Ends("analytics", "analytics.before-erase"),
    Trial::Ends("analytics", "analytics.after-erase"),
    Trial::Ends("analytics", "analytics.before-position"),
    Trial::Ends("analytics", "analytics.after-position"),
    Trial::Ends("analytics", "bus.before-commit"),
    Trial::Ends("analytics", "bus.after-commit"),
    Trial::Loses(Loss::Request),
    Trial::Loses(Loss::Reply),
    Trial::Storm,
];

/// What was acknowledged: the posts that must be found, with their authors, and those that must not.
#[derive(Default)]
struct Ledger {
    next: u64,
    live: BTreeMap<u64, u64>,
    gone: BTreeSet<u64>,
}

impl Ledger {
    /// New posts, an edit, a deletion and an erasure, in an order in which each means what the ledger notes.
    fn compose(&mut self) -> Vec<Change<Post>> {
        let made = |number: u64, words: &str| {
            Change::Upsert(
                post(number).author(number / EACH).text(&format!("{words} {number} at the surgery")).build().post,
            )
        };
        let mut changes = Vec::new();
        if let Some(erased) = (self.next / EACH).checked_sub(ERASED_AFTER) {
            changes.push(Change::EraseAuthor(author_key(erased)));
            let theirs: Vec<u64> = self.live.iter().filter(|&(_, &author)| author == erased).map(|(&n, _)| n).collect();
            for number in theirs {
                self.live.remove(&number);
                self.gone.insert(number);
            }
        }
        for number in self.next..self.next + BATCH {
            changes.push(made(number, "waited"));
            self.live.insert(number, number / EACH);
        }
        changes.push(made(self.next + 1, "waited again"));
        changes.push(Change::Delete(post(self.next + 2).build().post.id));
        self.live.remove(&(self.next + 2));
        self.gone.insert(self.next + 2);
        self.next += BATCH;
        changes
    }

    fn voices(&self) -> usize {
        self.live.values().collect::<BTreeSet<_>>().len()
    }
}

/// Everything that a trial needs, with the stages at work.
struct Fleet {
    broker: Broker,
    config: TempDir,
    data: TempDir,
    clickhouse: ClickHouseConfig,
    /// Between the stage and `ClickHouse`.
    proxy: Proxy,
    site: Site,
    bus: KafkaBus,
    stages: BTreeMap<&'static str, Child>,
    ledger: Ledger,
}

impl Fleet {
    async fn start() -> Self {
        let broker = Broker::start();
        let (data, clickhouse) = (tempfile::tempdir().unwrap(), engine::fresh_database());
        let (proxy, site) = (Proxy::start(&clickhouse.url).await, Site::start_still().await);
        let toml = site.discovery_toml(&format!(
            "[bus.kafka]\nbrokers = [\"{}\"]\nreplication = 1\nsession_timeout_ms = 1500\n\
             [analytics.clickhouse]\nurl = \"{}\"\ndatabase = \"{}\"\ncommit_every_ms = 200\n[index]\ncommit_every_ms = 200\n",
            broker.address(),
            proxy.url(),
            clickhouse.database
        ));
        let config = config_with(&[("discovery.toml", &toml), ("sources.toml", &site.sources_toml())]);
        let bus = KafkaBus::open(
            &KafkaConfig { replication: 1.try_into().unwrap(), ..KafkaConfig::at([broker.address()]) },
            &BusConfig::default(),
        )
        .await
        .unwrap();
        let mut fleet = Self {
            broker,
            config,
            data,
            clickhouse,
            proxy,
            site,
            bus,
            stages: BTreeMap::new(),
            ledger: Ledger::default(),
        };
        for stage in STAGES {
            fleet.launch(stage, &[]);
        }
        fleet
    }

    fn arguments<'a>(&'a self, stage: &'a str) -> [&'a str; 5] {
        [stage, "--config-dir", text(self.config.path()), "--data-dir", text(self.data.path())]
    }

    fn command(&self, stage: &str, settings: &[(&str, &str)]) -> Command {
        let mut command = command(&self.arguments(stage));
        command.envs(settings.iter().copied());
        command
    }

    fn launch(&mut self, stage: &'static str, settings: &[(&str, &str)]) {
        let child = self.command(stage, settings).spawn().unwrap();
        self.stages.insert(stage, child);
    }

    /// Sends what the ledger notes, and lets the site publish; returns once all of the former is acknowledged.
    async fn send(&mut self) {
        self.site.grow(2);
        let records = self.ledger.compose().iter().map(Change::to_record).collect();
        self.bus.append(BusTopic::Posts, records).await.unwrap();
    }

    /// Lets `stage` end at `point`, in the midst of posts, and starts it again.
    async fn end_at(&mut self, stage: &'static str, settings: &[(&str, &str)]) {
        self.stages.get_mut(stage).unwrap().kill().await.unwrap();
        self.launch(stage, settings);
        self.until_ended(stage).await;
        self.launch(stage, &[]);
    }

    /// Sends posts until `stage` has ended, which it is to do by itself.
    async fn until_ended(&mut self, stage: &'static str) {
        let sending = async {
            loop {
                self.send().await;
                let child = self.stages.get_mut(stage).unwrap();
                if let Ok(ended) = tokio::time::timeout(Duration::from_secs(2), child.wait()).await {
                    return ended.unwrap();
                }
            }
        };
        let ended = tokio::time::timeout(PATIENCE, sending).await.expect("the stage comes to the place");
        assert!(!ended.success(), "{stage}: {ended}");
    }

    /// Files of the index can grow no more; then they can again.
    async fn fill_disk(&mut self) {
        self.stages.get_mut("index").unwrap().kill().await.unwrap();
        // The kernel refuses what goes beyond 4 KiB of a file, as it does when there is no space.
        let refusing = ["-c", "trap '' XFSZ; ulimit -f 4; exec \"$0\" \"$@\"", BINARY];
        let mut shell = Command::new("bash");
        shell.current_dir(env!("CARGO_MANIFEST_DIR")).args(refusing).args(self.arguments("index"));
        let child = shell.env("DISCOVERY_LOG", "error").kill_on_drop(true).spawn().unwrap();
        self.stages.insert("index", child);
        self.until_ended("index").await;
        self.launch("index", &[]);
    }

    async fn lose(&mut self, loss: Loss) {
        self.proxy.lose(loss);
        let sending = async {
            while !self.proxy.has_lost() {
                self.send().await;
                tokio::time::sleep(Duration::from_millis(300)).await;
            }
        };
        tokio::time::timeout(PATIENCE, sending).await.expect("a batch comes to the connection");
    }

    async fn restart_broker(&mut self) {
        self.send().await;
        self.broker.kill();
        self.broker.start_again();
        self.send().await;
    }

    async fn storm(&mut self) {
        for round in 0_u64..4 {
            let mut more: Vec<Child> =
                ["enrich", "analytics"].iter().map(|stage| self.command(stage, &[]).spawn().unwrap()).collect();
            self.send().await;
            // Not a wait for something to happen: the moment itself is what is tested.
            tokio::time::sleep(Duration::from_millis(900 + round * 700)).await;
            for child in &mut more {
                child.kill().await.unwrap();
            }
        }
    }

    /// What is in the index and in `ClickHouse`, beside what the ledger says.
    async fn difference(&self) -> Option<String> {
        let published = self.site.ids_now();
        let posts = (self.ledger.live.len() + published.len()) as u64;
        let voices = (self.ledger.voices() + self.site.authors_now()) as u64;
        let Ok(index) = Index::open_read_only(&self.data.path().join("index")) else {
            return Some("there is no index".to_owned());
        };
        let sent = self.ledger.live.keys().map(|&number| post(number).build().post.id);
        let live: Vec<_> = sent.chain(published).collect();
        let gone: Vec<_> = self.ledger.gone.iter().map(|&number| post(number).build().post.id).collect();
        let found = index.searcher().get(&live).await.unwrap().len() as u64;
        let back = index.searcher().get(&gone).await.unwrap().len();
        let store = ClickHouse::open_read_only(&self.clickhouse).await.ok()?;
        let counted = match store.analytics().totals(&Filter::default()).await {
            Ok(counted) => counted,
            Err(error) => return Some(error.to_string()),
        };
        let is_right = (index.posts(), found, back, counted.posts, counted.voices) == (posts, posts, 0, posts, voices);
        (!is_right).then(|| {
            format!(
                "acknowledged: {posts} posts of {voices}; index: {} posts, {found} of them right, {back} gone ones back; \
                 ClickHouse: {} posts of {}",
                index.posts(),
                counted.posts,
                counted.voices
            )
        })
    }

    /// Waits until everything is as the ledger says.
    async fn settle(&mut self, trial: impl std::fmt::Debug) {
        let begin = tokio::time::Instant::now();
        while let Some(difference) = self.difference().await {
            assert!(begin.elapsed() < PATIENCE, "{trial:?}: {difference}");
            for (stage, child) in &mut self.stages {
                assert!(child.try_wait().unwrap().is_none(), "{stage} ended by itself after {trial:?}");
            }
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn whatever_ends_where_over_a_broker_every_post_is_there_once() {
    let trials =
        std::env::var("TRIALS").ok().map_or(TRIALS.len(), |trials| trials.parse().expect("TRIALS is a number"));
    let mut fleet = Fleet::start().await;
    for number in 0..trials {
        let trial = TRIALS[number % TRIALS.len()];
        match trial {
            Trial::Ends(stage, point) => {
                // In later rounds it passes the place before.
                let point = format!("{point}@{}", 1 + number / TRIALS.len() % 3);
                fleet.end_at(stage, &[("DISCOVERY_FAILPOINT", &point)]).await;
            }
            Trial::BrokerRestarts => fleet.restart_broker().await,
            Trial::Loses(loss) => fleet.lose(loss).await,
            Trial::DiskIsFull => fleet.fill_disk().await,
            Trial::Storm => fleet.storm().await,
        }
        fleet.settle((number, trial)).await;
    }
    assert!(fleet.ledger.live.len() > 20, "the trials had posts to lose");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_notes_its_position_before_its_rows_is_caught_over_a_broker() {
    let mut fleet = Fleet::start().await;
    fleet.send().await;
    fleet.settle("the beginning").await;
    let wrong = [("DISCOVERY_MUTANT", "position-before-rows"), ("DISCOVERY_FAILPOINT", "analytics.before-insert")];
    fleet.end_at("analytics", &wrong).await;
    // Once posts that came later count, those before them never will.
    let before = fleet.ledger.live.len() + fleet.site.ids_now().len();
    let later: Vec<Change<Post>> =
        (1_000_000..1_000_100).map(|n| Change::Upsert(post(n).source("later").build().post)).collect();
    fleet.bus.append(BusTopic::Posts, later.iter().map(Change::to_record).collect()).await.unwrap();
    let store = ClickHouse::open_read_only(&fleet.clickhouse).await.unwrap();
    let of_later = Filter { sources: vec!["later".parse().unwrap()], ..Filter::default() };
    let counted = async {
        while store.analytics().totals(&of_later).await.unwrap().posts < 100 {
            tokio::time::sleep(Duration::from_millis(100)).await;
        }
    };
    tokio::time::timeout(PATIENCE, counted).await.expect("what came later counts");
    let all = store.analytics().totals(&Filter::default()).await.unwrap().posts;
    assert!(
        all < before as u64 + 100,
        "the ledger says {before} and 100, and ClickHouse has {all}: the fault was not seen"
    );
}
