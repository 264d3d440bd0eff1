//! How the conversation changes: posts come and are edited, are deleted, their tags are corrected, and authors are
//! erased.

use serde::{Deserialize, Serialize, de::DeserializeOwned};

use crate::correction::Correction;
use crate::gap::Gap;
use crate::id::{AuthorKey, PostId};
use crate::post::{Enriched, Post};
use crate::record::Record;

/// One change on its way through the stages. Deletions travel the same road as posts, in order with them.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Change<T> {
    /// A post that is new, or replaces the one with the same id.
    Upsert(T),
    /// The post with this id is gone at its source.
    Delete(PostId),
    /// Everything that this author said is to be removed.
    EraseAuthor(AuthorKey),
    /// What was said at a source in a stretch of time may be missing.
    Gap(Gap),
    /// Staff have corrected the tags of a post.
    Correct(Box<Correction>),
}

/// What the payload of a correction begins with: the name of the variant comes first.
const CORRECT: &[u8] = br#"{"correct":"#;

/// What a [`Change`] can carry: something that is a post and knows its id.
pub trait Carried: Serialize + DeserializeOwned {
    /// The id of the post that it is.
    fn post_id(&self) -> PostId;
}

impl Carried for Post {
    fn post_id(&self) -> PostId {
        self.id
    }
}

impl Carried for Enriched {
    fn post_id(&self) -> PostId {
        self.post.id
    }
}

impl<T: Carried> Change<T> {
    /// The record that carries this change, keyed so that all changes of one post keep their order.
    ///
    /// [`Change::EraseAuthor`] concerns every partition, so its record has no key and [`crate::Bus::append`] puts it
    /// on all of them.
    pub fn to_record(&self) -> Record {
        let key = match self {
            Self::Upsert(carried) => Some(carried.post_id()),
            Self::Delete(id) => Some(*id),
            Self::Gap(gap) => Some(gap.id()),
            Self::Correct(correction) => Some(correction.post),
            Self::EraseAuthor(_) => None,
        };
        let payload = serde_json::to_vec(self).expect("posts hold only strings, numbers and times, which JSON can say");
        Record { key, payload }
    }

    /// Whether a record's payload, as [`Change::to_record`] wrote it, carries [`Change::Correct`]: without reading the rest.
    pub fn is_correction(payload: &[u8]) -> bool {
        payload.starts_with(CORRECT)
    }

    /// The change that a record's payload carries.
    ///
    /// # Errors
    /// When the payload is not such a change; the caller sends the record to the dead letters.
    pub fn from_payload(payload: &[u8]) -> Result<Self, serde_json::Error> {
        serde_json::from_slice(payload)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::id::TextHash;

    #[test]
    fn a_change_survives_the_record_and_keeps_its_key() {
        let id = PostId::from_bytes([3; 16]);
        let record = Change::<Post>::Delete(id).to_record();
        assert_eq!(record.key, Some(id));
        assert_eq!(Change::<Post>::from_payload(&record.payload).unwrap(), Change::Delete(id));
    }

    #[test]
    fn a_correction_is_told_by_how_it_begins() {
        let post = PostId::from_bytes([3; 16]);
        let text = TextHash::from_bytes([4; 16]);
        let correction = Correction { post, text, language: None, sentiment: None, topics: None, places: None };
        let record = Change::<Post>::Correct(Box::new(correction)).to_record();
        assert_eq!(record.key, Some(post));
        assert!(Change::<Post>::is_correction(&record.payload));
        assert!(!Change::<Post>::is_correction(&Change::<Post>::Delete(post).to_record().payload));
    }

    #[test]
    fn an_erasure_has_no_key_because_it_concerns_every_partition() {
        let erase = Change::<Post>::EraseAuthor(AuthorKey::from_bytes([9; 16]));
        assert_eq!(erase.to_record().key, None);
    }
}
