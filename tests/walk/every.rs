//! Where an example of every page is, made from the router's own list: a page that is added is looked at, or named here with the
//! reason why not.

use std::path::Path;

use civic::assembly::quotes::{self, Approval, Stance};
use civic::work::{Subject, TaskStatus, collections, notes, searches, tasks};
use civic::{Actor, Record, Role, account, erased, erasures};
use jiff::Timestamp;
use serde_json::{Value, json};

use crate::hands::{Hands, text};
use crate::support::{get, wait_for_json};

/// What begins so is no page of ours.
const NO_PAGES: [(&str, &str); 3] =
    [("/download/", "a file"), ("/feeds/", "a feed for other programs"), ("/api/v1/", "an answer for other programs")];

/// Pages that are not looked at here, and why.
const LEFT_OUT: [(&str, &str); 7] = [
    ("/work/collections/{id}/posts.csv", "a file"),
    ("/work/collections/{id}/posts.json", "a file"),
    ("/sign-in/elsewhere", "needs a provider of sign-ins, and leads there: tests/openid.rs"),
    ("/sign-in/elsewhere/return", "needs a provider of sign-ins: looked at in tests/openid.rs"),
    ("/signed-out", "needs a provider of sign-ins: looked at in tests/openid.rs"),
    ("/assembly/cycles/{id}/open-vote", "only while the vote is the open gate: looked at on the walk"),
    ("/assembly/cycles/{id}/jury", "only while the jury is the open gate: looked at on the walk"),
];

/// Examples of everything that a page can be about.
pub struct Places {
    issue: String,
    post: String,
    flag: String,
    comment: String,
    cycle: String,
    candidate: String,
    pack: String,
    answer: String,
    action: String,
    quote: String,
    account: String,
    invitation: String,
    erasure: String,
    work: Work,
}

/// Examples of staff's own work.
struct Work {
    note: String,
    search: String,
    collection: String,
}

impl Places {
    /// Those of a demonstration.
    pub async fn of(pages: &str, data: &Path) -> Self {
        let issue =
            wait_for_json(pages, "/api/v1/issues", |list| list["issues"][0]["id"].as_str().map(str::to_owned)).await;
        let post = json(pages, "/api/v1/search?q=").await["posts"][0].clone();
        let cycles = json(pages, "/api/v1/assembly").await["cycles"].clone();
        let (next, earlier) = (text(&cycles[0]["id"]), text(&cycles[1]["id"]));
        let candidates = json(pages, &format!("/api/v1/assembly/cycles/{next}")).await["candidates"].clone();
        let chosen = json(pages, &format!("/api/v1/assembly/cycles/{earlier}")).await["candidates"][0].clone();
        let answers = json(pages, "/api/v1/answers").await["answers"].clone();
        let acted = answers.as_array().unwrap().iter().find(|answer| answer["actions"][0]["what"].is_string()).unwrap();
        let flags = json(pages, "/api/v1/flags").await["flags"].clone();
        let open = flags.as_array().unwrap().iter().find(|flag| {
            let is_candidate = candidates.as_array().unwrap().iter().any(|one| one["flag"] == flag["id"]);
            flag["state"] == "published" && !is_candidate
        });
        let record = Record::open(data).unwrap();
        let (account, invitation, quote, erasure) = made(&record, &post);
        let comment = record.read_now(|db| civic::gather::waiting_comments(db, 1)).unwrap().remove(0).id;
        let work = worked(&record, &issue, &text(&post["id"]));
        let answers = record.read_now(civic::assembly::answers::all).unwrap();
        let action = answers.iter().find_map(|answer| answer.actions.first()).unwrap().id.to_string();
        Self {
            issue,
            post: text(&post["id"]),
            flag: text(&open.unwrap()["id"]),
            comment,
            cycle: next,
            candidate: text(&candidates[0]["id"]),
            pack: text(&chosen["packs"][0]["id"]),
            answer: text(&acted["id"]),
            action,
            quote,
            account,
            invitation,
            erasure,
            work,
        }
    }

    /// A flag that gathers support.
    pub fn flag_page(&self) -> String {
        format!("/gather/flags/{}", self.flag)
    }

    /// The address of every page of the router's list, and the pages of which none is known here.
    pub fn pages(&self) -> (Vec<String>, Vec<&'static str>) {
        let (_, routes) = dashboard::routes().finish();
        let (mut pages, mut unknown) = (Vec::new(), Vec::new());
        for route in routes.iter().filter(|route| route.method == http::Method::GET) {
            let is_left_out = NO_PAGES.iter().any(|(begin, _)| route.path.starts_with(begin))
                || LEFT_OUT.iter().any(|(path, _)| route.path == *path);
            match self.address(route.path) {
                _ if is_left_out => {}
                Some(address) => pages.push(address),
                None => unknown.push(route.path),
            }
        }
        (pages, unknown)
    }

    /// An example of a page.
    fn address(&self, path: &'static str) -> Option<String> {
        let with_question = match path {
            "/assembly/nominate" => Some(format!("{path}?flag={}", self.flag)),
            "/correct" => Some(format!("{path}?post={}", self.post)),
            "/welcome" => Some(format!("{path}?token={}", self.invitation)),
            "/assembly/answers/{id}/done" => {
                Some(format!("/assembly/answers/{}/done?action={}", self.answer, self.action))
            }
            _ => None,
        };
        if with_question.is_some() {
            return with_question;
        }
        if !path.contains('{') {
            return Some(path.to_owned());
        }
        let examples = [
            ("/issues/", &self.issue),
            ("/posts/", &self.post),
            ("/quotes/", &self.quote),
            ("/gather/flags/", &self.flag),
            ("/gather/comments/", &self.comment),
            ("/assembly/cycles/", &self.cycle),
            ("/assembly/candidates/", &self.candidate),
            ("/assembly/packs/", &self.pack),
            ("/assembly/answers/", &self.answer),
            ("/admin/accounts/", &self.account),
            ("/admin/erasures/", &self.erasure),
            ("/work/notes/", &self.work.note),
            ("/work/searches/", &self.work.search),
            ("/work/collections/", &self.work.collection),
        ];
        let (_, id) = examples.into_iter().find(|(begin, _)| path.starts_with(begin))?;
        Some(path.replace("{id}", id))
    }
}

/// What a demonstration does not have by itself: an account with an invitation, an approved quote, and an erasure.
fn made(record: &Record, post: &Value) -> (String, String, String, String) {
    let words = text(&post["text"]);
    let approval = Approval {
        post: text(&post["id"]),
        author: None,
        issue: None,
        stance: Stance::View,
        words: words.clone(),
        stored: words,
        is_paraphrase: false,
        channel: "social".to_owned(),
        said_on: Timestamp::now().to_zoned(jiff::tz::TimeZone::UTC).date(),
        reason: "It leads to nobody".to_owned(),
    };
    record
        .decide_now(Actor::Operator, Timestamp::now(), |tx| {
            let (account, token) = account::invite(tx, "Sam Example", "sam@demo.invalid", Role::Viewer)?;
            let quote = quotes::approve(tx, &approval)?;
            erased::note(tx, &erased::Erased::default(), "a test")?;
            let erasure = erasures::keep_done(tx, "a test", &json!({ "removed": { "index": 3 } }))?;
            Ok((account.to_string(), token.text(), quote.to_string(), erasure))
        })
        .unwrap()
}

/// What the administrator works on.
fn worked(record: &Record, issue: &str, post: &str) -> Work {
    let admin = record.read_now(account::all).unwrap().into_iter().find(|one| one.role == Role::Admin).unwrap();
    let (issue, post) = (Subject::Issue(issue.to_owned()), Subject::Post { id: post.to_owned(), author: None });
    record
        .decide_now(admin.actor(), Timestamp::now(), |tx| {
            tasks::set(tx, &issue, 0, Some(&admin.id), TaskStatus::Doing)?;
            let note = notes::add(tx, &issue, "Ask the trust what they plan")?.to_string();
            let search = searches::save(tx, "Queues in forums", "q=queue&type=forum", true)?.to_string();
            let collection = collections::begin(tx, "For the evidence pack", "What to quote")?;
            collections::put(tx, &collection, &post, "Clear words")?;
            Ok(Work { note, search, collection: collection.to_string() })
        })
        .unwrap()
}

/// Signs in with the password that a demonstration shows.
pub async fn sign_in(hands: &Hands<'_>, role: &str) {
    hands.begin_at("/sign-in").await;
    let password = hands.reads_in("main .d-key").await;
    hands.fill("#email", &format!("{role}@demo.invalid")).await;
    hands.fill("#password", &password).await;
    hands.press("main form button").await;
}

async fn json(pages: &str, path: &str) -> Value {
    serde_json::from_str(&get(pages, path).await.body).unwrap()
}
