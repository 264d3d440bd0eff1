//! Signing in and out, invitations, accounts, and the audit log, as browsers meet them.

use civic::{Actor, Role, account};
use dashboard::Audience;

use crate::made_up::now;
use crate::world::{World, form};

const PASSWORD: &str = "correct horse battery";

/// The link of an invitation.
fn invite(world: &World, email: &str, role: Role) -> String {
    let invited = |tx: &mut civic::Tx<'_>| account::invite(tx, "Ann Example", email, role);
    let (_, token) = world.record.decide_now(Actor::Operator, now(), invited).unwrap();
    format!("/welcome?token={}", token.text())
}

async fn sign_in(world: &World, fields: &[(&str, &str)]) -> crate::world::Answer {
    let token = world.get("/sign-in").await.hidden("form_token");
    world.send(form("/sign-in", &[fields, &[("form_token", &token)]].concat(), None)).await
}

#[tokio::test]
async fn an_invitation_leads_to_a_password_and_a_session() {
    let world = World::of_people();
    let link = invite(&world, "ann@example.org", Role::Analyst);
    let page = world.get(&link).await;
    assert!(page.text().contains("Welcome, Ann Example You are invited as: Analyst."), "{}", page.text());
    let (form_token, token) = (page.hidden("form_token"), page.hidden("token"));

    let fields =
        |password| vec![("form_token", form_token.as_str()), ("token", token.as_str()), ("password", password)];
    let short = world.send(form("/welcome", &fields("short"), None)).await;
    assert_eq!(short.status, 422);
    assert!(short.text().contains("Error: Choose a password of at least 15 characters"), "{}", short.text());

    let done = world.send(form("/welcome", &fields(PASSWORD), None)).await;
    assert_eq!((done.status.as_u16(), done.leads_to()), (303, "/"));
    let cookie = done.headers["set-cookie"].to_str().unwrap();
    for part in ["__Host-discovery=", "Secure", "HttpOnly", "SameSite=Lax", "Path=/"] {
        assert!(cookie.contains(part), "{cookie}");
    }
    assert_eq!(world.get(&link).await.status, 400, "a link works once");

    let fields = [("email", "ann@example.org"), ("password", PASSWORD), ("next", "/search?q=queue")];
    let again = sign_in(&world, &fields).await;
    assert_eq!((again.status.as_u16(), again.leads_to()), (303, "/search?q=queue"));
}

#[tokio::test]
async fn what_is_wrong_is_not_told_and_nobody_is_sent_elsewhere() {
    let world = World::of_people();
    world
        .record
        .decide_now(Actor::Visitor, now(), |tx| account::register(tx, "Bo", "bo@example.org", PASSWORD))
        .unwrap();
    for email in ["bo@example.org", "nobody@example.org"] {
        let answer = sign_in(&world, &[("email", email), ("password", "wrong"), ("next", "/")]).await;
        assert_eq!(answer.status, 422);
        assert!(answer.text().contains("The e-mail address, the password or the code is not right"));
        assert!(!answer.headers.contains_key("set-cookie"));
    }
    let fields = [("email", "bo@example.org"), ("password", PASSWORD), ("next", "//evil.example/")];
    assert_eq!(sign_in(&world, &fields).await.leads_to(), "/");
}

#[tokio::test]
async fn signing_out_ends_the_session_and_not_only_the_cookie() {
    let world = World::of_people();
    let ann = world.somebody(Role::Viewer).await;
    assert!(ann.get("/account").await.text().contains("Sam Example (Viewer)"));
    let out = ann.send("/sign-out", &[]).await;
    assert!(out.headers["set-cookie"].to_str().unwrap().contains("Max-Age=0"));
    let after = ann.get("/account").await;
    assert_eq!((after.status.as_u16(), after.leads_to()), (303, "/sign-in?next=%2Faccount"));
}

#[tokio::test]
async fn a_form_needs_the_token_of_its_own_session() {
    let world = World::of_people();
    let (ann, bob) = (world.somebody(Role::Admin).await, world.somebody(Role::Admin).await);
    let of_bob = bob.get("/account").await.hidden("form_token");
    let fields = [("name", "Cy"), ("email", "cy@example.org"), ("role", "viewer"), ("form_token", of_bob.as_str())];
    let foreign = world.send(form("/admin/accounts", &fields, Some(&ann.cookie))).await;
    assert_eq!(foreign.status, 403);
    assert_eq!(world.send(form("/admin/accounts", &fields, Some(&bob.cookie))).await.status, 200);
}

#[tokio::test]
async fn two_administrators_never_overwrite_each_other() {
    let world = World::of_people();
    let (ann, bob) = (world.somebody(Role::Admin).await, world.somebody(Role::Admin).await);
    let cy = world.somebody(Role::Viewer).await;
    let address = format!("/admin/accounts/{}", cy.id);
    let (seen_by_ann, seen_by_bob) = (ann.get(&address).await, bob.get(&address).await);
    let version = seen_by_ann.hidden("version");
    let unreasoned = ann.send(&address, &[("role", "analyst"), ("version", &version)]).await;
    assert_eq!(unreasoned.status, 422);
    assert!(unreasoned.text().contains("Enter why"));
    let first = ann.send(&address, &[("role", "analyst"), ("version", &version), ("reason", "moves team")]).await;
    assert_eq!(first.status, 303);
    let version = seen_by_bob.hidden("version");
    let second = bob.send(&address, &[("role", "viewer"), ("version", &version), ("reason", "leaves")]).await;
    assert_eq!(second.status, 409);
    assert!(second.text().contains("Nothing of yours was kept, and nothing of theirs was lost."));
    assert_eq!(cy.get("/account").await.status, 303, "a new role ends the sessions");
}

#[tokio::test]
async fn the_audit_log_shows_roles_and_never_names_and_staffs_part_to_staff_only() {
    let world = World::of_people();
    let admin = world.somebody(Role::Admin).await;
    let moderator = world.somebody(Role::Moderator).await;
    admin.send("/admin/accounts", &[("name", "Di Example"), ("email", "di@example.org"), ("role", "viewer")]).await;
    let staff = moderator.get("/audit").await.text();
    assert!(staff.contains("Administrator Account invited"), "{staff}");
    for address in ["/audit", "/download/audit.jsonl"] {
        let public = world.get(address).await;
        assert_eq!(public.status, 200, "{address}");
        assert!(!public.body.contains("account.invited") && !public.text().contains("Account invited"), "{address}");
        for body in [&public.body, &admin.get(address).await.body] {
            assert!(!body.contains("di@example.org") && !body.contains("Di Example"), "{address} names somebody");
        }
    }
    assert!(world.get("/audit").await.text().contains("and is whole"));
}

#[tokio::test]
async fn what_people_are_called_is_shown_and_never_run() {
    let world = World::of_people();
    let admin = world.somebody(Role::Admin).await;
    let hostile = "<script>alert(1)</script>\" onload=\"x";
    let sent =
        admin.send("/admin/accounts", &[("name", hostile), ("email", "x@example.org"), ("role", "viewer")]).await;
    assert_eq!(sent.status, 200);
    for answer in [sent, admin.get("/admin/accounts").await] {
        assert!(!answer.body.contains("<script>alert") && !answer.body.contains("\" onload"), "{}", answer.body);
        assert!(answer.body.contains("&#60;script&#62;"));
    }
}

#[tokio::test]
async fn a_session_ends_with_time_and_registration_can_be_closed() {
    let world = World::of_people();
    let ann = world.somebody(Role::Viewer).await;
    world.wait(std::time::Duration::from_mins(31));
    assert_eq!(ann.get("/account").await.status, 303);
    let closed = World::new(Audience::Public);
    assert_eq!(closed.get("/register").await.status, 404);
    let token = closed.get("/sign-in").await.hidden("form_token");
    let fields = [("name", "A"), ("email", "a@example.org"), ("password", PASSWORD), ("form_token", token.as_str())];
    assert_eq!(closed.send(form("/register", &fields, None)).await.status, 404);

    let token = world.get("/register").await.hidden("form_token");
    let fields = [("name", "A"), ("email", "a@example.org"), ("password", PASSWORD), ("form_token", token.as_str())];
    let made = world.send(form("/register", &fields, None)).await;
    assert_eq!(made.status, 303);
    let entry = world.record.read_now(|db| civic::audit::newest(db, true, None, 9)).unwrap();
    assert!(entry.iter().any(|entry| entry.role == "visitor" && entry.action == "account.invited"));
}
