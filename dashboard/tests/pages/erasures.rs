//! Erasure as administrators meet it, and closing an account as people do.

use civic::erasures::{self, State};
use civic::{Role, account, audit};

use crate::made_up::now;
use crate::world::World;

/// Text that would run as a script, and as a formula, if it were let.
const HOSTILE: &str = "=HYPERLINK(\"x\")<script>alert(1)</script>";

#[tokio::test]
async fn what_is_meant_is_found_shown_confirmed_with_a_reason_and_ends_in_a_certificate() {
    let world = World::of_people();
    let admin = world.somebody(Role::Admin).await;
    assert!(admin.get("/").await.body.contains("href=\"/admin/erasures\""));
    assert!(!world.somebody(Role::Moderator).await.get("/").await.body.contains("/admin/erasures"));
    let nothing = admin.send("/admin/erasures/find", &[("text", HOSTILE)]).await;
    assert_eq!(nothing.status, 422);
    assert!(
        nothing.text().contains("There is a problem") && !nothing.body.contains("<script>alert"),
        "{}",
        nothing.body
    );

    let found =
        admin.send("/admin/erasures/find", &[("posts", "/posts/1"), ("author", "Ann"), ("source", "forum")]).await;
    assert!(found.text().contains("Found: 1 person, 2 single posts"), "{}", found.text());
    assert!(found.text().contains("Posts in the search index: 1,200") && found.text().contains("Approved quotes: 3"));
    let what = found.hidden("what").replace("&#34;", "\"");
    let counts = found.hidden("found").replace("&#34;", "\"");
    let unreasoned = [("what", what.as_str()), ("found", &counts), ("reason", " ")];
    assert_eq!(admin.send("/admin/erasures", &unreasoned).await.status, 422);
    assert_eq!(admin.send("/admin/erasures", &[("what", HOSTILE), ("reason", "x")]).await.status, 400);
    let asked =
        admin.send("/admin/erasures", &[("what", what.as_str()), ("found", &counts), ("reason", HOSTILE)]).await;
    assert_eq!(asked.status, 303, "{}", asked.text());
    let (page, id) = (asked.leads_to().to_owned(), asked.leads_to().rsplit('/').next().unwrap().to_owned());
    let certificate = format!("/download/erasures/{id}/certificate.json");
    for address in [page.as_str(), "/admin/erasures", "/audit"] {
        let shown = admin.get(address).await;
        assert!(
            !shown.body.contains("<script>alert") && shown.text().contains("HYPERLINK"),
            "{address}: {}",
            shown.text()
        );
    }
    assert!(admin.get(&page).await.text().contains("It waits until the stages pause"));
    assert!(!world.get("/audit").await.text().contains("HYPERLINK"), "the reason is for staff");
    assert_eq!(admin.get(&certificate).await.status, 404);

    erasures::progress(&world.record, &id, State::Failed, HOSTILE).unwrap();
    let failed = admin.get(&page).await;
    assert!(failed.text().contains("It broke off") && !failed.body.contains("<script>alert"), "{}", failed.text());
    assert_eq!(admin.send(&format!("{page}/again"), &[]).await.status, 303);
    let removed = serde_json::json!({ "removed": { "index": 1_200 }, "audit_hash": "00ff" });
    erasures::finish(&world.record, &id, now(), &removed).unwrap();
    let done = admin.get(&page).await.text();
    assert!(
        done.contains("Certificate: what was removed") && done.contains("1,200") && done.contains("00ff"),
        "{done}"
    );
    let json: serde_json::Value = serde_json::from_str(&admin.get(&certificate).await.body).unwrap();
    assert_eq!(json["certificate"]["removed"]["index"], 1_200);
    assert_eq!(world.somebody(Role::Organiser).await.get(&certificate).await.status, 403);
}

#[tokio::test]
async fn people_close_their_own_account_for_good_and_are_signed_out() {
    let world = World::of_people();
    let (ann, admin) = (world.somebody(Role::Public).await, world.somebody(Role::Admin).await);
    let flag = ann.send("/gather/raise", &[("want", HOSTILE), ("because", HOSTILE), ("anyway", "yes")]).await;
    assert!(ann.get("/account").await.body.contains("/account/close"));
    let unsure = ann.send("/account/close", &[("sure", "yes")]).await;
    assert_eq!(unsure.status, 422);
    assert!(unsure.text().contains("Write the word close"), "{}", unsure.text());
    let closed = ann.send("/account/close", &[("sure", "close")]).await;
    assert_eq!(closed.status, 200, "{}", closed.text());
    assert!(
        closed.text().contains("Flags withdrawn: 1") && closed.body.contains("href=\"/sign-in\""),
        "{}",
        closed.text()
    );
    assert!(closed.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    assert_eq!(ann.get("/account").await.status, 303, "the session is gone");
    assert_eq!(world.record.read_now(|db| account::find(db, &ann.id)).unwrap(), None);
    assert_eq!(world.get(flag.leads_to()).await.status, 404);
    assert!(admin.get("/admin/erasures").await.text().contains("Something was erased last on"));
    world.record.read_now(audit::verify).unwrap();

    let last = admin.send("/account/close", &[("sure", "close")]).await;
    assert_eq!(last.status, 422);
    assert!(last.text().contains("last administrator"), "{}", last.text());
}

#[tokio::test]
async fn an_administrator_closes_an_account_for_somebody_who_asks() {
    let world = World::of_people();
    let (bob, admin) = (world.somebody(Role::Viewer).await, world.somebody(Role::Admin).await);
    let address = format!("/admin/accounts/{}/close", bob.id);
    assert!(admin.get(&format!("/admin/accounts/{}", bob.id)).await.body.contains(&address));
    assert_eq!(admin.send(&address, &[("reason", "")]).await.status, 422);
    let closed = admin.send(&address, &[("reason", HOSTILE)]).await;
    let page = admin.get(closed.leads_to()).await;
    assert!(page.text().contains("Accounts 1") && !page.body.contains("<script>alert"), "{}", page.text());
    assert_eq!(admin.get(&address).await.status, 404);
    assert_eq!(bob.get("/account").await.status, 303);
}
