//! The engine that the tests run on: `scripts/clickhouse-front.py`, or the server that `CLICKHOUSE_URL` names.

use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::LazyLock;

use super::config::ClickHouseConfig;

/// One for all tests of the process.
static URL: LazyLock<String> = LazyLock::new(|| std::env::var("CLICKHOUSE_URL").unwrap_or_else(|_| start()));

/// A database that no other test has. On a server of one's own they stay, under names that begin with `discovery_test_`.
///
/// # Panics
/// When the engine is not there.
pub fn fresh_database() -> ClickHouseConfig {
    let database = format!("discovery_test_{}", ulid::Ulid::generate().to_string().to_lowercase());
    ClickHouseConfig { database, ..ClickHouseConfig::new(URL.as_str()) }
}

fn start() -> String {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("the crate lies in the workspace");
    let python = root.join("target/clickhouse/bin/python");
    assert!(
        python.is_file(),
        "these tests need ClickHouse, and target/clickhouse is not there: run `scripts/setup.sh clickhouse` (`make test` \
         does), name a server in CLICKHOUSE_URL, or leave them out: `cargo test -- --skip clickhouse`"
    );
    let mut front = Command::new(python)
        .arg(root.join("scripts/clickhouse-front.py"))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("Python can be run");
    let mut port = String::new();
    let stdout = front.stdout.take().expect("it is piped");
    BufReader::new(stdout).read_line(&mut port).expect("the front can be read");
    assert!(!port.is_empty(), "scripts/clickhouse-front.py ended at once: its message is above");
    // It ends with its stdin, which this process holds to its end.
    std::mem::forget(front);
    format!("http://127.0.0.1:{}", port.trim())
}
