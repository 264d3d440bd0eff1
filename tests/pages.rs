//! The demonstration, as a new user meets it: every page in real Chromium, at the width of a phone and of a desk, without
//! a single violation of WCAG 2.2 AA; and the planned issues are found, the decoys are not.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]

mod support;

use std::time::{Duration, Instant};

use fantoccini::Locator;
use serde_json::Value;
use support::browser::Browser;
use support::{Discovery, PATIENCE, get, text, wait_for_json};

/// A phone and a desk, in CSS pixels.
const WIDTHS: [u32; 2] = [320, 1280];

/// What the plan of the demonstration lets rise whatever the hour at which it is started, each by words that only it uses.
const RISING: [(&str, &[&str]); 4] = [
    ("phone queue", &["phone", "queue"]),
    ("ambulances", &["ambulance", "handover"]),
    ("blood tests", &["blood test"]),
    ("late letters", &["letter", "opened the post"]),
];

/// So many issues are new or rising at the least.
const MIN_RISING: usize = 6;

/// The decoys that must not be listed, by words that only they use.
const DECOYS: [&str; 2] = ["dax merrow", "cottage hospitals"];

#[tokio::test(flavor = "multi_thread")]
async fn the_demonstration_shows_its_issues_on_pages_that_everyone_can_use() {
    let data = tempfile::tempdir().unwrap();
    let demo = Discovery::start(&["demo", "--data-dir", text(data.path())]).await;
    let browser = Browser::start().await;

    // The first pages, while posts still arrive, must be as good as the last.
    assert_accessible(&browser, &demo.pages, "/").await;
    wait_until_all_is_shown(&demo).await;

    assert_finds_the_planned_issues(&demo).await;
    let issue = first_issue(&demo).await;
    let searches = [
        "/search",
        "/search?q=appointment",
        "/search?q=%22call+back%22+OR+queue&channel=forum",
        "/search?q=((",
        "/search?q=zzzzqqq",
    ];
    let others = [
        "/",
        "/issues",
        issue.as_str(),
        "/sources",
        "/submit",
        "/help",
        "/accessibility",
        "/privacy",
        "/api",
        "/sign-in",
        "/register",
        "/audit",
        "/no-such-page",
    ];
    for path in others.into_iter().chain(searches) {
        assert_accessible(&browser, &demo.pages, path).await;
    }
    sign_in(&browser, &demo.pages, "admin").await;
    for path in ["/account", "/admin/accounts", "/audit"] {
        assert_accessible(&browser, &demo.pages, path).await;
    }
    assert!(demo.interrupt().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_document_is_handed_in_on_pages_that_everyone_can_use() {
    let data = tempfile::tempdir().unwrap();
    let demo = Discovery::start(&["demo", "--data-dir", text(data.path())]).await;
    let browser = Browser::start().await;
    assert_accessible(&browser, &demo.pages, "/submit").await;
    assert_handing_in_is_accessible(&browser, &demo.pages).await;
    assert!(demo.interrupt().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_deliberately_bad_page_fails_the_same_check() {
    let browser = Browser::start().await;
    let bad = "<!doctype html><html><head><title></title></head><body><img src='x.png'><p style='color:%23aaa;background:%23fff'>pale</p>\
               <input type='text'><a href='%23'></a><h4>x</h4><div style='width:900px'>wide</div></body></html>";
    browser.set_width(320).await;
    browser.client.goto(&format!("data:text/html,{bad}")).await.unwrap();
    let violations = browser.violations().await.join("\n");
    for rule in ["document-title", "html-has-lang", "image-alt", "color-contrast", "label", "link-name"] {
        assert!(violations.contains(rule), "axe-core did not find `{rule}` in:\n{violations}");
    }
    assert!(browser.overflow().await > 0, "a page wider than the screen is noticed");
}

async fn assert_accessible(browser: &Browser, address: &str, path: &str) {
    for width in WIDTHS {
        browser.set_width(width).await;
        browser.client.goto(&format!("http://{address}{path}")).await.unwrap();
        let violations = browser.violations().await;
        assert!(violations.is_empty(), "{path} at {width} px: {violations:#?}");
        assert_eq!(browser.overflow().await, 0, "{path} scrolls sideways at {width} px");
    }
}

/// Signs in with the account that a demonstration has for a role, first with a wrong password.
async fn sign_in(browser: &Browser, address: &str, role: &str) {
    browser.client.goto(&format!("http://{address}/sign-in?next=/account")).await.unwrap();
    let password = browser.client.find(Locator::Css("main .d-key")).await.unwrap().text().await.unwrap();
    for (password, arrived) in [("not the password", ".nhsuk-error-summary"), (&password, ".nhsuk-summary-list")] {
        let email = browser.client.find(Locator::Id("email")).await.unwrap();
        email.clear().await.unwrap();
        email.send_keys(&format!("{role}@demo.invalid")).await.unwrap();
        browser.client.find(Locator::Id("password")).await.unwrap().send_keys(password).await.unwrap();
        browser.client.find(Locator::Css("main form button")).await.unwrap().click().await.unwrap();
        browser.client.wait().at_most(PATIENCE).for_element(Locator::Css(arrived)).await.unwrap();
        let violations = browser.violations().await;
        assert!(violations.is_empty(), "{arrived}: {violations:#?}");
    }
}

/// The form with a fault, and the preview: pages that only a form leads to. It works without JavaScript; here it is on.
async fn assert_handing_in_is_accessible(browser: &Browser, address: &str) {
    browser.client.goto(&format!("http://{address}/submit")).await.unwrap();
    for (words, arrived) in
        [("", ".nhsuk-error-summary"), ("Ann: The lift is broken, call 07700 900123.", "input[name=token]")]
    {
        browser.client.find(Locator::Id("text")).await.unwrap().send_keys(words).await.unwrap();
        browser.client.find(Locator::Css("main form button")).await.unwrap().click().await.unwrap();
        browser.client.wait().at_most(PATIENCE).for_element(Locator::Css(arrived)).await.unwrap();
        for width in WIDTHS {
            browser.set_width(width).await;
            let violations = browser.violations().await;
            assert!(violations.is_empty(), "{arrived} at {width} px: {violations:#?}");
            assert_eq!(browser.overflow().await, 0, "{arrived} scrolls sideways at {width} px");
        }
    }
    let shown = browser.client.find(Locator::Css(".d-post")).await.unwrap().text().await.unwrap();
    assert!(shown.contains("The lift is broken, call [phone]."), "{shown}");
}

/// Waits until every post that the demonstration's site has served is indexed, and trends have been counted over them.
async fn wait_until_all_is_shown(demo: &Discovery) {
    let mut last = 0;
    wait_for_json(&demo.pages, "/api/v1/state?period=all", |_| Some(())).await;
    loop {
        let total = wait_for_json(&demo.pages, "/api/v1/search?q=", |page| page["total"].as_u64()).await;
        if total > 90_000 && total == last {
            return;
        }
        last = total;
        // The stream has no end to wait for: it is complete when nothing has come for a while.
        tokio::time::sleep(Duration::from_secs(5)).await;
    }
}

/// The issues in `list` ("issues" or "held"): what each is called and its words, in lower case, and its status.
async fn issues(demo: &Discovery, list: &str) -> Vec<(String, String)> {
    let answer = get(&demo.pages, "/api/v1/issues").await;
    assert_eq!(answer.status, 200, "{}", answer.body);
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    let mut found = Vec::new();
    for issue in answer[list].as_array().unwrap() {
        let whole = get(&demo.pages, &format!("/api/v1/issues/{}", issue["id"].as_str().unwrap())).await;
        let whole: Value = serde_json::from_str(&whole.body).unwrap();
        let words = format!("{} {}", whole["issue"]["label"], whole["issue"]["terms"]).to_lowercase();
        found.push((words, issue["status"].as_str().unwrap().to_owned()));
    }
    found
}

async fn first_issue(demo: &Discovery) -> String {
    let answer = get(&demo.pages, "/api/v1/issues").await;
    let answer: Value = serde_json::from_str(&answer.body).unwrap();
    format!("/issues/{}", answer["issues"][0]["id"].as_str().unwrap())
}

/// A new user finds what rises, and what is held because it only looks as if it did. The list is made anew while the last posts
/// arrive, so that the first one is not the one to judge.
async fn assert_finds_the_planned_issues(demo: &Discovery) {
    let deadline = Instant::now() + PATIENCE;
    loop {
        let (listed, held) = (issues(demo, "issues").await, issues(demo, "held").await);
        let wrong = differences(&listed, &held);
        if wrong.is_empty() {
            return;
        }
        assert!(Instant::now() < deadline, "{wrong:#?}\nlisted: {listed:#?}\nheld: {held:#?}");
        tokio::time::sleep(Duration::from_secs(1)).await;
    }
}

/// What is wrong with the list, in words.
fn differences(listed: &[(String, String)], held: &[(String, String)]) -> Vec<String> {
    let rising: Vec<&String> = listed
        .iter()
        .filter(|(_, status)| matches!(status.as_str(), "new" | "rising"))
        .map(|(words, _)| words)
        .collect();
    let mut wrong = Vec::new();
    if rising.len() < MIN_RISING {
        wrong.push(format!("{} issues are new or rising", rising.len()));
    }
    let lacks =
        |(_, words): &&(&str, &[&str])| !rising.iter().any(|found| words.iter().any(|word| found.contains(word)));
    wrong.extend(RISING.iter().filter(lacks).map(|(issue, _)| format!("{issue} is not new or rising")));
    let is_in = |list: &[(String, String)], decoy: &str| list.iter().any(|(words, _)| words.contains(decoy));
    wrong.extend(DECOYS.iter().filter(|decoy| is_in(listed, decoy)).map(|decoy| format!("{decoy} is listed")));
    wrong.extend(DECOYS.iter().filter(|decoy| !is_in(held, decoy)).map(|decoy| format!("{decoy} is not held")));
    wrong
}
