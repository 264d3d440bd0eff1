//! What goes wrong on a user's machine: each gives an error that names the thing and the fix, and its exit code.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]

mod support;

use std::process::Output;

use bus::{Bus as _, BusConfig, BusTopic, EmbeddedBus, PostId, Record};
use support::{Discovery, command, config_with, output, stderr, text};

fn assert_fails(output: &Output, code: i32, words: &[&str]) {
    let message = stderr(output);
    assert_eq!(output.status.code(), Some(code), "{message}");
    for word in words {
        assert!(message.contains(word), "`{word}` is not in: {message}");
    }
}

#[tokio::test]
async fn a_misspelt_key_names_file_line_and_the_nearest_key() {
    let config = config_with(&[("discovery.toml", "[dashboard]\nlissen = \"127.0.0.1:1\"\n")]);
    let output = output(&["run", "--config-dir", text(config.path())]).await;
    assert_fails(&output, 3, &["discovery.toml:2", "lissen", "did you mean `listen`?"]);
}

#[tokio::test]
async fn a_wrong_folder_says_how_to_name_the_right_one() {
    let empty = tempfile::tempdir().unwrap();
    let output = output(&["run", "--config-dir", text(empty.path())]).await;
    assert_fails(&output, 1, &["discovery.toml", "--config-dir"]);
}

#[tokio::test]
async fn pages_for_staff_are_not_shown_to_the_network() {
    let config = config_with(&[("sources.toml", "")]);
    let data = tempfile::tempdir().unwrap();
    let output =
        output(&["run", "--config-dir", text(config.path()), "--data-dir", text(data.path()), "--listen", "0.0.0.0:0"])
            .await;
    assert_fails(&output, 3, &["discovery.toml", "audience = \"public\""]);
}

#[tokio::test]
async fn a_port_in_use_names_the_address_and_the_option() {
    let taken = std::net::TcpListener::bind("127.0.0.1:0").unwrap();
    let address = taken.local_addr().unwrap().to_string();
    let config = config_with(&[("sources.toml", ""), key_outside()]);
    let data = tempfile::tempdir().unwrap();
    let output =
        output(&["run", "--config-dir", text(config.path()), "--data-dir", text(data.path()), "--listen", &address])
            .await;
    assert_fails(&output, 1, &[&address, "in use", "--listen"]);
}

#[tokio::test]
async fn a_data_directory_of_another_process_names_that_process() {
    let config = config_with(&[("sources.toml", ""), key_outside()]);
    let data = tempfile::tempdir().unwrap();
    let arguments = ["run", "--config-dir", text(config.path()), "--data-dir", text(data.path())];
    let first = Discovery::start(&arguments).await;
    let second = output(&["index", "--config-dir", text(config.path()), "--data-dir", text(data.path())]).await;
    assert_fails(&second, 4, &[text(data.path()), &first.pid().to_string(), "--data-dir"]);
    assert!(first.interrupt().await.success());
}

#[tokio::test]
async fn a_data_directory_of_a_newer_version_says_to_upgrade() {
    let config = config_with(&[("sources.toml", "")]);
    let data = tempfile::tempdir().unwrap();
    std::fs::write(data.path().join("FORMAT"), "999\n").unwrap();
    let output = output(&["index", "--config-dir", text(config.path()), "--data-dir", text(data.path())]).await;
    assert_fails(&output, 4, &["newer", "999", "upgrade"]);
}

#[tokio::test]
async fn a_search_before_there_is_an_index_says_what_to_run() {
    let data = tempfile::tempdir().unwrap();
    let output = output(&["search", "queue", "--data-dir", text(data.path())]).await;
    assert_fails(&output, 1, &["nothing to search yet", "discovery run"]);
}

#[tokio::test]
async fn an_import_takes_what_it_can_and_names_the_rest() {
    let config = config_with(&[("sources.toml", ""), key_outside()]);
    let data = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    let good = files.path().join("meeting.txt");
    std::fs::write(&good, "Ann: The queue at the surgery is longer every week.\n\nBen: I gave up ringing.\n").unwrap();
    let empty = files.path().join("empty.vtt");
    std::fs::write(&empty, "").unwrap();
    let binary = files.path().join("sound.txt");
    std::fs::write(&binary, [0_u8, 159, 146, 150, 0, 1, 2]).unwrap();
    let place = ["--config-dir", text(config.path()), "--data-dir", text(data.path())];

    let import = [&["import", text(&good), text(&empty), text(&binary)][..], &place].concat();
    assert_fails(&output(&import).await, 5, &["empty.vtt", "sound.txt", "2 of 3"]);

    let search = [&["search", "surgery", "--json"][..], &place].concat();
    let found: serde_json::Value = serde_json::from_slice(&output(&search).await.stdout).unwrap();
    assert_eq!(found["total"], 1);
    assert!(!found.to_string().contains("Ann"), "the speaker's name is not kept");
}

#[tokio::test]
async fn a_full_disk_stops_loudly_and_loses_nothing_accepted() {
    let config = config_with(&[("sources.toml", ""), key_outside()]);
    let data = tempfile::tempdir().unwrap();
    let files = tempfile::tempdir().unwrap();
    let place = ["--config-dir", text(config.path()), "--data-dir", text(data.path())];
    let small = files.path().join("small.txt");
    std::fs::write(&small, "Ann: The first thing that was accepted.\n").unwrap();
    assert!(output(&[&["import", text(&small)][..], &place].concat()).await.status.success());

    // A limit on the size of files makes every write beyond it fail, as a full disk does, without being root.
    let large = files.path().join("large.txt");
    let lines: String = (0..40_000)
        .map(|n| format!("Speaker {n}: This is contribution number {n}, {}.\n\n", "more words ".repeat(4)))
        .collect();
    std::fs::write(&large, lines).unwrap();
    let arguments = [&["import", text(&large)][..], &place].concat();
    let limited = format!("trap '' XFSZ; ulimit -f 256; exec {} {}", support::BINARY, arguments.join(" "));
    let mut shell = tokio::process::Command::new("bash");
    shell.args(["-c", &limited]).current_dir(env!("CARGO_MANIFEST_DIR"));
    let full = tokio::time::timeout(support::PATIENCE, shell.output()).await.expect("it ends").unwrap();
    assert!(!full.status.success());
    assert!(stderr(&full).contains("nothing that was accepted is lost"), "{}", stderr(&full));

    let search = [&["search", "accepted", "--json"][..], &place].concat();
    let found: serde_json::Value = serde_json::from_slice(&output(&search).await.stdout).unwrap();
    assert_eq!(found["total"], 1, "what was accepted before is still there");
    let again = output(&arguments).await;
    assert!(again.status.success(), "with space again it goes on: {}", stderr(&again));
}

#[tokio::test]
async fn a_record_that_no_stage_can_read_is_listed_shown_and_replayed() {
    let config = config_with(&[("sources.toml", ""), key_outside()]);
    let data = tempfile::tempdir().unwrap();
    let place = ["--config-dir", text(config.path()), "--data-dir", text(data.path())];
    {
        let bus = EmbeddedBus::open(&data.path().join("bus"), &BusConfig::default()).unwrap();
        let key = Some(PostId::from_bytes([0; 16]));
        // What a later version may write, and what nobody writes.
        let payloads = [b"{\"a-change-of-2031\":{}}".to_vec(), b"{\"upsert\":\x1b[31m".to_vec()];
        let records = payloads.map(|payload| Record { key, payload });
        bus.append(BusTopic::Posts, records.into()).await.unwrap();
    }
    let files = tempfile::tempdir().unwrap();
    let good = files.path().join("meeting.txt");
    std::fs::write(&good, "Ann: The queue is long.\n").unwrap();
    assert!(output(&[&["import", text(&good)][..], &place].concat()).await.status.success(), "the stream goes on");

    let said = |outcome: Output| String::from_utf8(outcome.stdout).unwrap();
    let list = said(output(&[&["deadletter", "list"][..], &place].concat()).await);
    assert!(list.contains("posts/0/0  enrich: ") && list.contains("posts/0/1"), "{list}");
    let shown = said(output(&[&["deadletter", "show", "posts/0/0"][..], &place].concat()).await);
    assert!(shown.contains("stage:   enrich") && shown.contains("{\"a-change-of-2031\":{}}"), "{shown}");
    let shown = said(output(&[&["deadletter", "show", "posts/0/1"][..], &place].concat()).await);
    assert!(shown.contains("{\"upsert\":\u{fffd}[31m"), "no control character reaches the terminal: {shown:?}");
    let absent = output(&[&["deadletter", "show", "posts/0/9"][..], &place].concat()).await;
    assert_fails(&absent, 1, &["posts/0/9", "deadletter list"]);
    let replayed = said(output(&[&["deadletter", "replay"][..], &place].concat()).await);
    assert!(replayed.starts_with("2 records are on their way again"), "{replayed}");
}

#[tokio::test]
async fn a_reader_that_goes_away_is_no_error() {
    let output = command(&["completions", "bash"]).output().await.unwrap();
    assert!(output.status.success());
    let piped = format!("set -o pipefail; {} completions bash | head -c 1", support::BINARY);
    let piped = tokio::process::Command::new("bash").args(["-c", &piped]).output().await.unwrap();
    assert!(piped.status.success(), "{}", stderr(&piped));
}

/// A configuration whose author key lies in the temporary directory of this test run.
fn key_outside() -> (&'static str, &'static str) {
    ("discovery.toml", concat!("author_key_file = \"", env!("CARGO_TARGET_TMPDIR"), "/author.key\"\n"))
}
