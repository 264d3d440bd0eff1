use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{HeaderMap, Response, Uri};
use bus::{Channel, PostId};
use serde_json::{Value, json};

use super::*;
use crate::collector::{Collector, Cursor};
use crate::collectors::Kind;
use crate::testing::server::{Server, ok, status};
use crate::testing::{ago, context, feed_source, query, secret_file, sorted_out};

/// A small Reddit: its things by name, newest last.
#[derive(Clone, Default)]
struct Reddit {
    things: Arc<Mutex<Vec<Value>>>,
    tokens: Arc<AtomicUsize>,
    /// Tokens up to this number are refused.
    refused: Arc<AtomicUsize>,
}

fn seconds_ago(minutes: u64) -> f64 {
    ago(Duration::from_mins(minutes)).as_second() as f64
}

fn submission(name: &str, title: &str, text: &str) -> Value {
    json!({"kind": "t3", "data": {
        "name": name, "author": "zq_handle", "created_utc": seconds_ago(30), "edited": false, "title": title,
        "selftext": text, "selftext_html": null, "permalink": format!("/r/nhs/comments/{}/slug/", &name[3..]),
        "removed_by_category": null, "ups": 3, "subreddit": "nhs"}})
}

fn comment(name: &str, body: &str) -> Value {
    json!({"kind": "t1", "data": {
        "name": name, "author": "zq_handle", "created_utc": seconds_ago(20), "edited": 1.5, "body": body,
        "body_html": format!("<div class=\"md\"><p>{body}</p></div>"), "link_id": "t3_a1",
        "permalink": format!("/r/nhs/comments/a1/slug/{}/", &name[3..])}})
}

fn listing(children: &[Value], after: Option<&str>) -> Response<Body> {
    let body = json!({"kind": "Listing", "data": {"after": after, "before": null, "dist": children.len(), "children": children}});
    let mut response = ok("application/json", body.to_string());
    response.headers_mut().insert("x-ratelimit-remaining", "96.0".parse().unwrap());
    response
}

impl Reddit {
    fn with(things: impl IntoIterator<Item = Value>) -> Self {
        let reddit = Self::default();
        reddit.things.lock().unwrap().extend(things);
        reddit
    }

    fn answer(&self, uri: &Uri, headers: &HeaderMap) -> Response<Body> {
        let authorization = headers.get("authorization").map(|value| value.to_str().unwrap()).unwrap_or_default();
        if uri.path() == "/api/v1/access_token" {
            assert_eq!(authorization, "Basic aWQ6czNjcmV0", "the id and the secret");
            let number = self.tokens.fetch_add(1, Ordering::SeqCst) + 1;
            let token = json!({"access_token": format!("token-{number}"), "token_type": "bearer", "expires_in": 86_400, "scope": "*"});
            return ok("application/json", token.to_string());
        }
        let number: usize = authorization.strip_prefix("Bearer token-").and_then(|n| n.parse().ok()).unwrap_or(0);
        if number <= self.refused.load(Ordering::SeqCst) {
            return status(401, &[]);
        }
        let things = self.things.lock().unwrap();
        let name = |thing: &Value| thing["data"]["name"].as_str().unwrap().to_owned();
        if uri.path() == "/api/info" {
            let ids = query(uri, "id").unwrap();
            let found: Vec<Value> =
                things.iter().filter(|thing| ids.split(',').any(|id| id == name(thing))).cloned().collect();
            return listing(&found, None);
        }
        let kind = if uri.path().ends_with("/comments") { "t1" } else { "t3" };
        let of_kind: Vec<&Value> = things.iter().rev().filter(|thing| thing["kind"] == kind).collect();
        let begin =
            query(uri, "after").map_or(0, |after| of_kind.iter().position(|thing| name(thing) == after).unwrap() + 1);
        let limit: usize = query(uri, "limit").unwrap().parse().unwrap();
        let page: Vec<Value> = of_kind.iter().skip(begin).take(limit).map(|&thing| thing.clone()).collect();
        let last = page.last().filter(|_| begin + page.len() < of_kind.len()).map(name);
        listing(&page, last.as_deref())
    }

    async fn serve(&self) -> Server {
        let reddit = self.clone();
        Server::start(move |uri, headers| reddit.answer(uri, headers)).await
    }
}

/// A collector of r/nhs on `server`, and the directory that its secret lies in.
fn collector(server: &Server, keys: &str) -> (Box<dyn Collector>, tempfile::TempDir) {
    let (dir, secret) = secret_file("s3cret");
    let mut config: RedditConfig = toml::from_str(&format!("subreddits = [\"nhs\"]\n{keys}")).unwrap();
    config.hosts = config::Hosts { api: server.url("/"), www: server.url("/") };
    if !keys.contains("rss") {
        config.client = Some(Client { id: "id".to_owned(), secret });
    }
    let source = feed_source("forum", "https://example.org/");
    (config.collector(Context { gateway: server.gateway(), ..context(source) }), dir)
}

fn id(name: &str) -> PostId {
    PostId::new(&"forum".parse().unwrap(), name)
}

#[tokio::test]
async fn submissions_and_comments_become_posts_without_a_trace_of_handles() {
    let mut robot = comment("t1_c3", "Rules of this place");
    robot["data"]["author"] = json!("AutoModerator");
    let mut strange = submission("t3_a3", "x", "x");
    strange["data"]["created_utc"] = json!("soon");
    let reddit = Reddit::with([
        submission("t3_a1", "Waiting &amp; waiting", "Nine hours in A&amp;E"),
        submission("t3_a2", "Only a title", ""),
        strange,
        submission("t3_a4", "x", "[removed]"),
        comment("t1_c1", "It was <em>worse</em> here"),
        comment("t1_c2", "[deleted]"),
        robot,
    ]);
    let server = reddit.serve().await;
    let (mut collector, _dir) = collector(&server, "");
    let batch = collector.collect(&Cursor::default()).await.unwrap();
    assert_eq!(batch.notice.as_deref(), Some("1 entries could not be read and were left out"));
    let (posts, deleted) = sorted_out(batch.changes);
    assert!(deleted.is_empty());
    let of = |name: &str| posts.iter().find(|post| post.id == id(name)).unwrap();
    assert_eq!(posts.len(), 3);
    assert_eq!(of("t3_a1").title.as_deref(), Some("Waiting & waiting"));
    assert_eq!(of("t3_a1").url.as_deref(), Some("https://www.reddit.com/r/nhs/comments/a1/slug/"));
    assert_eq!((of("t3_a2").text.as_str(), of("t3_a2").title.as_deref()), ("Only a title", None));
    assert_eq!(of("t1_c1").text, "It was worse here");
    assert!(posts.iter().all(|post| post.author.is_some()));
    assert!(!serde_json::to_string(&posts).unwrap().contains("zq_handle"));
    let asked: Vec<String> = server.requests().iter().map(|(uri, _)| uri.path().to_owned()).collect();
    assert_eq!(asked, ["/api/v1/access_token", "/r/nhs/new", "/r/nhs/comments"]);
}

#[tokio::test]
async fn a_token_is_kept_and_a_refused_one_is_renewed_once() {
    let reddit = Reddit::with([submission("t3_a1", "One", "text")]);
    let server = reddit.serve().await;
    let (mut collector, _dir) = collector(&server, "");
    let first = collector.collect(&Cursor::default()).await.unwrap();
    collector.collect(&first.cursor).await.unwrap();
    assert_eq!(reddit.tokens.load(Ordering::SeqCst), 1);
    reddit.refused.store(1, Ordering::SeqCst);
    collector.collect(&first.cursor).await.unwrap();
    assert_eq!(reddit.tokens.load(Ordering::SeqCst), 2);
    reddit.refused.store(usize::MAX, Ordering::SeqCst);
    let error = collector.collect(&first.cursor).await.unwrap_err();
    assert!(matches!(error, CollectError::Unauthorized { .. }), "{error}");
    assert_eq!(reddit.tokens.load(Ordering::SeqCst), 3);
}

#[tokio::test]
async fn edits_and_deletions_of_recent_posts_are_found() {
    let reddit = Reddit::with([
        submission("t3_a1", "One", "first"),
        submission("t3_a2", "Two", "second"),
        comment("t1_c1", "third"),
        comment("t1_c2", "fourth"),
    ]);
    let server = reddit.serve().await;
    let (mut collector, _dir) = collector(&server, "");
    let first = collector.collect(&Cursor::default()).await.unwrap();
    {
        let mut things = reddit.things.lock().unwrap();
        things[0]["data"]["selftext"] = json!("first, edited");
        things[1]["data"]["selftext"] = json!("[deleted]");
        things[2]["data"]["author"] = json!("[deleted]");
        things.remove(3);
    }
    let (posts, deleted) = sorted_out(collector.collect(&first.cursor).await.unwrap().changes);
    assert_eq!(posts.iter().map(|post| post.text.as_str()).collect::<Vec<_>>(), ["first, edited"]);
    let gone: std::collections::BTreeSet<PostId> = deleted.into_iter().collect();
    assert_eq!(gone, ["t3_a2", "t1_c1", "t1_c2"].map(id).into());
}

#[tokio::test]
async fn a_long_backlog_is_read_page_by_page() {
    let name = |n: u64| {
        format!("t3_b{}", ["0", "1", "2"][usize::try_from(n / 100).unwrap()].to_owned() + &format!("{:02}", n % 100))
    };
    let reddit = Reddit::with((0..250).map(|n| submission(&name(n), "Title", &format!("text {n}"))));
    let server = reddit.serve().await;
    let (mut collector, _dir) = collector(&server, "");
    let batch = collector.collect(&Cursor::default()).await.unwrap();
    assert_eq!(sorted_out(batch.changes).0.len(), 250);
    let pages: Vec<Option<String>> = server
        .requests()
        .iter()
        .filter(|(uri, _)| uri.path() == "/r/nhs/new")
        .map(|(uri, _)| query(uri, "after"))
        .collect();
    assert_eq!(pages, [None, Some(name(150)), Some(name(50))]);
}

#[tokio::test]
async fn without_a_client_the_feed_is_read_and_posts_keep_their_ids() {
    let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title>new</title><id>/r/nhs/new/.rss</id><updated>2025-03-01T10:00:00Z</updated>
        <entry><id>t3_a1</id><title>Waiting</title><updated>2025-03-01T10:00:00Z</updated><link href="https://www.reddit.com/r/nhs/comments/a1/slug/"/>
        <content type="html">&lt;p&gt;Nine hours&lt;/p&gt;</content></entry></feed>"#;
    let server = Server::start(move |_, _| ok("application/atom+xml", atom)).await;
    let (mut collector, _dir) = collector(&server, "search = \"a e\" # rss");
    let (posts, _) = sorted_out(collector.collect(&Cursor::default()).await.unwrap().changes);
    assert_eq!((posts.len(), posts[0].id), (1, id("t3_a1")));
    let uri = server.requests()[0].0.clone();
    assert_eq!((uri.path(), query(&uri, "q").as_deref()), ("/r/nhs/search.rss", Some("a e")));
}

#[test]
fn the_configuration_is_checked() {
    let parse = |keys: &str| toml::from_str::<RedditConfig>(keys).map_err(|error| error.message().to_owned());
    let config = parse("subreddits = [\"r/nhs\", \"NursingUK\"]").unwrap();
    assert_eq!(config.location(), "https://www.reddit.com/ r/nhs r/NursingUK");
    assert_eq!(RedditConfig::CHANNEL, Channel::Forum);
    assert!(parse("subreddits = []").unwrap_err().contains("at least one subreddit"));
    assert!(parse("subreddits = [\"a/b\"]").unwrap_err().contains("`a/b` is not a subreddit"));
    assert!(parse("subreddits = [\"nhs\"]\nclient_id = \"x\"").unwrap_err().contains("belong together"));
    assert!(parse("subreddits = [\"nhs\"]\nsubredit = 1").unwrap_err().contains("unknown field"));
}
