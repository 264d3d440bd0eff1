//! Staff correct tags with the real program: what they say counts from then on, stays when the same post is collected
//! again, shows on its page, and comes back as labelled texts.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]

mod support;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use serde_json::Value;
use support::{Discovery, config_with, get, output, stderr, text};

/// A place to work in: a configuration without sources, a data directory, and notes of a meeting.
struct Place {
    config: tempfile::TempDir,
    data: tempfile::TempDir,
}

impl Place {
    fn new() -> Self {
        let data = tempfile::tempdir().unwrap();
        let key = format!("author_key_file = \"{}\"\n", data.path().join("key").display());
        Self { config: config_with(&[("discovery.toml", &key), ("sources.toml", "")]), data }
    }

    fn file(&self, name: &str) -> PathBuf {
        self.data.path().join(name)
    }

    /// Arguments with the directories to work in.
    fn with<'a>(&'a self, arguments: &[&'a str], data: &'a Path) -> Vec<&'a str> {
        [arguments, &["--config-dir", text(self.config.path()), "--data-dir", text(data)]].concat()
    }

    async fn run(&self, arguments: &[&str]) -> Output {
        let data = self.file("data");
        output(&self.with(arguments, &data)).await
    }

    /// Runs a command that must succeed, and gives what it wrote.
    async fn done(&self, arguments: &[&str]) -> String {
        let output = self.run(arguments).await;
        assert!(output.status.success(), "{arguments:?}: {}", stderr(&output));
        String::from_utf8(output.stdout).unwrap()
    }

    async fn import(&self, notes: &str) {
        let file = self.file("2026-11-02-patients.txt");
        fs::write(&file, notes).unwrap();
        self.done(&["import", text(&file)]).await;
    }

    async fn found(&self, query: &str) -> Vec<Value> {
        let page: Value = serde_json::from_str(&self.done(&["search", query, "--json"]).await).unwrap();
        page["hits"].as_array().unwrap().iter().map(|hit| hit["post"].clone()).collect()
    }

    async fn count(&self, query: &str) -> usize {
        self.found(query).await.len()
    }
}

const NOTES: &str =
    "Ann Lee: The zeppelin at the surgery was moored badly and nobody helped.\nBen: The lift is broken again.\n";

#[tokio::test(flavor = "multi_thread")]
async fn what_staff_say_counts_stays_shows_and_can_be_learned_from() {
    let place = Place::new();
    place.import(NOTES).await;
    let before = place.found("zeppelin").await;
    let id = before[0]["post"]["id"].as_str().unwrap().to_owned();
    assert_eq!(place.count("topic:transport feeling:positive").await, 0);

    let refused = place.run(&["correct", &id, "--topic", "zeppelins", "--why", "it flies"]).await;
    assert!(stderr(&refused).contains("topics.toml has no `zeppelins`"), "{}", stderr(&refused));
    let told = place
        .done(&["correct", &id, "--topic", "transport", "--sentiment", "positive", "--why", "irony", "--by", "analyst"])
        .await;
    assert_eq!(told, "1 post corrected\n");
    assert_eq!(place.count("topic:transport feeling:positive").await, 1);

    // The same notes again, with another line: the same text stays as staff said.
    place.import(&format!("{NOTES}Cat: And the queue is long.\n")).await;
    assert_eq!(place.count("").await, 3);
    let after = place.found("topic:transport feeling:positive").await;
    assert_eq!(after[0]["post"]["id"].as_str(), Some(id.as_str()));
    assert_eq!(after[0]["corrected"]["was"]["topics"], before[0]["topics"]);

    let list = place.done(&["corrections", "list"]).await;
    assert!(
        list.contains("analyst") && list.contains("topics: transport  (irony)") && list.contains("feeling: positive"),
        "{list}"
    );

    let data = place.file("data");
    let running = Discovery::start(&place.with(&["run"], &data)).await;
    let page = get(&running.pages, &format!("/posts/{id}")).await.body;
    assert!(page.contains("Staff have corrected this post") && page.contains("irony"), "{page}");
    assert!(running.interrupt().await.success());

    let labelled = place.file("labelled.jsonl");
    let told = place.done(&["corrections", "export", text(&labelled)]).await;
    assert!(told.starts_with("1 post with what staff say of them"), "{told}");
    let row: Value = serde_json::from_str(&fs::read_to_string(&labelled).unwrap()).unwrap();
    assert!(row["text"].as_str().unwrap().contains("zeppelin"), "{row}");
    assert_eq!(row["sentiment"], "positive");
    // It is what evaluation and training read.
    let judged = place.done(&["eval", "topics", text(&labelled), "--least", "1", "--json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&judged).unwrap()["rows"], 1, "{judged}");
    let judged = place.done(&["eval", "sentiment", text(&labelled), "--json"]).await;
    assert_eq!(serde_json::from_str::<Value>(&judged).unwrap()["rows"], 1, "{judged}");
    let again = place.run(&["corrections", "export", text(&labelled)]).await;
    assert!(!again.status.success() && stderr(&again).contains("cannot be made"), "it overwrites nothing");
}

#[tokio::test(flavor = "multi_thread")]
async fn all_posts_of_a_search_are_corrected_after_a_question() {
    let place = Place::new();
    let notes: String = (0..25).map(|n| format!("Ann: The shuttle was late, time {n}.\n")).collect();
    place.import(&notes).await;
    assert_eq!(place.done(&["search", "shuttle", "-n", "100", "--json"]).await.matches("\"snippet\"").count(), 25);

    let arguments = ["correct", "--search", "shuttle", "--language", "cy", "--why", "a test"];
    let asked = place.run(&arguments).await;
    assert!(stderr(&asked).contains("this would correct 25 posts: say --yes"), "{}", stderr(&asked));
    assert_eq!(place.count("lang:cy").await, 0);

    let told = place.done(&[&arguments[..], &["--yes"]].concat()).await;
    assert_eq!(told, "25 posts corrected\n");
    assert_eq!(place.done(&["search", "lang:cy", "-n", "100", "--json"]).await.matches("\"snippet\"").count(), 25);

    let nothing = place.run(&["correct", "--search", "unheard", "--language", "cy", "--why", "a test"]).await;
    assert!(stderr(&nothing).contains("the search finds nothing"), "{}", stderr(&nothing));
    let gone = place.run(&["correct", "00000000000000000000000000000000", "--language", "cy", "--why", "x"]).await;
    assert!(stderr(&gone).contains("none of these posts is there"), "{}", stderr(&gone));
}
