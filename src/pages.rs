//! Putting the dashboard together: its addresses, its parts, and the metrics beside it.

use std::io::{ErrorKind, Write as _, stdout};
use std::net::SocketAddr;
use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Context as _, Result, anyhow};
use bus::SourceHealth;
use civic::Record;
use dashboard::{DashboardConfig, Labels, Notice, Outward, Parts, RegionLabel, TopicLabel};
use enrich::{Chain, Sampled};
use index::trends::without::without;
use index::trends::{STATE, TrendList};
use index::{Analytics, Index};
use jiff::Timestamp;
use metrics_exporter_prometheus::{Matcher, PrometheusBuilder, PrometheusHandle};
use tokio::net::TcpListener;
use tokio::sync::watch;

use crate::alerts;
use crate::config::Config;
use crate::entrances::Entrances;
use crate::lag::Lags;
use crate::outward;
use crate::supervisor::Supervisor;

/// Upper bounds of the time buckets in `/metrics`, in seconds.
const SECONDS: [f64; 14] = [0.000_1, 0.000_5, 0.001, 0.005, 0.01, 0.05, 0.1, 0.5, 1.0, 2.0, 3.0, 5.0, 10.0, 60.0];

/// The two addresses, bound but not yet answering.
pub struct Listeners {
    pages: TcpListener,
    admin: TcpListener,
}

impl Listeners {
    /// Binds both addresses.
    ///
    /// # Errors
    /// When one is in use or not ours; names the option that chooses another.
    pub async fn bind(config: &DashboardConfig) -> Result<Self> {
        let pages = bind(config.listen, "--listen", "dashboard.listen").await?;
        let admin = bind(config.admin_listen, "--admin-listen", "dashboard.admin_listen").await?;
        Ok(Self { pages, admin })
    }

    /// Says on stdout where the pages are: the one thing that a person wants to know now.
    ///
    /// # Errors
    /// When stdout is closed.
    pub fn announce(&self) -> Result<()> {
        let mut out = stdout();
        writeln!(out, "Discovery shows the state of the conversation at http://{}/", self.pages.local_addr()?)?;
        writeln!(out, "Health and metrics are at http://{}/", self.admin.local_addr()?)?;
        Ok(out.flush()?)
    }

    /// Starts to answer.
    pub fn spawn(self, supervisor: &mut Supervisor, parts: Parts, metrics: PrometheusHandle) {
        let searcher = parts.searcher.clone();
        let ready: dashboard::Ready =
            Arc::new(move || searcher.generation().map(|_| ()).map_err(|error| error.to_string()));
        let (pages, admin) = (self.pages, self.admin);
        supervisor.spawn("dashboard", |cancel| async move { Ok(dashboard::serve(pages, parts, cancel).await?) });
        supervisor
            .spawn("admin", |cancel| async move { Ok(dashboard::serve_admin(admin, metrics, ready, cancel).await?) });
    }
}

/// Who can sign in, and what they decided.
#[derive(Clone)]
pub struct People {
    /// The record of decisions.
    pub record: Record,
    /// The password of the made-up accounts of a demonstration.
    pub demo_password: Option<String>,
    /// The door to the provider that they sign in with, where there is one.
    pub outward: Option<Arc<dyn Outward>>,
}

impl People {
    /// The people of this data directory.
    ///
    /// # Errors
    /// When the record cannot be used, or what people sign in with.
    pub fn of(config: &Config) -> Result<Self> {
        let provider = config.dashboard.sign_in.openid.as_ref();
        let outward = provider.map(|provider| outward::open(provider, &config.ingest.fetch)).transpose()?;
        Ok(Self { record: open_record(&config.data_dir)?, demo_password: None, outward })
    }
}

/// Opens the record of decisions of a data directory.
///
/// # Errors
/// When it cannot be used; says which file it is.
pub fn open_record(data_dir: &Path) -> Result<Record> {
    std::fs::create_dir_all(data_dir).with_context(|| format!("{} cannot be made", data_dir.display()))?;
    Record::open(data_dir).with_context(|| format!("{} cannot be used", data_dir.join(civic::FILE).display()))
}

/// What the pages are made from.
#[expect(clippy::too_many_arguments, reason = "each is a part of its own, and they are put together here only")]
pub fn parts(
    config: &Config,
    chain: &Chain,
    index: &Index,
    analytics: Arc<dyn Analytics>,
    trends: watch::Receiver<Option<Arc<TrendList>>>,
    health: Arc<dyn Fn() -> Vec<SourceHealth> + Send + Sync>,
    lags: Lags,
    notice: Notice,
    people: People,
    entrances: Entrances,
) -> Parts {
    Parts {
        submissions: entrances.submissions,
        receiver: entrances.receiver,
        corrector: entrances.corrector,
        eraser: entrances.eraser,
        searcher: index.searcher(),
        analytics,
        trends,
        without: Arc::new({
            let (state, trends) = (config.data_dir.join("trends").join(STATE), config.trends.clone());
            move |left_out, as_of| {
                without(&state, trends.clone(), Some(as_of), left_out).map_err(|error| error.to_string())
            }
        }),
        alerts: Arc::new({
            let data_dir = config.data_dir.clone();
            move || alerts::read(&data_dir)
        }),
        health,
        stages: Arc::new(move || lags.latest()),
        labels: labels(chain),
        feeling_right: chain.feeling_right(),
        tagged_by_larger_model: tagged_by_larger_model(chain),
        record: people.record,
        assembly: config.assembly.clone(),
        gather: config.gather.clone(),
        sign_in: config.dashboard.sign_in.clone(),
        limits: config.dashboard.limits.clone(),
        outward: people.outward,
        demo_password: people.demo_password,
        notice,
        audience: config.dashboard.audience,
        now: Arc::new(Timestamp::now),
    }
}

/// Makes this process record its metrics.
///
/// # Errors
/// When it records them already.
pub fn install_metrics(supervisor: &mut Supervisor) -> Result<PrometheusHandle> {
    let handle = PrometheusBuilder::new()
        .set_buckets_for_metric(Matcher::Suffix("_seconds".to_owned()), &SECONDS)?
        .install_recorder()
        .context("metrics are recorded once a process")?;
    let upkeep = handle.clone();
    supervisor.spawn("metrics", |cancel| async move {
        let mut ticks = tokio::time::interval(Duration::from_secs(10));
        while cancel.run_until_cancelled(ticks.tick()).await.is_some() {
            upkeep.run_upkeep();
        }
        Ok(())
    });
    Ok(handle)
}

fn tagged_by_larger_model(chain: &Chain) -> Arc<dyn Fn() -> Option<f64> + Send + Sync> {
    let chain = chain.clone();
    Arc::new(move || {
        let Sampled { tagged, left_out } = chain.sampled()?;
        Some(tagged as f64 / (tagged + left_out).max(1) as f64)
    })
}

pub fn labels(chain: &Chain) -> Labels {
    let topics = chain.topics().all().iter().map(|topic| {
        let label =
            TopicLabel { name: topic.name.clone(), group: topic.group.clone(), definition: topic.definition.clone() };
        (topic.slug.clone(), label)
    });
    let regions = chain.regions().iter().map(|region| {
        (region.slug.clone(), RegionLabel { name: region.name.clone(), population: region.population.into() })
    });
    let languages = enrich::language::NAMED.iter().map(ToString::to_string);
    Labels { topics: topics.collect(), regions: regions.collect(), languages: languages.collect() }
}

async fn bind(address: SocketAddr, option: &str, key: &str) -> Result<TcpListener> {
    TcpListener::bind(address).await.map_err(|error| match error.kind() {
        ErrorKind::AddrInUse => anyhow!(
            "{address} is in use by another program: stop that one, or choose another address with {option} or {key} in discovery.toml"
        ),
        ErrorKind::PermissionDenied => anyhow!(
            "this user may not listen on {address}: choose a port above 1023 with {option} or {key} in discovery.toml"
        ),
        _ => anyhow!("cannot listen on {address} ({error}): choose an address of this machine with {option} or {key} in discovery.toml"),
    })
}
