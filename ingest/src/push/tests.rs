use std::sync::Arc;

use bus::Channel;

use super::*;
use crate::testing::FlakyBus;

const TOKEN: &str = "a-long-secret";

fn config(dir: &std::path::Path) -> PushConfig {
    let file = dir.join("token");
    std::fs::write(&file, TOKEN).unwrap();
    let text =
        format!("source = \"leeds\"\nname = \"Healthwatch Leeds\"\nplace = \"Leeds\"\ntoken = {{ file = {file:?} }}");
    toml::from_str(&text).unwrap()
}

/// A receiver over this bus, whose redaction marks what it has seen.
fn push(bus: &Arc<FlakyBus>) -> Push {
    let dir = tempfile::tempdir().unwrap();
    let intake = Intake::new(bus.clone(), Arc::new(|post: &mut Post| post.text.push_str(" (redacted)")));
    Push::new(&[config(dir.path())], &[], intake, IdKey::new([1; 32]), HealthBoard::default()).unwrap()
}

const ONE: &str = r#"{"id":7,"text":"The wait is long","created_at":"2025-10-04T18:30:00+01:00","author":"@zelda"}"#;

#[tokio::test]
async fn posts_are_taken_in_item_by_item() {
    let bus = Arc::new(FlakyBus::default());
    let push = push(&bus);
    let body = format!(
        r#"[{ONE},{{"id":"b","text":"Kind staff","created_at":"2025-10-04T18:30:00Z","channel":"comment","event":"e-1","attendance":12,"place":"York"}},
        {{"id":"c","text":" - ","created_at":"2025-10-04T18:30:00Z"}},{{"id":"d","text":"x"}},{{"id":"e","txt":"x"}},7,
        {{"id":"f","text":"x","created_at":"2125-10-04T18:30:00Z"}},{{"id":"g","text":"x","created_at":"2025-10-04T18:30:00Z","url":"javascript:1"}},
        {{"id":"h","text":"x","created_at":"2025-10-04T18:30:00Z","attendance":12}}]"#
    );
    let answer = push.receive(Some(TOKEN), None, body.as_bytes()).await;
    assert_eq!(answer.status, 202);
    insta::assert_snapshot!(serde_json::to_string_pretty(&answer.body["refusals"].as_array().unwrap().iter().map(|r| format!("{} {} {}", r["index"], r["id"], r["reason"])).collect::<Vec<_>>()).unwrap(), @r#"
    [
      "2 \"c\" \"`text` holds no words\"",
      "3 \"d\" \"missing field `created_at`\"",
      "4 \"e\" \"unknown field `txt`, expected one of `id`, `text`, `created_at`, `author`, `title`, `url`, `place`, `language`, `channel`, `event`, `attendance`\"",
      "5 null \"is not an object\"",
      "6 \"f\" \"`created_at` 2125-10-04T18:30:00Z lies in the future\"",
      "7 \"g\" \"`url` must begin with https:// or http://, and be at most 2000 bytes\"",
      "8 \"h\" \"`attendance` is of a meeting: say which in `event`\""
    ]
    "#);
    assert_eq!((&answer.body["accepted"], &answer.body["refused"]), (&2.into(), &7.into()));
    let posts = bus.posts();
    assert_eq!(posts[0].text, "The wait is long (redacted)");
    assert_eq!((posts[0].channel, posts[1].channel), (Channel::Offline, Channel::Comment));
    assert_eq!((posts[0].place_hint.as_deref(), posts[1].place_hint.as_deref()), (Some("Leeds"), Some("York")));
    assert_eq!((posts[0].attendance, posts[1].attendance), (None, Some(12)));
    assert!(posts[0].author.is_some() && !format!("{:?}", posts[0]).contains("zelda"));
    let health = push.board.snapshot().remove(0);
    assert_eq!((health.state, health.posts_total), (SourceState::Working, 2));
}

#[tokio::test]
async fn the_same_request_gets_the_same_answer_and_is_taken_in_once() {
    let bus = Arc::new(FlakyBus::default());
    let push = push(&bus);
    let first = push.receive(Some(TOKEN), Some("k"), ONE.as_bytes()).await;
    assert_eq!(push.receive(Some(TOKEN), Some("k"), ONE.as_bytes()).await, first);
    assert_eq!(bus.posts().len(), 1);
    assert_eq!(push.receive(Some(TOKEN), Some("k"), b"[]").await.status, 422);
    assert_eq!(push.receive(Some(TOKEN), Some(""), ONE.as_bytes()).await.status, 400);
    push.receive(Some(TOKEN), None, ONE.as_bytes()).await;
    let posts = bus.posts();
    assert_eq!(posts[0].id, posts[1].id, "without a key it is the same post all the same");
    assert_eq!(push.delete(Some(TOKEN), "7").await.status, 202);
    assert_eq!(bus.changes().last(), Some(&Change::Delete(posts[0].id)));
}

#[tokio::test]
async fn what_the_bus_refused_can_be_sent_again_with_its_key() {
    let bus = Arc::new(FlakyBus::refusing([0]));
    let push = push(&bus);
    assert_eq!(push.receive(Some(TOKEN), Some("k"), ONE.as_bytes()).await.status, 503);
    assert_eq!(push.receive(Some(TOKEN), Some("k"), ONE.as_bytes()).await.status, 202);
    assert_eq!(bus.posts().len(), 1);
}

#[tokio::test]
async fn strangers_and_floods_are_refused() {
    let bus = Arc::new(FlakyBus::default());
    let push = push(&bus);
    assert_eq!(push.receive(None, None, ONE.as_bytes()).await.status, 401);
    assert_eq!(push.receive(Some("a-long-secreT"), None, ONE.as_bytes()).await.status, 401);
    assert_eq!(push.delete(Some(""), "7").await.status, 401);
    let many = format!("[{}{{}}]", "{},".repeat(MAX_ITEMS));
    for body in ["", "7", "{\"posts\":7}", &many, &" ".repeat(MAX_BODY_BYTES + 1)] {
        assert_eq!(push.receive(Some(TOKEN), None, body.as_bytes()).await.status, 400);
    }
    assert_eq!(push.receive(Some(TOKEN), None, b"[{}]").await.status, 422);
    let statuses = async || push.receive(Some(TOKEN), None, b"[]").await.status;
    while statuses().await == 202 {}
    let flood = push.receive(Some(TOKEN), None, ONE.as_bytes()).await;
    assert_eq!((flood.status, flood.retry_after_s), (429, Some(60)));
    assert!(bus.posts().is_empty());
}

#[tokio::test]
async fn nobody_may_send_until_somebody_is_configured() {
    let intake = Intake::new(Arc::new(FlakyBus::default()), Arc::new(|_: &mut Post| {}));
    let new = |configs: &[PushConfig], others: &[SourceId]| {
        Push::new(configs, others, intake.clone(), IdKey::new([1; 32]), HealthBoard::default())
    };
    let answer = new(&[], &[]).unwrap().receive(Some("x"), None, ONE.as_bytes()).await;
    assert_eq!(answer.status, 403);
    assert!(answer.body.to_string().contains("[[ingest.push]]"));
    let dir = tempfile::tempdir().unwrap();
    let config = config(dir.path());
    let twice = new(std::slice::from_ref(&config), &["leeds".parse().unwrap()]).unwrap_err();
    assert!(twice.to_string().contains("`leeds`: this id is used twice"), "{twice}");
    std::fs::remove_file(dir.path().join("token")).unwrap();
    let missing = new(&[config], &[]).unwrap_err();
    assert!(missing.to_string().contains("put the token into this file"), "{missing}");
}
