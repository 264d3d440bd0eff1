//! Retention by age and by size.

use std::path::Path;

use jiff::{SignedDuration, Timestamp};
use tempfile::TempDir;

use super::{BusConfig, EmbeddedBus, noise, record};
use crate::log::{Bus, BusError, BusTopic, Reader};
use crate::record::{Delivered, Offsets};

const TOPIC: BusTopic = BusTopic::Posts;
const MIB: u64 = 1024 * 1024;

fn open(dir: &TempDir, retention_bytes: u64) -> EmbeddedBus {
    let config = BusConfig { retention_bytes, partitions: 1.try_into().unwrap(), ..BusConfig::default() };
    EmbeddedBus::open(dir.path(), &config).unwrap()
}

fn in_days(days: i64) -> Timestamp {
    Timestamp::now() + SignedDuration::from_hours(24 * days)
}

/// Appends `count` records of 64 KiB, a few at a time: only a new batch begins a new segment.
async fn append(bus: &EmbeddedBus, topic: BusTopic, count: u32) {
    let records: Vec<_> = (0..count).map(|number| record(0, noise(number, 64 * 1024))).collect();
    for batch in records.chunks(4) {
        bus.append(topic, batch.to_vec()).await.unwrap();
    }
}

async fn commit_all(reader: &mut dyn Reader, end: u64) {
    reader.commit(&Offsets([(0, end)].into())).await.unwrap();
}

async fn read_one(bus: &EmbeddedBus, topic: BusTopic) -> Delivered {
    bus.reader(topic, "fresh").await.unwrap().next(1).await.unwrap().remove(0)
}

/// Bytes that the segments take on disk.
fn disk_bytes(dir: &Path) -> u64 {
    let mut total = 0;
    for entry in std::fs::read_dir(dir).unwrap() {
        let entry = entry.unwrap();
        let metadata = entry.metadata().unwrap();
        total += if metadata.is_dir() { disk_bytes(&entry.path()) } else { metadata.len() };
    }
    total
}

#[tokio::test]
async fn what_is_too_old_goes_and_offsets_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let bus = open(&dir, 100 * MIB);
    append(&bus, TOPIC, 5).await;
    assert_eq!(bus.retain(in_days(6)).await.unwrap().records, 0);
    append(&bus, TOPIC, 2).await;
    assert_eq!(bus.retain(in_days(8)).await.unwrap().records, 7);
    drop(bus);
    let bus = open(&dir, 100 * MIB);
    append(&bus, TOPIC, 1).await;
    let first = read_one(&bus, TOPIC).await;
    assert_eq!((first.offset, first.payload), (7, noise(0, 64 * 1024)));
}

#[tokio::test]
async fn what_a_group_has_not_committed_is_kept_however_old() {
    let dir = tempfile::tempdir().unwrap();
    let bus = open(&dir, 100 * MIB);
    append(&bus, TOPIC, 5).await;
    let mut reader = bus.reader(TOPIC, "slow").await.unwrap();
    commit_all(&mut *reader, 4).await;
    drop(reader);
    assert_eq!(bus.retain(in_days(400)).await.unwrap().records, 0);
    let mut reader = bus.reader(TOPIC, "slow").await.unwrap();
    assert_eq!(reader.next(10).await.unwrap()[0].offset, 4);
    commit_all(&mut *reader, 5).await;
    assert_eq!(bus.retain(in_days(400)).await.unwrap().records, 5);
}

#[tokio::test]
async fn dead_letters_are_kept_for_their_time_whether_or_not_anybody_reads_them() {
    let dir = tempfile::tempdir().unwrap();
    let bus = open(&dir, 100 * MIB);
    append(&bus, BusTopic::DeadLetters, 3).await;
    let _reader = bus.reader(BusTopic::DeadLetters, "curious").await.unwrap();
    assert_eq!(bus.retain(in_days(29)).await.unwrap().records, 0);
    assert_eq!(bus.retain(in_days(31)).await.unwrap().records, 3);
}

#[tokio::test]
async fn the_size_limit_removes_the_oldest_and_gives_the_disk_space_back() {
    let dir = tempfile::tempdir().unwrap();
    let bus = open(&dir, 2 * MIB);
    append(&bus, TOPIC, 128).await;
    let before = disk_bytes(&dir.path().join("keyspaces"));
    let removed = bus.retain(Timestamp::now()).await.unwrap();
    assert!(removed.records >= 90 && removed.unread == 0, "{removed:?}");
    assert!(read_one(&bus, TOPIC).await.offset == removed.records);
    drop(bus);
    let after = disk_bytes(&dir.path().join("keyspaces"));
    assert!(before > 6 * MIB && after < 4 * MIB, "{before} -> {after}");
}

#[tokio::test]
async fn a_reader_that_retention_overtook_is_told_and_can_go_on_at_the_new_beginning() {
    let dir = tempfile::tempdir().unwrap();
    let bus = open(&dir, MIB);
    append(&bus, TOPIC, 20).await;
    let mut reader = bus.reader(TOPIC, "slow").await.unwrap();
    commit_all(&mut *reader, 3).await;
    drop(reader);
    append(&bus, TOPIC, 20).await;
    let removed = bus.retain(Timestamp::now()).await.unwrap();
    assert_eq!(removed.unread, removed.records - 3);
    let mut reader = bus.reader(TOPIC, "slow").await.unwrap();
    for _ in 0..2 {
        let error = reader.next(1).await.unwrap_err();
        let expected = BusError::OffsetGone { topic: TOPIC.name(), partition: 0, wanted: 3, begin: removed.records };
        assert_eq!(error, expected);
    }
    reader.seek(&Offsets([(0, removed.records)].into())).await.unwrap();
    assert_eq!(reader.next(1).await.unwrap()[0].offset, removed.records);
}

#[tokio::test]
async fn corrections_are_kept_for_good_whatever_they_take() {
    let dir = tempfile::tempdir().unwrap();
    let bus = open(&dir, MIB);
    append(&bus, BusTopic::Corrections, 40).await;
    assert_eq!(bus.retain(in_days(4_000)).await.unwrap().records, 0);
}
