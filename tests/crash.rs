//! Kills the whole program at random moments while posts arrive, and then counts: every post that a source served is
//! found exactly once, and the offsets in the index equal what was indexed.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]

mod support;

use std::collections::BTreeSet;

use bus::PostId;
use bus::data_dir::DataDir;
use bus::embedded::{BusConfig, EmbeddedBus};
use index::Index;
use support::feeds::{self, Moments, Site};
#[cfg(feature = "failpoints")]
use support::get;
use support::{Discovery, config_with, text, wait_for_json};

/// The issue asks for at least 30.
const KILLS: usize = 32;

/// A fault of the program in one stage, while posts arrive: the stage starts again, the pages answer all the time, and every post
/// is there.
#[cfg(feature = "failpoints")]
#[tokio::test(flavor = "multi_thread")]
async fn a_stage_that_breaks_down_starts_again_and_takes_no_other_down() {
    for (stage, place) in [("index", "index.prepared@2"), ("enrich", "enrich.after-append@2")] {
        let site = Site::start_still().await;
        let config =
            config_with(&[("discovery.toml", &site.discovery_toml("")), ("sources.toml", &site.sources_toml())]);
        let data = tempfile::tempdir().unwrap();
        let arguments = ["run", "--config-dir", text(config.path()), "--data-dir", text(data.path())];
        let running = Discovery::start_with(&arguments, &[("DISCOVERY_BREAKDOWN", place)]).await;
        let broke_down = format!("discovery_stage_breakdowns_total{{stage=\"{stage}\"}} 1");
        loop {
            site.grow(1);
            let metrics = get(&running.admin, "/metrics").await.body;
            if metrics.lines().any(|line| line == broke_down) {
                break;
            }
            tokio::time::sleep(std::time::Duration::from_millis(500)).await;
        }
        site.grow(1);
        let all = site.ids_now().len() as u64;
        wait_for_json(&running.pages, "/api/v1/search?q=", |page| (page["total"].as_u64()? == all).then_some(())).await;
        assert!(running.interrupt().await.success(), "Ctrl-C ends it in order");
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn no_kill_loses_or_doubles_a_post() {
    let site = Site::start().await;
    let config = config_with(&[("discovery.toml", &site.discovery_toml("")), ("sources.toml", &site.sources_toml())]);
    let data = tempfile::tempdir().unwrap();
    let data_dir = data.path().join("data");
    let arguments = ["run", "--config-dir", text(config.path()), "--data-dir", text(&data_dir)];

    let mut moments = Moments::new(0x5eed);
    for _ in 0..KILLS {
        let running = Discovery::start(&arguments).await;
        // Not a wait for something to happen: the moment itself is what is tested.
        tokio::time::sleep(moments.next()).await;
        running.kill().await;
    }

    let running = Discovery::start(&arguments).await;
    site.fill_up();
    let all = feeds::ALL;
    wait_for_json(&running.pages, "/api/v1/search?q=", |page| (page["total"].as_u64()? >= all).then_some(())).await;
    assert!(running.interrupt().await.success(), "Ctrl-C ends it in order");

    let served: BTreeSet<PostId> = Site::ids();
    let data = DataDir::claim(&data_dir).unwrap();
    let bus = EmbeddedBus::open(&data.bus(), &BusConfig::default()).unwrap();
    assert_eq!(feeds::ids_on_bus(&bus).await, served, "what was served was accepted");
    let index = Index::open(&data.index()).unwrap();
    assert_eq!(index.posts(), all, "every post is in the index once");
    let ids: Vec<PostId> = served.iter().copied().collect();
    let found: BTreeSet<PostId> = index.searcher().get(&ids).await.unwrap().iter().map(|post| post.post.id).collect();
    assert_eq!(found, served);
    assert_eq!(
        index.writer().unwrap().offsets().unwrap(),
        feeds::ends(&bus).await,
        "the payload says what is in the index"
    );
}
