//! The collectors, one folder a kind of source. Each goes from the wire's own structure through an adapter to posts.

pub mod bluesky;
pub mod discourse;
pub mod feed;
pub mod kind;
pub mod lemmy;
mod listing;
pub mod mastodon;
pub mod reddit;
mod seen;
pub mod transcripts;
pub mod x;
pub mod youtube;

use std::path::Path;
use std::time::Duration;

use bus::Channel;
use serde::Deserialize;

pub use self::kind::{Context, Kind};
use crate::collector::Collector;
use bus::secret::SecretRef;

/// Makes the enum of all kinds from the list of them.
macro_rules! kinds {
    ($($(#[$doc:meta])* $variant:ident($config:ty),)+) => {
        /// The kinds of sources, each with what its collector needs.
        #[derive(Clone, Debug, PartialEq, Eq)]
        pub enum SourceKind { $($(#[$doc])* $variant($config),)+ }

        impl SourceKind {
            /// The names of all kinds, as in the configuration.
            pub const NAMES: &[&str] = &[$(<$config>::NAME,)+];

            /// The name of the kind, as in the configuration.
            pub fn name(&self) -> &'static str {
                match self { $(Self::$variant(_) => <$config>::NAME,)+ }
            }

            /// Where the source is, for people.
            pub fn location(&self) -> String {
                match self { $(Self::$variant(config) => config.location(),)+ }
            }

            /// The token that the source is read with, if it needs one.
            pub(crate) fn secret(&self) -> Option<&SecretRef> {
                match self { $(Self::$variant(config) => config.secret(),)+ }
            }

            /// The collector that reads the source that `context` describes.
            pub(crate) fn collector(&self, context: Context) -> Box<dyn Collector> {
                match self { $(Self::$variant(config) => config.collector(context),)+ }
            }

            /// Takes relative paths as relative to `base`.
            pub(crate) fn resolve_paths(&mut self, base: &Path) {
                match self { $(Self::$variant(config) => config.resolve_paths(base),)+ }
            }

            /// The channel of a source of this kind that does not say.
            pub(crate) fn default_channel(&self) -> Channel {
                match self { $(Self::$variant(_) => <$config>::CHANNEL,)+ }
            }

            /// How often a source of this kind that does not say is asked, at most.
            pub(crate) fn default_every(&self) -> Duration {
                match self { $(Self::$variant(_) => <$config>::EVERY,)+ }
            }

            /// Reads the keys of the kind `name`; `None` if there is no such kind.
            pub(crate) fn deserialize<'de, D: serde::Deserializer<'de>>(
                name: &str,
                keys: D,
            ) -> Option<Result<Self, D::Error>> {
                match name {
                    $(<$config>::NAME => Some(<$config>::deserialize(keys).map(Self::$variant)),)+
                    _ => None,
                }
            }
        }
    };
}

kinds! {
    /// Posts on Bluesky that hold certain words or hashtags.
    Bluesky(bluesky::BlueskyConfig),
    /// An RSS, Atom or JSON feed.
    Feed(feed::FeedConfig),
    /// Hashtags on a Mastodon server.
    Mastodon(mastodon::MastodonConfig),
    /// Subreddits.
    Reddit(reddit::RedditConfig),
    /// Comments under videos.
    YouTube(youtube::YouTubeConfig),
    /// A Discourse forum.
    Discourse(discourse::DiscourseConfig),
    /// A search on X.
    X(x::XConfig),
    /// Communities on a Lemmy server.
    Lemmy(lemmy::LemmyConfig),
    /// A folder into which transcripts of meetings are put.
    Transcripts(transcripts::TranscriptsConfig),
}
