//! How far the stages are behind on the bus: for the metrics, and for the Sources page.

use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use bus::{Bus, BusTopic, Lag};
use dashboard::StageLag;

use crate::config::Config;
use crate::supervisor::Supervisor;
use crate::{run, withdrawals};

/// How often it is looked how far the stages are behind.
const EVERY: Duration = Duration::from_secs(15);

/// The consumer groups of the stages, each with what it reads and what people call its work.
const GROUPS: [(BusTopic, &str, &str); 5] = [
    (BusTopic::Posts, enrich::GROUP, "Tagging: language, feeling, subject and place"),
    (BusTopic::Enriched, index::stage::GROUP, "Search"),
    (BusTopic::Enriched, index::trends::GROUP, "Rising issues"),
    (BusTopic::Enriched, withdrawals::GROUP, "Approved quotes"),
    (BusTopic::Enriched, index::clickhouse::GROUP, "Counts in ClickHouse"),
];

/// What was measured last. Clones share it; empty until something was.
#[derive(Clone, Default)]
pub struct Lags(Arc<Mutex<Vec<StageLag>>>);

impl Lags {
    /// What was measured last.
    pub fn latest(&self) -> Vec<StageLag> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn set(&self, lags: Vec<StageLag>) {
        *self.0.lock().unwrap_or_else(PoisonError::into_inner) = lags;
    }
}

/// Measures how far the stages are behind. That it cannot be known now is no reason to stop anything.
pub fn spawn(supervisor: &mut Supervisor, config: &Config, bus: Arc<dyn Bus>, lags: Lags) {
    let groups = groups(config);
    supervisor.spawn("lag", move |cancel| async move {
        let mut ticks = tokio::time::interval(EVERY);
        while cancel.run_until_cancelled(ticks.tick()).await.is_some() {
            measure(bus.as_ref(), &groups, &lags).await;
        }
        Ok(())
    });
}

/// The same in a process that has no log of its own, where the stages have theirs in Kafka. In the embedded log nobody but the
/// process that owns it can look.
pub fn spawn_from_outside(supervisor: &mut Supervisor, config: &Config, lags: Lags) {
    let Some(kafka) = config.bus.kafka.clone() else { return };
    let (bus_config, groups) = (config.bus.clone(), groups(config));
    supervisor.spawn("lag", move |cancel| async move {
        let mut ticks = tokio::time::interval(EVERY);
        let mut bus: Option<Arc<dyn Bus>> = None;
        while cancel.run_until_cancelled(ticks.tick()).await.is_some() {
            if bus.is_none() {
                // The pages are shown whether Kafka answers or not.
                let opening = cancel.run_until_cancelled(run::open_kafka(&kafka, &bus_config)).await;
                bus = opening.and_then(|opened| {
                    opened.inspect_err(|error| tracing::warn!(%error, "the lag of the stages is not known")).ok()
                });
            }
            if let Some(bus) = &bus {
                measure(bus.as_ref(), &groups, &lags).await;
            }
        }
        Ok(())
    });
}

type Group = (BusTopic, &'static str, &'static str);

/// The groups that read the bus under this configuration.
fn groups(config: &Config) -> Vec<Group> {
    let is_read = |group| group != index::clickhouse::GROUP || config.analytics.clickhouse.is_some();
    GROUPS.into_iter().filter(|&(_, group, _)| is_read(group)).collect()
}

async fn measure(bus: &dyn Bus, groups: &[Group], lags: &Lags) {
    let mut measured = Vec::new();
    for &(topic, group, work) in groups {
        match bus.lag(topic, group).await {
            Ok(found) => {
                let waiting = found.iter().map(Lag::records).sum();
                bus::metrics::lagging(topic, group, waiting);
                measured.push(StageLag { work, group, waiting });
            }
            Err(error) => tracing::debug!(%error, group, "the lag is not known"),
        }
    }
    lags.set(measured);
}
