//! The embedded log passes the suite, follows the model, keeps to its limits, and survives faults.

mod crash;
mod faults;
mod model;
mod retention;

use std::sync::Arc;

use async_trait::async_trait;
use tempfile::TempDir;

use super::{BusConfig, EmbeddedBus};
use crate::conformance::Factory;
use crate::id::PostId;
use crate::log::{Bus, BusError};
use crate::record::Record;

/// A log in a directory that goes with it.
struct Embedded(TempDir);

impl Embedded {
    fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }
}

#[async_trait]
impl Factory for Embedded {
    async fn open(&self) -> Arc<dyn Bus> {
        Arc::new(EmbeddedBus::open(self.0.path(), &BusConfig::default()).unwrap())
    }
}

crate::bus_conformance_suite!(Embedded::new());

fn record(key: u8, payload: Vec<u8>) -> Record {
    let mut bytes = [0; 16];
    bytes[7] = key;
    Record { key: Some(PostId::from_bytes(bytes)), payload }
}

/// Bytes that do not compress, the same for the same seed.
fn noise(seed: u32, size: usize) -> Vec<u8> {
    let mut bytes = vec![0; size];
    blake3::Hasher::new().update(&seed.to_le_bytes()).finalize_xof().fill(&mut bytes);
    bytes
}

#[tokio::test]
async fn an_open_log_cannot_be_opened_again() {
    let dir = tempfile::tempdir().unwrap();
    let _bus = EmbeddedBus::open(dir.path(), &BusConfig::default()).unwrap();
    let error = EmbeddedBus::open(dir.path(), &BusConfig::default()).err().unwrap();
    assert!(matches!(error, BusError::InUse { .. }), "{error}");
}
