//! How much one address and one account may do.

use std::net::SocketAddr;
use std::time::Duration;

use axum::body::Body;
use axum::extract::ConnectInfo;
use axum::http::Request;
use civic::Role;
use dashboard::LimitsConfig;

use crate::world::{Answer, World, form};

/// What somebody at `peer` is answered, through a proxy that says `forwarded`.
async fn from(world: &World, mut request: Request<Body>, peer: &str, forwarded: Option<&str>) -> Answer {
    let peer: SocketAddr = format!("{peer}:4711").parse().unwrap();
    request.extensions_mut().insert(ConnectInfo(peer));
    if let Some(forwarded) = forwarded {
        request.headers_mut().insert("x-forwarded-for", forwarded.parse().unwrap());
    }
    world.send(request).await
}

async fn sign_in(world: &World, email: &str, peer: &str, forwarded: Option<&str>) -> Answer {
    let token = world.get("/sign-in").await.hidden("form_token");
    let fields = [("email", email), ("password", "wrong"), ("form_token", token.as_str())];
    from(world, form("/sign-in", &fields, None), peer, forwarded).await
}

#[tokio::test]
async fn guessing_is_stopped_for_the_address_and_for_the_account_and_says_when_to_go_on() {
    let limits = LimitsConfig {
        sign_ins_by_address: 4,
        sign_ins_by_account: 2,
        trusted_proxies: vec!["10.0.0.1".parse().unwrap()],
        ..LimitsConfig::default()
    };
    let world = World::with_limits(limits);
    for n in 0..4 {
        assert_eq!(sign_in(&world, &format!("{n}@example.org"), "192.0.2.1", None).await.status, 422);
    }
    let stopped = sign_in(&world, "5@example.org", "192.0.2.1", None).await;
    assert_eq!((stopped.status.as_u16(), stopped.headers["retry-after"].to_str().unwrap()), (429, "15"));
    assert!(
        stopped.text().contains("Too much at once") && stopped.text().contains("Wait 15 seconds"),
        "{}",
        stopped.text()
    );
    assert_eq!(sign_in(&world, "6@example.org", "192.0.2.2", None).await.status, 422, "others go on");
    assert_eq!(
        sign_in(&world, "6@example.org", "192.0.2.1", Some("192.0.2.9")).await.status,
        429,
        "who is no proxy is not believed"
    );
    assert_eq!(
        sign_in(&world, "7@example.org", "10.0.0.1", Some("192.0.2.1")).await.status,
        429,
        "a proxy speaks for it"
    );
    assert_eq!(sign_in(&world, "7@example.org", "10.0.0.1", Some("192.0.2.3")).await.status, 422);
    world.wait(Duration::from_secs(15));
    assert_eq!(sign_in(&world, "8@example.org", "192.0.2.1", None).await.status, 422);

    // One account, from addresses without end.
    world.wait(Duration::from_mins(1));
    for (n, status) in [(1, 422), (2, 422), (3, 429)] {
        assert_eq!(sign_in(&world, "ann@example.org", &format!("198.51.100.{n}"), None).await.status, status, "{n}");
    }
}

#[tokio::test]
async fn forms_are_limited_by_account_reading_is_not_and_machines_are_told_in_json() {
    let limits = LimitsConfig { forms_by_account: 2, deliveries_by_address: 1, ..LimitsConfig::default() };
    let world = World::with_limits(limits);
    let (ann, bob) = (world.somebody(Role::Public).await, world.somebody(Role::Public).await);
    for status in [422, 422, 429] {
        assert_eq!(ann.send("/gather/raise", &[("want", "")]).await.status, status);
    }
    assert_eq!(bob.send("/gather/raise", &[("want", "")]).await.status, 422);
    for _ in 0..20 {
        assert_eq!(ann.get("/search").await.status, 200);
    }
    let delivery = || Request::post("/api/v1/posts").body(Body::from("{}")).unwrap();
    assert_ne!(from(&world, delivery(), "192.0.2.1", None).await.status, 429);
    let stopped = from(&world, delivery(), "192.0.2.1", None).await;
    assert_eq!((stopped.status.as_u16(), stopped.headers["retry-after"].to_str().unwrap()), (429, "60"));
    assert_eq!(stopped.body, r#"{"error":{"code":"too_many","message":"too many requests: try again in 60 seconds"}}"#);
}

#[tokio::test]
async fn pictures_and_styles_do_not_ask_who_is_there() {
    let world = World::with_limits(LimitsConfig::default());
    let ann = world.somebody(Role::Viewer).await;
    let page = ann.get("/account").await;
    let sheet = page
        .body
        .split("href=\"")
        .find(|rest| rest.starts_with("/assets/"))
        .unwrap()
        .split('"')
        .next()
        .unwrap()
        .to_owned();
    world.wait(Duration::from_mins(20));
    assert_eq!(ann.get(&sheet).await.status, 200);
    world.wait(Duration::from_mins(20));
    assert_eq!(ann.get("/account").await.status, 303, "the style sheet did not keep the session alive");
}
