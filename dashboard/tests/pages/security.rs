//! What holds for every answer.

use axum::body::Body;
use axum::http::Request;
use dashboard::Audience;

use crate::made_up;
use crate::world::World;

/// Every kind of address.
fn addresses() -> Vec<String> {
    let pages =
        ["/", "/issues", "/issues?status=held", "/search", "/search?q=queue", "/sources", "/help", "/accessibility"];
    let more = [
        "/privacy",
        "/api",
        "/submit",
        "/feeds/issues.atom",
        "/feeds/alerts.atom",
        "/feeds/search.atom",
        "/download/issues.csv",
    ];
    let csv =
        ["/download/largest-issues.csv", "/download/who.csv", "/download/search.csv", "/download/search-days.csv"];
    let api = ["/download/sources.csv", "/api/v1/state", "/api/v1/issues", "/api/v1/search", "/api/v1/sources"];
    let counts = ["/api/v1/counts", "/api/v1/counts?by=day", "/api/v1/counts?by=region"];
    let issue = made_up::QUEUE;
    let of_issue = [
        format!("/issues/{issue}"),
        format!("/download/issues/{issue}/days.csv"),
        format!("/download/issues/{issue}/regions.csv"),
        format!("/api/v1/issues/{issue}"),
        format!("/posts/{}", made_up::quoted()[0]),
    ];
    let fixed = [&pages[..], &more, &csv, &api, &counts].concat();
    fixed.into_iter().map(str::to_owned).chain(of_issue).collect()
}

#[tokio::test]
async fn every_answer_forbids_what_it_does_not_need() {
    let world = World::new(Audience::Staff);
    for address in addresses().into_iter().chain(["/nothing".to_owned(), "/assets/x/none.css".to_owned()]) {
        let answer = world.get(&address).await;
        let policy = answer.headers["content-security-policy"].to_str().unwrap();
        assert!(policy.starts_with("default-src 'none'"), "{address}: {policy}");
        assert!(!policy.contains("unsafe"), "{address}: {policy}");
        assert!(policy.contains("frame-ancestors 'none'"), "{address}: {policy}");
        assert_eq!(answer.headers["x-content-type-options"], "nosniff", "{address}");
        assert_eq!(answer.headers["referrer-policy"], "same-origin", "{address}");
    }
}

#[tokio::test]
async fn every_page_keeps_to_the_policy_and_says_that_the_data_is_made_up() {
    let world = World::new(Audience::Staff);
    for address in addresses() {
        let answer = world.get(&address).await;
        assert_eq!(answer.status, 200, "{address}");
        if !answer.headers["content-type"].to_str().unwrap().starts_with("text/html") {
            continue;
        }
        assert!(!answer.body.contains(" style="), "{address} has an inline style");
        assert!(!answer.body.contains(" onclick="), "{address} has an inline handler");
        assert_eq!(answer.body.matches("<script").count(), 1, "{address} has a script of its own");
        assert!(answer.body.contains("<script type=\"module\" src=\"/assets/"), "{address}");
        assert!(
            answer.text().contains("Demonstration data: every person, post and meeting here is made up."),
            "{address}"
        );
        assert_eq!(answer.body.matches("<h1").count(), 1, "{address} has not exactly one title");
    }
}

#[tokio::test]
async fn what_a_page_links_to_is_there() {
    let world = World::new(Audience::Staff);
    let mut seen = std::collections::BTreeSet::new();
    for address in addresses() {
        let answer = world.get(&address).await;
        for link in answer.body.split("href=\"/").skip(1).map(|rest| rest.split('"').next().unwrap()) {
            let link = format!("/{}", link.replace("&#38;", "&").replace("&amp;", "&"));
            let link = link.split('#').next().unwrap().to_owned();
            if seen.insert(link.clone()) {
                let linked = world.get(&link).await;
                // Taking part needs an account, and the link leads there by way of signing in.
                let asks_who = linked.status == 303 && linked.leads_to().starts_with("/sign-in?next=");
                assert!(linked.status == 200 || asks_who, "{address} links to {link}: {}", linked.status);
            }
        }
    }
    assert!(seen.len() > 60, "only {} links were found", seen.len());
}

#[tokio::test]
async fn hostile_text_is_shown_and_never_run() {
    let world = World::of(vec![made_up::hostile()], None, Audience::Staff);
    let search = world.get("/search?q=%3Cscript%3Ealert").await;
    insta::assert_snapshot!(search.part("<article", "</article>"), @r#"
        <article class="nhsuk-card d-post">
        <div class="nhsuk-card__content">
        <h3 class="nhsuk-card__heading nhsuk-heading-s">
        <a href="/posts/2880ba8de9dbee672a0b98cadeac5b31">Patients forum, South West: 22 November 2026, 1:05pm</a>
        </h3>
        <p>
        <strong>=HYPERLINK(&#34;http://evil.example&#34;)&#60;img src=x onerror=alert(1)&#62;</strong>
        </p>
        <p>&#60;<mark>script</mark>&#62;<mark>alert</mark>(&#39;queue&#39;)&#60;/<mark>script</mark>&#62; &#38; &#34;quoted&#34; =1+1</p>
        <p class="nhsuk-u-margin-bottom-0">
        <strong class="nhsuk-tag nhsuk-tag--grey">Forum post</strong> <strong class="nhsuk-tag nhsuk-tag--grey">Positive</strong> <strong class="nhsuk-tag nhsuk-tag--blue">Parking</strong> </p>
        </div>
        </article>
        "#);
    assert!(!search.body.contains("<script>"), "the query is shown as it was typed");

    let id = search.body.split("/posts/").nth(1).unwrap().split('"').next().unwrap();
    let post = world.get(&format!("/posts/{id}")).await;
    assert!(!post.body.contains("<script>") && !post.body.contains("<img"));
    assert!(!post.body.contains("javascript:"), "an address that is no web page is not linked");

    let feed = world.get("/feeds/search.atom").await;
    assert!(!feed.body.contains("<script>") && !feed.body.contains("<img"));
}

#[tokio::test]
async fn staff_pages_are_served_to_this_machine_only() {
    let ask = |host| Request::get("/").header("host", host).body(Body::empty()).unwrap();
    let staff = World::new(Audience::Staff);
    assert_eq!(staff.send(ask("evil.example:8080")).await.status, 421);
    assert_eq!(staff.send(ask("localhost:8080")).await.status, 200);
    let public = World::new(Audience::Public);
    assert_eq!(public.send(ask("discovery.example")).await.status, 200);
}

#[tokio::test]
async fn what_is_not_there_is_explained_as_a_page_or_as_json() {
    let world = World::new(Audience::Staff);
    let page = world.get("/nothing").await;
    assert_eq!(page.status, 404);
    assert!(page.text().contains("Page not found If you typed the web address, check it is correct."));

    let json = world.get("/api/v1/issues/nothing").await;
    assert_eq!(json.status, 404);
    insta::assert_snapshot!(json.body, @r#"{"error":{"code":"no_issue","message":"no issue has this id"}}"#);

    let post = world.get("/posts/00000000000000000000000000000000").await;
    assert_eq!(post.status, 404);
    assert!(post.text().contains("When people delete what they said, it is removed here too."));
}

#[tokio::test]
async fn assets_are_kept_for_ever_under_an_address_that_changes_with_them() {
    let world = World::new(Audience::Staff);
    let home = world.get("/").await;
    let sheet =
        home.body.split("href=\"").find(|rest| rest.starts_with("/assets/")).unwrap().split('"').next().unwrap();
    let first = world.get(sheet).await;
    assert_eq!(first.status, 200);
    assert!(first.headers["cache-control"].to_str().unwrap().contains("immutable"));
    let again = Request::get(sheet).header("if-none-match", &first.headers["etag"]).body(Body::empty()).unwrap();
    assert_eq!(world.send(again).await.status, 304);
}
