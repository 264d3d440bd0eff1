//! What a kind of source is: its part of the configuration, and how it becomes a collector.

use std::fmt::Debug;
use std::path::Path;
use std::time::Duration;

use bus::{Channel, IdKey};
use serde::de::DeserializeOwned;

use crate::clock::Clock;
use crate::collector::Collector;
use crate::fetch::Gateway;
use crate::sources::SourceConfig;
use bus::secret::SecretRef;

/// A kind of source. The implementing type holds the keys of `[[source]]` that only this kind has; a key that it does
/// not know is refused.
pub trait Kind: Clone + Debug + PartialEq + Eq + DeserializeOwned {
    /// Its name in the configuration.
    const NAME: &'static str;
    /// The channel of a source that does not say.
    const CHANNEL: Channel;
    /// How often a source that does not say is asked, at most.
    const EVERY: Duration;

    /// Where the source is, for people: a URL without secrets, or a folder. A cursor belongs to a location.
    fn location(&self) -> String;

    /// Takes relative paths as relative to `base`, the directory of the configuration file.
    fn resolve_paths(&mut self, _base: &Path) {}

    /// The token that the source is read with, so that its end is announced in time.
    fn secret(&self) -> Option<&SecretRef> {
        None
    }

    /// The collector that reads the source.
    fn collector(&self, context: Context) -> Box<dyn Collector>;
}

/// What every collector is built with.
#[derive(Clone, Debug)]
pub struct Context {
    /// The source, with what all kinds have in common.
    pub source: SourceConfig,
    /// The only way to the network.
    pub gateway: Gateway,
    /// The secret under which authors become pseudonyms.
    pub id_key: IdKey,
    /// The time of day.
    pub(crate) clock: Clock,
}

impl Context {
    /// What a collector of `source` needs, by the system's clock.
    pub fn new(source: SourceConfig, gateway: Gateway, id_key: IdKey) -> Self {
        Self { source, gateway, id_key, clock: Clock::System }
    }
}
