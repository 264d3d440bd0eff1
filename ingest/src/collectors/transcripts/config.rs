//! `kind = "transcripts"` in `config/sources.toml`.

use std::path::{Path, PathBuf};
use std::time::Duration;

use bus::Channel;
use serde::Deserialize;

use super::TranscriptCollector;
use crate::collector::Collector;
use crate::collectors::{Context, Kind};

/// A folder into which transcripts of meetings are put.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TranscriptsConfig {
    /// The folder.
    pub folder: PathBuf,
}

impl Kind for TranscriptsConfig {
    const NAME: &'static str = "transcripts";
    const CHANNEL: Channel = Channel::Offline;
    const EVERY: Duration = Duration::from_secs(30);

    fn location(&self) -> String {
        self.folder.display().to_string()
    }

    fn resolve_paths(&mut self, base: &Path) {
        self.folder = base.join(&self.folder);
    }

    fn collector(&self, context: Context) -> Box<dyn Collector> {
        Box::new(TranscriptCollector::new(self.clone(), context))
    }
}
