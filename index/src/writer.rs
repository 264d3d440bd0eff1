//! The one writer of an index.

use std::collections::HashSet;
use std::ops::Bound;
use std::time::Duration;

use bus::{Change, Correction, Enriched, Marks, Offsets, PostId, failpoint};
use jiff::Timestamp;
use tantivy::collector::DocSetCollector;
use tantivy::indexer::{IndexWriterOptions, LogMergePolicy, NoMergePolicy};
use tantivy::query::{BooleanQuery, Query, RangeQuery, TermQuery};
use tantivy::schema::IndexRecordOption;
use tantivy::{TantivyDocument, Term};

use crate::document;
use crate::error::IndexError;
use crate::retention::Retention;
use crate::store::{Index, IndexConfig};

/// Segments in which more than this part is deleted are merged, so that what was deleted also leaves the disk.
const MOST_DELETED: f32 = 0.2;

/// How often, and how many times, it is looked whether searches that hold old files have ended: for half a minute.
const SWEEP_EVERY: Duration = Duration::from_millis(100);
const SWEEPS: u32 = 300;

/// What Tantivy accepts: so many threads, and so many bytes of memory for each.
const MOST_THREADS: usize = 8;
const LEAST_BYTES: usize = 15_000_000;
const MOST_BYTES: usize = 4_000_000_000;

/// The one writer of an index. Changes become durable and searchable together, at [`IndexWriter::commit`]; what was
/// not committed vanishes with the writer, and the offsets of the last commit say where to read on.
pub struct IndexWriter {
    index: Index,
    tantivy: tantivy::IndexWriter<TantivyDocument>,
    json: Vec<u8>,
    touched: Touched,
}

/// Which posts are not in the index as the last commit shows them.
#[derive(Default)]
struct Touched {
    posts: HashSet<PostId>,
    /// An author was erased since: any post may be gone.
    erased: bool,
}

impl IndexWriter {
    /// Takes the lock of the index directory.
    pub(crate) fn open(index: Index, config: &IndexConfig) -> Result<Self, IndexError> {
        let threads = config.writer_threads.get().min(MOST_THREADS);
        let options = IndexWriterOptions::builder()
            .num_worker_threads(threads)
            .memory_budget_per_thread((config.writer_memory_bytes / threads).clamp(LEAST_BYTES, MOST_BYTES))
            .num_merge_threads(1)
            .build();
        let tantivy = index
            .tantivy
            .writer_with_options(options)
            .map_err(|reason| IndexError::from_tantivy(&index.dir, &reason))?;
        tantivy.set_merge_policy(Box::new(merges()));
        Ok(Self { index, tantivy, json: Vec::new(), touched: Touched::default() })
    }

    /// The offsets of the last commit: where reading goes on.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] when they cannot be read.
    pub fn offsets(&self) -> Result<Offsets, IndexError> {
        Ok(self.marks()?.offsets())
    }

    /// The same, with what the log is known by.
    ///
    /// # Errors
    /// [`IndexError::Damaged`] when they cannot be read.
    pub fn marks(&self) -> Result<Marks, IndexError> {
        let metas = self.index.tantivy.load_metas().map_err(|reason| self.failed(&reason))?;
        match metas.payload {
            None => Ok(Marks::default()),
            Some(payload) => serde_json::from_str(&payload).map_err(|reason| {
                IndexError::damaged(&self.index.dir, format!("its offsets are unreadable: {reason}"))
            }),
        }
    }

    /// Whether what was applied must be committed before this change can be: a correction needs the post as it is now, and
    /// only what was committed can be read.
    pub fn must_commit_before(&self, change: &Change<Enriched>) -> bool {
        let touched = |id| self.touched.erased || self.touched.posts.contains(id);
        matches!(change, Change::Correct(correction) if touched(&correction.post))
    }

    /// Applies one change, after a commit where [`IndexWriter::must_commit_before`] says so; it is searchable after the next
    /// commit.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn apply(&mut self, change: &Change<Enriched>) -> Result<(), IndexError> {
        match change {
            Change::Upsert(post) => self.replace(post)?,
            Change::Delete(id) => self.delete(*id),
            Change::Correct(correction) => self.correct(correction)?,
            Change::EraseAuthor(author) => {
                self.touched.erased = true;
                self.tantivy.delete_term(Term::from_field_bytes(self.index.fields.author, author.as_bytes()));
            }
            // Nothing to search for: the pages show gaps from the health of sources.
            Change::Gap(_) => {}
        }
        Ok(())
    }

    /// Makes all changes durable and searchable, with `offsets` in the same commit.
    ///
    /// # Errors
    /// [`IndexError`]; the changes since the last commit are then not durable, and reading must go on from
    /// [`IndexWriter::offsets`].
    pub fn commit(&mut self, offsets: &Offsets) -> Result<(), IndexError> {
        self.commit_at(&offsets.into())
    }

    /// The same, with what the log is known by.
    ///
    /// # Errors
    /// Those of [`IndexWriter::commit`].
    pub fn commit_at(&mut self, marks: &Marks) -> Result<(), IndexError> {
        let payload = serde_json::to_string(marks).expect("offsets are numbers, which JSON can say");
        self.commit_payload(&payload).map_err(|reason| self.failed(&reason))?;
        self.touched = Touched::default();
        Ok(())
    }

    /// Ends the writer once the merges that run are done.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn wait_for_merges(self) -> Result<(), IndexError> {
        let dir = std::sync::Arc::clone(&self.index.dir);
        self.tantivy.wait_merging_threads().map_err(|reason| IndexError::from_tantivy(&dir, &reason))?;
        self.index.reader.reload().map_err(|reason| IndexError::from_tantivy(&dir, &reason))
    }

    /// Commits, then writes anew every segment from which something was deleted, and removes the old files: of what was deleted
    /// nothing stays on the disk.
    ///
    /// # Errors
    /// [`IndexError`]; what was deleted cannot be found in any case, once it is committed.
    pub fn purge(mut self, marks: &Marks) -> Result<(), IndexError> {
        // A merge of Tantivy's own choice would take away segments that are about to be merged here.
        self.tantivy.set_merge_policy(Box::new(NoMergePolicy));
        self.commit_at(marks)?;
        self.purge_segments().map_err(|reason| self.failed(&reason))?;
        self.wait_for_merges()
    }

    /// Takes out what is older than `retention` permits at `now`, and writes the segments anew that held it. Commits what was
    /// applied, at `offsets`. Says how many posts went.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn expire(&mut self, retention: &Retention, now: Timestamp, marks: &Marks) -> Result<u64, IndexError> {
        let before = self.index.posts();
        for (channel, cutoff) in retention.cutoffs(now) {
            let of_channel = TermQuery::new(
                Term::from_field_text(self.index.fields.channel, channel.slug()),
                IndexRecordOption::Basic,
            );
            let end = Term::from_field_i64(self.index.fields.created, cutoff.as_millisecond());
            let too_old = RangeQuery::new(Bound::Unbounded, Bound::Excluded(end));
            let both: Vec<Box<dyn Query>> = vec![Box::new(of_channel), Box::new(too_old)];
            self.tantivy
                .delete_query(Box::new(BooleanQuery::intersection(both)))
                .map_err(|reason| self.failed(&reason))?;
        }
        // A merge of Tantivy's own choice would take away segments that are about to be merged here.
        self.tantivy.set_merge_policy(Box::new(NoMergePolicy));
        self.commit_at(marks)?;
        let merged = self.merge_touched();
        self.tantivy.set_merge_policy(Box::new(merges()));
        merged.map_err(|reason| self.failed(&reason))?;
        Ok(before.saturating_sub(self.index.posts()))
    }

    fn purge_segments(&mut self) -> tantivy::Result<()> {
        self.merge_touched()?;
        for _ in 0..SWEEPS {
            self.tantivy.garbage_collect_files().wait()?;
            if !self.has_old_files()? {
                return Ok(());
            }
            // A search that began before holds the old files; it ends within seconds.
            std::thread::park_timeout(SWEEP_EVERY);
        }
        Err(tantivy::TantivyError::SystemError("searches hold files of what was deleted: try again".to_owned()))
    }

    /// Writes every segment anew from which something was deleted.
    fn merge_touched(&mut self) -> tantivy::Result<()> {
        for _ in 0..SWEEPS {
            // A description of a segment that lives keeps its files from being removed, so only ids are kept here.
            let metas = self.index.tantivy.searchable_segment_metas()?.into_iter();
            let touched: Vec<_> = metas.filter(tantivy::SegmentMeta::has_deletes).map(|meta| meta.id()).collect();
            if touched.is_empty() {
                break;
            }
            for segment in touched {
                match self.tantivy.merge(&[segment]).wait() {
                    Ok(_) => {}
                    // A merge that began before has the segment; what comes of it is looked at next.
                    Err(tantivy::TantivyError::InvalidArgument(_)) => std::thread::park_timeout(SWEEP_EVERY),
                    Err(error) => return Err(error),
                }
            }
        }
        self.index.reader.reload()?;
        self.tantivy.garbage_collect_files().wait()?;
        Ok(())
    }

    /// Whether files of segments lie there that no longer belong to the index.
    fn has_old_files(&self) -> tantivy::Result<bool> {
        let ids: HashSet<String> =
            self.index.tantivy.searchable_segment_metas()?.iter().map(|meta| meta.id().uuid_string()).collect();
        let files = std::fs::read_dir(&*self.index.dir)?;
        let names = files.map(|file| Ok(file?.file_name().to_string_lossy().into_owned()));
        let names: Vec<String> = names.collect::<std::io::Result<_>>()?;
        let is_old = |name: &String| {
            let of = name.split('.').next().unwrap_or_default();
            of.len() == 32 && of.chars().all(|c| c.is_ascii_hexdigit()) && !ids.contains(of)
        };
        Ok(names.iter().any(is_old))
    }

    fn commit_payload(&mut self, payload: &str) -> tantivy::Result<()> {
        failpoint::reached("index.before-commit");
        let mut prepared = self.tantivy.prepare_commit()?;
        prepared.set_payload(payload);
        failpoint::reached("index.prepared");
        prepared.commit()?;
        failpoint::reached("index.after-commit");
        self.index.reader.reload()
    }

    fn replace(&mut self, post: &Enriched) -> Result<(), IndexError> {
        // Measured: of 32 us of CPU a post, looking for the old one takes 2. A list of the ids that are surely
        // new would save at most that.
        self.delete(post.post.id);
        let document = document::from_post(&self.index.fields, post, &mut self.json);
        self.tantivy.add_document(document).map(|_| ()).map_err(|reason| self.failed(&reason))
    }

    fn delete(&mut self, id: PostId) {
        self.touched.posts.insert(id);
        self.tantivy.delete_term(self.id_term(id));
    }

    /// Sets the tags of the post that is there. One that is not there yet brings them with it, and one that is gone stays so.
    fn correct(&mut self, correction: &Correction) -> Result<(), IndexError> {
        debug_assert!(
            !self.must_commit_before(&Change::Correct(Box::new(correction.clone()))),
            "the post cannot be read yet"
        );
        if let Some(mut post) = self.committed(correction.post)?
            && correction.apply(&mut post)
        {
            self.replace(&post)?;
        }
        Ok(())
    }

    /// The post as the last commit shows it.
    fn committed(&self, id: PostId) -> Result<Option<Enriched>, IndexError> {
        let searcher = self.index.reader.searcher();
        let query = TermQuery::new(self.id_term(id), IndexRecordOption::Basic);
        let found = searcher.search(&query, &DocSetCollector).map_err(|reason| self.failed(&reason))?;
        let Some(address) = found.into_iter().next() else { return Ok(None) };
        let document: TantivyDocument = searcher.doc(address).map_err(|reason| self.failed(&reason))?;
        let damaged = |reason| IndexError::damaged(&self.index.dir, reason);
        document::to_post(&self.index.fields, &document).map(Some).map_err(damaged)
    }

    fn id_term(&self, id: PostId) -> Term {
        Term::from_field_bytes(self.index.fields.id, id.as_bytes())
    }

    fn failed(&self, reason: &tantivy::TantivyError) -> IndexError {
        IndexError::from_tantivy(&self.index.dir, reason)
    }
}

fn merges() -> LogMergePolicy {
    let mut merges = LogMergePolicy::default();
    merges.set_del_docs_ratio_before_merge(MOST_DELETED);
    merges
}

#[cfg(test)]
mod tests;
