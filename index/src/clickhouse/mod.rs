//! Counts in `ClickHouse`, for where one machine is not enough.
//!
//! Posts are rows of one table, written in batches whose token says which records of the bus they are: a batch that is sent
//! twice counts once. A record's offset is the version of its row, so that reading the bus again, in whatever batches, ends
//! in the same rows. The traffic is plain HTTP: keep it on a private network.

mod analytics;
mod conditions;
mod config;
mod error;
mod migrations;
mod row;
mod writer;

use ::clickhouse::Client;

pub use analytics::ClickHouseAnalytics;
pub use config::ClickHouseConfig;
pub use error::ClickHouseError;
pub use writer::ClickHouseWriter;

use error::Place;

/// A database in `ClickHouse` that holds the table of posts. Cheap to clone.
#[derive(Clone)]
pub struct ClickHouse {
    client: Client,
    place: Place,
}

impl ClickHouse {
    /// Connects, and brings the database to the schema of this program; makes it where there is none.
    ///
    /// # Errors
    /// [`ClickHouseError`].
    pub async fn open(config: &ClickHouseConfig) -> Result<Self, ClickHouseError> {
        let server = config.client()?;
        let place = Place::of(&config.url);
        migrations::run(&server, &config.database, &place).await?;
        Ok(Self { client: server.with_database(&config.database), place })
    }

    /// Writes posts. One writer for each partition of the bus at a time.
    pub fn writer(&self) -> ClickHouseWriter {
        ClickHouseWriter::new(self.client.clone(), self.place.clone())
    }

    /// Counts them.
    pub fn analytics(&self) -> ClickHouseAnalytics {
        ClickHouseAnalytics::new(self.client.clone(), self.place.clone())
    }
}

#[cfg(test)]
mod tests;
