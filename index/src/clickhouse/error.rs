//! What can go wrong with `ClickHouse`, by what to do about it.

use std::sync::Arc;

use ::clickhouse::error::Error as ClientError;
use thiserror::Error;

/// Why `ClickHouse` did not do what it was asked to.
#[derive(Debug, Error)]
pub enum ClickHouseError {
    /// The address cannot be used.
    #[error(
        "`url` must be the address of ClickHouse's HTTP port, such as http://clickhouse:8123, without user and password: \
         those belong into `user` and `password`"
    )]
    Url,
    /// The name of the database cannot be used.
    #[error("`{0}` is not a name for a database: use 1 to 64 lower-case letters, digits and underscores in `database`")]
    Database(String),
    /// The password is not where it should be.
    #[error("the password of ClickHouse cannot be read: {0}")]
    Password(String),
    /// Nothing answers, or the connection broke.
    #[error("ClickHouse at {url} cannot be reached: {reason}; check that it runs, and `url`")]
    Unreachable {
        /// Where.
        url: String,
        /// What the connection says.
        reason: String,
    },
    /// The server said no.
    #[error("ClickHouse at {url} refused: {reason}")]
    Refused {
        /// Where.
        url: String,
        /// What the server says.
        reason: String,
    },
    /// The database belongs to a newer program.
    #[error(
        "the ClickHouse database `{database}` was made by a newer Discovery (schema {found}, this one knows {known}): \
         use that version, or another `database`"
    )]
    Newer {
        /// The database.
        database: String,
        /// Its schema.
        found: u32,
        /// The newest schema that this program knows.
        known: u32,
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
            _ => ClickHouseError::Refused { url, reason },
        }
    }
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
