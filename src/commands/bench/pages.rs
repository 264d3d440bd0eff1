//! `discovery bench pages`: how long the server takes to answer the pages of Gather and the Assembly, with 1,000 flags, one of
//! which 10,000 people support, and 1,000 comments. The time is from the request to the last byte, on this machine, one reader.

use std::io::{Write as _, stdout};
use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use civic::gather::{self, Decision, Evidence, FlagId, GatherConfig, NewFlag};
use civic::{AccountId, Actor, Record, Role, account, session};
use dashboard::Notice;
use enrich::Chain;
use index::Index;
use jiff::{SignedDuration, Timestamp};
use serde::Serialize;
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::{TcpListener, TcpStream};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use crate::cli::{BenchPages, Global};
use crate::entrances::Entrances;
use crate::lag::Lags;
use crate::pages::{self, People};
use crate::run;

/// What a page may take at the server.
const FLOOR: Duration = Duration::from_millis(150);

/// The times of one page, in milliseconds.
#[derive(Debug, Serialize)]
struct Times {
    page: &'static str,
    bytes: usize,
    p50_ms: f64,
    p95_ms: f64,
    slowest_ms: f64,
    /// Whether 95 of 100 answers came within [`FLOOR`].
    is_within: bool,
}

/// Fills a record, asks for each page again and again, and prints how long it took.
///
/// # Errors
/// When the configuration is wrong, or a page is not answered.
pub async fn execute(global: &Global, bench: &BenchPages) -> Result<()> {
    let config = run::load(global)?;
    let work = tempfile::tempdir()?;
    let record = pages::open_record(work.path())?;
    super::say("filling the record");
    let (flag, reader) = fill(&record, bench)?;
    let token = session::open(&record, &reader, Timestamp::now()).await?;
    let cookie = format!("__Host-discovery={}", token.text());
    let chain = Chain::load(&config.dir)?;
    let index = Index::open(&work.path().join("index"))?;
    let (_publish, trends) = watch::channel(None);
    let people = People { record, demo_password: None, outward: None };
    let health = Arc::new(Vec::new);
    let parts = pages::parts(
        &config,
        &chain,
        &index,
        Arc::new(index.analytics()),
        trends,
        health,
        Lags::default(),
        Notice::Real,
        people,
        Entrances::default(),
    );
    let listener = TcpListener::bind(SocketAddr::from((Ipv4Addr::LOCALHOST, 0))).await?;
    let address = listener.local_addr()?;
    let cancel = CancellationToken::new();
    let serving = tokio::spawn(dashboard::serve(listener, parts, cancel.clone()));

    let of_flag = format!("/gather/flags/{flag}");
    let mut all = Vec::new();
    for (page, path) in [
        ("the list of flags, newest", "/gather"),
        ("the list of flags, most supported", "/gather?show=supported"),
        ("the last page of the list", "/gather?show=newest&page=40"),
        ("the flag of 10,000 supporters", of_flag.as_str()),
        ("what waits for a moderator", "/gather/moderation"),
        ("all flags as a file", "/download/flags.csv"),
        ("all flags as JSON", "/api/v1/flags"),
        ("the Assembly", "/assembly"),
        ("the log of decisions", "/audit"),
        ("the home page", "/"),
    ] {
        all.push(measure(page, address, path, &cookie, bench.times).await.with_context(|| path.to_owned())?);
    }
    cancel.cancel();
    serving.await??;
    print(&all, bench.json)
}

fn print(all: &[Times], json: bool) -> Result<()> {
    let mut out = stdout().lock();
    if json {
        serde_json::to_writer(&mut out, all)?;
        return Ok(writeln!(out)?);
    }
    writeln!(out, "{:<36}{:>10}{:>10}{:>10}{:>12}", "page", "bytes", "p50 ms", "p95 ms", "slowest ms")?;
    for times in all {
        let over = if times.is_within { "" } else { "  over 150 ms" };
        let Times { page, bytes, p50_ms, p95_ms, slowest_ms, .. } = times;
        writeln!(out, "{page:<36}{bytes:>10}{p50_ms:>10.1}{p95_ms:>10.1}{slowest_ms:>12.1}{over}")?;
    }
    Ok(out.flush()?)
}

async fn measure(page: &'static str, address: SocketAddr, path: &str, cookie: &str, times: u32) -> Result<Times> {
    let (mut taken, mut bytes) = (Vec::new(), 0);
    for _ in 0..times.max(1) {
        let begun = Instant::now();
        bytes = ask(address, path, cookie).await?;
        taken.push(begun.elapsed());
    }
    taken.sort_unstable();
    let at = |percent: usize| taken[(taken.len() * percent / 100).min(taken.len() - 1)];
    let ms = |time: Duration| time.as_secs_f64() * 1_000.0;
    let slowest_ms = taken.last().copied().map_or(0.0, ms);
    Ok(Times { page, bytes, p50_ms: ms(at(50)), p95_ms: ms(at(95)), slowest_ms, is_within: at(95) <= FLOOR })
}

/// Asks this process over its own address, as a browser would; gives the length of the answer.
async fn ask(address: SocketAddr, path: &str, cookie: &str) -> Result<usize> {
    let mut stream = TcpStream::connect(address).await?;
    let request = format!("GET {path} HTTP/1.1\r\nHost: {address}\r\nCookie: {cookie}\r\nConnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await?;
    let mut answer = Vec::new();
    stream.read_to_end(&mut answer).await?;
    ensure!(
        answer.starts_with(b"HTTP/1.1 200"),
        "it answers {}",
        String::from_utf8_lossy(&answer[..answer.len().min(80)])
    );
    Ok(answer.len())
}

/// Flags, supporters and comments in those numbers, and a moderator who reads them.
fn fill(record: &Record, bench: &BenchPages) -> Result<(FlagId, AccountId)> {
    let now = Timestamp::now();
    let people = bench.supporters.div_ceil(5).max(bench.flags.div_ceil(5)) + 1;
    let (first, reader) = record.decide_now(Actor::Operator, now, |tx| {
        let (reader, _) = account::invite(tx, "A moderator", "moderator@bench.invalid", Role::Moderator)?;
        let mut first = None;
        for number in 0..bench.flags {
            let by = somebody(number % people);
            let flag = NewFlag {
                want: format!("thing number {number} to be better than it is"),
                because: "It takes long, and nobody says why. ".repeat(8),
                evidence: Evidence::None,
            };
            let id = gather::raise(tx, &GatherConfig::default(), &by, &flag)?;
            if number % 10 > 0 || first.is_none() {
                gather::decide(tx, &id, 1, &Decision::Publish, "within remit")?;
            }
            first.get_or_insert(id);
        }
        Ok((first, reader))
    })?;
    let first = first.context("at least one flag is needed")?;
    record.decide_now(Actor::Operator, now, |tx| {
        (0..bench.supporters).try_for_each(|number| gather::support(tx, &first, &somebody(number)))
    })?;
    for number in 0..bench.comments {
        // A second apart each: so many comments would be too many for one account in an hour.
        let at = now + SignedDuration::from_secs(number.into());
        record.decide_now(Actor::Operator, at, |tx| {
            gather::comment(tx, &first, &somebody(number), "It happened to me as well, twice this month.")
        })?;
    }
    let waiting = record.read_now(|db| gather::waiting_comments(db, bench.comments))?;
    record.decide_now(Actor::Operator, now, |tx| {
        waiting.iter().step_by(2).try_for_each(|one| gather::moderate_comment(tx, &one.id, true, ""))
    })?;
    Ok((first, reader))
}

fn somebody(number: u32) -> AccountId {
    AccountId::parse(&format!("0BENCH{number:020}")).expect("it has 26 letters of those that ids are written with")
}
