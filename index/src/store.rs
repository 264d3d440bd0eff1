//! The Tantivy index on disk: opened once, read by many, written by one.

use std::num::NonZeroUsize;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Deserialize;
use tantivy::directory::MmapDirectory;
use tantivy::{IndexReader, ReloadPolicy};

use crate::error::IndexError;
use crate::retention::Retention;
use crate::schema::{self, Fields};
use crate::search::Searcher;
use crate::tantivy_analytics::TantivyAnalytics;
use crate::writer::IndexWriter;

/// How the index is written.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct IndexConfig {
    /// Threads that build the index; more than 8 count as 8. Each makes a segment of its own at every commit.
    pub writer_threads: NonZeroUsize,
    /// Memory of all writer threads together, in bytes; less than 15 MB for each counts as 15 MB. What is beyond goes to disk early.
    pub writer_memory_bytes: usize,
    /// A commit is due this long after the first change since the last one, in milliseconds.
    pub commit_every_ms: u64,
    /// A commit is due at the latest after so many changes.
    pub commit_every_changes: usize,
    /// How long posts are kept; it stands in a section of its own.
    #[serde(skip)]
    pub retention: Retention,
}

impl Default for IndexConfig {
    fn default() -> Self {
        Self {
            writer_threads: NonZeroUsize::MIN,
            writer_memory_bytes: 64_000_000,
            commit_every_ms: 1_000,
            commit_every_changes: 50_000,
            retention: Retention::default(),
        }
    }
}

/// The index in its directory. Cheap to clone.
#[derive(Clone)]
pub struct Index {
    pub(crate) dir: Arc<PathBuf>,
    pub(crate) tantivy: tantivy::Index,
    pub(crate) fields: Fields,
    pub(crate) reader: IndexReader,
    searcher: Searcher,
    analytics: TantivyAnalytics,
}

impl Index {
    /// Opens the index in `dir`, or makes an empty one. Readers see each commit of this process's writer at once.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn open(dir: &Path) -> Result<Self, IndexError> {
        std::fs::create_dir_all(dir).map_err(|reason| IndexError::store(dir, &reason))?;
        let directory = open_directory(dir)?;
        let exists =
            tantivy::Index::exists(&directory).map_err(|reason| IndexError::from_tantivy(dir, &reason.into()))?;
        let tantivy = if exists {
            tantivy::Index::open(directory)
        } else {
            tantivy::Index::create(directory, schema::schema().0, tantivy::IndexSettings::default())
        };
        Self::from_tantivy(dir, tantivy, ReloadPolicy::Manual)
    }

    /// Opens an index that another process may be writing. Its commits are seen within about half a second.
    ///
    /// # Errors
    /// [`IndexError`]; [`IndexError::Absent`] when there is none yet.
    pub fn open_read_only(dir: &Path) -> Result<Self, IndexError> {
        let absent = || IndexError::Absent { path: dir.display().to_string() };
        if !dir.is_dir() {
            return Err(absent());
        }
        let directory = open_directory(dir)?;
        match tantivy::Index::exists(&directory) {
            Ok(true) => Self::from_tantivy(dir, tantivy::Index::open(directory), ReloadPolicy::OnCommitWithDelay),
            Ok(false) => Err(absent()),
            Err(reason) => Err(IndexError::from_tantivy(dir, &reason.into())),
        }
    }

    /// For searching and for single posts.
    pub fn searcher(&self) -> Searcher {
        self.searcher.clone()
    }

    /// For counts. All clones share one cache.
    pub fn analytics(&self) -> TantivyAnalytics {
        self.analytics.clone()
    }

    /// The one writer, with default settings.
    ///
    /// # Errors
    /// [`IndexError::Locked`] when there is another one.
    pub fn writer(&self) -> Result<IndexWriter, IndexError> {
        self.writer_with(&IndexConfig::default())
    }

    /// The one writer.
    ///
    /// # Errors
    /// [`IndexError::Locked`] when there is another one.
    pub fn writer_with(&self, config: &IndexConfig) -> Result<IndexWriter, IndexError> {
        IndexWriter::open(self.clone(), config)
    }

    /// Posts that can be searched now.
    pub fn posts(&self) -> u64 {
        self.searcher.posts()
    }

    fn from_tantivy(
        dir: &Path,
        opened: tantivy::Result<tantivy::Index>,
        reload: ReloadPolicy,
    ) -> Result<Self, IndexError> {
        let failed = |reason| IndexError::from_tantivy(dir, &reason);
        let tantivy = opened.map_err(failed)?;
        let fields = check_schema(dir, &tantivy.schema())?;
        schema::register_analyzer(&tantivy);
        // The cache of stored posts is per segment; a page shows 20 posts, and an export reads in order.
        let reader =
            tantivy.reader_builder().reload_policy(reload).doc_store_cache_num_blocks(16).try_into().map_err(failed)?;
        let searcher = Searcher::new(reader.clone(), fields);
        let analytics = TantivyAnalytics::new(searcher.clone());
        Ok(Self { dir: Arc::new(dir.to_owned()), tantivy, fields, reader, searcher, analytics })
    }
}

fn open_directory(dir: &Path) -> Result<MmapDirectory, IndexError> {
    MmapDirectory::open(dir).map_err(|reason| IndexError::from_tantivy(dir, &reason.into()))
}

/// The fields of the index, if it was written with the schema that this program writes.
fn check_schema(dir: &Path, found: &tantivy::schema::Schema) -> Result<Fields, IndexError> {
    let path = dir.display().to_string();
    let known = schema::SCHEMA_VERSION;
    let (expected, fields) = schema::schema();
    match schema::version_of(found) {
        Some(version) if version > known => Err(IndexError::Newer { path, found: version, known }),
        Some(version) if version == known && *found == expected => Ok(fields),
        _ => Err(IndexError::Outdated { path }),
    }
}

#[cfg(test)]
mod tests {
    use tantivy::schema::{STORED, Schema};
    use tempfile::tempdir;

    use super::*;

    fn index_with_field(dir: &Path, name: &str) {
        let mut builder = Schema::builder();
        builder.add_bytes_field(name, STORED);
        tantivy::Index::create_in_dir(dir, builder.build()).unwrap();
    }

    #[test]
    fn an_index_of_another_version_is_refused_with_what_to_do() {
        let newer = tempdir().unwrap();
        index_with_field(newer.path(), "post_v999");
        let error = Index::open(newer.path()).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("newer Discovery (index format 999, this one knows 1)"), "{error}");

        let older = tempdir().unwrap();
        index_with_field(older.path(), "something");
        let error = Index::open(older.path()).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains("remove this directory"), "{error}");
    }

    #[test]
    fn a_damaged_index_names_its_directory_and_the_mend() {
        let dir = tempdir().unwrap();
        drop(Index::open(dir.path()).unwrap());
        std::fs::write(dir.path().join("meta.json"), "{ not json").unwrap();
        let error = Index::open(dir.path()).map(|_| ()).unwrap_err();
        assert!(matches!(error, IndexError::Damaged { .. }), "{error}");
        assert!(error.to_string().contains(&dir.path().display().to_string()), "{error}");
        assert!(error.to_string().contains("remove this directory"), "{error}");
    }

    #[test]
    fn reading_only_needs_an_index() {
        let dir = tempdir().unwrap();
        for path in [dir.path().to_owned(), dir.path().join("absent")] {
            let error = Index::open_read_only(&path).map(|_| ()).unwrap_err();
            assert!(matches!(error, IndexError::Absent { .. }), "{error}");
        }
        drop(Index::open(dir.path()).unwrap());
        assert_eq!(Index::open_read_only(dir.path()).unwrap().posts(), 0);
    }

    #[test]
    fn a_file_in_place_of_the_directory_is_named() {
        let dir = tempdir().unwrap();
        let file = dir.path().join("index");
        std::fs::write(&file, "").unwrap();
        let error = Index::open(&file).map(|_| ()).unwrap_err().to_string();
        assert!(error.contains(&file.display().to_string()), "{error}");
    }
}
