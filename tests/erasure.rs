//! Fifty canaries are planted wherever words are kept, and erased, by the command and on the page while the program runs:
//! afterwards no file of the data directory holds a trace of them, the counts are right, and what comes again is not taken in.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]

#[path = "erasure/planted.rs"]
mod planted;
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
    let post = serde_json::from_str::<Value>(&page.body).unwrap()["posts"][0].clone();
    let id = post["id"].as_str().unwrap();
    assert!(run.interrupt().await.success());
    plant_dead_letter(data.path(), id).await;
    planted::quote_and_pack(data.path(), &post, &format!("The {}", CANARIES[0]));
    planted::account_with_words(data.path(), "skylarkton");
    let before = traces(data.path());
    for place in ["bus", "index", "trends", "record.sqlite3"] {
        let folder = data.path().join(place);
        assert!(before.iter().any(|trace| trace.contains(text(&folder))), "nothing was planted in {place}: {before:?}");
    }

    let why = ["--reason", "asked by letter", "--yes"];
    let by_words = succeeds(&[&["erase", "--text", CANARIES[0]][..], &why, &place].concat()).await;
    assert!(by_words.contains("index:     30 posts removed"), "{by_words}");
    assert!(by_words.contains("evidence:  1 quotes withdrawn"), "{by_words}");
    let of_author = [&["erase", "--author", "Gwen Skylarkton", "--source", "import"][..], &why, &place].concat();
    let by_author = succeeds(&of_author).await;
    assert!(by_author.contains("1 people, with 20 posts") && by_author.contains("index:     20 posts"), "{by_author}");
    let account = [&["erase", "--account", "skylarkton@example.org"][..], &why, &place].concat();
    let of_account = succeeds(&account).await;
    assert!(of_account.contains("\"comments\": 1") && of_account.contains("\"flags_withdrawn\": 1"), "{of_account}");
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
    assert!(whole.contains("the audit log is whole"), "{whole}");
}

#[tokio::test]
async fn on_the_page_it_is_found_confirmed_and_erased_while_the_program_runs() {
    let (data, outside) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    let key = outside.path().join("author.key");
    let toml = format!("author_key_file = \"{}\"\n[dashboard]\naudience = \"staff\"\n", text(&key));
    let config = config_with(&[("sources.toml", ""), ("discovery.toml", &toml)]);
    let place = ["--config-dir", text(config.path()), "--data-dir", text(data.path())];
    let file = outside.path().join("posts.xml");
    fs::write(&file, feed()).unwrap();
    succeeds(&[&["import", text(&file)][..], &place].concat()).await;
    let run = Discovery::start(&[&["run"][..], &place].concat()).await;
    wait_for_posts(&run, 50 + OTHERS).await;
    let page = get(&run.pages, &format!("/api/v1/search?q={}", CANARIES[0])).await;
    let post = serde_json::from_str::<Value>(&page.body).unwrap()["posts"][0].clone();
    planted::quote_and_pack(data.path(), &post, &format!("The {}", CANARIES[0]));
    let account = planted::account_with_words(data.path(), "skylarkton");
    let admin = planted::Admin::sign_in(data.path(), &run.pages).await;

    let nothing = admin.post("/admin/erasures/find", &[("text", "nothing like this")]).await;
    assert!(nothing.contains("Nothing was found to erase"), "{nothing}");
    let by_words = [("text", CANARIES[0])];
    let by_author = [("author", "Gwen Skylarkton"), ("source", "import")];
    for (fields, posts) in [(&by_words[..], 30), (&by_author[..], 20)] {
        let found = admin.post("/admin/erasures/find", fields).await;
        assert!(found.contains(&format!("Posts in the search index: {posts}")), "{found}");
        assert!(found.contains("Records in the log: "), "{found}");
        let (what, counts) = (planted::hidden(&found, "what"), planted::hidden(&found, "found"));
        let confirmed = [("what", what.as_str()), ("found", &counts), ("reason", "")];
        assert!(admin.post("/admin/erasures", &confirmed).await.contains("Write why it is erased"));
        let confirmed = [("what", what.as_str()), ("found", &counts), ("reason", "asked by letter")];
        let erasure = planted::location(&admin.post("/admin/erasures", &confirmed).await);
        let id = erasure.rsplit('/').next().unwrap().to_owned();
        tokio::time::timeout(support::PATIENCE, admin.until_done(&erasure)).await.expect("the erasure comes to an end");
        let certificate = admin.get(&format!("/download/erasures/{id}/certificate.json")).await;
        assert!(certificate.contains(&format!("\"index\":{posts}")), "{certificate}");
        assert!(!certificate.to_lowercase().contains("skylarkton"), "a certificate names nobody");
    }
    let closed = admin.post(&format!("/admin/accounts/{account}/close"), &[("reason", "asked by letter")]).await;
    assert!(planted::location(&closed).starts_with("/admin/erasures/"), "{closed}");
    assert_eq!(traces(data.path()), Vec::<String>::new(), "nothing is left although the program runs");
    wait_for_posts(&run, OTHERS).await;

    // The command leaves it to the program that runs.
    let other = get(&run.pages, "/api/v1/search?q=open").await;
    let other = serde_json::from_str::<Value>(&other.body).unwrap()["posts"][0]["id"].as_str().unwrap().to_owned();
    let left = succeeds(&[&["erase", "--post", &other, "--reason", "asked", "--yes"][..], &place].concat()).await;
    assert!(left.contains("does it within a minute"), "{left}");
    wait_for_posts(&run, OTHERS - 1).await;
    assert!(run.interrupt().await.success());
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
