//! `kind = "bluesky"` in `config/sources.toml`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bus::Channel;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use url::Url;

use super::BlueskyCollector;
use crate::collector::Collector;
use crate::collectors::{Context, Kind};
use crate::sources::values;
use bus::secret::SecretRef;

/// Posts on Bluesky that hold certain words or hashtags, as a Jetstream server streams them.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct BlueskyConfig {
    /// The Jetstream servers; when one fails, the next is asked. An address without a path means `/subscribe`, one that
    /// ends in `subscribeEvents` speaks the second version of the protocol.
    #[serde(default = "public_hosts", deserialize_with = "hosts")]
    pub hosts: Vec<Url>,
    /// A post with any of these words, phrases or hashtags is kept, whatever their case. They are whole words; a last `*`
    /// stands for any ending, and one with a `#` is only found as a hashtag.
    #[serde(deserialize_with = "keywords")]
    pub keywords: Vec<String>,
    /// Of these, only posts in these languages are kept ("en", "cy"), and posts that claim none. All, if it is empty.
    #[serde(default)]
    pub languages: Vec<String>,
    /// The server that is searched for what the stream no longer has.
    #[serde(default = "public_api", deserialize_with = "values::url")]
    pub api: Url,
    /// How far back the first collection searches; nothing is searched if it is zero.
    #[serde(default = "day", deserialize_with = "values::duration")]
    pub backfill: Duration,
    /// A token for `api`, where it answers no search without.
    pub token: Option<SecretRef>,
    /// Jetstream's own dictionary, as a file. With it the stream comes compressed, at less than half the size.
    pub zstd_dictionary: Option<PathBuf>,
}

/// The servers that Bluesky runs for the public.
fn public_hosts() -> Vec<Url> {
    ["jetstream2.us-east", "jetstream1.us-east", "jetstream2.us-west", "jetstream1.us-west"]
        .iter()
        .map(|name| format!("wss://{name}.bsky.network/subscribe").parse().expect("these are addresses"))
        .collect()
}

fn public_api() -> Url {
    "https://public.api.bsky.app/".parse().expect("this is an address")
}

fn day() -> Duration {
    Duration::from_hours(24)
}

fn hosts<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<Url>, D::Error> {
    let list = Vec::<String>::deserialize(deserializer)?;
    if list.is_empty() {
        return Err(D::Error::custom("name at least one host"));
    }
    list.iter()
        .map(|text| {
            let mut url = Url::parse(text).map_err(|error| D::Error::custom(format!("{text}: {error}")))?;
            if !matches!(url.scheme(), "ws" | "wss") || url.host_str().is_none_or(str::is_empty) {
                return Err(D::Error::custom(format!("{text} is not the address of a WebSocket: write wss://...")));
            }
            if !url.username().is_empty() || url.password().is_some() {
                return Err(D::Error::custom("an address with a user name or password is not used"));
            }
            if url.path() == "/" {
                url.set_path("/subscribe");
            }
            url.set_query(None);
            Ok(url)
        })
        .collect()
}

fn keywords<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let list = Vec::<String>::deserialize(deserializer)?;
    if list.is_empty() {
        return Err(D::Error::custom("name at least one keyword or hashtag"));
    }
    list.iter()
        .map(|word| {
            let word = word.trim();
            let stem = word.strip_suffix('*').or_else(|| word.strip_prefix('#')).unwrap_or(word);
            let fits = stem.chars().filter(|c| c.is_alphanumeric()).count() >= 2
                && stem.len() <= 100
                && !stem.chars().any(|c| c.is_control() || matches!(c, '"' | '\\' | '*' | '#'));
            if fits { Ok(word.to_owned()) } else { Err(D::Error::custom(format!("`{word}` is not a keyword"))) }
        })
        .collect()
}

impl Kind for BlueskyConfig {
    const NAME: &'static str = "bluesky";
    const CHANNEL: Channel = Channel::Social;
    const EVERY: Duration = Duration::from_mins(5);

    fn location(&self) -> String {
        format!("Bluesky: {}", self.keywords.join(", "))
    }

    fn resolve_paths(&mut self, base: &Path) {
        if let Some(path) = &mut self.zstd_dictionary {
            *path = base.join(&*path);
        }
    }

    fn secret(&self) -> Option<&SecretRef> {
        self.token.as_ref()
    }

    fn collector(&self, context: Context) -> Box<dyn Collector> {
        Box::new(BlueskyCollector::new(self.clone(), context))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(toml: &str) -> Result<BlueskyConfig, String> {
        toml::from_str(toml).map_err(|error| error.message().to_owned())
    }

    #[test]
    fn a_source_needs_only_its_words() {
        let config = read("keywords = [\"NHS\", \"ambulance*\", \"#SaveOurNHS\"]").unwrap();
        assert_eq!(config.hosts.len(), 4);
        assert_eq!(config.location(), "Bluesky: NHS, ambulance*, #SaveOurNHS");
        let config = read("keywords = [\"NHS\"]\nhosts = [\"wss://jet.example\"]").unwrap();
        assert_eq!(config.hosts[0].as_str(), "wss://jet.example/subscribe");
    }

    #[test]
    fn values_that_cannot_work_are_refused() {
        for (toml, why) in [
            ("keywords = [\"a\"]", "`a` is not a keyword"),
            ("keywords = []", "at least one keyword"),
            ("keywords = [\"*\"]", "`*` is not a keyword"),
            ("keywords = [\"NHS\"]\nhosts = [\"https://jet.example\"]", "write wss://"),
            ("keywords = [\"NHS\"]\nhosts = []", "at least one host"),
            ("keywords = [\"NHS\"]\nhost = \"wss://jet.example\"", "unknown field"),
        ] {
            let error = read(toml).unwrap_err();
            assert!(error.contains(why), "{error}");
        }
    }
}
