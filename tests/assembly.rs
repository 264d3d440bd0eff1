//! The Assembly of the demonstration in real Chromium: every page and form at the width of a phone and of a desk, without a
//! violation of WCAG 2.2 AA, and an organiser who decides by keyboard alone.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]

mod support;

use fantoccini::Locator;
use fantoccini::key::Key;
use serde_json::Value;
use support::browser::Browser;
use support::{Discovery, PATIENCE, get, text, wait_for_json};

/// A phone and a desk, in CSS pixels.
const WIDTHS: [u32; 2] = [320, 1280];

#[tokio::test(flavor = "multi_thread")]
async fn the_assembly_is_followed_and_decided_on_pages_that_everyone_can_use() {
    let data = tempfile::tempdir().unwrap();
    let demo = Discovery::start(&["demo", "--data-dir", text(data.path())]).await;
    let browser = Browser::start().await;
    let all = wait_for_json(&demo.pages, "/api/v1/assembly", |page| page["cycles"].as_array().cloned()).await;
    let [next, past] = &all[..] else { panic!("the demonstration has two cycles: {all:?}") };
    let (next, past) = (id(next), id(past));
    let candidates = json(&demo, &format!("/api/v1/assembly/cycles/{past}")).await["candidates"].clone();
    let chosen = &candidates[0];
    let answers = json(&demo, "/api/v1/answers").await;
    let answer = id(&answers["answers"][0]);
    let waiting = json(&demo, &format!("/api/v1/assembly/cycles/{next}")).await["candidates"].clone();
    let waiting = id(waiting.as_array().unwrap().iter().find(|one| one["decisions"] == Value::Array(vec![])).unwrap());
    let public = [
        "/assembly".to_owned(),
        "/assembly/ledger".to_owned(),
        format!("/assembly/cycles/{next}"),
        format!("/assembly/cycles/{past}"),
        format!("/assembly/cycles/{past}/vote"),
        format!("/assembly/candidates/{}", id(chosen)),
        format!("/assembly/packs/{}", id(&chosen["packs"][0])),
        format!("/assembly/answers/{answer}"),
    ];
    for path in &public {
        assert_accessible(&browser, &demo, path).await;
    }

    sign_in(&browser, &demo, "organiser@demo.invalid").await;
    let forms = [
        "/assembly/begin".to_owned(),
        format!("/assembly/cycles/{next}"),
        format!("/assembly/cycles/{next}/change"),
        format!("/assembly/candidates/{waiting}"),
        format!("/assembly/candidates/{waiting}/decide"),
        format!("/assembly/candidates/{waiting}/pack"),
        format!("/assembly/answers/{answer}"),
        format!("/assembly/answers/{answer}/respond"),
        format!("/assembly/answers/{answer}/promise"),
        format!("/assembly/answers/{answer}/assign"),
    ];
    for path in &forms {
        assert_accessible(&browser, &demo, path).await;
    }
    decide_by_keyboard(&browser, &demo, &waiting).await;
    assert!(demo.interrupt().await.success());
}

/// Passes the panel's check with nothing but keys, after sending the form empty: the error must lead back to the form.
async fn decide_by_keyboard(browser: &Browser, demo: &Discovery, candidate: &str) {
    let address = format!("http://{}/assembly/candidates/{candidate}", demo.pages);
    browser.client.goto(&format!("{address}/decide")).await.unwrap();
    press(browser, "main form button", "\n").await;
    browser.client.wait().at_most(PATIENCE).for_element(Locator::Css(".nhsuk-error-summary")).await.unwrap();
    assert!(browser.violations().await.is_empty(), "{:?}", browser.violations().await);
    press(browser, "#outcome-1", " ").await;
    press(browser, "#reason", "It is heard everywhere").await;
    press(browser, "main form button", "\n").await;
    browser.client.wait().at_most(PATIENCE).for_url(&address.parse().unwrap()).await.unwrap();
    let decided = browser.client.find(Locator::Css("main")).await.unwrap().text().await.unwrap();
    assert!(decided.contains("It is heard everywhere"), "{decided}");
}

/// Goes to an element with the tabulator, as who has no mouse must, and types there.
async fn press(browser: &Browser, selector: &str, keys: &str) {
    let body = browser.client.find(Locator::Css("body")).await.unwrap();
    body.send_keys(&Key::Tab.to_string()).await.unwrap();
    for _ in 0..80 {
        let script = "return document.activeElement !== null && document.activeElement.matches(arguments[0])";
        let there = browser.client.execute(script, vec![selector.into()]).await.unwrap();
        let active = browser.client.active_element().await.unwrap();
        if there == Value::Bool(true) {
            active.send_keys(keys).await.unwrap();
            return;
        }
        active.send_keys(&Key::Tab.to_string()).await.unwrap();
    }
    panic!("the tabulator never comes to {selector}");
}

/// Signs in with the password that the demonstration shows.
async fn sign_in(browser: &Browser, demo: &Discovery, email: &str) {
    browser.client.goto(&format!("http://{}/sign-in", demo.pages)).await.unwrap();
    let shown = browser.client.find(Locator::Css("main .d-key")).await.unwrap();
    let password = shown.text().await.unwrap();
    for (field, typed) in [("email", email), ("password", &password)] {
        browser.client.find(Locator::Id(field)).await.unwrap().send_keys(typed).await.unwrap();
    }
    browser.client.find(Locator::Css("main form button")).await.unwrap().click().await.unwrap();
    browser.client.wait().at_most(PATIENCE).for_element(Locator::Css("a[href='/account']")).await.unwrap();
}

async fn assert_accessible(browser: &Browser, demo: &Discovery, path: &str) {
    for width in WIDTHS {
        browser.set_width(width).await;
        browser.client.goto(&format!("http://{}{path}", demo.pages)).await.unwrap();
        let violations = browser.violations().await;
        assert!(violations.is_empty(), "{path} at {width} px: {violations:#?}");
        assert_eq!(browser.overflow().await, 0, "{path} scrolls sideways at {width} px");
    }
}

async fn json(demo: &Discovery, path: &str) -> Value {
    serde_json::from_str(&get(&demo.pages, path).await.body).unwrap()
}

fn id(thing: &Value) -> String {
    thing["id"].as_str().unwrap().to_owned()
}
