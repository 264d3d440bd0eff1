//! From the home page to a published answer of the Board in real Chromium, through six roles, by keyboard alone, with scripts and
//! without; and every page that the router knows, without a violation of WCAG 2.2 AA at the width of a phone and of a desk.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]

#[path = "walk/every.rs"]
mod every;
#[path = "walk/hands.rs"]
mod hands;
mod support;
#[path = "walk/way.rs"]
mod way;

use hands::{Hands, WIDTHS, set_scripts};
use support::browser::Browser;
use support::{Discovery, text};

#[tokio::test(flavor = "multi_thread")]
async fn six_roles_walk_from_the_home_page_to_the_boards_answer_by_keyboard_with_scripts_and_without() {
    let data = tempfile::tempdir().unwrap();
    let demo = Discovery::start(&["demo", "--data-dir", text(data.path())]).await;
    let browser = Browser::start().await;
    for (number, with_scripts) in [(1, true), (2, false)] {
        set_scripts(&browser, with_scripts).await;
        browser.set_width(WIDTHS[1]).await;
        let hands = Hands { browser: &browser, address: &demo.pages, with_scripts };
        let said = way::walk(&hands, number).await;
        assert!(said.contains(&format!("walk {number}")));
    }
    assert!(demo.interrupt().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn every_page_that_the_router_knows_is_for_everyone() {
    let data = tempfile::tempdir().unwrap();
    let demo = Discovery::start(&["demo", "--data-dir", text(data.path())]).await;
    let browser = Browser::start().await;
    let places = every::Places::of(&demo.pages, data.path()).await;
    let (pages, unknown) = places.pages();
    assert_eq!(
        unknown,
        Vec::<&str>::new(),
        "say in tests/walk/every.rs where these pages are, or why they are left out"
    );
    assert!(pages.len() > 40, "{pages:?}");
    let hands = Hands { browser: &browser, address: &demo.pages, with_scripts: true };
    for path in ["/", "/gather", "/assembly", &places.flag_page()] {
        hands.begin_at(path).await;
    }
    every::sign_in(&hands, "admin").await;
    for path in &pages {
        browser.set_width(WIDTHS[1]).await;
        hands.begin_at(path).await;
        let title = browser.client.title().await.unwrap();
        assert!(!title.contains("not found") && !title.contains("went wrong"), "{path} is no page: {title}");
    }
    assert!(demo.interrupt().await.success());
}
