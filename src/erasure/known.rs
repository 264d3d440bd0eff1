//! What was erased, for every door to the log: what comes again from a source is not taken in.

use std::collections::HashSet;
use std::sync::{Arc, PoisonError, RwLock};

use bus::Post;
use civic::erased::Erased;

/// Pseudonyms and ids. Clones share them, so that a door that is open learns of an erasure at once.
#[derive(Clone, Default)]
pub struct KnownErased(Arc<RwLock<Keys>>);

#[derive(Default)]
struct Keys {
    authors: HashSet<[u8; 16]>,
    posts: HashSet<[u8; 16]>,
}

impl KnownErased {
    /// Adds these.
    pub fn learn(&self, all: impl IntoIterator<Item = Erased>) {
        let mut keys = self.0.write().unwrap_or_else(PoisonError::into_inner);
        for erased in all {
            keys.authors.extend(erased.authors);
            keys.posts.extend(erased.posts);
        }
    }

    /// Whether the post or its author was erased.
    pub fn has(&self, post: &Post) -> bool {
        let keys = self.0.read().unwrap_or_else(PoisonError::into_inner);
        keys.posts.contains(post.id.as_bytes())
            || post.author.is_some_and(|author| keys.authors.contains(author.as_bytes()))
    }
}
