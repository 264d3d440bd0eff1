//! librdkafka's mock cluster: the protocol without a disk. It keeps at most 5 MB a partition.

use std::convert::Infallible;
use std::sync::{Arc, mpsc};

use async_trait::async_trait;
use rdkafka::mocking::MockCluster;

use crate::conformance::Factory;
use crate::embedded::BusConfig;
use crate::kafka::{KafkaBus, KafkaConfig};
use crate::log::{Bus, BusTopic};

/// A cluster that goes with it.
struct Mock {
    brokers: String,
    /// The cluster lives on a thread of its own, since it may not be sent to others, until this is dropped.
    _end: mpsc::SyncSender<Infallible>,
}

impl Mock {
    fn new() -> Self {
        let (started, brokers) = mpsc::sync_channel(1);
        let (end, ended) = mpsc::sync_channel(0);
        std::thread::spawn(move || {
            let cluster = MockCluster::new(1).unwrap();
            for topic in BusTopic::ALL {
                cluster.create_topic(&format!("discovery.{}", topic.name()), 4, 1).unwrap();
            }
            started.send(cluster.bootstrap_servers()).unwrap();
            let _ = ended.recv();
        });
        Self { brokers: brokers.recv().unwrap(), _end: end }
    }

    fn config(&self) -> KafkaConfig {
        KafkaConfig::at([self.brokers.clone()])
    }
}

#[async_trait]
impl Factory for Mock {
    async fn open(&self) -> Arc<dyn Bus> {
        Arc::new(KafkaBus::open(&self.config(), &BusConfig::default()).await.unwrap())
    }
}

crate::bus_conformance_suite!(Mock::new());
