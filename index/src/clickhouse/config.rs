//! Which server, and as whom: section `[analytics.clickhouse]` of `config/discovery.toml`.

use std::num::NonZeroU32;

use bus::secret::SecretRef;
use serde::Deserialize;

/// Which `ClickHouse` holds the posts, how to reach it, and how it is filled.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ClickHouseConfig {
    /// Where it answers over HTTP, such as `http://clickhouse:8123`.
    pub url: String,
    /// The database; it is made where it does not exist.
    #[serde(default = "default_database")]
    pub database: String,
    /// The user; absent means the server's default one.
    #[serde(default)]
    pub user: Option<String>,
    /// Where the password is.
    #[serde(default)]
    pub password: Option<SecretRef>,
    /// What was tagged counts after so many milliseconds ...
    #[serde(default = "default_commit_every_ms")]
    pub commit_every_ms: u64,
    /// ... or so many changes, which are also the most that wait in memory while the server is away.
    #[serde(default = "default_commit_every_changes")]
    pub commit_every_changes: NonZeroU32,
}

impl ClickHouseConfig {
    /// The server at `url`, with everything else as it is by default.
    pub fn new(url: impl Into<String>) -> Self {
        Self {
            url: url.into(),
            database: default_database(),
            user: None,
            password: None,
            commit_every_ms: default_commit_every_ms(),
            commit_every_changes: default_commit_every_changes(),
        }
    }
}

fn default_database() -> String {
    "discovery".to_owned()
}

fn default_commit_every_ms() -> u64 {
    2_000
}

fn default_commit_every_changes() -> NonZeroU32 {
    NonZeroU32::new(20_000).expect("it is not 0")
}
