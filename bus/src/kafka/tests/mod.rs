//! The log over Kafka passes the suite: with librdkafka's mock cluster, and with a real broker.

mod broker;
mod mock;
mod secured;
