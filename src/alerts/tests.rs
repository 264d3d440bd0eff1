//! Alerts against a webhook and a mail server on this machine.

use std::sync::{Arc, Mutex};

use civic::audit::Actor;
use civic::reviews::{self, Verdict};
use index::Index;
use index::testing::{RISING_AT, post, rising};
use ingest::FetchConfig;
use tokio::io::{AsyncBufReadExt as _, AsyncReadExt as _, AsyncWriteExt as _, BufReader};
use tokio::net::{TcpListener, TcpStream};

use super::*;

/// What a server has heard, and whether it refuses.
#[derive(Clone, Default)]
struct Heard {
    texts: Arc<Mutex<Vec<String>>>,
    refuses: Arc<Mutex<bool>>,
}

impl Heard {
    fn texts(&self) -> Vec<String> {
        self.texts.lock().unwrap().clone()
    }

    fn refuse(&self, refuses: bool) {
        *self.refuses.lock().unwrap() = refuses;
    }

    /// Serves each connection with `serve` at an address of this machine.
    async fn listen<F>(&self, serve: impl Fn(BufReader<TcpStream>, Self) -> F + Send + 'static) -> std::net::SocketAddr
    where
        F: Future<Output = ()> + Send,
    {
        let listener = TcpListener::bind("127.0.0.1:0").await.unwrap();
        let address = listener.local_addr().unwrap();
        let heard = self.clone();
        tokio::spawn(async move {
            while let Ok((stream, _)) = listener.accept().await {
                serve(BufReader::new(stream), heard.clone()).await;
            }
        });
        address
    }

    async fn webhook(&self) -> std::net::SocketAddr {
        self.listen(|mut stream, heard| async move {
            let (mut line, mut length) = (String::new(), 0);
            while stream.read_line(&mut line).await.unwrap() > 2 {
                if let Some(value) = line.to_lowercase().strip_prefix("content-length:") {
                    length = value.trim().parse().unwrap();
                }
                line.clear();
            }
            let mut body = vec![0; length];
            stream.read_exact(&mut body).await.unwrap();
            let refuses = *heard.refuses.lock().unwrap();
            if !refuses {
                heard.texts.lock().unwrap().push(String::from_utf8(body).unwrap());
            }
            let status = if refuses { "500 No" } else { "204 Yes" };
            let answer = format!("HTTP/1.1 {status}\r\nConnection: close\r\nContent-Length: 0\r\n\r\n");
            stream.write_all(answer.as_bytes()).await.unwrap();
        })
        .await
    }

    async fn mail(&self) -> std::net::SocketAddr {
        self.listen(|mut stream, heard| async move {
            stream.write_all(b"220 here\r\n").await.unwrap();
            let (mut line, mut letter, mut in_letter) = (String::new(), String::new(), false);
            while stream.read_line(&mut line).await.unwrap() > 0 {
                let answer = match line.trim_end() {
                    "." if in_letter => {
                        in_letter = false;
                        heard.texts.lock().unwrap().push(std::mem::take(&mut letter));
                        "250 taken"
                    }
                    text if in_letter => {
                        letter.push_str(text);
                        letter.push('\n');
                        ""
                    }
                    "DATA" => {
                        in_letter = true;
                        "354 go on"
                    }
                    text => {
                        letter.push_str(text);
                        letter.push('\n');
                        if *heard.refuses.lock().unwrap() { "451 later" } else { "250 yes" }
                    }
                };
                if !answer.is_empty() {
                    stream.write_all(format!("{answer}\r\n").as_bytes()).await.unwrap();
                }
                line.clear();
            }
        })
        .await
    }
}

/// The list of a conversation in which people speak of insulin pens in the south-west and of a lift in London, its posts in an index, and
/// somebody who listens.
struct Bench {
    dir: tempfile::TempDir,
    list: TrendList,
    heard: Heard,
    webhook: std::net::SocketAddr,
}

impl Bench {
    async fn new() -> Self {
        let dir = tempfile::tempdir().unwrap();
        let index = Index::open(dir.path()).unwrap();
        let mut writer = index.writer().unwrap();
        for (number, text) in (0..20).map(|n| (n, if n % 2 == 0 { "insulin pens" } else { "broken hospital lift" })) {
            let built = post(number).at(RISING_AT - SignedDuration::from_hours(1)).text(text).build();
            writer.apply(&bus::Change::Upsert(built)).unwrap();
        }
        writer.commit(&bus::Offsets::default()).unwrap();
        drop(writer);
        let heard = Heard::default();
        let webhook = heard.webhook().await;
        Self { dir, list: rising().list(RISING_AT), heard, webhook }
    }

    /// The alerts of a process that has just started.
    fn alerts(&self, rules: &str) -> Alerts {
        let rules = rules.replace("HOOK", &format!("http://{}/", self.webhook));
        let config: AlertsConfig = toml::from_str(&rules).unwrap();
        config.check(|topic| topic == "medication", |region| ["south-west", "london"].contains(&region)).unwrap();
        let fetch = FetchConfig { allow_addresses: vec![self.webhook], host_delay_ms: 0, ..FetchConfig::default() };
        let searcher = Index::open(self.dir.path()).unwrap().searcher();
        Alerts::open(config, searcher, Gateway::new(&fetch).unwrap(), self.record(), self.dir.path())
    }

    fn record(&self) -> Record {
        Record::open(self.dir.path()).unwrap()
    }

    /// Lets the rise of the issue with this word in its label be held, and says its id.
    fn hold(&mut self, word: &str) -> String {
        let at = self.list.issues.iter().position(|issue| issue.label.contains(word)).unwrap();
        let held = index::trends::Issue { status: index::trends::model::Status::Held, ..self.list.issues.remove(at) };
        let id = held.id.to_string();
        self.list.held.push(held);
        id
    }

    /// Looks at the list at these minutes.
    async fn look(&self, alerts: &mut Alerts, minutes: &[i64]) {
        for &minute in minutes {
            let now = RISING_AT + SignedDuration::from_mins(minute);
            alerts.note(Arc::new(self.list.clone()), now).await.unwrap();
            alerts.tell(now).await.unwrap();
        }
    }
}

const SOUTH_WEST: &str = "[[rules]]\nname = \"South West\"\nregions = [\"south-west\"]\nwebhook = \"HOOK\"\n";

#[tokio::test]
async fn an_issue_is_told_once_when_it_has_settled_over_restarts() {
    let bench = Bench::new().await;
    let rules = format!("site = \"https://discovery.example.org\"\n{SOUTH_WEST}");
    let mut alerts = bench.alerts(&rules);
    bench.look(&mut alerts, &[0, 9]).await;
    assert!(bench.heard.texts().is_empty(), "it has not settled");
    bench.look(&mut bench.alerts(&rules), &[10, 11]).await;
    bench.look(&mut bench.alerts(&rules), &[12]).await;
    let [text] = &bench.heard.texts()[..] else { panic!("told once") };
    let told: serde_json::Value = serde_json::from_str(text).unwrap();
    let id = bench.list.issues.iter().find(|issue| issue.label.contains("pens")).unwrap().id;
    assert_eq!(
        told["text"],
        format!(
            "Discovery, \"South West\":\n‘Insulin pens’ is new: 30 voices in 30 posts in 7 days; fewer than 10 in the 7 days before. https://discovery.example.org/issues/{id}"
        )
    );
    assert_eq!((told["issues"][0]["status"].as_str(), told["rule"].as_str()), (Some("new"), Some("South West")));
    assert_eq!(read(bench.dir.path()).len(), 1);
}

#[tokio::test]
async fn a_search_a_strength_and_voices_can_be_asked_for() {
    let bench = Bench::new().await;
    let concerns = async |asked: &str| {
        let mut alerts = bench.alerts(&format!("[[rules]]\nname = \"a\"\n{asked}\n"));
        std::fs::remove_file(bench.dir.path().join(FILE)).ok();
        alerts.ledger = Ledger::default();
        bench.look(&mut alerts, &[0, 10]).await;
        let mut labels: Vec<String> =
            read(bench.dir.path()).into_iter().map(|alert| alert.label.to_lowercase()).collect();
        labels.sort();
        labels.join("; ")
    };
    assert_eq!(concerns("").await, "hospital lift; insulin pens");
    assert_eq!(concerns("search = \"insul* OR trolley\"").await, "insulin pens");
    assert_eq!(concerns("search = \"trolley\"").await, "");
    assert_eq!(concerns("min_voices = 31").await, "");
    assert_eq!(concerns("min_score = 90.0").await, "");
    assert_eq!(concerns("topics = [\"medication\"]").await, "");
    assert_eq!(concerns("regions = [\"london\"]").await, "hospital lift");
}

#[tokio::test]
async fn nobody_is_told_at_night_and_everything_in_the_morning() {
    let bench = Bench::new().await;
    // The list is of nine in the morning.
    let rules = "[[rules]]\nname = \"a\"\nwebhook = \"HOOK\"\nquiet = { from = \"08:00\", to = \"10:30\" }\n";
    let mut alerts = bench.alerts(rules);
    bench.look(&mut alerts, &[0, 10, 89]).await;
    assert!(bench.heard.texts().is_empty());
    bench.look(&mut alerts, &[90]).await;
    let [text] = &bench.heard.texts()[..] else { panic!("told once") };
    assert!(text.contains("pens") && text.contains("lift"), "{text}");
    let over_midnight: Rule = toml::from_str("name = \"a\"\nquiet = { from = \"20:00\", to = \"07:00\" }").unwrap();
    let at = |time: &str| over_midnight.is_quiet(format!("2026-11-02T{time}:00Z").parse().unwrap());
    assert_eq!([at("19:59"), at("20:00"), at("06:59"), at("07:00")], [false, true, true, false]);
}

#[tokio::test]
async fn what_could_not_be_told_is_told_later() {
    let bench = Bench::new().await;
    let mut alerts = bench.alerts(SOUTH_WEST);
    bench.heard.refuse(true);
    bench.look(&mut alerts, &[0, 10]).await;
    bench.heard.refuse(false);
    bench.look(&mut alerts, &[11]).await;
    assert!(bench.heard.texts().is_empty(), "a pause follows a failure");
    bench.look(&mut alerts, &[14]).await;
    assert_eq!(bench.heard.texts().len(), 1);
}

#[tokio::test]
async fn an_issue_that_comes_back_after_a_week_or_was_merged_is_not_taken_for_another() {
    let mut bench = Bench::new().await;
    let mut alerts = bench.alerts(SOUTH_WEST);
    bench.look(&mut alerts, &[0, 10]).await;
    let day = 24 * 60;
    bench.look(&mut alerts, &[6 * day, 6 * day + 10]).await;
    assert_eq!(bench.heard.texts().len(), 1, "within a week it is the same");
    let pens = bench.list.issues.iter().position(|issue| issue.label.contains("pens")).unwrap();
    let (old, new) = (bench.list.issues[pens].id, index::trends::IssueId::from_parts(1, 1));
    bench.list.issues[pens].id = new;
    bench.list.retired.insert(old, index::trends::model::Retired::MergedInto(new));
    bench.look(&mut alerts, &[7 * day, 7 * day + 10]).await;
    assert_eq!(bench.heard.texts().len(), 1, "under another id it is the same");
    bench.look(&mut alerts, &[20 * day, 20 * day + 10]).await;
    assert_eq!(bench.heard.texts().len(), 2, "after a week away it is told again");
}

#[tokio::test]
async fn what_staff_release_is_told_and_what_stays_held_is_not() {
    let mut bench = Bench::new().await;
    let pens = bench.hold("pens");
    let mut alerts =
        bench.alerts("[[rules]]\nname = \"a\"\nregions = [\"south-west\", \"london\"]\nwebhook = \"HOOK\"\n");
    bench.look(&mut alerts, &[0, 10]).await;
    let told = |texts: &[String]| texts.iter().filter(|text| text.contains("pens")).count();
    assert_eq!((bench.heard.texts().len(), told(&bench.heard.texts())), (1, 0), "the lift only");

    let decide = async |read, verdict| {
        let id = pens.clone();
        let change =
            move |tx: &mut civic::Tx<'_>| reviews::decide(tx, &id, read, verdict, "They are patients", "analyst");
        bench.record().decide(Actor::Operator, RISING_AT, change).await.unwrap();
    };
    decide(0, Verdict::Confirmed).await;
    bench.look(&mut alerts, &[20, 30]).await;
    assert_eq!(told(&bench.heard.texts()), 0);
    decide(1, Verdict::Released).await;
    bench.look(&mut alerts, &[40, 50, 60]).await;
    assert_eq!(told(&bench.heard.texts()), 1);
}

#[tokio::test]
async fn a_letter_goes_to_everybody_and_says_that_a_machine_wrote_it() {
    let bench = Bench::new().await;
    let mail = Heard::default();
    let port = mail.mail().await.port();
    let rules = format!(
        "[mail]\nserver = \"127.0.0.1\"\nport = {port}\nsecurity = \"none\"\nfrom = \"Discovery <d@example.org>\"\n
        [[rules]]\nname = \"Lifts\"\nregions = [\"london\"]\nmail_to = [\"a@example.org\", \"Bea <b@example.org>\"]\n"
    );
    mail.refuse(true);
    let mut alerts = bench.alerts(&rules);
    bench.look(&mut alerts, &[0, 10]).await;
    mail.refuse(false);
    mail.texts.lock().unwrap().clear();
    bench.look(&mut alerts, &[20, 21]).await;
    let [letter] = &mail.texts()[..] else { panic!("sent once: {:?}", mail.texts()) };
    for part in [
        "RCPT TO:<a@example.org>",
        "RCPT TO:<b@example.org>",
        "Subject: Discovery: Hospital lift (Lifts)",
        "Auto-Submitted: auto-generated",
    ] {
        assert!(letter.contains(part), "{part} in {letter}");
    }
}

#[test]
fn wrong_rules_are_named() {
    let error = |toml: &str| {
        let config: AlertsConfig = toml::from_str(toml).unwrap();
        format!("{:#}", config.check(|_| false, |_| false).unwrap_err())
    };
    insta::assert_snapshot!(error("[[rules]]\nname = \" \""), @"an alert in [[alerts.rules]] has no `name`");
    insta::assert_snapshot!(
        error("[[rules]]\nname = \"a\"\n[[rules]]\nname = \"a\""),
        @r#"two alerts in [[alerts.rules]] are called "a": give one another name"#
    );
    insta::assert_snapshot!(
        error("[[rules]]\nname = \"a\"\ntopics = [\"x\"]"),
        @r#"the alert "a" asks for the topic x, which config/topics.toml does not have"#
    );
    insta::assert_snapshot!(
        error("[[rules]]\nname = \"a\"\nmail_to = [\"a@example.org\"]"),
        @r#"the alert "a" is to be mailed: say in [alerts.mail] how e-mail is sent"#
    );
    assert!(error("[[rules]]\nname = \"a\"\nsearch = \"(x\"").contains("`search` that cannot be read"));
    assert!(error("[[rules]]\nname = \"a\"\nmail_to = [\"nobody\"]").contains("not an e-mail address"));
    assert!(
        error("[mail]\nserver = \"s\"\nfrom = \"d@example.org\"\nsecurity = \"none\"\nuser = \"u\"\npassword = { env = \"P\" }")
            .contains("in the clear")
    );
}
