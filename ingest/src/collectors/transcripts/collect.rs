//! Watching a folder: which files are new or changed, and what that means for their posts.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use bus::{Change, IdKey, Post, PostId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use super::TranscriptsConfig;
use super::folder::{self, Found, Stamp};
use crate::collector::{Batch, CollectError, Collector, Cursor, Missed};
use crate::collectors::Context;
use crate::sources::SourceConfig;

/// So many changes make a batch; the next files wait for the next call.
const CHANGES_AT_ONCE: usize = 1_000;

/// So many faulty files are named on the Sources page; the others are counted.
const PROBLEMS_NAMED: usize = 3;

/// Watches one folder.
pub struct TranscriptCollector {
    config: TranscriptsConfig,
    context: Context,
}

/// What we know of the folder, by file.
#[derive(Clone, Debug, Default, Serialize, Deserialize)]
#[serde(transparent)]
struct Position(BTreeMap<String, Known>);

/// A file that was read.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Known {
    stamp: Stamp,
    /// A hash of its content and its sidecar's: a file that was only touched is not sent again.
    digest: String,
    /// When we take it to be from, if nothing in it says so: later changes must not move it.
    undated: Timestamp,
    /// The posts that it gave.
    posts: Vec<PostId>,
    /// Why it could not be read the last time.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    problem: Option<String>,
}

impl TranscriptCollector {
    /// A collector of the transcripts in the folder of `config`.
    pub fn new(config: TranscriptsConfig, context: Context) -> Self {
        Self { config, context }
    }
}

#[async_trait]
impl Collector for TranscriptCollector {
    async fn collect(&mut self, from: &Cursor) -> Result<Batch, CollectError> {
        let scan = Scan {
            source: self.context.source.clone(),
            id_key: self.context.id_key.clone(),
            now: self.context.clock.now(),
        };
        let (folder, position) = (self.config.folder.clone(), from.position());
        let scanned = tokio::task::spawn_blocking(move || scan.run(&folder, position)).await;
        scanned.unwrap_or_else(|_| {
            Err(CollectError::Malformed { reason: "a transcript made the reader fail; please report it".to_owned() })
        })
    }
}

struct Scan {
    source: SourceConfig,
    id_key: IdKey,
    now: Timestamp,
}

impl Scan {
    fn run(&self, folder: &std::path::Path, mut position: Position) -> Result<Batch, CollectError> {
        let mut files = folder::list(folder).map_err(|error| CollectError::Unreachable {
            reason: format!(
                "the folder {} cannot be read: {error}; create it, or change `folder` in sources.toml",
                folder.display()
            ),
        })?;
        let mut problems: Vec<String> = Vec::new();
        if files.len() > folder::MAX_FILES {
            files.truncate(folder::MAX_FILES);
            problems.push(format!("there are more than {} files; the others are not read", folder::MAX_FILES));
        }
        let mut changes = Vec::new();
        let mut more = false;
        for file in &files {
            let known = position.0.get(&file.name);
            let unchanged = known.is_some_and(|known| known.stamp == file.stamp);
            if !unchanged && changes.len() >= CHANGES_AT_ONCE {
                more = true;
                continue;
            }
            if !unchanged {
                let read = self.read(file, known.cloned().unwrap_or_default(), &mut changes);
                position.0.insert(file.name.clone(), read);
            }
            if let Some(problem) = position.0.get(&file.name).and_then(|known| known.problem.as_ref()) {
                problems.push(format!("{} {problem}", file.name));
            }
        }
        let next_in = if more { Duration::ZERO } else { self.source.every };
        Ok(Batch {
            changes,
            cursor: Cursor::of(&position),
            next_in,
            notice: notice(&problems),
            missed: Some(Missed::Nothing),
        })
    }

    /// Reads a file that is new or changed, and adds what follows from it to `changes`.
    ///
    /// A file that vanishes takes nothing with it: a folder that is not mounted must not delete evidence. What people
    /// take back is deleted with `withdrawn: yes`.
    fn read(&self, file: &Found, mut known: Known, changes: &mut Vec<Change<Post>>) -> Known {
        let is_new = known.digest.is_empty();
        known.stamp = file.stamp.clone();
        if is_new {
            known.undated = file.modified.min(self.now);
        }
        known.problem = None;
        let raw = match super::load(&file.path) {
            Ok(raw) => raw,
            Err(problem) => return Known { problem: Some(problem), ..known },
        };
        let mut hasher = blake3::Hasher::new();
        hasher.update(&raw.bytes);
        hasher.update(raw.sidecar.as_deref().unwrap_or_default().as_bytes());
        let digest = hasher.finalize().to_hex()[..16].to_owned();
        if digest == known.digest {
            return known;
        }
        let transcript = match super::parse(&file.path, &raw) {
            Ok(transcript) => transcript,
            // The digest stays the old one, so that the problem is not forgotten when the file is touched.
            Err(problem) => return Known { problem: Some(problem), ..known },
        };
        let name = super::identity(&file.name);
        let posts = super::posts::posts(transcript, name, known.undated, &self.source, &self.id_key, self.now);
        let ids: Vec<PostId> = posts.iter().map(|post| post.id).collect();
        let still_said: HashSet<&PostId> = ids.iter().collect();
        changes.extend(known.posts.iter().filter(|id| !still_said.contains(id)).map(|&id| Change::Delete(id)));
        changes.extend(posts.into_iter().map(Change::Upsert));
        known.digest = digest;
        known.posts = ids;
        known
    }
}

fn notice(problems: &[String]) -> Option<String> {
    let named = problems.iter().take(PROBLEMS_NAMED).cloned().collect::<Vec<_>>().join("; ");
    match problems.len() {
        0 => None,
        count if count <= PROBLEMS_NAMED => Some(named),
        count => Some(format!("{named}; and {} more", count - PROBLEMS_NAMED)),
    }
}
