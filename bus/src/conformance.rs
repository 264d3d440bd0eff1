//! What every [`Bus`] must do, whatever its back end: one suite, run over each of them.
//!
//! A back end implements [`Factory`] and calls [`crate::bus_conformance_suite`] in its tests. The suite assumes nothing about
//! times, nor that offsets begin at 0 or have no gaps. It waits for events, with a long limit so that a lost one fails the test.

mod append;
#[cfg(feature = "kafka")]
pub mod broker;
mod groups;
mod read;

use std::future::Future;
use std::sync::Arc;
use std::time::Duration;

use async_trait::async_trait;

pub use self::append::*;
pub use self::groups::*;
pub use self::read::*;

use crate::id::PostId;
use crate::log::{Bus, BusTopic, Lag, Reader};
use crate::record::{Delivered, Offsets, Record};

/// Opens the bus under test. Each test gets a factory of its own, over an empty log of at least two partitions.
#[async_trait]
pub trait Factory: Send + Sync {
    /// Opens the log: the first time an empty one, later the same one as after a crash or restart. Whatever was opened
    /// before has been dropped by then.
    async fn open(&self) -> Arc<dyn Bus>;
}

/// Makes one test of each function of the suite, for the factory that the expression gives.
#[macro_export]
macro_rules! bus_conformance_suite {
    ($factory:expr) => {
        $crate::bus_conformance_suite! { $factory =>
            records_of_a_key_keep_their_order
            records_without_a_key_reach_every_partition
            an_append_is_refused_as_a_whole
            an_empty_append_and_an_empty_payload_are_fine
            a_large_batch_comes_back_whole
            concurrent_appends_keep_the_order_of_each_caller
            what_was_appended_survives_a_restart
            a_reader_goes_on_where_its_group_committed
            what_was_not_committed_is_read_again
            a_seek_moves_back_and_forth
            a_seek_beyond_the_end_is_refused
            a_waiting_reader_is_woken
            a_cancelled_read_has_read_nothing
            lag_counts_what_is_not_committed
            groups_are_independent
            readers_of_a_group_share_the_records
            a_reader_that_leaves_passes_on_its_partitions
            a_reader_that_joins_loses_nothing
        }
    };
    ($factory:expr => $($test:ident)*) => {
        $(
            #[tokio::test(flavor = "multi_thread", worker_threads = 2)]
            async fn $test() {
                $crate::conformance::$test(&$factory).await;
            }
        )*
    };
}

const TOPIC: BusTopic = BusTopic::Posts;
const GROUP: &str = "conformance";

/// A lost wake-up or record fails the test after this long.
pub(crate) async fn soon<T>(event: impl Future<Output = T>) -> T {
    tokio::time::timeout(Duration::from_mins(1), event).await.expect("this happens soon")
}

/// The key of number `number`; neighbours lie in different partitions.
fn key(number: u64) -> PostId {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&number.to_be_bytes());
    PostId::from_bytes(bytes)
}

/// A record of the key `number` that says `text`.
pub(crate) fn keyed(number: u64, text: impl Into<String>) -> Record {
    Record { key: Some(key(number)), payload: text.into().into_bytes() }
}

/// Records of `count` neighbouring keys that say their numbers.
pub(crate) fn numbered(count: u64) -> Vec<Record> {
    (0..count).map(|number| keyed(number, number.to_string())).collect()
}

/// What a record says.
pub(crate) fn text(record: &Delivered) -> &str {
    std::str::from_utf8(&record.payload).expect("the suite appends text")
}

/// What the records say, sorted.
pub(crate) fn sorted_texts(records: &[Delivered]) -> Vec<&str> {
    let mut texts: Vec<_> = records.iter().map(text).collect();
    texts.sort_unstable();
    texts
}

/// What [`numbered`] records say, sorted.
pub(crate) fn sorted_numbers(count: u64) -> Vec<String> {
    let mut numbers: Vec<_> = (0..count).map(|number| number.to_string()).collect();
    numbers.sort_unstable();
    numbers
}

pub(crate) async fn append(bus: &dyn Bus, records: Vec<Record>) {
    soon(bus.append(TOPIC, records)).await.expect("an append works");
}

pub(crate) async fn reader(bus: &dyn Bus) -> Box<dyn Reader> {
    soon(bus.reader(TOPIC, GROUP)).await.expect("a reader can join")
}

async fn lag(bus: &dyn Bus) -> Vec<Lag> {
    soon(bus.lag(TOPIC, GROUP)).await.expect("the lag is known")
}

/// Reads until there are `count` records.
pub(crate) async fn read(reader: &mut dyn Reader, count: usize) -> Vec<Delivered> {
    let mut records = Vec::new();
    while records.len() < count {
        let more = soon(reader.next(count - records.len())).await.expect("reading works");
        assert!(!more.is_empty() && more.len() <= count - records.len(), "as many as asked for, and at least one");
        records.extend(more);
    }
    records
}

/// The offsets after `records`.
pub(crate) fn offsets_after(records: &[Delivered]) -> Offsets {
    let mut offsets = Offsets::default();
    for record in records {
        offsets.advance(record.partition, record.offset);
    }
    offsets
}
