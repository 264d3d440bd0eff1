//! The section `[analytics]` of `config/discovery.toml`.

use serde::Deserialize;
use thiserror::Error;

use crate::clickhouse::ClickHouseConfig;

/// Where counts come from, and what is counted beside the index.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct AnalyticsConfig {
    /// Where the pages get their counts.
    pub store: Store,
    /// The `ClickHouse` that `discovery analytics` fills; absent means none.
    pub clickhouse: Option<ClickHouseConfig>,
}

/// Where the pages get their counts.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Store {
    /// From the search index, on one machine.
    #[default]
    Index,
    /// From `ClickHouse`.
    ClickHouse,
}

/// Pages are to count in a `ClickHouse` that is not named.
#[derive(Debug, PartialEq, Eq, Error)]
#[error(
    "analytics.store is \"clickhouse\", and there is no section [analytics.clickhouse] that says where it is: add it"
)]
pub struct NoClickHouse;

impl AnalyticsConfig {
    /// The `ClickHouse` that pages count in; `None` where they count in the index.
    ///
    /// # Errors
    /// [`NoClickHouse`].
    pub fn for_pages(&self) -> Result<Option<&ClickHouseConfig>, NoClickHouse> {
        match self.store {
            Store::Index => Ok(None),
            Store::ClickHouse => self.clickhouse.as_ref().map(Some).ok_or(NoClickHouse),
        }
    }
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;

    #[test]
    fn pages_count_in_clickhouse_only_where_that_is_said_and_named() {
        let parse = |text| bus::config_file::parse::<AnalyticsConfig>(Path::new("x.toml"), text).unwrap();
        let server = "[clickhouse]\nurl = \"http://clickhouse:8123\"\n";
        assert_eq!(parse(server).for_pages(), Ok(None));
        assert_eq!(parse("store = \"clickhouse\"").for_pages(), Err(NoClickHouse));
        let both = parse(&format!("store = \"clickhouse\"\n{server}"));
        assert_eq!(both.for_pages().unwrap().unwrap().database, "discovery");
    }
}
