//! Dead letters: records that a stage could not process, kept with their reason until somebody looks.

use std::fmt::Display;

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::change::Change;
use crate::id::PostId;
use crate::log::{Bus, BusError, BusTopic};
use crate::post::{Enriched, Post};
use crate::record::{Delivered, Offset, Partition, Record};
use crate::walk::Walk;

/// The group that remembers which dead letters were replayed.
const REPLAY_GROUP: &str = "dead-letter-replay";
/// Reasons are cut here, in characters, so that a letter always fits into its bus topic.
const MAX_REASON: usize = 500;

/// A record that could not be processed, why, and where it came from.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct DeadLetter {
    /// The bus topic that the record was read from.
    pub topic: BusTopic,
    /// The partition there.
    pub partition: Partition,
    /// Its position there.
    pub offset: Offset,
    /// The stage that could not process it ("enrich").
    pub stage: String,
    /// Why not, in words. It may quote the record, so that it has no place in the logs.
    pub reason: String,
    /// When it was given up (UTC).
    pub at: Timestamp,
    /// What the record held.
    pub payload: Payload,
}

/// The content of a record: readable where it is text, and exact in any case.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Payload {
    /// As it was.
    Text(String),
    /// Bytes that are not UTF-8, in base64.
    #[serde(with = "base64_text")]
    Base64(Vec<u8>),
}

impl Payload {
    /// The bytes of the record.
    pub fn as_bytes(&self) -> &[u8] {
        match self {
            Self::Text(text) => text.as_bytes(),
            Self::Base64(bytes) => bytes,
        }
    }
}

impl From<&[u8]> for Payload {
    fn from(bytes: &[u8]) -> Self {
        std::str::from_utf8(bytes).map_or_else(|_| Self::Base64(bytes.to_vec()), |text| Self::Text(text.to_owned()))
    }
}

impl DeadLetter {
    /// The letter about `record` of `topic`, which `stage` gives up now for this `reason`.
    pub fn new(topic: BusTopic, record: &Delivered, stage: &str, reason: &dyn Display) -> Self {
        Self {
            topic,
            partition: record.partition,
            offset: record.offset,
            stage: stage.to_owned(),
            reason: reason.to_string().chars().take(MAX_REASON).collect(),
            at: Timestamp::now(),
            payload: record.payload.as_slice().into(),
        }
    }

    /// The record that carries the letter. Letters about one record lie in one partition.
    pub fn to_record(&self) -> Record {
        let origin = format!("{}/{}/{}", self.topic.name(), self.partition, self.offset);
        let payload =
            serde_json::to_vec(self).expect("a letter holds only text, numbers and a time, which JSON can say");
        Record { key: Some(hashed(origin.as_bytes())), payload }
    }

    /// The letter that `record` carries. One that cannot be read becomes a letter about itself, so that it is seen.
    fn from_record(record: &Delivered) -> Self {
        serde_json::from_slice(&record.payload).unwrap_or_else(|error| Self {
            at: record.appended_at,
            ..Self::new(BusTopic::DeadLetters, record, "dead letters", &error)
        })
    }

    /// The record to append to its bus topic again, keyed as it was.
    fn original(&self) -> Record {
        let payload = self.payload.as_bytes();
        let key = match self.topic {
            BusTopic::Posts => Change::<Post>::from_payload(payload).ok().map(|change| change.to_record().key),
            BusTopic::Enriched => Change::<Enriched>::from_payload(payload).ok().map(|change| change.to_record().key),
            BusTopic::DeadLetters | BusTopic::Corrections => None,
        };
        // What is not a change has no key to be found; it must lie in one partition all the same, not in every one.
        Record { key: key.unwrap_or_else(|| Some(hashed(payload))), payload: payload.to_vec() }
    }
}

/// Appends `letters` to the dead letters.
///
/// # Errors
/// [`BusError`]; the records that they are about must then not be committed.
pub async fn send(bus: &dyn Bus, letters: &[DeadLetter]) -> Result<(), BusError> {
    bus.append(BusTopic::DeadLetters, letters.iter().map(DeadLetter::to_record).collect()).await
}

/// The dead letters that are kept, by partition and age, at most `limit`.
///
/// # Errors
/// [`BusError`] when they cannot be read.
pub async fn list(bus: &dyn Bus, limit: usize) -> Result<Vec<DeadLetter>, BusError> {
    // A group of its own that commits nothing reads everything, and leaves no trace.
    let group = format!("dead-letter-list-{}", Timestamp::now().as_nanosecond());
    let mut letters = Vec::new();
    let mut walk = Walk::begin(bus, BusTopic::DeadLetters, &group).await?;
    while let Some(records) = walk.next().await? {
        letters.extend(records.iter().take(limit - letters.len()).map(DeadLetter::from_record));
        if letters.len() >= limit {
            break;
        }
    }
    Ok(letters)
}

/// Appends the record of `letter` to its bus topic again, to be processed once more.
///
/// # Errors
/// [`BusError`] when it could not be appended.
pub async fn replay(bus: &dyn Bus, letter: &DeadLetter) -> Result<(), BusError> {
    bus.append(letter.topic, vec![letter.original()]).await
}

/// Replays every dead letter that was not replayed before, and says how many that were. Letters that come in meanwhile wait
/// for the next time; a crash may repeat some.
///
/// # Errors
/// [`BusError`]; what was replayed until then stays so.
pub async fn replay_pending(bus: &dyn Bus) -> Result<usize, BusError> {
    let mut replayed = 0;
    let mut walk = Walk::begin(bus, BusTopic::DeadLetters, REPLAY_GROUP).await?;
    while let Some(records) = walk.next().await? {
        for topic in [BusTopic::Posts, BusTopic::Enriched] {
            let letters = records.iter().map(DeadLetter::from_record).filter(|letter| letter.topic == topic);
            let originals: Vec<Record> = letters.map(|letter| letter.original()).collect();
            replayed += originals.len();
            bus.append(topic, originals).await?;
        }
        walk.commit().await?;
    }
    Ok(replayed)
}

/// A key that depends on `bytes` alone.
fn hashed(bytes: &[u8]) -> PostId {
    let mut head = [0; 16];
    head.copy_from_slice(&blake3::hash(bytes).as_bytes()[..16]);
    PostId::from_bytes(head)
}

mod base64_text {
    use super::{BASE64, Engine};
    use serde::{Deserialize, Deserializer, Serializer, de::Error};

    pub(super) fn serialize<S: Serializer>(bytes: &[u8], serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_str(&BASE64.encode(bytes))
    }

    pub(super) fn deserialize<'de, D: Deserializer<'de>>(deserializer: D) -> Result<Vec<u8>, D::Error> {
        BASE64.decode(String::deserialize(deserializer)?).map_err(D::Error::custom)
    }
}

#[cfg(test)]
mod tests {
    use tempfile::TempDir;

    use super::*;
    use crate::embedded::{BusConfig, EmbeddedBus};
    use crate::id::AuthorKey;

    fn bus() -> (EmbeddedBus, TempDir) {
        let dir = tempfile::tempdir().unwrap();
        (EmbeddedBus::open(dir.path(), &BusConfig::default()).unwrap(), dir)
    }

    fn letter(topic: BusTopic, offset: Offset, payload: &[u8]) -> DeadLetter {
        let appended_at = Timestamp::UNIX_EPOCH;
        let record = Delivered { partition: 1, offset, appended_at, payload: payload.to_vec() };
        DeadLetter::new(topic, &record, "enrich", &"missing field `id`")
    }

    /// Everything in `topic`, sorted.
    async fn all(bus: &EmbeddedBus, topic: BusTopic) -> Vec<Vec<u8>> {
        let total: u64 = bus.lag(topic, "all").await.unwrap().iter().map(crate::log::Lag::records).sum();
        let mut reader = bus.reader(topic, "all").await.unwrap();
        let mut payloads = Vec::new();
        while (payloads.len() as u64) < total {
            payloads.extend(reader.next(100).await.unwrap().into_iter().map(|record| record.payload));
        }
        payloads.sort();
        payloads
    }

    #[tokio::test]
    async fn letters_are_listed_as_they_were_sent() {
        let (bus, _dir) = bus();
        let mut letters: Vec<_> =
            (0..250).map(|offset| letter(BusTopic::Posts, offset, format!("{{{offset}").as_bytes())).collect();
        letters.push(letter(BusTopic::Enriched, 0, b"\xff\x00 not text"));
        send(&bus, &letters).await.unwrap();
        let mut listed = list(&bus, 1_000).await.unwrap();
        listed.sort_by_key(|letter| (letter.topic, letter.offset));
        assert_eq!(listed, letters);
        assert_eq!(list(&bus, 3).await.unwrap().len(), 3);
        assert_eq!(list(&bus, 0).await.unwrap(), []);
    }

    #[tokio::test]
    async fn a_letter_that_cannot_be_read_is_listed_as_a_letter_about_itself() {
        let (bus, _dir) = bus();
        bus.append(BusTopic::DeadLetters, vec![Record { key: Some(hashed(b"")), payload: b"scrawl".to_vec() }])
            .await
            .unwrap();
        let listed = list(&bus, 10).await.unwrap();
        assert_eq!((listed[0].topic, listed[0].payload.as_bytes()), (BusTopic::DeadLetters, b"scrawl".as_slice()));
        assert_eq!(replay_pending(&bus).await.unwrap(), 0);
    }

    #[tokio::test]
    async fn each_letter_is_replayed_once_to_the_bus_topic_that_it_came_from() {
        let (bus, _dir) = bus();
        assert_eq!(replay_pending(&bus).await.unwrap(), 0);
        send(&bus, &[letter(BusTopic::Posts, 0, b"a"), letter(BusTopic::Enriched, 0, b"b")]).await.unwrap();
        assert_eq!(replay_pending(&bus).await.unwrap(), 2);
        send(&bus, &[letter(BusTopic::Posts, 1, b"c")]).await.unwrap();
        assert_eq!(replay_pending(&bus).await.unwrap(), 1);
        assert_eq!(replay_pending(&bus).await.unwrap(), 0);
        assert_eq!(all(&bus, BusTopic::Posts).await, [b"a", b"c"]);
        assert_eq!(all(&bus, BusTopic::Enriched).await, [b"b"]);
        assert_eq!(list(&bus, 10).await.unwrap().len(), 3);
    }

    #[test]
    fn a_replayed_change_has_the_key_that_it_had() {
        let delete = Change::<Post>::Delete(PostId::from_bytes([3; 16])).to_record();
        let erase = Change::<Post>::EraseAuthor(AuthorKey::from_bytes([4; 16])).to_record();
        for record in [delete, erase] {
            assert_eq!(letter(BusTopic::Posts, 0, &record.payload).original(), record);
        }
        assert!(letter(BusTopic::Posts, 0, b"no change").original().key.is_some());
    }

    #[test]
    fn a_letter_about_the_largest_record_fits() {
        for byte in [b'"', 0x01, 0xff] {
            let payload = vec![byte; BusTopic::Enriched.max_payload_bytes()];
            let record = letter(BusTopic::Enriched, 0, &payload).to_record();
            assert!(record.payload.len() <= BusTopic::DeadLetters.max_payload_bytes());
        }
    }

    #[test]
    fn the_stored_form_is_readable() {
        let letter = DeadLetter { at: Timestamp::UNIX_EPOCH, ..letter(BusTopic::Posts, 7, b"{}") };
        let json = String::from_utf8(letter.to_record().payload).unwrap();
        insta::assert_snapshot!(json, @r#"{"topic":"posts","partition":1,"offset":7,"stage":"enrich","reason":"missing field `id`","at":"1970-01-01T00:00:00Z","payload":{"text":"{}"}}"#);
    }
}
