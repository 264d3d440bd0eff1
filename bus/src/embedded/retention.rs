//! Retention: removing what is too old or too much, in whole segments.

use jiff::{SignedDuration, Timestamp};

use super::Shared;
use super::config::BusConfig;
use super::segment::Segment;
use super::store::{self, Store};
use crate::log::BusTopic;
use crate::metrics;

/// A bus topic is cut into about this many segments, so that it overshoots its limits by no more than this part.
const SEGMENTS: u32 = 16;
const MIN_SEGMENT_BYTES: u64 = 64 * 1024;
const MAX_SEGMENT_BYTES: u64 = 128 * 1024 * 1024;

/// What retention has removed.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Retained {
    /// Records removed, in all bus topics.
    pub records: u64,
    /// Their size on disk, in bytes.
    pub bytes: u64,
    /// Of these records, those that some group had not committed, counted once for each such group.
    pub unread: u64,
}

impl Shared {
    /// The size at which a segment is closed.
    pub(super) fn segment_bytes(&self) -> u64 {
        (self.config.retention_bytes / u64::from(SEGMENTS)).clamp(MIN_SEGMENT_BYTES, MAX_SEGMENT_BYTES)
    }
}

/// Removes what the configuration does not permit at the time `now`.
pub(super) fn retain(shared: &Shared, store: &Store, now: Timestamp) -> fjall::Result<Retained> {
    let mut removed = Retained::default();
    for topic in BusTopic::ALL {
        let Some(keep) = keep(&shared.config, topic) else {
            metrics::stored(topic, store.bytes(topic));
            continue;
        };
        close_old_segment(store, topic, now, keep / i32::try_from(SEGMENTS).expect("a small number"))?;
        while let Some(oldest) = removable(shared, store, topic, now, keep) {
            let unread = report(shared, topic, &oldest);
            store.remove_oldest(topic)?;
            removed.records += oldest.extent.records();
            removed.bytes += oldest.extent.bytes;
            removed.unread += unread;
            metrics::removed(topic, oldest.extent.records());
        }
        metrics::stored(topic, store.bytes(topic));
    }
    Ok(removed)
}

/// Closes the segment being written once it is old enough that its records are to go before those that still come.
fn close_old_segment(store: &Store, topic: BusTopic, now: Timestamp, span: SignedDuration) -> fjall::Result<()> {
    let last = store.segments(topic).back().cloned();
    let Some(last) = last.filter(|last| !last.extent.is_empty() && now.duration_since(last.extent.opened_at) >= span)
    else {
        return Ok(());
    };
    let next = store::next_segment(store, topic, Some(&last), now)?;
    let mut batch = store.batch();
    store.put_extent(&mut batch, topic, next.number, &next.extent);
    store.commit(batch)?;
    store.replace_last(topic, next)
}

/// The oldest segment of `topic`, if it is to go.
fn removable(shared: &Shared, store: &Store, topic: BusTopic, now: Timestamp, keep: SignedDuration) -> Option<Segment> {
    let too_much = store.bytes(topic) > shared.config.retention_bytes;
    let segments = store.segments(topic);
    // The last one is being written, and tells where the next record goes.
    let oldest = segments.front().filter(|_| segments.len() > 1)?;
    let extent = &oldest.extent;
    let too_old = now.duration_since(extent.newest_at) > keep;
    // Nobody is obliged to read dead letters: they wait for their time, and no longer.
    let awaited =
        topic != BusTopic::DeadLetters && !shared.groups().behind(topic, &extent.begin, &extent.end).is_empty();
    (too_much || (too_old && !awaited)).then(|| oldest.clone())
}

/// Says what is lost to groups that have not committed `segment`, and counts it.
fn report(shared: &Shared, topic: BusTopic, segment: &Segment) -> u64 {
    let mut total = 0;
    for (group, unread) in shared.groups().behind(topic, &segment.extent.begin, &segment.extent.end) {
        total += unread;
        if topic != BusTopic::DeadLetters {
            tracing::error!(
                topic = topic.name(),
                group,
                unread,
                "the size limit of the log removes records that this group has not read: raise bus.retention_bytes, or find out why it does not keep up"
            );
        }
    }
    total
}

/// How long the records of `topic` are kept; `None` for good.
fn keep(config: &BusConfig, topic: BusTopic) -> Option<SignedDuration> {
    let hours = match topic {
        BusTopic::Posts | BusTopic::Enriched => config.retention_hours,
        BusTopic::DeadLetters => config.dead_letter_retention_hours,
        BusTopic::Corrections => return None,
    };
    Some(SignedDuration::from_hours(i64::from(hours.get())))
}
