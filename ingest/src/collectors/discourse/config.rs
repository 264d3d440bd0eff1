//! `kind = "discourse"` in `config/sources.toml`.

use std::time::Duration;

use bus::Channel;
use serde::Deserialize;
use url::Url;

use super::DiscourseListing;
use crate::collector::Collector;
use crate::collectors::listing::Follower;
use crate::collectors::{Context, Kind};
use crate::sources::values;

/// A forum that runs Discourse.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DiscourseConfig {
    /// The forum.
    #[serde(deserialize_with = "values::site")]
    pub url: Url,
    /// The numbers of the categories that are collected; all public ones when there are none.
    #[serde(default)]
    pub categories: Vec<u64>,
    /// How far back the first collection goes.
    #[serde(default = "week", deserialize_with = "values::duration")]
    pub backfill: Duration,
}

fn week() -> Duration {
    Duration::from_hours(168)
}

impl DiscourseConfig {
    /// Whether posts of `category` are collected; a post that does not say its category is.
    pub(super) fn wants(&self, category: Option<u64>) -> bool {
        self.categories.is_empty() || category.is_none_or(|category| self.categories.contains(&category))
    }
}

impl Kind for DiscourseConfig {
    const NAME: &'static str = "discourse";
    const CHANNEL: Channel = Channel::Forum;
    const EVERY: Duration = Duration::from_mins(15);

    fn location(&self) -> String {
        let categories: Vec<String> = self.categories.iter().map(|category| format!(" c/{category}")).collect();
        format!("{}{}", self.url, categories.concat())
    }

    fn collector(&self, context: Context) -> Box<dyn Collector> {
        let listing = DiscourseListing::new(self.clone(), context.clone());
        Box::new(Follower::new(listing, context, self.backfill))
    }
}
