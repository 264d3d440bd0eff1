//! Writes that fail, for real: the test runs itself again where no file may grow beyond 64 MiB.

use std::process::Command;

use super::{BusConfig, EmbeddedBus, noise, record};
use crate::embedded::store::Store;
use crate::log::{Bus, BusError, BusTopic, Lag};
use crate::record::Record;

const TOPIC: BusTopic = BusTopic::Posts;
const LIMITED: &str = "BUS_TEST_WITH_FILE_LIMIT";

#[test]
fn an_append_that_fails_leaves_nothing_and_later_ones_work() {
    if std::env::var_os(LIMITED).is_some() {
        return tokio::runtime::Runtime::new().unwrap().block_on(fail_and_go_on());
    }
    // Ignoring the signal makes the system answer with an error instead. The limit is in blocks of 512 bytes.
    let script = r#"trap '' XFSZ; ulimit -f 131072; exec "$0" --exact "$1" --nocapture"#;
    let test = format!("{}::an_append_that_fails_leaves_nothing_and_later_ones_work", module_path!());
    let test = test.split_once("::").unwrap().1;
    let program = std::env::current_exe().unwrap();
    let output = Command::new("sh").args(["-c", script]).arg(program).arg(test).env(LIMITED, "1").output().unwrap();
    let said = String::from_utf8_lossy(&output.stdout) + String::from_utf8_lossy(&output.stderr);
    assert!(output.status.success() && said.contains("1 passed"), "{said}");
}

async fn fail_and_go_on() {
    let dir = tempfile::tempdir().unwrap();
    let mut bus = EmbeddedBus::open(dir.path(), &BusConfig::default()).unwrap();
    bus.append(TOPIC, vec![record(0, b"0".to_vec())]).await.unwrap();
    // More than the journal may hold.
    let much: Vec<Record> = (0..80).map(|number| record(1, noise(number, 1024 * 1024))).collect();
    for round in 1..4_u8 {
        let error = bus.append(TOPIC, much.clone()).await.unwrap_err();
        let BusError::Storage { path, reason } = error else { panic!("{error}") };
        assert!(path == dir.path().display().to_string() && reason.contains("File too large"), "{path} {reason}");
        assert_eq!(readable(&bus).await, usize::from(round));
        bus.append(TOPIC, vec![record(0, round.to_string().into_bytes())]).await.unwrap();
        assert_eq!(readable(&bus).await, usize::from(round) + 1);
        if round == 2 {
            drop(bus);
            bus = EmbeddedBus::open(dir.path(), &BusConfig::default()).unwrap();
        }
    }
}

/// A batch whose append failed may still have reached the disk, whole, before the log is opened anew.
#[tokio::test]
async fn a_batch_that_failed_is_forgotten_even_if_it_reached_the_disk() {
    let dir = tempfile::tempdir().unwrap();
    // The smallest segments, so that the batch goes beyond the one that is known.
    let config = BusConfig { retention_bytes: 1, ..BusConfig::default() };
    let bus = EmbeddedBus::open(dir.path(), &config).unwrap();
    bus.append(TOPIC, vec![record(0, b"0".to_vec())]).await.unwrap();
    drop(bus);
    let known = Store::open(dir.path(), &config).unwrap().extents();
    let bus = EmbeddedBus::open(dir.path(), &config).unwrap();
    for number in 0..5 {
        bus.append(TOPIC, vec![Record { key: None, payload: noise(number, 100_000) }]).await.unwrap();
    }
    drop(bus);
    let store = Store::open(dir.path(), &config).unwrap();
    assert!(store.extents()[&TOPIC].len() > 1);
    store.forget_beyond(&known).unwrap();
    assert_eq!(store.extents(), known);
    drop(store);
    let bus = EmbeddedBus::open(dir.path(), &config).unwrap();
    assert_eq!(readable(&bus).await, 1);
    bus.append(TOPIC, vec![record(0, b"1".to_vec())]).await.unwrap();
    assert_eq!(readable(&bus).await, 2);
}

/// How many records there are; they say their numbers, in order.
async fn readable(bus: &EmbeddedBus) -> usize {
    let lag = bus.lag(TOPIC, "fresh").await.unwrap();
    let total = usize::try_from(lag.iter().map(Lag::records).sum::<u64>()).unwrap();
    let mut reader = bus.reader(TOPIC, "fresh").await.unwrap();
    let records = reader.next(total + 1).await.unwrap();
    for (number, record) in records.iter().enumerate() {
        assert_eq!(record.payload, number.to_string().into_bytes());
    }
    assert_eq!(records.len(), total);
    total
}
