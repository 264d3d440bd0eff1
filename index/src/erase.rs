//! What an erasure needs of the index: whose posts are there, and that nothing of them stays on the disk.

use bus::{AuthorKey, Change, Enriched, PostId};
use tantivy::collector::DocSetCollector;
use tantivy::query::TermQuery;
use tantivy::schema::IndexRecordOption;
use tantivy::{TantivyDocument, Term};

use crate::document;
use crate::error::IndexError;
use crate::store::{Index, IndexConfig};

impl Index {
    /// The posts of an author. For an erasure only: nothing else here asks what one person said.
    ///
    /// # Errors
    /// [`IndexError`].
    pub fn posts_of(&self, author: AuthorKey) -> Result<Vec<PostId>, IndexError> {
        let find = || -> tantivy::Result<Vec<TantivyDocument>> {
            let searcher = self.reader.searcher();
            let term = Term::from_field_bytes(self.fields.author, author.as_bytes());
            let found = searcher.search(&TermQuery::new(term, IndexRecordOption::Basic), &DocSetCollector)?;
            found.into_iter().map(|address| searcher.doc(address)).collect()
        };
        let documents = find().map_err(|reason| IndexError::from_tantivy(&self.dir, &reason))?;
        let post = |stored: &TantivyDocument| document::to_post(&self.fields, stored).map(|post| post.post.id);
        documents.iter().map(|stored| post(stored).map_err(|reason| IndexError::damaged(&self.dir, reason))).collect()
    }

    /// Takes these changes out of the index for good, at the offsets where it is, and says how many posts went.
    ///
    /// # Errors
    /// [`IndexError`], above all when another process writes.
    pub fn erase(&self, config: &IndexConfig, changes: &[Change<Enriched>]) -> Result<u64, IndexError> {
        let before = self.posts();
        let mut writer = self.writer_with(config)?;
        let marks = writer.marks()?;
        for change in changes {
            writer.apply(change)?;
        }
        writer.purge(&marks)?;
        Ok(before.saturating_sub(self.posts()))
    }
}

#[cfg(test)]
mod tests {
    use bus::Offsets;

    use super::*;
    use crate::testing::{author_key, post};

    /// Whether a file in `dir` holds `words`.
    fn holds(dir: &std::path::Path, words: &[u8]) -> bool {
        std::fs::read_dir(dir).unwrap().any(|entry| {
            let bytes = std::fs::read(entry.unwrap().path()).unwrap();
            bytes.windows(words.len()).any(|window| window == words)
        })
    }

    #[test]
    fn of_what_is_erased_nothing_stays_on_the_disk() {
        let dir = tempfile::tempdir().unwrap();
        let index = Index::open(dir.path()).unwrap();
        let offsets = Offsets([(0, 7)].into());
        let mut writer = index.writer().unwrap();
        for number in 0..30 {
            let text = if number == 3 { "zebranolark sings".to_owned() } else { format!("an ordinary post {number}") };
            writer.apply(&Change::Upsert(post(number).text(&text).build())).unwrap();
        }
        writer.commit(&offsets).unwrap();
        drop(writer);
        assert!(holds(dir.path(), b"zebranolark"), "the search finds what is there");

        let gone = index.erase(&IndexConfig::default(), &[Change::Delete(post(3).build().post.id)]).unwrap();
        assert_eq!((gone, index.posts()), (1, 29));
        assert!(!holds(dir.path(), b"zebranolark"));
        let index = Index::open(dir.path()).unwrap();
        assert_eq!(index.writer().unwrap().offsets().unwrap(), offsets, "reading goes on where it was");
        assert_eq!(index.erase(&IndexConfig::default(), &[]).unwrap(), 0, "again changes nothing");
    }

    #[test]
    fn an_authors_posts_are_found_and_erased_together() {
        let dir = tempfile::tempdir().unwrap();
        let index = Index::open(dir.path()).unwrap();
        let mut writer = index.writer().unwrap();
        for number in 0..6 {
            writer.apply(&Change::Upsert(post(number).author(number % 2).build())).unwrap();
        }
        writer.commit(&Offsets::default()).unwrap();
        drop(writer);
        assert_eq!(index.posts_of(author_key(1)).unwrap().len(), 3);
        let gone = index.erase(&IndexConfig::default(), &[Change::EraseAuthor(author_key(1))]).unwrap();
        assert_eq!((gone, index.posts_of(author_key(1)).unwrap().len()), (3, 0));
    }
}
