//! Hashtags on a Mastodon server, over its REST interface.

use std::time::Duration;

use async_trait::async_trait;
use bus::IdKey;
use url::Url;

use crate::collector::{Batch, CollectError, Collector, Cursor};
use crate::fetch::Gateway;
use crate::sources::SourceConfig;

/// Follows hashtags on one server.
pub struct MastodonCollector {
    source: SourceConfig,
}

impl MastodonCollector {
    /// A collector of `tags` at `server`.
    pub fn new(source: SourceConfig, _: Url, _: Vec<String>, _: Duration, _: Gateway, _: IdKey) -> Self {
        Self { source }
    }
}

#[async_trait]
impl Collector for MastodonCollector {
    async fn collect(&mut self, from: &Cursor) -> Result<Batch, CollectError> {
        Ok(Batch { changes: Vec::new(), cursor: from.clone(), next_in: self.source.every, notice: None })
    }
}
