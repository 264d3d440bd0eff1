//! Requests of the last day by their idempotency keys, so that the same request gets the same answer.
//!
//! They are kept in memory: after a restart a repeated request is taken in again, which changes nothing, because posts
//! keep their ids.

use std::collections::HashMap;

use blake3::Hash;
use jiff::{SignedDuration, Timestamp};

use super::Answer;

/// A key is remembered for so long ...
const KEPT: SignedDuration = SignedDuration::from_hours(24);

/// ... and the oldest are forgotten earlier, if there are more.
const MAX_KEYS: usize = 2_000;

/// The sender's place and its key.
type Id = (usize, String);

/// Requests by sender and key.
#[derive(Debug, Default)]
pub(super) struct Remembered(HashMap<Id, Entry>);

#[derive(Debug)]
struct Entry {
    body: Hash,
    at: Timestamp,
    /// `None` while the request is under way.
    answer: Option<Answer>,
}

/// What is known of a key.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum Seen {
    /// Nothing: the request is under way from now on.
    New,
    /// The same request was answered.
    Answered(Answer),
    /// It is under way.
    UnderWay,
    /// It was used for another body.
    Other,
}

impl Remembered {
    /// What is known of the key `id`; if nothing is, its request is under way from now on.
    pub(super) fn begin(&mut self, id: Id, body: Hash, now: Timestamp) -> Seen {
        match self.0.get(&id).filter(|entry| now.duration_since(entry.at) < KEPT) {
            Some(entry) if entry.body != body => return Seen::Other,
            Some(Entry { answer: Some(answer), .. }) => return Seen::Answered(answer.clone()),
            Some(_) => return Seen::UnderWay,
            None => {}
        }
        if self.0.len() >= MAX_KEYS {
            self.make_room(now);
        }
        self.0.insert(id, Entry { body, at: now, answer: None });
        Seen::New
    }

    /// Remembers the answer.
    pub(super) fn settle(&mut self, id: &Id, answer: &Answer) {
        if let Some(entry) = self.0.get_mut(id) {
            entry.answer = Some(answer.clone());
        }
    }

    /// Forgets a request that came to nothing.
    pub(super) fn forget(&mut self, id: &Id) {
        self.0.remove(id);
    }

    /// Forgets what is too old, or else the older half.
    fn make_room(&mut self, now: Timestamp) {
        self.0.retain(|_, entry| now.duration_since(entry.at) < KEPT);
        if self.0.len() >= MAX_KEYS {
            let mut times: Vec<Timestamp> = self.0.values().map(|entry| entry.at).collect();
            times.sort_unstable();
            let middle = times[times.len() / 2];
            self.0.retain(|_, entry| entry.at > middle);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn id(key: usize) -> Id {
        (0, key.to_string())
    }

    #[test]
    fn keys_are_remembered_for_a_day_and_in_bounds() {
        let (mut known, start) = (Remembered::default(), Timestamp::UNIX_EPOCH);
        let answer = Answer { status: 202, body: serde_json::Value::Null, retry_after_s: None };
        let (one, two) = (blake3::hash(b"1"), blake3::hash(b"2"));
        assert_eq!(known.begin(id(0), one, start), Seen::New);
        assert_eq!(known.begin(id(0), one, start), Seen::UnderWay);
        known.settle(&id(0), &answer);
        assert_eq!(known.begin(id(0), one, start), Seen::Answered(answer));
        assert_eq!(known.begin(id(0), two, start), Seen::Other);
        assert_eq!(known.begin((1, "0".to_owned()), two, start), Seen::New, "another sender's key");
        assert_eq!(known.begin(id(0), two, start + SignedDuration::from_hours(24)), Seen::New);
        for key in 0..3 * MAX_KEYS {
            let at = start + SignedDuration::from_secs(i64::try_from(key).unwrap());
            let _ = known.begin(id(key), one, at);
            assert!(known.0.len() <= MAX_KEYS);
        }
    }
}
