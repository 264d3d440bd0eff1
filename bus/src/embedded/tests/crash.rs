//! A process that is killed while it appends: the test runs itself again as that process.

use std::io::{BufRead, BufReader, Write};
use std::path::Path;
use std::process::{Command, Stdio};

use super::{BusConfig, EmbeddedBus, noise, record};
use crate::log::{Bus, BusTopic};

const TOPIC: BusTopic = BusTopic::Posts;
const DIR: &str = "BUS_TEST_KILLED_IN";

#[test]
fn what_was_acknowledged_survives_a_kill_and_nothing_is_torn() {
    let runtime = tokio::runtime::Runtime::new().unwrap();
    if let Some(dir) = std::env::var_os(DIR) {
        return runtime.block_on(append_for_ever(Path::new(&dir)));
    }
    let dir = tempfile::tempdir().unwrap();
    let mut acknowledged = 0;
    for round in 0..8 {
        // Each round dies after another number of appends, a moment into the next one.
        acknowledged = kill_after(dir.path(), 1 + round * 7).max(acknowledged);
        let found = runtime.block_on(count(dir.path()));
        assert!(found >= acknowledged, "{found} found, {acknowledged} acknowledged");
        acknowledged = found;
    }
}

/// Runs the appending process until it has reported `reports` times, and returns its last report.
fn kill_after(dir: &Path, reports: usize) -> u64 {
    let test = format!("{}::what_was_acknowledged_survives_a_kill_and_nothing_is_torn", module_path!());
    let test = test.split_once("::").unwrap().1;
    let mut child = Command::new(std::env::current_exe().unwrap())
        .args(["--exact", test, "--nocapture"])
        .env(DIR, dir)
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stdout.take().unwrap()).lines().map(Result::unwrap);
    let reported = lines.filter_map(|line| line.strip_prefix("acknowledged ").map(str::to_owned)).take(reports);
    let last = reported.last().unwrap().parse().unwrap();
    child.kill().unwrap();
    child.wait().unwrap();
    last
}

/// Appends batches of one to five records that count up.
async fn append_for_ever(dir: &Path) {
    let mut next = count(dir).await;
    let bus = EmbeddedBus::open(dir, &BusConfig::default()).unwrap();
    loop {
        let batch = (next..next + 1 + next % 5).map(numbered).collect::<Vec<_>>();
        next += batch.len() as u64;
        bus.append(TOPIC, batch).await.unwrap();
        writeln!(std::io::stdout(), "acknowledged {next}").unwrap();
    }
}

fn numbered(number: u64) -> crate::record::Record {
    let mut payload = number.to_string().into_bytes();
    payload.push(b' ');
    payload.extend(noise(0, 20_000));
    record(0, payload)
}

/// How many records the log holds; they count up without a gap.
async fn count(dir: &Path) -> u64 {
    let bus = EmbeddedBus::open(dir, &BusConfig::default()).unwrap();
    let total = bus.lag(TOPIC, "count").await.unwrap().iter().map(crate::log::Lag::records).sum();
    let mut reader = bus.reader(TOPIC, "count").await.unwrap();
    let mut found = 0;
    while found < total {
        for delivered in reader.next(100).await.unwrap() {
            assert!(delivered.payload == numbered(found).payload, "record {found}");
            found += 1;
        }
    }
    total
}
