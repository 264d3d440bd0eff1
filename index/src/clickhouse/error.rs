//! What can go wrong with `ClickHouse`, by what to do about it.

use std::sync::Arc;

use ::clickhouse::error::Error as ClientError;
use thiserror::Error;

/// Why `ClickHouse` did not do what it was asked to.
#[derive(Debug, Error)]
pub enum ClickHouseError {
    /// The address cannot be used.
    #[error(
        "analytics.clickhouse.url must be the address of ClickHouse's HTTP port, such as http://clickhouse:8123, without user \
         and password: those belong into `user` and `password`"
    )]
    Url,
    /// The name of the database cannot be used.
    #[error(
        "`{0}` is not a name for a database: use 1 to 64 lower-case letters, digits and underscores in \
         analytics.clickhouse.database"
    )]
    Database(String),
    /// The password is not where it should be.
    #[error("analytics.clickhouse.password cannot be read: {0}")]
    Password(String),
    /// Nothing answers, or the connection broke.
    #[error("ClickHouse at {url} cannot be reached: {reason}; check that it runs, and analytics.clickhouse.url")]
    Unreachable {
        /// Where.
        url: String,
        /// What the connection says.
        reason: String,
    },
    /// The server said no.
    #[error("ClickHouse at {url} refused: {reason}; {advice}")]
    Refused {
        /// Where.
        url: String,
        /// What the server says.
        reason: String,
        /// What to do about it.
        advice: &'static str,
    },
    /// The database belongs to a newer program.
    #[error(
        "the ClickHouse database `{database}` was made by a newer Discovery (schema {found}, this one knows {known}): \
         use that version, or another analytics.clickhouse.database"
    )]
    Newer {
        /// The database.
        database: String,
        /// Its schema.
        found: u32,
        /// The newest schema that this program knows.
        known: u32,
    },
    /// The database is not there, or not as this program needs it, and who asks only reads.
    #[error(
        "the ClickHouse database `{database}` has schema {found}, and this Discovery needs {known}: start \
         `discovery analytics`, which makes it so, or correct analytics.clickhouse.database"
    )]
    Older {
        /// The database.
        database: String,
        /// Its schema; 0 where there is none.
        found: u32,
        /// The schema that this program needs.
        known: u32,
    },
    /// The bus is not the one that the database was filled from.
    #[error(
        "the ClickHouse database `{database}` was not filled from this bus: {reason}. Correct analytics.clickhouse.database or \
         [bus.kafka]; or, if the bus was made anew, start `discovery analytics --new-bus` once: what was counted stays, and \
         the new bus is read from its beginning"
    )]
    OtherBus {
        /// The database.
        database: String,
        /// By what it was told.
        reason: String,
    },
}

/// Which server an error is about.
#[derive(Clone, Debug)]
pub(super) struct Place(Arc<str>);

impl Place {
    pub(super) fn of(url: &str) -> Self {
        Self(url.into())
    }

    pub(super) fn failed(&self, error: &ClientError) -> ClickHouseError {
        let (url, reason) = (self.0.to_string(), in_full(error));
        match error {
            ClientError::Network(_) | ClientError::TimedOut => ClickHouseError::Unreachable { url, reason },
            ClientError::SchemaMismatch(_) => ClickHouseError::Refused { url, reason, advice: ADVICE_OTHER_TABLES },
            _ => {
                let advice = advice(code(&reason));
                ClickHouseError::Refused { url, reason, advice }
            }
        }
    }
}

const ADVICE_OTHER_TABLES: &str =
    "its tables are not those that Discovery makes: name another analytics.clickhouse.database";

/// What to do about an error of the server, by its number.
fn advice(code: Option<u32>) -> &'static str {
    match code {
        Some(192..=194 | 516) => "correct analytics.clickhouse.user and analytics.clickhouse.password",
        Some(497) => {
            "permit the user of analytics.clickhouse.user to create, alter, insert and select in \
             analytics.clickhouse.database; pages only select"
        }
        Some(164 | 242 | 392) => {
            "it only reads: make the server, or the profile of analytics.clickhouse.user, writable, or name another \
             analytics.clickhouse.url"
        }
        Some(243) => "its disk is full: free some space there, or shorten [retention]",
        Some(252) => "it cannot merge as fast as it gets: raise analytics.clickhouse.commit_every_ms",
        Some(159 | 202 | 241) => {
            "it is overloaded: give it more memory, or ask for a shorter period; raise analytics.clickhouse.commit_every_ms \
             where writing is refused"
        }
        Some(16 | 47 | 53 | 60 | 81) => ADVICE_OTHER_TABLES,
        _ => "look into the logs of the server",
    }
}

/// The number of the server's error: `Code: 516. DB::Exception: ...`.
fn code(reason: &str) -> Option<u32> {
    let (_, rest) = reason.split_once("Code: ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The error with its causes, which say what it was ("connection refused").
fn in_full(error: &ClientError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(inner) = cause {
        let said = inner.to_string();
        if !text.contains(&said) {
            text.push_str(": ");
            text.push_str(&said);
        }
        cause = inner.source();
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_refusal_names_the_setting_to_change() {
        let place = Place::of("http://clickhouse:8123");
        let said = |text: &str| place.failed(&ClientError::BadResponse(text.to_owned())).to_string();
        for (answer, setting) in [
            (
                "Code: 516. DB::Exception: discovery: Authentication failed: password is incorrect",
                "clickhouse.password",
            ),
            ("Code: 497. DB::Exception: discovery: Not enough privileges", "permit the user"),
            ("Code: 164. DB::Exception: Cannot execute query in readonly mode. (READONLY)", "it only reads"),
            ("Code: 243. DB::Exception: Cannot reserve 1.00 MiB, not enough space", "[retention]"),
            ("Code: 252. DB::Exception: Too many parts (3000)", "clickhouse.commit_every_ms"),
            ("Code: 159. DB::Exception: Timeout exceeded: elapsed 20.1 seconds", "overloaded"),
            ("Code: 60. DB::Exception: Table discovery.posts does not exist", "clickhouse.database"),
            ("no number at all", "the logs of the server"),
        ] {
            assert!(said(answer).contains(setting), "{}", said(answer));
        }
        let late = place.failed(&ClientError::TimedOut).to_string();
        assert!(late.contains("check that it runs, and analytics.clickhouse.url"), "{late}");
    }
}
