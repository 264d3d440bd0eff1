//! Two hashtags on a Mastodon server: timelines, and a stream that breaks, lacks events and repeats others.

use std::collections::BTreeMap;

use axum::http::Uri;
use futures_util::{StreamExt, stream};
use serde_json::{Value, json};

use super::*;
use crate::collectors::SourceKind;
use crate::collectors::mastodon::MastodonConfig;
use crate::testing::server::Server;
use crate::testing::{feed_source, query};

/// A new status every ten minutes, and before the beginning one every twelve hours.
const STATUS_EVERY: i64 = 10 * MINUTE;
const OLD_STATUS_EVERY: i64 = 12 * HOUR;
const OLD_STATUSES: i64 = 700;

/// For so long the server fails.
const OUTAGE: Range<i64> = 5 * DAY..5 * DAY + 30 * HOUR;

/// A stream lives so long: what happens meanwhile is sent at once, a little before it happens by our clock.
const STREAM: i64 = 5 * MINUTE;

fn written(n: i64) -> i64 {
    if n < 0 { n * OLD_STATUS_EVERY } else { n * STATUS_EVERY }
}

/// When the server has it: some come late from another server.
fn arrived(n: i64) -> i64 {
    written(n) + if n % 10 == 4 { 40 * MINUTE } else { 0 }
}

fn edited(n: i64) -> Option<i64> {
    (n >= 0 && n % 17 == 3).then(|| written(n) + HOUR)
}

fn deleted(n: i64) -> Option<i64> {
    (n >= 0 && n % 23 == 7).then(|| written(n) + 2 * HOUR)
}

fn text(n: i64, now: i64) -> String {
    let correction = if edited(n).is_some_and(|at| at <= now) { ", corrected" } else { "" };
    format!("Said {n}{correction}")
}

fn id(time: Time, n: i64) -> u64 {
    u64::try_from((time.start + written(n)) * 1_000).unwrap() << 16
}

/// Status `n` as it is at `now`.
fn status_of(time: Time, n: i64, now: i64) -> Value {
    let edited = edited(n).filter(|at| *at <= now).map(|at| time.at(at).to_string());
    json!({
        "id": id(time, n).to_string(), "created_at": time.at(written(n)).to_string(), "edited_at": edited,
        "visibility": "public", "language": "en", "content": format!("<p>{}</p>", text(n, now)), "reblog": null,
        "account": {"acct": format!("someone{}", n.rem_euclid(40)), "indexable": true, "note": ""},
    })
}

/// What the server did.
#[derive(Default)]
struct Log {
    requests: usize,
    /// The deletions that were in whole answers of the stream, while the other stream has yet to open.
    telling: Vec<i64>,
    /// Those that were told over open streams, and when.
    told_deleted: BTreeMap<i64, i64>,
}

fn answer(log: &mut Log, time: Time, uri: &Uri) -> Response<Body> {
    let now = time.since_start();
    log.requests += 1;
    let (n, troubled) = (log.requests, time.is_troubled());
    if OUTAGE.contains(&now) {
        return status(500, &[]);
    }
    if let Some(refusal) = refusal(n).filter(|_| troubled) {
        log.telling.clear();
        return refusal;
    }
    match uri.path() {
        "/api/v1/streaming/hashtag" => streamed(log, time, query(uri, "tag").as_deref() == Some("gp")),
        "/api/v1/timelines/tag/nhs" => timeline(time, uri, n, false),
        "/api/v1/timelines/tag/gp" => timeline(time, uri, n, true),
        _ => status(404, &[]),
    }
}

fn has_tag(n: i64, gp: bool) -> bool {
    !gp || n % 3 == 0
}

fn timeline(time: Time, uri: &Uri, n: usize, gp: bool) -> Response<Body> {
    let now = time.since_start();
    let after: u64 = query(uri, "min_id").unwrap().parse().unwrap();
    let shown = |n: &i64| {
        let is_there = arrived(*n) <= now && deleted(*n).is_none_or(|at| at > now);
        is_there && has_tag(*n, gp) && id(time, *n) > after
    };
    let mut page: Vec<Value> =
        (-OLD_STATUSES..=now / STATUS_EVERY).filter(shown).take(40).map(|n| status_of(time, n, now)).collect();
    page.reverse();
    let body = Value::from(page).to_string();
    if time.is_troubled() && n % 19 == 7 {
        return cut("application/json", &body);
    }
    let mut response = ok("application/json", body);
    if time.is_troubled() && n % 31 == 4 {
        // The allowance is used up. The clock of the server is the real one, ahead of ours by days.
        let reset = Timestamp::now() + SignedDuration::from_mins(5);
        response.headers_mut().insert("x-ratelimit-remaining", "0".parse().unwrap());
        response.headers_mut().insert("x-ratelimit-reset", reset.to_string().parse().unwrap());
    }
    response
}

fn streamed(log: &mut Log, time: Time, gp: bool) -> Response<Body> {
    let (now, n) = (time.since_start(), log.requests);
    let span = now..now + STREAM;
    let mut events: Vec<(i64, String)> = Vec::new();
    let mut told = Vec::new();
    for status in (now / STATUS_EVERY - 20).max(0)..=span.end / STATUS_EVERY {
        if !has_tag(status, gp) {
            continue;
        }
        let event = |name: &str, data: String| format!("event: {name}\ndata: {data}\n\n");
        if span.contains(&arrived(status)) {
            events.push((arrived(status), event("update", status_of(time, status, arrived(status)).to_string())));
        }
        if let Some(at) = edited(status).filter(|at| span.contains(at)) {
            events.push((at, event("status.update", status_of(time, status, at).to_string())));
        }
        if let Some(at) = deleted(status).filter(|at| span.contains(at)) {
            events.push((at, event("delete", id(time, status).to_string())));
            told.push(status);
        }
    }
    events.sort();
    if time.is_troubled() && n % 5 == 1 && told.is_empty() {
        events.pop(); // an event is missing
    }
    if time.is_troubled() && n % 4 == 2 {
        events.extend_from_within(..); // and others come twice
    }
    let body = format!(":)\n{}", events.into_iter().map(|(_, event)| event).collect::<String>());
    if gp {
        log.told_deleted.extend(std::mem::take(&mut log.telling).into_iter().map(|status| (status, now)));
        // It stays open: when one of the two ends, both are opened anew.
        let body = stream::iter([Ok::<_, std::io::Error>(body)]).chain(stream::pending());
        return ok("text/event-stream", Body::from_stream(body));
    }
    if time.is_troubled() && n % 6 == 3 {
        return cut("text/event-stream", &body);
    }
    log.telling = told;
    ok("text/event-stream", body)
}

#[tokio::test]
async fn fourteen_days_of_hashtags_lose_nothing_and_send_nothing_twice() {
    fastrand::seed(7);
    let time = Time::new();
    let log = Arc::new(Mutex::new(Log::default()));
    let shared = Arc::clone(&log);
    let server = Server::start(move |uri, _| answer(&mut shared.lock().unwrap(), time, uri)).await;
    let keys =
        format!("url = \"{}\"\ntags = [\"nhs\", \"gp\"]\nbackfill = \"8760h\"\nstreaming = true", server.url("/"));
    let config: MastodonConfig = toml::from_str(&keys).unwrap();
    let source = SourceConfig {
        every: Duration::from_mins(30),
        kind: SourceKind::Mastodon(config),
        ..feed_source("social", "https://example.org/")
    };
    let mut world = World::new(time, source, server.gateway(), flaky());
    let task = world.live(STREAM, true).await;

    let ledger = world.ledger();
    let (end, log) = (time.since_start(), log.lock().unwrap());
    let all = || -OLD_STATUSES..=(end + STREAM) / STATUS_EVERY;
    let expected = all().filter(|&n| arrived(n) <= end - HOUR && deleted(n).is_none_or(|at| at > end));
    // A deletion that nobody told us of, or told a process that ended at once, cannot be known.
    let known = |n: &i64| {
        let told = log.told_deleted.get(n).copied().filter(|told| *told < end - HOUR);
        told.is_some_and(|told| !world.ended.iter().any(|ended| (told..told + 2 * MINUTE).contains(ended)))
    };
    let settled = |n: i64| if edited(n).is_some_and(|at| at > end - HOUR) { end - HOUR } else { end };
    let possible = all().filter(|n| !known(n)).flat_map(|n| [text(n, settled(n)), text(n, end + STREAM), text(n, 0)]);
    ledger.assert_holds(expected.map(|n| text(n, settled(n))), possible);
    assert!(all().filter(known).count() > 10, "{:?}", log.told_deleted);
    assert!(ledger.needless.is_empty(), "{:?}", ledger.needless);
    assert!(ledger.gaps().is_empty() && task.state.health.gaps.is_empty(), "{:#?}", ledger.gaps());
}
