//! The database, opened to be filled or only to be read.

use std::future::Future;
use std::time::Duration;

use ::clickhouse::Client;
use tokio_util::sync::CancellationToken;

use super::analytics::ClickHouseAnalytics;
use super::client;
use super::config::ClickHouseConfig;
use super::error::{ClickHouseError, Place};
use super::migrations;
use super::positions::Epoch;
use super::writer::ClickHouseWriter;

/// How long one question about the database may take; batches and mutations have limits of their own.
const PATIENCE: Duration = Duration::from_secs(30);

/// How long to wait until a server that is away is tried again: at first, and at most.
pub(super) const AGAIN: Duration = Duration::from_millis(500);
pub(super) const AGAIN_AT_MOST: Duration = Duration::from_secs(30);

/// A database in `ClickHouse` that holds the table of posts. Cheap to clone.
#[derive(Clone)]
pub struct ClickHouse {
    pub(super) client: Client,
    pub(super) place: Place,
    pub(super) database: String,
}

impl ClickHouse {
    /// Connects, and brings the database to the schema of this program; makes it where there is none.
    ///
    /// # Errors
    /// [`ClickHouseError`].
    pub async fn open(config: &ClickHouseConfig) -> Result<Self, ClickHouseError> {
        let (server, place) = (client::of(config)?, Place::of(&config.url));
        in_time(&place, async { Ok(migrations::run(&server, &config.database, &place).await) }).await??;
        Ok(Self::of(&server, place, config))
    }

    /// The same, once the server is there; `None` when that did not come to be before `cancel`.
    ///
    /// # Errors
    /// [`ClickHouseError`], but for a server that is away.
    pub async fn open_once_there(
        config: &ClickHouseConfig,
        cancel: &CancellationToken,
    ) -> Result<Option<Self>, ClickHouseError> {
        let (mut wait, mut was_said) = (AGAIN, false);
        loop {
            match cancel.run_until_cancelled(Self::open(config)).await {
                None => return Ok(None),
                Some(Err(error @ ClickHouseError::Unreachable { .. })) => {
                    if !std::mem::replace(&mut was_said, true) {
                        tracing::error!(%error, "posts are not counted until it answers");
                    }
                }
                Some(opened) => return opened.map(Some),
            }
            if cancel.run_until_cancelled(tokio::time::sleep(wait)).await.is_none() {
                return Ok(None);
            }
            wait = (wait * 2).min(AGAIN_AT_MOST);
        }
    }

    /// Connects to read. A server that is away now may be there later: that is no error, and counts say it themselves.
    ///
    /// # Errors
    /// [`ClickHouseError`], also when the schema is another.
    pub async fn open_read_only(config: &ClickHouseConfig) -> Result<Self, ClickHouseError> {
        let (server, place) = (client::of(config)?, Place::of(&config.url));
        match in_time(&place, async { Ok(migrations::check(&server, &config.database, &place).await) }).await? {
            Err(error @ ClickHouseError::Unreachable { .. }) => {
                tracing::error!(%error, "pages are shown without counts until ClickHouse answers");
            }
            outcome => outcome?,
        }
        Ok(Self::of(&server, place, config))
    }

    /// Drops the database, with all that is in it.
    ///
    /// # Errors
    /// [`ClickHouseError`].
    pub async fn drop_database(self) -> Result<(), ClickHouseError> {
        let statement = format!("DROP DATABASE {}", self.database);
        self.in_time(self.client.query_raw(&statement).execute()).await
    }

    /// Writes posts of this life of the bus. One writer for each partition of the bus at a time.
    pub fn writer(&self, epoch: Epoch) -> ClickHouseWriter {
        ClickHouseWriter::new(self.client.clone(), self.place.clone(), epoch)
    }

    /// Counts them.
    pub fn analytics(&self) -> ClickHouseAnalytics {
        ClickHouseAnalytics::new(self.client.clone(), self.place.clone())
    }

    /// Waits for an answer, and says which server it is that gave none.
    pub(super) async fn in_time<T>(
        &self,
        asking: impl Future<Output = ::clickhouse::error::Result<T>>,
    ) -> Result<T, ClickHouseError> {
        in_time(&self.place, asking).await
    }

    fn of(server: &Client, place: Place, config: &ClickHouseConfig) -> Self {
        let database = config.database.clone();
        Self { client: server.clone().with_database(&database), place, database }
    }
}

async fn in_time<T>(
    place: &Place,
    asking: impl Future<Output = ::clickhouse::error::Result<T>>,
) -> Result<T, ClickHouseError> {
    let answer = tokio::time::timeout(PATIENCE, asking).await.unwrap_or(Err(::clickhouse::error::Error::TimedOut));
    answer.map_err(|error| place.failed(&error))
}
