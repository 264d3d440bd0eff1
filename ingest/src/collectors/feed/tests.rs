use axum::http::HeaderValue;
use bus::Channel;
use insta::assert_snapshot;

use super::*;
use crate::testing::server::{Server, ok, status};
use crate::testing::{context, feed_source};

fn key() -> IdKey {
    IdKey::new([7; 32])
}

fn posts_of(document: impl AsRef<[u8]>) -> Vec<Post> {
    read_file(document.as_ref(), &feed_source("test", "https://example.org/feed"), &key()).unwrap()
}

fn error_of(document: impl AsRef<[u8]>) -> String {
    read_file(document.as_ref(), &feed_source("test", "https://example.org/feed"), &key()).unwrap_err()
}

/// The posts as a person would list them.
fn listed(posts: &[Post]) -> String {
    let line = |post: &Post| {
        format!(
            "{} | {} | {:?} | {} | author {}",
            post.created_at,
            post.title.as_deref().unwrap_or("-"),
            post.text,
            post.url.as_deref().unwrap_or("-"),
            if post.author.is_some() { "yes" } else { "no" },
        )
    };
    posts.iter().map(line).collect::<Vec<_>>().join("\n")
}

const RSS: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<rss version="2.0" xmlns:content="http://purl.org/rss/1.0/modules/content/" xmlns:dc="http://purl.org/dc/elements/1.1/">
<channel><title>Hospital news</title><link>https://example.org/</link><ttl>120</ttl>
<item><title>Ward &amp; clinic close</title><link>https://example.org/1</link><guid>g-1</guid>
  <pubDate>Mon, 03 Mar 2025 09:00:00 GMT</pubDate><dc:creator>Ann Lee</dc:creator>
  <description>short</description>
  <content:encoded><![CDATA[<p>Ward &amp; clinic close.</p><p>People must travel <b>further</b>.</p><p>The post Ward appeared first on News.</p>]]></content:encoded></item>
<item><title>Only a title</title><link>https://example.org/2</link><pubDate>Tue, 04 Mar 2025 09:00:00 GMT</pubDate></item>
<item><description>No title, no date, no link</description></item>
<item><guid>empty</guid></item>
</channel></rss>"#;

#[test]
fn rss_becomes_posts_whose_text_does_not_repeat_the_title() {
    let posts = posts_of(RSS);
    assert_snapshot!(listed(&posts[..2]), @r#"
2025-03-03T09:00:00Z | Ward & clinic close | "People must travel further." | https://example.org/1 | author yes
2025-03-04T09:00:00Z | - | "Only a title" | https://example.org/2 | author no
"#);
    assert_eq!(posts.len(), 3, "an entry that says nothing is no post");
    assert_eq!(posts[2].text, "No title, no date, no link");
}

#[test]
fn ids_are_the_guid_or_the_link_or_made_from_the_content_and_stay() {
    let (first, second) = (posts_of(RSS), posts_of(RSS));
    let ids = |posts: &[Post]| posts.iter().map(|post| post.id).collect::<Vec<_>>();
    assert_eq!(ids(&first), ids(&second));
    let edited = posts_of(RSS.replace("Only a title", "Another title").replace("further", "less"));
    assert_eq!(ids(&first), ids(&edited));
}

#[test]
fn atom_and_json_feed_become_posts() {
    let atom = r#"<feed xmlns="http://www.w3.org/2005/Atom" xml:lang="cy"><title>t</title><id>f</id><updated>2025-03-01T00:00:00Z</updated>
        <entry><title type="html">Gwasanaeth &lt;i&gt;newydd&lt;/i&gt;</title><id>e1</id><link href="https://example.org/a"/>
        <updated>2025-03-01T10:00:00Z</updated><author><name>Siân</name></author>
        <summary type="html">&lt;p&gt;Mae'r ward ar gau.&lt;/p&gt;</summary></entry></feed>"#;
    assert_snapshot!(listed(&posts_of(atom)), @r#"2025-03-01T10:00:00Z | Gwasanaeth newydd | "Mae'r ward ar gau." | https://example.org/a | author yes"#);
    let json = r#"{"version":"https://jsonfeed.org/version/1.1","title":"t","language":"en-GB","items":[
        {"id":"1","url":"https://example.org/j","content_text":"Waited 5 < 6 hours","date_published":"2025-03-01T10:00:00Z"}]}"#;
    let posts = posts_of(json);
    assert_snapshot!(listed(&posts), @r#"2025-03-01T10:00:00Z | - | "Waited 5 < 6 hours" | https://example.org/j | author no"#);
    assert_eq!(posts[0].language_hint.as_deref(), Some("en-GB"));
}

#[test]
fn impossible_dates_become_the_time_of_collection() {
    let future = posts_of(RSS.replace("03 Mar 2025", "03 Mar 2999").replace("04 Mar 2025", "04 Mar 1970"));
    assert!(future.iter().all(|post| post.created_at == post.collected_at));
}

#[test]
fn a_wrong_or_missing_encoding_is_seen_through() {
    let latin = |xml: &str| xml.chars().map(|c| u8::try_from(c).unwrap()).collect::<Vec<u8>>();
    let xml = |encoding: &str| {
        format!(
            "<?xml version=\"1.0\" encoding=\"{encoding}\"?><rss version=\"2.0\"><channel><item><title>café £5</title></item></channel></rss>"
        )
    };
    assert_eq!(posts_of(latin(&xml("utf-8")))[0].text, "café £5");
    assert_eq!(posts_of(latin(&xml("iso-8859-1")))[0].text, "café £5");
    assert_eq!(posts_of(xml("iso-8859-1"))[0].text, "café £5");
    let utf16: Vec<u8> = xml("utf-16").encode_utf16().flat_map(u16::to_le_bytes).collect();
    assert_eq!(posts_of(utf16)[0].text, "café £5");
}

#[test]
fn faults_that_feed_rs_does_not_forgive_are_mended() {
    let versionless = RSS.replace(" version=\"2.0\"", "");
    assert_eq!(posts_of(versionless).len(), 3);
    let entity = RSS.replace("Only a title", "Only a&nbsp;title&hellip; R&D");
    assert_eq!(posts_of(entity)[1].text, "Only a title… R&D");
    let atom_03 = r#"<feed version="0.3" xmlns="http://purl.org/atom/ns#"><title>t</title><modified>2004-01-01T00:00:00Z</modified>
        <entry><title>Old</title><id>o1</id><link rel="alternate" type="text/html" href="https://example.org/o"/>
        <issued>2004-01-01T10:00:00Z</issued><modified>2004-01-02T10:00:00Z</modified>
        <content type="text/html" mode="escaped">&lt;p&gt;Still here&lt;/p&gt;</content></entry></feed>"#;
    assert_snapshot!(listed(&posts_of(atom_03)), @r#"2004-01-01T10:00:00Z | Old | "Still here" | https://example.org/o | author no"#);
    let empty_content = r#"<feed xmlns="http://www.w3.org/2005/Atom"><title/><id>f</id>
        <entry><title>T</title><id>e1</id><content type="html"/></entry></feed>"#;
    assert_eq!(posts_of(empty_content)[0].text, "T");
    let control = RSS.replace("Only a title", "Only\u{b} a title");
    assert_eq!(posts_of(control)[1].text, "Only a title");
}

#[test]
fn what_is_no_feed_is_refused_with_the_reason() {
    assert_snapshot!(error_of(""), @"the answer is empty, where a feed was expected");
    assert_snapshot!(error_of("Not found"), @"the answer is neither XML nor JSON, where a feed was expected");
    assert_snapshot!(error_of("<!DOCTYPE html><html><body><p>Hello</body></html>"), @"this is a web page, not a feed, and it names no feed; look on the site for the address of one");
    assert_snapshot!(error_of("{\"error\": \"no\"}"), @"the answer is JSON, but not a JSON feed (it has no list of `items`)");
    assert_snapshot!(error_of("<opml><body/></opml>"), @"the answer is XML, but nothing in it says that it is a feed");
    let page = "<html><head><link rel=alternate type=application/atom+xml href=/news.atom></head></html>";
    assert_snapshot!(error_of(page), @"this is a web page, not a feed; the feeds that it names are https://localhost/news.atom");
    let deep = "<a>".repeat(1_000) + "<rss><item><title>x</title></item></rss>";
    assert_snapshot!(error_of(format!("<rss>{deep}")), @"the feed is nested too deep: none of its 1 entries can be read");
    assert_eq!(posts_of("<rss version=\"2.0\"><channel><item><title>cut o")[0].text, "cut o");
    assert_eq!(posts_of("<rss version=\"2.0\"><items><item/><item><title>a</title></item></items></rss>")[0].text, "a");
    assert!(
        posts_of("<rss version=\"2.0\"><channel><title>t</title></channel></rss>").is_empty(),
        "an empty feed is no fault"
    );
}

fn collector(server: &Server, path: &str) -> FeedCollector {
    let url = server.url(path);
    let source = feed_source("test", url.as_str());
    FeedCollector::new(FeedConfig { url }, Context { gateway: server.gateway(), ..context(source) })
}

#[tokio::test]
async fn a_feed_is_asked_conditionally_and_sends_only_news_and_edits() {
    let edited = std::sync::atomic::AtomicUsize::new(0);
    let server = Server::start(move |_, headers| {
        let round = edited.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        if round == 1 {
            assert_eq!(headers["if-none-match"], "\"v1\"");
            return status(304, &[]);
        }
        let body = if round == 0 { RSS.to_owned() } else { RSS.replace("further", "less far") };
        let mut response = ok("application/rss+xml", body);
        response.headers_mut().insert("etag", HeaderValue::from_static("\"v1\""));
        response
    })
    .await;
    let mut collector = collector(&server, "/feed");
    let first = collector.collect(&Cursor::default()).await.unwrap();
    assert_eq!(first.changes.len(), 3);
    assert_eq!(first.next_in, Duration::from_hours(2), "the feed's own <ttl> is longer than our hour");
    let unchanged = collector.collect(&first.cursor).await.unwrap();
    assert!(unchanged.changes.is_empty());
    assert_eq!(unchanged.cursor, first.cursor);
    let third = collector.collect(&unchanged.cursor).await.unwrap();
    let [Change::Upsert(post)] = &third.changes[..] else { panic!("{:?}", third.changes) };
    assert!(post.text.contains("less far"));
    assert_eq!(post.channel, Channel::News);
}

#[tokio::test]
async fn older_pages_are_read_once_in_bounded_steps() {
    let page = |uri: &axum::http::Uri| {
        let number: u32 = uri.path()[2..].parse().unwrap();
        let next = if number < 11 { format!("\"next_url\":\"/p{}\",", number + 1) } else { String::new() };
        format!(
            "{{\"version\":\"https://jsonfeed.org/version/1.1\",\"title\":\"t\",{next}\"items\":[{{\"id\":\"{number}\",\"content_text\":\"page {number}\"}}]}}"
        )
    };
    let server = Server::start(move |uri, _| ok("application/feed+json", page(uri))).await;
    let mut collector = collector(&server, "/p1");
    let mut cursor = Cursor::default();
    let mut batches = Vec::new();
    loop {
        let batch = collector.collect(&cursor).await.unwrap();
        batches.push(batch.changes.len());
        cursor = batch.cursor;
        if !batch.next_in.is_zero() {
            break;
        }
    }
    assert_eq!(batches, [1, 4, 4, 2]);
    let again = collector.collect(&cursor).await.unwrap();
    assert!(again.changes.is_empty() && !again.next_in.is_zero(), "the older pages are not read a second time");
}

#[tokio::test]
async fn older_pages_that_break_off_are_a_notice_and_not_a_failure() {
    let server = Server::start(|uri, _| match uri.path() {
        "/feed" => ok(
            "application/feed+json",
            r#"{"version":"https://jsonfeed.org/version/1","title":"t","next_url":"/gone","items":[]}"#,
        ),
        _ => status(410, &[]),
    })
    .await;
    let mut collector = collector(&server, "/feed");
    let first = collector.collect(&Cursor::default()).await.unwrap();
    assert!(first.next_in.is_zero());
    let second = collector.collect(&first.cursor).await.unwrap();
    assert!(second.notice.unwrap().starts_with("its older entries end early: "));
    assert!(!second.next_in.is_zero());
}

#[tokio::test]
async fn errors_say_what_is_to_be_done() {
    let server = Server::start(|uri, _| match uri.path() {
        "/html" => ok("text/html", "<html><body>Please log in</body></html>"),
        "/429" => status(429, &[("retry-after", "7200")]),
        path => status(path[1..].parse().unwrap(), &[]),
    })
    .await;
    let mut errors = Vec::new();
    for path in ["/html", "/404", "/410", "/429", "/500"] {
        errors.push(collector(&server, path).collect(&Cursor::default()).await.unwrap_err());
    }
    assert!(matches!(&errors[0], CollectError::Malformed { reason } if reason.contains("a web page, not a feed")));
    assert!(matches!(&errors[1], CollectError::Transient { .. }));
    assert!(matches!(&errors[2], CollectError::Gone { .. }));
    assert!(matches!(&errors[3], CollectError::RateLimited { retry_after: Some(wait), .. } if wait.as_secs() == 7200));
    assert!(matches!(&errors[4], CollectError::Transient { .. }));
}

#[tokio::test]
async fn more_than_two_thousand_entries_are_cut_with_a_notice() {
    let items: Vec<String> = (0..2_100).map(|n| format!("<item><guid>{n}</guid><title>n {n}</title></item>")).collect();
    let items = items.concat();
    let server =
        Server::start(move |_, _| ok("text/xml", format!("<rss version=\"2.0\"><channel>{items}</channel></rss>")))
            .await;
    let batch = collector(&server, "/").collect(&Cursor::default()).await.unwrap();
    assert_eq!(batch.changes.len(), 2_000);
    assert_eq!(batch.notice.unwrap(), "the feed has 2100 entries; only the first 2000 are read");
}

mod hostile;
mod identity;
