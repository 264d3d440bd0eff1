//! The real program with the real engine of `ClickHouse`: pages count there what the search index counts, staff's corrections and
//! erasures reach it, and a bus that was made anew is told.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]
#![cfg(feature = "clickhouse")]

mod support;

use std::fs;
use std::path::PathBuf;

use index::clickhouse::ClickHouseConfig;
use index::clickhouse::engine::fresh_database;
use serde_json::Value;
use support::{Discovery, command, config_with, get, output, stderr, text, try_get, wait_for_json};
use tempfile::TempDir;

/// A configuration that counts in a database of its own, and a data directory.
struct Place {
    config: TempDir,
    data: TempDir,
    data_dir: PathBuf,
}

const COUNTS: &str = "/api/v1/counts";

impl Place {
    fn new(clickhouse: &ClickHouseConfig, more: &str) -> Self {
        let data = tempfile::tempdir().unwrap();
        let toml = format!(
            "author_key_file = \"{}\"\n[analytics]\nstore = \"clickhouse\"\n[analytics.clickhouse]\nurl = \"{}\"\ndatabase = \"{}\"\ncommit_every_ms = 100\n{more}",
            data.path().join("key").display(),
            clickhouse.url,
            clickhouse.database,
        );
        Self {
            config: config_with(&[("discovery.toml", &toml), ("sources.toml", "")]),
            data_dir: data.path().join("data"),
            data,
        }
    }

    fn with<'a>(&'a self, arguments: &[&'a str]) -> Vec<&'a str> {
        [arguments, &["--config-dir", text(self.config.path()), "--data-dir", text(&self.data_dir)]].concat()
    }

    async fn done(&self, arguments: &[&str]) -> String {
        let outcome = output(&self.with(arguments)).await;
        assert!(outcome.status.success(), "{arguments:?}: {}", stderr(&outcome));
        String::from_utf8(outcome.stdout).unwrap()
    }

    async fn refused(&self, arguments: &[&str]) -> String {
        let outcome = output(&self.with(arguments)).await;
        assert!(!outcome.status.success(), "{arguments:?}");
        stderr(&outcome)
    }

    async fn import(&self, name: &str, notes: &str) {
        let file = self.data.path().join(name);
        fs::write(&file, notes).unwrap();
        self.done(&["import", text(&file)]).await;
    }

    /// Runs the program until its pages count so many posts, and gives the counts by feeling.
    async fn counted(&self, posts: u64) -> Value {
        let running = Discovery::start(&self.with(&["run"])).await;
        wait_for_json(&running.pages, COUNTS, |counts| (counts["totals"]["posts"] == posts).then_some(())).await;
        let groups = get(&running.pages, &format!("{COUNTS}?by=feeling")).await;
        assert!(running.interrupt().await.success());
        serde_json::from_str::<Value>(&groups.body).unwrap()["groups"].take()
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn pages_count_in_clickhouse_what_is_collected_corrected_and_erased() {
    let database = fresh_database();
    let place = Place::new(&database, "");
    let notes: String = (0..30).map(|n| format!("Ann: The zeppelin was moored badly, time {n}.\n")).collect();
    place.import("2026-11-02-patients.txt", &format!("{notes}Ben: Nobody mended the lift.\n")).await;
    place.counted(31).await;

    place.done(&["correct", "--search", "zeppelin", "--sentiment", "positive", "--why", "irony", "--yes"]).await;
    let running = Discovery::start(&place.with(&["run"])).await;
    let positive = |counts: &Value| {
        let groups = counts["groups"].as_array()?;
        groups.iter().any(|group| group["key"] == "positive" && group["posts"] == 30).then_some(())
    };
    wait_for_json(&running.pages, &format!("{COUNTS}?by=feeling"), positive).await;
    assert!(running.interrupt().await.success());

    let told = place.done(&["erase", "--text", "lift", "--reason", "asked by letter", "--yes"]).await;
    assert!(told.contains("counts:    1 posts removed from ClickHouse"), "{told}");
    place.counted(30).await;

    // Another log in the place of the old one, which grows past it: what is counted would be wrong, and nothing is.
    for part in ["bus", "index", "trends"] {
        fs::remove_dir_all(place.data_dir.join(part)).unwrap();
    }
    let others: String = (0..90).map(|n| format!("Cat: The queue is long, time {n}.\n")).collect();
    place.import("2026-11-03-carers.txt", &others).await;
    let error = place.refused(&["run", "--listen", "127.0.0.1:0", "--admin-listen", "127.0.0.1:0"]).await;
    assert!(error.contains("was not filled from this bus") && error.contains("--new-bus"), "{error}");

    let mut filling = command(&place.with(&["analytics", "--new-bus", "--admin-listen", "127.0.0.1:0"]))
        .stdout(std::process::Stdio::piped())
        .spawn()
        .unwrap();
    let admin = support::first_address(filling.stdout.take().unwrap()).await;
    loop {
        let metrics = try_get(&admin, "/metrics").await.unwrap().body;
        if metrics.lines().any(|line| line.starts_with("discovery_analytics_records_total") && !line.ends_with(" 0")) {
            break;
        }
        tokio::task::yield_now().await;
    }
    support::interrupt(&mut filling).await;
    place.counted(30 + 90).await;
}

#[tokio::test]
async fn what_is_wrong_with_clickhouse_names_the_setting() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = Place::new(&ClickHouseConfig::new(format!("http://{nobody}")), "");
    let error = away.refused(&["analytics"]).await;
    assert!(error.contains("cannot be reached") && error.contains("analytics.clickhouse.url"), "{error}");
    // An erasure that could not reach it would not be one: nothing is done at all.
    let error = away.refused(&["erase", "--post", "0123456789abcdef0123456789abcdef", "--reason", "x", "--yes"]).await;
    assert!(error.contains("cannot be reached"), "{error}");

    let user = "user = \"discovery\"\npassword = { env = \"NO_SUCH_PASSWORD\" }\n";
    let secret = Place::new(&ClickHouseConfig::new("http://127.0.0.1:1"), user);
    let error = secret.refused(&["analytics"]).await;
    assert!(error.contains("analytics.clickhouse.password") && error.contains("NO_SUCH_PASSWORD"), "{error}");

    let toml = "[analytics]\nstore = \"clickhouse\"\n";
    let config = config_with(&[("discovery.toml", toml), ("sources.toml", "")]);
    let outcome = output(&["serve", "--config-dir", text(config.path())]).await;
    assert_eq!(outcome.status.code(), Some(3));
    let error = stderr(&outcome);
    assert!(error.contains("discovery.toml:2") && error.contains("[analytics.clickhouse]"), "{error}");
    let config = config_with(&[("discovery.toml", ""), ("sources.toml", "")]);
    let error = stderr(&output(&["analytics", "--config-dir", text(config.path())]).await);
    assert!(error.contains("add the section [analytics.clickhouse]"), "{error}");
}
