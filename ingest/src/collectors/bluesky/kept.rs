//! Which posts and authors we may have. The stream tells of everybody's deletions, ten a second; only those that concern
//! us go on to the bus.

use std::collections::VecDeque;

use base64::Engine;
use base64::prelude::BASE64_STANDARD_NO_PAD;
use bus::{AuthorKey, PostId};
use jiff::{SignedDuration, Timestamp};
use serde::de::{Deserializer, Error};
use serde::{Deserialize, Serialize, Serializer};

/// 128 KiB. With 100,000 posts and authors one deletion in a hundred is sent on for nothing, with 300,000 one in five.
const BITS: u32 = 1 << 20;

/// How many bits stand for one thing (Bloom, "Space/time trade-offs in hash coding with allowable errors", 1970).
const HASHES: u32 = 4;

/// The posts and authors that were kept, as a Bloom filter: it may take what we have not for what we have, never the
/// other way round, so that no deletion is overlooked. It stays within its size, and when it is full it lets all through.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Kept(Vec<u8>);

impl Default for Kept {
    fn default() -> Self {
        Self(vec![0; BITS as usize / 8])
    }
}

impl Kept {
    pub(super) fn add_post(&mut self, id: PostId) {
        self.add(id.as_bytes());
    }

    pub(super) fn add_author(&mut self, author: AuthorKey) {
        self.add(author.as_bytes());
    }

    pub(super) fn may_have_post(&self, id: PostId) -> bool {
        self.may_have(id.as_bytes())
    }

    pub(super) fn may_have_author(&self, author: AuthorKey) -> bool {
        self.may_have(author.as_bytes())
    }

    fn add(&mut self, hash: &[u8; 16]) {
        for (byte, bit) in places(hash) {
            self.0[byte] |= bit;
        }
    }

    fn may_have(&self, hash: &[u8; 16]) -> bool {
        places(hash).all(|(byte, bit)| self.0[byte] & bit != 0)
    }
}

/// The bits for something whose id is itself a hash: each four bytes of it choose one.
fn places(hash: &[u8; 16]) -> impl Iterator<Item = (usize, u8)> {
    let words = hash.chunks_exact(16 / HASHES as usize);
    words.map(|word| {
        let word = u32::from_le_bytes(word.try_into().expect("16 bytes are four times four"));
        let bit = word % BITS;
        ((bit / 8) as usize, 1 << (bit % 8))
    })
}

impl Serialize for Kept {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        // Nothing kept is the common case in a new deployment, and not worth 128 KiB of zeros.
        let used = if self.0.iter().all(|byte| *byte == 0) { &[][..] } else { &self.0 };
        serializer.serialize_str(&BASE64_STANDARD_NO_PAD.encode(used))
    }
}

impl<'de> Deserialize<'de> for Kept {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        let text = String::deserialize(deserializer)?;
        let bytes = BASE64_STANDARD_NO_PAD.decode(text).map_err(D::Error::custom)?;
        match bytes.len() {
            0 => Ok(Self::default()),
            length if length == BITS as usize / 8 => Ok(Self(bytes)),
            _ => Err(D::Error::custom("not a filter of this size")),
        }
    }
}

/// How many changes are remembered as applied: several minutes of a busy day, much more than is ever replayed.
const REMEMBERED: usize = 4_096;

/// Of these, so many of the last are remembered over a restart too: after it a minute is replayed at most.
const STORED_FOR: SignedDuration = SignedDuration::from_mins(2);

/// The changes that were applied last, so that what is replayed after a reconnection or a restart is not sent again.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(transparent)]
pub(super) struct Applied(VecDeque<Change>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Change {
    /// `None` for a change of an account.
    post: Option<PostId>,
    author: AuthorKey,
    /// Which of the changes of this post or account it is; the later one is the greater one.
    revision: String,
    /// When it happened.
    at: Timestamp,
}

impl Applied {
    /// Notes a change that happened at `at`; `false` if it was noted before and is a replay.
    ///
    /// When a change is applied again because it was forgotten, what came after it is forgotten too, so that the replay
    /// of that is applied after it: of a post its later revisions, of an account whatever concerns it.
    pub(super) fn is_new(&mut self, post: Option<PostId>, author: AuthorKey, revision: &str, at: Timestamp) -> bool {
        let known = |other: &Change| other.post == post && other.author == author && other.revision == revision;
        if self.0.iter().any(known) {
            return false;
        }
        self.0.retain(|other| {
            let apart = other.post.is_some() && other.post != post;
            other.author != author || (post.is_some() && (apart || (other.post == post && *other.revision < *revision)))
        });
        self.0.push_back(Change { post, author, revision: revision.to_owned(), at });
        if self.0.len() > REMEMBERED {
            self.0.pop_front();
        }
        true
    }
}

impl Serialize for Applied {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let newest = self.0.iter().map(|change| change.at).max().unwrap_or_default();
        serializer.collect_seq(self.0.iter().filter(|change| newest.duration_since(change.at) <= STORED_FOR))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(n: u32) -> PostId {
        PostId::new(&"s".parse().unwrap(), &n.to_string())
    }

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn everything_kept_is_known_and_little_else_even_after_a_restart() {
        let mut kept = Kept::default();
        (0..50_000).for_each(|n| kept.add_post(id(n)));
        let kept: Kept = serde_json::from_str(&serde_json::to_string(&kept).unwrap()).unwrap();
        assert!((0..50_000).all(|n| kept.may_have_post(id(n))));
        let wrong = (50_000..60_000).filter(|&n| kept.may_have_post(id(n))).count();
        assert!(wrong < 100, "{wrong} of 10,000");
        let empty = serde_json::to_string(&Kept::default()).unwrap();
        assert_eq!(empty, "\"\"");
        assert_eq!(serde_json::from_str::<Kept>(&empty).unwrap(), Kept::default());
    }

    #[test]
    fn a_replay_is_told_and_a_forgotten_beginning_is_replayed_whole() {
        let author = AuthorKey::from_bytes([1; 16]);
        let mut applied = Applied::default();
        assert!(applied.is_new(Some(id(1)), author, "3-create", at(0)));
        assert!(applied.is_new(Some(id(1)), author, "5-edit", at(0)));
        assert!(
            !applied.is_new(Some(id(1)), author, "3-create", at(0))
                && !applied.is_new(Some(id(1)), author, "5-edit", at(0))
        );
        assert!(applied.is_new(Some(id(1)), author, "1-forgotten", at(0)));
        assert!(
            applied.is_new(Some(id(1)), author, "3-create", at(0))
                && applied.is_new(Some(id(1)), author, "5-edit", at(0))
        );
        assert!(applied.is_new(Some(id(2)), author, "6-create", at(0)));
        assert!(applied.is_new(None, author, "7-gone", at(0)) && !applied.is_new(None, author, "7-gone", at(0)));
        assert!(
            applied.is_new(Some(id(2)), author, "6-create", at(0)),
            "what an account said before it went comes again,"
        );
        assert!(applied.is_new(None, author, "7-gone", at(0)), "and then it goes again");
        for n in 10..20_000 {
            applied.is_new(Some(id(n)), AuthorKey::from_bytes([2; 16]), "create", at(0));
        }
        assert_eq!(applied.0.len(), REMEMBERED);
    }

    #[test]
    fn the_last_changes_are_known_after_a_restart() {
        let author = AuthorKey::from_bytes([1; 16]);
        let mut applied = Applied::default();
        for second in 0..300 {
            let post = u32::try_from(second).unwrap();
            assert!(applied.is_new(Some(id(post)), author, "create", at(second)));
        }
        let mut applied: Applied = serde_json::from_str(&serde_json::to_string(&applied).unwrap()).unwrap();
        assert!((180..300).all(|post| !applied.is_new(Some(id(post)), author, "create", at(300))));
        assert!(applied.is_new(Some(id(170)), author, "create", at(300)));
    }
}
