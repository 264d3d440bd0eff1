//! `kind = "reddit"` in `config/sources.toml`.

use std::time::Duration;

use bus::Channel;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use url::Url;

use super::RedditListing;
use crate::collector::Collector;
use crate::collectors::feed::{FeedCollector, FeedConfig};
use crate::collectors::listing::Follower;
use crate::collectors::{Context, Kind};
use crate::sources::values;
use bus::secret::SecretRef;

/// Subreddits, over Reddit's API with a client id and secret, or over their RSS without.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Keys")]
pub struct RedditConfig {
    /// The subreddits, without `r/`.
    pub subreddits: Vec<String>,
    /// Only submissions that a search for this finds. Reddit's search does not find comments.
    pub search: Option<String>,
    /// What Reddit knows us by, if it does.
    pub client: Option<Client>,
    /// How far back the first collection goes.
    pub backfill: Duration,
    /// Where Reddit is.
    pub(super) hosts: Hosts,
}

/// What Reddit knows an application by: it gives both under "apps".
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Client {
    /// The id, which is no secret.
    pub id: String,
    /// The secret.
    pub secret: SecretRef,
}

/// The keys as they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(deserialize_with = "subreddits")]
    subreddits: Vec<String>,
    search: Option<String>,
    client_id: Option<String>,
    client_secret: Option<SecretRef>,
    #[serde(default = "week", deserialize_with = "values::duration")]
    backfill: Duration,
}

impl TryFrom<Keys> for RedditConfig {
    type Error = &'static str;

    fn try_from(keys: Keys) -> Result<Self, Self::Error> {
        let client = match (keys.client_id, keys.client_secret) {
            (Some(id), Some(secret)) => Some(Client { id, secret }),
            (None, None) => None,
            _ => return Err("`client_id` and `client_secret` belong together: give both, or neither to read the RSS"),
        };
        let Keys { subreddits, search, backfill, .. } = keys;
        Ok(Self { subreddits, search, client, backfill, hosts: Hosts::default() })
    }
}

/// Where Reddit is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Hosts {
    /// For requests with a token.
    pub(super) api: Url,
    /// For everybody, and for tokens themselves.
    pub(super) www: Url,
}

impl Default for Hosts {
    fn default() -> Self {
        let url = |text| Url::parse(text).expect("a constant that is an address");
        Self { api: url("https://oauth.reddit.com/"), www: url("https://www.reddit.com/") }
    }
}

fn week() -> Duration {
    Duration::from_hours(168)
}

fn subreddits<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let names = Vec::<String>::deserialize(deserializer)?;
    if names.is_empty() {
        return Err(D::Error::custom("name at least one subreddit"));
    }
    let fits =
        |name: &str| (2..=21).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'_');
    names
        .iter()
        .map(|name| name.strip_prefix("r/").unwrap_or(name))
        .map(|name| {
            if fits(name) { Ok(name.to_owned()) } else { Err(D::Error::custom(format!("`{name}` is not a subreddit"))) }
        })
        .collect()
}

impl RedditConfig {
    /// The feed of what is new, for those without a token.
    fn feed(&self) -> Url {
        let path = format!("r/{}/", self.subreddits.join("+"));
        let mut url = self.hosts.www.join(&path).expect("names of subreddits are safe in a path");
        let path = if self.search.is_some() { "search.rss" } else { "new/.rss" };
        url = url.join(path).expect("a constant that is a path");
        if let Some(search) = &self.search {
            url.query_pairs_mut().append_pair("q", search).append_pair("restrict_sr", "on").append_pair("sort", "new");
        }
        url
    }
}

impl Kind for RedditConfig {
    const NAME: &'static str = "reddit";
    const CHANNEL: Channel = Channel::Forum;
    const EVERY: Duration = Duration::from_mins(15);

    fn location(&self) -> String {
        let subreddits: Vec<String> = self.subreddits.iter().map(|name| format!("r/{name}")).collect();
        let search = self.search.as_ref().map(|search| format!(" search {search:?}")).unwrap_or_default();
        format!("{} {}{search}", self.hosts.www, subreddits.join(" "))
    }

    fn secret(&self) -> Option<&SecretRef> {
        self.client.as_ref().map(|client| &client.secret)
    }

    fn collector(&self, context: Context) -> Box<dyn Collector> {
        match &self.client {
            Some(client) => {
                let listing = RedditListing::new(self.clone(), client.clone(), context.clone());
                Box::new(Follower::new(listing, context, self.backfill))
            }
            None => Box::new(FeedCollector::new(FeedConfig { url: self.feed() }, context)),
        }
    }
}
