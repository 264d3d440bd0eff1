//! Helpers for this crate's tests: a bus that can refuse, posts, sources.

pub(crate) mod server;
pub(crate) mod socket;

use std::collections::HashSet;
use std::sync::Mutex;

use async_trait::async_trait;
use bus::{Bus, BusError, BusTopic, Change, Channel, Gap, IdKey, Lag, Post, PostId, Reader, Record, SourceId};
use jiff::Timestamp;
use tokio::sync::Notify;

use crate::collectors::feed::FeedConfig;
use crate::collectors::{Context, SourceKind};
use crate::fetch::{FetchConfig, Gateway};
use crate::sources::SourceConfig;

/// A bus in memory that refuses chosen appends, as a full disk would. Nobody reads from it.
#[derive(Default)]
pub(crate) struct FlakyBus {
    calls: Mutex<usize>,
    refused: HashSet<usize>,
    refusal: Notify,
    /// How long each append takes.
    takes: std::time::Duration,
    /// Called after each append that was accepted.
    pub(crate) on_accepted: Option<Box<dyn Fn() + Send + Sync>>,
    accepted: Mutex<Vec<Vec<Record>>>,
}

impl FlakyBus {
    /// Refuses the appends with these numbers, from 0.
    pub(crate) fn refusing(calls: impl IntoIterator<Item = usize>) -> Self {
        Self { refused: calls.into_iter().collect(), ..Self::default() }
    }

    /// Takes so long for each append.
    pub(crate) fn slow(takes: std::time::Duration) -> Self {
        Self { takes, ..Self::default() }
    }

    pub(crate) fn batch_sizes(&self) -> Vec<usize> {
        self.accepted.lock().unwrap().iter().map(Vec::len).collect()
    }

    /// Waits until an append is refused.
    pub(crate) async fn refusal(&self) {
        self.refusal.notified().await;
    }

    pub(crate) fn changes(&self) -> Vec<Change<Post>> {
        self.changes_since(0)
    }

    /// The changes after the first `batches`.
    pub(crate) fn changes_since(&self, batches: usize) -> Vec<Change<Post>> {
        let accepted = self.accepted.lock().unwrap();
        accepted[batches..].iter().flatten().map(|record| Change::from_payload(&record.payload).unwrap()).collect()
    }

    pub(crate) fn gaps(&self) -> Vec<Gap> {
        let gap = |change| if let Change::Gap(gap) = change { Some(gap) } else { None };
        self.changes().into_iter().filter_map(gap).collect()
    }

    pub(crate) fn posts(&self) -> Vec<Post> {
        self.changes()
            .into_iter()
            .filter_map(|change| match change {
                Change::Upsert(post) => Some(post),
                Change::Delete(_) | Change::EraseAuthor(_) | Change::Gap(_) | Change::Correct(_) => None,
            })
            .collect()
    }
}

#[async_trait]
impl Bus for FlakyBus {
    async fn append(&self, _: BusTopic, records: Vec<Record>) -> Result<(), BusError> {
        tokio::time::sleep(self.takes).await;
        let mut calls = self.calls.lock().unwrap();
        let call = *calls;
        *calls += 1;
        if self.refused.contains(&call) {
            self.refusal.notify_one();
            return Err(BusError::Storage { path: "/data".into(), reason: "No space left on device".into() });
        }
        self.accepted.lock().unwrap().push(records);
        self.on_accepted.iter().for_each(|accepted| accepted());
        Ok(())
    }

    async fn reader(&self, _: BusTopic, _: &str) -> Result<Box<dyn Reader>, BusError> {
        Err(BusError::Closed)
    }

    async fn lag(&self, _: BusTopic, _: &str) -> Result<Vec<Lag>, BusError> {
        Ok(Vec::new())
    }
}

pub(crate) fn source_id() -> SourceId {
    "test".parse().unwrap()
}

pub(crate) fn post(native: &str) -> Post {
    let at: Timestamp = "2025-03-01T10:00:00Z".parse().unwrap();
    Post {
        id: PostId::new(&source_id(), native),
        source: source_id(),
        channel: Channel::News,
        author: None,
        created_at: at,
        collected_at: at,
        text: format!("text of {native}"),
        title: None,
        url: None,
        language_hint: None,
        place_hint: None,
        event: None,
        attendance: None,
    }
}

pub(crate) fn feed_source(id: &str, url: &str) -> SourceConfig {
    SourceConfig {
        id: id.parse().unwrap(),
        name: id.to_uppercase(),
        channel: Channel::News,
        place: None,
        language: None,
        every: std::time::Duration::from_hours(1),
        kind: SourceKind::Feed(FeedConfig { url: url.parse().unwrap() }),
    }
}

/// What a collector of `source` is built with in tests; its gateway reaches nothing on this machine.
pub(crate) fn context(source: SourceConfig) -> Context {
    Context::new(source, Gateway::new(&FetchConfig::default()).unwrap(), IdKey::new([7; 32]))
}

/// A secret that lies in a file, which is there as long as the directory.
pub(crate) fn secret_file(text: &str) -> (tempfile::TempDir, bus::secret::SecretRef) {
    let dir = tempfile::tempdir().unwrap();
    let path = dir.path().join("secret");
    std::fs::write(&path, text).unwrap();
    let reference = toml::from_str(&format!("file = {path:?}")).unwrap();
    (dir, reference)
}

/// The posts and the ids of the deletions among `changes`.
pub(crate) fn sorted_out(changes: Vec<Change<Post>>) -> (Vec<Post>, Vec<PostId>) {
    let (mut posts, mut deleted) = (Vec::new(), Vec::new());
    for change in changes {
        match change {
            Change::Upsert(post) => posts.push(post),
            Change::Delete(id) => deleted.push(id),
            Change::EraseAuthor(_) | Change::Gap(_) | Change::Correct(_) => panic!("{change:?}"),
        }
    }
    (posts, deleted)
}

/// The value of `key` in the query of `uri`.
pub(crate) fn query(uri: &axum::http::Uri, key: &str) -> Option<String> {
    let pairs = url::form_urlencoded::parse(uri.query().unwrap_or_default().as_bytes());
    pairs.into_owned().find(|(name, _)| name == key).map(|(_, value)| value)
}

/// `time` ago, as sources write it.
pub(crate) fn ago(time: std::time::Duration) -> Timestamp {
    Timestamp::now() - time
}

/// `bytes` with each of `damage` done to it: at a place, a byte is changed, doubled, or all from there on is cut off.
pub(crate) fn damaged(bytes: &[u8], damage: &[(proptest::sample::Index, u8, u8)]) -> Vec<u8> {
    let mut bytes = bytes.to_vec();
    for (place, byte, kind) in damage {
        if bytes.is_empty() {
            break;
        }
        let place = place.index(bytes.len());
        match kind {
            0 => bytes[place] = *byte,
            1 => bytes.insert(place, bytes[place]),
            _ => bytes.truncate(place),
        }
    }
    bytes
}
