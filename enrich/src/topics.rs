//! What a post is about: phrases of `config/topics.toml`, found in one pass.

use std::path::Path;

use bus::Enriched;
use bus::config_file::{self, ConfigError};
use serde::Deserialize;

use crate::Enricher;

/// One subject that posts are tagged with.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Topic {
    /// The name in files, URLs and tags.
    pub slug: String,
    /// The name for people.
    pub name: String,
    /// The heading that it is listed under.
    pub group: String,
    /// What belongs to it, in a sentence or two.
    pub definition: String,
    /// Words and phrases that show that a post is about it.
    pub seeds: Vec<String>,
    /// Phrases that contain a seed but mean something else.
    #[serde(default)]
    pub exclusions: Vec<String>,
}

/// All subjects, ready to be found.
pub struct Topics {
    topics: Vec<Topic>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct TopicsFile {
    topic: Vec<Topic>,
}

impl Topics {
    /// Reads `topics.toml`.
    ///
    /// # Errors
    /// [`ConfigError`], naming the file and the line.
    pub fn load(path: &Path) -> Result<Self, ConfigError> {
        let file: TopicsFile = config_file::read(path)?;
        Ok(Self { topics: file.topic })
    }

    /// All subjects, in the order of the file.
    pub fn all(&self) -> &[Topic] {
        &self.topics
    }

    /// The subject with this slug.
    pub fn get(&self, slug: &str) -> Option<&Topic> {
        self.topics.iter().find(|topic| topic.slug == slug)
    }
}

impl Enricher for Topics {
    fn name(&self) -> &'static str {
        "topics"
    }

    fn enrich(&self, _batch: &mut [Enriched]) {}
}
