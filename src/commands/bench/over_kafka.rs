//! The figures over Kafka, as `--json` prints them.

use serde::Serialize;

use super::StageRate;

/// What was measured over Kafka.
#[derive(Debug, Serialize)]
pub struct OverKafka {
    /// Records a second that the client sends alone, until all replicas have them.
    pub bare_produced_per_s: f64,
    /// Records a second that it reads alone.
    pub bare_consumed_per_s: f64,
    /// Posts a second of each stage running alone.
    pub stages: Vec<StageRate>,
    /// Posts a second from the first post collected to the last one searchable, all stages at once.
    pub end_to_end_posts_per_s: f64,
    /// That as a part of the same over the embedded log.
    pub ratio_to_embedded: f64,
    /// Posts a second that `discovery enrich` tags, as one process and as two of one group, each with one worker.
    pub enrich_processes: Vec<Processes>,
    /// End to end, until everything is counted in `ClickHouse` as well.
    pub counted_posts_per_s: Option<f64>,
}

/// The rate of some processes together.
#[derive(Debug, Serialize)]
pub struct Processes {
    /// How many.
    pub processes: usize,
    /// Posts a second of all.
    pub posts_per_s: f64,
}
