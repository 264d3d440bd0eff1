//! What a feed has given us already, so that it is not sent again unless it was edited, even if the feed names its
//! entries anew at every fetch.

use std::collections::{HashMap, HashSet};

use bus::{Post, PostId};
use serde::{Deserialize, Serialize};

use super::identity::{self, Traits};

/// The last entries of a feed, those of the last document first. Bounded: the ones not seen for longest are forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Known {
    entries: Vec<Entry>,
    /// How many of them were in the last document.
    current: usize,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    id: PostId,
    #[serde(rename = "c")]
    content: u64,
    #[serde(flatten)]
    traits: Traits,
}

/// A feed that shows few entries may show an old one again; a feed that shows many is remembered for twice as many more.
fn remembered(current: usize) -> usize {
    const AT_LEAST: usize = 200;
    const AT_MOST: usize = 4_000;
    (3 * current).clamp(AT_LEAST, AT_MOST)
}

/// What was kept of a document.
pub(super) struct Kept {
    /// The posts that are new or edited.
    pub(super) new: Vec<Post>,
    /// Whether any post of the document was known from before, edited or not.
    pub(super) any_known: bool,
}

impl Known {
    /// Keeps of `posts`, the content of a document, those that are new or edited, and remembers all of them. Of several
    /// with one id the first is kept. A post that the feed has only given another name keeps its first id.
    pub(super) fn keep_new(&mut self, posts: Vec<(Post, Traits)>) -> Kept {
        let mut any_known = false;
        let mut missing = Missing::of(self, &posts);
        let before: HashMap<PostId, u64> = self.entries.iter().map(|entry| (entry.id, entry.content)).collect();
        let mut current = HashSet::with_capacity(posts.len());
        let mut entries = Vec::with_capacity(posts.len());
        let mut new = Vec::new();
        for (mut post, traits) in posts {
            let mut content = content_hash(&post);
            if !before.contains_key(&post.id)
                && let Some(entry) = missing.take(&traits)
            {
                post.id = entry.id;
                if entry.traits.has_same_words(&traits) {
                    // Only the address was renamed with the entry, which is no edit.
                    content = entry.content;
                }
            }
            if !current.insert(post.id) {
                continue;
            }
            entries.push(Entry { id: post.id, content, traits });
            any_known |= before.contains_key(&post.id);
            if before.get(&post.id) != Some(&content) {
                new.push(post);
            }
        }
        self.current = entries.len();
        entries.extend(self.entries.iter().filter(|entry| !current.contains(&entry.id)));
        entries.truncate(remembered(self.current));
        self.entries = entries;
        Kept { new, any_known }
    }

    /// Keeps of `posts`, which come from older pages, those that are not known, and remembers them as long as there is
    /// room. They must not push out what the first page shows.
    pub(super) fn keep_new_older(&mut self, posts: Vec<(Post, Traits)>) -> Vec<Post> {
        let mut known: HashSet<PostId> = self.entries.iter().map(|entry| entry.id).collect();
        let new: Vec<(Post, Traits)> = posts.into_iter().filter(|(post, _)| known.insert(post.id)).collect();
        let room = remembered(self.current).saturating_sub(self.entries.len());
        let entry =
            |(post, traits): &(Post, Traits)| Entry { id: post.id, content: content_hash(post), traits: *traits };
        self.entries.extend(new.iter().take(room).map(entry));
        new.into_iter().map(|(post, _)| post).collect()
    }
}

/// Entries that are known, but that the new document does not name.
struct Missing {
    by_title: HashMap<u32, Vec<Entry>>,
    by_body: HashMap<u32, Vec<Entry>>,
    taken: HashSet<PostId>,
    /// Whether the feed seems to rename its entries: hardly any name of the last document is in the new one.
    renames: bool,
}

impl Missing {
    fn of(known: &Known, posts: &[(Post, Traits)]) -> Self {
        let named: HashSet<PostId> = posts.iter().map(|(post, _)| post.id).collect();
        let last = known.entries.iter().take(known.current);
        let stayed = last.filter(|entry| named.contains(&entry.id)).count();
        let mut by_title: HashMap<u32, Vec<Entry>> = HashMap::new();
        let mut by_body: HashMap<u32, Vec<Entry>> = HashMap::new();
        for entry in known.entries.iter().filter(|entry| !named.contains(&entry.id)) {
            for list in [by_title.entry(entry.traits.title).or_default(), by_body.entry(entry.traits.body).or_default()]
            {
                if list.len() < MOST_ALIKE {
                    list.push(*entry);
                }
            }
        }
        Self { by_title, by_body, taken: HashSet::new(), renames: 2 * stayed < known.current }
    }

    /// A missing entry that is the one with `traits`. Each is given once.
    fn take(&mut self, traits: &Traits) -> Option<Entry> {
        let alike = self.by_title.get(&traits.title).into_iter().chain(self.by_body.get(&traits.body)).flatten();
        let found = *alike
            .filter(|entry| !self.taken.contains(&entry.id))
            .find(|entry| entry.traits.is_same_entry(traits, self.renames))?;
        self.taken.insert(found.id);
        Some(found)
    }
}

/// So many entries with one title are compared with a new one.
const MOST_ALIKE: usize = 64;

/// A hash of everything of a post that its source can change. The time is left out: many feeds change it at each fetch.
fn content_hash(post: &Post) -> u64 {
    let url = post.url.as_deref().map(identity::canonical);
    let mut hasher = blake3::Hasher::new();
    for part in [Some(&post.text), post.title.as_ref(), url.as_ref()] {
        let part = part.map_or("", String::as_str);
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    u64::from_le_bytes(digest.as_bytes()[..8].try_into().expect("a 32-byte digest has 8 first bytes"))
}

#[cfg(test)]
mod tests {
    use super::super::adapt::Item;
    use super::*;
    use crate::testing::post;

    fn posts(names: impl IntoIterator<Item = String>) -> Vec<(Post, Traits)> {
        let item = |name: &str| Item { title: Some(name.to_owned()), ..Item::default() };
        names.into_iter().map(|name| (post(&name), Traits::of(&item(&name)))).collect()
    }

    fn named(names: &[&str]) -> Vec<(Post, Traits)> {
        posts(names.iter().map(|name| (*name).to_owned()))
    }

    #[test]
    fn only_new_and_edited_posts_are_kept() {
        let mut known = Known::default();
        let first = known.keep_new(named(&["a", "b", "a"]));
        assert_eq!((first.new.len(), first.any_known), (2, false));
        let second = known.keep_new(named(&["a", "b"]));
        assert_eq!((second.new.len(), second.any_known), (0, true));
        let mut edited = named(&["z", "b"]);
        edited[1].0.text.push_str(", corrected");
        assert_eq!(known.keep_new(edited).new.len(), 2);
    }

    #[test]
    fn memory_is_bounded_and_older_pages_do_not_push_out_the_first() {
        let mut known = Known::default();
        for batch in 0..5 {
            known.keep_new(posts((0..1_500).map(|n| format!("{batch}-{n}"))));
        }
        assert_eq!(known.entries.len(), 4_000);
        assert!(known.keep_new(named(&["4-0", "3-0"])).new.is_empty());
        assert_eq!(known.entries.len(), 200, "a feed that shows little is remembered for little");
        assert_eq!(known.keep_new_older(named(&["older", "4-0", "older"])).len(), 1);
        assert_eq!((known.entries.len(), known.entries[0].id), (200, post("4-0").id));
    }
}
