//! Where counts come from: the search index, or `ClickHouse`, which a stage of its own fills.

use std::sync::Arc;

use anyhow::Result;
use bus::{Change, Enriched};
use index::clickhouse::ClickHouseConfig;
use index::{Analytics, Index};

use crate::config::Config;
use crate::run::Base;
use crate::supervisor::Supervisor;

/// What the pages ask for counts.
///
/// # Errors
/// When they are to ask `ClickHouse`, and it cannot be used; one that is only away is no error.
pub async fn for_pages(config: &Config, index: &Index) -> Result<Arc<dyn Analytics>> {
    match config.analytics.for_pages()? {
        None => Ok(Arc::new(index.analytics())),
        Some(clickhouse) => with_clickhouse::analytics(clickhouse).await,
    }
}

/// Makes the tables where `ClickHouse` is configured, so that pages can ask for counts before the first is written. One that is away
/// has them made by the stage that fills it, once it answers.
///
/// # Errors
/// When it answers, and cannot be used.
pub async fn prepare(config: &Config) -> Result<()> {
    match &config.analytics.clickhouse {
        None => Ok(()),
        Some(clickhouse) => with_clickhouse::prepare(clickhouse).await,
    }
}

/// Starts to fill `ClickHouse` where one is configured; while it is away, it is waited for.
pub fn spawn(base: &Base, supervisor: &mut Supervisor) {
    if let Some(clickhouse) = &base.config.analytics.clickhouse {
        with_clickhouse::spawn(base, supervisor, clickhouse);
    }
}

/// Starts to fill `ClickHouse` in a process of its own. With `new_bus` it begins at the beginning of a bus that was made anew.
///
/// # Errors
/// When it cannot be used, or is away: whoever starts it is to know.
pub async fn spawn_alone(
    base: &Base,
    supervisor: &mut Supervisor,
    clickhouse: &ClickHouseConfig,
    new_bus: bool,
) -> Result<()> {
    with_clickhouse::spawn_alone(base, supervisor, clickhouse, new_bus).await
}

/// The `ClickHouse` that an erasure must reach, where one is configured: looked for before anything is erased.
///
/// # Errors
/// When it cannot be used.
pub async fn to_erase(config: &Config) -> Result<Option<Counted>> {
    match &config.analytics.clickhouse {
        None => Ok(None),
        Some(clickhouse) => with_clickhouse::counted(clickhouse).await.map(Some),
    }
}

/// For benchmarks: drops the database that is configured, with all that is in it.
///
/// # Errors
/// When the server does not do it.
#[cfg(feature = "kafka")]
pub async fn discard(config: &Config) -> Result<()> {
    match &config.analytics.clickhouse {
        None => Ok(()),
        Some(clickhouse) => with_clickhouse::discard(clickhouse).await,
    }
}

/// Posts as they are counted outside the data directory.
pub struct Counted(with_clickhouse::Store);

impl Counted {
    /// Takes these posts and authors out for good, and says how many posts went.
    ///
    /// # Errors
    /// When the server does not do it.
    pub async fn erase(&self, changes: &[Change<Enriched>]) -> Result<u64> {
        with_clickhouse::erase(&self.0, changes).await
    }
}

#[cfg(feature = "clickhouse")]
mod with_clickhouse {
    use std::sync::{Arc, Mutex, PoisonError};

    use anyhow::Result;
    use bus::{Change, Enriched};
    use index::Analytics;
    use index::clickhouse::{ClickHouse, ClickHouseConfig, ClickHouseError, Start, stage};

    use crate::run::Base;
    use crate::supervisor::Supervisor;

    pub type Store = ClickHouse;

    pub async fn analytics(config: &ClickHouseConfig) -> Result<Arc<dyn Analytics>> {
        Ok(Arc::new(ClickHouse::open_read_only(config).await?.analytics()))
    }

    pub async fn prepare(config: &ClickHouseConfig) -> Result<()> {
        match ClickHouse::open(config).await {
            // That it is away the stage says that fills it.
            Ok(_) | Err(ClickHouseError::Unreachable { .. }) => Ok(()),
            Err(error) => Err(error.into()),
        }
    }

    pub fn spawn(base: &Base, supervisor: &mut Supervisor, config: &ClickHouseConfig) {
        keep(base, supervisor, config, None, Start::GoOn);
    }

    pub async fn spawn_alone(
        base: &Base,
        supervisor: &mut Supervisor,
        config: &ClickHouseConfig,
        new_bus: bool,
    ) -> Result<()> {
        let store = ClickHouse::open(config).await?;
        keep(base, supervisor, config, Some(store), if new_bus { Start::NewBus } else { Start::GoOn });
        Ok(())
    }

    /// A stage that starts again goes on where the database is.
    fn keep(
        base: &Base,
        supervisor: &mut Supervisor,
        config: &ClickHouseConfig,
        store: Option<ClickHouse>,
        start: Start,
    ) {
        let (bus, config, retention) = (base.bus(), config.clone(), base.config.retention.clone());
        let first = Mutex::new(Some(start));
        supervisor.keep("analytics", move |cancel| {
            let start = first.lock().unwrap_or_else(PoisonError::into_inner).take().unwrap_or(Start::GoOn);
            let (bus, config, retention, store) = (bus.clone(), config.clone(), retention.clone(), store.clone());
            async move {
                let store = match store {
                    Some(store) => store,
                    None => match ClickHouse::open_once_there(&config, &cancel).await? {
                        Some(store) => store,
                        None => return Ok(()),
                    },
                };
                Ok(stage::run(bus, store, config, retention, start, cancel).await?)
            }
        });
    }

    #[cfg(feature = "kafka")]
    pub async fn discard(config: &ClickHouseConfig) -> Result<()> {
        Ok(ClickHouse::open(config).await?.drop_database().await?)
    }

    pub async fn counted(config: &ClickHouseConfig) -> Result<super::Counted> {
        Ok(super::Counted(ClickHouse::open(config).await?))
    }

    pub async fn erase(store: &ClickHouse, changes: &[Change<Enriched>]) -> Result<u64> {
        Ok(store.erase(changes).await?)
    }
}

/// Built without the client of `ClickHouse`.
#[cfg(not(feature = "clickhouse"))]
#[expect(clippy::unused_async, reason = "they wait where ClickHouse is built in")]
mod with_clickhouse {
    use std::convert::Infallible;
    use std::sync::Arc;

    use anyhow::{Result, bail};
    use bus::{Change, Enriched};
    use index::Analytics;
    use index::clickhouse::ClickHouseConfig;

    use crate::run::Base;
    use crate::supervisor::Supervisor;

    pub type Store = Infallible;

    const ABSENT: &str = "analytics.clickhouse is configured, but this discovery was built without it: build it with --features clickhouse";

    pub async fn analytics(_: &ClickHouseConfig) -> Result<Arc<dyn Analytics>> {
        bail!(ABSENT)
    }

    pub async fn prepare(_: &ClickHouseConfig) -> Result<()> {
        bail!(ABSENT)
    }

    /// [`prepare`] has refused before.
    pub fn spawn(_: &Base, _: &mut Supervisor, _: &ClickHouseConfig) {}

    pub async fn spawn_alone(_: &Base, _: &mut Supervisor, _: &ClickHouseConfig, _: bool) -> Result<()> {
        bail!(ABSENT)
    }

    #[cfg(feature = "kafka")]
    pub async fn discard(_: &ClickHouseConfig) -> Result<()> {
        bail!(ABSENT)
    }

    pub async fn counted(_: &ClickHouseConfig) -> Result<super::Counted> {
        bail!(ABSENT)
    }

    pub async fn erase(store: &Infallible, _: &[Change<Enriched>]) -> Result<u64> {
        match *store {}
    }
}
