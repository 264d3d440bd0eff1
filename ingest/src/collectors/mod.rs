//! The collectors, one folder a kind of source. Each goes from the wire's own structure through an adapter to posts.

pub mod feed;
pub mod mastodon;
mod seen;
pub mod transcripts;

use bus::IdKey;

use crate::collector::Collector;
use crate::fetch::Gateway;
use crate::sources::{SourceConfig, SourceKind};

/// The collector that reads `source`. This match is the list of all kinds there are.
pub(crate) fn build(source: &SourceConfig, gateway: &Gateway, id_key: &IdKey) -> Box<dyn Collector> {
    match &source.kind {
        SourceKind::Feed { url } => {
            Box::new(feed::FeedCollector::new(source.clone(), url.clone(), gateway.clone(), id_key.clone()))
        }
        SourceKind::Mastodon { url, tags, backfill } => Box::new(mastodon::MastodonCollector::new(
            source.clone(),
            url.clone(),
            tags.clone(),
            *backfill,
            gateway.clone(),
            id_key.clone(),
        )),
        SourceKind::Transcripts { folder } => {
            Box::new(transcripts::TranscriptCollector::new(source.clone(), folder.clone(), id_key.clone()))
        }
    }
}
