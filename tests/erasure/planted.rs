//! What people decided about canaries: an approved quote, a pack, a flag and a comment; and somebody at a browser.

use std::path::Path;

use civic::assembly::candidates::{self, Nomination};
use civic::assembly::pack::{self, Evidence};
use civic::assembly::quotes::{self, Approval, Stance};
use civic::assembly::score::Inputs;
use civic::assembly::{AssemblyConfig, cycles};
use civic::gather::{self, Decision, GatherConfig, NewFlag};
use civic::{AccountId, Actor, Record, Role, account, session};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;

/// An issue that a quote, a flag and a candidate are about.
const ISSUE: &str = "01J00000000000000000000000";

/// Approves words of the post, and freezes a pack with them.
pub fn quote_and_pack(data: &Path, post: &Value, words: &str) {
    let record = Record::open(data).unwrap();
    let now = Timestamp::now();
    let approval = Approval {
        post: post["id"].as_str().unwrap().to_owned(),
        author: None,
        issue: Some(ISSUE.to_owned()),
        stance: Stance::View,
        words: words.to_owned(),
        stored: post["text"].as_str().unwrap().to_owned(),
        is_paraphrase: false,
        channel: "forum".to_owned(),
        said_on: now.to_zoned(jiff::tz::TimeZone::UTC).date(),
        reason: "It leads to nobody".to_owned(),
    };
    let evidence = Evidence {
        as_of: None,
        trends_hash: None,
        offsets: json!({}),
        method: "a test".to_owned(),
        issue: json!(null),
        tables: Vec::new(),
        counter_views: "Some see it otherwise".to_owned(),
        missing: Vec::new(),
        limits: Vec::new(),
    };
    record
        .decide_now(Actor::Operator, now, |tx| {
            quotes::approve(tx, &approval)?;
            let meets_at = now + SignedDuration::from_hours(24 * 90);
            let cycle = cycles::begin(tx, &AssemblyConfig::default(), "Spring", "Leeds", meets_at)?;
            let nomination = Nomination {
                label: "The surgery".to_owned(),
                issue: Some(ISSUE.to_owned()),
                flag: None,
                why: "Many speak of it".to_owned(),
                inputs: Inputs::default(),
            };
            let candidate = candidates::nominate(tx, &cycle, &nomination)?;
            pack::freeze(tx, &candidate, evidence)
        })
        .unwrap();
}

/// An account of this name, with a flag and a comment in its words.
pub fn account_with_words(data: &Path, name: &str) -> AccountId {
    let record = Record::open(data).unwrap();
    let flag = NewFlag {
        want: format!("more for my {name}"),
        because: format!("the {name} needs it"),
        evidence: gather::Evidence::Issue(ISSUE.to_owned()),
    };
    record
        .decide_now(Actor::Operator, Timestamp::now(), |tx| {
            let (id, _) = account::invite(tx, name, &format!("{name}@example.org"), Role::Public)?;
            let flag = gather::raise(tx, &GatherConfig::default(), &id, &flag)?;
            gather::decide(tx, &flag, 1, &Decision::Publish, "within remit")?;
            gather::comment(tx, &flag, &id, &format!("my {name} says so"))?;
            Ok(id)
        })
        .unwrap()
}

/// An administrator at a browser.
pub struct Admin {
    pages: String,
    cookie: String,
}

impl Admin {
    /// One who is signed in.
    pub async fn sign_in(data: &Path, pages: &str) -> Self {
        let record = Record::open(data).unwrap();
        let now = Timestamp::now();
        let invite = |tx: &mut civic::Tx<'_>| account::invite(tx, "Boss", "boss@example.org", Role::Admin);
        let (id, _) = record.decide_now(Actor::Operator, now, invite).unwrap();
        let token = session::open(&record, &id, now).await.unwrap();
        Self { pages: pages.to_owned(), cookie: format!("__Host-discovery={}", token.text()) }
    }

    /// The page at `path`.
    pub async fn get(&self, path: &str) -> String {
        self.send(&format!("GET {path}"), "").await
    }

    /// The answer to a form of the account's pages, head and body.
    pub async fn post(&self, path: &str, fields: &[(&str, &str)]) -> String {
        let token = hidden(&self.get("/account").await, "form_token");
        let all = [fields, &[("form_token", token.as_str())]].concat();
        let body: String = url::form_urlencoded::Serializer::new(String::new()).extend_pairs(all).finish();
        self.send(&format!("POST {path}"), &body).await
    }

    /// Looks at an erasure until it is done.
    pub async fn until_done(&self, path: &str) {
        loop {
            let page = self.get(path).await;
            assert!(!page.contains("It broke off"), "{page}");
            if page.contains("Done on") {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(200)).await;
        }
    }

    async fn send(&self, what: &str, body: &str) -> String {
        let mut stream = TcpStream::connect(&self.pages).await.unwrap();
        let request = format!(
            "{what} HTTP/1.1\r\nHost: {}\r\nCookie: {}\r\nConnection: close\r\n\
             Content-Type: application/x-www-form-urlencoded\r\nContent-Length: {}\r\n\r\n{body}",
            self.pages,
            self.cookie,
            body.len()
        );
        stream.write_all(request.as_bytes()).await.unwrap();
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).await.unwrap();
        String::from_utf8_lossy(&answer).into_owned()
    }
}

/// Where an answer leads.
pub fn location(answer: &str) -> String {
    let line = answer.lines().find(|line| line.to_ascii_lowercase().starts_with("location:"));
    line.unwrap_or_else(|| panic!("it leads nowhere: {answer}"))["location:".len()..].trim().to_owned()
}

/// The value of a hidden field.
pub fn hidden(page: &str, name: &str) -> String {
    let (_, rest) =
        page.split_once(&format!("name=\"{name}\" value=\"")).unwrap_or_else(|| panic!("no {name}: {page}"));
    rest.split('"').next().unwrap().replace("&#34;", "\"").replace("&quot;", "\"")
}
