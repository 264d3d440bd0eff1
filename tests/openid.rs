//! Signing in with an account elsewhere: the real program, and a real provider that it reaches over the network of this machine.

#![allow(clippy::unwrap_used, reason = "tests state their assumptions by unwrapping them")]

mod support;

use jiff::Timestamp;
use serde_json::{Value, json};
use support::browser::Browser;
use support::provider::{CLIENT, Plan, Provider, SECRET, Way};
use support::{Answer, Discovery, config_with, send, text};
use url::Url;

/// Where people reach the pages, as far as the provider knows.
const OUR_ADDRESS: &str = "https://discovery.example";

/// The name of the cookie of a session.
const SESSION: &str = "__Host-discovery";

/// Somebody whose browser follows no redirect by itself.
struct Visitor<'a> {
    pages: &'a str,
    cookies: Vec<(String, String)>,
}

impl<'a> Visitor<'a> {
    fn new(pages: &'a str) -> Self {
        Self { pages, cookies: Vec::new() }
    }

    async fn send(&mut self, method: &str, path: &str, body: &str) -> Answer {
        let cookies: Vec<String> = self.cookies.iter().map(|(name, value)| format!("{name}={value}")).collect();
        let form = "application/x-www-form-urlencoded";
        let headers = [("Cookie", cookies.join("; ")), ("Content-Type", form.to_owned())];
        let headers: Vec<(&str, &str)> = headers.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let answer = send(self.pages, method, path, &headers, body).await;
        for line in answer.head.lines().filter_map(|line| line.strip_prefix("set-cookie: ")) {
            let (name, value) = line.split(';').next().unwrap().split_once('=').unwrap();
            assert!(line.contains("; Path=/; Secure; HttpOnly; SameSite=Lax"), "{line}");
            self.cookies.retain(|(known, _)| known != name);
            if !line.contains("Max-Age=0") {
                self.cookies.push((name.to_owned(), value.to_owned()));
            }
        }
        answer
    }

    async fn get(&mut self, path: &str) -> Answer {
        self.send("GET", path, "").await
    }

    fn has(&self, cookie: &str) -> bool {
        self.cookies.iter().any(|(name, _)| name == cookie)
    }

    /// Begins to sign in, visits the provider, and gives the address that the provider sends the browser back to.
    async fn by_way_of_the_provider(&mut self, next: &str) -> String {
        let out = self.get(&format!("/sign-in/elsewhere?next={next}")).await;
        assert_eq!(out.status, 303, "{}", out.body);
        let there: Url = leads_to(&out).parse().unwrap();
        let address = format!("{}:{}", there.host_str().unwrap(), there.port().unwrap());
        let path = format!("{}?{}", there.path(), there.query().unwrap());
        let back = send(&address, "GET", &path, &[], "").await;
        assert_eq!(back.status, 303, "{}", back.body);
        leads_to(&back).strip_prefix(OUR_ADDRESS).expect("the provider sends people to our address").to_owned()
    }

    /// All of it: what the last page answers.
    async fn sign_in(&mut self, next: &str) -> Answer {
        let back = self.by_way_of_the_provider(next).await;
        self.get(&back).await
    }
}

fn leads_to(answer: &Answer) -> &str {
    answer.head.lines().find_map(|line| line.strip_prefix("location: ")).unwrap_or_default()
}

async fn start(provider: &Provider, more: &str) -> (Discovery, tempfile::TempDir, tempfile::TempDir) {
    let (issuer, tmp) = (&provider.issuer, env!("CARGO_TARGET_TMPDIR"));
    std::fs::write(format!("{tmp}/openid.secret"), SECRET).unwrap();
    let config = format!(
        "author_key_file = \"{tmp}/openid.key\"\n[dashboard]\naudience = \"public\"\n[dashboard.sign_in.openid]\n\
         issuer = \"{issuer}\"\nclient_id = \"{CLIENT}\"\nclient_secret = {{ file = \"{tmp}/openid.secret\" }}\n\
         our_address = \"{OUR_ADDRESS}\"\nallow_addresses = [\"127.0.0.1\"]\n{more}\n"
    );
    let config = config_with(&[("discovery.toml", &config), ("sources.toml", "")]);
    let data = tempfile::tempdir().unwrap();
    let data_dir = data.path().join("data");
    let running = Discovery::start(&["run", "--config-dir", text(config.path()), "--data-dir", text(&data_dir)]).await;
    (running, config, data)
}

#[tokio::test(flavor = "multi_thread")]
async fn people_sign_in_elsewhere_with_the_role_that_they_have_there() {
    let provider = Provider::start().await;
    let roles = "roles_claim = \"groups\"\nroles = { \"d-analysts\" = \"analyst\" }";
    let (running, _config, _data) = start(&provider, roles).await;
    let mut gil = Visitor::new(&running.pages);
    let page = gil.get("/sign-in?next=%2Fsearch%3Fq%3Da").await.body;
    assert!(page.contains("href=\"/sign-in/elsewhere?next=%2Fsearch%3Fq%3Da\""), "{page}");

    provider.plan(Plan { claims: json!({ "groups": ["d-admins", "other"] }), ..Plan::default() });
    let back = gil.by_way_of_the_provider("/account").await;
    let done = gil.get(&back).await;
    assert_eq!((done.status, leads_to(&done)), (303, "/account"), "{}", done.body);
    assert!(gil.has(SESSION) && gil.cookies.len() == 1, "the attempt is over: {:?}", gil.cookies);
    let account = gil.get("/account").await.body;
    assert!(
        account.contains("Gil Example (Member of the public)"),
        "a group that is not known gives nothing: {account}"
    );

    // The same address once more, with the cookies of before: the provider takes a code once, and so do we.
    let again = gil.get(&back).await;
    assert_eq!(again.status, 422, "{}", again.body);

    provider.plan(Plan { claims: json!({ "groups": ["d-analysts"], "name": "Gil New" }), ..Plan::default() });
    assert_eq!(leads_to(&gil.sign_in("//evil.example/").await), "/", "nobody is sent elsewhere");
    let account = gil.get("/account").await;
    assert!(account.body.contains("Gil New (Analyst)"), "{}", account.body);

    let token = account.body.split("name=\"form_token\" value=\"").nth(1).unwrap().split('"').next().unwrap();
    let out = gil.send("POST", "/sign-out", &format!("form_token={token}")).await;
    assert_eq!((out.status, leads_to(&out), gil.has(SESSION)), (303, "/signed-out", false));
    let chromium = Browser::start().await;
    for path in ["/sign-in", "/sign-in/elsewhere/return", "/signed-out"] {
        for width in [320, 1280] {
            chromium.set_width(width).await;
            chromium.client.goto(&format!("http://{}{path}", running.pages)).await.unwrap();
            let violations = chromium.violations().await;
            assert!(violations.is_empty(), "{path} at {width} px: {violations:#?}");
            assert_eq!(chromium.overflow().await, 0, "{path} scrolls sideways at {width} px");
        }
    }
    let signed_out = gil.get("/signed-out").await.body;
    assert!(signed_out.contains(&format!("{}/sign-out?client_id=discovery", provider.issuer)), "{signed_out}");
    assert!(running.interrupt().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_not_right_signs_nobody_in_and_says_what_to_do() {
    let mut provider = Provider::start().await;
    let (running, _config, _data) = start(&provider, "").await;
    let now = Timestamp::now().as_second();
    for (claims, way) in [
        (json!({ "nonce": "another" }), Way::Right),
        (json!({ "exp": now - 61 }), Way::Right),
        (json!({ "nbf": now + 600 }), Way::Right),
        (json!({ "aud": "another" }), Way::Right),
        (json!({ "aud": [CLIENT, "another"] }), Way::Right),
        (json!({ "azp": "another" }), Way::Right),
        (json!({ "iss": "https://evil.example" }), Way::Right),
        (Value::Null, Way::Unsigned),
        (Value::Null, Way::Shared),
    ] {
        provider.plan(Plan { claims: claims.clone(), way: way.clone(), stops: false });
        let mut browser = Visitor::new(&running.pages);
        let answer = browser.sign_in("/account").await;
        assert_eq!((answer.status, browser.has(SESSION)), (422, false), "{claims} {way:?}");
        assert!(answer.body.contains("could not be trusted"), "{claims}: {}", answer.body);
        assert!(answer.body.contains("name=\"next\" value=\"/account\""), "the page to go to is kept");
    }

    provider.plan(Plan { stops: true, ..Plan::default() });
    let mut browser = Visitor::new(&running.pages);
    let stopped = browser.sign_in("/").await;
    assert_eq!(stopped.status, 422);
    assert!(stopped.body.contains("You stopped signing in"), "{}", stopped.body);
    assert!(!stopped.body.contains("<b>no</b>"), "what others write into the address is not shown");

    provider.plan(Plan::default());
    // Another browser's code, our own with another state, and one without a browser that asked.
    let back = Visitor::new(&running.pages).by_way_of_the_provider("/").await;
    let (code, state) = back.split_once("&state=").unwrap();
    let mut other = Visitor::new(&running.pages);
    let own = other.by_way_of_the_provider("/").await;
    let own_state = own.split_once("&state=").unwrap().1;
    let attempt = other.cookies.clone();
    let foreign_code = format!("{code}&state={own_state}");
    for (address, said) in [
        (back.as_str(), "was not begun in this browser"),
        (&format!("{}&state={state}", own.split_once("&state=").unwrap().0), "was not begun in this browser"),
        (&foreign_code, "could not be trusted"),
        (&format!("{own}&iss=https%3A%2F%2Fevil.example"), "was not begun in this browser"),
    ] {
        other.cookies.clone_from(&attempt);
        let answer = other.get(address).await;
        assert_eq!((answer.status, other.has(SESSION)), (422, false), "{address}");
        assert!(answer.body.contains(said), "{address}: {}", answer.body);
    }
    other.cookies.clear();
    assert!(other.get(&own).await.body.contains("was not begun in this browser"));

    let mut patient = Visitor::new(&running.pages);
    let back = patient.by_way_of_the_provider("/").await;
    provider.stop().await;
    let down = patient.get(&back).await;
    assert_eq!((down.status, patient.has(SESSION)), (503, false), "{}", down.body);
    assert!(down.body.contains("does not answer at the moment"), "{}", down.body);
    assert!(running.interrupt().await.success());
}

#[tokio::test(flavor = "multi_thread")]
async fn a_key_that_is_new_is_looked_for_and_a_disabled_account_stays_out() {
    let mut provider = Provider::start().await;
    let (running, config, data) = start(&provider, "").await;
    let mut gil = Visitor::new(&running.pages);
    assert_eq!(gil.sign_in("/").await.status, 303);
    provider.rotate();
    // The keys were asked for less than a minute ago, so that a made-up key cannot make us ask without end.
    assert_eq!(Visitor::new(&running.pages).sign_in("/").await.status, 422);
    assert!(running.interrupt().await.success());

    let data_dir = data.path().join("data");
    let (config, data_dir) = (text(config.path()), text(&data_dir));
    let running = Discovery::start(&["run", "--config-dir", config, "--data-dir", data_dir]).await;
    let mut gil = Visitor::new(&running.pages);
    assert_eq!(gil.sign_in("/").await.status, 303, "the new key, of another kind, is taken");

    let record = civic::Record::open(std::path::Path::new(data_dir)).unwrap();
    let account = record.read_now(civic::account::all).unwrap().remove(0);
    record
        .decide_now(civic::Actor::Operator, Timestamp::now(), |tx| {
            civic::account::change(tx, &account.id, account.version, account.role, true, "left")
        })
        .unwrap();
    assert_eq!(gil.get("/account").await.status, 303, "the session has ended");
    let refused = gil.sign_in("/").await;
    assert_eq!((refused.status, gil.get("/account").await.status), (422, 303));
    assert!(refused.body.contains("may not sign in any more"), "{}", refused.body);

    provider.stop().await;
    let check = support::output(&["check", "--config-dir", config, "--data-dir", data_dir]).await;
    let found = String::from_utf8_lossy(&check.stdout).into_owned();
    assert!(found.contains("WRONG  sign-in at") && !found.contains("s3cret"), "{found}");
    assert!(running.interrupt().await.success());
}
