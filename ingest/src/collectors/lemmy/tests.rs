use std::sync::{Arc, Mutex};

use bus::PostId;
use serde_json::{Value, json};

use super::*;
use crate::collector::{Collector, Cursor};
use crate::collectors::Kind;
use crate::testing::server::{Server, ok};
use crate::testing::{ago, context, feed_source, query, sorted_out};

fn person() -> Value {
    json!({"id": 7, "name": "zq_handle", "actor_id": "https://far.example/u/zq_handle", "bot_account": false, "deleted": false, "banned": false})
}

fn post(id: u64, minutes: u64, body: &str) -> Value {
    json!({"post": {
        "id": id, "name": "Waiting", "body": body, "ap_id": format!("https://far.example/post/{id}"), "removed": false,
        "published": ago(Duration::from_mins(minutes)).to_string(), "deleted": false, "featured_community": false,
        "featured_local": false}, "creator": person(), "counts": {"score": 1}})
}

fn comment(id: u64, minutes: u64, content: &str) -> Value {
    // Lemmy before 0.19 wrote times without a zone.
    let published = ago(Duration::from_mins(minutes)).strftime("%Y-%m-%dT%H:%M:%S%.6f").to_string();
    json!({"comment": {"id": id, "content": content, "ap_id": format!("https://far.example/comment/{id}"),
        "published": published, "deleted": false, "removed": false}, "creator": person()})
}

#[derive(Clone, Default)]
struct Lemmy {
    posts: Arc<Mutex<Vec<Value>>>,
    comments: Arc<Mutex<Vec<Value>>>,
}

impl Lemmy {
    async fn serve(&self) -> Server {
        let lemmy = self.clone();
        Server::start(move |uri, _| {
            let posts = uri.path() == "/api/v3/post/list";
            let all = if posts { lemmy.posts.lock().unwrap() } else { lemmy.comments.lock().unwrap() };
            let skip: usize = match query(uri, "page_cursor") {
                Some(cursor) => cursor.strip_prefix('P').unwrap().parse().unwrap(),
                None => query(uri, "page").map_or(0, |page| (page.parse::<usize>().unwrap() - 1) * LIMIT),
            };
            let page: Vec<&Value> = all.iter().skip(skip).take(LIMIT).collect();
            let body = if posts {
                json!({"posts": page, "next_page": format!("P{}", skip + page.len())})
            } else {
                json!({"comments": page})
            };
            ok("application/json", body.to_string())
        })
        .await
    }
}

fn collector(server: &Server) -> Box<dyn Collector> {
    let config: LemmyConfig =
        toml::from_str(&format!("url = \"{}\"\ncommunities = [\"!health@far.example\"]", server.url("/"))).unwrap();
    config.collector(Context { gateway: server.gateway(), ..context(feed_source("forum", "https://example.org/")) })
}

fn id(native: &str) -> PostId {
    PostId::new(&"forum".parse().unwrap(), native)
}

#[tokio::test]
async fn posts_and_comments_are_read_to_the_end_of_the_backfill() {
    let lemmy = Lemmy::default();
    let mut pinned = post(900, 60 * 24 * 90, "old rules");
    pinned["post"]["featured_community"] = json!(true);
    let old = post(901, 60 * 24 * 9, "too old");
    let new = (0..70).map(|n| post(70 - n, n + 1, "Nine hours"));
    *lemmy.posts.lock().unwrap() = [pinned].into_iter().chain(new).chain([old]).collect();
    *lemmy.comments.lock().unwrap() = (0..60).map(|n| comment(60 - n, n + 1, "Here too")).collect();
    let server = lemmy.serve().await;
    let (posts, _) = sorted_out(collector(&server).collect(&Cursor::default()).await.unwrap().changes);
    assert_eq!(posts.len(), 130);
    let first = posts.iter().find(|post| post.id == id("post/70")).unwrap();
    assert_eq!((first.title.as_deref(), first.text.as_str()), (Some("Waiting"), "Nine hours"));
    assert_eq!(first.url.as_deref(), Some("https://far.example/post/70"));
    assert!(posts.iter().any(|post| post.id == id("comment/1")));
    assert!(!serde_json::to_string(&posts).unwrap().contains("zq_handle"));
    let asked = server.requests();
    assert_eq!(query(&asked[0].0, "community_name").as_deref(), Some("health@far.example"));
}

#[tokio::test]
async fn what_is_deleted_removed_or_no_longer_listed_is_deleted_here() {
    let lemmy = Lemmy::default();
    *lemmy.posts.lock().unwrap() = (0..6).map(|n| post(6 - n, n + 1, "Nine hours")).collect();
    let server = lemmy.serve().await;
    let mut collector = collector(&server);
    let first = collector.collect(&Cursor::default()).await.unwrap();
    {
        let mut posts = lemmy.posts.lock().unwrap();
        posts[1]["post"]["deleted"] = json!(true);
        posts[2]["post"]["removed"] = json!(true);
        posts[3]["post"]["body"] = json!("Ten hours");
        posts.remove(4);
    }
    let (posts, deleted) = sorted_out(collector.collect(&first.cursor).await.unwrap().changes);
    assert_eq!(posts.iter().map(|post| post.id).collect::<Vec<_>>(), [id("post/3")]);
    let gone: std::collections::BTreeSet<PostId> = deleted.into_iter().collect();
    assert_eq!(gone, ["post/5", "post/4", "post/2"].map(id).into());
}

#[tokio::test]
async fn robots_are_left_out_and_strange_entries_told() {
    let lemmy = Lemmy::default();
    let mut robot = post(3, 1, "beep");
    robot["creator"]["bot_account"] = json!(true);
    let mut strange = post(2, 2, "x");
    strange["post"]["published"] = json!("yesterday");
    *lemmy.posts.lock().unwrap() = vec![robot, strange, post(1, 3, "Nine hours")];
    let server = lemmy.serve().await;
    let batch = collector(&server).collect(&Cursor::default()).await.unwrap();
    assert_eq!(batch.notice.as_deref(), Some("1 entries could not be read and were left out"));
    assert_eq!(sorted_out(batch.changes).0.len(), 1);
}

#[tokio::test]
async fn what_is_no_lemmy_server_is_refused() {
    let server = Server::start(|_, _| ok("application/json", "{\"error\": \"couldnt_find_community\"}")).await;
    let error = collector(&server).collect(&Cursor::default()).await.unwrap_err();
    assert!(error.to_string().ends_with("a Lemmy server?"), "{error}");
}
