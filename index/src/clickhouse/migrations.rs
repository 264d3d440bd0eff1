//! The schema, and how a database comes to it: numbered files, each one statement, each run once.

use ::clickhouse::Client;

use super::error::{ClickHouseError, Place};

/// In their order; the number of the last is the schema that this program knows. A file that was released is never changed.
const MIGRATIONS: [(u32, &str); 3] = [
    (1, include_str!("migrations/0001_posts.sql")),
    (2, include_str!("migrations/0002_text.sql")),
    (3, include_str!("migrations/0003_positions.sql")),
];

const BOOK: &str = "CREATE TABLE IF NOT EXISTS migrations (version UInt32, applied_at DateTime DEFAULT now()) \
                    ENGINE = ReplacingMergeTree ORDER BY version";

/// Makes the database where there is none, and runs the files that it has not seen. Every statement may run twice, so that
/// a process that was killed in between, or started beside another one, does no harm.
pub(super) async fn run(server: &Client, database: &str, place: &Place) -> Result<(), ClickHouseError> {
    // The name was checked when the configuration was read.
    execute(server, &format!("CREATE DATABASE IF NOT EXISTS {database}"), place).await?;
    let client = server.clone().with_database(database);
    execute(&client, BOOK, place).await?;
    let found = schema(&client, place).await?;
    refuse_newer(database, found)?;
    for (version, statement) in MIGRATIONS.into_iter().filter(|(version, _)| *version > found) {
        execute(&client, statement, place).await?;
        execute(&client, &format!("INSERT INTO migrations (version) VALUES ({version})"), place).await?;
    }
    Ok(())
}

/// Looks whether the database has the schema that this program reads, and changes nothing.
pub(super) async fn check(server: &Client, database: &str, place: &Place) -> Result<(), ClickHouseError> {
    let there: u64 = server
        .query("SELECT count() FROM system.tables WHERE database = ? AND name = 'migrations'")
        .bind(database)
        .fetch_one()
        .await
        .map_err(|error| place.failed(&error))?;
    let client = server.clone().with_database(database);
    let found = if there == 0 { 0 } else { schema(&client, place).await? };
    refuse_newer(database, found)?;
    if found < known() {
        return Err(ClickHouseError::Older { database: database.to_owned(), found, known: known() });
    }
    Ok(())
}

fn known() -> u32 {
    MIGRATIONS[MIGRATIONS.len() - 1].0
}

async fn schema(client: &Client, place: &Place) -> Result<u32, ClickHouseError> {
    client.query_raw("SELECT max(version) FROM migrations").fetch_one().await.map_err(|error| place.failed(&error))
}

fn refuse_newer(database: &str, found: u32) -> Result<(), ClickHouseError> {
    if found > known() {
        return Err(ClickHouseError::Newer { database: database.to_owned(), found, known: known() });
    }
    Ok(())
}

async fn execute(client: &Client, statement: &str, place: &Place) -> Result<(), ClickHouseError> {
    client.query_raw(statement).execute().await.map_err(|error| place.failed(&error))
}
