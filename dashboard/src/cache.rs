//! Answers kept for a moment: many readers of one page cost one question, and a failing store leaves its last answer.

use std::collections::HashMap;
use std::fmt::Display;
use std::future::Future;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::{SignedDuration, Timestamp};

/// How many different questions are kept; beyond that the oldest entry makes room.
const CAPACITY: usize = 64;

/// Answers by question, each asked at most once per `max_age`.
pub struct Cache<V> {
    max_age: SignedDuration,
    slots: Mutex<Slots<V>>,
}

/// An answer with its age.
pub struct Kept<V> {
    /// The answer.
    pub value: Arc<V>,
    /// When it was given.
    pub made_at: Timestamp,
    /// Whether a newer one was asked for in vain, so that this is the last good one.
    pub stale: bool,
}

type Slot<V> = Arc<tokio::sync::Mutex<Option<(Timestamp, Arc<V>)>>>;

struct Slots<V> {
    by_key: HashMap<String, (u64, Slot<V>)>,
    made: u64,
}

impl<V> Cache<V> {
    /// A cache whose answers are good for `max_age`.
    pub fn new(max_age: SignedDuration) -> Self {
        Self { max_age, slots: Mutex::new(Slots { by_key: HashMap::new(), made: 0 }) }
    }

    /// The answer kept for `key`, or else the one that `make` gives. While it is being made, others who ask the same
    /// wait for it. When `make` fails and there is an older answer, that one is returned, and the error is logged here.
    ///
    /// # Errors
    /// The error of `make`, when there is no older answer.
    pub async fn get<E: Display, F>(&self, key: &str, now: Timestamp, make: F) -> Result<Kept<V>, E>
    where
        F: Future<Output = Result<V, E>>,
    {
        let slot = self.slot(key);
        let mut kept = slot.lock().await;
        if let Some((made_at, value)) = &*kept
            && now.duration_since(*made_at).abs() <= self.max_age
        {
            return Ok(Kept { value: Arc::clone(value), made_at: *made_at, stale: false });
        }
        match make.await {
            Ok(value) => {
                let value = Arc::new(value);
                *kept = Some((now, Arc::clone(&value)));
                Ok(Kept { value, made_at: now, stale: false })
            }
            Err(error) => match &*kept {
                Some((made_at, value)) => {
                    tracing::warn!(%error, %made_at, "a store failed; the page shows its last good answer");
                    Ok(Kept { value: Arc::clone(value), made_at: *made_at, stale: true })
                }
                None => Err(error),
            },
        }
    }

    fn slot(&self, key: &str) -> Slot<V> {
        // Nothing in this section can panic half way, so a poisoned map is still whole.
        let mut slots = self.slots.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some((_, slot)) = slots.by_key.get(key) {
            return Arc::clone(slot);
        }
        if slots.by_key.len() >= CAPACITY
            && let Some(oldest) = slots.by_key.iter().min_by_key(|(_, (made, _))| *made).map(|(key, _)| key.clone())
        {
            slots.by_key.remove(&oldest);
        }
        slots.made += 1;
        let (made, slot) = (slots.made, Slot::default());
        slots.by_key.insert(key.to_owned(), (made, Arc::clone(&slot)));
        slot
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    async fn ask(cache: &Cache<i32>, key: &str, second: i64, answer: Result<i32, &str>) -> Result<(i32, bool), String> {
        let answer = answer.map_err(str::to_owned);
        cache.get(key, at(second), async { answer }).await.map(|kept| (*kept.value, kept.stale))
    }

    #[tokio::test]
    async fn an_answer_is_kept_for_its_time_and_outlives_a_failure() {
        let cache = Cache::new(SignedDuration::from_secs(1));
        assert_eq!(ask(&cache, "a", 0, Ok(1)).await, Ok((1, false)));
        assert_eq!(ask(&cache, "a", 1, Ok(2)).await, Ok((1, false)));
        assert_eq!(ask(&cache, "a", 2, Ok(3)).await, Ok((3, false)));
        assert_eq!(ask(&cache, "a", 60, Err("disk")).await, Ok((3, true)));
        assert_eq!(ask(&cache, "b", 60, Err("disk")).await, Err("disk".to_owned()));
        assert_eq!(ask(&cache, "a", 61, Ok(4)).await, Ok((4, false)));
    }

    #[tokio::test]
    async fn the_oldest_question_makes_room() {
        let cache = Cache::new(SignedDuration::from_secs(1));
        for key in 0..=CAPACITY {
            ask(&cache, &key.to_string(), 0, Ok(1)).await.unwrap();
        }
        assert_eq!(ask(&cache, "1", 0, Ok(2)).await, Ok((1, false)));
        assert_eq!(ask(&cache, "0", 0, Ok(2)).await, Ok((2, false)));
    }
}
