//! `kind = "x"` in `config/sources.toml`.

use std::time::Duration;

use bus::Channel;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use url::Url;

use super::XListing;
use crate::collector::Collector;
use crate::collectors::listing::Follower;
use crate::collectors::{Context, Kind};
use crate::sources::values;
use bus::secret::SecretRef;

/// Posts on X that fulfil a query.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct XConfig {
    /// The query, in the operators of recent search.
    #[serde(deserialize_with = "query")]
    pub query: String,
    /// The bearer token of an application.
    pub token: SecretRef,
    /// How far back the first collection goes; search itself goes back seven days.
    #[serde(default = "day", deserialize_with = "values::duration")]
    pub backfill: Duration,
    /// Where X is.
    #[serde(skip)]
    pub(super) api: Api,
}

/// The address of the API.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Api(pub(super) Url);

impl Default for Api {
    fn default() -> Self {
        Self(Url::parse("https://api.x.com/").expect("a constant that is an address"))
    }
}

fn day() -> Duration {
    Duration::from_hours(24)
}

/// The longest query that X takes at any level of access.
const LONGEST: usize = 4_096;

fn query<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let query = String::deserialize(deserializer)?;
    let query = query.trim();
    if query.is_empty() || query.len() > LONGEST {
        return Err(D::Error::custom(format!(
            "a query has 1 to {LONGEST} bytes, such as `(nhs OR #nhs) lang:en -is:retweet`"
        )));
    }
    Ok(query.to_owned())
}

impl Kind for XConfig {
    const NAME: &'static str = "x";
    const CHANNEL: Channel = Channel::Social;
    const EVERY: Duration = Duration::from_mins(15);

    fn location(&self) -> String {
        format!("{} {}", self.api.0, self.query)
    }

    fn secret(&self) -> Option<&SecretRef> {
        Some(&self.token)
    }

    fn collector(&self, context: Context) -> Box<dyn Collector> {
        let listing = XListing::new(self.clone(), context.clone());
        Box::new(Follower::new(listing, context, self.backfill))
    }
}
