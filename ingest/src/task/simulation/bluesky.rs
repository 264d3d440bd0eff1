//! Keywords on Bluesky: two Jetstream servers whose clocks differ, and the search for what they no longer have.

use axum::http::Uri;
use serde_json::{Value, json};

use super::*;
use crate::collectors::SourceKind;
use crate::collectors::bluesky::BlueskyConfig;
use crate::fetch::FetchConfig;
use crate::testing::server::Server;
use crate::testing::socket::{Conduct, Message, SocketServer};
use crate::testing::{feed_source, query};

/// A post that is wanted every ten minutes, and before the beginning one every twelve hours.
const POST_EVERY: i64 = 10 * MINUTE;
const OLD_POST_EVERY: i64 = 12 * HOUR;
const OLD_POSTS: i64 = 700;

/// The servers keep events for so long,
const KEPT: i64 = 36 * HOUR;

/// and are away for longer, twice. What is lost the first time can be searched for, the second time it cannot.
const OUTAGES: [Range<i64>; 2] = [3 * DAY..5 * DAY + 12 * HOUR, 8 * DAY..10 * DAY + 12 * HOUR];
const NO_SEARCH: Range<i64> = 8 * DAY..12 * DAY;

/// How far the clocks of the servers are ahead.
const SKEWS: [i64; 2] = [0, 20];

fn written(n: i64) -> i64 {
    if n < 0 { n * OLD_POST_EVERY } else { n * POST_EVERY }
}

fn author(n: i64) -> String {
    format!("did:plc:someone{}", n.rem_euclid(50))
}

fn edited(n: i64) -> Option<i64> {
    (n >= 0 && n % 17 == 3).then(|| written(n) + 30 * MINUTE + 1)
}

fn deleted(n: i64) -> Option<i64> {
    (n >= 0 && n % 23 == 7).then(|| written(n) + 45 * MINUTE + 2)
}

/// When the author of post `n` leaves, and comes back at once.
fn erased_by(n: i64) -> Option<i64> {
    (n >= 0 && n % 101 == 50).then(|| written(n) + 50 * MINUTE + 3)
}

/// When post `n` goes, with the post or with its author, first.
fn gone(n: i64, end: i64) -> Vec<i64> {
    let leavings = (0..=end / POST_EVERY).filter(|other| author(*other) == author(n)).filter_map(erased_by);
    deleted(n).into_iter().chain(leavings.filter(|at| *at > written(n))).filter(|at| *at <= end).collect()
}

fn text(n: i64, now: i64) -> String {
    let correction = if edited(n).is_some_and(|at| at <= now) { ", corrected" } else { "" };
    format!("NHS: said {n}{correction}")
}

fn record(time: Time, n: i64, now: i64) -> Value {
    json!({"$type": "app.bsky.feed.post", "text": text(n, now), "langs": ["en"], "createdAt": time.at(written(n)).to_string()})
}

/// What happens in the second `at`; there is always something every half minute.
fn happens(time: Time, at: i64) -> Vec<Value> {
    let of = |delay: i64| Some((at - delay) / POST_EVERY).filter(|n| *n >= 0 && (at - delay) % POST_EVERY == 0);
    let commit = |n: i64, operation: &str, record: Option<Value>| {
        json!({"did": author(n), "kind": "commit", "commit": {"rev": format!("{at:012}"), "operation": operation,
            "collection": "app.bsky.feed.post", "rkey": format!("k{n}"), "record": record}})
    };
    let mut events = Vec::new();
    events.extend(of(0).map(|n| commit(n, "create", Some(record(time, n, at)))));
    let edit = of(30 * MINUTE + 1).filter(|n| edited(*n).is_some());
    events.extend(edit.map(|n| commit(n, "update", Some(record(time, n, at)))));
    let deletion = of(45 * MINUTE + 2).filter(|n| deleted(*n).is_some());
    events.extend(deletion.map(|n| commit(n, "delete", None)));
    let leaving = of(50 * MINUTE + 3).filter(|n| erased_by(*n).is_some());
    events.extend(
        leaving.map(
            |n| json!({"did": author(n), "kind": "account", "account": {"active": false, "status": "deactivated"}}),
        ),
    );
    if at % 30 == 15 {
        events.push(json!({"did": "did:plc:else", "kind": "identity", "identity": {}}));
    }
    events
}

/// How a server, whose clock is ahead by `skew`, meets its `n`-th connection.
fn conduct(time: Time, skew: i64, n: usize, uri: &Uri) -> Conduct {
    let now = time.since_start();
    let troubled = time.is_troubled();
    match n {
        _ if OUTAGES.iter().any(|outage| outage.contains(&now)) => return Conduct::Refuse(502, &[]),
        n if troubled && n % 13 == 3 => return Conduct::Refuse(429, &[("retry-after", "3600")]),
        n if troubled && n % 17 == 5 => return Conduct::Refuse(503, &[]),
        _ => {}
    }
    let cursor: i64 = query(uri, "cursor").unwrap().parse().unwrap();
    let asked = cursor.div_euclid(1_000_000) - time.start - skew;
    let asked = if troubled && n % 4 == 1 { asked - 2 * MINUTE } else { asked }; // older ones are replayed
    let mut messages = Vec::new();
    for at in asked.max(now - KEPT)..=now {
        let late = if at % (7 * POST_EVERY) == 2 * POST_EVERY { 4 } else { 0 }; // not quite in order
        if at + late > now {
            continue;
        }
        for mut event in happens(time, at) {
            event["time_us"] = json!((time.start + at + skew) * 1_000_000);
            let times = if troubled && n % 5 == 2 { 2 } else { 1 };
            messages.extend((0..times).map(|_| Message::text(event.to_string())));
        }
    }
    if troubled && n % 6 == 4 {
        messages.truncate(messages.len() / 2);
        return Conduct::Cut(messages);
    }
    messages.push(Message::Close(None));
    Conduct::Send(messages)
}

fn search(time: Time, uri: &Uri, n: usize) -> Response<Body> {
    let now = time.since_start();
    if NO_SEARCH.contains(&now) {
        return status(403, &[]);
    }
    if let Some(refusal) = refusal(n).filter(|_| time.is_troubled()) {
        return refusal;
    }
    let bound = |key| {
        let at: Timestamp = query(uri, key).unwrap().parse().unwrap();
        at.as_second() - time.start
    };
    let (since, until) = (bound("since"), bound("until"));
    let skip: usize = query(uri, "cursor").map_or(0, |cursor| cursor.parse().unwrap());
    let found = |n: &i64| (since..until).contains(&written(*n)) && gone(*n, now).is_empty();
    let view = |n: i64| {
        json!({"uri": format!("at://{}/app.bsky.feed.post/k{n}", author(n)), "author": {"did": author(n)},
            "record": record(time, n, now), "indexedAt": time.at(written(n)).to_string()})
    };
    let posts: Vec<Value> =
        (-OLD_POSTS..=now / POST_EVERY).rev().filter(found).skip(skip).take(100).map(view).collect();
    let cursor = (posts.len() == 100).then(|| (skip + 100).to_string());
    let body = json!({"posts": posts, "cursor": cursor}).to_string();
    if n % 19 == 7 { cut("application/json", &body) } else { ok("application/json", body) }
}

/// Whether `at` lies in what the stream no longer had after the outage, or near it.
fn is_lost(outage: &Range<i64>, at: i64) -> bool {
    (outage.start - HOUR..outage.end - KEPT + 2 * HOUR).contains(&at)
}

#[tokio::test]
async fn fourteen_days_of_a_stream_lose_nothing_that_can_be_had_and_send_nothing_twice() {
    fastrand::seed(7);
    let time = Time::new();
    let first = SocketServer::start_with(move |n, uri| conduct(time, SKEWS[0], n, uri)).await;
    let second = SocketServer::start_with(move |n, uri| conduct(time, SKEWS[1], n, uri)).await;
    let searches = Mutex::new(0);
    let api = Server::start(move |uri, _| {
        let mut searches = searches.lock().unwrap();
        *searches += 1;
        search(time, uri, *searches)
    })
    .await;
    let hosts = [first.url("/subscribe"), second.url("/subscribe")];
    let keys = format!(
        "hosts = [\"{}\", \"{}\"]\nkeywords = [\"NHS\"]\nbackfill = \"8760h\"\napi = \"{}\"",
        hosts[0],
        hosts[1],
        api.url("/")
    );
    let config: BlueskyConfig = toml::from_str(&keys).unwrap();
    let allow_addresses = vec![first.address, second.address, api.address];
    let fetch = FetchConfig { host_delay_ms: 0, allow_addresses, ..FetchConfig::default() };
    let source = SourceConfig { kind: SourceKind::Bluesky(config), ..feed_source("bluesky", "https://example.org/") };
    let mut world = World::new(time, source, Gateway::new(&fetch).unwrap(), flaky());
    let task = world.live(20 * MINUTE, true).await;

    let (ledger, end) = (world.ledger(), time.since_start());
    let unknown = |at: i64| OUTAGES.iter().any(|outage| is_lost(outage, at)) || at > end - HOUR;
    let unsure = |n: i64| edited(n).is_some_and(|at| at <= end && unknown(at));
    let all = || -OLD_POSTS..=end / POST_EVERY;
    let recoverable = |n: i64| !is_lost(&OUTAGES[1], written(n)) && written(n) <= end - HOUR;
    let expected = all().filter(|&n| recoverable(n) && gone(n, end).is_empty() && !unsure(n));
    let possible = all().filter(|&n| gone(n, end).into_iter().all(unknown));
    let possible = possible.flat_map(|n| [Some(text(n, end)), unsure(n).then(|| text(n, 0))]).flatten();
    ledger.assert_holds(expected.map(|n| text(n, end)), possible);
    assert!(ledger.needless.is_empty(), "{:?}", ledger.needless);

    // What could neither be streamed nor found is said to be missing, and nothing else.
    let gaps = ledger.gaps();
    assert_eq!(task.state.health.gaps.iter().collect::<Vec<_>>(), gaps);
    assert_eq!(gaps.len(), 1, "{gaps:#?}");
    let lost = OUTAGES[1].start..OUTAGES[1].end - KEPT;
    assert!(gaps[0].covers(time.at(lost.start + HOUR)) && gaps[0].covers(time.at(lost.end - HOUR)), "{gaps:#?}");
    assert!(!gaps[0].covers(time.at(lost.start - HOUR)) && !gaps[0].covers(time.at(lost.end + HOUR)), "{gaps:#?}");
}
