//! [`KafkaBus`]: the cluster as a [`Bus`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, PoisonError, mpsc};
use std::time::{Duration, Instant};

use async_trait::async_trait;
use rdkafka::consumer::{BaseConsumer, Consumer as _};
use rdkafka::{ClientConfig, Offset as KafkaOffset, TopicPartitionList};

use super::bare::{self, BareRates};
use super::client::{self, Watch};
use super::config::KafkaConfig;
use super::error::{self, to_kafka, to_offset, to_partition};
use super::producer::Producer;
use super::topics::{self, Topics};
use super::worker::Worker;
use crate::embedded::BusConfig;
use crate::failpoint;
use crate::log::{Bus, BusError, BusTopic, Lag, Reader};
use crate::metrics;
use crate::record::Record;

/// How long one question to the cluster may take.
pub(super) const ANSWER: Duration = Duration::from_secs(10);
/// How long the end of the log waits for readers to leave their groups; who does not make it is noticed by its silence.
const FAREWELL: Duration = Duration::from_secs(5);
/// Groups whose lag is asked for again and again; a listing of dead letters asks for one that is never needed again.
const OBSERVERS: usize = 8;

/// For so long at least an observer listens whenever it is asked. What librdkafka has to say waits in a queue without bounds: of a
/// cluster that is away for a day it would fill hundreds of megabytes.
const LISTEN: Duration = Duration::from_millis(2);

/// The log in a Kafka cluster. Clones share it.
///
/// When the last clone is dropped, its readers leave their groups and get [`BusError::Closed`]; the drop waits for that.
#[derive(Clone)]
pub struct KafkaBus(Arc<Inner>);

struct Inner {
    settings: ClientConfig,
    config: KafkaConfig,
    topics: Arc<Topics>,
    producer: Producer,
    /// Clients that ask what groups have committed, without being members.
    observers: Mutex<HashMap<String, Arc<BaseConsumer<Watch>>>>,
    closing: Arc<AtomicBool>,
    /// For each reader that was made, something that ends when its thread does.
    readers: Mutex<Vec<mpsc::Receiver<()>>>,
}

impl KafkaBus {
    /// Reaches the cluster, and creates the bus topics that are not there yet.
    ///
    /// # Errors
    /// [`BusError::Unreachable`] when no broker answers within half a minute, [`BusError::Refused`] when the cluster
    /// does not permit what is needed.
    pub async fn open(kafka: &KafkaConfig, config: &BusConfig) -> Result<Self, BusError> {
        metrics::describe();
        let settings = client::settings(kafka)?;
        let producer = Producer::new(&settings, kafka)?;
        let topics = Arc::new(topics::ensure(&producer, &settings, kafka, config).await?);
        Ok(Self(Arc::new(Inner {
            settings,
            config: kafka.clone(),
            topics,
            producer,
            observers: Mutex::default(),
            closing: Arc::default(),
            readers: Mutex::default(),
        })))
    }

    /// For benchmarks: sends `payloads` to the empty `topic`, and reads them again, with the client alone.
    ///
    /// # Errors
    /// [`BusError`] when the cluster does not do it.
    pub async fn bare_rates(&self, topic: BusTopic, payloads: Vec<Vec<u8>>) -> Result<BareRates, BusError> {
        let (settings, config) = (self.0.settings.clone(), self.0.config.clone());
        let (name, partitions) = (self.0.topics.name(topic).to_owned(), self.0.topics.partitions(topic));
        error::blocking(move || bare::rates(&settings, &config, &name, partitions, &payloads)).await
    }

    /// For benchmarks: deletes the bus topics, with all that is in them.
    ///
    /// # Errors
    /// [`BusError`] when the cluster does not do it.
    pub async fn delete_topics(self) -> Result<(), BusError> {
        bare::delete(&self.0.settings, &BusTopic::ALL.map(|topic| self.0.topics.name(topic))).await
    }

    fn group(&self, group: &str) -> String {
        format!("{}{group}", self.0.config.group_prefix)
    }

    fn observer(&self, group: &str) -> Result<Arc<BaseConsumer<Watch>>, BusError> {
        let mut observers = self.0.observers.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(observer) = observers.get(group) {
            return Ok(Arc::clone(observer));
        }
        if observers.len() >= OBSERVERS {
            observers.clear();
        }
        let observer: BaseConsumer<Watch> = self
            .0
            .settings
            .clone()
            .set("group.id", self.group(group))
            .set("enable.auto.commit", "false")
            .create_with_context(Watch::new(&self.0.config))
            .map_err(|error| error::client(&error))?;
        let observer = Arc::new(observer);
        observers.insert(group.to_owned(), Arc::clone(&observer));
        Ok(observer)
    }
}

#[async_trait]
impl Bus for KafkaBus {
    async fn append(&self, topic: BusTopic, records: Vec<Record>) -> Result<(), BusError> {
        topic.expect_room(&records)?;
        let begin = Instant::now();
        failpoint::reached("bus.before-append");
        let appended = self.0.producer.append(&self.0.topics, topic, &records).await?;
        failpoint::reached("bus.after-append");
        if appended > 0 {
            metrics::written(begin.elapsed());
            metrics::appended(topic, appended);
        }
        Ok(())
    }

    async fn reader(&self, topic: BusTopic, group: &str) -> Result<Box<dyn Reader>, BusError> {
        let settings = client::group_settings(&self.0.settings, &self.0.config, &self.group(group));
        let (worker, reader) = Worker::join(&settings, &self.0.config, topic, &self.0.topics)?;
        let (alive, ended) = mpsc::sync_channel(0);
        let closing = Arc::clone(&self.0.closing);
        std::thread::Builder::new()
            .name("bus-reader".to_owned())
            .spawn(move || {
                worker.run(&closing);
                drop(alive);
            })
            .map_err(|error| error::refused("to read", error.to_string(), "free some threads, then start again"))?;
        let mut readers = self.0.readers.lock().unwrap_or_else(PoisonError::into_inner);
        readers.retain(|ended| matches!(ended.try_recv(), Err(mpsc::TryRecvError::Empty)));
        readers.push(ended);
        Ok(reader)
    }

    async fn lag(&self, topic: BusTopic, group: &str) -> Result<Vec<Lag>, BusError> {
        let observer = self.observer(group)?;
        let (name, partitions) = (self.0.topics.name(topic).to_owned(), self.0.topics.partitions(topic));
        error::blocking(move || lag(&observer, &name, partitions)).await
    }
}

impl Drop for Inner {
    fn drop(&mut self) {
        self.closing.store(true, Ordering::Relaxed);
        let until = Instant::now() + FAREWELL;
        for ended in self.readers.get_mut().unwrap_or_else(PoisonError::into_inner) {
            // Nothing is ever sent: what is waited for is the end of the other side.
            let _ = ended.recv_timeout(until.saturating_duration_since(Instant::now()));
        }
    }
}

/// How far the group of `observer` is behind in each partition of the bus topic called `name`.
fn lag(observer: &BaseConsumer<Watch>, name: &str, partitions: u32) -> Result<Vec<Lag>, BusError> {
    let unanswered = |error| observer.context().unreachable(&error);
    while observer.poll(LISTEN).is_some() {}
    let mut list = TopicPartitionList::new();
    for partition in 0..partitions {
        list.add_partition(name, to_kafka(partition));
    }
    let committed = error::patiently(|| observer.committed_offsets(list.clone(), ANSWER)).map_err(unanswered)?;
    let mut lags = Vec::new();
    for element in committed.elements() {
        let bounds = error::patiently(|| observer.fetch_watermarks(name, element.partition(), ANSWER));
        let (begin, end) = bounds.map_err(unanswered)?;
        let committed = match element.offset() {
            KafkaOffset::Offset(offset) => to_offset(offset),
            _ => to_offset(begin),
        };
        lags.push(Lag { partition: to_partition(element.partition()), committed, end: to_offset(end) });
    }
    lags.sort_by_key(|lag| lag.partition);
    Ok(lags)
}
