//! The state of the conversation.

use dashboard::Audience;
use index::trends::TrendList;

use crate::made_up;
use crate::world::World;

#[tokio::test]
async fn it_says_how_much_is_said_and_what_that_is_compared_with() {
    let world = World::new(Audience::Staff);
    let home = world.get("/").await;
    insta::assert_snapshot!(home.part("<ul class=\"d-tiles\">", "</ul>"), @r#"
        <ul class="d-tiles">
        <li>
        <b>182</b> posts, up 225% on the 7 days before. <a href="/search?period=7d">Open in search</a>
        </li>
        <li>
        <b>81</b> voices: different people, each counted once, up 65% on the 7 days before</li>
        <li>
        <b>2</b> issues rising or new. <a href="/issues?status=held">1 issue held for a person to check</a>
        </li>
        <li>
        <b>2 of 4</b> sources working. <a href="/sources">See 2 with problems</a>
        </li>
        </ul>
        "#);
    insta::assert_snapshot!(home.part("<h2 class=\"nhsuk-heading-m\">Changed since yesterday", "</ul>"), @r#"
        <h2 class="nhsuk-heading-m">Changed since yesterday</h2>
        <ul class="nhsuk-list nhsuk-list--bullet">
        <li>
        <a href="/issues/01KA7M3E5C0000000000000002">hearing loops that do not work</a> is new: 42 posts from 1 source type</li>
        <li>
        <a href="/issues/01KA7M3E5C0000000000000001">8am phone queue</a> passed 2 times its usual level yesterday: 480 posts</li>
        <li>‘winter vaccines’ fell back to its usual level and is no longer listed</li>
        </ul>
        "#);
}

#[tokio::test]
async fn a_row_of_the_table_holds_what_is_needed_to_choose_an_issue() {
    let world = World::new(Audience::Staff);
    insta::assert_snapshot!(world.get("/").await.part("<tr role=\"row\" class=\"nhsuk-table__row\">", "</tr>"), @r#"
        <tr role="row" class="nhsuk-table__row">
        <th role="rowheader" scope="row" class="nhsuk-table__cell d-issue-name">
        <a href="/issues/01KA7M3E5C0000000000000001">8am phone queue</a>
        </th>
        <td role="cell" class="nhsuk-table__cell">
        <span class="nhsuk-table-responsive__heading" aria-hidden="true">Change </span>
        <span>
        <strong class="nhsuk-tag nhsuk-tag--blue">Rising</strong> up 80%<span class="d-small">480 yesterday; usual is 140 to 225</span>
        </span>
        </td>
        <td role="cell" class="nhsuk-table__cell nhsuk-table__cell--numeric">
        <span class="nhsuk-table-responsive__heading" aria-hidden="true">Posts </span>2,440</td>
        <td role="cell" class="nhsuk-table__cell nhsuk-table__cell--numeric">
        <span class="nhsuk-table-responsive__heading" aria-hidden="true">Voices </span>1,952</td>
        <td role="cell" class="nhsuk-table__cell">
        <span class="nhsuk-table-responsive__heading" aria-hidden="true">14 days to yesterday </span>
        <svg class="d-spark" viewBox="0 0 112 28" width="112" height="28" aria-hidden="true" focusable="false">
        <polyline class="d-line" points="2.0,15.4 10.0,15.6 18.0,15.7 26.0,15.9 34.0,16.1 42.0,16.3 50.0,16.5 58.0,16.7 66.0,14.5 74.0,12.2 82.0,9.9 90.0,7.6 98.0,5.3 106.0,3.0"/>
        <circle class="d-dot" cx="106.0" cy="3.0" r="3"/>
        </svg>
        <span class="nhsuk-u-visually-hidden">from 210 to 480 posts a day</span>
        </td>
        <td role="cell" class="nhsuk-table__cell">
        <span class="nhsuk-table-responsive__heading" aria-hidden="true">Feeling </span>Mostly negative</td>
        <td role="cell" class="nhsuk-table__cell">
        <span class="nhsuk-table-responsive__heading" aria-hidden="true">Source types </span>
        <span>2 of 5</span>
        </td>
        </tr>
        "#);
}

#[tokio::test]
async fn filters_reach_the_counts_the_links_and_the_form() {
    let world = World::new(Audience::Staff);
    let home = world.get("/?period=28d&region=london&type=social").await;
    assert!(
        home.text().contains("about the NHS in London, in social media. Last 28 days, to 22 November 2026, 2:05pm.")
    );
    assert!(home.body.contains("<option value=\"28d\" selected>Last 28 days</option>"));
    assert!(home.body.contains("<option value=\"london\" selected>London</option>"));
    assert!(home.body.contains("<option value=\"social\" selected>Social media</option>"));
    let query = "period=28d&#38;type=social&#38;region=london";
    assert!(
        home.body.contains(&format!("href=\"/search?{query}\"")),
        "{}",
        home.part("<ul class=\"d-tiles\">", "</ul>")
    );
    assert!(home.body.contains(&format!("href=\"/download/who.csv?{query}\"")));

    let json: serde_json::Value =
        serde_json::from_str(&world.get("/api/v1/search?period=28d&type=social&region=london").await.body).unwrap();
    let posts = json["total"].as_u64().unwrap();
    assert!(
        posts > 0 && home.text().contains(&format!("{posts} posts")),
        "{posts}: the page counts what its link finds"
    );
}

#[tokio::test]
async fn days_when_the_clocks_change_are_whole_days() {
    // On 25 October 2026 London's day has 25 hours, from 11pm UTC the day before to midnight UTC.
    let late = |time: &str| {
        let mut post = made_up::posts().swap_remove(0);
        post.post.id = bus::PostId::new(&post.post.source, time);
        post.post.created_at = time.parse().unwrap();
        post
    };
    let times = ["2026-10-24T22:59:00Z", "2026-10-24T23:00:00Z", "2026-10-25T23:59:00Z", "2026-10-26T00:00:00Z"];
    let world = World::of(times.map(late).to_vec(), None, Audience::Staff);
    let home = world.get("/?period=dates&from=25/10/2026&to=25/10/2026").await;
    assert!(home.body.contains("<b>2</b> posts"), "{}", home.part("<ul class=\"d-tiles\">", "</ul>"));
    let post = world.get("/search?period=dates&from=25+October+2026").await;
    assert!(post.text().contains("25 October 2026, 12am") || post.text().contains("25 October 2026, midnight"));
    assert!(post.text().contains("25 October 2026, 11:59pm"));
}

#[tokio::test]
async fn a_date_that_cannot_be_read_is_kept_with_what_is_wrong_beside_it() {
    let world = World::new(Audience::Staff);
    let home = world.get("/?period=dates&from=31/2/2026&to=").await;
    assert_eq!(home.status, 200);
    insta::assert_snapshot!(home.part("<div class=\"nhsuk-error-summary\"", "</ul>"), @r##"
        <div class="nhsuk-error-summary" data-module="nhsuk-error-summary">
        <div role="alert">
        <h2 class="nhsuk-error-summary__heading">There is a problem</h2>
        <div class="nhsuk-error-summary__body">
        <ul class="nhsuk-list nhsuk-error-summary__list">
        <li>
        <a href="#from">First day must be a real date, like 6/8/2018</a>
        </li>
        </ul>
        "##);
    assert!(home.body.contains("value=\"31/2/2026\""));
    assert!(home.text().starts_with("Error: State of the conversation"));
}

#[tokio::test]
async fn the_first_page_of_a_new_discovery_says_how_far_it_is() {
    let empty = World::of(Vec::new(), None, Audience::Staff);
    let text = empty.get("/").await.text();
    assert!(text.contains(
        "Not enough posts to show a trend yet No post has been collected yet. 4 of 4 sources have answered so far."
    ));

    let young = TrendList { days_seen: 2, issues: Vec::new(), held: Vec::new(), ..made_up::trend_list() };
    let text = World::of(made_up::posts(), Some(young), Audience::Staff).get("/").await.text();
    assert!(text.contains("2 days of conversation have been seen so far."), "{text}");
    assert!(text.contains("350 posts can be searched already."), "{text}");

    let calm = TrendList { issues: Vec::new(), ..made_up::trend_list() };
    let text = World::of(made_up::posts(), Some(calm), Audience::Staff).get("/").await.text();
    assert!(text.contains("No issue is above its usual range People talk as much as usual"), "{text}");
}

#[tokio::test]
async fn a_store_that_fails_leaves_the_last_good_numbers_with_their_age() {
    let world = World::new(Audience::Staff);
    let good = world.get("/").await;
    world.fail(true);
    world.wait(std::time::Duration::from_secs(90));
    let old = world.get("/").await;
    assert_eq!(old.status, 200);
    assert!(old.text().contains("The posts cannot be read at the moment. These numbers are 1 minute old."));
    assert!(old.text().contains("Last updated: 22 November 2026, 2:05pm."));
    assert_eq!(old.part("<ul class=\"d-tiles\">", "</ul>"), good.part("<ul class=\"d-tiles\">", "</ul>"));

    let never_asked = world.get("/?region=london").await;
    assert_eq!(never_asked.status, 503);
    assert!(never_asked.text().contains("Sorry, there is a problem with the service"));
    assert!(!never_asked.body.contains("the disk said no"), "reasons are for the log");

    world.fail(false);
    assert!(!world.get("/").await.text().contains("cannot be read"));
}

#[tokio::test]
async fn that_only_a_sample_was_tagged_by_the_larger_model_is_said() {
    let said = "Of the latest English posts, the larger model has tagged 43%, chosen by chance;";
    for (share, is_said) in [(Some(0.43), true), (Some(1.0), false), (None, false)] {
        let text = World::where_the_larger_model_tags(share).get("/").await.text();
        assert_eq!(text.contains(said), is_said, "{share:?}: {text}");
    }
}
