//! Search.

use bus::{Correction, Ruling};
use dashboard::Audience;

use crate::made_up;
use crate::world::World;

#[tokio::test]
async fn matches_are_marked_and_filters_counted() {
    let world = World::new(Audience::Staff);
    let page = world.get("/search?q=queue&type=forum&type=offline&period=7d").await;
    insta::assert_snapshot!(page.part("<article", "</article>"), @r#"
        <article class="nhsuk-card d-post">
        <div class="nhsuk-card__content">
        <h3 class="nhsuk-card__heading nhsuk-heading-s">
        <a href="/posts/331a8c5f93705323d210da62b9f4ca1f">Patients forum, North East and Yorkshire: 22 November 2026, 12:56pm</a>
        </h3>
        <p>Does anyone get an appointment without sitting in the <mark>queue</mark> from 8am?</p>
        <p class="nhsuk-u-margin-bottom-0">
        <strong class="nhsuk-tag nhsuk-tag--grey">Forum post</strong> <strong class="nhsuk-tag nhsuk-tag--grey">Negative</strong> <strong class="nhsuk-tag nhsuk-tag--blue">Getting a GP appointment</strong> </p>
        </div>
        </article>
        "#);
    insta::assert_snapshot!(page.part("<fieldset class=\"nhsuk-fieldset d-facet\"><legend class=\"nhsuk-fieldset__legend nhsuk-fieldset__legend--s\">Source type", "</fieldset>"), @r#"
        <fieldset class="nhsuk-fieldset d-facet">
        <legend class="nhsuk-fieldset__legend nhsuk-fieldset__legend--s">Source type</legend>
        <div class="nhsuk-checkboxes nhsuk-checkboxes--small">
        <div class="nhsuk-checkboxes__item">
        <input class="nhsuk-checkboxes__input" id="type-0" name="type" type="checkbox" value="social">
        <label class="nhsuk-label nhsuk-checkboxes__label" for="type-0">Social media (21)</label>
        </div>
        <div class="nhsuk-checkboxes__item">
        <input class="nhsuk-checkboxes__input" id="type-1" name="type" type="checkbox" value="forum" checked>
        <label class="nhsuk-label nhsuk-checkboxes__label" for="type-1">Forums (20)</label>
        </div>
        <div class="nhsuk-checkboxes__item">
        <input class="nhsuk-checkboxes__input" id="type-2" name="type" type="checkbox" value="offline" checked>
        <label class="nhsuk-label nhsuk-checkboxes__label" for="type-2">Meetings (15)</label>
        </div>
        </div>
        </fieldset>
        "#);
}

#[tokio::test]
async fn every_filter_of_the_url_is_in_every_link() {
    let world = World::new(Audience::Staff);
    let query = "q=queue&period=28d&type=forum&region=north-east-and-yorkshire&topic=gp-access&feeling=negative&language=en&source=patients-forum";
    let page = world.get(&format!("/search?{query}")).await;
    assert!(page.text().contains("41 posts"), "{}", page.text());
    let written = query.replace('&', "&#38;");
    for link in [
        format!("/download/search.csv?{written}"),
        format!("/download/search-days.csv?{written}"),
        format!("/api/v1/search?{written}"),
        format!("/feeds/search.atom?{written}"),
        format!("/search?{written}&#38;sort=best"),
        format!("/search?{written}&#38;page=2"),
        // Every chip takes away its own filter, and nothing else.
        format!("/search?{}", written.replace("&#38;feeling=negative", "")),
        format!("/search?{}", written.replace("&#38;period=28d", "")),
        format!("/search?{}", written.replace("&#38;source=patients-forum", "")),
    ] {
        assert!(page.body.contains(&format!("href=\"{link}\"")), "{link}");
    }
    for checked in ["forum", "north-east-and-yorkshire", "gp-access", "negative", "en", "patients-forum"] {
        assert!(page.body.contains(&format!("value=\"{checked}\" checked")), "{checked}");
    }
}

#[tokio::test]
async fn results_have_pages() {
    let world = World::new(Audience::Staff);
    let first = world.get("/search?q=queue").await;
    assert_eq!(first.body.matches("<article").count(), 20);
    insta::assert_snapshot!(first.part("<nav class=\"nhsuk-pagination", "</nav>"), @r#"
        <nav class="nhsuk-pagination nhsuk-pagination--numbered" aria-label="Pagination">
        <ul class="nhsuk-pagination__list">
        <li class="nhsuk-pagination__item nhsuk-pagination__item--current">
        <a class="nhsuk-pagination__link" href="/search?q=queue" aria-label="Page 1" aria-current="page">1</a>
        </li>
        <li class="nhsuk-pagination__item">
        <a class="nhsuk-pagination__link" href="/search?q=queue&#38;page=2" aria-label="Page 2">2</a>
        </li>
        <li class="nhsuk-pagination__item">
        <a class="nhsuk-pagination__link" href="/search?q=queue&#38;page=3" aria-label="Page 3">3</a>
        </li>
        <li class="nhsuk-pagination__item nhsuk-pagination__item--ellipsis">&ctdot;</li>
        <li class="nhsuk-pagination__item">
        <a class="nhsuk-pagination__link" href="/search?q=queue&#38;page=5" aria-label="Page 5">5</a>
        </li>
        </ul>
        <a href="/search?q=queue&#38;page=2" class="nhsuk-pagination__next" rel="next">
        <span class="nhsuk-pagination__title">Next<span class="nhsuk-u-visually-hidden"> page</span>
        </span>
        </a>
        </nav>
        "#);
    let last = world.get("/search?q=queue&page=5").await;
    assert_eq!(last.body.matches("<article").count(), 98 - 4 * 20);
    let beyond = world.get("/search?q=queue&page=9999").await;
    assert_eq!(beyond.status, 200);
    assert!(beyond.text().contains("There is a problem Only the first"), "{}", beyond.text());
}

#[tokio::test]
async fn nothing_found_says_how_it_was_understood_and_what_to_lift() {
    let world = World::new(Audience::Staff);
    let page = world.get("/search?q=queue&type=news").await;
    assert!(page.text().contains("No posts found Understood as: posts with “queue”"), "{}", page.text());
    insta::assert_snapshot!(page.part("<p>Nothing fulfils all of this.", "</ul>"), @r#"
        <p>Nothing fulfils all of this. These searches find more:</p>
        <ul class="nhsuk-list nhsuk-list--bullet">
        <li>
        <a href="/search?q=queue">Search without ‘Source type: News and blogs’: 98 posts</a>
        </li>
        <li>
        <a href="/search?type=news">Search without the words searched for: 41 posts</a>
        </li>
        </ul>
        "#);
}

#[tokio::test]
async fn a_query_that_cannot_be_read_is_kept_and_shown_where_it_went_wrong() {
    let world = World::new(Audience::Staff);
    let page = world.get("/search?q=queue+AND+(%22phone").await;
    assert_eq!(page.status, 200);
    insta::assert_snapshot!(page.part("<div class=\"nhsuk-error-summary\"", "</ul>"), @r##"
        <div class="nhsuk-error-summary" data-module="nhsuk-error-summary">
        <div role="alert">
        <h2 class="nhsuk-error-summary__heading">There is a problem</h2>
        <div class="nhsuk-error-summary__body">
        <ul class="nhsuk-list nhsuk-error-summary__list">
        <li>
        <a href="#q">The query cannot be read: This quotation mark has no partner: add one at the end of the phrase, or remove it (at character 12)</a>
        </li>
        </ul>
        "##);
    insta::assert_snapshot!(page.part("<p class=\"d-query\">", "</p>"), @r#"<p class="d-query">queue AND (<mark>&#34;</mark>phone</p>"#);
    assert!(page.body.contains("value=\"queue AND (&#34;phone\""), "the input is kept");
    let api = world.get("/api/v1/search?q=queue+AND+(%22phone").await;
    assert_eq!(api.status, 400);
    assert!(api.body.contains("\"code\":\"bad_request\""));
}

#[tokio::test]
async fn a_post_shows_its_tags_and_leads_to_more_of_the_same() {
    let world = World::new(Audience::Staff);
    let page = world.get(&format!("/posts/{}", made_up::quoted()[1])).await;
    insta::assert_snapshot!(page.part("<dl class=\"nhsuk-summary-list\">", "</dl>"), @r#"
        <dl class="nhsuk-summary-list">
        <div class="nhsuk-summary-list__row">
        <dt class="nhsuk-summary-list__key">Source</dt>
        <dd class="nhsuk-summary-list__value">Meetings</dd>
        <dd class="nhsuk-summary-list__actions">
        <a href="/search?source=meetings">Find more<span class="nhsuk-u-visually-hidden"> posts: Source Meetings</span>
        </a>
        </dd>
        </div>
        <div class="nhsuk-summary-list__row">
        <dt class="nhsuk-summary-list__key">Source type</dt>
        <dd class="nhsuk-summary-list__value">Meetings</dd>
        <dd class="nhsuk-summary-list__actions">
        <a href="/search?type=offline">Find more<span class="nhsuk-u-visually-hidden"> posts: Source type Meetings</span>
        </a>
        </dd>
        </div>
        <div class="nhsuk-summary-list__row">
        <dt class="nhsuk-summary-list__key">Written</dt>
        <dd class="nhsuk-summary-list__value">22 November 2026, 10:38am</dd>
        </div>
        <div class="nhsuk-summary-list__row">
        <dt class="nhsuk-summary-list__key">Collected</dt>
        <dd class="nhsuk-summary-list__value">22 November 2026, 10:42am</dd>
        </div>
        <div class="nhsuk-summary-list__row">
        <dt class="nhsuk-summary-list__key">Language</dt>
        <dd class="nhsuk-summary-list__value">English</dd>
        <dd class="nhsuk-summary-list__actions">
        <a href="/search?language=en">Find more<span class="nhsuk-u-visually-hidden"> posts: Language English</span>
        </a>
        </dd>
        </div>
        <div class="nhsuk-summary-list__row">
        <dt class="nhsuk-summary-list__key">Feeling</dt>
        <dd class="nhsuk-summary-list__value">Negative, +0.40 on a scale from -1 to 1</dd>
        <dd class="nhsuk-summary-list__actions">
        <a href="/search?feeling=negative">Find more<span class="nhsuk-u-visually-hidden"> posts: Feeling Negative, +0.40 on a scale from -1 to 1</span>
        </a>
        </dd>
        </div>
        <div class="nhsuk-summary-list__row">
        <dt class="nhsuk-summary-list__key">Topic</dt>
        <dd class="nhsuk-summary-list__value">Getting a GP appointment (90% sure)</dd>
        <dd class="nhsuk-summary-list__actions">
        <a href="/search?topic=gp-access">Find more<span class="nhsuk-u-visually-hidden"> posts: Topic Getting a GP appointment (90% sure)</span>
        </a>
        </dd>
        </div>
        <div class="nhsuk-summary-list__row">
        <dt class="nhsuk-summary-list__key">Place</dt>
        <dd class="nhsuk-summary-list__value">North East and Yorkshire (80% sure)</dd>
        <dd class="nhsuk-summary-list__actions">
        <a href="/search?region=north-east-and-yorkshire">Find more<span class="nhsuk-u-visually-hidden"> posts: Place North East and Yorkshire (80% sure)</span>
        </a>
        </dd>
        </div>
        <div class="nhsuk-summary-list__row">
        <dt class="nhsuk-summary-list__key">Meeting</dt>
        <dd class="nhsuk-summary-list__value">Patient group, November</dd>
        <dd class="nhsuk-summary-list__actions">
        <a href="/search?event=Patient+group%2C+November">Find more<span class="nhsuk-u-visually-hidden"> posts: Meeting Patient group, November</span>
        </a>
        </dd>
        </div>
        <div class="nhsuk-summary-list__row">
        <dt class="nhsuk-summary-list__key">In the room</dt>
        <dd class="nhsuk-summary-list__value">23 people, of whom only some spoke</dd>
        </div>
        </dl>
        "#);
    let meeting = world.get("/search?event=Patient+group%2C+November").await;
    assert!(meeting.text().contains("Meeting Patient group, November Remove"), "{}", meeting.text());
}

#[tokio::test]
async fn a_corrected_post_says_what_it_was_and_what_it_is() {
    let mut post = made_up::hostile();
    let ruling = Ruling {
        to: Vec::new(),
        by: "analyst".to_owned(),
        why: "<b>irony</b>".to_owned(),
        at: "2026-11-22T12:00:00Z".parse().unwrap(),
    };
    assert!(Correction { topics: Some(ruling), ..Correction::of(&post.post) }.apply(&mut post));
    let world = World::of(vec![post.clone()], None, Audience::Staff);
    let page = world.get(&format!("/posts/{}", post.post.id)).await;
    let text = page.text();
    assert!(text.contains("Staff have corrected this post."), "{text}");
    let said = &text[text.find("What was corrected").unwrap()..];
    assert!(
        said.starts_with("What was corrected Topics The machine said Parking Staff say No topic Who and when analyst, 22 November 2026, midday Why &#60;b&#62;irony"),
        "{said}"
    );
    let hit = world.get("/api/v1/search?q=&period=any").await;
    assert!(hit.body.contains("\"corrected\":true"), "{}", hit.body);
}
