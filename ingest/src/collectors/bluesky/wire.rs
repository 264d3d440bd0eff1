//! What a Jetstream server sends, in both versions of its protocol, as far as we read it.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use thiserror::Error;

/// The kind of record that posts are.
pub(super) const POSTS: &str = "app.bsky.feed.post";

/// One message.
#[derive(Debug, PartialEq)]
pub(super) enum Message {
    /// Something happened in a repository.
    Event(Event),
    /// The server says why it will close the connection.
    Failure(String),
    /// Something that does not concern us.
    Other,
}

/// What happened.
#[derive(Debug, PartialEq)]
pub(super) struct Event {
    /// When the server saw it: a position in the stream.
    pub(super) time: Timestamp,
    /// The account.
    pub(super) did: String,
    pub(super) body: Body,
}

/// What happened to the account or to one of its posts.
#[derive(Debug, PartialEq)]
pub(super) enum Body {
    /// A post is new, or has another content now.
    Written { rkey: String, rev: String, record: Value },
    /// A post is gone.
    Deleted { rkey: String, rev: String },
    /// The account is deactivated, deleted, suspended or taken down.
    AccountGone,
    /// Nothing that changes a post.
    Other,
}

/// Why a message cannot be read.
#[derive(Debug, Error)]
pub(super) enum WireError {
    /// Not JSON, or not with the fields that were expected. The parser's own words may quote what somebody wrote.
    #[error("it is not what was expected, at column {}", .0.column())]
    Json(#[from] serde_json::Error),
    /// No or no sensible time.
    #[error("the event says no time")]
    Time,
}

/// A message of either version.
#[derive(Deserialize)]
struct Raw {
    #[serde(rename = "$type")]
    frame: Option<String>,
    payload: Option<Payload>,
    error: Option<String>,
    did: Option<String>,
    time_us: Option<i64>,
    kind: Option<String>,
    commit: Option<Commit>,
    account: Option<Account>,
}

/// What the second version wraps.
#[derive(Deserialize)]
struct Payload {
    #[serde(rename = "$type")]
    kind: Option<String>,
    did: Option<String>,
    time: Option<Timestamp>,
    #[serde(rename = "witnessedAt")]
    witnessed_at: Option<Timestamp>,
    account: Option<Account>,
    #[serde(flatten)]
    commit: Option<Commit>,
}

#[derive(Deserialize)]
struct Commit {
    operation: String,
    collection: String,
    rkey: String,
    #[serde(default)]
    rev: String,
    #[serde(default)]
    record: Value,
}

#[derive(Deserialize)]
struct Account {
    active: bool,
}

/// Only when the event happened: most events are read no further.
#[derive(Deserialize)]
struct Head {
    time_us: Option<i64>,
    payload: Option<HeadPayload>,
}

#[derive(Deserialize)]
struct HeadPayload {
    time: Option<Timestamp>,
    #[serde(rename = "witnessedAt")]
    witnessed_at: Option<Timestamp>,
}

/// The time of the event with these bytes; `None` for what is no event.
pub(super) fn time_of(json: &[u8]) -> Option<Timestamp> {
    let head: Head = serde_json::from_slice(json).ok()?;
    match head.payload {
        Some(payload) => payload.witnessed_at.or(payload.time),
        None => head.time_us.and_then(|us| Timestamp::from_microsecond(us).ok()),
    }
}

/// The message with these bytes.
///
/// # Errors
/// [`WireError`] for what is no message of Jetstream.
pub(super) fn parse(json: &[u8]) -> Result<Message, WireError> {
    let raw: Raw = serde_json::from_slice(json)?;
    if raw.frame.as_deref() == Some("error") {
        return Ok(Message::Failure(raw.error.unwrap_or_default()));
    }
    let (kind, did, time, commit, account) = if let Some(payload) = raw.payload {
        let kind = payload.kind.unwrap_or_default();
        let kind = kind.rsplit('#').next().unwrap_or_default().to_owned();
        (kind, payload.did, payload.witnessed_at.or(payload.time), payload.commit, payload.account)
    } else {
        let time = raw.time_us.and_then(|us| Timestamp::from_microsecond(us).ok());
        (raw.kind.unwrap_or_default(), raw.did, time, raw.commit, raw.account)
    };
    let body = match (kind.as_str(), commit, account) {
        ("commit", Some(commit), _) => commit.body(),
        ("account", _, Some(account)) if !account.active => Body::AccountGone,
        ("info", ..) => return Ok(Message::Other),
        _ => Body::Other,
    };
    let Some(did) = did.filter(|did| did.starts_with("did:") && did.len() <= 2_048) else { return Ok(Message::Other) };
    Ok(Message::Event(Event { time: time.ok_or(WireError::Time)?, did, body }))
}

impl Commit {
    fn body(self) -> Body {
        let Self { operation, collection, rkey, rev, record } = self;
        if collection != POSTS || rkey.is_empty() || rkey.len() > 512 {
            return Body::Other;
        }
        match operation.as_str() {
            "create" | "update" if record.is_object() => Body::Written { rkey, rev, record },
            "delete" => Body::Deleted { rkey, rev },
            _ => Body::Other,
        }
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn event(value: &Value) -> Event {
        match parse(value.to_string().as_bytes()).unwrap() {
            Message::Event(event) => event,
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn both_versions_say_the_same() {
        let record = json!({"$type": POSTS, "text": "hello", "createdAt": "2026-01-02T03:04:05.000Z"});
        let first = json!({"did": "did:plc:zq", "time_us": 1_767_323_045_000_001_i64, "kind": "commit", "commit":
            {"rev": "r1", "operation": "create", "collection": POSTS, "rkey": "k1", "cid": "c", "record": record}});
        let second = json!({"$type": "message", "payload": {
            "$type": "network.bsky.jetstream.subscribeEvents#commit", "seq": 12, "did": "did:plc:zq",
            "time": "2026-01-02T03:04:05.000001Z", "rev": "r1", "operation": "create", "collection": POSTS,
            "rkey": "k1", "cid": "c", "record": record}});
        assert_eq!(event(&first), event(&second));
        assert_eq!(time_of(first.to_string().as_bytes()), Some(event(&first).time));
        assert_eq!(time_of(second.to_string().as_bytes()), Some(event(&first).time));
        let gone = json!({"did": "did:plc:zq", "time_us": 1_767_323_045_000_001_i64, "kind": "account",
            "account": {"active": false, "status": "deactivated", "did": "did:plc:zq", "seq": 1}});
        assert_eq!(event(&gone).body, Body::AccountGone);
        let gone = json!({"$type": "message", "payload": {
            "$type": "network.bsky.jetstream.subscribeEvents#account", "seq": 13, "did": "did:plc:zq",
            "time": "2026-01-02T03:04:05.000001Z", "account": {"active": false, "status": "takendown"}}});
        assert_eq!(event(&gone).body, Body::AccountGone);
    }

    #[test]
    fn what_does_not_concern_us_is_told_from_what_is_broken() {
        let identity = json!({"did": "did:plc:zq", "time_us": 1, "kind": "identity", "identity": {"handle": "x"}});
        assert_eq!(event(&identity).body, Body::Other);
        let like = json!({"did": "did:plc:zq", "time_us": 1, "kind": "commit", "commit":
            {"operation": "create", "collection": "app.bsky.feed.like", "rkey": "k", "record": {"text": "NHS"}}});
        assert_eq!(event(&like).body, Body::Other);
        let back = json!({"did": "did:plc:zq", "time_us": 1, "kind": "account", "account": {"active": true}});
        assert_eq!(event(&back).body, Body::Other);
        let new_kind = json!({"did": "did:plc:zq", "time_us": 1, "kind": "sparkle"});
        assert_eq!(event(&new_kind).body, Body::Other);
        let failure = br#"{"$type":"error","error":"ConsumerTooSlow","message":"go away"}"#;
        assert_eq!(parse(failure).unwrap(), Message::Failure("ConsumerTooSlow".into()));
        let info = br#"{"$type":"message","payload":{"$type":"x#info","name":"OutdatedCursor"}}"#;
        assert_eq!(parse(info).unwrap(), Message::Other);
        for broken in ["", "{", "[]x", r#"{"did":7}"#, r#"{"did":"did:plc:zq","kind":"commit"}"#] {
            assert!(parse(broken.as_bytes()).is_err(), "{broken}");
            assert_eq!(time_of(broken.as_bytes()), None);
        }
        assert!(parse(br#"{"did":"did:a","time_us":9223372036854775807,"kind":"identity"}"#).is_err());
    }
}
