//! The log's metrics. Each has the bus topic as its only label.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::log::BusTopic;

/// Says what each metric means. Called when a log is opened.
pub(super) fn describe() {
    describe_counter!("discovery_bus_appended_records_total", "Records made safe in the log");
    describe_counter!("discovery_bus_removed_records_total", "Records removed by retention");
    describe_gauge!("discovery_bus_stored_bytes", Unit::Bytes, "Bytes of the records kept in the log, compressed");
    describe_histogram!("discovery_bus_write_seconds", Unit::Seconds, "Time to make one batch safe on disk");
}

/// A segment of `topic` grew by `records`.
pub(super) fn appended(topic: BusTopic, records: u64) {
    counter!("discovery_bus_appended_records_total", "topic" => topic.name()).increment(records);
}

/// Retention removed `records` of `topic`.
pub(super) fn removed(topic: BusTopic, records: u64) {
    counter!("discovery_bus_removed_records_total", "topic" => topic.name()).increment(records);
}

/// `topic` holds `bytes` now.
pub(super) fn stored(topic: BusTopic, bytes: u64) {
    gauge!("discovery_bus_stored_bytes", "topic" => topic.name()).set(bytes as f64);
}

/// One batch took this long.
pub(super) fn written(took: Duration) {
    histogram!("discovery_bus_write_seconds").record(took);
}
