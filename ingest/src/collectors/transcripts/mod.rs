//! A watched folder of transcripts of meetings.

use std::path::PathBuf;

use async_trait::async_trait;
use bus::IdKey;

use crate::collector::{Batch, CollectError, Collector, Cursor};
use crate::sources::SourceConfig;

/// Watches one folder.
pub struct TranscriptCollector {
    source: SourceConfig,
}

impl TranscriptCollector {
    /// A collector of the transcripts in `folder`.
    pub fn new(source: SourceConfig, _: PathBuf, _: IdKey) -> Self {
        Self { source }
    }
}

#[async_trait]
impl Collector for TranscriptCollector {
    async fn collect(&mut self, from: &Cursor) -> Result<Batch, CollectError> {
        Ok(Batch { changes: Vec::new(), cursor: from.clone(), next_in: self.source.every, notice: None })
    }
}
