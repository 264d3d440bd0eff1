//! Appending: order, partitions, all or none, durability.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::{Factory, TOPIC, append, keyed, lag, numbered, read, reader, soon, sorted_numbers, sorted_texts, text};
use crate::log::BusError;
use crate::record::{Delivered, Offset, Partition, Record};

/// Records of one key lie in one partition, in the order in which they were appended.
pub async fn records_of_a_key_keep_their_order(factory: &dyn Factory) {
    let bus = factory.open().await;
    for round in 0..10 {
        append(&*bus, (0..20).map(|key| keyed(key, format!("{key} {round:02}"))).collect()).await;
    }
    let records = read(&mut *reader(&*bus).await, 200).await;
    let mut by_key: BTreeMap<&str, Vec<&Delivered>> = BTreeMap::new();
    for record in &records {
        by_key.entry(text(record).split_once(' ').expect("key and round").0).or_default().push(record);
    }
    assert_eq!(by_key.len(), 20);
    for of_key in by_key.values() {
        let partitions: BTreeSet<Partition> = of_key.iter().map(|record| record.partition).collect();
        assert_eq!(partitions.len(), 1);
        assert!(of_key.is_sorted_by_key(|record| text(record)), "{of_key:?}");
        assert!(of_key.is_sorted_by(|a, b| a.offset < b.offset), "{of_key:?}");
    }
    let partitions: BTreeSet<Partition> = records.iter().map(|record| record.partition).collect();
    assert_eq!(partitions.len(), lag(&*bus).await.len(), "many keys use every partition");
}

/// A record without a key is read from every partition, in order with the others.
pub async fn records_without_a_key_reach_every_partition(factory: &dyn Factory) {
    let bus = factory.open().await;
    let partitions = lag(&*bus).await.len();
    append(&*bus, numbered(20)).await;
    append(&*bus, vec![Record { key: None, payload: b"all".to_vec() }]).await;
    append(&*bus, numbered(20)).await;
    let records = read(&mut *reader(&*bus).await, 40 + partitions).await;
    let mut seen: BTreeMap<Partition, Vec<&str>> = BTreeMap::new();
    for record in &records {
        seen.entry(record.partition).or_default().push(text(record));
    }
    assert_eq!(seen.len(), partitions);
    for of_partition in seen.values() {
        assert_eq!(of_partition.iter().filter(|text| **text == "all").count(), 1);
        assert_eq!(of_partition[of_partition.len() / 2], "all", "as many records before it as after it");
    }
}

/// When one record of a batch cannot be accepted, none is.
pub async fn an_append_is_refused_as_a_whole(factory: &dyn Factory) {
    let bus = factory.open().await;
    let limit = TOPIC.max_payload_bytes();
    let too_large = Record { key: None, payload: vec![b'x'; limit + 1] };
    let error = soon(bus.append(TOPIC, vec![keyed(0, "before"), too_large, keyed(0, "after")])).await;
    assert_eq!(error, Err(BusError::TooLarge { topic: TOPIC.name(), bytes: limit + 1, limit }));
    append(&*bus, vec![keyed(0, "next")]).await;
    assert_eq!(text(&read(&mut *reader(&*bus).await, 1).await[0]), "next");
}

/// Nothing is a batch, too, and so is a record that says nothing.
pub async fn an_empty_append_and_an_empty_payload_are_fine(factory: &dyn Factory) {
    let bus = factory.open().await;
    append(&*bus, Vec::new()).await;
    append(&*bus, vec![keyed(0, ""), keyed(0, "something")]).await;
    let records = read(&mut *reader(&*bus).await, 2).await;
    assert_eq!(records.iter().map(text).collect::<Vec<_>>(), ["", "something"]);
}

/// A batch of many megabytes, and a record of the largest size, come back as they were.
pub async fn a_large_batch_comes_back_whole(factory: &dyn Factory) {
    let bus = factory.open().await;
    let payload = |number: u64| format!("{number:05}").repeat(300);
    append(&*bus, (0..5_000).map(|number| keyed(number, payload(number))).collect()).await;
    append(&*bus, vec![Record { key: Some(super::key(0)), payload: vec![b'9'; TOPIC.max_payload_bytes()] }]).await;
    let records = read(&mut *reader(&*bus).await, 5_001).await;
    let mut expected: Vec<String> = (0..5_000).map(payload).collect();
    expected.push("9".repeat(TOPIC.max_payload_bytes()));
    assert!(sorted_texts(&records) == expected, "5,001 records as they were appended");
}

/// Callers that append at the same time lose nothing, and the records of each keep their order.
pub async fn concurrent_appends_keep_the_order_of_each_caller(factory: &dyn Factory) {
    const CALLERS: u64 = 8;
    let bus = factory.open().await;
    let mut callers = tokio::task::JoinSet::new();
    for caller in 0..CALLERS {
        let bus = Arc::clone(&bus);
        callers.spawn(async move {
            for round in 0..20 {
                append(&*bus, vec![keyed(caller, format!("{caller} {round:02}"))]).await;
            }
        });
    }
    soon(callers.join_all()).await;
    let records = read(&mut *reader(&*bus).await, 160).await;
    for caller in 0..CALLERS {
        let own: Vec<&str> = records.iter().map(text).filter(|text| text.starts_with(&format!("{caller} "))).collect();
        assert!(own.len() == 20 && own.is_sorted(), "{own:?}");
    }
}

/// Whatever an append has returned for is there after a restart, with the same offset and time.
pub async fn what_was_appended_survives_a_restart(factory: &dyn Factory) {
    let bus = factory.open().await;
    append(&*bus, numbered(50)).await;
    let before = read(&mut *reader(&*bus).await, 50).await;
    drop(bus);
    let bus = factory.open().await;
    append(&*bus, vec![keyed(0, "later")]).await;
    let mut after = read(&mut *reader(&*bus).await, 51).await;
    let later = after.iter().position(|record| text(record) == "later").expect("it was appended");
    let later = after.remove(later);
    let place = |record: &Delivered| -> (Partition, Offset) { (record.partition, record.offset) };
    assert!(before.iter().filter(|record| record.partition == later.partition).all(|r| r.offset < later.offset));
    let sorted = |mut records: Vec<Delivered>| {
        records.sort_by_key(place);
        records
    };
    assert_eq!(sorted_texts(&before), sorted_numbers(50));
    assert_eq!(sorted(before), sorted(after));
}
