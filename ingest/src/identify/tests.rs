use axum::body::Body;
use axum::http::{Response, Uri};

use super::*;
use crate::testing::server::{Server, ok, status};

/// What `url` on a server with these pages is; every other address is not found.
async fn identified(pages: &'static [(&str, &str, &str)], path: &str) -> (Result<String, String>, Vec<String>) {
    let answer = move |uri: &Uri| -> Response<Body> {
        let page = pages.iter().find(|(path, ..)| *path == uri.path());
        page.map_or_else(|| status(404, &[]), |(_, media_type, body)| ok(media_type, *body))
    };
    let server = Server::start(move |uri, _| answer(uri)).await;
    let outcome = identify(&server.url(path), &server.gateway()).await;
    let address = server.address.to_string();
    let told = outcome.map(|proposal| proposal.entry("x", &Choices::default()).replace(&address, "HOST"));
    let asked = server.requests().iter().map(|(uri, _)| uri.path().to_owned()).collect();
    (told.map_err(|reason| reason.replace(&address, "HOST")), asked)
}

const RSS: &str = "<rss version=\"2.0\"><channel><title>Ward news</title></channel></rss>";

#[tokio::test]
async fn a_feed_is_told_by_its_content() {
    let (told, asked) = identified(&[("/feed.xml", "text/plain", RSS)], "/feed.xml").await;
    assert_eq!(
        told.unwrap(),
        "[[source]]\nid = \"x\"\nname = \"Ward news\"\nkind = \"feed\"\nurl = \"http://HOST/feed.xml\"\n"
    );
    assert_eq!(asked, ["/feed.xml"], "a feed is there for programs: robots.txt is about pages");
}

#[tokio::test]
async fn a_page_leads_to_its_feed_unless_its_owner_keeps_programs_out() {
    const PAGE: &str = "<html><head><title>The ward</title><link rel=\"alternate\" type=\"application/rss+xml\" title=\"All news\" href=\"/all\"><link rel=\"alternate\" type=\"application/rss+xml\" href=\"/other\"></head></html>";
    let (told, _) = identified(&[("/", "text/html", PAGE)], "/").await;
    let told = told.unwrap();
    assert!(told.contains("name = \"All news\"") && told.contains("url = \"http://HOST/all\""), "{told}");
    let closed = &[("/", "text/html", PAGE), ("/robots.txt", "text/plain", "User-agent: *\nDisallow: /")];
    let (told, asked) = identified(closed, "/").await;
    assert!(told.unwrap_err().contains("asks programs not to read"));
    assert_eq!(asked, ["/robots.txt"]);
}

#[tokio::test]
async fn servers_of_the_open_networks_are_told_by_what_they_answer() {
    const FORUM: &str =
        "<html><head><title>Carers' forum</title><meta name=\"generator\" content=\"Discourse 3.4\"></head></html>";
    let forum =
        &[("/c/gp/12", "text/html", FORUM), ("/site.json", "application/json", "{\"default_archetype\": \"regular\"}")];
    let told = identified(forum, "/c/gp/12").await.0.unwrap();
    assert!(told.contains("kind = \"discourse\"\nurl = \"http://HOST/\"\ncategories = [12]"), "{told}");
    let mastodon = &[("/api/v2/instance", "application/json", "{\"domain\": \"x\"}"), ("/", "text/html", "<p>hello")];
    let told = identified(mastodon, "/tags/nhs").await.0.unwrap();
    assert!(told.contains("kind = \"mastodon\"\nurl = \"http://HOST/\"\ntags = [\"nhs\"]"), "{told}");
    assert!(identified(mastodon, "/").await.0.unwrap_err().ends_with("such as http://HOST/tags/nhs"));
    let lemmy = &[("/api/v3/site", "application/json", "{\"site_view\": {}}")];
    let told = identified(lemmy, "/c/health").await.0.unwrap();
    assert!(told.contains("kind = \"lemmy\"\nurl = \"http://HOST/\"\ncommunities = [\"health\"]"), "{told}");
}

#[tokio::test]
async fn what_is_no_source_is_said_to_be_none() {
    let (told, asked) = identified(&[("/", "text/html", "<p>hello")], "/").await;
    assert!(told.unwrap_err().contains("no feed is named on http://HOST/"));
    assert_eq!(asked, ["/robots.txt", "/", "/site.json", "/api/v2/instance", "/api/v3/site"]);
    let (told, _) = identified(&[], "/tags/nhs").await;
    assert!(told.unwrap_err().contains("does not answer as a Mastodon server does"));
}

#[test]
fn an_id_is_a_slug_that_nobody_has() {
    let id = |name: &str, taken: &[&str]| Proposal::new("feed", name, Vec::new()).id(taken.iter().copied());
    assert_eq!(id("NHS England: News & views", &[]), "nhs-england-news-views");
    assert_eq!(id("Leeds", &["leeds", "leeds-2"]), "leeds-3");
    assert_eq!(
        id("Ysbyty Gwynedd: newyddion yr ysbyty a'r bwrdd iechyd", &[]),
        "ysbyty-gwynedd-newyddion-yr-ysbyty-a-r-b"
    );
    assert_eq!(id("健康", &[]), "feed");
}
