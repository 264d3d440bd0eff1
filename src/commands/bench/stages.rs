//! The stages under measurement: the same functions that `discovery run` starts.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use anyhow::Result;
use bus::data_dir::Part;
use bus::{BusTopic, Change, Post};
use index::trends::TrendList;
use index::{Commit, Index};
use ingest::Intake;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::posts::Composed;
use super::{StageRate, per_second};
use crate::cli::BenchPipeline;
use crate::config::Config;
use crate::counts;
use crate::run::{self, Base};
use crate::supervisor::Supervisor;

/// How many posts a collector hands over at once.
const BATCH: usize = 500;

/// How often the end of a stage is looked for.
const LOOK_EVERY: Duration = Duration::from_millis(10);

/// Sends `count` posts through each stage by itself.
///
/// # Errors
/// When a stage fails.
pub async fn each_alone(config: &Config, posts: &Composed, count: usize) -> Result<Vec<StageRate>> {
    let base = Base::open(config, &Part::ALL).await?;
    let index = Index::open(&base.data.index())?;
    let mut rates = Vec::new();
    let mut note = |stage, took| rates.push(StageRate { stage, posts_per_s: per_second(count, took) });

    let start = Instant::now();
    collect(&base, posts, count).await?;
    note("redact and collect", start.elapsed());

    let start = Instant::now();
    until_caught_up(&base, BusTopic::Posts, enrich::GROUP, |supervisor| base.spawn_enrich(supervisor)).await?;
    note("enrich", start.elapsed());

    let start = Instant::now();
    until_caught_up(&base, BusTopic::Enriched, index::stage::GROUP, |supervisor| {
        base.spawn_search_index(supervisor, &index);
        Ok(())
    })
    .await?;
    note("index", start.elapsed());

    let start = Instant::now();
    let (publish, lists) = watch::channel(None);
    until_listed(&base, publish, lists).await?;
    note("trends", start.elapsed());
    Ok(rates)
}

/// Sends `count` posts through all stages at once, and says how long it took until all were searchable, and counted in `ClickHouse` where it is
/// configured.
///
/// # Errors
/// When a stage fails.
pub async fn all_at_once(config: &Config, posts: &Composed, count: usize) -> Result<Duration> {
    let base = Base::open(config, &Part::ALL).await?;
    let index = Index::open(&base.data.index())?;
    let mut supervisor = Supervisor::until(CancellationToken::new());
    let cancel = supervisor.cancel().clone();
    base.spawn_enrich(&mut supervisor)?;
    base.spawn_index(&mut supervisor, &index, watch::channel(None).0);
    counts::spawn(&base, &mut supervisor);
    let start = Instant::now();
    let work = async {
        collect(&base, posts, count).await?;
        while index.posts() < count as u64 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        while config.analytics.clickhouse.is_some() && is_behind(&base, index::clickhouse::GROUP).await? {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        let took = start.elapsed();
        cancel.cancel();
        anyhow::Ok(took)
    };
    let (took, ended) = tokio::join!(work, supervisor.run());
    ended?;
    took
}

/// Sends posts at the pace asked for, and gives the time from collection to searchable of each.
///
/// # Errors
/// When a stage fails.
pub async fn paced(config: &Config, posts: &Composed, bench: &BenchPipeline) -> Result<Vec<Duration>> {
    let base = Base::open(config, &Part::ALL).await?;
    let index = Index::open(&base.data.index())?;
    let count = bench.rate as usize * bench.seconds as usize;
    let mut supervisor = Supervisor::until(CancellationToken::new());
    let cancel = supervisor.cancel().clone();
    base.spawn_enrich(&mut supervisor)?;
    base.spawn_trends(&mut supervisor, watch::channel(None).0);
    let latencies = Arc::new(Mutex::new(Vec::with_capacity(count)));
    let (bus, observed, settings, seen) =
        (base.bus(), index.clone(), base.config.index.clone(), Arc::clone(&latencies));
    supervisor.spawn("index", move |cancel| async move {
        let observe = move |commit: &Commit<'_>| {
            seen.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(commit.latencies);
        };
        Ok(index::run_observed(bus, observed, settings, cancel, observe).await?)
    });
    let work = async {
        // A collector hands over ten times a second what came in meanwhile.
        let mut ticks = tokio::time::interval(Duration::from_millis(100));
        let intake = Intake::new(base.bus(), run::scrub());
        let mut posts = posts.read()?;
        let mut sent = 0;
        while sent < count {
            ticks.tick().await;
            let batch: Vec<Change<Post>> = posts
                .by_ref()
                .take(bench.rate as usize / 10)
                .map(|post| post.map(Change::Upsert))
                .collect::<Result<_>>()?;
            sent += batch.len();
            anyhow::ensure!(!batch.is_empty(), "the composed posts are used up");
            intake.deliver(&mut intake.prepare(batch).await).await?;
        }
        while index.posts() < sent as u64 {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        cancel.cancel();
        anyhow::Ok(())
    };
    let (worked, ended) = tokio::join!(work, supervisor.run());
    ended?;
    worked?;
    Ok(std::mem::take(&mut *latencies.lock().unwrap_or_else(PoisonError::into_inner)))
}

/// Sends `count` posts to the log, as collectors do.
///
/// # Errors
/// When the log does not take them.
pub async fn collect(base: &Base, posts: &Composed, count: usize) -> Result<()> {
    let intake = Intake::new(base.bus(), run::scrub());
    let mut posts = posts.read()?.take(count);
    loop {
        let batch: Vec<Change<Post>> =
            posts.by_ref().take(BATCH).map(|post| post.map(Change::Upsert)).collect::<Result<_>>()?;
        if batch.is_empty() {
            return Ok(());
        }
        intake.deliver(&mut intake.prepare(batch).await).await?;
    }
}

/// Whether this group has records of tagged posts before it.
async fn is_behind(base: &Base, group: &str) -> Result<bool> {
    Ok(base.bus.lag(BusTopic::Enriched, group).await?.iter().any(|lag| lag.records() > 0))
}

/// Runs the stage that `spawn` starts until its group has committed everything.
async fn until_caught_up(
    base: &Base,
    topic: BusTopic,
    group: &'static str,
    spawn: impl FnOnce(&mut Supervisor) -> Result<()>,
) -> Result<()> {
    let mut supervisor = Supervisor::until(CancellationToken::new());
    spawn(&mut supervisor)?;
    let bus = base.bus.clone();
    supervisor.spawn("measure", move |cancel| async move {
        while bus.lag(topic, group).await?.iter().any(|lag| lag.records() > 0) {
            tokio::time::sleep(LOOK_EVERY).await;
        }
        cancel.cancel();
        Ok(())
    });
    supervisor.run().await
}

/// Runs trend detection until a list covers everything.
async fn until_listed(
    base: &Base,
    publish: watch::Sender<Option<Arc<TrendList>>>,
    mut lists: watch::Receiver<Option<Arc<TrendList>>>,
) -> Result<()> {
    let ends = base.bus.lag(BusTopic::Enriched, index::trends::GROUP).await?;
    let mut supervisor = Supervisor::until(CancellationToken::new());
    base.spawn_trends(&mut supervisor, publish);
    supervisor.spawn("measure", move |cancel| async move {
        lists
            .wait_for(|list| {
                list.as_ref().is_some_and(|list| ends.iter().all(|lag| list.offsets.next(lag.partition) >= lag.end))
            })
            .await?;
        cancel.cancel();
        Ok(())
    });
    supervisor.run().await
}
