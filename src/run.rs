//! Running the stages: all in one process, or one of them alone.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result};
use bus::data_dir::{DataDir, Part};
use bus::embedded::EmbeddedBus;
use bus::{Bus, BusConfig, IdKey, KafkaConfig, Post, SourceId};
use civic::Record;
use dashboard::Notice;
use enrich::{Chain, Redactor};
use index::Index;
use index::trends::TrendList;
use ingest::fetch::Gateway;
use ingest::{HealthBoard, Intake, Scrub, Settings, SourceConfig, SourceKind};
use jiff::Timestamp;
use tokio::sync::watch;

use crate::admin;
use crate::alerts;
use crate::author_key;
use crate::cli::{AnalyticsStage, Global, Run, Stage};
use crate::config::{self, Config};
use crate::counts;
use crate::entrances::Entrances;
use crate::erasure::{Eraser, Finder, KnownErased, Log};
use crate::lag::{self, Lags};
use crate::pages;
use crate::stages::Stages;
use crate::supervisor::Supervisor;
use crate::withdrawals;

/// How often the log drops what is older than the configuration permits.
const RETENTION_EVERY: Duration = Duration::from_mins(10);

/// How often a process that only shows pages looks for what the other stages have written.
const REFRESH_EVERY: Duration = Duration::from_secs(5);

/// `discovery run`: every stage, over the configured sources.
///
/// # Errors
/// When it cannot start, or a stage fails.
pub async fn everything(global: &Global, run: &Run) -> Result<()> {
    let mut config = load(global)?;
    config.listen_as(run)?;
    let sources = config.sources()?;
    let id_key = author_key::load_or_create(&config.author_key_file(), &config.data_dir)?;
    let base = Base::open(&config, &Part::ALL).await?;
    let supervisor = Supervisor::until_interrupted()?;
    let people = pages::People::of(&config)?;
    pipeline(base, sources, id_key, Notice::Real, people, supervisor).await
}

/// Runs every stage until the supervisor is told to stop, or a stage fails.
///
/// # Errors
/// When it cannot start, or a stage fails.
pub async fn pipeline(
    base: Base,
    sources: Vec<SourceConfig>,
    id_key: IdKey,
    notice: Notice,
    people: pages::People,
    mut supervisor: Supervisor,
) -> Result<()> {
    // Listening comes first: a port that is in use is told before anything is written.
    let listeners = pages::Listeners::bind(&base.config.dashboard).await?;
    let metrics = pages::install_metrics(&mut supervisor)?;
    let index = Index::open(&base.data.index())?;
    let board = HealthBoard::new(&sources);
    let (publish, trends) = watch::channel(None);
    let ids: Vec<SourceId> = sources.iter().map(|source| source.id.clone()).collect();
    let intake = base.intake()?;
    let base = Arc::new(base);
    let eraser = base.eraser(&people.record, &index);
    let entrances = Entrances::open(&base.config, &ids, intake, base.bus(), id_key.clone(), board.clone())?
        .with_eraser(Finder { eraser: eraser.clone(), id_key: id_key.clone() });
    base.spawn_alerts(&mut supervisor, &index, &people.record, trends.clone())?;
    counts::prepare(&base.config).await?;
    let analytics = counts::for_pages(&base.config, &index).await?;
    base.spawn_retention(&mut supervisor);
    let lags = Lags::default();
    lag::spawn(&mut supervisor, &base.config, base.bus(), lags.clone());
    let stages = Stages {
        base: Arc::clone(&base),
        sources,
        id_key,
        board: board.clone(),
        index: index.clone(),
        publish,
        eraser,
    };
    supervisor.spawn("conversation", move |cancel| stages.run(cancel));
    let health = Arc::new(move || board.snapshot());
    let parts =
        pages::parts(&base.config, &base.chain, &index, analytics, trends, health, lags, notice, people, entrances);
    listeners.announce()?;
    listeners.spawn(&mut supervisor, parts, metrics);
    supervisor.run().await
}

/// `discovery ingest`: from the sources to the bus.
///
/// # Errors
/// When it cannot start, or collection fails.
pub async fn ingest_only(global: &Global, stage: &Stage) -> Result<()> {
    let config = load(global)?;
    let sources = config.sources()?;
    let id_key = author_key::load_or_create(&config.author_key_file(), &config.data_dir)?;
    let base = Base::open(&config, &[Part::Ingest]).await?;
    let mut supervisor = Supervisor::until_interrupted()?;
    let board = HealthBoard::new(&sources);
    base.spawn_admin(&mut supervisor, stage).await?;
    base.spawn_ingest(&mut supervisor, sources, id_key, board)?;
    base.spawn_retention(&mut supervisor);
    supervisor.run().await
}

/// `discovery enrich`: from collected posts to tagged ones.
///
/// # Errors
/// When it cannot start, or enrichment fails.
pub async fn enrich_only(global: &Global, stage: &Stage) -> Result<()> {
    let base = Base::open(&load(global)?, &[]).await?;
    let mut supervisor = Supervisor::until_interrupted()?;
    base.spawn_admin(&mut supervisor, stage).await?;
    base.spawn_enrich(&mut supervisor)?;
    base.spawn_retention(&mut supervisor);
    supervisor.run().await
}

/// `discovery index`: from tagged posts to the index and the trends.
///
/// # Errors
/// When it cannot start, or a stage fails.
pub async fn index_only(global: &Global, stage: &Stage) -> Result<()> {
    let base = Base::open(&load(global)?, &[Part::Index]).await?;
    let mut supervisor = Supervisor::until_interrupted()?;
    base.spawn_admin(&mut supervisor, stage).await?;
    let index = Index::open(&base.data.index())?;
    let (publish, trends) = watch::channel(None);
    base.spawn_index(&mut supervisor, &index, publish);
    // The decisions are those in this data directory: where pages are served from another one, nothing is released here.
    let record = pages::open_record(&base.config.data_dir)?;
    base.spawn_alerts(&mut supervisor, &index, &record, trends)?;
    base.spawn_retention(&mut supervisor);
    supervisor.run().await
}

/// `discovery analytics`: from tagged posts to `ClickHouse`.
///
/// # Errors
/// When none is configured, or it cannot start, or the stage fails.
pub async fn analytics_only(global: &Global, analytics: &AnalyticsStage) -> Result<()> {
    let config = load(global)?;
    let clickhouse = config.analytics.clickhouse.clone().with_context(|| {
        let file = config.dir.join(config::FILE);
        format!("there is no ClickHouse to fill: add the section [analytics.clickhouse] to {}", file.display())
    })?;
    let base = Base::open(&config, &[]).await?;
    let mut supervisor = Supervisor::until_interrupted()?;
    base.spawn_admin(&mut supervisor, &analytics.stage).await?;
    counts::spawn_alone(&base, &mut supervisor, &clickhouse, analytics.new_bus).await?;
    base.spawn_retention(&mut supervisor);
    supervisor.run().await
}

/// `discovery serve`: the pages, over what other processes write.
///
/// # Errors
/// When there is no index yet, or serving fails.
pub async fn serve_only(global: &Global, run: &Run) -> Result<()> {
    let mut config = load(global)?;
    config.listen_as(run)?;
    let sources = config.sources()?;
    let chain = Chain::load(&config.dir)?;
    let listeners = pages::Listeners::bind(&config.dashboard).await?;
    let mut supervisor = Supervisor::until_interrupted()?;
    let metrics = pages::install_metrics(&mut supervisor)?;
    let index = Index::open_read_only(&config.data_dir.join("index")).context(
        "there is nothing to show yet: run `discovery run`, or `discovery index`, on this data directory first",
    )?;
    let analytics = counts::for_pages(&config, &index).await?;
    let board = HealthBoard::load(&config.data_dir.join("ingest"), &sources);
    let (publish, trends) = watch::channel(None);
    let lags = Lags::default();
    lag::spawn_from_outside(&mut supervisor, &config, lags.clone());
    spawn_refresh(&mut supervisor, &config.data_dir, sources, board.clone(), publish);
    let parts = pages::parts(
        &config,
        &chain,
        &index,
        analytics,
        trends,
        Arc::new(move || board.snapshot()),
        lags,
        Notice::Real,
        pages::People::of(&config)?,
        Entrances::default(),
    );
    listeners.announce()?;
    listeners.spawn(&mut supervisor, parts, metrics);
    supervisor.run().await
}

/// Reads the configuration.
///
/// # Errors
/// When it is not there or wrong.
pub fn load(global: &Global) -> Result<Config> {
    config::expect_dir(&global.config_dir)?;
    Ok(Config::load(global)?)
}

/// What redaction does to every post before it reaches the bus.
pub fn scrub() -> Scrub {
    let redactor = Redactor::new();
    Arc::new(move |post: &mut Post| redactor.redact_post(post))
}

/// What every stage that writes needs: its part of the data directory, claimed for this process, and the log.
pub struct Base {
    /// The whole configuration.
    pub config: Config,
    /// The enrichers, and the names of their tags.
    pub chain: Arc<Chain>,
    /// The log.
    pub bus: Arc<dyn Bus>,
    /// The same, where it is the embedded one: nobody else drops what is too old.
    embedded: Option<EmbeddedBus>,
    /// What was erased, for every door to the log.
    erased: KnownErased,
    /// Dropped last: the lock must outlive the log.
    pub data: DataDir,
}

impl Base {
    /// Claims what this process works in, and opens the log. The embedded log belongs to one process, and with it the whole
    /// data directory; over Kafka a process claims only `parts` of it.
    ///
    /// # Errors
    /// When another process has it, a newer version wrote it, Kafka cannot be reached, or the configuration of the tags is
    /// wrong.
    pub async fn open(config: &Config, parts: &[Part]) -> Result<Self> {
        let chain = Arc::new(Chain::load(&config.dir)?);
        let config = config.clone();
        if let Some(kafka) = &config.bus.kafka {
            let data = DataDir::claim_parts(&config.data_dir, parts)?;
            let bus = open_kafka(kafka, &config.bus).await?;
            return Ok(Self { config, chain, bus, embedded: None, erased: KnownErased::default(), data });
        }
        let data = DataDir::claim(&config.data_dir)?;
        let embedded = EmbeddedBus::open(&data.bus(), &config.bus)?;
        let bus = Arc::new(embedded.clone());
        Ok(Self { config, chain, bus, embedded: Some(embedded), erased: KnownErased::default(), data })
    }

    /// The log, as the stages see it.
    pub fn bus(&self) -> Arc<dyn Bus> {
        Arc::clone(&self.bus)
    }

    /// What takes people and posts out of everything that is kept here.
    fn eraser(&self, record: &Record, index: &Index) -> Eraser {
        let log = match &self.embedded {
            Some(bus) => Log::Embedded(bus.clone()),
            None => Log::kafka(self.bus(), &self.config),
        };
        let (config, trends) = (self.config.clone(), self.data.trends());
        Eraser { config, record: record.clone(), index: index.clone(), trends, log }
    }

    /// Lets nothing in from now on that is erased.
    ///
    /// # Errors
    /// When the record cannot be read.
    pub fn learn_erased(&self) -> Result<()> {
        let record = pages::open_record(&self.config.data_dir)?;
        let (erased, asked) = record.read_now(|db| Ok((civic::erased::all(db)?, civic::erasures::open(db)?)))?;
        let all = [erased].into_iter().chain(asked.into_iter().map(|asked| asked.what));
        self.erased.learn(all);
        Ok(())
    }

    pub(crate) fn spawn_ingest(
        &self,
        supervisor: &mut Supervisor,
        sources: Vec<SourceConfig>,
        id_key: IdKey,
        board: HealthBoard,
    ) -> Result<()> {
        make_watched_folders(&sources);
        let settings = Settings {
            sources,
            fetch: self.config.ingest.fetch.clone(),
            alarm: self.config.ingest.alarm.clone(),
            state_dir: self.data.ingest(),
            id_key,
        };
        let intake = self.intake()?;
        supervisor.keep("ingest", move |cancel| {
            let (settings, intake, board) = (settings.clone(), intake.clone(), board.clone());
            async move { Ok(ingest::run(settings, intake, board, cancel).await?) }
        });
        Ok(())
    }

    /// The door to the log, through which nothing comes that was erased, or is from now on.
    ///
    /// # Errors
    /// When it cannot be read what was.
    pub fn intake(&self) -> Result<Intake> {
        self.learn_erased()?;
        let erased = self.erased.clone();
        Ok(Intake::new(self.bus(), scrub()).without(Arc::new(move |post: &Post| erased.has(post))))
    }

    /// Starts to tag what was collected. No other stage needs the encoder of the transformer tier, so that only this one
    /// loads it.
    ///
    /// # Errors
    /// When that tier is wanted and cannot be used.
    pub fn spawn_enrich(&self, supervisor: &mut Supervisor) -> Result<()> {
        let (bus, config) = (self.bus(), self.config.enrich.clone());
        let chain = Arc::new(self.chain.for_stage(&self.config.dir, &config.transformer)?);
        supervisor.keep("enrich", move |cancel| {
            let (bus, chain, config) = (bus.clone(), chain.clone(), config.clone());
            async move { Ok(enrich::run(bus, chain, config, cancel).await?) }
        });
        Ok(())
    }

    /// Starts to make searchable what was tagged, and to follow issues in it.
    pub fn spawn_index(
        &self,
        supervisor: &mut Supervisor,
        index: &Index,
        publish: watch::Sender<Option<Arc<TrendList>>>,
    ) {
        self.spawn_search_index(supervisor, index);
        self.spawn_trends(supervisor, publish);
    }

    /// Starts to follow issues in what was tagged.
    pub fn spawn_trends(&self, supervisor: &mut Supervisor, publish: watch::Sender<Option<Arc<TrendList>>>) {
        let (bus, config, dir) = (self.bus(), self.config.trends.clone(), self.data.trends());
        supervisor.keep("trends", move |cancel| {
            let (bus, config, dir, publish) = (bus.clone(), config.clone(), dir.clone(), publish.clone());
            async move { Ok(index::trends::run(bus, config, dir, publish, cancel).await?) }
        });
    }

    /// Starts to tell of issues whoever asked for it, if anybody did.
    ///
    /// # Errors
    /// When the configuration asks for what there is not.
    fn spawn_alerts(
        &self,
        supervisor: &mut Supervisor,
        index: &Index,
        record: &Record,
        trends: watch::Receiver<Option<Arc<TrendList>>>,
    ) -> Result<()> {
        let config = self.config.alerts.clone();
        let labels = pages::labels(&self.chain);
        config.check(|topic| labels.topics.contains_key(topic), |region| labels.regions.contains_key(region))?;
        if config.rules.is_empty() {
            return Ok(());
        }
        let (searcher, gateway) = (index.searcher(), Gateway::new(&self.config.ingest.fetch)?);
        let (record, data_dir) = (record.clone(), self.data.path().to_owned());
        supervisor.keep("alerts", move |cancel| {
            let (config, trends, searcher) = (config.clone(), trends.clone(), searcher.clone());
            alerts::run(config, trends, searcher, gateway.clone(), record.clone(), data_dir.clone(), cancel)
        });
        Ok(())
    }

    /// Starts to make searchable what was tagged.
    pub fn spawn_search_index(&self, supervisor: &mut Supervisor, index: &Index) {
        let (bus, index, config) = (self.bus(), index.clone(), self.config.index.clone());
        supervisor.keep("index", move |cancel| {
            let (bus, index, config) = (bus.clone(), index.clone(), config.clone());
            async move { Ok(index::run(bus, index, config, cancel).await?) }
        });
    }

    /// Answers on the admin port, where one was asked for, and measures how far the stages are behind.
    async fn spawn_admin(&self, supervisor: &mut Supervisor, stage: &Stage) -> Result<()> {
        if let Some(listen) = stage.admin_listen {
            admin::spawn(supervisor, listen).await?;
            lag::spawn(supervisor, &self.config, self.bus(), Lags::default());
        }
        Ok(())
    }

    /// Starts to withdraw approved quotes whose words are gone.
    pub(crate) fn spawn_withdrawals(&self, supervisor: &mut Supervisor, record: &Record) {
        let (bus, record) = (self.bus(), record.clone());
        supervisor.keep("withdrawals", move |cancel| withdrawals::run(bus.clone(), record.clone(), cancel));
    }

    fn spawn_retention(&self, supervisor: &mut Supervisor) {
        let Some(bus) = self.embedded.clone() else { return };
        supervisor.spawn("retention", move |cancel| async move {
            let mut ticks = tokio::time::interval(RETENTION_EVERY);
            while cancel.run_until_cancelled(ticks.tick()).await.is_some() {
                bus.retain(Timestamp::now()).await?;
            }
            Ok(())
        });
    }
}

/// The log of this data directory, which is claimed already, for an erasure.
///
/// # Errors
/// When it cannot be opened.
pub async fn open_log(config: &Config, data: &DataDir) -> Result<Log> {
    match &config.bus.kafka {
        Some(kafka) => Ok(Log::kafka(open_kafka(kafka, &config.bus).await?, config)),
        None => Ok(Log::Embedded(EmbeddedBus::open(&data.bus(), &config.bus)?)),
    }
}

/// The log in a Kafka cluster.
///
/// # Errors
/// When it cannot be reached, or does not permit what is needed.
#[cfg(feature = "kafka")]
pub async fn open_kafka(kafka: &KafkaConfig, config: &BusConfig) -> Result<Arc<dyn Bus>> {
    Ok(Arc::new(bus::KafkaBus::open(kafka, config).await?))
}

/// There is none in this build.
///
/// # Errors
/// Always.
#[cfg(not(feature = "kafka"))]
#[expect(clippy::unused_async, reason = "it waits where Kafka is built in")]
pub async fn open_kafka(_: &KafkaConfig, _: &BusConfig) -> Result<Arc<dyn Bus>> {
    anyhow::bail!("bus.kafka is configured, but this discovery was built without Kafka: build it with --features kafka")
}

/// Makes the watched folders that are not there yet, so that a user finds where to put transcripts. One that cannot be
/// made is shown as the fault of its source.
fn make_watched_folders(sources: &[SourceConfig]) {
    for source in sources {
        if let SourceKind::Transcripts(config) = &source.kind {
            let _ = std::fs::create_dir_all(&config.folder);
        }
    }
}

/// Keeps what the pages show up to date with what the other processes write into the data directory.
fn spawn_refresh(
    supervisor: &mut Supervisor,
    data_dir: &Path,
    sources: Vec<SourceConfig>,
    board: HealthBoard,
    publish: watch::Sender<Option<Arc<TrendList>>>,
) {
    let (ingest_dir, trends_dir) = (data_dir.join("ingest"), data_dir.join("trends"));
    supervisor.spawn("refresh", move |cancel| async move {
        let mut ticks = tokio::time::interval(REFRESH_EVERY);
        while cancel.run_until_cancelled(ticks.tick()).await.is_some() {
            let (board, sources, ingest_dir, path) =
                (board.clone(), sources.clone(), ingest_dir.clone(), trends_dir.join("latest.json"));
            let list = tokio::task::spawn_blocking(move || {
                board.refresh(&ingest_dir, &sources);
                TrendList::read(&path).ok()
            })
            .await?;
            // A list that cannot be read now is written anew within minutes: the last good one stays, with its time.
            if let Some(list) = list.flatten() {
                publish.send_replace(Some(Arc::new(list)));
            }
        }
        Ok(())
    });
}
