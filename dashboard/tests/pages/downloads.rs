//! Tables as files, and feeds.

use dashboard::Audience;

use jiff::SignedDuration;

use crate::made_up::{self, health, now};
use crate::world::World;

#[tokio::test]
async fn a_cell_that_a_spreadsheet_would_run_is_made_harmless() {
    let world = World::of(vec![made_up::hostile()], None, Audience::Staff);
    let csv = world.get("/download/search.csv").await;
    assert_eq!(csv.headers["content-type"], "text/csv; charset=utf-8");
    assert_eq!(csv.headers["content-disposition"], "attachment; filename=\"posts.csv\"");
    assert!(csv.body.contains("\"'=HYPERLINK("), "{}", csv.body);
}

#[tokio::test]
async fn files_hold_what_the_pages_show() {
    let world = World::new(Audience::Staff);
    let days = world.get(&format!("/download/issues/{}/days.csv", made_up::QUEUE)).await.body;
    assert!(
        days.starts_with(
            "day,posts,voices,\"usual posts, low\",\"usual posts, high\",sources not collected\r\n2026-10-26,180,144,140.0,225.0,\r\n"
        ),
        "{days}"
    );
    assert_eq!(days.lines().count(), 1 + 28);
    let largest = world.get("/download/largest-issues.csv").await.body;
    assert!(largest.ends_with("2026-11-22,310,102,9,\r\n"), "{largest}");
    insta::assert_snapshot!(world.get("/download/who.csv?period=24h").await.body, @r#"
        dimension,value,name,posts,voices,share of population
        type,social,Social media,15,15,
        type,forum,Forums,8,8,
        type,offline,Meetings,7,7,
        type,comment,Comments,4,4,
        type,news,News and blogs,4,0,
        region,midlands,Midlands,12,8,0.3143
        region,north-east-and-yorkshire,North East and Yorkshire,11,11,0.2571
        region,london,London,7,7,0.2571
        region,none,No region,4,4,
        region,south-west,South West,4,4,0.1714
        language,en,English,34,30,
        language,cy,Welsh,4,4,
        "#);
    insta::assert_snapshot!(world.get("/download/sources.csv").await.body, @r#"
        id,name,kind,source type,location,state,last success,next try,failures in a row,error,posts,usual posts a day,not collected since,token expires
        county-news,County news,feed,news,https://example.org/feed,Failing,2026-11-19T16:05:00Z,2026-11-22T14:53:00Z,7,The server answered 410: the feed is gone,24,4,,2026-12-01
        meetings,Meetings,transcripts,offline,transcripts/,Silent,2026-11-22T13:53:00Z,2026-11-22T14:53:00Z,0,,5,0,,
        patients-forum,Patients forum,feed,forum,https://example.org/feed,Working,2026-11-22T13:53:00Z,2026-11-22T14:53:00Z,0,,430,31,,
        town-square,Town square,mastodon,social,https://example.org/feed,Working,2026-11-22T13:53:00Z,2026-11-22T14:53:00Z,0,,430,31,,
        "#);
}

#[tokio::test]
async fn issues_can_be_followed_as_a_feed() {
    let feed = World::new(Audience::Staff).get("/feeds/issues.atom").await;
    assert_eq!(feed.headers["content-type"], "application/atom+xml; charset=utf-8");
    insta::assert_snapshot!(feed.part("<?xml", "</entry>"), @r#"
        <?xml version="1.0" encoding="utf-8"?>
        <feed xmlns="http://www.w3.org/2005/Atom" xml:lang="en-GB">
        <id>urn:discovery:issues</id>
        <title>Trending issues</title>
        <subtitle>Demonstration data: every person, post and meeting here is made up.</subtitle>
        <link rel="self" type="application/atom+xml" href="/feeds/issues.atom"/>
        <link rel="alternate" type="text/html" href="/issues"/>
        <updated>2026-11-22T14:05:00Z</updated>
        <author>
        <name>Citizen Discovery</name>
        </author>
        <entry>
        <id>urn:ulid:01KA7M3E5C0000000000000001</id>
        <title>8am phone queue</title>
        <link rel="alternate" type="text/html" href="/issues/01KA7M3E5C0000000000000001"/>
        <updated>2026-11-17T07:52:00Z</updated>
        <summary>2,440 posts in 7 days from 1,952 voices, against 1,358 in the 7 days before (up 80%). Above its usual range every day since 16 November 2026. Usual is 140 to 225 posts a day. Social media: 820 voices in 24 hours, where 210 would be expected (3.9 times as many). If nothing had changed, the chance of so many would be 1 in 8,000,000. Said at 3 meetings with about 85 people in the room, of whom only some spoke. North East and Yorkshire is the region named most, in 1,220 of the 1,715 posts that name one. Heard in 3 of 4 regions. ‘phone queue’ and ‘8am’ are used more than usual. Not one source: the busiest, Patients forum, has 14% of the posts of the last 7 days. Counted as posts but not as voices: 96 copies of the same text beyond the third and 12 further posts by people who had already spoken within 24 hours.</summary>
        </entry>
        "#);
}

#[tokio::test]
async fn alerts_can_be_followed_rule_by_rule() {
    let world = World::new(Audience::Staff);
    let all = world.get("/feeds/alerts.atom").await;
    assert!(all.body.contains("(The North)") && all.body.contains("(Phones &#38; queues)"), "{}", all.body);
    let one = world.get("/feeds/alerts.atom?rule=Phones+%26+queues").await;
    assert!(!one.body.contains("The North"));
    insta::assert_snapshot!(one.part("<entry", "</entry>"), @r#"
        <entry>
        <id>urn:discovery:alert:phones---queues:01KA7M3E5C0000000000000001:1795356300</id>
        <title>8am phone queue (Phones &#38; queues)</title>
        <link rel="alternate" type="text/html" href="/issues/01KA7M3E5C0000000000000001"/>
        <updated>2026-11-22T14:05:00Z</updated>
        <summary>‘8am phone queue’ is rising: 1,952 voices in 2,440 posts in 7 days; 1,358 in the 7 days before.</summary>
        </entry>
        "#);
    assert!(one.body.contains(r#"href="/feeds/alerts.atom?rule=Phones+%26+queues""#), "{}", one.body);
    let nobody = world.get("/feeds/alerts.atom?rule=x").await;
    assert_eq!(nobody.status, 200);
    assert!(!nobody.body.contains("<entry"));
    assert_ne!(World::new(Audience::Public).get("/feeds/alerts.atom").await.status, 200, "rules are not public");
}

#[tokio::test]
async fn the_api_says_what_the_pages_say() {
    let world = World::new(Audience::Staff);
    let answer = world.get(&format!("/api/v1/issues/{}", made_up::QUEUE)).await;
    let json: serde_json::Value = serde_json::from_str(&answer.body).unwrap();
    assert_eq!(json["about"]["fictional"], true);
    assert_eq!(json["issue"]["posts_7d"], 2440);
    assert_eq!(
        json["issue"]["why"][0],
        "2,440 posts in 7 days from 1,952 voices, against 1,358 in the 7 days before (up 80%)"
    );
    let bad = world.get("/api/v1/counts?by=colour").await;
    assert_eq!(bad.status, 400);
    insta::assert_snapshot!(bad.body, @r#"{"error":{"code":"bad_request","message":"`by` must be one of type, region, topic, feeling, language, source, day and hour"}}"#);
}

#[tokio::test]
async fn sources_with_problems_come_first_in_plain_words() {
    let page = World::new(Audience::Staff).get("/sources").await;
    assert!(page.text().contains("2 of 4 sources have problems"));
    assert!(
        page.text().contains("1,234 records on the way") && page.text().contains("nothing waits"),
        "{}",
        page.text()
    );
    insta::assert_snapshot!(page.part("<article", "</article>"), @r#"
        <article class="nhsuk-card d-source">
        <div class="nhsuk-card__content">
        <h3 class="nhsuk-card__heading nhsuk-heading-s">
        <a href="/search?source=county-news">County news</a> <strong class="nhsuk-tag nhsuk-tag--red">Failing</strong>
        </h3>
        <p>
        <strong>What is wrong:</strong> The server answered 410: the feed is gone (7 failures in a row)</p>
        <p>
        <strong>What to do:</strong> The token in the environment variable COUNTY_TOKEN expires on 1 December 2026, in 9 days: renew it before.</p>
        <p class="nhsuk-body-s d-facts">
        <span>Last success: 19 November 2026, 4:05pm (2 days ago).</span> <span>Next try: 2:53pm, in 48 minutes.</span> <span>Kind: feed, https://example.org/feed</span>
        </p>
        <p class="nhsuk-body-s nhsuk-u-margin-bottom-0">Posts collected today: 0; usual is 4 a day. <svg class="d-spark" viewBox="0 0 112 28" width="112" height="28" aria-hidden="true" focusable="false">
        <polyline class="d-line" points="2.0,10.3 19.3,6.7 36.7,10.3 54.0,3.0 71.3,6.7 88.7,25.0 106.0,25.0"/>
        <circle class="d-dot" cx="106.0" cy="25.0" r="3"/>
        </svg>
        <span class="nhsuk-u-visually-hidden">Posts on each of the last 8 days: 4, 5, 4, 6, 5, 0, 0, 0</span>
        </p>
        <details class="nhsuk-details nhsuk-u-margin-top-3 nhsuk-u-margin-bottom-0">
        <summary class="nhsuk-details__summary">
        <span class="nhsuk-details__summary-text">When it could not be collected<span class="nhsuk-u-visually-hidden">: County news</span>
        </span>
        </summary>
        <div class="nhsuk-details__text">
        <p>What was said there in these times may be missing from every count.</p>
        <ul class="nhsuk-list nhsuk-list--bullet nhsuk-body-s">
        <li>18 November 2026, 10:05am to 18 November 2026, 2:05pm (4 hours): it did not answer</li>
        </ul>
        </div>
        </details>
        </div>
        </article>
        "#);
}

#[tokio::test]
async fn what_could_not_be_collected_is_hatched_named_and_no_fall() {
    let mut sources = health();
    sources[0].gaps = vec![bus::Gap {
        source: sources[0].id.clone(),
        channel: sources[0].channel,
        from: now() - SignedDuration::from_hours(40),
        until: Some(now() - SignedDuration::from_hours(20)),
        reason: "it did not answer".to_owned(),
    }];
    let world = World::with_sources(sources);
    let home = world.get("/").await;
    assert!(home.body.contains("class=\"d-uncollected\""));
    let sentence = "Hatched days are not whole: Town square (20 to 21 November 2026) could not be collected.";
    assert!(home.text().contains(sentence), "{}", home.text());
    assert!(home.text().contains("Not collected"));
    assert!(!home.text().contains("fell back"), "{}", home.text());
    let issue = format!("/issues/{}", made_up::QUEUE);
    assert!(world.get(&issue).await.text().contains(sentence));
    let csv = world.get(&format!("/download{issue}/days.csv")).await.body;
    assert!(csv.contains("2026-11-21") && csv.contains(",Town square"), "{csv}");
    assert!(world.get("/search").await.text().contains(sentence));
    let sources = world.get("/sources").await.text();
    assert!(sources.contains("(20 hours): it did not answer"), "{sources}");
    assert!(
        sources.contains("The token in the environment variable COUNTY_TOKEN expires on 1 December 2026, in 9 days")
    );
}
