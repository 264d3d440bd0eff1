//! The log of many machines: Apache Kafka.
//!
//! ```text
//! append ---> librdkafka's queue (bounded) ---> all replicas ---> acknowledged
//! next   ---> a thread of its own, which polls only while somebody waits ---> records
//! ```
//!
//! * A key lies in the partition that [`crate::partition_of`] says, as in the embedded log; librdkafka does not choose.
//! * The producer is idempotent and waits for all replicas, so that it neither loses, repeats nor reorders.
//! * Nothing is committed that the stage did not ask for. A reader that was moved with [`Reader::seek`] reads on from there,
//!   and from where it came since, whatever the group has committed.
//! * A group changes hands only while a reader waits in [`Reader::next`]: by then a stage has dealt with what it got before.
//! * While no broker answers, everything waits, and says so in the log. The one thing that is refused is to start without one.

mod config;

#[cfg(feature = "kafka")]
mod bare;
#[cfg(feature = "kafka")]
mod client;
#[cfg(feature = "kafka")]
mod error;
#[cfg(feature = "kafka")]
mod group;
#[cfg(feature = "kafka")]
mod log;
#[cfg(feature = "kafka")]
mod positions;
#[cfg(feature = "kafka")]
mod producer;
#[cfg(feature = "kafka")]
mod reader;
#[cfg(feature = "kafka")]
#[cfg(test)]
mod tests;
#[cfg(feature = "kafka")]
mod topics;
#[cfg(feature = "kafka")]
mod worker;

#[cfg(feature = "kafka")]
pub use self::bare::BareRates;
pub use self::config::{Compression, KafkaConfig, MAX_RETENTION_HOURS, SaslConfig, SaslMechanism, TlsConfig};
#[cfg(feature = "kafka")]
pub use self::log::KafkaBus;

#[cfg(doc)]
use crate::log::Reader;
