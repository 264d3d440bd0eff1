-- How far the bus is in the table of posts. An epoch is the life of one bus, counted from 1: in the next one its offsets
-- begin anew. `appended_ms` says when the record before `next` was appended, by which the bus is known again; 0 where that
-- is not known.
CREATE TABLE IF NOT EXISTS positions
(
    epoch UInt16,
    bus_partition UInt32,
    next UInt64,
    appended_ms Int64
)
ENGINE = ReplacingMergeTree(next)
ORDER BY (epoch, bus_partition)
