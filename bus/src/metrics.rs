//! The log's metrics, whatever its back end. Labels are the bus topic and the group, both closed sets.

use std::time::Duration;

use metrics::{Unit, counter, describe_counter, describe_gauge, describe_histogram, gauge, histogram};

use crate::log::BusTopic;

/// Says what each metric means. Called when a log is opened.
pub(crate) fn describe() {
    describe_counter!("discovery_bus_appended_records_total", "Records made safe in the log");
    describe_counter!("discovery_bus_removed_records_total", "Records removed by retention");
    describe_gauge!("discovery_bus_stored_bytes", Unit::Bytes, "Bytes of the records kept in the log, compressed");
    describe_gauge!("discovery_bus_lag_records", "Records that a group has not committed yet");
    describe_counter!("discovery_bus_broker_errors_total", "Times that the client of Kafka reported an error");
    describe_histogram!("discovery_bus_write_seconds", Unit::Seconds, "Time to make one batch safe");
}

/// A segment of `topic` grew by `records`.
pub(crate) fn appended(topic: BusTopic, records: u64) {
    counter!("discovery_bus_appended_records_total", "topic" => topic.name()).increment(records);
}

/// Retention removed `records` of `topic`.
pub(crate) fn removed(topic: BusTopic, records: u64) {
    counter!("discovery_bus_removed_records_total", "topic" => topic.name()).increment(records);
}

/// `topic` holds `bytes` now.
pub(crate) fn stored(topic: BusTopic, bytes: u64) {
    gauge!("discovery_bus_stored_bytes", "topic" => topic.name()).set(bytes as f64);
}

/// One batch took this long.
pub(crate) fn written(took: Duration) {
    histogram!("discovery_bus_write_seconds").record(took);
}

/// `group` has not committed `records` of `topic` yet.
pub fn lagging(topic: BusTopic, group: &'static str, records: u64) {
    gauge!("discovery_bus_lag_records", "topic" => topic.name(), "group" => group).set(records as f64);
}

/// The client of Kafka reported an error.
#[cfg(feature = "kafka")]
pub(crate) fn broker_complained() {
    counter!("discovery_bus_broker_errors_total").increment(1);
}
