//! Issues: the list, one issue, and ids that lead elsewhere.

use dashboard::Audience;

use crate::made_up;
use crate::world::World;

#[tokio::test]
async fn every_reason_is_a_sentence_with_its_numbers_explained() {
    let world = World::new(Audience::Staff);
    let page = world.get(&format!("/issues/{}", made_up::QUEUE)).await;
    insta::assert_snapshot!(page.part("<h2 class=\"nhsuk-heading-l\">Why this is trending", "</ul>"), @r#"
        <h2 class="nhsuk-heading-l">Why this is trending</h2>
        <ul class="nhsuk-list nhsuk-list--bullet">
        <li>
        <strong>2,440 posts in 7 days</strong> from 1,952 voices, against 1,358 in the 7 days before (up 80%)</li>
        <li>
        <strong>Above its usual range</strong> every day since 16 November 2026. Usual is 140 to 225 posts a day</li>
        <li>
        <strong>Social media: 820 voices in 24 hours</strong>, where 210 would be expected (3.9 times as many). If nothing had changed, the chance of so many would be 1 in 8,000,000</li>
        <li>
        <strong>Said at 3 meetings</strong> with about 85 people in the room, of whom only some spoke</li>
        <li>
        <strong>North East and Yorkshire</strong> is the region named most, in 1,220 of the 1,715 posts that name one. Heard in 3 of 4 regions</li>
        <li>
        <strong>‘phone queue’ and ‘8am’</strong> are used more than usual</li>
        <li>
        <strong>Not one source</strong>: the busiest, Patients forum, has 14% of the posts of the last 7 days</li>
        <li>
        <strong>Counted as posts but not as voices</strong>: 96 copies of the same text beyond the third and 12 further posts by people who had already spoken within 24 hours</li>
        </ul>
        "#);
    insta::assert_snapshot!(page.part("<h3 class=\"nhsuk-card__heading nhsuk-heading-m\" id=\"chart-heading\">", "</p>"), @r#"
        <h3 class="nhsuk-card__heading nhsuk-heading-m" id="chart-heading">Posts rose above the usual range on 16 November</h3>
        <p class="nhsuk-body-s">Posts a day, all of England. The band is what is usual: 140 to 225 posts a day. A last day that is not over is drawn thin, and left out while it is lower than the day before.</p>
        "#);
    assert!(page.text().contains("at least 5 authors 812 authors Passed"));
    assert!(page.text().contains("South West 0 0.0 times"), "regions that say nothing are part of the picture");
}

#[tokio::test]
async fn a_quote_whose_post_is_gone_is_simply_absent() {
    let world = World::new(Audience::Staff);
    let page = world.get(&format!("/issues/{}", made_up::QUEUE)).await;
    assert_eq!(made_up::quoted().len(), 4);
    assert_eq!(page.body.matches("<blockquote").count(), 3);
    insta::assert_snapshot!(page.part("<blockquote", "</blockquote>"), @r#"
        <blockquote class="d-quote">
        <p>“Thirtieth in the phone queue at two minutes past eight, and nothing left when they answered.”</p>
        <footer>Social media post, Town square, North East and Yorkshire, 22 November 2026 · <a href="/posts/ca435acbeb068a480946ba408359ac21">See the whole post<span class="nhsuk-u-visually-hidden">: Social media post, Town square, North East and Yorkshire, 22 November 2026</span>
        </a>
        </footer>
        </blockquote>
        "#);
}

#[tokio::test]
async fn the_posts_of_an_issue_open_in_search() {
    let world = World::new(Audience::Staff);
    let page = world.get(&format!("/issues/{}", made_up::QUEUE)).await;
    let link =
        page.body.split("href=\"").find(|rest| rest.starts_with("/search?q=%22")).unwrap().split('"').next().unwrap();
    let found = world.get(&link.replace("&#38;", "&")).await;
    assert!(found.text().contains("97 posts Understood as: posts with “phone queue” or “8am”"), "{}", found.text());
}

#[tokio::test]
async fn the_id_of_a_merged_issue_leads_to_the_other_with_a_sentence() {
    let world = World::new(Audience::Staff);
    let moved = world.get(&format!("/issues/{}", made_up::MERGED)).await;
    assert_eq!(moved.status, 301);
    let location = moved.headers["location"].to_str().unwrap();
    assert_eq!(location, format!("/issues/{}?merged-from={}", made_up::QUEUE, made_up::MERGED));
    let sentence = "The issue you opened was found to be the same as ‘8am phone queue’, so it is shown here now.";
    assert!(world.get(location).await.text().contains(sentence));
    let forged = format!("/issues/{}?merged-from={}", made_up::QUEUE, made_up::PARKING);
    assert!(!world.get(&forged).await.text().contains("The issue you opened"));
}

#[tokio::test]
async fn an_issue_that_is_over_says_so_and_one_that_never_was_helps() {
    let world = World::new(Audience::Staff);
    let over = world.get(&format!("/issues/{}", made_up::EXPIRED)).await;
    assert_eq!(over.status, 410);
    assert!(
        over.text().contains(
            "‘winter vaccines’ fell back to its usual level. It was last listed on 21 November 2026, 6:05pm."
        )
    );
    assert!(over.body.contains("href=\"/search?q=winter+vaccines\""));
    for unknown in ["01KA7M3E5C0000000000000099", "nonsense"] {
        let page = world.get(&format!("/issues/{unknown}")).await;
        assert_eq!(page.status, 404);
        assert!(page.text().contains("Issue not found") && page.body.contains("href=\"/issues\""));
    }
    world.trends.send_replace(None);
    assert_eq!(world.get(&format!("/issues/{}", made_up::QUEUE)).await.status, 503);
}

#[tokio::test]
async fn the_list_shows_one_status_and_why_issues_are_held() {
    let world = World::new(Audience::Staff);
    let new = world.get("/issues?status=new").await.text();
    assert!(new.contains("New: 1 issue") && new.contains("hearing loops") && !new.contains("parking charges"));
    let held = world.get("/issues?status=held").await.text();
    assert!(held.contains("1 issue held for a person to check"));
    assert!(
        held.contains("‘ save our surgery now ’ comes from too few people, sources or meetings to tell asked: at least 5 authors; found: 2 authors"),
        "{held}"
    );
    let offline = world.get("/issues?region=midlands&type=offline").await.text();
    assert!(offline.contains("3 issues stand out, 2 of them rising or new"), "{offline}");
}

#[tokio::test]
async fn the_list_of_one_kind_of_place_has_its_own_order_and_evidence() {
    let mut list = made_up::trend_list();
    let parking = list.issues.iter_mut().find(|issue| issue.label.contains("parking")).unwrap();
    parking.channels[1].p = 1e-9;
    let world = World::of(made_up::posts(), Some(list), Audience::Staff);
    let all = world.get("/issues").await.text();
    assert!(all.contains("Strongest first") && all.contains("All together"));
    let page = world.get("/issues?type=offline").await;
    let text = page.text();
    assert!(text.contains("By the rise in meetings alone, clearest first"), "{text}");
    assert!(text.contains("9 voices in 7 days, 1.5 expected"), "{text}");
    let at = |label: &str| page.body.find(label).unwrap();
    assert!(at("hospital parking charges") < at("8am phone queue"));
    let social = world.get("/issues?type=social").await;
    assert!(!social.body.contains("hearing loops"), "nobody speaks of it there");
    assert!(page.body.contains(r#"<a href="/issues?type=social">Social media</a>"#), "{}", page.body);
}

#[tokio::test]
async fn the_list_without_a_source_says_what_rests_on_it() {
    let world = World::new(Audience::Staff);
    let page = world.get("/issues/without?source=patients-forum&region=&meeting=").await;
    let text = page.text();
    assert!(text.contains("Without Patients forum: 430 of 5,000 posts that are remembered left out."), "{text}");
    assert!(text.contains("hearing loops that do not work 2 – ") && text.contains("Not listed without it"), "{text}");
    assert!(text.contains("hospital parking charges 3 2 ") && text.contains("Higher without it"), "{text}");
    assert!(page.body.contains(r#"<option value="patients-forum" selected>"#));
    let nothing = world.get("/issues/without?region=london").await.text();
    assert!(nothing.contains("There is a problem") && nothing.contains("said by or at London"), "{nothing}");
    for wrong in ["source=%21%21", "copies-of=x", "meeting=%01"] {
        let page = world.get(&format!("/issues/without?{wrong}")).await;
        assert!(page.status == 200 && page.text().contains("There is a problem"), "{wrong}");
    }
    assert!(!world.get("/issues/without").await.text().contains("There is a problem"));
    assert!(world.get("/issues").await.body.contains("/issues/without"));
    let public = World::new(Audience::Public);
    assert_ne!(public.get("/issues/without?source=patients-forum").await.status, 200);
    assert!(!public.get("/issues").await.body.contains("/issues/without"));
}
