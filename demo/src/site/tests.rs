//! The site as a collector sees it, over HTTP.

use std::collections::{HashMap, HashSet};
use std::sync::atomic::{AtomicI64, Ordering};

use bus::Channel;
use jiff::SignedDuration;
use serde_json::Value;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;

use super::*;
use crate::outlet::{FOLLOWED_TAGS, Format, OUTLETS};

const END: Timestamp = Timestamp::constant(1_783_328_400, 0);

/// A running site whose clock the test sets.
struct Running {
    site: DemoSite,
    conversation: Conversation,
    now_s: Arc<AtomicI64>,
    cancel: CancellationToken,
    folder: tempfile::TempDir,
}

struct Answer {
    status: u16,
    headers: HashMap<String, String>,
    body: String,
}

impl Running {
    /// A site at `days` days of its conversation.
    async fn at(days: i64) -> Self {
        let conversation = Conversation::new(crate::SEED, END);
        let start = conversation.start().as_second();
        let now_s = Arc::new(AtomicI64::new(start + days * 86_400));
        let shared = Arc::clone(&now_s);
        let clock: Clock = Arc::new(move || Timestamp::from_second(shared.load(Ordering::SeqCst)).unwrap());
        let folder = tempfile::tempdir().unwrap();
        let cancel = CancellationToken::new();
        let listen = "127.0.0.1:0".parse().unwrap();
        let site = DemoSite::start(conversation, clock, listen, folder.path(), cancel.clone()).await.unwrap();
        Self { site, conversation, now_s, cancel, folder }
    }

    fn now(&self) -> Timestamp {
        Timestamp::from_second(self.now_s.load(Ordering::SeqCst)).unwrap()
    }

    async fn get(&self, target: &str) -> Answer {
        self.get_with(target, "").await
    }

    /// Asks for a path, or for a whole address on the site, with further header lines.
    async fn get_with(&self, target: &str, headers: &str) -> Answer {
        let base = format!("http://{}", self.site.addr);
        let path = target.strip_prefix(&base).unwrap_or(target);
        let mut stream = TcpStream::connect(self.site.addr).await.unwrap();
        let request = format!("GET {path} HTTP/1.1\r\nHost: {}\r\nConnection: close\r\n{headers}\r\n", self.site.addr);
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut bytes = Vec::new();
        stream.read_to_end(&mut bytes).await.unwrap();
        let text = String::from_utf8(bytes).unwrap();
        let (head, body) = text.split_once("\r\n\r\n").unwrap();
        let mut lines = head.lines();
        let status = lines.next().unwrap().split(' ').nth(1).unwrap().parse().unwrap();
        let headers = lines
            .filter_map(|line| line.split_once(": "))
            .map(|(name, value)| (name.to_lowercase(), value.to_owned()))
            .collect();
        Answer { status, headers, body: body.to_owned() }
    }

    /// Ids of everything that stands at the outlet now.
    fn expected(&self, slug: &str) -> HashSet<String> {
        let now = self.now();
        let from = self.conversation.start();
        let posts = self.conversation.posts_between(from, now + SignedDuration::from_secs(1));
        posts
            .filter(|post| post.outlet == slug && post.text_at(now).is_some())
            .map(|post| post.id.0.to_string())
            .collect()
    }

    async fn stop(self) {
        self.cancel.cancel();
        self.site.finished().await;
    }
}

/// The address that a `Link` header gives for `rel`.
fn linked(answer: &Answer, rel: &str) -> Option<String> {
    let links = answer.headers.get("link")?;
    let link = links.split(", ").find(|link| link.ends_with(&format!("rel=\"{rel}\"")))?;
    Some(link.split_once('<')?.1.split_once('>')?.0.to_owned())
}

#[tokio::test]
async fn all_hashtags_together_give_each_status_of_an_instance_forwards_and_backwards() {
    let running = Running::at(6).await;
    let slug = "midshires-town";
    let (mut forwards, mut backwards) = (HashSet::new(), HashSet::new());
    for tag in FOLLOWED_TAGS {
        let base = format!("/{slug}/api/v1/timelines/tag/{}?limit=40", tag.to_lowercase());
        for (rel, first, all) in
            [("prev", format!("{base}&min_id=1"), &mut forwards), ("next", base.clone(), &mut backwards)]
        {
            let mut target = Some(first);
            let mut of_tag = HashSet::new();
            while let Some(page) = target {
                let answer = running.get(&page).await;
                assert_eq!(answer.status, 200);
                let statuses: Vec<Value> = serde_json::from_str(&answer.body).unwrap();
                assert!(statuses.len() <= 40);
                for status in &statuses {
                    let id = status["id"].as_str().unwrap().to_owned();
                    assert!(of_tag.insert(id), "twice: {status}");
                }
                target = linked(&answer, rel);
            }
            all.extend(of_tag);
        }
    }
    assert_eq!(forwards, running.expected(slug));
    assert_eq!(backwards, forwards);
    running.stop().await;
}

#[tokio::test]
async fn every_feed_is_read_to_its_first_entry_and_each_entry_comes_once() {
    let running = Running::at(12).await;
    for outlet in OUTLETS.iter().filter(|outlet| outlet.format != Format::Mastodon) {
        let mut target = Some(format!("/{}/{}", outlet.slug, feeds::feed_file(outlet)));
        let mut found = HashSet::new();
        while let Some(page) = target {
            let answer = running.get(&page).await;
            let feed = feed_rs::parser::parse(answer.body.as_bytes()).unwrap();
            assert!(feed.title.unwrap().content.ends_with("(fictional)"));
            assert!(answer.body.contains(NOTICE));
            for entry in feed.entries {
                assert!(!entry.authors.is_empty() && entry.published.is_some() && entry.title.is_some());
                let id = entry.id.rsplit('/').next().unwrap().to_owned();
                assert!(found.insert(id), "twice: {}", entry.id);
            }
            let json: Option<Value> = serde_json::from_str(&answer.body).ok();
            target = match json {
                Some(json) => json["next_url"].as_str().map(str::to_owned),
                None => {
                    feed.links.iter().find(|link| link.rel.as_deref() == Some("next")).map(|link| link.href.clone())
                }
            };
        }
        assert_eq!(found, running.expected(outlet.slug), "{}", outlet.slug);
    }
    running.stop().await;
}

#[tokio::test]
async fn nothing_is_served_before_its_time() {
    let running = Running::at(3).await;
    let later = running.now() + SignedDuration::from_hours(2);
    let coming: Vec<_> =
        running.conversation.posts_between(running.now() + SignedDuration::from_secs(1), later).collect();
    let status = coming.iter().find(|post| post.channel == Channel::Social && post.deleted_at.is_none()).unwrap();
    let path = format!("/{}/api/v1/statuses/{}", status.outlet, status.id.0);
    assert_eq!(running.get(&path).await.status, 404);
    running.now_s.store(later.as_second(), Ordering::SeqCst);
    let answer = running.get(&path).await;
    assert_eq!(answer.status, 200);
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(json["account"]["acct"], status.author.as_str());
    let newest = running.get(&format!("/{}/api/v1/timelines/tag/nhs?limit=1", status.outlet)).await;
    let newest: Vec<Value> = serde_json::from_str(&newest.body).unwrap();
    assert!(
        newest[0]["created_at"].as_str().unwrap().parse::<Timestamp>().unwrap() > later - SignedDuration::from_hours(1)
    );
    running.stop().await;
}

#[tokio::test]
async fn edits_are_shown_and_deleted_statuses_vanish() {
    let running = Running::at(10).await;
    let posts = || running.conversation.posts_between(running.conversation.start(), running.now());
    let social = |post: &DemoPost| post.channel == Channel::Social;
    let edited =
        posts().find(|post| social(post) && post.text_at(running.now()) != Some(&post.text) && post.edited.is_some());
    let edited = edited.unwrap();
    let answer = running.get(&format!("/{}/api/v1/statuses/{}", edited.outlet, edited.id.0)).await;
    let json: Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(json["edited_at"].as_str().unwrap().parse::<Timestamp>().unwrap(), edited.edited.unwrap().0);
    let deleted = posts().find(|post| post.deleted_at.is_some_and(|at| at < running.now())).unwrap();
    assert_eq!(running.get(&format!("/{}/api/v1/statuses/{}", deleted.outlet, deleted.id.0)).await.status, 404);
    assert_eq!(running.get(&format!("/statuses/{}", deleted.id.0)).await.status, 404);
    running.stop().await;
}

#[tokio::test]
async fn who_has_a_document_already_is_told_so() {
    let running = Running::at(2).await;
    for path in
        ["/wharfedale-courier/feed.xml", "/thameside-enquirer/feed.json", "/commons-chat/api/v1/timelines/tag/gp"]
    {
        let first = running.get(path).await;
        let etag = &first.headers["etag"];
        let again = running.get_with(path, &format!("If-None-Match: {etag}\r\n")).await;
        assert_eq!((again.status, again.body.as_str()), (304, ""), "{path}");
        let other = running.get_with(path, "If-None-Match: \"other\"\r\n").await;
        assert_eq!(other.status, 200);
        if let Some(modified) = first.headers.get("last-modified") {
            let again = running.get_with(path, &format!("If-Modified-Since: {modified}\r\n")).await;
            assert_eq!(again.status, 304);
        }
    }
    running.stop().await;
}

#[tokio::test]
async fn the_sources_file_names_every_document_and_two_that_fail() {
    let running = Running::at(1).await;
    let urls: Vec<&str> =
        running.site.sources_toml.lines().filter_map(|line| line.strip_prefix("url = \"")?.strip_suffix('"')).collect();
    assert_eq!(urls.len(), OUTLETS.len() + 2);
    let mut failing = Vec::new();
    for url in urls {
        let url = if url.ends_with('/') { format!("{url}api/v1/timelines/tag/NHS") } else { url.to_owned() };
        let answer = running.get(&url).await;
        assert_eq!(answer.headers.get("set-cookie"), None);
        if answer.status != 200 || answer.body.starts_with("<!doctype html>") {
            failing.push(url);
        }
    }
    assert_eq!(failing.len(), 2, "{failing:?}");
    assert!(running.get("/").await.body.contains(NOTICE));
    running.stop().await;
}

#[tokio::test]
async fn a_port_in_use_is_named() {
    let running = Running::at(0).await;
    let clock: Clock = Arc::new(|| END);
    let folder = running.folder.path();
    let cancel = CancellationToken::new();
    let second = DemoSite::start(running.conversation, clock, running.site.addr, folder, cancel).await;
    let message = second.unwrap_err().to_string();
    assert!(message.contains(&running.site.addr.to_string()) && message.contains("choose another"), "{message}");
    running.stop().await;
}
