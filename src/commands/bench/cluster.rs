//! The pipeline over Kafka, beside the embedded one and beside what the client of Kafka does alone; with `ClickHouse`, if asked to.
//! Everything is done in topics and a database of its own, which are deleted afterwards.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::time::{Duration, Instant};

use anyhow::{Context as _, Result, ensure};
use bus::data_dir::Part;
use bus::{BusConfig, BusTopic, Change, KafkaBus, KafkaConfig, Lag};
use tokio::process::{Child, Command};

use super::over_kafka::{OverKafka, Processes};
use super::posts::Composed;
use super::{per_second, say, stages};
use crate::config::{self, Config};
use crate::counts;
use crate::run::Base;

/// The most payloads that the client sends by itself: they lie in memory.
const MOST_BARE: usize = 100_000;

/// How often it is looked how far processes have come.
const LOOK_EVERY: Duration = Duration::from_millis(20);

/// Measures over the cluster that `config` names.
///
/// # Errors
/// When it names none, or a stage fails.
pub async fn measure(
    config: &Config,
    posts: &Composed,
    count: usize,
    embedded: f64,
    with_clickhouse: bool,
) -> Result<OverKafka> {
    let trial = Trial::new(config, with_clickhouse)?;

    say("Kafka's client alone");
    let bus = trial.open("bare").await?;
    let payloads = posts.read()?.take(count.min(MOST_BARE)).map(|post| Ok(Change::Upsert(post?).to_record().payload));
    let bare = bus.bare_rates(BusTopic::Posts, payloads.collect::<Result<_>>()?).await?;
    bus.delete_topics().await?;

    say("each stage alone, over Kafka");
    let stages = stages::each_alone(&trial.config("alone"), posts, count).await?;
    trial.remove("alone").await?;

    say("all stages at once, over Kafka");
    let took = stages::all_at_once(&trial.config("together"), posts, count).await?;
    trial.remove("together").await?;

    let mut enrich_processes = Vec::new();
    for processes in [1, 2] {
        say(&format!("enrich as {processes} of its processes"));
        let name = format!("processes-{processes}");
        let posts_per_s = trial.enrich_as(&name, processes, posts, count).await?;
        trial.remove(&name).await?;
        enrich_processes.push(Processes { processes, posts_per_s });
    }

    let mut counted_posts_per_s = None;
    if with_clickhouse {
        say("all stages at once, over Kafka and into ClickHouse");
        let config = trial.config_with_clickhouse("counted");
        let took = stages::all_at_once(&config, posts, count).await?;
        trial.remove("counted").await?;
        counts::discard(&config).await?;
        counted_posts_per_s = Some(per_second(count, took));
    }
    let end_to_end_posts_per_s = per_second(count, took);
    Ok(OverKafka {
        bare_produced_per_s: bare.produced_per_s,
        bare_consumed_per_s: bare.consumed_per_s,
        stages,
        end_to_end_posts_per_s,
        ratio_to_embedded: end_to_end_posts_per_s / embedded,
        enrich_processes,
        counted_posts_per_s,
    })
}

/// Topics, groups and directories that nothing else uses.
struct Trial {
    base: Config,
    kafka: KafkaConfig,
    id: String,
    work: tempfile::TempDir,
}

impl Trial {
    fn new(config: &Config, with_clickhouse: bool) -> Result<Self> {
        let file = config.dir.join(config::FILE);
        let kafka = config.bus.kafka.clone();
        let kafka =
            kafka.with_context(|| format!("--bus kafka needs the section [bus.kafka] in {}", file.display()))?;
        ensure!(
            !with_clickhouse || config.analytics.clickhouse.is_some(),
            "--analytics clickhouse needs the section [analytics.clickhouse] in {}",
            file.display()
        );
        let work = tempfile::tempdir()?;
        // The name of the directory is random, which the names in the cluster are to be as well.
        let id = work.path().file_name().map(|name| name.to_string_lossy().trim_start_matches('.').to_lowercase());
        Ok(Self { base: config.clone(), kafka, id: id.unwrap_or_default(), work })
    }

    fn kafka(&self, name: &str) -> KafkaConfig {
        let prefix = format!("{}bench-{}-{name}.", self.kafka.topic_prefix, self.id);
        KafkaConfig { topic_prefix: prefix.clone(), group_prefix: prefix, ..self.kafka.clone() }
    }

    fn data_dir(&self, name: &str) -> PathBuf {
        self.work.path().join(name)
    }

    fn config(&self, name: &str) -> Config {
        let mut config = self.base.clone();
        config.analytics.clickhouse = None;
        config.bus.kafka = Some(self.kafka(name));
        config.data_dir = self.data_dir(name);
        config
    }

    fn config_with_clickhouse(&self, name: &str) -> Config {
        let mut config = self.config(name);
        config.analytics.clickhouse.clone_from(&self.base.analytics.clickhouse);
        if let Some(clickhouse) = &mut config.analytics.clickhouse {
            let id: String = self.id.chars().filter(char::is_ascii_alphanumeric).collect();
            clickhouse.database = format!("discovery_bench_{id}");
        }
        config
    }

    async fn open(&self, name: &str) -> Result<KafkaBus> {
        Ok(KafkaBus::open(&self.kafka(name), &BusConfig { kafka: None, ..self.base.bus.clone() }).await?)
    }

    async fn remove(&self, name: &str) -> Result<()> {
        Ok(self.open(name).await?.delete_topics().await?)
    }

    /// Posts a second that so many processes tag, in the second half of the posts: their start, and how they share out the partitions, do
    /// not count.
    async fn enrich_as(&self, name: &str, processes: usize, posts: &Composed, count: usize) -> Result<f64> {
        let config = self.config(name);
        let base = Base::open(&config, &[Part::Ingest]).await?;
        stages::collect(&base, posts, count).await?;
        let dir = self.config_dir(name)?;
        let mut children = Vec::new();
        for _ in 0..processes {
            children.push(enrich_process(&dir, &config.data_dir)?);
        }
        let mut began: Option<(Instant, u64)> = None;
        loop {
            let left: u64 = base.bus().lag(BusTopic::Posts, enrich::GROUP).await?.iter().map(Lag::records).sum();
            if began.is_none() && left <= count as u64 / 2 {
                began = Some((Instant::now(), left));
            }
            if let (0, Some((since, first))) = (left, began) {
                return Ok(first as f64 / since.elapsed().as_secs_f64());
            }
            for child in &mut children {
                ensure!(child.try_wait()?.is_none(), "`discovery enrich` ended: its message is above");
            }
            tokio::time::sleep(LOOK_EVERY).await;
        }
    }

    /// A directory with the configuration of `name`, for processes of their own.
    fn config_dir(&self, name: &str) -> Result<PathBuf> {
        let dir = self.work.path().join(format!("{name}-config"));
        std::fs::create_dir(&dir)?;
        for entry in std::fs::read_dir(&self.base.dir)? {
            let entry = entry?;
            if entry.file_name() != config::FILE {
                std::os::unix::fs::symlink(std::path::absolute(entry.path())?, dir.join(entry.file_name()))?;
            }
        }
        let file = self.base.dir.join(config::FILE);
        let text = std::fs::read_to_string(&file).with_context(|| format!("{} cannot be read", file.display()))?;
        let kafka = self.kafka(name);
        std::fs::write(dir.join(config::FILE), with_names(&text, &kafka)?)?;
        Ok(dir)
    }
}

/// The configuration file with these names in the cluster, and one worker that tags.
fn with_names(text: &str, kafka: &KafkaConfig) -> Result<String> {
    let mut table: toml::Table = text.parse()?;
    set(&mut table, &["bus", "kafka"], "topic_prefix", kafka.topic_prefix.clone().into())?;
    set(&mut table, &["bus", "kafka"], "group_prefix", kafka.group_prefix.clone().into())?;
    set(&mut table, &["enrich"], "workers", 1.into())?;
    Ok(table.to_string())
}

fn set(mut table: &mut toml::Table, sections: &[&str], key: &str, value: toml::Value) -> Result<()> {
    for section in sections {
        let inner = table.entry(*section).or_insert_with(|| toml::Table::new().into());
        table = inner.as_table_mut().with_context(|| format!("{section} is not a section"))?;
    }
    table.insert(key.to_owned(), value);
    Ok(())
}

fn enrich_process(config_dir: &Path, data_dir: &Path) -> Result<Child> {
    let program = std::env::current_exe()?;
    let mut command = Command::new(program);
    command.arg("enrich").arg("--config-dir").arg(config_dir).arg("--data-dir").arg(data_dir);
    command.env("DISCOVERY_LOG", "warn").stdin(Stdio::null()).stdout(Stdio::null()).kill_on_drop(true);
    command.spawn().context("`discovery enrich` cannot be started")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_configuration_of_processes_keeps_everything_but_the_names() {
        let kafka = KafkaConfig { topic_prefix: "a.".to_owned(), group_prefix: "b.".to_owned(), ..KafkaConfig::at([]) };
        let text = "[bus]\nretention_hours = 24\n[bus.kafka]\nbrokers = [\"x:1\"]\ntopic_prefix = \"real.\"\n";
        let table: toml::Table = with_names(text, &kafka).unwrap().parse().unwrap();
        assert_eq!(table["bus"]["retention_hours"].as_integer(), Some(24));
        assert_eq!(table["bus"]["kafka"]["brokers"][0].as_str(), Some("x:1"));
        assert_eq!(table["bus"]["kafka"]["topic_prefix"].as_str(), Some("a."));
        assert_eq!(table["bus"]["kafka"]["group_prefix"].as_str(), Some("b."));
        assert_eq!(table["enrich"]["workers"].as_integer(), Some(1));
    }
}
