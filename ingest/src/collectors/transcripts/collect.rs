//! Watching a folder: which files are new or changed, and what that means for their posts.

use std::collections::{BTreeMap, HashSet};
use std::time::Duration;

use async_trait::async_trait;
use bus::{Change, IdKey, Post, PostId};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::TranscriptsConfig;
use super::folder::{self, Found, Stamp};
use crate::collector::{Batch, CollectError, Collector, Cursor, Missed};
use crate::collectors::Context;
use crate::documents::{self, About, Handed};
use crate::sources::SourceConfig;

/// So many changes make a batch; the next files wait for the next call.
const CHANGES_AT_ONCE: usize = 1_000;

/// A file is read once it has not changed for so long: before that, somebody may still be writing it.
const SETTLED: Duration = Duration::from_secs(3);

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
    /// How it looked the last time, if it was still too new to be read.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    unsettled: Option<Stamp>,
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
        let mut next_in = self.source.every;
        for file in &files {
            let known = position.0.get(&file.name);
            let unchanged = known.is_some_and(|known| known.stamp == file.stamp);
            if !unchanged && changes.len() >= CHANGES_AT_ONCE {
                next_in = Duration::ZERO;
                continue;
            }
            if !unchanged && !self.is_settled(file, known) {
                let unsettled = Some(file.stamp.clone());
                position.0.entry(file.name.clone()).or_default().unsettled = unsettled;
                next_in = next_in.min(SETTLED);
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
        Ok(Batch {
            changes,
            cursor: Cursor::of(&position),
            next_in,
            notice: notice(&problems),
            missed: Some(Missed::Nothing),
        })
    }

    /// Whether nobody writes the file any more: it is as it was the last time, or has not changed for a while. A file from
    /// a machine whose clock is ahead has only the first.
    fn is_settled(&self, file: &Found, known: Option<&Known>) -> bool {
        let quiet = SignedDuration::try_from(SETTLED).unwrap_or(SignedDuration::MAX);
        known.is_some_and(|known| known.unsettled.as_ref() == Some(&file.stamp))
            || self.now.duration_since(file.modified) >= quiet
    }

    /// Reads a file that is new or changed, and adds what follows from it to `changes`.
    ///
    /// A file that vanishes takes nothing with it: a folder that is not mounted must not delete evidence. What people
    /// take back is deleted with `withdrawn: yes`.
    fn read(&self, file: &Found, mut known: Known, changes: &mut Vec<Change<Post>>) -> Known {
        let is_new = known.digest.is_empty();
        known.stamp = file.stamp.clone();
        known.unsettled = None;
        if is_new {
            known.undated = file.modified.min(self.now);
        }
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
        let handed = Handed { name: &file.name, bytes: &raw.bytes, sidecar: raw.sidecar.as_deref() };
        let reading = match documents::read(handed, &About::default()) {
            Ok(reading) => reading,
            // The digest stays the old one, so that the problem is not forgotten when the file is touched.
            Err(problem) => return Known { problem: Some(problem), ..known },
        };
        let posts: Vec<Post> = reading
            .documents
            .into_iter()
            .flat_map(|document| documents::posts(document, known.undated, &self.source, &self.id_key, self.now))
            .collect();
        let ids: Vec<PostId> = posts.iter().map(|post| post.id).collect();
        let still_said: HashSet<&PostId> = ids.iter().collect();
        changes.extend(known.posts.iter().filter(|id| !still_said.contains(id)).map(|&id| Change::Delete(id)));
        changes.extend(posts.into_iter().map(Change::Upsert));
        known.problem =
            (!reading.warnings.is_empty()).then(|| format!("was read in part: {}", reading.warnings.join("; ")));
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
