//! `kind = "lemmy"` in `config/sources.toml`.

use std::time::Duration;

use bus::Channel;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use url::Url;

use super::LemmyListing;
use crate::collector::Collector;
use crate::collectors::listing::Follower;
use crate::collectors::{Context, Kind};
use crate::sources::values;

/// Communities on a Lemmy server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LemmyConfig {
    /// The server.
    #[serde(deserialize_with = "values::site")]
    pub url: Url,
    /// The communities, without `!`; one of another server is written `name@server`.
    #[serde(deserialize_with = "communities")]
    pub communities: Vec<String>,
    /// How far back the first collection goes.
    #[serde(default = "week", deserialize_with = "values::duration")]
    pub backfill: Duration,
}

fn week() -> Duration {
    Duration::from_hours(168)
}

fn communities<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    if names.is_empty() {
        return Err(D::Error::custom("name at least one community"));
    }
    let fits = |name: &str| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || b"_@.-".contains(&b));
    let checked = names.iter().map(|name| name.trim_start_matches('!')).map(|name| {
        if fits(name) { Ok(name.to_owned()) } else { Err(D::Error::custom(format!("`{name}` is not a community"))) }
    });
    checked.collect()
}

impl Kind for LemmyConfig {
    const NAME: &'static str = "lemmy";
    const CHANNEL: Channel = Channel::Forum;
    const EVERY: Duration = Duration::from_mins(15);

    fn location(&self) -> String {
        let communities: Vec<String> = self.communities.iter().map(|name| format!("!{name}")).collect();
        format!("{} {}", self.url, communities.join(" "))
    }

    fn collector(&self, context: Context) -> Box<dyn Collector> {
        let listing = LemmyListing::new(self.clone(), context.clone());
        Box::new(Follower::new(listing, context, self.backfill))
    }
}
