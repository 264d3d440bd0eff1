//! One feed: its entries, its archive, and what goes wrong with it.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use axum::http::{HeaderMap, HeaderValue, Uri};

use super::*;
use crate::testing::feed_source;
use crate::testing::server::Server;

/// The feed has a new entry every 20 minutes and shows the last 30, so that an absence of ten hours loses nothing.
const ENTRY_EVERY: i64 = 1_200;
const SHOWN: i64 = 30;

/// A year of older entries, 40 a page.
const ARCHIVE_PAGES: i64 = 10;

/// For so long the server fails on the sixth day: longer than what the feed shows.
const OUTAGE: Range<i64> = 5 * 24 * HOUR..5 * 24 * HOUR + 30 * HOUR;

/// What the server did.
#[derive(Default)]
struct Log {
    /// For each request for the feed: when it came (seconds since the start), how long it must be followed by silence,
    /// and whether it was conditional.
    requests: Vec<(i64, i64, bool)>,
    /// The entries that were in whole answers.
    served: BTreeSet<i64>,
}

/// One answer of the feed at this time.
fn answer(log: &Mutex<Log>, uri: &Uri, headers: &HeaderMap, time: Time) -> Response<Body> {
    let (start, since) = (time.start, time.since_start());
    let mut log = log.lock().unwrap();
    if let Some(page) = uri.path().strip_prefix("/archive/") {
        let page: i64 = page.parse().unwrap();
        let entries: Vec<i64> = (1..=40).map(|n| -(page - 1) * 40 - n).collect();
        log.served.extend(&entries);
        return ok("application/atom+xml", atom(&entries, start, 0, (page < ARCHIVE_PAGES).then_some(page + 1)));
    }
    let n = log.requests.len();
    let (silence, response) = if OUTAGE.contains(&since) {
        (HOUR, status(500, &[]))
    } else if n % 13 == 3 {
        (2 * HOUR, status(429, &[("retry-after", "7200")]))
    } else if n % 17 == 5 {
        (5_400, status(503, &[("retry-after", "5400")]))
    } else {
        feed(&mut log, headers, start, since, n)
    };
    log.requests.push((since, silence, headers.contains_key("if-none-match")));
    response
}

fn feed(log: &mut Log, headers: &HeaderMap, start: i64, since: i64, n: usize) -> (i64, Response<Body>) {
    let newest = since / ENTRY_EVERY;
    let mut entries: Vec<i64> = ((newest - SHOWN + 1).max(0)..=newest).collect();
    let calm = !(OUTAGE.start - 12 * HOUR..OUTAGE.end + 24 * HOUR).contains(&since);
    if n % 7 == 4 && calm {
        entries.retain(|entry| entry % 5 != 0); // some are missing for a while
    }
    if n % 11 == 6 {
        entries.extend(-20..0); // old ones are replayed
    }
    let tag = format!("\"{entries:?}\"");
    if headers.get("if-none-match").is_some_and(|known| known.as_bytes() == tag.as_bytes()) {
        return (HOUR, status(304, &[]));
    }
    // Now and then the server's clock is wrong by a day.
    let skew = if n % 9 == 8 { 24 * HOUR } else { 0 };
    let body = atom(&entries, start, skew, Some(1));
    if n % 19 == 7 {
        return (HOUR, cut("application/atom+xml", &body));
    }
    log.served.extend(&entries);
    let mut response = ok("application/atom+xml", body);
    response.headers_mut().insert("etag", HeaderValue::from_str(&tag).unwrap());
    let max_age = if n % 6 == 2 { 3 * HOUR } else { 600 };
    let control = HeaderValue::from_str(&format!("max-age={max_age}")).unwrap();
    response.headers_mut().insert("cache-control", control);
    (max_age.max(HOUR), response)
}

fn atom(entries: &[i64], start: i64, skew: i64, older: Option<i64>) -> String {
    let mut xml = String::from("<feed xmlns=\"http://www.w3.org/2005/Atom\"><title>t</title><id>f</id>");
    if let Some(page) = older {
        write!(xml, "<link rel=\"next\" href=\"/archive/{page}\"/>").unwrap();
    }
    for entry in entries {
        let second = if *entry < 0 { start + entry * 24 * HOUR } else { start + entry * ENTRY_EVERY };
        let at = Timestamp::from_second(second + skew).unwrap();
        write!(
            xml,
            "<entry><id>urn:entry:{entry}</id><title>Entry {entry}</title><updated>{at}</updated>\
             <link href=\"https://example.org/{entry}\"/><summary>What was said, number {entry}</summary></entry>"
        )
        .unwrap();
    }
    xml + "</feed>"
}

#[tokio::test]
async fn fourteen_days_of_a_feed_lose_nothing_and_trouble_nobody() {
    // The jitter of the intervals is the same in each run.
    fastrand::seed(7);
    let time = Time::new();
    let log = Arc::new(Mutex::new(Log::default()));
    let shared = Arc::clone(&log);
    let server = Server::start(move |uri, headers| answer(&shared, uri, headers, time)).await;
    let source = feed_source("feed", server.url("/feed").as_str());
    let mut world = World::new(time, source, server.gateway(), FlakyBus::default());
    // A crash would make us ask again before the time that was agreed.
    let task = world.live(0, false).await;
    let bus = &world.bus;

    let log = log.lock().unwrap();
    let number = |post: Post| post.title.unwrap().strip_prefix("Entry ").unwrap().parse::<i64>().unwrap();
    let delivered: Vec<i64> = bus.posts().into_iter().map(number).collect();
    let distinct: BTreeSet<i64> = delivered.iter().copied().collect();
    assert_eq!(distinct, log.served, "everything that was ever served is delivered");
    assert_eq!(delivered.len(), distinct.len(), "nothing is delivered twice");
    assert!(log.served.len() > 1_000, "{}", log.served.len());

    let unconditional = log.requests.iter().filter(|(.., conditional)| !conditional).count();
    assert_eq!(unconditional, 1, "one unconditional request");
    for pair in log.requests.windows(2) {
        let [(before, silence, _), (after, ..)] = pair else { unreachable!() };
        assert!(
            after - before >= *silence,
            "asked at {after}, {} after {before}, but {silence} were due",
            after - before
        );
    }

    // What the outage hid for good is said to be missing; everything else is not.
    let gaps = &task.state.health.gaps;
    assert_eq!(gaps.len(), 1, "{gaps:#?}");
    let covers = |since: i64| gaps[0].covers(time.at(since));
    assert!(covers(OUTAGE.start + 2 * HOUR) && !covers(OUTAGE.start - 12 * HOUR) && !covers(OUTAGE.end + 12 * HOUR));
    for entry in 0..14 * 24 * HOUR / ENTRY_EVERY - 60 {
        let since = entry * ENTRY_EVERY;
        assert!(log.served.contains(&entry) || covers(since), "entry {entry} is missing without a word");
    }
}
