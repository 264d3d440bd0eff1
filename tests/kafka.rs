//! The stages as processes of their own over a real Kafka broker, each killed at random moments, and the broker too: every
//! post that a source served is found exactly once.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]
#![cfg(feature = "kafka")]

mod support;

use std::collections::BTreeSet;
use std::path::Path;
use std::time::Duration;

use bus::conformance::broker::Broker;
use bus::{BusConfig, KafkaBus, KafkaConfig, PostId};
use index::Index;
use support::feeds::{self, Moments, Site};
use support::{PATIENCE, command, config_with, text};
use tokio::process::{Child, Command};

/// Kills of a stage.
const KILLS: u64 = 24;
/// Every so many kills of a stage, the broker is killed instead.
const BROKER_EVERY: u64 = 8;
/// Two processes tag, and share the partitions.
const STAGES: [&str; 4] = ["ingest", "enrich", "enrich", "index"];

#[tokio::test(flavor = "multi_thread")]
async fn no_kill_loses_or_doubles_a_post_over_a_broker() {
    let mut broker = Broker::start();
    let kafka =
        format!("[bus.kafka]\nbrokers = [\"{}\"]\nreplication = 1\nsession_timeout_ms = 1500\n", broker.address());
    let site = Site::start().await;
    let config =
        config_with(&[("discovery.toml", &site.discovery_toml(&kafka)), ("sources.toml", &site.sources_toml())]);
    let data = tempfile::tempdir().unwrap();
    let start = |stage: usize| stage_command(STAGES[stage], config.path(), data.path()).spawn().unwrap();

    let mut stages: Vec<Child> = (0..STAGES.len()).map(start).collect();
    let mut moments = Moments::new(0x5eed);
    for kill in 0..KILLS {
        // Not a wait for something to happen: the moment itself is what is tested.
        tokio::time::sleep(moments.next()).await;
        if kill % BROKER_EVERY == BROKER_EVERY - 1 {
            broker.kill();
            broker.start_again();
        } else {
            let victim = usize::try_from(moments.below(4)).unwrap();
            stages[victim].kill().await.unwrap();
            stages[victim] = start(victim);
        }
    }

    site.fill_up();
    let index_dir = data.path().join("index");
    tokio::time::timeout(PATIENCE, until_indexed(&index_dir, &mut stages)).await.expect("every post is indexed");
    for stage in &mut stages {
        let pid = stage.id().expect("it still runs").to_string();
        assert!(Command::new("kill").args(["-INT", &pid]).status().await.unwrap().success());
        assert!(stage.wait().await.unwrap().success(), "Ctrl-C ends it in order");
    }

    let served: BTreeSet<PostId> = Site::ids();
    let bus = KafkaBus::open(&KafkaConfig::at([broker.address()]), &BusConfig::default()).await.unwrap();
    assert_eq!(feeds::ids_on_bus(&bus).await, served, "what was served was accepted and tagged");
    let index = Index::open(&index_dir).unwrap();
    assert_eq!(index.posts(), feeds::ALL, "every post is in the index once");
    let ids: Vec<PostId> = served.iter().copied().collect();
    let found: BTreeSet<PostId> = index.searcher().get(&ids).await.unwrap().iter().map(|post| post.post.id).collect();
    assert_eq!(found, served);
}

fn stage_command(stage: &str, config: &Path, data: &Path) -> Command {
    command(&[stage, "--config-dir", text(config), "--data-dir", text(data)])
}

/// Waits until every post can be found. A stage that ends meanwhile has failed.
async fn until_indexed(index: &Path, stages: &mut [Child]) {
    loop {
        if Index::open_read_only(index).is_ok_and(|index| index.posts() >= feeds::ALL) {
            return;
        }
        for (stage, name) in stages.iter_mut().zip(STAGES) {
            assert!(stage.try_wait().unwrap().is_none(), "{name} ended by itself");
        }
        tokio::time::sleep(Duration::from_millis(200)).await;
    }
}
