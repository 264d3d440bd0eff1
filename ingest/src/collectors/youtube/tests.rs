use std::sync::{Arc, Mutex};

use axum::body::Body;
use axum::http::{HeaderMap, Response, StatusCode, Uri};
use bus::PostId;
use serde_json::{Value, json};

use super::*;
use crate::collector::{Collector, Cursor};
use crate::collectors::Kind;
use crate::testing::server::{Server, ok};
use crate::testing::{ago, context, feed_source, query, secret_file, sorted_out};

fn comment(id: &str, minutes: u64, text: &str) -> Value {
    let at = ago(Duration::from_mins(minutes)).to_string();
    json!({"kind": "youtube#comment", "id": id, "snippet": {"textDisplay": text, "authorDisplayName": "zq_handle",
        "authorChannelUrl": "http://www.youtube.com/@zq_handle", "authorChannelId": {"value": "UCperson"},
        "publishedAt": at, "updatedAt": at, "likeCount": 1}})
}

fn thread(id: &str, minutes: u64, text: &str, replies: &[Value], count: usize) -> Value {
    json!({"kind": "youtube#commentThread", "id": id, "snippet": {"videoId": "video-1", "isPublic": true,
        "topLevelComment": comment(id, minutes, text), "totalReplyCount": count, "canReply": true},
        "replies": {"comments": replies}})
}

/// What is written under a video: the threads, newest first, and all replies.
#[derive(Clone, Default)]
struct YouTube {
    threads: Arc<Mutex<Vec<Value>>>,
    replies: Arc<Mutex<Vec<Value>>>,
    /// The reason of a refusal, and the video that it concerns ("" for everything).
    refusal: Arc<Mutex<Option<(String, u16, String)>>>,
}

impl YouTube {
    fn answer(&self, uri: &Uri, headers: &HeaderMap) -> Response<Body> {
        assert_eq!(headers["x-goog-api-key"], "s3cret");
        if let Some((video, code, reason)) = self.refusal.lock().unwrap().as_ref()
            && (video.is_empty() || query(uri, "videoId").as_ref() == Some(video))
        {
            let body =
                json!({"error": {"code": code, "message": "no", "errors": [{"domain": "youtube", "reason": reason}]}});
            let mut refused = ok("application/json", body.to_string());
            *refused.status_mut() = StatusCode::from_u16(*code).unwrap();
            return refused;
        }
        let threads = uri.path() == "/youtube/v3/commentThreads";
        let all = if threads { self.threads.lock().unwrap().clone() } else { self.replies.lock().unwrap().clone() };
        let mut chosen: Vec<Value> = match (query(uri, "id"), query(uri, "parentId")) {
            (Some(ids), _) => all.into_iter().filter(|item| ids.split(',').any(|id| item["id"] == id)).collect(),
            (_, Some(parent)) => {
                all.into_iter().filter(|item| item["id"].as_str().unwrap().starts_with(&format!("{parent}."))).collect()
            }
            _ => all,
        };
        let skip: usize = query(uri, "pageToken").map_or(0, |token| token.parse().unwrap());
        let limit = if query(uri, "id").is_some() { 50 } else { 3 };
        let page: Vec<Value> = chosen.drain(..).skip(skip).take(limit).collect();
        let mut body = json!({"kind": "youtube#list", "items": page});
        if page.len() == 3 {
            body["nextPageToken"] = json!((skip + 3).to_string());
        }
        ok("application/json", body.to_string())
    }

    async fn serve(&self) -> Server {
        let youtube = self.clone();
        Server::start(move |uri, headers| youtube.answer(uri, headers)).await
    }
}

fn collector(server: &Server, videos: &[&str]) -> (Box<dyn Collector>, tempfile::TempDir) {
    let (dir, key) = secret_file("s3cret");
    let config = YouTubeConfig {
        videos: videos.iter().map(|&video| video.to_owned()).collect(),
        channels: Vec::new(),
        key,
        backfill: Duration::from_hours(24),
        api: server.url("/"),
    };
    let source = feed_source("video", "https://example.org/");
    (config.collector(Context { gateway: server.gateway(), ..context(source) }), dir)
}

fn id(native: &str) -> PostId {
    PostId::new(&"video".parse().unwrap(), native)
}

#[tokio::test]
async fn threads_and_all_their_replies_become_posts() {
    let youtube = YouTube::default();
    let replies: Vec<Value> = (0..7).map(|n| comment(&format!("T2.{n}"), 20, "a reply")).collect();
    *youtube.threads.lock().unwrap() = vec![
        thread("T1", 10, "Nine hours", &[], 0),
        thread("T2", 30, "Here too", &replies[..2], 7),
        thread("T3", 40, "", &[], 0),
        thread("T4", 60 * 30, "too old", &[comment("T4.0", 5, "but answered today")], 1),
    ];
    *youtube.replies.lock().unwrap() = replies.into_iter().chain([comment("T4.0", 5, "but answered today")]).collect();
    let server = youtube.serve().await;
    let (mut collector, _dir) = collector(&server, &["video-1"]);
    let batch = collector.collect(&Cursor::default()).await.unwrap();
    let (posts, _) = sorted_out(batch.changes);
    assert_eq!(posts.len(), 10);
    let first = posts.iter().find(|post| post.id == id("T1")).unwrap();
    assert_eq!(first.url.as_deref(), Some("https://www.youtube.com/watch?v=video-1&lc=T1"));
    assert!(posts.iter().any(|post| post.id == id("T4.0")) && !posts.iter().any(|post| post.id == id("T4")));
    assert!(!serde_json::to_string(&posts).unwrap().contains("zq_handle"));
    // Nothing changed: no thread's replies are fetched again, and nothing is sent again.
    let before = server.requests().len();
    assert!(collector.collect(&batch.cursor).await.unwrap().changes.is_empty());
    assert!(server.requests()[before..].iter().all(|(uri, _)| query(uri, "parentId").is_none()));
}

#[tokio::test]
async fn edits_deletions_and_new_replies_under_watched_threads_are_found() {
    let youtube = YouTube::default();
    let replies = [comment("T1.0", 8, "a reply"), comment("T1.1", 7, "another")];
    *youtube.threads.lock().unwrap() =
        vec![thread("T1", 10, "Nine hours", &replies, 2), thread("T2", 30, "Here too", &[], 0)];
    *youtube.replies.lock().unwrap() = replies.to_vec();
    let server = youtube.serve().await;
    let (mut collector, _dir) = collector(&server, &["video-1"]);
    let first = collector.collect(&Cursor::default()).await.unwrap();
    assert_eq!(first.changes.len(), 4);
    let changed = [comment("T1.0", 8, "a reply, edited"), comment("T1.2", 1, "new")];
    *youtube.threads.lock().unwrap() = vec![thread("T1", 10, "Nine hours", &changed, 2)];
    *youtube.replies.lock().unwrap() = changed.to_vec();
    let (posts, deleted) = sorted_out(collector.collect(&first.cursor).await.unwrap().changes);
    let texts: Vec<&str> = posts.iter().map(|post| post.text.as_str()).collect();
    assert_eq!(texts, ["a reply, edited", "new"]);
    let gone: std::collections::BTreeSet<PostId> = deleted.into_iter().collect();
    assert_eq!(gone, ["T1.1", "T2"].map(id).into());
}

#[tokio::test]
async fn a_restart_sends_no_reply_again() {
    let youtube = YouTube::default();
    let replies = [comment("T1.0", 8, "a reply")];
    *youtube.threads.lock().unwrap() = vec![thread("T1", 10, "Nine hours", &replies, 1)];
    *youtube.replies.lock().unwrap() = replies.to_vec();
    let server = youtube.serve().await;
    let (mut before, _one) = collector(&server, &["video-1"]);
    let cursor = before.collect(&Cursor::default()).await.unwrap().cursor;
    let (mut after, _two) = collector(&server, &["video-1"]);
    assert!(after.collect(&cursor).await.unwrap().changes.is_empty());
}

#[tokio::test]
async fn comments_that_are_turned_off_are_a_notice_and_do_not_hinder_other_videos() {
    let youtube = YouTube::default();
    *youtube.threads.lock().unwrap() = vec![thread("T1", 10, "Nine hours", &[], 0)];
    *youtube.refusal.lock().unwrap() = Some(("video-0".into(), 403, "commentsDisabled".into()));
    let server = youtube.serve().await;
    let (mut collector, _dir) = collector(&server, &["video-0", "video-1"]);
    let batch = collector.collect(&Cursor::default()).await.unwrap();
    assert_eq!(batch.notice.as_deref(), Some("comments under video-0 are turned off"));
    assert_eq!(batch.changes.len(), 1);
}

#[tokio::test]
async fn a_used_up_quota_waits_for_the_next_day_and_a_refused_key_is_named() {
    let youtube = YouTube::default();
    let server = youtube.serve().await;
    let (mut collector, dir) = collector(&server, &["video-1"]);
    *youtube.refusal.lock().unwrap() = Some((String::new(), 403, "quotaExceeded".into()));
    let error = collector.collect(&Cursor::default()).await.unwrap_err();
    assert!(
        matches!(error, CollectError::RateLimited { retry_after: Some(wait), .. } if wait <= Duration::from_hours(25)),
        "{error}"
    );
    *youtube.refusal.lock().unwrap() = Some((String::new(), 400, "badRequest".into()));
    let error = collector.collect(&Cursor::default()).await.unwrap_err();
    assert!(matches!(error, CollectError::Unauthorized { .. }));
    assert!(error.to_string().contains(dir.path().to_str().unwrap()), "{error}");
}

#[test]
fn the_configuration_is_checked() {
    let parse = |keys: &str| toml::from_str::<YouTubeConfig>(keys).map_err(|error| error.message().to_owned());
    let config = parse("channels = [\"UC123456\"]\nkey = { env = \"K\" }").unwrap();
    assert_eq!(config.location(), "https://www.youtube.com/channel/UC123456");
    assert!(parse("key = { env = \"K\" }").unwrap_err().contains("at least one video"));
    assert!(parse("videos = [\"https://youtu.be/x\"]\nkey = { env = \"K\" }").unwrap_err().contains("is not the id"));
    assert!(parse("videos = [\"abcdef\"]").unwrap_err().contains("missing field `key`"));
}
