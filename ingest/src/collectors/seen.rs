//! What a source has given us already, so that it is not sent again unless it was edited.

use std::collections::HashMap;

use bus::{Post, PostId};
use serde::{Deserialize, Serialize};

/// The last posts of a source, each with a hash of its content. Bounded: the ones not seen for longest are forgotten.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Seen(Vec<(PostId, u64)>);

/// A feed has at most 2,000 entries at a time; twice that survives a feed that changes as a whole.
const REMEMBERED: usize = 4_000;

impl Seen {
    /// Keeps of `posts` those that are new or edited, and remembers all of them. Of several with one id the first is
    /// kept.
    pub(super) fn keep_new(&mut self, posts: Vec<Post>) -> Vec<Post> {
        let known: HashMap<PostId, u64> = self.0.iter().copied().collect();
        let mut current: HashMap<PostId, u64> = HashMap::with_capacity(posts.len());
        let mut order = Vec::with_capacity(posts.len());
        let mut new = Vec::new();
        for post in posts {
            let hash = content_hash(&post);
            if current.contains_key(&post.id) {
                continue;
            }
            current.insert(post.id, hash);
            order.push((post.id, hash));
            if known.get(&post.id) != Some(&hash) {
                new.push(post);
            }
        }
        let earlier = self.0.iter().copied().filter(|(id, _)| !current.contains_key(id));
        order.extend(earlier);
        order.truncate(REMEMBERED);
        self.0 = order;
        new
    }

    /// Whether the post is remembered.
    pub(super) fn contains(&self, id: PostId) -> bool {
        self.0.iter().any(|(known, _)| *known == id)
    }

    /// Forgets the post, so that it counts as new if it comes again; whether it was remembered.
    pub(super) fn forget(&mut self, id: PostId) -> bool {
        let before = self.0.len();
        self.0.retain(|(known, _)| *known != id);
        self.0.len() < before
    }
}

/// A hash of everything of a post that its source can change. The time is left out: many feeds change it at each fetch.
fn content_hash(post: &Post) -> u64 {
    let mut hasher = blake3::Hasher::new();
    for part in [Some(&post.text), post.title.as_ref(), post.url.as_ref()] {
        let part = part.map_or("", String::as_str);
        hasher.update(&(part.len() as u64).to_le_bytes());
        hasher.update(part.as_bytes());
    }
    let digest = hasher.finalize();
    u64::from_le_bytes(digest.as_bytes()[..8].try_into().expect("a 32-byte digest has 8 first bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::post;

    #[test]
    fn only_new_and_edited_posts_are_kept() {
        let mut seen = Seen::default();
        assert_eq!(seen.keep_new(vec![post("a"), post("b"), post("a")]).len(), 2);
        assert!(seen.keep_new(vec![post("a"), post("b")]).is_empty());
        let mut edited = post("b");
        edited.text.push_str(", corrected");
        assert_eq!(seen.keep_new(vec![post("a"), edited.clone()]), [edited]);
    }

    #[test]
    fn what_was_forgotten_is_new_again() {
        let mut seen = Seen::default();
        seen.keep_new(vec![post("a"), post("b")]);
        assert!(seen.forget(post("a").id));
        assert!(!seen.forget(post("a").id));
        assert_eq!(seen.keep_new(vec![post("a"), post("b")]), [post("a")]);
    }

    #[test]
    fn memory_is_bounded_and_forgets_the_longest_unseen_first() {
        let mut seen = Seen::default();
        for batch in 0..5 {
            let posts = (0..1_500).map(|n| post(&format!("{batch}-{n}"))).collect();
            assert_eq!(seen.keep_new(posts).len(), 1_500);
        }
        assert_eq!(seen.0.len(), REMEMBERED);
        assert!(seen.keep_new(vec![post("4-0"), post("3-0")]).is_empty());
        assert_eq!(seen.keep_new(vec![post("0-0")]).len(), 1);
    }
}
