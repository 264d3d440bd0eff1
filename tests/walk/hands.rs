//! Somebody who has a keyboard and no mouse: every step is a key, the focus must be seen, and it must go through the page in its
//! order.

use fantoccini::Locator;
use fantoccini::actions::{InputSource as _, KeyAction, KeyActions};
use fantoccini::key::Key;
use serde_json::{Value, json};

use crate::support::PATIENCE;
use crate::support::browser::Browser;

/// A phone and a desk, in CSS pixels.
pub const WIDTHS: [u32; 2] = [320, 1280];

/// The tabulator among the keys that a driver of browsers knows.
const TABULATOR: char = '\u{e004}';

/// More stops than any page here has.
const MOST_STOPS: u32 = 250;

/// Says of the element with the focus: whether it is the one that is looked for, whether the focus is seen, its place in the
/// page, and what it is. The focus of a radio button or a box is drawn beside it, on its label.
const FOCUS: &str = "const [wanted] = arguments; const e = document.activeElement; \
    const drawn = style => (style.outlineStyle !== 'none' && parseFloat(style.outlineWidth) > 0) \
        || style.boxShadow !== 'none' || style.backgroundColor === 'rgb(255, 235, 59)'; \
    const label = e.labels && e.labels[0]; \
    const styles = [getComputedStyle(e)].concat(label ? [getComputedStyle(label, '::before')] : []); \
    const box = e.getBoundingClientRect(); \
    return { there: e !== document.body && e.matches(wanted), nowhere: e === document.body, \
        seen: styles.some(drawn) && box.bottom > 0 && box.top < innerHeight && box.right > 0 && box.left < innerWidth, \
        place: [...document.querySelectorAll('*')].indexOf(e), what: e.outerHTML.slice(0, 200) }";

/// The keyboard of a browser.
pub struct Hands<'a> {
    pub browser: &'a Browser,
    /// Where the pages are, as `host:port`.
    pub address: &'a str,
    /// Whether the pages' scripts run. Without them axe cannot run either.
    pub with_scripts: bool,
}

impl Hands<'_> {
    /// Opens an address by typing it: only to begin.
    pub async fn begin_at(&self, path: &str) {
        self.browser.client.goto(&format!("http://{}{path}", self.address)).await.unwrap();
        self.look().await;
    }

    /// Goes to an element with the tabulator.
    pub async fn go_to(&self, selector: &str) {
        let (mut before, mut wrapped) = (-1, false);
        for _ in 0..MOST_STOPS {
            self.tabulate().await;
            let focus = self.browser.client.execute(FOCUS, vec![json!(selector)]).await.unwrap();
            if focus["nowhere"] == json!(true) {
                assert!(!wrapped, "the tabulator never comes to {selector} on {}", self.path().await);
                (before, wrapped) = (-1, true);
                continue;
            }
            assert_eq!(focus["seen"], json!(true), "the focus is not seen on {}: {}", self.path().await, focus["what"]);
            let place = focus["place"].as_i64().unwrap();
            if place < before {
                assert!(!wrapped, "the tabulator never comes to {selector} on {}, or jumps back", self.path().await);
                wrapped = true;
            }
            before = place;
            if focus["there"] == json!(true) {
                return;
            }
        }
        panic!("the tabulator never comes to {selector} on {}", self.path().await);
    }

    /// Presses the tabulator, wherever the focus is: a field for files takes no keys by itself.
    async fn tabulate(&self) {
        let press = KeyActions::new("keyboard".to_owned())
            .then(KeyAction::Down { value: TABULATOR })
            .then(KeyAction::Up { value: TABULATOR });
        self.browser.client.perform_actions(press).await.unwrap();
    }

    /// Goes to a field and types; what stood there is replaced.
    pub async fn fill(&self, selector: &str, words: &str) {
        self.go_to(selector).await;
        let all = format!("{}a{}", Key::Control, Key::Null);
        let field = self.browser.client.active_element().await.unwrap();
        field.send_keys(&format!("{all}{words}")).await.unwrap();
    }

    /// Goes to a radio button or a box and chooses it.
    pub async fn choose(&self, selector: &str) {
        self.go_to(selector).await;
        self.browser.client.active_element().await.unwrap().send_keys(" ").await.unwrap();
    }

    /// Goes to a group of radio buttons, and with the arrows to one of them.
    pub async fn choose_among(&self, group: &str, selector: &str) {
        self.go_to(&format!("input[name={group}]")).await;
        for _ in 0..20 {
            let active = self.browser.client.active_element().await.unwrap();
            active.send_keys(&Key::Down.to_string()).await.unwrap();
            let focus = self.browser.client.execute(FOCUS, vec![json!(selector)]).await.unwrap();
            assert_eq!(focus["seen"], json!(true), "the focus is not seen: {}", focus["what"]);
            if focus["there"] == json!(true) {
                return;
            }
        }
        panic!("the arrows never come to {selector} on {}", self.path().await);
    }

    /// Goes to a link or a button, presses Enter, and looks at the page that comes.
    pub async fn press(&self, selector: &str) {
        self.go_to(selector).await;
        let client = &self.browser.client;
        client.execute("document.documentElement.id = 'page-before'", vec![]).await.unwrap();
        client.active_element().await.unwrap().send_keys(&Key::Enter.to_string()).await.unwrap();
        let arrived = client.wait().at_most(PATIENCE).for_element(Locator::Css("html:not(#page-before) footer")).await;
        arrived.unwrap_or_else(|error| panic!("nothing came of {selector}: {error}"));
        self.look().await;
    }

    /// Whether there is such an element.
    pub async fn sees(&self, selector: &str) -> bool {
        self.browser.client.find(Locator::Css(selector)).await.is_ok()
    }

    /// The words on the page.
    pub async fn reads(&self) -> String {
        self.browser.client.find(Locator::Css("main")).await.unwrap().text().await.unwrap()
    }

    /// The words of an element.
    pub async fn reads_in(&self, selector: &str) -> String {
        self.browser.client.find(Locator::Css(selector)).await.unwrap().text().await.unwrap()
    }

    /// Where one is.
    pub async fn path(&self) -> String {
        self.browser.client.current_url().await.unwrap().path().to_owned()
    }

    /// What a page of ours must be, at both widths.
    async fn look(&self) {
        let path = self.path().await;
        assert!(!self.reads().await.contains("There is a problem"), "{path}: {}", self.reads().await);
        if self.with_scripts {
            for width in WIDTHS {
                self.browser.set_width(width).await;
                let violations = self.browser.violations().await;
                assert!(violations.is_empty(), "{path} at {width} px: {violations:#?}");
                assert_eq!(self.browser.overflow().await, 0, "{path} scrolls sideways at {width} px");
            }
        }
    }
}

/// Switches the scripts of pages on or off, from the next page on.
pub async fn set_scripts(browser: &Browser, on: bool) {
    let command = json!({ "cmd": "Emulation.setScriptExecutionDisabled", "params": { "value": !on } });
    browser.command(command).await;
}

/// The text of a JSON value.
pub fn text(value: &Value) -> String {
    value.as_str().unwrap_or_else(|| panic!("{value} is no text")).to_owned()
}
