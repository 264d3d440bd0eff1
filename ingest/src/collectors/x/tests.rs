use std::collections::BTreeMap;
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{HeaderMap, Response, Uri};
use bus::PostId;
use serde_json::{Value, json};

use super::*;
use crate::collector::{Collector, Cursor, Missed};
use crate::collectors::Kind;
use crate::testing::server::{Server, ok, status};
use crate::testing::{ago, context, feed_source, query, secret_file, sorted_out};

const HOUR: Duration = Duration::from_hours(1);

/// The id of a post written at `at`: X's ids begin with the milliseconds since November 2010.
fn id_at(at: Timestamp) -> u64 {
    u64::try_from(at.as_millisecond() - 1_288_834_974_657).unwrap() << 22
}

fn post(id: u64, text: &str) -> Value {
    let at = Timestamp::from_millisecond(i64::try_from(id >> 22).unwrap() + 1_288_834_974_657).unwrap();
    json!({"id": id.to_string(), "text": text, "created_at": at.to_string(), "author_id": "11", "lang": "en",
        "edit_history_tweet_ids": [id.to_string()]})
}

/// What is public on X, by id, and who is protected.
#[derive(Clone, Default)]
struct X {
    posts: Arc<Mutex<BTreeMap<u64, Value>>>,
    /// As often as this a search with `since_id` is refused.
    too_old: Arc<Mutex<usize>>,
}

impl X {
    fn with(posts: impl IntoIterator<Item = Value>) -> Self {
        let x = Self::default();
        for post in posts {
            x.put(post);
        }
        x
    }

    fn put(&self, post: Value) {
        self.posts.lock().unwrap().insert(post["id"].as_str().unwrap().parse().unwrap(), post);
    }

    fn answer(&self, uri: &Uri, headers: &HeaderMap) -> Response<Body> {
        assert_eq!(headers["authorization"], "Bearer s3cret");
        let posts = self.posts.lock().unwrap();
        let users = json!({"users": [{"id": "11", "username": "zq_handle", "protected": false}, {"id": "12", "protected": true}]});
        if uri.path() == "/2/tweets" {
            let ids = query(uri, "ids").unwrap();
            let (mut data, mut errors) = (Vec::new(), Vec::new());
            for id in ids.split(',') {
                match posts.get(&id.parse().unwrap()) {
                    Some(post) => data.push(post.clone()),
                    None => errors.push(json!({"value": id, "detail": "Could not find it", "title": "Not Found Error",
                        "type": "https://api.twitter.com/2/problems/resource-not-found"})),
                }
            }
            return ok("application/json", json!({"data": data, "includes": users, "errors": errors}).to_string());
        }
        assert_eq!(uri.path(), "/2/tweets/search/recent");
        if query(uri, "since_id").is_some() && *self.too_old.lock().unwrap() > 0 {
            *self.too_old.lock().unwrap() -= 1;
            let mut refused = ok(
                "application/json",
                "{\"errors\": [{\"message\": \"'since_id' must be a tweet id created after\"}]}",
            );
            *refused.status_mut() = axum::http::StatusCode::BAD_REQUEST;
            return refused;
        }
        let after = match query(uri, "since_id") {
            Some(id) => id.parse().unwrap(),
            None => id_at(query(uri, "start_time").unwrap().parse().unwrap()),
        };
        let below: u64 =
            query(uri, "next_token").map_or(u64::MAX, |token| token.strip_prefix('b').unwrap().parse().unwrap());
        let page: Vec<(u64, Value)> = posts
            .iter()
            .rev()
            .filter(|(id, _)| **id > after && **id < below)
            .take(100)
            .map(|(id, p)| (*id, p.clone()))
            .collect();
        let mut meta = json!({"result_count": page.len()});
        if page.len() == 100 {
            meta["next_token"] = json!(format!("b{}", page[99].0));
        }
        let mut body = json!({"meta": meta, "includes": users});
        if !page.is_empty() {
            body["data"] = page.into_iter().map(|(_, post)| post).collect();
        }
        ok("application/json", body.to_string())
    }

    async fn serve(&self) -> Server {
        let x = self.clone();
        Server::start(move |uri, headers| x.answer(uri, headers)).await
    }
}

fn collector(server: &Server) -> (Box<dyn Collector>, tempfile::TempDir) {
    let (dir, token) = secret_file("s3cret");
    let config =
        XConfig { query: "nhs lang:en".to_owned(), token, backfill: HOUR * 48, api: config::Api(server.url("/")) };
    let source = feed_source("x", "https://example.org/");
    (config.collector(Context { gateway: server.gateway(), ..context(source) }), dir)
}

fn post_id(id: u64) -> PostId {
    PostId::new(&"x".parse().unwrap(), &id.to_string())
}

#[tokio::test]
async fn a_search_is_read_page_by_page_and_then_from_the_last_post_on() {
    let first = id_at(ago(HOUR));
    let x = X::with((0..250).map(|n| post(first + n, "Nine hours &amp; counting")));
    let server = x.serve().await;
    let (mut collector, _dir) = collector(&server);
    let batch = collector.collect(&Cursor::default()).await.unwrap();
    let (posts, _) = sorted_out(batch.changes);
    assert_eq!((posts.len(), posts[0].text.as_str()), (250, "Nine hours & counting"));
    assert_eq!(posts[0].url.as_deref(), Some(format!("https://x.com/i/status/{first}").as_str()));
    assert!(!serde_json::to_string(&posts).unwrap().contains("zq_handle"));
    x.put(post(first + 300, "new"));
    let before = server.requests().len();
    let batch = collector.collect(&batch.cursor).await.unwrap();
    assert_eq!(batch.missed, Some(Missed::Nothing));
    assert_eq!(sorted_out(batch.changes).0.len(), 1);
    let asked = &server.requests()[before].0;
    assert_eq!(query(asked, "since_id"), Some((first + 249).to_string()));
    assert_eq!(query(asked, "start_time"), None);
}

#[tokio::test]
async fn reposts_and_protected_posts_are_left_out_and_long_ones_are_whole() {
    let first = id_at(ago(HOUR));
    let with = |n: u64, key: &str, value: Value| {
        let mut post = post(first + n, "short");
        post[key] = value;
        post
    };
    let x = X::with([
        with(1, "referenced_tweets", json!([{"type": "retweeted", "id": "5"}])),
        with(2, "author_id", json!("12")),
        with(3, "note_tweet", json!({"text": "the whole text"})),
        with(4, "created_at", json!("nonsense")),
    ]);
    let server = x.serve().await;
    let (mut collector, _dir) = collector(&server);
    let batch = collector.collect(&Cursor::default()).await.unwrap();
    assert_eq!(batch.notice.as_deref(), Some("1 entries could not be read and were left out"));
    let texts: Vec<String> = sorted_out(batch.changes).0.into_iter().map(|post| post.text).collect();
    assert_eq!(texts, ["the whole text"]);
}

#[tokio::test]
async fn an_edit_stays_one_post_and_what_was_deleted_or_protected_is_deleted() {
    let first = id_at(ago(HOUR));
    let x = X::with((0..4).map(|n| post(first + n, "as it was")));
    let server = x.serve().await;
    let (mut collector, _dir) = collector(&server);
    let cursor = collector.collect(&Cursor::default()).await.unwrap().cursor;
    let history = json!([first.to_string(), (first + 100).to_string()]);
    for (id, text) in [(first, "as it was"), (first + 100, "edited")] {
        let mut version = post(id, text);
        version["edit_history_tweet_ids"] = history.clone();
        x.put(version);
    }
    x.posts.lock().unwrap().remove(&(first + 1));
    let mut protected = post(first + 2, "as it was");
    protected["author_id"] = json!("12");
    x.put(protected);
    let batch = collector.collect(&cursor).await.unwrap();
    let (posts, deleted) = sorted_out(batch.changes);
    assert_eq!(
        posts.iter().map(|post| (post.id, post.text.as_str())).collect::<Vec<_>>(),
        [(post_id(first), "edited")]
    );
    let gone: std::collections::BTreeSet<PostId> = deleted.into_iter().collect();
    assert_eq!(gone, [post_id(first + 1), post_id(first + 2)].into());
    assert!(collector.collect(&batch.cursor).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn a_last_post_that_search_no_longer_knows_gives_way_to_a_stretch_of_time() {
    let first = id_at(ago(HOUR));
    let x = X::with([post(first, "one")]);
    let server = x.serve().await;
    let (mut collector, _dir) = collector(&server);
    let cursor = collector.collect(&Cursor::default()).await.unwrap().cursor;
    *x.too_old.lock().unwrap() = 1;
    x.put(post(first + 1, "two"));
    let before = server.requests().len();
    assert_eq!(sorted_out(collector.collect(&cursor).await.unwrap().changes).0.len(), 1);
    assert!(query(&server.requests()[before + 1].0, "start_time").is_some());
}

#[tokio::test]
async fn after_a_long_absence_the_stretch_that_search_no_longer_covers_is_reported() {
    let x = X::with([post(id_at(ago(HOUR)), "today")]);
    let server = x.serve().await;
    let (mut collector, _dir) = collector(&server);
    // A cursor of three weeks ago.
    let then = ago(HOUR * 24 * 21);
    let cursor = json!({"streams": {"search": {"since": ago(HOUR * 24 * 30), "floor": {"order": id_at(then), "at": then}, "leg": null}},
        "seen": [], "watch": {"known": [], "below": null, "doubts": []}});
    let batch = collector.collect(&Cursor::of(&cursor)).await.unwrap();
    assert_eq!(batch.changes.len(), 1);
    let Some(Missed::Something { from, until: Some(until), .. }) = batch.missed else { panic!("{:?}", batch.missed) };
    assert_eq!(from, Some(then));
    let reach = Duration::try_from(Timestamp::now().duration_since(until)).unwrap();
    assert!(reach < HOUR * 24 * 7 && reach > HOUR * 24 * 6, "{reach:?}");
}

#[tokio::test]
async fn a_limit_and_a_refused_token_are_told_apart() {
    let limited = Server::start(|_, _| status(429, &[("x-rate-limit-reset", "4102444800")])).await;
    let (mut limited, _one) = collector(&limited);
    let error = limited.collect(&Cursor::default()).await.unwrap_err();
    assert!(matches!(error, CollectError::RateLimited { retry_after: Some(wait), .. } if wait > HOUR), "{error}");
    let refusing = Server::start(|_, _| status(401, &[])).await;
    let (mut refusing, dir) = collector(&refusing);
    let error = refusing.collect(&Cursor::default()).await.unwrap_err().to_string();
    assert!(error.contains(dir.path().to_str().unwrap()) && !error.contains("s3cret"), "{error}");
}

#[test]
fn the_configuration_is_checked() {
    let parse = |keys: &str| toml::from_str::<XConfig>(keys).map_err(|error| error.message().to_owned());
    assert_eq!(parse("query = \" nhs \"\ntoken = { env = \"X\" }").unwrap().query, "nhs");
    assert!(parse("query = \"\"\ntoken = { env = \"X\" }").unwrap_err().contains("1 to 4096 bytes"));
    assert!(parse("query = \"nhs\"").unwrap_err().contains("missing field `token`"));
}
