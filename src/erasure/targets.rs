//! Who and what is to be erased.

use std::collections::BTreeSet;
use std::fmt::Write as _;

use anyhow::{Context as _, Result, bail};
use bus::{AuthorKey, Change, IdKey, Post, PostId, SourceId};
use civic::{Record, erased};
use index::{Filter, Index, SearchRequest, Sort};

/// The most posts that a search may erase at once: more is a mistake, or a case for retention.
const MOST_FOUND: u64 = 1_000;

/// People by their pseudonym, posts by their id, and accounts.
#[derive(Clone, Debug, Default)]
pub struct Targets {
    authors: BTreeSet<AuthorKey>,
    posts: BTreeSet<PostId>,
    /// Posts of the authors, as far as the index has them: they are erased with the author.
    theirs: BTreeSet<PostId>,
    /// Accounts that were closed before.
    pub accounts: Vec<[u8; 16]>,
}

/// How somebody says what is to be erased.
#[derive(Clone, Debug, Default)]
pub struct Asked {
    /// The name or id of an author, as the source writes it.
    pub author: Option<String>,
    /// The source of that author.
    pub source: Option<String>,
    /// The pseudonym of an author, where it is known.
    pub key: Option<String>,
    /// Ids of posts, or addresses that end with one.
    pub posts: Vec<String>,
    /// What a search finds.
    pub text: Option<String>,
    /// Everything that was ever erased.
    pub again: bool,
}

impl Targets {
    /// What is asked for. `id_key` gives the key of the pseudonyms, where an author is named.
    ///
    /// # Errors
    /// When it names nothing that can be, or the index cannot be read.
    pub async fn find(
        record: &Record,
        index: &Index,
        asked: &Asked,
        id_key: impl FnOnce() -> Result<IdKey>,
    ) -> Result<Self> {
        let mut targets = Self::default();
        if let Some(handle) = &asked.author {
            let source: SourceId = asked.source.as_deref().context("name the source of the author")?.parse()?;
            targets.authors.insert(AuthorKey::new(&id_key()?, &source, handle));
        }
        if let Some(key) = &asked.key {
            targets.authors.insert(key.parse().ok().with_context(|| format!("`{key}` is no pseudonym"))?);
        }
        for id in &asked.posts {
            let last = id.rsplit('/').next().unwrap_or_default();
            targets.posts.insert(last.parse().ok().with_context(|| format!("`{id}` is no id of a post"))?);
        }
        if let Some(words) = &asked.text {
            targets.posts.extend(found(index, words).await?);
        }
        if asked.again {
            let known = Self::of(&record.read_now(erased::all)?);
            targets.authors.extend(known.authors);
            targets.posts.extend(known.posts);
            targets.accounts.extend(known.accounts);
        }
        targets.look_up(index)?;
        if targets.is_empty() {
            bail!("nothing was found to erase: check the name, the id or the words");
        }
        Ok(targets)
    }

    /// What was noted, with the posts of its authors.
    ///
    /// # Errors
    /// When the index cannot be read.
    pub fn noted_as(erased: &erased::Erased, index: &Index) -> Result<Self> {
        let mut targets = Self::of(erased);
        targets.look_up(index)?;
        Ok(targets)
    }

    fn look_up(&mut self, index: &Index) -> Result<()> {
        for author in &self.authors {
            self.theirs.extend(index.posts_of(*author)?);
        }
        Ok(())
    }

    /// People and posts that were noted as erased.
    pub fn of(erased: &erased::Erased) -> Self {
        Self {
            authors: erased.authors.iter().copied().map(AuthorKey::from_bytes).collect(),
            posts: erased.posts.iter().copied().map(PostId::from_bytes).collect(),
            theirs: BTreeSet::new(),
            accounts: erased.accounts.clone(),
        }
    }

    /// Whether nothing is named, or nothing is known of what is named.
    pub fn is_empty(&self) -> bool {
        self.authors.is_empty() && self.posts.is_empty() && self.accounts.is_empty()
    }

    /// The pseudonyms, as the record writes them.
    pub fn authors(&self) -> Vec<String> {
        self.authors.iter().map(ToString::to_string).collect()
    }

    /// How many people and posts are named.
    pub fn counts(&self) -> (usize, usize) {
        (self.authors.len(), self.posts.len())
    }

    /// What is kept of them, so that it stays erased.
    pub fn noted(&self) -> erased::Erased {
        erased::Erased {
            authors: self.authors.iter().map(|author| *author.as_bytes()).collect(),
            posts: self.posts.iter().map(|post| *post.as_bytes()).collect(),
            accounts: self.accounts.clone(),
        }
    }

    /// The posts: those named, and those of the people named.
    pub fn posts(&self) -> Vec<PostId> {
        self.posts.union(&self.theirs).copied().collect()
    }

    /// The same as changes.
    pub fn changes<T>(&self) -> Vec<Change<T>> {
        let posts = self.posts().into_iter().map(Change::Delete);
        posts.chain(self.authors.iter().map(|author| Change::EraseAuthor(*author))).collect()
    }

    /// Whether this post goes.
    pub fn has(&self, post: &Post) -> bool {
        self.posts.contains(&post.id) || post.author.is_some_and(|author| self.authors.contains(&author))
    }

    /// Whether the post with this id goes, as far as that is known of its id alone.
    pub fn has_post(&self, id: PostId) -> bool {
        self.posts.contains(&id) || self.theirs.contains(&id)
    }

    /// Whether bytes that cannot be read as a record name somebody or something of it.
    pub fn are_named_in(&self, bytes: &[u8]) -> bool {
        let text = String::from_utf8_lossy(bytes);
        let ids = self.posts.iter().chain(&self.theirs).map(ToString::to_string);
        ids.chain(self.authors.iter().map(ToString::to_string)).any(|id| text.contains(&id))
    }

    /// What was found, for who is asked.
    pub fn preview(&self) -> String {
        let mut text = String::new();
        let (people, posts) = self.counts();
        if people > 0 {
            let _ = writeln!(text, "{people} people, with {} posts that can be searched now", self.theirs.len());
        }
        if posts > 0 {
            let _ = writeln!(text, "{posts} single posts");
        }
        if !self.accounts.is_empty() {
            let _ = writeln!(text, "{} accounts that were closed before", self.accounts.len());
        }
        let _ =
            writeln!(text, "They go from the log, the dead letters, the index, the trends and the lists of issues,");
        let _ = writeln!(
            text,
            "and are not taken in again. Files that were handed in by a watched folder stay where they are."
        );
        text
    }
}

/// The posts that a search finds.
async fn found(index: &Index, words: &str) -> Result<Vec<PostId>> {
    let mut ids = Vec::new();
    for page in 1.. {
        let filter = Filter { query: words.to_owned(), ..Filter::default() };
        let found = index.searcher().search(SearchRequest { filter, sort: Sort::Newest, page, per_page: 100 }).await?;
        if found.total > MOST_FOUND {
            bail!("the search finds {} posts, more than {MOST_FOUND}: narrow it", found.total);
        }
        let before = ids.len();
        ids.extend(found.hits.iter().map(|hit| hit.post.post.id));
        if ids.len() == before || ids.len() as u64 >= found.total {
            break;
        }
    }
    Ok(ids)
}
