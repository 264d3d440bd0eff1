//! `discovery bench pipeline`: how fast posts go through the whole of it on this machine, stage by stage and end to end,
//! beside the rate of bare Tantivy on the same documents in the same run; and over a Kafka cluster, if asked to.

mod bare;
#[cfg(feature = "kafka")]
mod cluster;
mod memory;
mod over_kafka;
pub mod pages;
mod posts;
mod stages;
pub mod trends;

use std::io::{Write as _, stderr, stdout};
use std::time::Duration;

use anyhow::Result;
use serde::Serialize;

use crate::cli::{BenchAnalytics, BenchBus, BenchPipeline, Global};
use crate::config::Config;
use crate::run;
use over_kafka::OverKafka;

/// The figures, as `--json` prints them.
#[derive(Debug, Serialize)]
struct Figures {
    /// Posts sent.
    posts: usize,
    /// Posts a second of each stage running alone, in the order of a post's way.
    stages: Vec<StageRate>,
    /// Posts a second from the first post collected to the last one searchable and counted, all stages at once.
    end_to_end_posts_per_s: f64,
    /// Posts a second of Tantivy alone.
    bare_tantivy_posts_per_s: f64,
    /// End to end as a part of bare Tantivy.
    ratio: f64,
    /// Posts a second while the time to searchable was measured.
    paced_posts_per_s: u32,
    /// From collection to searchable at that pace, in seconds.
    to_searchable_s: Percentiles,
    /// The most resident memory up to the end of the pipeline, in MiB.
    peak_memory_mib: u64,
    /// The same before anything started: what the posts in memory and the program itself take.
    memory_at_start_mib: u64,
    /// The same over Kafka, with `--bus kafka`.
    #[serde(skip_serializing_if = "Option::is_none")]
    over_kafka: Option<OverKafka>,
}

/// The rate of one stage.
#[derive(Debug, Serialize)]
pub struct StageRate {
    stage: &'static str,
    posts_per_s: f64,
}

/// A distribution of times, in seconds.
#[derive(Debug, Serialize)]
struct Percentiles {
    p50: f64,
    p95: f64,
    p99: f64,
}

/// Measures, and prints the figures.
///
/// # Errors
/// When the configuration is wrong, or a stage fails.
pub async fn execute(global: &Global, bench: &BenchPipeline) -> Result<()> {
    let configured = run::load(global)?;
    let work = tempfile::tempdir()?;
    let mut config = configured.clone();
    // Nothing that is measured may come to where real posts are.
    (config.bus.kafka, config.analytics.clickhouse) = (None, None);
    config.data_dir = work.path().join("stages");
    say("composing the posts");
    let paced = bench.rate as usize * bench.seconds as usize;
    let posts = posts::Composed::write(work.path(), bench.posts + paced)?;
    let memory_at_start_mib = memory::peak_mib()?;

    say("each stage alone");
    let stages = stages::each_alone(&config, &posts, bench.posts).await?;
    say("all stages at once");
    config.data_dir = work.path().join("together");
    let together = stages::all_at_once(&config, &posts, bench.posts).await?;
    say("from collection to searchable, paced");
    config.data_dir = work.path().join("paced");
    let latencies = stages::paced(&config, &posts, bench).await?;
    let peak_memory_mib = memory::peak_mib()?;
    say("bare Tantivy");
    let bare = bare::rate(&config, &posts, bench.posts)?;
    let over_kafka = match bench.bus {
        BenchBus::Embedded => None,
        BenchBus::Kafka => Some(measure_over_kafka(&configured, &posts, bench, together).await?),
    };

    let figures = Figures {
        posts: bench.posts,
        stages,
        end_to_end_posts_per_s: per_second(bench.posts, together),
        bare_tantivy_posts_per_s: bare,
        ratio: per_second(bench.posts, together) / bare,
        paced_posts_per_s: bench.rate,
        to_searchable_s: percentiles(latencies),
        peak_memory_mib,
        memory_at_start_mib,
        over_kafka,
    };
    print(&figures, bench.json)
}

fn print(figures: &Figures, json: bool) -> Result<()> {
    let mut out = stdout().lock();
    if json {
        serde_json::to_writer(&mut out, figures)?;
        return Ok(writeln!(out)?);
    }
    writeln!(out, "{} posts", figures.posts)?;
    print_stages(&mut out, &figures.stages)?;
    writeln!(out, "  {:<24}{:>10.0} posts/s", "end to end", figures.end_to_end_posts_per_s)?;
    writeln!(out, "  {:<24}{:>10.0} posts/s", "bare Tantivy", figures.bare_tantivy_posts_per_s)?;
    writeln!(out, "  {:<24}{:>10.0} %", "end to end / bare", figures.ratio * 100.0)?;
    let times = &figures.to_searchable_s;
    writeln!(
        out,
        "  collection to searchable at {} posts/s: p50 {:.2} s, p95 {:.2} s, p99 {:.2} s",
        figures.paced_posts_per_s, times.p50, times.p95, times.p99
    )?;
    writeln!(out, "  peak memory {} MiB (at the start {} MiB)", figures.peak_memory_mib, figures.memory_at_start_mib)?;
    figures.over_kafka.as_ref().map_or(Ok(()), |over_kafka| print_over_kafka(&mut out, over_kafka))
}

fn print_stages(out: &mut impl std::io::Write, stages: &[StageRate]) -> Result<()> {
    for stage in stages {
        writeln!(out, "  {:<24}{:>10.0} posts/s, alone", stage.stage, stage.posts_per_s)?;
    }
    Ok(())
}

fn print_over_kafka(out: &mut impl std::io::Write, figures: &OverKafka) -> Result<()> {
    writeln!(out, "over Kafka")?;
    writeln!(out, "  {:<24}{:>10.0} records/s", "its client alone, sent", figures.bare_produced_per_s)?;
    writeln!(out, "  {:<24}{:>10.0} records/s", "its client alone, read", figures.bare_consumed_per_s)?;
    print_stages(out, &figures.stages)?;
    writeln!(out, "  {:<24}{:>10.0} posts/s", "end to end", figures.end_to_end_posts_per_s)?;
    writeln!(out, "  {:<24}{:>10.0} %", "of the embedded log", figures.ratio_to_embedded * 100.0)?;
    for processes in &figures.enrich_processes {
        let name = format!("enrich, {} process(es)", processes.processes);
        writeln!(out, "  {name:<24}{:>10.0} posts/s, one worker each", processes.posts_per_s)?;
    }
    if let Some(counted) = figures.counted_posts_per_s {
        writeln!(out, "  {:<24}{counted:>10.0} posts/s", "and into ClickHouse")?;
    }
    Ok(())
}

#[cfg(feature = "kafka")]
async fn measure_over_kafka(
    config: &Config,
    posts: &posts::Composed,
    bench: &BenchPipeline,
    embedded: Duration,
) -> Result<OverKafka> {
    let with_clickhouse = matches!(bench.analytics, BenchAnalytics::Clickhouse);
    cluster::measure(config, posts, bench.posts, per_second(bench.posts, embedded), with_clickhouse).await
}

/// Built without the client of Kafka.
#[cfg(not(feature = "kafka"))]
#[expect(clippy::unused_async, reason = "it waits where Kafka is built in")]
async fn measure_over_kafka(_: &Config, _: &posts::Composed, _: &BenchPipeline, _: Duration) -> Result<OverKafka> {
    anyhow::bail!("this discovery was built without Kafka: build it with --features kafka")
}

fn percentiles(mut times: Vec<Duration>) -> Percentiles {
    times.sort_unstable();
    let at = |percent: usize| {
        let index = (times.len() * percent / 100).min(times.len().saturating_sub(1));
        times.get(index).map_or(f64::NAN, Duration::as_secs_f64)
    };
    Percentiles { p50: at(50), p95: at(95), p99: at(99) }
}

fn per_second(posts: usize, took: Duration) -> f64 {
    posts as f64 / took.as_secs_f64()
}

/// Says on stderr what is being measured, since a measurement takes minutes.
fn say(what: &str) {
    // Nobody may be listening; the figures go to stdout.
    let _ = writeln!(stderr(), "{what} ...");
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn percentiles_are_of_the_sorted_times() {
        let times = (1..=100).rev().map(Duration::from_secs).collect();
        let found = percentiles(times);
        assert_eq!((found.p50, found.p95, found.p99), (51.0, 96.0, 100.0));
    }
}
