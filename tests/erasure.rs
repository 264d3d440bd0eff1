//! Fifty canaries are planted wherever words are kept, and erased: afterwards no file of the data directory holds a trace of
//! them, the counts are right, and what comes again is not taken in.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]

mod support;

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use bus::{Bus as _, BusConfig, BusTopic, DeadLetter, Delivered, EmbeddedBus};
use jiff::Timestamp;
use serde_json::Value;
use support::{Discovery, config_with, get, output, stderr, text, wait_for_json};

/// Words that only the canaries say: those found by a search, and those of one author.
const CANARIES: [&str; 2] = ["quokkanary", "zebranolark"];

/// Other posts, which stay.
const OTHERS: u32 = 100;

/// A feed: 30 canaries of many authors, 20 of one, and others.
fn feed() -> String {
    let now = Timestamp::now();
    let mut items = String::new();
    let mut item = |number: i64, author: &str, words: &str| {
        let at = (now - jiff::SignedDuration::from_mins(number)).strftime("%a, %d %b %Y %H:%M:%S GMT");
        write!(
            items,
            "<item><guid isPermaLink=\"false\">urn:{number}</guid><author>{author}</author><pubDate>{at}</pubDate>\
             <title>About the surgery {number}</title><description>{words}</description></item>"
        )
        .unwrap();
    };
    for number in 0..30 {
        item(number, &format!("Person {number}"), &format!("The {} waited {number} days at the surgery", CANARIES[0]));
    }
    for number in 30..50 {
        item(number, "Gwen Skylarkton", &format!("My {} was at the surgery {number} times", CANARIES[1]));
    }
    for number in 50..50 + i64::from(OTHERS) {
        item(number, &format!("Person {number}"), &format!("The surgery was open {number} hours"));
    }
    format!(
        "<rss version=\"2.0\"><channel><title>Posts</title><link>https://example.org/</link>{items}</channel></rss>"
    )
}

/// The files below `dir` that hold one of the canaries' words, or the author's name, in whatever case.
fn traces(dir: &Path) -> Vec<String> {
    let mut found = Vec::new();
    for entry in fs::read_dir(dir).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(traces(&path));
            continue;
        }
        let bytes = fs::read(&path).unwrap().to_ascii_lowercase();
        for words in [CANARIES[0], CANARIES[1], "skylarkton"] {
            if bytes.windows(words.len()).any(|window| window == words.as_bytes()) {
                found.push(format!("{words} in {}", path.display()));
            }
        }
    }
    found
}

async fn succeeds(arguments: &[&str]) -> String {
    let outcome = output(arguments).await;
    assert!(outcome.status.success(), "{arguments:?}: {}", stderr(&outcome));
    String::from_utf8(outcome.stdout).unwrap()
}

/// Waits until so many posts are searched, and the trends have counted.
async fn wait_for_posts(run: &Discovery, posts: u32) {
    let all = |page: &Value| (page["total"].as_u64() == Some(posts.into())).then_some(());
    wait_for_json(&run.pages, "/api/v1/search?q=", all).await;
    wait_for_json(&run.pages, "/api/v1/issues", |list| list["as_of"].is_string().then_some(())).await;
}

#[tokio::test]
async fn of_fifty_canaries_no_file_keeps_a_trace() {
    let (data, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let key = outside.path().join("author.key");
    let toml = format!("author_key_file = \"{}\"\n", text(&key));
    let config = config_with(&[("sources.toml", ""), ("discovery.toml", &toml)]);
    let place = ["--config-dir", text(config.path()), "--data-dir", text(data.path())];
    let file = outside.path().join("posts.xml");
    fs::write(&file, feed()).unwrap();
    let import = [&["import", text(&file)][..], &place].concat();
    succeeds(&import).await;
    let run = Discovery::start(&[&["run"][..], &place].concat()).await;
    wait_for_posts(&run, 50 + OTHERS).await;
    let page = get(&run.pages, &format!("/api/v1/search?q={}", CANARIES[0])).await;
    let id = serde_json::from_str::<Value>(&page.body).unwrap()["posts"][0]["id"].as_str().unwrap().to_owned();
    assert!(run.interrupt().await.success());
    plant_dead_letter(data.path(), &id).await;
    let before = traces(data.path());
    for place in ["bus", "index", "trends"] {
        let folder = data.path().join(place);
        assert!(before.iter().any(|trace| trace.contains(text(&folder))), "nothing was planted in {place}: {before:?}");
    }

    let why = ["--reason", "asked by letter", "--yes"];
    let by_words = succeeds(&[&["erase", "--text", CANARIES[0]][..], &why, &place].concat()).await;
    assert!(by_words.contains("index:     30 posts removed"), "{by_words}");
    let of_author = [&["erase", "--author", "Gwen Skylarkton", "--source", "import"][..], &why, &place].concat();
    let by_author = succeeds(&of_author).await;
    assert!(by_author.contains("1 people, with 20 posts") && by_author.contains("index:     20 posts"), "{by_author}");
    assert_eq!(traces(data.path()), Vec::<String>::new());

    // What a source delivers again, or a backup brings back, is not taken in, and erasing again is no fault.
    succeeds(&import).await;
    let run = Discovery::start(&[&["run"][..], &place].concat()).await;
    wait_for_posts(&run, OTHERS).await;
    assert!(run.interrupt().await.success());
    let again = succeeds(&[&["erase", "--again", "--yes"][..], &place].concat()).await;
    assert!(again.contains("index:     0 posts removed"), "{again}");
    assert_eq!(traces(data.path()), Vec::<String>::new());
    let whole = succeeds(&[&["record", "verify"][..], &place].concat()).await;
    assert!(whole.contains("the audit log is whole: 3 entries"), "{whole}");
}

#[tokio::test]
async fn nothing_is_erased_by_mistake() {
    let (data, config) = (tempfile::tempdir().unwrap(), config_with(&[("sources.toml", "")]));
    let place = ["--config-dir", text(config.path()), "--data-dir", text(data.path())];
    for (arguments, said) in [
        (&["erase", "--text", "nothing like this", "--reason", "x"][..], "nothing was found to erase"),
        (&["erase", "--post", "12", "--reason", "x"], "is no id of a post"),
        (&["erase", "--post", "0123456789abcdef0123456789abcdef", "--reason", "x"], "add --yes"),
        (&["erase", "--post", "0123456789abcdef0123456789abcdef"], "--reason"),
        (&["erase", "--author", "Ann", "--reason", "x"], "--source"),
    ] {
        let outcome = output(&[arguments, &place].concat()).await;
        assert!(!outcome.status.success(), "{arguments:?}");
        assert!(stderr(&outcome).contains(said), "{arguments:?}: {}", stderr(&outcome));
    }
}

/// A record of a canary that no stage could read, cut in the middle.
async fn plant_dead_letter(data: &Path, id: &str) {
    let bus = EmbeddedBus::open(&data.join("bus"), &BusConfig::default()).unwrap();
    let payload = format!("{{\"upsert\":{{\"id\":\"{id}\",\"text\":\"the {} is cut", CANARIES[0]).into_bytes();
    let record = Delivered { partition: 0, offset: 1, appended_at: Timestamp::now(), payload };
    let letter = DeadLetter::new(BusTopic::Posts, &record, "enrich", &"it ends early");
    bus.append(BusTopic::DeadLetters, vec![letter.to_record()]).await.unwrap();
}
