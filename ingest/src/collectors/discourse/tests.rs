use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{Response, Uri};
use bus::PostId;
use serde_json::{Value, json};

use super::*;
use crate::collector::{Collector, Cursor};
use crate::collectors::Kind;
use crate::testing::server::{Server, ok, status};
use crate::testing::{ago, context, feed_source, query, sorted_out};

fn post(id: u64, topic: u64, number: u32, cooked: &str) -> Value {
    json!({
        "id": id, "name": "Z Q", "username": "zq_handle", "user_id": 7, "avatar_template": "/letter/z.png",
        "created_at": ago(Duration::from_mins(2_000 - id)).to_string(), "cooked": cooked, "post_number": number,
        "post_type": 1, "version": 1, "topic_id": topic, "topic_slug": "long-waits", "topic_title": "Long waits",
        "category_id": 4, "hidden": false, "user_deleted": false, "deleted_at": null, "raw": "x"
    })
}

/// A forum with `posts`, oldest first; topics list only what they are asked for.
#[derive(Clone, Default)]
struct Forum(Arc<Mutex<Vec<Value>>>, Arc<Mutex<Vec<Value>>>);

impl Forum {
    fn answer(&self, uri: &Uri) -> Response<Body> {
        if uri.path() == "/forum/posts.json" {
            let before: u64 = query(uri, "before").map_or(u64::MAX, |before| before.parse().unwrap());
            let posts = self.0.lock().unwrap();
            let below = |post: &&Value| post["id"].as_u64().unwrap() < before;
            let page: Vec<Value> = posts.iter().rev().filter(below).take(50).cloned().collect();
            return ok("application/json", json!({"latest_posts": page}).to_string());
        }
        if uri.path().starts_with("/forum/t/") {
            let posts = self.1.lock().unwrap().clone();
            return ok("application/json", json!({"post_stream": {"posts": posts}, "id": 9}).to_string());
        }
        status(404, &[])
    }

    async fn serve(&self) -> Server {
        let forum = self.clone();
        Server::start(move |uri, _| forum.answer(uri)).await
    }
}

fn collector(server: &Server, keys: &str) -> Box<dyn Collector> {
    let config: DiscourseConfig = toml::from_str(&format!("url = \"{}\"\n{keys}", server.url("/forum"))).unwrap();
    let source = feed_source("forum", "https://example.org/");
    config.collector(Context { gateway: server.gateway(), ..context(source) })
}

fn id(number: u64) -> PostId {
    PostId::new(&"forum".parse().unwrap(), &number.to_string())
}

#[tokio::test]
async fn posts_are_read_and_what_is_no_contribution_is_left_out() {
    let with = |number: u64, key: &str, value: Value| {
        let mut post = post(number, 9, 2, "<p>x</p>");
        post[key] = value;
        post
    };
    let forum = Forum::default();
    *forum.0.lock().unwrap() = vec![
        post(1, 9, 1, "<p>Nine <b>hours</b></p>"),
        post(2, 9, 2, "<aside class=\"quote\"><blockquote>Nine hours</blockquote></aside><p>Here too</p>"),
        with(3, "post_type", json!(3)),
        with(4, "post_type", json!(4)),
        with(5, "hidden", json!(true)),
        with(6, "user_deleted", json!(true)),
        with(7, "category_id", json!(5)),
        with(8, "user_id", json!(-1)),
        with(9, "created_at", json!("nonsense")),
    ];
    let server = forum.serve().await;
    let batch = collector(&server, "categories = [4]").collect(&Cursor::default()).await.unwrap();
    assert_eq!(batch.notice.as_deref(), Some("1 entries could not be read and were left out"));
    let (posts, _) = sorted_out(batch.changes);
    assert_eq!(posts.iter().map(|post| post.id).collect::<Vec<_>>(), [id(1), id(2)]);
    assert_eq!((posts[0].title.as_deref(), posts[0].text.as_str()), (Some("Long waits"), "Nine hours"));
    assert_eq!((posts[1].title.as_deref(), posts[1].text.as_str()), (None, "Here too"));
    assert_eq!(posts[1].url.as_deref(), Some(server.url("/forum/t/long-waits/9/2").as_str()));
    assert!(!serde_json::to_string(&posts).unwrap().contains("zq_handle"));
}

#[tokio::test]
async fn a_forum_is_walked_down_to_the_backfill_and_later_to_the_last_known_post() {
    let forum = Forum::default();
    *forum.0.lock().unwrap() = (1..=130).map(|n| post(n, n, 1, "<p>text</p>")).collect();
    let server = forum.serve().await;
    let mut collector = collector(&server, "backfill = \"1930m\"");
    let first = collector.collect(&Cursor::default()).await.unwrap();
    assert_eq!(sorted_out(first.changes).0.len(), 60);
    let before = server.requests().len();
    forum.0.lock().unwrap().push(post(131, 131, 1, "<p>new</p>"));
    let second = collector.collect(&first.cursor).await.unwrap();
    assert_eq!(sorted_out(second.changes).0.len(), 1);
    let asked: Vec<Option<String>> = server.requests()[before..].iter().map(|(uri, _)| query(uri, "before")).collect();
    assert_eq!(asked, [None, Some("131".into()), Some("91".into())], "the new page, and two of the rotation");
}

#[tokio::test]
async fn edits_and_deletions_show_in_the_pages() {
    let forum = Forum::default();
    *forum.0.lock().unwrap() = (1..=70).map(|n| post(n, n, 1, "<p>text</p>")).collect();
    let server = forum.serve().await;
    let mut collector = collector(&server, "");
    let first = collector.collect(&Cursor::default()).await.unwrap();
    {
        let mut posts = forum.0.lock().unwrap();
        posts[2]["cooked"] = json!("<p>edited</p>");
        posts[3]["hidden"] = json!(true);
        posts.remove(65);
        posts.remove(5);
    }
    let (posts, mut deleted) = sorted_out(collector.collect(&first.cursor).await.unwrap().changes);
    assert_eq!(posts.iter().map(|post| post.text.as_str()).collect::<Vec<_>>(), ["edited"]);
    deleted.sort();
    let mut expected = [id(4), id(6), id(66)];
    expected.sort();
    assert_eq!(deleted, expected);
}

#[tokio::test]
async fn what_was_passed_over_in_a_topic_is_fetched_from_it() {
    let forum = Forum::default();
    *forum.0.lock().unwrap() = vec![post(10, 9, 1, "<p>a</p>"), post(11, 9, 2, "<p>b</p>")];
    *forum.1.lock().unwrap() = vec![post(5, 9, 3, "<p>was private</p>"), post(12, 9, 4, "<p>d</p>")];
    let server = forum.serve().await;
    let mut collector = collector(&server, "");
    let first = collector.collect(&Cursor::default()).await.unwrap();
    forum.0.lock().unwrap().push(post(12, 9, 4, "<p>d</p>"));
    let second = collector.collect(&first.cursor).await.unwrap();
    let texts: Vec<String> = sorted_out(second.changes).0.into_iter().map(|post| post.text).collect();
    assert_eq!(texts, ["was private", "d"]);
    let topic =
        server.requests().iter().map(|(uri, _)| uri.clone()).find(|uri| uri.path() == "/forum/t/9/posts.json").unwrap();
    assert_eq!((query(&topic, "post_number").as_deref(), query(&topic, "asc").as_deref()), (Some("2"), Some("true")));
}

#[tokio::test]
async fn what_is_no_forum_is_refused() {
    let server = Server::start(|_, _| ok("text/html", "<html>Log in</html>")).await;
    let error = collector(&server, "").collect(&Cursor::default()).await.unwrap_err();
    assert!(error.to_string().contains("a Discourse forum, and public?"), "{error}");
    let error = toml::from_str::<DiscourseConfig>("url = \"https://example.org/?a=b\"").unwrap_err();
    assert!(error.message().contains("the address of the site itself"), "{error}");
}
