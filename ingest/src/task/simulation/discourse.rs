//! A forum on Discourse: a year of posts, edits and deletions, lists that show it late or twice.

use axum::http::Uri;
use serde_json::{Value, json};

use super::*;
use crate::collectors::SourceKind;
use crate::collectors::discourse::DiscourseConfig;
use crate::testing::server::Server;
use crate::testing::{feed_source, query};

/// A new post every ten minutes, and before the beginning one every twelve hours.
const POST_EVERY: i64 = 10 * MINUTE;
const OLD_POST_EVERY: i64 = 12 * HOUR;
const OLD_POSTS: i64 = 700;

/// For so long the forum fails.
const OUTAGE: Range<i64> = 5 * DAY..5 * DAY + 30 * HOUR;

fn written(n: i64) -> i64 {
    if n < 0 { n * OLD_POST_EVERY } else { n * POST_EVERY }
}

fn deleted(n: i64) -> Option<i64> {
    (n >= 0 && n % 23 == 7).then(|| written(n) + 7 * HOUR)
}

fn edited(n: i64) -> Option<i64> {
    (n >= 0 && n % 17 == 3).then(|| written(n) + 5 * HOUR)
}

/// When the list shows it: some come late, with a number below those that came before.
fn listed(n: i64) -> i64 {
    written(n) + if n >= 0 && n % 30 == 3 { 40 * MINUTE } else { 0 }
}

/// Post `n` as it is at `now`, if it is there; `skew` is how far the clock of the forum is ahead.
fn post(time: Time, n: i64, now: i64, skew: i64) -> Option<Value> {
    if listed(n) > now || deleted(n).is_some_and(|at| at <= now) {
        return None;
    }
    Some(json!({
        "id": n + 10_000, "username": format!("someone{}", n.rem_euclid(40)), "user_id": 7,
        "created_at": time.at(written(n) + skew).to_string(), "cooked": text(n, now), "post_number": 1, "post_type": 1,
        "topic_id": n + 10_000, "topic_slug": "waits", "topic_title": "Waits", "category_id": 4,
    }))
}

fn text(n: i64, now: i64) -> String {
    let correction = if edited(n).is_some_and(|at| at <= now) { ", corrected" } else { "" };
    format!("Said {n}{correction}")
}

fn answer(time: Time, uri: &Uri, n: usize) -> Response<Body> {
    let now = time.since_start();
    if OUTAGE.contains(&now) {
        return status(500, &[]);
    }
    let troubled = time.is_troubled();
    if let Some(refusal) = refusal(n).filter(|_| troubled) {
        return refusal;
    }
    let before: i64 = query(uri, "before").map_or(i64::MAX, |before| before.parse().unwrap());
    let skew = if troubled && n % 9 == 8 { DAY } else { 0 };
    let numbers = (-OLD_POSTS..=now / POST_EVERY).rev().filter(|n| n + 10_000 < before);
    let mut page: Vec<Value> = numbers.filter_map(|n| post(time, n, now, skew)).take(50).collect();
    if troubled && n % 5 == 2 {
        page.extend_from_within(..page.len() / 2); // others come twice
    }
    let body = json!({"latest_posts": page}).to_string();
    if troubled && n % 19 == 7 { cut("application/json", &body) } else { ok("application/json", body) }
}

#[tokio::test]
async fn fourteen_days_of_a_forum_lose_nothing_and_send_nothing_twice() {
    fastrand::seed(7);
    let time = Time::new();
    let requests = Mutex::new(0);
    let server = Server::start(move |uri, _| {
        let mut requests = requests.lock().unwrap();
        *requests += 1;
        answer(time, uri, *requests)
    })
    .await;
    let keys = format!("url = \"{}\"\nbackfill = \"8760h\"", server.url("/"));
    let config: DiscourseConfig = toml::from_str(&keys).unwrap();
    let kind = SourceKind::Discourse(config);
    let source = SourceConfig { every: Duration::from_mins(30), kind, ..feed_source("forum", "https://example.org/") };
    let mut world = World::new(time, source, server.gateway(), flaky());
    let task = world.live(0, true).await;

    let ledger = world.ledger();
    let end = time.since_start();
    // What was written or deleted within the last hour may be of the next collection.
    let is_there = |n: &i64| deleted(*n).is_none_or(|at| at > end);
    let expected = (-OLD_POSTS..=(end - HOUR) / POST_EVERY).filter(is_there).map(|n| text(n, end));
    let known = (-OLD_POSTS..=end / POST_EVERY).filter(|n| deleted(*n).is_none_or(|at| at > end - HOUR));
    ledger.assert_holds(expected, known.map(|n| text(n, end)));
    assert!(ledger.needless.is_empty(), "{:?}", ledger.needless);
    assert!(ledger.gaps().is_empty() && task.state.health.gaps.is_empty(), "{:#?}", ledger.gaps());
}
