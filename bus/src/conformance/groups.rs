//! Consumer groups: several readers, several groups.

use std::collections::{BTreeMap, BTreeSet};

use tokio::sync::mpsc;
use tokio::task::JoinSet;

use super::{
    Factory, TOPIC, append, keyed, lag, numbered, offsets_after, read, reader, soon, sorted_numbers, sorted_texts, text,
};
use crate::log::{Bus, Lag, Reader};
use crate::record::{Delivered, Partition, Record};

/// Each group reads everything, and one's commits do not move the other.
pub async fn groups_are_independent(factory: &dyn Factory) {
    let bus = factory.open().await;
    append(&*bus, numbered(20)).await;
    let mut one = reader(&*bus).await;
    let records = read(&mut *one, 20).await;
    soon(one.commit(&offsets_after(&records))).await.expect("a commit works");
    drop(one);
    let mut other = soon(bus.reader(TOPIC, "another")).await.expect("a reader can join");
    assert_eq!(sorted_texts(&read(&mut *other, 20).await), sorted_numbers(20));
    let lag = soon(bus.lag(TOPIC, "another")).await.expect("the lag is known");
    assert_eq!(lag.iter().map(Lag::records).sum::<u64>(), 20);
}

/// While the group does not change, its readers get every record once between them, each partition by one of them.
pub async fn readers_of_a_group_share_the_records(factory: &dyn Factory) {
    let bus = factory.open().await;
    let (sender, mut received) = mpsc::channel(16);
    let mut readers = JoinSet::new();
    for name in 0..2 {
        readers.spawn(report(name, reader(&*bus).await, sender.clone()));
    }
    settle(&*bus, &mut received).await;
    append(&*bus, numbered(200)).await;
    let mut records = Vec::new();
    let mut readers_of: BTreeMap<Partition, u32> = BTreeMap::new();
    while records.len() < 200 {
        let (name, mut more) = soon(received.recv()).await.expect("the readers go on");
        more.retain(|record| text(record) != WARM_UP);
        for record in &more {
            assert_eq!(*readers_of.entry(record.partition).or_insert(name), name, "one reader a partition");
        }
        records.extend(more);
    }
    assert_eq!(sorted_texts(&records), sorted_numbers(200));
    assert!(readers_of.values().any(|&name| name == 0) && readers_of.values().any(|&name| name == 1));
}

/// The partitions of a reader that is dropped are read by the others, from what it committed.
pub async fn a_reader_that_leaves_passes_on_its_partitions(factory: &dyn Factory) {
    let bus = factory.open().await;
    let mut stays = reader(&*bus).await;
    append(&*bus, numbered(40)).await;
    let before = read(&mut *stays, 40).await;
    soon(stays.commit(&offsets_after(&before))).await.expect("a commit works");
    let (sender, received) = mpsc::channel(16);
    let mut leaver = JoinSet::new();
    leaver.spawn(report(1, reader(&*bus).await, sender));
    let staying = tokio::spawn(async move {
        let mut records = Vec::new();
        loop {
            let more = stays.next(10).await.expect("reading works");
            soon(stays.commit(&offsets_after(&more))).await.expect("a commit works");
            let last = more.iter().any(|record| text(record) == "last");
            records.extend(more);
            if last {
                return (stays, records);
            }
        }
    });
    // A back end may need a while to share the partitions out anew; what was read before that does not count.
    let shared = async {
        while received.is_empty() {
            // Only when all was dealt with: a backlog would only have to be worked off afterwards.
            if lag(&*bus).await.iter().all(|lag| lag.records() == 0) {
                append(&*bus, (0..40).map(|number| keyed(number, "shared")).collect()).await;
            }
        }
    };
    soon(shared).await;
    soon(leaver.shutdown()).await;
    drop(received);
    append(&*bus, vec![Record { key: None, payload: b"last".to_vec() }]).await;
    let (mut stays, mut records) = soon(staying).await.expect("the staying reader does not panic");
    while lag(&*bus).await.iter().any(|lag| lag.records() > 0) {
        let more = soon(stays.next(10)).await.expect("reading works");
        soon(stays.commit(&offsets_after(&more))).await.expect("a commit works");
        records.extend(more);
    }
    let last = records.iter().filter(|record| text(record) == "last").count();
    assert_eq!(last, lag(&*bus).await.len(), "it has every partition again");
}

/// When a reader joins while others read, every record is delivered; some perhaps twice.
pub async fn a_reader_that_joins_loses_nothing(factory: &dyn Factory) {
    let bus = factory.open().await;
    let (sender, mut received) = mpsc::channel(16);
    let mut readers = JoinSet::new();
    readers.spawn(report(0, reader(&*bus).await, sender.clone()));
    let mut texts = BTreeSet::new();
    for number in 0..100_u64 {
        append(&*bus, vec![keyed(number, number.to_string())]).await;
        if number == 50 {
            readers.spawn(report(1, reader(&*bus).await, sender.clone()));
        }
    }
    while texts.len() < 100 {
        let (_, records) = soon(received.recv()).await.expect("the readers go on");
        texts.extend(records.iter().map(|record| text(record).to_owned()));
    }
    assert!(texts.into_iter().eq(sorted_numbers(100)));
}

const WARM_UP: &str = "warm-up";

/// Appends until both of two reporting readers have their share of the partitions.
async fn settle(bus: &dyn Bus, received: &mut mpsc::Receiver<(u32, Vec<Delivered>)>) {
    let mut names = BTreeSet::new();
    while names.len() < 2 {
        append(bus, vec![Record { key: None, payload: WARM_UP.into() }]).await;
        let (name, _) = soon(received.recv()).await.expect("the readers go on");
        names.insert(name);
    }
}

/// Reads and commits, and reports what it read, until nobody listens.
async fn report(name: u32, mut reader: Box<dyn Reader>, to: mpsc::Sender<(u32, Vec<Delivered>)>) {
    loop {
        let records = reader.next(10).await.expect("reading works");
        soon(reader.commit(&offsets_after(&records))).await.expect("a commit works");
        if to.send((name, records)).await.is_err() {
            return;
        }
    }
}
