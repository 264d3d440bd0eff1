//! The site over a made-up world: a real index in a temporary folder, a store that can be made to fail, and a clock
//! that moves only when it is told to.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};

use async_trait::async_trait;
use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode};
use bus::{Change, Enriched, Offsets, SourceHealth};
use civic::{AccountId, Actor, Record, Role};
use dashboard::{Audience, LimitsConfig, Notice, Parts, SignInConfig};
use index::trends::TrendList;
use index::{Analytics, AnalyticsError, Dimension, Filter, Group, Index, Point, Step, Totals};
use jiff::Timestamp;
use tempfile::TempDir;
use tokio::sync::watch;
use tower::ServiceExt;
use url::form_urlencoded;

use crate::doors;
use crate::made_up::{alerts, health, labels, now, posts, trend_list, without};

/// The site over the world, and what can be done to it.
pub struct World {
    pub router: Router,
    pub trends: watch::Sender<Option<Arc<TrendList>>>,
    pub record: Record,
    clock: Arc<AtomicI64>,
    failing: Arc<AtomicBool>,
    /// What was passed on to be corrected.
    pub corrections: doors::Kept,
    _folder: TempDir,
}

/// What the site answered.
pub struct Answer {
    pub status: StatusCode,
    pub headers: HeaderMap,
    pub body: String,
}

impl World {
    /// The usual world.
    pub fn new(audience: Audience) -> Self {
        Self::of(posts(), Some(trend_list()), audience)
    }

    /// A world of these posts.
    pub fn of(posts: Vec<Enriched>, list: Option<TrendList>, audience: Audience) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (mut parts, trends, failing) = parts(&folder, posts, list, audience);
        let clock = Arc::new(AtomicI64::new(now().as_second()));
        let seen = Arc::clone(&clock);
        parts.now = Arc::new(move || Timestamp::from_second(seen.load(Ordering::SeqCst)).unwrap());
        Self::over(folder, parts, trends, clock, failing)
    }

    /// The usual world, where staff signs in with a password alone and everybody can register.
    pub fn of_people() -> Self {
        // Most tests send more in one of their minutes than people do.
        Self::with_limits(LimitsConfig {
            forms_by_address: 1_000_000,
            forms_by_account: 1_000_000,
            sign_ins_by_address: 1_000_000,
            ..LimitsConfig::default()
        })
    }

    /// The world of people, where no more than this may be done.
    pub fn with_limits(limits: LimitsConfig) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (mut parts, trends, failing) = parts(&folder, posts(), Some(trend_list()), Audience::Public);
        parts.sign_in = SignInConfig { registration: true, staff_needs_code: false, openid: None };
        parts.limits = limits;
        let clock = Arc::new(AtomicI64::new(now().as_second()));
        let seen = Arc::clone(&clock);
        parts.now = Arc::new(move || Timestamp::from_second(seen.load(Ordering::SeqCst)).unwrap());
        Self::over(folder, parts, trends, clock, failing)
    }

    /// The usual world with these sources.
    pub fn with_sources(sources: Vec<SourceHealth>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (mut parts, trends, failing) = parts(&folder, posts(), Some(trend_list()), Audience::Staff);
        parts.health = Arc::new(move || sources.clone());
        let clock = Arc::new(AtomicI64::new(now().as_second()));
        Self::over(folder, parts, trends, clock, failing)
    }

    /// The usual world, whose larger model tags this share of the posts.
    pub fn where_the_larger_model_tags(share: Option<f64>) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let (mut parts, trends, failing) = parts(&folder, posts(), Some(trend_list()), Audience::Staff);
        parts.tagged_by_larger_model = Arc::new(move || share);
        Self::over(folder, parts, trends, Arc::new(AtomicI64::new(now().as_second())), failing)
    }

    fn over(
        folder: TempDir,
        mut parts: Parts,
        trends: watch::Sender<Option<Arc<TrendList>>>,
        clock: Arc<AtomicI64>,
        failing: Arc<AtomicBool>,
    ) -> Self {
        let corrections = doors::Kept::default();
        parts.corrector = Some(Arc::new(doors::Corrector(Arc::clone(&corrections))));
        let record = parts.record.clone();
        Self { record, router: dashboard::router(parts), trends, corrections, clock, failing, _folder: folder }
    }

    /// The answer to GET, from this machine.
    pub async fn get(&self, address: &str) -> Answer {
        let request = Request::get(address).header("host", "127.0.0.1:8080").body(Body::empty()).unwrap();
        self.send(request).await
    }

    /// The answer to any request.
    pub async fn send(&self, request: Request<Body>) -> Answer {
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (status, headers) = (response.status(), response.headers().clone());
        let body = axum::body::to_bytes(response.into_body(), 8 << 20).await.unwrap();
        Answer { status, headers, body: String::from_utf8(body.to_vec()).unwrap() }
    }

    /// Somebody with this role, who is signed in.
    pub async fn somebody(&self, role: Role) -> Somebody<'_> {
        let now = Timestamp::from_second(self.clock.load(Ordering::SeqCst)).unwrap();
        let email = format!("{role}-{}@example.org", self.clock.fetch_add(1, Ordering::SeqCst));
        let invited = |tx: &mut civic::Tx<'_>| civic::account::invite(tx, "Sam Example", &email, role);
        let (id, _) = self.record.decide_now(Actor::Operator, now, invited).unwrap();
        let token = civic::session::open(&self.record, &id, now).await.unwrap();
        Somebody { world: self, cookie: format!("__Host-discovery={}", token.text()), id }
    }

    /// Moves the clock.
    pub fn wait(&self, time: std::time::Duration) {
        self.clock.fetch_add(time.as_secs().try_into().unwrap(), Ordering::SeqCst);
    }

    /// Makes every count fail, or succeed again.
    pub fn fail(&self, failing: bool) {
        self.failing.store(failing, Ordering::SeqCst);
    }
}

/// Somebody who is signed in, at a browser.
pub struct Somebody<'a> {
    world: &'a World,
    pub cookie: String,
    pub id: AccountId,
}

impl Somebody<'_> {
    /// The answer to GET.
    pub async fn get(&self, address: &str) -> Answer {
        let request = Request::get(address).header("host", "127.0.0.1:8080").header("cookie", &self.cookie);
        self.world.send(request.body(Body::empty()).unwrap()).await
    }

    /// The answer to a form with these fields, and the token of a page that was loaded before.
    pub async fn send(&self, address: &str, fields: &[(&str, &str)]) -> Answer {
        let page = self.get("/account").await;
        let token = page.hidden("form_token");
        let fields = [fields, &[("form_token", token.as_str())]].concat();
        self.world.send(form(address, &fields, Some(&self.cookie))).await
    }
}

impl Somebody<'_> {
    /// The answer to a form that can carry a file, with these fields and the token of a page that was loaded before.
    pub async fn upload(&self, address: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.get("/account").await.hidden("form_token");
        let mut body = String::new();
        for (name, value) in [fields, &[("form_token", token.as_str())]].concat() {
            let file = if name == "file" { "; filename=\"sheet.csv\"" } else { "" };
            let part =
                format!("--b0undary\r\nContent-Disposition: form-data; name=\"{name}\"{file}\r\n\r\n{value}\r\n");
            body.push_str(&part);
        }
        body += "--b0undary--\r\n";
        let request = Request::post(address)
            .header("host", "127.0.0.1:8080")
            .header("origin", "http://127.0.0.1:8080")
            .header("cookie", &self.cookie)
            .header("content-type", "multipart/form-data; boundary=b0undary");
        self.world.send(request.body(Body::from(body)).unwrap()).await
    }
}

/// A form as a browser sends it.
pub fn form(address: &str, fields: &[(&str, &str)], cookie: Option<&str>) -> Request<Body> {
    let body: String = form_urlencoded::Serializer::new(String::new()).extend_pairs(fields).finish();
    let request = Request::post(address)
        .header("host", "127.0.0.1:8080")
        .header("origin", "http://127.0.0.1:8080")
        .header("content-type", "application/x-www-form-urlencoded");
    let request = match cookie {
        Some(cookie) => request.header("cookie", cookie),
        None => request,
    };
    request.body(Body::from(body)).unwrap()
}

impl Answer {
    /// The value of the first hidden field with this name.
    pub fn hidden(&self, name: &str) -> String {
        let field = self.part(&format!("name=\"{name}\" value=\""), "\">");
        field.rsplit("value=\"").next().unwrap().trim_end_matches("\">").to_owned()
    }

    /// Where the answer leads.
    pub fn leads_to(&self) -> &str {
        self.headers["location"].to_str().unwrap()
    }

    /// The text between the first `from` and the next `to`, both included; tags on lines of their own.
    pub fn part(&self, from: &str, to: &str) -> String {
        let begin = self.body.find(from).unwrap_or_else(|| panic!("`{from}` is not in {}", self.body));
        let length =
            self.body[begin..].find(to).unwrap_or_else(|| panic!("`{to}` does not follow `{from}`")) + to.len();
        self.body[begin..begin + length].replace("><", ">\n<")
    }

    /// The text that a reader sees, without tags and with single spaces.
    pub fn text(&self) -> String {
        let mut text = String::new();
        for piece in self.body.split('<') {
            text.push_str(piece.split_once('>').map_or(piece, |(_, after)| after));
            text.push(' ');
        }
        let text = text.replace("&#39;", "'").replace("&#34;", "\"").replace("&amp;", "&");
        text.split_whitespace().collect::<Vec<_>>().join(" ")
    }
}

/// What a site over such a world is made from.
pub fn parts(
    folder: &TempDir,
    posts: Vec<Enriched>,
    list: Option<TrendList>,
    audience: Audience,
) -> (Parts, watch::Sender<Option<Arc<TrendList>>>, Arc<AtomicBool>) {
    let index = Index::open(folder.path()).unwrap();
    let mut writer = index.writer().unwrap();
    for post in posts {
        writer.apply(&Change::Upsert(post)).unwrap();
    }
    writer.commit(&Offsets::default()).unwrap();
    let (trends, receiver) = watch::channel(list.map(Arc::new));
    let failing = Arc::new(AtomicBool::new(false));
    let parts = Parts {
        searcher: index.searcher(),
        analytics: Arc::new(Failing { inner: index.analytics(), failing: Arc::clone(&failing) }),
        trends: receiver,
        without: Arc::new(without),
        alerts: Arc::new(alerts),
        stages: Arc::new(|| {
            let lag = |work, group, waiting| dashboard::StageLag { work, group, waiting };
            vec![lag("Tagging", "enrich", 1_234), lag("Search", "index", 0)]
        }),
        health: Arc::new(health),
        submissions: Some(Arc::new(doors::Submissions)),
        receiver: Some(Arc::new(doors::Receiver)),
        corrector: None,
        eraser: Some(Arc::new(doors::Eraser)),
        record: civic::Record::open(folder.path()).unwrap(),
        assembly: civic::assembly::AssemblyConfig::default(),
        gather: civic::gather::GatherConfig::default(),
        sign_in: SignInConfig::default(),
        outward: None,
        limits: LimitsConfig::default(),
        demo_password: None,
        labels: labels(),
        feeling_right: Some(0.756),
        tagged_by_larger_model: Arc::new(|| None),
        notice: Notice::Fictional,
        audience,
        now: Arc::new(now),
    };
    (parts, trends, failing)
}

/// A store that can be made to fail.
struct Failing<A> {
    inner: A,
    failing: Arc<AtomicBool>,
}

impl<A> Failing<A> {
    fn check(&self) -> Result<(), AnalyticsError> {
        let failing = self.failing.load(Ordering::SeqCst);
        if failing { Err(AnalyticsError::Store("the disk said no".to_owned())) } else { Ok(()) }
    }
}

#[async_trait]
impl<A: Analytics> Analytics for Failing<A> {
    async fn totals(&self, filter: &Filter) -> Result<Totals, AnalyticsError> {
        self.check()?;
        self.inner.totals(filter).await
    }

    async fn groups(&self, filter: &Filter, by: Dimension, limit: usize) -> Result<Vec<Group>, AnalyticsError> {
        self.check()?;
        self.inner.groups(filter, by, limit).await
    }

    async fn over_time(&self, filter: &Filter, step: Step) -> Result<Vec<Point>, AnalyticsError> {
        self.check()?;
        self.inner.over_time(filter, step).await
    }
}
