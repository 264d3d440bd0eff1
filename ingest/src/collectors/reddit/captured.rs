
use super::*;
use crate::collector::{Collector, Cursor};
use crate::collectors::Kind;
use crate::testing::server::{Server, ok};
use crate::testing::{context, feed_source, secret_file, sorted_out};

#[tokio::test]
async fn captured() {
    let mut files: Vec<_> = std::fs::read_dir("/work/shared/data/payloads/reddit")
        .unwrap()
        .map(|e| e.unwrap().path())
        .filter(|p| p.extension().is_some_and(|e| e == "json"))
        .collect();
    files.sort();
    let (mut read, mut refused, mut posts_all) = (0, 0, 0);
    for file in files {
        let body = std::fs::read(&file).unwrap();
        let server = Server::start(move |uri, _| {
            if uri.path() == "/api/v1/access_token" {
                return ok("application/json", r#"{"access_token": "t", "expires_in": 3600}"#);
            }
            if uri.path().ends_with("/new") && uri.query().is_some_and(|q| !q.contains("after=")) {
                ok("application/json", body.clone())
            } else {
                ok("application/json", r#"{"data": {"children": [], "after": null}}"#)
            }
        })
        .await;
        let (_dir, secret) = secret_file("x");
        let config = {
            let mut c: RedditConfig = toml::from_str("subreddits = [\"nhs\"]").unwrap();
            c.backfill = Duration::from_hours(24 * 365 * 20);
            c.hosts = config::Hosts { api: server.url("/"), www: server.url("/") };
            c.client = Some(Client { id: "id".into(), secret });
            c
        };
        let mut collector = config
            .collector(Context { gateway: server.gateway(), ..context(feed_source("c", "https://example.org/")) });
        let name = file.file_name().unwrap().to_string_lossy().into_owned();
        match collector.collect(&Cursor::default()).await {
            Ok(batch) => {
                read += 1;
                let notice = batch.notice.clone();
                let (posts, _) = sorted_out(batch.changes);
                posts_all += posts.len();
                eprintln!("reddit {name}: {} posts, notice {notice:?}", posts.len());
            }
            Err(error) => {
                refused += 1;
                eprintln!("reddit {name}: REFUSED {error}");
            }
        }
    }
    eprintln!("reddit TOTAL: {read} read, {refused} refused, {posts_all} posts");
}
