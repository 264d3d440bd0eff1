//! Staff's own work: who looks after what, notes, saved searches, collections. None of it is public.

use civic::Role;
use dashboard::Audience;

use crate::made_up;
use crate::world::{Answer, Somebody, World};

/// What could do harm in a page or in a spreadsheet.
const HOSTILE: &str = "=cmd|' /C calc'!A0<script>alert(1)</script>\"><img src=x>";

/// That a page shows hostile words as words.
fn assert_harmless(answer: &Answer, what: &str) {
    assert_eq!(answer.status, 200, "{what}");
    assert!(answer.body.contains("&#60;script&#62;alert(1)"), "{what} does not show it: {}", answer.body);
    assert!(!answer.body.contains("<script>alert") && !answer.body.contains("<img src=x"), "{what}: {}", answer.body);
}

async fn work_on(who: &Somebody<'_>, of: &str, assignee: &str, status: &str) -> Answer {
    let version = who.get(&format!("{of}/work")).await.hidden("version");
    who.send(&format!("{of}/work"), &[("version", &version), ("assignee", assignee), ("status", status)]).await
}

#[tokio::test]
async fn an_issue_and_a_post_are_looked_after_and_wait_for_whoever_took_them_on() {
    let world = World::of_people();
    let (ann, bob) = (world.somebody(Role::Analyst).await, world.somebody(Role::Organiser).await);
    let (issue, post) = (format!("/issues/{}", made_up::QUEUE), format!("/posts/{}", made_up::quoted()[0]));
    for of in [&issue, &post] {
        assert!(ann.get(of).await.text().contains("Nobody looks after this yet."), "{of}");
        let done = work_on(&ann, of, ann.id.as_str(), "doing").await;
        assert_eq!((done.status.as_u16(), done.leads_to()), (303, format!("{of}/work").as_str()), "{}", done.text());
        assert!(bob.get(of).await.text().contains("Sam Example looks after this: in progress."), "{of}");
        let public = world.get(of).await;
        assert!(!public.text().contains("looks after this"), "{of}");
    }
    let (mine, others) = (ann.get("/work").await, bob.get("/work").await);
    assert!(mine.part("id=\"mine\"", "id=\"others\"").contains(&format!("{issue}/work")), "{}", mine.body);
    assert!(others.part("id=\"others\"", "id=\"searches\"").contains(&format!("{post}/work")), "{}", others.body);
    assert!(others.text().contains("Nothing is assigned to you."));

    work_on(&bob, &issue, "nobody", "done").await;
    assert!(!ann.get("/work").await.body.contains(&format!("{issue}/work")), "what is done waits for nobody");
    let viewer = world.somebody(Role::Viewer).await;
    let refused = work_on(&ann, &issue, viewer.id.as_str(), "doing").await;
    assert_eq!(refused.status, 422);
    assert!(refused.text().contains("cannot do this work"), "{}", refused.text());
    assert_eq!(viewer.get("/work").await.status, 403);
}

#[tokio::test]
async fn two_people_never_write_over_each_other() {
    let world = World::of_people();
    let (ann, bob) = (world.somebody(Role::Analyst).await, world.somebody(Role::Analyst).await);
    let issue = format!("/issues/{}", made_up::QUEUE);
    let fields = [("version", "0"), ("assignee", "nobody"), ("status", "doing")];
    assert_eq!(ann.send(&format!("{issue}/work"), &fields).await.status, 303);
    assert_eq!(bob.send(&format!("{issue}/work"), &fields).await.status, 409);

    ann.send(&format!("{issue}/notes"), &[("words", "Ask the trust")]).await;
    let page = bob.get(&format!("{issue}/work")).await;
    let note = page.part("/work/notes/", "\"").trim_end_matches('"').to_owned();
    let version = bob.get(&note).await.hidden("version");
    assert_eq!(ann.send(&note, &[("version", &version), ("words", "Asked")]).await.status, 303);
    assert_eq!(bob.send(&note, &[("version", &version), ("words", "Never asked")]).await.status, 409);
    assert_eq!(bob.send(&format!("{note}/remove"), &[("version", &version)]).await.status, 409);
    let empty = bob.send(&note, &[("version", "2"), ("words", " ")]).await;
    assert_eq!(empty.status, 422);
    assert!(empty.text().contains("Write the note"), "{}", empty.text());
    assert!(ann.get(&format!("{issue}/work")).await.text().contains("Asked"));
    assert_eq!(bob.send(&format!("{note}/remove"), &[("version", "2")]).await.status, 303);
    assert_eq!(bob.get(&note).await.status, 404);
}

#[tokio::test]
async fn a_search_is_kept_opened_shared_and_deleted() {
    let world = World::of_people();
    let (ann, bob) = (world.somebody(Role::Analyst).await, world.somebody(Role::Analyst).await);
    let search = ann.get("/search?q=queue&type=forum").await;
    let keep = search.part("/work/searches?search=", "\"").trim_end_matches('"').replace("&#38;", "&");
    let form = ann.get(&keep).await;
    assert!(form.text().contains("It looks for: ‘queue’ with 1 filter"), "{}", form.text());
    let query = form.hidden("search").replace("&#38;", "&");
    let unnamed = ann.send("/work/searches", &[("search", &query), ("name", ""), ("shared", "no")]).await;
    assert_eq!(unnamed.status, 422);
    assert_eq!(
        ann.send("/work/searches", &[("search", &query), ("name", "Queues"), ("shared", "no")]).await.status,
        303
    );
    let work = ann.get("/work").await;
    assert!(work.body.contains(&format!("href=\"/search?{}\"", query.replace('&', "&#38;"))), "{}", work.body);
    assert!(!bob.get("/work").await.text().contains("Queues"));

    let address = work.part("/work/searches/", "\"").trim_end_matches('"').to_owned();
    assert_eq!(bob.get(&address).await.status, 404);
    assert_eq!(bob.send(&address, &[("version", "1"), ("name", "Mine"), ("shared", "no")]).await.status, 404);
    let renamed = ann.send(&address, &[("version", "1"), ("name", "All queues"), ("shared", "yes")]).await;
    assert_eq!(renamed.status, 303);
    assert!(bob.get("/work").await.text().contains("All queues : ‘queue’ with 1 filter. Shared by Sam Example."));
    assert_eq!(ann.send(&format!("{address}/remove"), &[("version", "1")]).await.status, 409);
    assert_eq!(ann.send(&format!("{address}/remove"), &[("version", "2")]).await.status, 303);
    assert!(!bob.get("/work").await.text().contains("All queues"));
}

#[tokio::test]
async fn posts_are_collected_with_why_and_taken_away_as_files() {
    let world = World::of_people();
    let ann = world.somebody(Role::Analyst).await;
    let post = made_up::quoted()[0];
    assert!(ann.get("/search").await.body.contains("/collect\""));
    let unnamed = ann.send(&format!("/posts/{post}/collect"), &[("collection", "new"), ("name", "")]).await;
    assert_eq!(unnamed.status, 422);
    assert!(unnamed.text().contains("Write a name for the collection"), "{}", unnamed.text());
    let put = [("collection", "new"), ("name", "For the pack"), ("why", "Clear words")];
    let collected = ann.send(&format!("/posts/{post}/collect"), &put).await;
    assert_eq!(collected.status, 303, "{}", collected.text());
    let address = collected.leads_to().to_owned();
    let page = ann.get(&address).await;
    assert!(page.text().contains("1 post.") && page.text().contains("Why it is here: Clear words."), "{}", page.text());
    assert!(ann.get(&format!("/posts/{post}/work")).await.text().contains("This post is in: For the pack"));

    let csv = ann.get(&format!("{address}/posts.csv")).await;
    assert_eq!(csv.body.lines().count(), 2, "{}", csv.body);
    let json: serde_json::Value = serde_json::from_str(&ann.get(&format!("{address}/posts.json")).await.body).unwrap();
    assert_eq!(
        (json["posts"][0]["id"].as_str(), json["posts"][0]["why"].as_str()),
        (Some(&*post.to_string()), Some("Clear words"))
    );
    for file in ["posts.csv", "posts.json"] {
        let public = world.get(&format!("{address}/{file}")).await;
        assert_ne!(public.status, 200, "{file}");
    }

    assert_eq!(ann.send(&format!("{address}/take-out"), &[("post", &post.to_string())]).await.status, 303);
    assert!(ann.get(&address).await.text().contains("Nothing is in it."));
    let version = ann.get(&format!("{address}/change")).await.hidden("version");
    assert_eq!(ann.send(&format!("{address}/change"), &[("version", "1"), ("name", "Late")]).await.status, 409);
    assert_eq!(ann.send(&format!("{address}/remove"), &[("version", &version)]).await.status, 303);
    assert_eq!(ann.get(&address).await.status, 404);
}

#[tokio::test]
async fn a_post_that_is_gone_is_in_no_collection_and_no_list() {
    let world = World::of_people();
    let ann = world.somebody(Role::Analyst).await;
    // The record knows a post that the index has no longer.
    let gone = civic::work::Subject::Post { id: "0".repeat(32), author: None };
    let id = world
        .record
        .decide_now(civic::Actor::Account(ann.id.clone(), Role::Analyst), made_up::now(), |tx| {
            let id = civic::work::collections::begin(tx, "Queues", "")?;
            civic::work::collections::put(tx, &id, &gone, "secret words of a post that is gone")?;
            civic::work::tasks::set(tx, &gone, 1, Some(&ann.id), civic::work::TaskStatus::Doing)?;
            Ok(id)
        })
        .unwrap();
    for file in ["", "/posts.csv", "/posts.json"] {
        let answer = ann.get(&format!("/work/collections/{id}{file}")).await;
        assert_eq!(answer.status, 200);
        assert!(!answer.body.contains("secret words") && !answer.body.contains(&"0".repeat(32)), "{}", answer.body);
    }
    assert!(ann.get("/work").await.text().contains("Nothing is assigned to you."));
    assert_eq!(ann.get(&format!("/posts/{}/work", "0".repeat(32))).await.status, 404);
}

#[tokio::test]
async fn what_staff_write_is_shown_and_never_run() {
    let world = World::of(vec![made_up::hostile()], Some(made_up::trend_list()), Audience::Public);
    let ann = world.somebody(Role::Analyst).await;
    let search = ann.get("/search").await;
    let post = format!("/posts/{}", search.body.split("/posts/").nth(1).unwrap().split(['"', '/']).next().unwrap());
    ann.send(&format!("{post}/notes"), &[("words", HOSTILE)]).await;
    assert_harmless(&ann.get(&format!("{post}/work")).await, "a note");
    let faulty = ann.send(&format!("{post}/notes"), &[("words", &HOSTILE.repeat(99))]).await;
    assert!(faulty.status == 422 && !faulty.body.contains("<script>alert"), "what is shown again");

    ann.send("/work/searches", &[("search", HOSTILE), ("name", HOSTILE), ("shared", "yes")]).await;
    let work = ann.get("/work").await;
    assert_harmless(&work, "a saved search");
    let address = work.part("/work/searches/", "\"").trim_end_matches('"').to_owned();
    assert_harmless(&ann.get(&address).await, "its form");

    let put = [("collection", "new"), ("name", HOSTILE), ("why", HOSTILE)];
    let collection = ann.send(&format!("{post}/collect"), &put).await.leads_to().to_owned();
    for page in [collection.as_str(), &format!("{collection}/change"), &format!("{post}/collect"), "/work"] {
        assert_harmless(&ann.get(page).await, page);
    }
    let csv = ann.get(&format!("{collection}/posts.csv")).await.body;
    assert!(csv.contains("'=cmd|"), "{csv}");
    let cells = csv.split(['\n', ',']).map(|cell| cell.trim_start_matches('"'));
    for cell in cells {
        assert!(!cell.starts_with(['=', '+', '@', '\t']), "a spreadsheet would run {cell}");
    }
}
