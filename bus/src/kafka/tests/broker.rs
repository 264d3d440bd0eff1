//! A real Apache Kafka broker, one for all tests of this file; each has bus topics and groups of its own.

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError, Weak};

use async_trait::async_trait;
use rdkafka::admin::{AdminClient, AdminOptions};
use rdkafka::client::DefaultClientContext;
use rdkafka::{ClientConfig, Offset, TopicPartitionList};
use tokio::sync::mpsc;
use tokio::task::JoinSet;

use crate::conformance::broker::Broker;
use crate::conformance::{
    Factory, append, keyed, numbered, offsets_after, read, reader, soon, sorted_numbers, sorted_texts, text,
};
use crate::embedded::BusConfig;
use crate::id::PostId;
use crate::kafka::{KafkaBus, KafkaConfig};
use crate::log::{Bus, BusError, BusTopic};
use crate::record::{Offsets, partition_of};

/// Bus topics of its own on the broker that the tests share.
struct Own {
    broker: Arc<Mutex<Broker>>,
    name: String,
}

/// Broker of the tests that run now: it ends with the last of them.
static BROKER: Mutex<Weak<Mutex<Broker>>> = Mutex::new(Weak::new());
static NAMES: AtomicU32 = AtomicU32::new(0);

impl Own {
    fn new() -> Self {
        let mut shared = BROKER.lock().unwrap_or_else(PoisonError::into_inner);
        let broker = shared.upgrade().unwrap_or_else(|| Arc::new(Mutex::new(Broker::start())));
        *shared = Arc::downgrade(&broker);
        Self::on(broker)
    }

    /// The same on a broker that no other test uses.
    fn alone() -> Self {
        Self::on(Arc::new(Mutex::new(Broker::start())))
    }

    fn on(broker: Arc<Mutex<Broker>>) -> Self {
        Self { broker, name: format!("test-{}.", NAMES.fetch_add(1, Ordering::Relaxed)) }
    }

    fn address(&self) -> String {
        self.broker.lock().unwrap().address()
    }

    fn config(&self) -> KafkaConfig {
        let mut config = KafkaConfig::at([self.address()]);
        config.topic_prefix.clone_from(&self.name);
        config.group_prefix.clone_from(&self.name);
        config.replication = 1.try_into().unwrap();
        config.session_timeout_ms = 3_000.try_into().unwrap();
        config
    }

    fn topic(&self) -> String {
        format!("{}{}", self.name, BusTopic::Posts.name())
    }

    fn admin(&self) -> AdminClient<DefaultClientContext> {
        ClientConfig::new().set("bootstrap.servers", self.address()).create().unwrap()
    }
}

#[async_trait]
impl Factory for Own {
    async fn open(&self) -> Arc<dyn Bus> {
        Arc::new(KafkaBus::open(&self.config(), &BusConfig::default()).await.unwrap())
    }
}

crate::bus_conformance_suite!(Own::new());

/// The key of number 0 lies in this partition.
fn partition_of_zero() -> u32 {
    partition_of(&PostId::from_bytes([0; 16]), u32::from(BusConfig::default().partitions.get()))
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn what_retention_removed_is_named_and_reading_goes_on_after_it() {
    let own = Own::new();
    let bus = own.open().await;
    append(&*bus, (0..10).map(|number| keyed(0, number.to_string())).collect()).await;
    let partition = partition_of_zero();
    let mut gone = TopicPartitionList::new();
    gone.add_partition_offset(&own.topic(), i32::try_from(partition).unwrap(), Offset::Offset(6)).unwrap();
    own.admin().delete_records(&gone, &AdminOptions::new()).await.unwrap();
    let mut reader = reader(&*bus).await;
    soon(reader.seek(&Offsets([(partition, 2)].into()))).await.unwrap();
    let error = soon(reader.next(10)).await.unwrap_err();
    assert_eq!(error, BusError::OffsetGone { topic: "posts", partition, wanted: 2, begin: 6 });
    soon(reader.seek(&Offsets([(partition, 6)].into()))).await.unwrap();
    assert_eq!(sorted_texts(&read(&mut *reader, 4).await), ["6", "7", "8", "9"]);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_bus_topic_that_was_made_anew_halts_its_readers() {
    let own = Own::new();
    let bus = own.open().await;
    append(&*bus, (0..10).map(|number| keyed(0, number.to_string())).collect()).await;
    let mut first = reader(&*bus).await;
    let records = read(&mut *first, 10).await;
    soon(first.commit(&offsets_after(&records))).await.unwrap();
    drop((first, bus));
    own.admin().delete_topics(&[&own.topic()], &AdminOptions::new()).await.unwrap();
    let bus = own.open().await;
    append(&*bus, vec![keyed(0, "anew")]).await;
    let partition = partition_of_zero();
    let beyond = BusError::BeyondEnd { topic: "posts", partition, wanted: 10, end: 1 };
    let mut again = reader(&*bus).await;
    assert_eq!(soon(again.seek(&offsets_after(&records))).await.unwrap_err(), beyond);
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn everything_waits_while_the_broker_is_away() {
    let own = Own::alone();
    let bus = own.open().await;
    append(&*bus, numbered(20)).await;
    let mut reader = reader(&*bus).await;
    let mut records = read(&mut *reader, 20).await;
    // While it is away the member counts as gone; what it has committed by then is not read again.
    soon(reader.commit(&offsets_after(&records))).await.unwrap();
    own.broker.lock().unwrap().kill();
    let appending = tokio::spawn({
        let bus = Arc::clone(&bus);
        async move { bus.append(BusTopic::Posts, (20..40).map(|number| keyed(number, number.to_string())).collect()).await }
    });
    let waiting = tokio::spawn(async move {
        let records = reader.next(1).await;
        (reader, records)
    });
    tokio::task::yield_now().await;
    assert!(!appending.is_finished() && !waiting.is_finished());
    own.broker.lock().unwrap().start_again();
    soon(appending).await.unwrap().unwrap();
    let (mut reader, more) = soon(waiting).await.unwrap();
    records.extend(more.unwrap());
    while records.len() < 40 {
        records.extend(soon(reader.next(40)).await.unwrap());
    }
    assert_eq!(sorted_texts(&records), sorted_numbers(40), "all of them, and none twice");
    soon(reader.commit(&offsets_after(&records))).await.unwrap();
    let lag = soon(bus.lag(BusTopic::Posts, "conformance")).await.unwrap();
    assert!(lag.iter().all(|lag| lag.records() == 0), "{lag:?}");
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn more_copies_than_brokers_are_refused_with_the_setting() {
    let own = Own::new();
    let mut config = own.config();
    config.replication = 2.try_into().unwrap();
    let error = KafkaBus::open(&config, &BusConfig::default()).await.err().unwrap().to_string();
    assert!(error.contains("bus.kafka.replication"), "{error}");
}

/// Reads, commits and says what it read. Leaves and joins again after every few records.
async fn restless(bus: Arc<dyn Bus>, seen: mpsc::Sender<String>) {
    loop {
        let mut member = reader(&*bus).await;
        for _ in 0..3 {
            let records = member.next(20).await.unwrap();
            for record in &records {
                seen.send(text(record).to_owned()).await.unwrap();
            }
            soon(member.commit(&offsets_after(&records))).await.unwrap();
        }
    }
}

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_rebalance_storm_loses_nothing() {
    let own = Own::new();
    let bus = own.open().await;
    let (sender, mut received) = mpsc::channel(16);
    let mut members = JoinSet::new();
    for _ in 0..3 {
        members.spawn(restless(Arc::clone(&bus), sender.clone()));
    }
    let mut seen = BTreeSet::new();
    for round in 0..10_u64 {
        append(&*bus, (round * 40..round * 40 + 40).map(|number| keyed(number, number.to_string())).collect()).await;
        while seen.len() < usize::try_from(round * 40 + 20).unwrap() {
            seen.insert(soon(received.recv()).await.unwrap());
        }
    }
    while seen.len() < 400 {
        seen.insert(soon(received.recv()).await.unwrap());
    }
    assert!(seen.into_iter().eq(sorted_numbers(400)));
}
