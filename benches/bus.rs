//! The embedded log: durable appends and sequential reads of records of 1 kB that look like posts.

use std::hint::black_box;
use std::time::{Duration, Instant};

use bus::{Bus, BusConfig, BusTopic, EmbeddedBus, Offsets, PostId, Record};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use tokio::runtime::Runtime;

const TOPIC: BusTopic = BusTopic::Posts;
const RECORD_BYTES: usize = 1_000;
const WORDS: [&str; 16] = [
    "appointment",
    "ward",
    "the",
    "waiting",
    "nurse",
    "was",
    "and",
    "kind",
    "again",
    "referral",
    "to",
    "a",
    "letter",
    "discharge",
    "of",
    "pharmacy",
];

/// Text that compresses about as well as posts do: words in an order that hardly repeats.
fn record(number: u64) -> Record {
    let hash = blake3::hash(&number.to_le_bytes());
    let key = hash.as_bytes().first_chunk().copied().expect("a hash has 32 bytes");
    let mut payload = format!("{{\"id\":\"{}\",\"text\":\"", hash.to_hex()).into_bytes();
    let mut random = u64::from_le_bytes(*hash.as_bytes().last_chunk().expect("a hash has 32 bytes"));
    while payload.len() < RECORD_BYTES {
        random = random.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        payload.extend_from_slice(WORDS[(random >> 60) as usize].as_bytes());
        payload.extend_from_slice(format!(" {:x} ", (random >> 40) & 0xfff).as_bytes());
    }
    payload.truncate(RECORD_BYTES);
    Record { key: Some(PostId::from_bytes(key)), payload }
}

fn records(count: u64) -> Vec<Record> {
    (0..count).map(record).collect()
}

fn open() -> (tempfile::TempDir, EmbeddedBus) {
    let dir = tempfile::tempdir().expect("the temporary directory is writable");
    let bus = EmbeddedBus::open(dir.path(), &BusConfig::default()).expect("an empty log opens");
    (dir, bus)
}

fn appends(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let mut group = criterion.benchmark_group("append");
    for count in [1, 50, 500, 5_000] {
        let (_dir, bus) = open();
        group.throughput(Throughput::Elements(count));
        group.bench_function(format!("{count} at once"), |bencher| {
            let append = |batch| runtime.block_on(bus.append(TOPIC, batch)).expect("the disk has room");
            bencher.iter_batched(|| records(count), append, BatchSize::LargeInput);
        });
    }
    group.throughput(Throughput::Elements(8 * 50));
    group.bench_function("50 by each of 8 callers", |bencher| {
        let (_dir, bus) = open();
        let append = |batches: Vec<Vec<Record>>| {
            runtime.block_on(async {
                let mut callers = tokio::task::JoinSet::new();
                for batch in batches {
                    let bus = bus.clone();
                    callers.spawn(async move { bus.append(TOPIC, batch).await });
                }
                callers.join_all().await.into_iter().for_each(|outcome| outcome.expect("the disk has room"));
            });
        };
        bencher.iter_batched(|| vec![records(50); 8], append, BatchSize::LargeInput);
    });
    group.finish();
}

fn reads(criterion: &mut Criterion) {
    const TOTAL: u64 = 100_000;
    let runtime = Runtime::new().expect("a runtime");
    let (_dir, bus) = open();
    for batch in records(TOTAL).chunks(500) {
        runtime.block_on(bus.append(TOPIC, batch.to_vec())).expect("the disk has room");
    }
    let mut group = criterion.benchmark_group("read");
    group.throughput(Throughput::Elements(TOTAL)).sample_size(10).measurement_time(Duration::from_secs(10));
    group.bench_function("100,000 in order, 500 at a time", |bencher| {
        bencher.iter_custom(|rounds| {
            runtime.block_on(async {
                let mut reader = bus.reader(TOPIC, "bench").await.expect("a reader can join");
                let begin = Instant::now();
                for _ in 0..rounds {
                    reader.seek(&Offsets::default()).await.expect("the beginning is there");
                    let mut count = 0;
                    while count < TOTAL {
                        count += black_box(reader.next(500).await.expect("the log can be read")).len() as u64;
                    }
                }
                begin.elapsed()
            })
        });
    });
    group.finish();
}

criterion_group!(benches, appends, reads);
criterion_main!(benches);
