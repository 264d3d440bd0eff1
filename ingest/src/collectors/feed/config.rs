//! `kind = "feed"` in `config/sources.toml`.

use std::time::Duration;

use bus::Channel;
use serde::Deserialize;
use url::Url;

use super::FeedCollector;
use crate::collector::Collector;
use crate::collectors::{Context, Kind};
use crate::sources::values;

/// An RSS, Atom or JSON feed.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct FeedConfig {
    /// Its address.
    #[serde(deserialize_with = "values::url")]
    pub url: Url,
}

impl Kind for FeedConfig {
    const NAME: &'static str = "feed";
    const CHANNEL: Channel = Channel::News;
    const EVERY: Duration = Duration::from_hours(1);

    fn location(&self) -> String {
        self.url.to_string()
    }

    fn collector(&self, context: Context) -> Box<dyn Collector> {
        Box::new(FeedCollector::new(self.clone(), context))
    }
}
