//! Posts that other systems send us: NHS services, Healthwatch offices. Each has a token of its own, and is a source of
//! its own.
//!
//! What is sent goes the way of everything else: handles become pseudonyms here, and the text is redacted at the
//! [`Intake`]. A post keeps its identity by the sender's own id, so that to send it again changes nothing, or updates it.

mod config;
mod item;
mod remembered;

use std::collections::HashSet;
use std::sync::{Mutex, PoisonError};

use blake3::Hash;
use bus::{Change, IdKey, Post, PostId, SourceHealth, SourceId, SourceState};
use jiff::{SignedDuration, Timestamp};
use serde_json::{Value, json};
use thiserror::Error;

pub use self::config::PushConfig;
use self::item::Item;
use self::remembered::{Remembered, Seen};
use crate::clock::Clock;
use crate::health::HealthBoard;
use crate::intake::Intake;

/// The most posts in one request.
pub const MAX_ITEMS: usize = 1_000;

/// The largest body of a request.
pub const MAX_BODY_BYTES: usize = 4 << 20;

/// The most requests of one sender in a minute.
const REQUESTS_A_MINUTE: u32 = 120;

/// So many refused posts are named in an answer; the others are counted.
const REFUSALS_NAMED: usize = 100;

/// Why nothing can be received at all.
#[derive(Debug, Error, PartialEq, Eq)]
#[error("[[ingest.push]] `{sender}`: {reason}")]
pub struct PushError {
    /// The sender that is configured wrong.
    pub sender: SourceId,
    /// Plain words.
    pub reason: String,
}

/// What a sender is answered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Answer {
    /// The HTTP status.
    pub status: u16,
    /// The body, as JSON.
    pub body: Value,
    /// When it may try again, in seconds.
    pub retry_after_s: Option<u32>,
}

impl Answer {
    fn error(status: u16, code: &str, message: impl Into<String>) -> Self {
        let message: String = message.into();
        Self { status, body: json!({ "error": { "code": code, "message": message } }), retry_after_s: None }
    }
}

/// Receives what the configured senders send.
#[derive(Debug)]
pub struct Push {
    senders: Vec<Sender>,
    intake: Intake,
    id_key: IdKey,
    board: HealthBoard,
    clock: Clock,
    remembered: Mutex<Remembered>,
}

/// One sender.
#[derive(Debug)]
struct Sender {
    config: PushConfig,
    /// A hash of its token: comparing hashes takes the same time whatever was sent.
    token: Hash,
    now: Mutex<Now>,
}

/// What a sender did lately, and how it is doing.
#[derive(Debug)]
struct Now {
    minute: Timestamp,
    requests: u32,
    health: SourceHealth,
}

impl Push {
    /// Receives from the senders in `configs`, whose ids must not be those of `others`.
    ///
    /// # Errors
    /// [`PushError`] when a token is not there, or an id is used twice.
    pub fn new(
        configs: &[PushConfig],
        others: &[SourceId],
        intake: Intake,
        id_key: IdKey,
        board: HealthBoard,
    ) -> Result<Self, PushError> {
        let clock = Clock::System;
        let mut used: HashSet<&SourceId> = others.iter().collect();
        let mut senders: Vec<Sender> = Vec::new();
        for config in configs {
            let refuse = |reason: String| PushError { sender: config.source.clone(), reason };
            let token = config.token.read().map_err(refuse)?;
            let token = blake3::hash(token.expose().as_bytes());
            if !used.insert(&config.source) {
                return Err(refuse("this id is used twice: give each source an id of its own".to_owned()));
            }
            if senders.iter().any(|known| known.token == token) {
                return Err(refuse("its token is that of another sender: give each its own".to_owned()));
            }
            let health = config.waiting();
            board.publish(health.clone());
            let now = Mutex::new(Now { minute: clock.now(), requests: 0, health });
            senders.push(Sender { config: config.clone(), token, now });
        }
        Ok(Self { senders, intake, id_key, board, clock, remembered: Mutex::default() })
    }

    /// Receives the posts in `body`. With an `idempotency_key`, the same request gets the same answer for a day, and
    /// nothing is taken in twice.
    pub async fn receive(&self, token: Option<&str>, idempotency_key: Option<&str>, body: &[u8]) -> Answer {
        let (place, sender) = match self.sender(token) {
            Ok(found) => found,
            Err(refused) => return refused,
        };
        let Some(key) = idempotency_key else { return self.take_in(sender, body).await };
        if key.is_empty() || key.len() > 200 {
            return Answer::error(400, "bad_key", "Idempotency-Key is 1 to 200 characters, different for each request");
        }
        let id = (place, key.to_owned());
        let digest = blake3::hash(body);
        match self.lock_remembered().begin(id.clone(), digest, self.clock.now()) {
            Seen::New => {}
            Seen::Answered(answer) => return answer,
            Seen::UnderWay => {
                let message = "a request with this Idempotency-Key is still under way: wait, and send it again";
                return Answer { retry_after_s: Some(1), ..Answer::error(409, "under_way", message) };
            }
            Seen::Other => {
                let message = "this Idempotency-Key was used for another body: use a new key for each request";
                return Answer::error(422, "key_reused", message);
            }
        }
        // Whatever happens to this request, the next one with its key must not wait for it.
        let forget = Forget { push: self, id: Some(id) };
        let answer = self.take_in(sender, body).await;
        forget.settle(&answer);
        answer
    }

    /// Deletes the post that the sender calls `native`.
    pub async fn delete(&self, token: Option<&str>, native: &str) -> Answer {
        let sender = match self.sender(token) {
            Ok((_, sender)) => sender,
            Err(refused) => return refused,
        };
        let id = PostId::new(&sender.config.source, native);
        match self.append(vec![Change::Delete(id)]).await {
            Ok(()) => Answer { status: 202, body: json!({ "deleted": native }), retry_after_s: None },
            Err(refused) => refused,
        }
    }

    /// The sender whose token this is, if it may ask now.
    fn sender(&self, token: Option<&str>) -> Result<(usize, &Sender), Answer> {
        if self.senders.is_empty() {
            let message = "nobody may send posts here: add an [[ingest.push]] with a `source`, a `name` and a `token` to discovery.toml";
            return Err(Answer::error(403, "not_configured", message));
        }
        let wrong =
            || Answer::error(401, "bad_token", "send `Authorization: Bearer` with the token that you were given");
        let token = blake3::hash(token.ok_or_else(wrong)?.as_bytes());
        // All are compared, and each in constant time, so that the time tells nothing.
        let place =
            (0..self.senders.len()).filter(|&place| self.senders[place].token == token).fold(None, |_, p| Some(p));
        let (place, sender) = place.map(|place| (place, &self.senders[place])).ok_or_else(wrong)?;
        if !sender.may_ask(self.clock.now()) {
            let message =
                format!("at most {REQUESTS_A_MINUTE} requests a minute: send up to {MAX_ITEMS} posts in each");
            return Err(Answer { retry_after_s: Some(60), ..Answer::error(429, "too_many_requests", message) });
        }
        Ok((place, sender))
    }

    async fn take_in(&self, sender: &Sender, body: &[u8]) -> Answer {
        let items = match items(body) {
            Ok(items) => items,
            Err(message) => return Answer::error(400, "bad_request", message),
        };
        let now = self.clock.now();
        let mut refused = Vec::new();
        let mut posts: Vec<Post> = Vec::with_capacity(items.len());
        for (index, item) in items.into_iter().enumerate() {
            let id = item.get("id").cloned().unwrap_or(Value::Null);
            match Item::parse(item).and_then(|item| item.into_post(&sender.config, &self.id_key, now)) {
                Ok(post) => posts.push(post),
                Err(reason) => refused.push(json!({ "index": index, "id": id, "reason": reason })),
            }
        }
        let (accepted, refusals) = (posts.len(), refused.len());
        refused.truncate(REFUSALS_NAMED);
        let newest = posts.iter().map(|post| post.created_at).max();
        if let Err(unavailable) = self.append(posts.into_iter().map(Change::Upsert).collect()).await {
            return unavailable;
        }
        self.note(sender, accepted, newest);
        let status = if accepted == 0 && refusals > 0 { 422 } else { 202 };
        let body = json!({ "accepted": accepted, "refused": refusals, "refusals": refused });
        Answer { status, body, retry_after_s: None }
    }

    async fn append(&self, changes: Vec<Change<Post>>) -> Result<(), Answer> {
        let mut pending = self.intake.prepare(changes).await;
        self.intake.deliver(&mut pending).await.map_err(|error| {
            tracing::error!(%error, "the bus did not accept posts that were sent");
            let message = "the posts cannot be kept at the moment: send them again in a minute";
            Answer { retry_after_s: Some(60), ..Answer::error(503, "not_kept", message) }
        })
    }

    /// Shows on the Sources page that the sender works.
    fn note(&self, sender: &Sender, posts: usize, newest: Option<Timestamp>) {
        let mut now = sender.now.lock().unwrap_or_else(PoisonError::into_inner);
        let health = &mut now.health;
        health.state = SourceState::Working;
        health.last_attempt = Some(self.clock.now());
        health.last_success = health.last_attempt;
        health.newest_post = health.newest_post.max(newest);
        health.posts_total += posts as u64;
        if let Some(today) = health.posts_by_day.last_mut() {
            *today += posts as u64;
        }
        self.board.publish(health.clone());
    }

    fn lock_remembered(&self) -> std::sync::MutexGuard<'_, Remembered> {
        self.remembered.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Sender {
    /// Counts a request, and says whether there are not too many.
    fn may_ask(&self, at: Timestamp) -> bool {
        let mut now = self.now.lock().unwrap_or_else(PoisonError::into_inner);
        if at.duration_since(now.minute).abs() >= SignedDuration::from_mins(1) {
            now.minute = at;
            now.requests = 0;
        }
        now.requests = now.requests.saturating_add(1);
        now.requests <= REQUESTS_A_MINUTE
    }
}

/// Forgets a request that ends without an answer, also when its sender hangs up.
struct Forget<'a> {
    push: &'a Push,
    id: Option<(usize, String)>,
}

impl Forget<'_> {
    fn settle(mut self, answer: &Answer) {
        // What failed on our side is worth another try with the same key.
        if answer.status < 500
            && let Some(id) = self.id.take()
        {
            self.push.lock_remembered().settle(&id, answer);
        }
    }
}

impl Drop for Forget<'_> {
    fn drop(&mut self) {
        if let Some(id) = self.id.take() {
            self.push.lock_remembered().forget(&id);
        }
    }
}

/// The posts in a body: one object, a list of them, or a list under `posts`.
fn items(body: &[u8]) -> Result<Vec<Value>, String> {
    if body.len() > MAX_BODY_BYTES {
        return Err(format!("a body is at most {} MiB: send fewer posts at once", MAX_BODY_BYTES >> 20));
    }
    let body: Value = serde_json::from_slice(body).map_err(|error| format!("the body is not JSON: {error}"))?;
    let items = match body {
        Value::Array(items) => items,
        Value::Object(mut object) => match object.remove("posts") {
            Some(Value::Array(items)) => items,
            Some(_) => return Err("`posts` is not a list".to_owned()),
            None => vec![Value::Object(object)],
        },
        _ => return Err("the body is neither a post nor a list of posts".to_owned()),
    };
    if items.len() > MAX_ITEMS {
        return Err(format!("at most {MAX_ITEMS} posts in one request, and there are {}: send several", items.len()));
    }
    Ok(items)
}

#[cfg(test)]
mod tests;
