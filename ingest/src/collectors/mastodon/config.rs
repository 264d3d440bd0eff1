//! `kind = "mastodon"` in `config/sources.toml`.

use std::time::Duration;

use bus::Channel;
use serde::Deserialize;
use url::Url;

use super::MastodonCollector;
use crate::collector::Collector;
use crate::collectors::{Context, Kind};
use crate::sources::values;
use bus::secret::SecretRef;

/// Hashtags on a Mastodon server.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct MastodonConfig {
    /// The server.
    #[serde(deserialize_with = "values::url")]
    pub url: Url,
    /// The hashtags, without `#`.
    #[serde(deserialize_with = "values::hashtags")]
    pub tags: Vec<String>,
    /// How far back the first collection goes.
    #[serde(default = "week", deserialize_with = "values::duration")]
    pub backfill: Duration,
    /// Whether posts, edits and deletions are also streamed as they happen. Most servers want a token for it.
    #[serde(default)]
    pub streaming: bool,
    /// A token of an account on the server, where it shows timelines or the stream only to its own.
    pub token: Option<SecretRef>,
}

fn week() -> Duration {
    Duration::from_hours(168)
}

impl Kind for MastodonConfig {
    const NAME: &'static str = "mastodon";
    const CHANNEL: Channel = Channel::Social;
    const EVERY: Duration = Duration::from_mins(10);

    fn location(&self) -> String {
        let tags: Vec<String> = self.tags.iter().map(|tag| format!("#{tag}")).collect();
        format!("{} {}", self.url, tags.join(" "))
    }

    fn secret(&self) -> Option<&SecretRef> {
        self.token.as_ref()
    }

    fn collector(&self, context: Context) -> Box<dyn Collector> {
        Box::new(MastodonCollector::new(self.clone(), context))
    }
}
