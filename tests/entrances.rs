//! What comes in through the pages of the real program: posts that other systems send, and documents that people hand in,
//! both redacted on their way and found soon after.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]

mod support;

use serde_json::Value;
use support::{Discovery, config_with, get, send, text, wait_for_json};

const CONFIG: &str = concat!(
    "author_key_file = \"",
    env!("CARGO_TARGET_TMPDIR"),
    "/entrances.key\"\n[[ingest.push]]\nsource = \"leeds\"\nname = \"Healthwatch Leeds\"\ntoken = { file = \"",
    env!("CARGO_TARGET_TMPDIR"),
    "/entrances.token\" }\n"
);

fn hidden(page: &str, field: &str) -> String {
    let mark = format!("name=\"{field}\" value=\"");
    let rest = page.split_once(&mark).unwrap_or_else(|| panic!("no {field} in {page}")).1;
    rest.split('"').next().unwrap().to_owned()
}

/// The posts found for `word`, once there are so many.
async fn found(running: &Discovery, word: &str, posts: usize) -> Vec<Value> {
    wait_for_json(&running.pages, &format!("/api/v1/search?q={word}&period=any"), |page| {
        let found = page["posts"].as_array()?;
        (found.len() == posts).then(|| found.clone())
    })
    .await
}

#[tokio::test(flavor = "multi_thread")]
async fn posts_and_documents_come_in_redacted() {
    std::fs::write(concat!(env!("CARGO_TARGET_TMPDIR"), "/entrances.token"), "s3cret").unwrap();
    let config = config_with(&[("discovery.toml", CONFIG), ("sources.toml", "")]);
    let data = tempfile::tempdir().unwrap();
    let data_dir = data.path().join("data");
    let running = Discovery::start(&["run", "--config-dir", text(config.path()), "--data-dir", text(&data_dir)]).await;

    let body = r#"{"id":"12","text":"The zeppelin clinic is full, call 07700 900123","created_at":"2025-10-04T18:30:00Z","author":"ann"}"#;
    let token = [("Authorization", "Bearer s3cret"), ("Idempotency-Key", "1"), ("Content-Type", "application/json")];
    let sent = send(&running.pages, "POST", "/api/v1/posts", &token, body).await;
    assert_eq!((sent.status, sent.body.as_str()), (202, r#"{"accepted":1,"refusals":[],"refused":0}"#));
    assert_eq!(send(&running.pages, "POST", "/api/posts", &token, body).await.body, sent.body);
    assert_eq!(send(&running.pages, "POST", "/api/v1/posts", &token[1..], body).await.status, 401);
    let post = found(&running, "zeppelin", 1).await.remove(0);
    assert!(post["text"].as_str().unwrap().contains("call [phone]"), "{post}");
    let sources = get(&running.pages, "/api/v1/sources").await.body;
    assert!(sources.contains("Healthwatch Leeds"), "{sources}");

    let form = get(&running.pages, "/submit").await.body;
    let fields = [
        ("form_token", hidden(&form, "form_token")),
        ("text", "Ann: The gondola ward, 07700 900123.\n\nBen: The gondola lift.".to_owned()),
        ("place", "Leeds".to_owned()),
    ];
    let parts = fields
        .map(|(name, value)| format!("--b\r\nContent-Disposition: form-data; name=\"{name}\"\r\n\r\n{value}\r\n"));
    let multipart = [("Content-Type", "multipart/form-data; boundary=b")];
    let preview =
        send(&running.pages, "POST", "/submit/preview", &multipart, &format!("{}--b--\r\n", parts.concat())).await;
    assert_eq!(preview.status, 200, "{}", preview.body);
    assert!(preview.body.contains("The gondola ward, [phone].") && !preview.body.contains("07700"), "{}", preview.body);
    let accept = format!("form_token={}&token={}", hidden(&preview.body, "form_token"), hidden(&preview.body, "token"));
    let accepted = send(&running.pages, "POST", "/submit/accept", &[], &accept).await;
    assert!(accepted.status == 303 && accepted.head.contains("/submit?taken=2"), "{}", accepted.head);
    assert_eq!(found(&running, "gondola", 2).await[0]["channel"], "offline");

    let deleted = send(&running.pages, "DELETE", "/api/v1/posts/12", &token, "").await;
    assert_eq!(deleted.status, 202, "{}", deleted.body);
    found(&running, "zeppelin", 0).await;
    assert!(running.interrupt().await.success());
}
