//! What the changes on a bus come to, for somebody who applies them one after another.

use std::collections::{BTreeMap, BTreeSet, HashMap};

use bus::{Change, Gap, Post, PostId};
use jiff::Timestamp;

/// The posts and gaps that are left, and what was sent for nothing.
#[derive(Debug, Default)]
pub(super) struct Ledger {
    pub(super) posts: BTreeMap<PostId, Post>,
    /// How many posts came, new and edited.
    pub(super) upserts: usize,
    /// Posts that came again just as they were.
    pub(super) needless: Vec<String>,
    gaps: BTreeMap<Timestamp, Gap>,
}

impl Ledger {
    /// Applies `changes`. A post may come again as it was, as often as `forgotten` says.
    pub(super) fn of(changes: Vec<Change<Post>>, mut forgotten: HashMap<PostId, usize>) -> Self {
        let mut ledger = Self::default();
        for change in changes {
            match change {
                Change::Upsert(post) => ledger.take(post, &mut forgotten),
                Change::Delete(id) => _ = ledger.posts.remove(&id),
                Change::EraseAuthor(author) => ledger.posts.retain(|_, post| post.author != Some(author)),
                Change::Gap(gap) => _ = ledger.gaps.insert(gap.from, gap),
                // No collector corrects tags.
                Change::Correct(_) => {}
            }
        }
        ledger
    }

    fn take(&mut self, post: Post, forgotten: &mut HashMap<PostId, usize>) {
        self.upserts += 1;
        let same = |known: &Post| (&known.text, &known.title, &known.url) == (&post.text, &post.title, &post.url);
        if self.posts.get(&post.id).is_some_and(same) {
            match forgotten.get_mut(&post.id) {
                Some(times) if *times > 0 => *times -= 1,
                _ => self.needless.push(post.text.clone()),
            }
        }
        self.posts.insert(post.id, post);
    }

    /// Asserts that all of `expected` is here, and nothing but what is `possible`.
    pub(super) fn assert_holds(
        &self,
        expected: impl IntoIterator<Item = String>,
        possible: impl IntoIterator<Item = String>,
    ) {
        let texts: BTreeSet<String> = self.posts.values().map(|post| post.text.clone()).collect();
        assert_eq!(texts.len(), self.posts.len(), "each text is of one post");
        let (expected, possible) = (BTreeSet::from_iter(expected), BTreeSet::from_iter(possible));
        let (lost, false_ones): (Vec<_>, Vec<_>) =
            (expected.difference(&texts).collect(), texts.difference(&possible).collect());
        assert!(lost.is_empty() && false_ones.is_empty(), "lost: {lost:?}, should not be here: {false_ones:?}");
    }

    /// The gaps that were not withdrawn.
    pub(super) fn gaps(&self) -> Vec<&Gap> {
        self.gaps.values().filter(|gap| !gap.is_withdrawn()).collect()
    }
}
