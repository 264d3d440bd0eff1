//! Gather, as people meet it: raising, supporting, commenting, moderating, paper.

use civic::Role;

use crate::made_up::QUEUE;
use crate::world::{Somebody, World};

/// Raises a flag, and gives its address.
async fn raise(who: &Somebody<'_>, want: &str) -> String {
    let answer = who.send("/gather/raise", &[("want", want), ("because", "it matters"), ("anyway", "yes")]).await;
    assert_eq!(answer.status, 303, "{}", answer.text());
    answer.leads_to().to_owned()
}

/// Publishes a waiting flag.
async fn publish(moderator: &Somebody<'_>, flag: &str) {
    let address = format!("{flag}/decide");
    let version = moderator.get(&address).await.hidden("version");
    let fields = [("decision", "publish"), ("reason", "Within remit"), ("version", version.as_str())];
    assert_eq!(moderator.send(&address, &fields).await.status, 303);
}

#[tokio::test]
async fn a_flag_is_seen_by_its_author_and_moderators_until_it_is_published() {
    let world = World::of_people();
    let (ann, bob) = (world.somebody(Role::Public).await, world.somebody(Role::Public).await);
    let moderator = world.somebody(Role::Moderator).await;
    let from_issue = ann.get(&format!("/gather/raise?issue={QUEUE}")).await;
    assert!(from_issue.text().contains("Evidence: The issue ‘"), "{}", from_issue.text());
    let flag = raise(&ann, "a call back on the same day").await;
    assert!(ann.get(&flag).await.text().contains("Waits for a moderator"));
    assert_eq!(bob.get(&flag).await.status, 404);
    assert_eq!(world.get(&flag).await.status, 404);
    assert!(moderator.get("/gather/moderation").await.text().contains("a call back on the same day"));

    let form = moderator.get(&format!("{flag}/decide")).await;
    assert!(form.body.contains("href=\"/gather\" aria-current=\"true\""), "the menu says where one is");
    publish(&moderator, &flag).await;
    let public = world.get(&flag).await;
    assert!(public.text().contains("1 of 100 supporters"), "{}", public.text());
    assert!(public.text().contains("Flag published . “Within remit”") || public.text().contains("Within remit"));
    assert!(world.get("/gather").await.text().contains("a call back on the same day"));
    assert!(world.get("/audit").await.text().contains("Flag published"));
    assert!(!world.get("/download/audit.jsonl").await.body.contains("a call back"), "the log has no words of people");
}

#[tokio::test]
async fn support_counts_once_and_can_be_taken_back() {
    let world = World::of_people();
    let (ann, bob) = (world.somebody(Role::Public).await, world.somebody(Role::Viewer).await);
    let moderator = world.somebody(Role::Moderator).await;
    let flag = raise(&ann, "more midwives").await;
    publish(&moderator, &flag).await;
    for _ in 0..2 {
        assert_eq!(bob.send(&format!("{flag}/support"), &[]).await.status, 303);
    }
    assert!(bob.get(&flag).await.text().contains("2 of 100 supporters"));
    assert!(bob.get(&flag).await.text().contains("Take your support back"));
    assert_eq!(bob.send(&format!("{flag}/withdraw"), &[]).await.status, 303);
    assert!(world.get(&flag).await.text().contains("1 of 100 supporters"));
}

#[tokio::test]
async fn much_the_same_is_offered_before_another_is_raised() {
    let world = World::of_people();
    let (ann, moderator) = (world.somebody(Role::Public).await, world.somebody(Role::Moderator).await);
    let flag = raise(&ann, "shorter phone queues at the surgery").await;
    publish(&moderator, &flag).await;
    let fields = [("want", "the surgery to have a shorter phone queue"), ("because", "I wait")];
    let offered = ann.send("/gather/raise", &fields).await;
    assert_eq!(offered.status, 200);
    assert!(offered.text().contains("Is it one of these?") && offered.body.contains(&flag), "{}", offered.text());
    assert!(offered.text().contains("Both speak of: phone, queue, shorter, surgery"));
    let again = ann.send("/gather/raise", &[&fields[..], &[("anyway", "yes")]].concat()).await;
    assert_eq!(again.status, 303, "it can be raised all the same");
}

#[tokio::test]
async fn comments_and_refusals_are_moderated_with_reasons() {
    let world = World::of_people();
    let (ann, moderator) = (world.somebody(Role::Public).await, world.somebody(Role::Moderator).await);
    let flag = raise(&ann, "more midwives").await;
    publish(&moderator, &flag).await;
    for words in ["I agree with this", "rude words here"] {
        assert_eq!(ann.send(&format!("{flag}/comment"), &[("comment", words)]).await.status, 303);
    }
    assert!(!world.get(&flag).await.text().contains("I agree with this"), "it waits");
    let queue = moderator.get("/gather/moderation").await;
    let id_of = |words: &str| {
        let card = queue.body.split("d-post").find(|card| card.contains(words)).unwrap();
        card.split("action=\"/gather/comments/").nth(1).unwrap().split('"').next().unwrap().to_owned()
    };
    let ids = [id_of("I agree with this"), id_of("rude words here")];
    moderator.send(&format!("/gather/comments/{}", ids[0]), &[("publish", "yes")]).await;
    let unreasoned = moderator.send(&format!("/gather/comments/{}", ids[1]), &[("remove", "yes")]).await;
    assert_eq!(unreasoned.status, 400);
    moderator.send(&format!("/gather/comments/{}", ids[1]), &[("remove", "yes"), ("reason", "It insults")]).await;
    let page = world.get(&flag).await.text();
    assert!(page.contains("I agree with this") && page.contains("Removed by a moderator: It insults"), "{page}");
    assert!(!page.contains("rude words"));
    assert_eq!(ann.send(&format!("/gather/comments/{}", ids[0]), &[("remove", "yes")]).await.status, 403);

    // One that stands can still be removed, once, and the reason stands in its place.
    let address = format!("/gather/comments/{}/remove", ids[0]);
    assert!(moderator.get(&flag).await.body.contains(&address) && !ann.get(&flag).await.body.contains(&address));
    assert!(moderator.get(&address).await.text().contains("I agree with this"));
    assert_eq!(moderator.send(&address, &[("reason", " ")]).await.status, 422);
    let (one, two) =
        (moderator.send(&address, &[("reason", "It names somebody")]).await, moderator.get(&address).await);
    assert_eq!((one.status.as_u16(), two.status.as_u16()), (303, 404));
    let page = world.get(&flag).await.text();
    assert!(
        page.contains("Removed by a moderator: It names somebody") && !page.contains("I agree with this"),
        "{page}"
    );
    let id = flag.rsplit('/').next().unwrap();
    let json: serde_json::Value = serde_json::from_str(&world.get(&format!("/api/v1/flags/{id}")).await.body).unwrap();
    assert_eq!(json["flag"]["comments"][0]["removed_because"], "It names somebody");
    assert_eq!(json["flag"]["decided"][1]["what"], "flag.published");
    assert_eq!(world.get("/api/v1/flags/00000000000000000000000000").await.status, 404);
}

#[tokio::test]
async fn people_on_paper_count_once_after_what_was_read_was_seen() {
    let world = World::of_people();
    let (ann, moderator) = (world.somebody(Role::Public).await, world.somebody(Role::Moderator).await);
    let analyst = world.somebody(Role::Analyst).await;
    let flag = raise(&ann, "more midwives").await;
    publish(&moderator, &flag).await;
    let address = format!("{flag}/paper");
    let sheet = "\u{feff}Name,Postcode\r\nCy Example,LS1\r\nCy Example,LS1\r\nDi Example,LS2\r\n123\r\n";
    for fields in [&[("file", sheet), ("sheet", "Cy Example")][..], &[("place", "Leeds")], &[("sheet", "123")]] {
        assert_eq!(analyst.upload(&format!("{address}/read"), fields).await.status, 422, "{fields:?}");
    }
    for field in ["file", "sheet"] {
        let fields = [(field, sheet), ("place", "Leeds library, 1 May")];
        let shown = analyst.upload(&format!("{address}/read"), &fields).await;
        assert!(shown.text().contains("This sheet names 2 people"), "{}", shown.text());
        assert!(shown.text().contains("these lines name nobody: 5"), "{}", shown.text());
        let seen = shown.hidden("sheet");
        let fields = [("sheet", seen.as_str()), ("place", "")];
        assert_eq!(analyst.send(&address, &fields).await.status, 422, "where it was signed is published");
        let fields = [("sheet", seen.as_str()), ("place", "Leeds library, 1 May")];
        assert_eq!(analyst.send(&address, &fields).await.status, 303);
    }
    let page = world.get(&flag).await;
    assert!(page.text().contains("3 of 100 supporters, 2 of them on paper"), "{}", page.text());
    assert!(!page.body.contains("Cy Example"));
}

#[tokio::test]
async fn hostile_words_are_shown_and_never_run_nor_computed() {
    let world = World::of_people();
    let (ann, moderator) = (world.somebody(Role::Public).await, world.somebody(Role::Moderator).await);
    let hostile = "=1+1<script>alert(1)</script>\" onload=\"x";
    let fields = [("want", hostile), ("because", hostile), ("search", "q=\"><script>x</script>")];
    let flag = ann.send("/gather/raise", &fields).await.leads_to().to_owned();
    publish(&moderator, &flag).await;
    ann.send(&format!("{flag}/comment"), &[("comment", hostile)]).await;
    let analyst = world.somebody(Role::Analyst).await;
    let sheet = [("place", hostile), ("sheet", hostile)];
    let read = analyst.upload(&format!("{flag}/paper/read"), &sheet).await;
    assert!(read.text().contains("This sheet names 1 person"), "{}", read.text());
    assert!(!read.body.contains("<script>") && !read.body.contains("\" onload"), "{}", read.body);
    assert_eq!(analyst.send(&format!("{flag}/paper"), &sheet).await.status, 303);
    let waiting = moderator.get("/gather/moderation").await;
    let comment = waiting.part("action=\"/gather/comments/", "\" novalidate");
    let comment = comment.trim_start_matches("action=\"").trim_end_matches("\" novalidate").to_owned();
    let remove = format!("{comment}/remove");
    assert!(!moderator.get(&remove).await.body.contains("<script>"));
    ann.send(&format!("{flag}/comment"), &[("comment", hostile)]).await;
    assert_eq!(moderator.send(&remove, &[("reason", hostile)]).await.status, 303);
    for address in [flag.as_str(), "/gather", "/audit", &format!("{flag}/decide"), "/gather/moderation"] {
        let page = moderator.get(address).await;
        assert_eq!(page.status, 200, "{address}");
        assert!(!page.body.contains("<script>") && !page.body.contains("\" onload"), "{address}");
    }
    let csv = world.get("/download/flags.csv").await;
    assert!(!csv.body.contains(",=1") && !csv.body.contains("\n=1") && !csv.body.contains("\"=1"), "{}", csv.body);
    let json: serde_json::Value = serde_json::from_str(&world.get("/api/v1/flags").await.body).unwrap();
    assert_eq!(json["flags"][0]["supporters"]["online"], 1);
}

#[tokio::test]
async fn two_moderators_never_overwrite_each_other() {
    let world = World::of_people();
    let ann = world.somebody(Role::Public).await;
    let (one, two) = (world.somebody(Role::Moderator).await, world.somebody(Role::Moderator).await);
    let flag = raise(&ann, "more midwives").await;
    let address = format!("{flag}/decide");
    let version = two.get(&address).await.hidden("version");
    publish(&one, &flag).await;
    let late = [("decision", "refuse"), ("reason", "no"), ("version", version.as_str())];
    assert_eq!(two.send(&address, &late).await.status, 409);
    let version = two.get(&address).await.hidden("version");
    let route =
        [("decision", "route"), ("to", "Leeds Teaching Hospitals"), ("reason", "Theirs"), ("version", &version)];
    assert_eq!(two.send(&address, &route).await.status, 303);
    assert!(world.get(&flag).await.text().contains("It was sent to: Leeds Teaching Hospitals"));
    assert!(world.get("/gather?show=routed").await.text().contains("more midwives"), "it stays visible");
}
