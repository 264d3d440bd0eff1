//! `kind = "youtube"` in `config/sources.toml`.

use std::time::Duration;

use bus::Channel;
use serde::Deserialize;
use serde::de::{Deserializer, Error};
use url::Url;

use super::YouTubeListing;
use crate::collector::Collector;
use crate::collectors::listing::Follower;
use crate::collectors::{Context, Kind};
use crate::sources::values;
use bus::secret::SecretRef;

/// Comments under videos of YouTube.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(try_from = "Keys")]
pub struct YouTubeConfig {
    /// The ids of videos (`v=` in their address).
    pub videos: Vec<String>,
    /// The ids of channels (`UC...`), all of whose videos are followed.
    pub channels: Vec<String>,
    /// The API key.
    pub key: SecretRef,
    /// How far back the first collection goes.
    pub backfill: Duration,
    /// Where YouTube is.
    pub(super) api: Url,
}

/// The keys as they are written.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Keys {
    #[serde(default, deserialize_with = "ids")]
    videos: Vec<String>,
    #[serde(default, deserialize_with = "ids")]
    channels: Vec<String>,
    key: SecretRef,
    #[serde(default = "month", deserialize_with = "values::duration")]
    backfill: Duration,
}

impl TryFrom<Keys> for YouTubeConfig {
    type Error = &'static str;

    fn try_from(keys: Keys) -> Result<Self, Self::Error> {
        let Keys { videos, channels, key, backfill } = keys;
        if videos.is_empty() && channels.is_empty() {
            return Err("name at least one video in `videos`, or one channel in `channels`");
        }
        let api = Url::parse("https://www.googleapis.com/").expect("a constant that is an address");
        Ok(Self { videos, channels, key, backfill, api })
    }
}

/// Comments are written long after the video was shown.
fn month() -> Duration {
    Duration::from_hours(30 * 24)
}

fn ids<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<String>, D::Error> {
    let ids = Vec::<String>::deserialize(deserializer)?;
    let fits = |id: &String| {
        (6..=40).contains(&id.len()) && id.bytes().all(|b| b.is_ascii_alphanumeric() || b"_-".contains(&b))
    };
    match ids.iter().find(|id| !fits(id)) {
        Some(id) => Err(D::Error::custom(format!(
            "`{id}` is not the id of a video or channel: write what follows v= or channel/"
        ))),
        None => Ok(ids),
    }
}

impl Kind for YouTubeConfig {
    const NAME: &'static str = "youtube";
    const CHANNEL: Channel = Channel::Comment;
    const EVERY: Duration = Duration::from_mins(30);

    fn location(&self) -> String {
        let videos = self.videos.iter().map(|id| format!("https://www.youtube.com/watch?v={id}"));
        let channels = self.channels.iter().map(|id| format!("https://www.youtube.com/channel/{id}"));
        videos.chain(channels).collect::<Vec<_>>().join(" ")
    }

    fn secret(&self) -> Option<&SecretRef> {
        Some(&self.key)
    }

    fn collector(&self, context: Context) -> Box<dyn Collector> {
        let listing = YouTubeListing::new(self.clone(), context.clone());
        Box::new(Follower::new(listing, context, self.backfill))
    }
}
