//! The schema, and how a database comes to it: numbered files, each one statement, each run once.

use ::clickhouse::Client;

use super::error::{ClickHouseError, Place};

/// In their order; the number of the last is the schema that this program knows. A file that was released is never changed.
const MIGRATIONS: [(u32, &str); 2] =
    [(1, include_str!("migrations/0001_posts.sql")), (2, include_str!("migrations/0002_text.sql"))];

const BOOK: &str = "CREATE TABLE IF NOT EXISTS migrations (version UInt32, applied_at DateTime DEFAULT now()) \
                    ENGINE = ReplacingMergeTree ORDER BY version";

/// Makes the database where there is none, and runs the files that it has not seen. Every statement may run twice, so that
/// a process that was killed in between, or started beside another one, does no harm.
pub(super) async fn run(server: &Client, database: &str, place: &Place) -> Result<(), ClickHouseError> {
    // The name was checked when the configuration was read.
    execute(server, &format!("CREATE DATABASE IF NOT EXISTS {database}"), place).await?;
    let client = server.clone().with_database(database);
    execute(&client, BOOK, place).await?;
    let found: u32 = client
        .query_raw("SELECT max(version) FROM migrations")
        .fetch_one()
        .await
        .map_err(|error| place.failed(&error))?;
    let known = MIGRATIONS[MIGRATIONS.len() - 1].0;
    if found > known {
        return Err(ClickHouseError::Newer { database: database.to_owned(), found, known });
    }
    for (version, statement) in MIGRATIONS.into_iter().filter(|(version, _)| *version > found) {
        execute(&client, statement, place).await?;
        execute(&client, &format!("INSERT INTO migrations (version) VALUES ({version})"), place).await?;
    }
    Ok(())
}

async fn execute(client: &Client, statement: &str, place: &Place) -> Result<(), ClickHouseError> {
    client.query_raw(statement).execute().await.map_err(|error| place.failed(&error))
}
