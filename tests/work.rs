//! Staff's own work in real Chromium: an analyst takes on an issue, notes, keeps a search and collects a post, on pages that have the
//! width of a phone and of a desk, without a violation of WCAG 2.2 AA.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]

mod support;

use fantoccini::Locator;
use serde_json::Value;
use support::browser::Browser;
use support::{Discovery, PATIENCE, text, wait_for_json};

/// A phone and a desk, in CSS pixels.
const WIDTHS: [u32; 2] = [320, 1280];

#[tokio::test(flavor = "multi_thread")]
async fn staff_work_on_pages_that_everyone_can_use() {
    let data = tempfile::tempdir().unwrap();
    let demo = Discovery::start(&["demo", "--data-dir", text(data.path())]).await;
    let browser = Browser::start().await;
    let id = |thing: &Value| thing["id"].as_str().map(str::to_owned);
    let post = wait_for_json(&demo.pages, "/api/v1/search?q=queue", |page| id(page["posts"].get(0)?)).await;
    let issue = wait_for_json(&demo.pages, "/api/v1/issues", |page| id(page["issues"].get(0)?)).await;
    sign_in(&browser, &demo, "analyst@demo.invalid").await;

    // The forms as they are found, and what they say when they are sent empty.
    for (path, field) in [
        (format!("/issues/{issue}/work"), "words"),
        (format!("/posts/{post}/work"), "words"),
        ("/work/searches?search=q%3Dqueue%26type%3Dforum".to_owned(), "name"),
        ("/work/collections".to_owned(), "name"),
        (format!("/posts/{post}/collect"), "name"),
    ] {
        assert_accessible(&browser, &demo, &path).await;
        send(&browser, field, "").await;
        browser.client.wait().at_most(PATIENCE).for_element(Locator::Css(".nhsuk-error-summary")).await.unwrap();
        assert!(browser.violations().await.is_empty(), "{path}: {:?}", browser.violations().await);
    }

    // And with what somebody would write.
    for (path, field, words, arrived) in [
        (format!("/issues/{issue}/work"), "words", "Ask the trust what they plan", ".d-post"),
        (format!("/posts/{post}/work"), "words", "Clear words", ".d-post"),
        ("/work/searches?search=q%3Dqueue%26type%3Dforum".to_owned(), "name", "Queues in forums", "#searches"),
        (format!("/posts/{post}/collect"), "name", "For the evidence pack", ".d-post"),
    ] {
        open(&browser, &demo, &path).await;
        send(&browser, field, words).await;
        browser.client.wait().at_most(PATIENCE).for_element(Locator::Css(arrived)).await.unwrap();
        let shown = browser.client.find(Locator::Css("main")).await.unwrap().text().await.unwrap();
        assert!(shown.contains(words), "{path}: {shown}");
    }
    let collection = browser.client.current_url().await.unwrap().path().to_owned();
    take_on(&browser, &demo, &format!("/issues/{issue}/work")).await;
    open(&browser, &demo, "/work").await;
    let search = browser.client.find(Locator::Css("a[href^='/work/searches/']")).await.unwrap();
    let search = search.attr("href").await.unwrap().unwrap();
    open(&browser, &demo, &format!("/posts/{post}/work")).await;
    let note = browser
        .client
        .find(Locator::Css("a[href^='/work/notes/']"))
        .await
        .unwrap()
        .attr("href")
        .await
        .unwrap()
        .unwrap();
    let pages = ["/work".to_owned(), collection.clone(), format!("{collection}/change"), search, note];
    let shown = [format!("/issues/{issue}"), format!("/posts/{post}"), "/search?q=queue".to_owned()];
    for path in pages.iter().chain(&shown) {
        assert_accessible(&browser, &demo, path).await;
    }
    assert!(demo.interrupt().await.success());
}

/// Takes on an issue with the mouse: the first of the staff who is named is who is signed in or somebody else, so the one with
/// the mark is looked for.
async fn take_on(browser: &Browser, demo: &Discovery, path: &str) {
    open(browser, demo, path).await;
    let me = "//label[contains(., '(you)')]";
    browser.client.find(Locator::XPath(me)).await.unwrap().click().await.unwrap();
    browser.client.find(Locator::XPath("//label[contains(., 'In progress')]")).await.unwrap().click().await.unwrap();
    browser.client.find(Locator::Css("form[action$='/work'] button")).await.unwrap().click().await.unwrap();
    open(browser, demo, "/work").await;
    let mine = browser.client.find(Locator::Css("main")).await.unwrap().text().await.unwrap();
    assert!(mine.contains("In progress") && !mine.contains("Nothing is assigned to you"), "{mine}");
}

async fn open(browser: &Browser, demo: &Discovery, path: &str) {
    browser.client.goto(&format!("http://{}{path}", demo.pages)).await.unwrap();
}

/// Types into a field, and sends its form.
async fn send(browser: &Browser, field: &str, words: &str) {
    let input = browser.client.find(Locator::Id(field)).await.unwrap();
    input.clear().await.unwrap();
    input.send_keys(words).await.unwrap();
    let button = format!("//form[.//*[@id='{field}']]//button");
    browser.client.find(Locator::XPath(&button)).await.unwrap().click().await.unwrap();
}

/// Signs in with the password that the demonstration shows.
async fn sign_in(browser: &Browser, demo: &Discovery, email: &str) {
    open(browser, demo, "/sign-in").await;
    let password = browser.client.find(Locator::Css("main .d-key")).await.unwrap().text().await.unwrap();
    browser.client.find(Locator::Id("email")).await.unwrap().send_keys(email).await.unwrap();
    browser.client.find(Locator::Id("password")).await.unwrap().send_keys(&password).await.unwrap();
    browser.client.find(Locator::Css("main form button")).await.unwrap().click().await.unwrap();
    browser.client.wait().at_most(PATIENCE).for_element(Locator::Css("a[href='/work']")).await.unwrap();
}

async fn assert_accessible(browser: &Browser, demo: &Discovery, path: &str) {
    for width in WIDTHS {
        browser.set_width(width).await;
        open(browser, demo, path).await;
        let violations = browser.violations().await;
        assert!(violations.is_empty(), "{path} at {width} px: {violations:#?}");
        assert_eq!(browser.overflow().await, 0, "{path} scrolls sideways at {width} px");
    }
}
