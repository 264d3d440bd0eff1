//! What stands in the log in the place of a record that is erased: for a post its deletion, so that whoever reads the log
//! again comes to the same; for a dead letter the same letter without its content; for what staff said of it one that says
//! nothing.

use bus::dead_letter::Payload;
use bus::{BusTopic, Change, Correction, DeadLetter, Enriched, Post, PostId, TextHash};

use super::targets::Targets;

/// What is put in the place of the record, or `None` if it stays.
pub fn without(targets: &Targets, topic: BusTopic, payload: &[u8]) -> Option<Vec<u8>> {
    match topic {
        BusTopic::Posts => match Change::<Post>::from_payload(payload) {
            Ok(Change::Upsert(post)) if targets.has(&post) => Some(Change::<Post>::Delete(post.id).to_record().payload),
            Ok(Change::Correct(said)) if targets.has_post(said.post) => {
                Some(Change::<Post>::Delete(said.post).to_record().payload)
            }
            Ok(_) => None,
            Err(_) => targets.are_named_in(payload).then(gone),
        },
        BusTopic::Enriched => match Change::<Enriched>::from_payload(payload) {
            Ok(Change::Upsert(tagged)) if targets.has(&tagged.post) => {
                Some(Change::<Enriched>::Delete(tagged.post.id).to_record().payload)
            }
            Ok(Change::Correct(said)) if targets.has_post(said.post) => {
                Some(Change::<Enriched>::Delete(said.post).to_record().payload)
            }
            Ok(_) => None,
            Err(_) => targets.are_named_in(payload).then(gone),
        },
        BusTopic::Corrections => match serde_json::from_slice::<Correction>(payload) {
            Ok(said) => targets.has_post(said.post).then(nothing_said),
            Err(_) => targets.are_named_in(payload).then(nothing_said),
        },
        BusTopic::DeadLetters => {
            let letter: DeadLetter = match serde_json::from_slice(payload) {
                Ok(letter) => letter,
                Err(_) => return targets.are_named_in(payload).then(gone),
            };
            let goes = match Change::<Post>::from_payload(letter.payload.as_bytes()) {
                Ok(Change::Upsert(post)) => targets.has(&post),
                _ => false,
            };
            let goes = goes || targets.are_named_in(letter.payload.as_bytes());
            goes.then(|| {
                let empty = DeadLetter {
                    reason: "its content was erased".to_owned(),
                    payload: Payload::Text(String::new()),
                    ..letter
                };
                empty.to_record().payload
            })
        }
    }
}

/// A record that changes nothing, in the place of one that no reader could read: the deletion of a post that never was.
fn gone() -> Vec<u8> {
    Change::<Post>::Delete(PostId::from_bytes([0; 16])).to_record().payload
}

/// A correction that corrects nothing, of a post that never was.
fn nothing_said() -> Vec<u8> {
    let (post, text) = (PostId::from_bytes([0; 16]), TextHash::from_bytes([0; 16]));
    Correction { post, text, language: None, sentiment: None, topics: None, places: None }.to_record().payload
}

#[cfg(test)]
mod tests {
    use bus::{Delivered, Ruling, SourceId};
    use civic::erased::Erased;
    use jiff::Timestamp;

    use super::*;

    fn source() -> SourceId {
        "forum".parse().unwrap()
    }

    fn delivered(payload: Vec<u8>) -> Delivered {
        Delivered { partition: 0, offset: 3, appended_at: Timestamp::UNIX_EPOCH, payload }
    }

    #[test]
    fn what_staff_said_of_an_erased_post_goes_with_it() {
        let id = PostId::new(&source(), "1");
        let targets = Targets::of(&Erased { posts: vec![*id.as_bytes()], ..Erased::default() });
        let ruling = Ruling {
            to: None,
            by: "analyst".to_owned(),
            why: "she is my canary".to_owned(),
            at: Timestamp::UNIX_EPOCH,
        };
        let text = TextHash::from_bytes([1; 16]);
        let said = Correction { post: id, text, language: Some(ruling), sentiment: None, topics: None, places: None };
        let left = without(&targets, BusTopic::Corrections, &said.to_record().payload).unwrap();
        assert!(serde_json::from_slice::<Correction>(&left).unwrap().is_empty());
        let travelling = Change::<Post>::Correct(Box::new(said.clone())).to_record().payload;
        let left = without(&targets, BusTopic::Posts, &travelling).unwrap();
        assert_eq!(Change::<Post>::from_payload(&left).unwrap(), Change::Delete(id));
        let other = Correction { post: PostId::new(&source(), "2"), ..said };
        assert_eq!(without(&targets, BusTopic::Corrections, &other.to_record().payload), None);
    }

    #[test]
    fn dead_letters_lose_their_content_and_stay_letters() {
        let id = PostId::new(&source(), "1");
        let targets = Targets::of(&Erased { posts: vec![*id.as_bytes()], ..Erased::default() });
        let damaged = format!("{{\"id\":\"{id}\",\"text\":\"canary").into_bytes();
        let letter = DeadLetter::new(BusTopic::Posts, &delivered(damaged.clone()), "enrich", &"cut: canary");
        let payload = letter.to_record().payload;
        let left = without(&targets, BusTopic::DeadLetters, &payload).unwrap();
        assert!(!String::from_utf8_lossy(&left).contains("canary"));
        let left: DeadLetter = serde_json::from_slice(&left).unwrap();
        assert_eq!((left.offset, left.stage.as_str(), left.reason.as_str()), (3, "enrich", "its content was erased"));

        let left = without(&targets, BusTopic::Posts, &damaged).unwrap();
        assert!(Change::<Post>::from_payload(&left).is_ok(), "whoever reads the log again can go on");
        let other = DeadLetter::new(BusTopic::Posts, &delivered(b"{\"text\":\"other".to_vec()), "enrich", &"cut");
        assert_eq!(without(&targets, BusTopic::DeadLetters, &other.to_record().payload), None);
    }
}
