//! How far the bus is in the table of posts, kept beside it: what the bus itself says of the group is only for show.

use std::collections::BTreeMap;

use ::clickhouse::Row;
use bus::{Mark, Marks, Offset};
use serde::{Deserialize, Serialize};

use super::ClickHouse;
use super::error::ClickHouseError;

/// Bits of a version that hold the offset; those above hold the epoch. 2^48 records fill a partition in nine thousand years
/// at a thousand a second.
const OFFSET_BITS: u32 = 48;

/// The life of one bus, counted from 1: where it is made anew, its offsets begin anew.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Epoch(u16);

impl Epoch {
    /// The first.
    pub const FIRST: Self = Self(1);

    /// The version of what stands at `offset`: above everything of the epochs before.
    pub(super) fn version(self, offset: Offset) -> u64 {
        self.begin() | offset
    }

    /// The version that is above everything of the epochs before.
    pub(super) fn begin(self) -> u64 {
        u64::from(self.0) << OFFSET_BITS
    }

    /// The number.
    pub(super) fn number(self) -> u16 {
        self.0
    }
}

/// How far a bus was read into the table.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Position {
    /// Which life of the bus.
    pub epoch: Epoch,
    /// Where reading goes on.
    pub marks: Marks,
}

#[derive(Row, Serialize, Deserialize)]
struct PositionRow {
    epoch: u16,
    bus_partition: u32,
    next: u64,
    appended_ms: i64,
}

impl ClickHouse {
    /// Where to go on reading a bus with so many partitions; the beginning, for a database that has read none.
    ///
    /// # Errors
    /// [`ClickHouseError::OtherBus`] when the number of partitions is another: offsets and partitions mean something else then.
    pub async fn position(&self, partitions: usize) -> Result<Position, ClickHouseError> {
        let Some(position) = self.stored_position().await? else { return self.begin(Epoch::FIRST, partitions).await };
        let known = position.marks.0.len();
        if known != partitions {
            let reason = format!("that one had {known} partitions, and this one has {partitions}");
            return Err(self.other_bus(reason));
        }
        Ok(position)
    }

    /// Begins to read a bus that was made anew. What was counted stays.
    ///
    /// # Errors
    /// [`ClickHouseError`].
    pub async fn begin_anew(&self, partitions: usize) -> Result<Position, ClickHouseError> {
        let last = self.stored_position().await?.map_or(0, |position| position.epoch.0);
        self.begin(Epoch(last.saturating_add(1)), partitions).await
    }

    /// Keeps how far the bus is in the table. Call it only after the server has confirmed everything before.
    ///
    /// # Errors
    /// [`ClickHouseError`].
    pub(super) async fn save(&self, epoch: Epoch, marks: &Marks) -> Result<(), ClickHouseError> {
        let write = async {
            let mut insert = self.client.insert::<PositionRow>("positions").await?.with_setting("async_insert", "0");
            for (&bus_partition, mark) in &marks.0 {
                let appended_ms = mark.appended_ms.unwrap_or_default();
                insert.write(&PositionRow { epoch: epoch.0, bus_partition, next: mark.next, appended_ms }).await?;
            }
            insert.end().await
        };
        self.in_time(write).await
    }

    pub(super) fn other_bus(&self, reason: String) -> ClickHouseError {
        ClickHouseError::OtherBus { database: self.database.clone(), reason }
    }

    async fn begin(&self, epoch: Epoch, partitions: usize) -> Result<Position, ClickHouseError> {
        let start = Mark { next: 0, appended_ms: None };
        let marks = Marks((0..).take(partitions).map(|partition| (partition, start)).collect());
        self.save(epoch, &marks).await?;
        Ok(Position { epoch, marks })
    }

    async fn stored_position(&self) -> Result<Option<Position>, ClickHouseError> {
        let statement = "SELECT epoch, bus_partition, next, appended_ms FROM positions FINAL \
                         WHERE epoch = (SELECT max(epoch) FROM positions)";
        let rows: Vec<PositionRow> = self.in_time(self.client.query_raw(statement).fetch_all()).await?;
        let Some(epoch) = rows.first().map(|row| Epoch(row.epoch)) else { return Ok(None) };
        let mark = |row: PositionRow| {
            let appended_ms = (row.appended_ms != 0).then_some(row.appended_ms);
            (row.bus_partition, Mark { next: row.next, appended_ms })
        };
        let marks: BTreeMap<_, _> = rows.into_iter().map(mark).collect();
        Ok(Some(Position { epoch, marks: Marks(marks) }))
    }
}
