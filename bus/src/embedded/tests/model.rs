//! The log against a model: a vector of payloads for each partition.

use proptest::prelude::*;
use tempfile::TempDir;

use super::{BusConfig, EmbeddedBus, noise, record};
use crate::log::{Bus, BusTopic, Reader};
use crate::record::{Offset, Offsets, Partition, Record, partition_of};

const TOPIC: BusTopic = BusTopic::Enriched;
const GROUP: &str = "model";

#[derive(Clone, Debug)]
enum Step {
    /// Sizes of payloads, each with a key or without.
    Append(Vec<(Option<u8>, usize)>),
    Read(usize),
    Commit,
    /// To this part of what was appended so far, in each partition, in percent.
    Seek(u8),
    Reopen,
}

fn step() -> impl Strategy<Value = Step> {
    let size = prop_oneof![4 => 0_usize..200, 1 => 50_000_usize..400_000];
    prop_oneof![
        4 => prop::collection::vec((prop::option::weighted(0.9, 0_u8..20), size), 0..30).prop_map(Step::Append),
        4 => (1_usize..60).prop_map(Step::Read),
        2 => Just(Step::Commit),
        1 => (0_u8..=100).prop_map(Step::Seek),
        1 => Just(Step::Reopen),
    ]
}

struct Model {
    dir: TempDir,
    config: BusConfig,
    appended: Vec<Vec<Vec<u8>>>,
    position: Vec<usize>,
    committed: Vec<usize>,
    count: u32,
}

impl Model {
    fn open(&self) -> EmbeddedBus {
        EmbeddedBus::open(self.dir.path(), &self.config).unwrap()
    }

    async fn run(&mut self, steps: Vec<Step>) {
        let mut bus = self.open();
        let mut reader = bus.reader(TOPIC, GROUP).await.unwrap();
        for step in steps {
            match step {
                Step::Append(sizes) => self.append(&bus, sizes).await,
                Step::Read(max) => self.read(&mut *reader, max).await,
                Step::Commit => {
                    reader.commit(&offsets(&self.position)).await.unwrap();
                    self.committed.clone_from(&self.position);
                }
                Step::Seek(percent) => {
                    let part = |of: &Vec<_>| of.len() * usize::from(percent) / 100;
                    self.position = self.appended.iter().map(part).collect();
                    reader.seek(&offsets(&self.position)).await.unwrap();
                }
                Step::Reopen => {
                    drop((reader, bus));
                    bus = self.open();
                    reader = bus.reader(TOPIC, GROUP).await.unwrap();
                    self.position.clone_from(&self.committed);
                }
            }
        }
        self.read(&mut *reader, usize::MAX).await;
        for lag in bus.lag(TOPIC, GROUP).await.unwrap() {
            let index = lag.partition as usize;
            assert_eq!(lag.end, self.appended[index].len() as Offset);
            assert_eq!(lag.committed, self.committed[index] as Offset);
        }
    }

    async fn append(&mut self, bus: &EmbeddedBus, sizes: Vec<(Option<u8>, usize)>) {
        let mut records = Vec::new();
        for (key, size) in sizes {
            self.count = self.count.wrapping_add(1);
            let payload = noise(self.count, size);
            let record = key.map_or(Record { key: None, payload: payload.clone() }, |key| record(key, payload.clone()));
            for (partition, appended) in (0..).zip(&mut self.appended) {
                if record.key.is_none_or(|key| partition_of(&key, bus.partitions()) == partition) {
                    appended.push(payload.clone());
                }
            }
            records.push(record);
        }
        bus.append(TOPIC, records).await.unwrap();
    }

    /// Reads at most `max` records, or what there is.
    async fn read(&mut self, reader: &mut dyn Reader, max: usize) {
        let unread = |model: &Self| {
            let total: usize = model.appended.iter().map(Vec::len).sum();
            total - model.position.iter().sum::<usize>()
        };
        let mut wanted = max.min(unread(self));
        while wanted > 0 {
            let records = reader.next(wanted).await.unwrap();
            assert!((1..=wanted).contains(&records.len()));
            wanted -= records.len();
            for record in records {
                let index = record.partition as usize;
                assert_eq!(record.offset, self.position[index] as Offset);
                assert!(record.payload == self.appended[index][self.position[index]]);
                self.position[index] += 1;
            }
        }
    }
}

fn offsets(positions: &[usize]) -> Offsets {
    let offset = |(partition, &position): (Partition, &usize)| (partition, position as Offset);
    Offsets((0..).zip(positions).map(offset).collect())
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 12, ..ProptestConfig::default() })]

    #[test]
    fn the_log_does_what_the_model_does(steps in prop::collection::vec(step(), 1..40), small in any::<bool>()) {
        let partitions = 3;
        let mut config = BusConfig { partitions: 3.try_into().unwrap(), ..BusConfig::default() };
        if small {
            // The smallest segments, so that the steps cross many of them.
            config.retention_bytes = 1;
        }
        let mut model = Model {
            dir: tempfile::tempdir().unwrap(),
            config,
            appended: vec![Vec::new(); partitions],
            position: vec![0; partitions],
            committed: vec![0; partitions],
            count: 0,
        };
        tokio::runtime::Builder::new_current_thread().build().unwrap().block_on(model.run(steps));
    }
}
