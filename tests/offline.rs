//! The shipped sources on a machine without a network: the program starts, serves, and says of each source why it cannot be
//! reached and when it is tried again.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]

mod support;

use std::fs;

use support::{Discovery, config_with, get, text, wait_for_json};

#[tokio::test(flavor = "multi_thread")]
async fn every_source_is_shown_with_the_reason_and_the_next_attempt() {
    let config = config_with(&[(
        "discovery.toml",
        concat!(
            "author_key_file = \"",
            env!("CARGO_TARGET_TMPDIR"),
            "/offline.key\"\n[ingest.fetch]\nhost_delay_ms = 0\n"
        ),
    )]);
    let sources = config.path().join("sources.toml");
    let (unreachable, count) = without_network(&fs::read_to_string(&sources).unwrap());
    fs::write(&sources, unreachable).unwrap();
    let data = tempfile::tempdir().unwrap();
    let data_dir = data.path().join("data");
    let running = Discovery::start(&["run", "--config-dir", text(config.path()), "--data-dir", text(&data_dir)]).await;

    let failed = wait_for_json(&running.pages, "/api/v1/sources", |answer| {
        let sources = answer["sources"].as_array()?;
        let failed: Vec<_> = sources.iter().filter(|source| source["error"].is_string()).cloned().collect();
        (failed.len() >= count).then_some(failed)
    })
    .await;
    for source in &failed {
        let error = source["error"].as_str().unwrap();
        // A resolver that has nobody to ask says so at once, or never.
        assert!(error.contains("could not be found") || error.contains("could not be reached in time"), "{source}");
        assert!(error.contains("network connection"), "{source}");
        assert!(source["next_attempt"].is_string(), "{source}");
        assert!(source["last_success"].is_null(), "{source}");
    }
    let page = get(&running.pages, "/sources").await;
    assert_eq!(page.status, 200);
    assert!(page.body.contains("network connection"), "the page says why");
    assert_eq!(get(&running.pages, "/").await.status, 200, "the first page is there");
    assert_eq!(get(&running.admin, "/readyz").await.status, 200);
    assert!(running.interrupt().await.success());
}

/// The same sources under names that no resolver knows (RFC 6761), which is what a machine without a network sees; and
/// how many of them need the network.
fn without_network(sources: &str) -> (String, usize) {
    let mut count = 0;
    let lines: Vec<String> = sources
        .lines()
        .map(|line| match line.strip_prefix("url = \"https://") {
            Some(rest) => {
                count += 1;
                format!("url = \"https://{}", rest.replacen('/', ".invalid/", 1))
            }
            None => line.to_owned(),
        })
        .collect();
    assert!(count > 30, "the shipped sources are many");
    (lines.join("\n"), count)
}
