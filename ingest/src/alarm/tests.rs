use std::sync::Arc;
use std::sync::atomic::{AtomicU16, Ordering};

use bus::TokenHealth;

use super::*;
use crate::health::waiting;
use crate::testing::feed_source;
use crate::testing::server::{Server, status};

/// A webhook that answers with a status that the test can change, and an alarm in a directory that outlives it.
struct Bench {
    server: Server,
    status: Arc<AtomicU16>,
    dir: tempfile::TempDir,
}

impl Bench {
    async fn new() -> Self {
        let code = Arc::new(AtomicU16::new(204));
        let answer = Arc::clone(&code);
        let server = Server::start(move |_, _| status(answer.load(Ordering::SeqCst), &[])).await;
        Self { server, status: code, dir: tempfile::tempdir().unwrap() }
    }

    /// The alarm of a process that has just started.
    fn alarm(&self) -> Alarm {
        let path = self.dir.path().join("alarm.state");
        Alarm {
            webhook: Webhook::Url(self.server.url("/hook")),
            gateway: self.server.gateway(),
            ledger: Ledger::load(&path),
            path,
            failures: 0,
            quiet_until: None,
        }
    }

    /// The texts that were sent so far.
    fn texts(&self) -> Vec<String> {
        let text = |body: axum::body::Bytes| {
            let message: serde_json::Value = serde_json::from_slice(&body).unwrap();
            message["text"].as_str().unwrap().to_owned()
        };
        self.server.bodies().into_iter().map(text).collect()
    }
}

fn source(state: SourceState) -> SourceHealth {
    let error = Some("the words of somebody else".to_owned());
    SourceHealth { state, error, ..waiting(&feed_source("forum", "https://example.org/feed")) }
}

fn minute(minute: i64) -> Timestamp {
    "2025-03-01T10:00:00Z".parse::<Timestamp>().unwrap() + jiff::SignedDuration::from_mins(minute)
}

#[tokio::test]
async fn what_begins_and_ends_is_told_once_over_restarts() {
    let bench = Bench::new().await;
    for at in 0..3 {
        bench.alarm().look(&[source(SourceState::Failing)], minute(at)).await;
    }
    assert_eq!(
        bench.texts(),
        ["Discovery: the source \"FORUM\" (forum) cannot be collected. The Sources page says why."]
    );
    // A process that has just started does not know yet how the source is doing.
    bench.alarm().look(&[source(SourceState::Waiting)], minute(3)).await;
    let mut alarm = bench.alarm();
    for at in 4..7 {
        alarm.look(&[source(SourceState::Working)], minute(at)).await;
    }
    assert_eq!(bench.texts()[1..], ["Discovery: the source \"FORUM\" (forum) is collected again."]);
    let everything = format!("{:?}", bench.server.bodies());
    assert!(!everything.contains("somebody else") && !everything.contains("example.org"), "{everything}");
    assert_eq!(bench.alarm().ledger, Ledger::default());
}

#[tokio::test]
async fn a_webhook_that_is_down_is_tried_more_and_more_rarely_and_gets_what_is_still_true() {
    let bench = Bench::new().await;
    bench.status.store(500, Ordering::SeqCst);
    let mut alarm = bench.alarm();
    let other = SourceHealth { id: "other".parse().unwrap(), name: "Other".into(), ..source(SourceState::Silent) };
    for half_minute in 0..240 {
        let now = minute(0) + LOOK_EVERY * half_minute;
        // The second source is well again before anybody could be told.
        let other = if half_minute < 60 {
            other.clone()
        } else {
            SourceHealth { state: SourceState::Working, ..other.clone() }
        };
        alarm.look(&[source(SourceState::Failing), other], now).await;
    }
    let tries = bench.server.requests().len();
    assert!((5..=8).contains(&tries), "{tries} tries in two hours");
    bench.status.store(200, Ordering::SeqCst);
    let well = SourceHealth { state: SourceState::Working, ..other };
    alarm.look(&[source(SourceState::Failing), well], minute(400)).await;
    let last = bench.texts().pop().unwrap();
    assert!(last.contains("(forum) cannot be collected") && !last.contains("other"), "{last}");
    assert_eq!(alarm.failures, 0);
}

#[tokio::test]
async fn a_token_is_announced_once_with_its_place_and_its_last_day() {
    let bench = Bench::new().await;
    let with_token = |expires: &str| {
        let token = TokenHealth {
            place: "the environment variable FORUM_TOKEN".into(),
            expires: Some(expires.parse().unwrap()),
            refused: false,
        };
        [SourceHealth { token: Some(token), ..source(SourceState::Working) }]
    };
    let mut alarm = bench.alarm();
    alarm.look(&with_token("2025-04-01"), minute(0)).await;
    assert_eq!(bench.texts().len(), 0);
    for at in 1..4 {
        alarm.look(&with_token("2025-03-10"), minute(at)).await;
    }
    alarm.look(&with_token("2026-03-10"), minute(5)).await;
    assert_eq!(
        bench.texts(),
        [
            "Discovery: the source \"FORUM\" (forum) needs a new token: the one in the environment variable FORUM_TOKEN expires on 2025-03-10.",
            "Discovery: the source \"FORUM\" (forum) has a token that is good for longer.",
        ]
    );
}

#[tokio::test]
async fn the_address_may_be_kept_in_a_file_and_is_never_shown() {
    let bench = Bench::new().await;
    let path = bench.dir.path().join("webhook");
    std::fs::write(&path, bench.server.url("/s3cret").as_str()).unwrap();
    let config: AlarmConfig = toml::from_str(&format!("webhook = {{ file = {path:?} }}")).unwrap();
    let mut alarm = Alarm { webhook: config.webhook.unwrap(), ..bench.alarm() };
    alarm.look(&[source(SourceState::Silent)], minute(0)).await;
    assert_eq!(bench.server.requests()[0].0.path(), "/s3cret");
    std::fs::write(&path, "s3cret is no address").unwrap();
    let reason = alarm.send(&[]).await.unwrap_err();
    assert!(reason.contains("is not the address of a webhook") && !reason.contains("s3cret"), "{reason}");
    let url: AlarmConfig = toml::from_str("webhook = \"https://example.org/hook\"").unwrap();
    assert!(matches!(url.webhook, Some(Webhook::Url(_))));
    let error = toml::from_str::<AlarmConfig>("webhook = { evn = \"X\" }").unwrap_err().to_string();
    assert!(error.contains("write an address, or { env = \"NAME\" }"), "{error}");
}
