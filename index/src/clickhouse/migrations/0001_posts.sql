-- One row for each version of a post; the one with the highest version stands. The order is by id alone, because an
-- edit may change everything else about a post, and a deletion knows nothing but the id. For the same reason there is no
-- partition by month.
--
-- The text itself is not here: `words` are those of title and text without their endings, in order, with an empty one
-- where title and text meet and where a word was too long to be kept.
CREATE TABLE IF NOT EXISTS posts
(
    id UInt128,
    version UInt64 CODEC(Delta, ZSTD(1)),
    is_deleted UInt8 CODEC(ZSTD(1)),
    bus_partition UInt32 CODEC(ZSTD(1)),
    author UInt128 CODEC(ZSTD(1)),
    created_ms Int64 CODEC(Delta, ZSTD(1)),
    channel LowCardinality(String),
    region LowCardinality(String),
    topics Array(LowCardinality(String)),
    sentiment LowCardinality(String),
    language LowCardinality(String),
    source LowCardinality(String),
    event String CODEC(ZSTD(1)),
    words Array(String) CODEC(ZSTD(3)),
    title_words Array(String) CODEC(ZSTD(3))
)
ENGINE = ReplacingMergeTree(version, is_deleted)
ORDER BY id
SETTINGS non_replicated_deduplication_window = 10000
