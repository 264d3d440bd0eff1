//! The detector of trends: taking in posts (its hot path, on one core), and computing a list over 100,000 posts.

use std::hint::black_box;

use bus::{Change, Channel, Enriched};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use index::testing::{Numbers, post};
use index::trends::{Detector, TrendsConfig};
use jiff::{SignedDuration, Timestamp};

const TAKEN_IN: u64 = 20_000;
const REMEMBERED: u64 = 100_000;
const WORDS_A_POST: u64 = 30;
const WEEKS_S: u64 = 35 * 24 * 3_600;

fn now() -> Timestamp {
    "2026-11-02T09:00:00Z".parse().expect("the literal is a time")
}

/// Posts of five weeks by 5,000 voices on all channels, oldest first. In the last day every fiftieth speaks of one thing.
fn changes(many: u64) -> Vec<Change<Enriched>> {
    let mut numbers = Numbers(7);
    (0..many)
        .map(|n| {
            let age = WEEKS_S - n * WEEKS_S / many;
            let at = now() - SignedDuration::from_secs(i64::try_from(age).expect("five weeks of seconds"));
            let words: Vec<String> = (0..WORDS_A_POST).map(|_| format!("w{}x", numbers.word())).collect();
            let issue = if age < 24 * 3_600 && n % 50 == 0 { "insulin pens out of stock " } else { "" };
            let channel = Channel::ALL[usize::try_from(n % 5).expect("less than 5")];
            let made = post(n).author(numbers.below(5_000)).at(at).channel(channel);
            Change::Upsert(made.text(&format!("{issue}{}", words.join(" "))).build())
        })
        .collect()
}

fn detector(changes: &[Change<Enriched>]) -> Detector {
    let mut detector = Detector::new(TrendsConfig::default());
    for change in changes {
        detector.observe(change);
    }
    detector
}

fn take_in(criterion: &mut Criterion) {
    let changes = changes(TAKEN_IN);
    let mut group = criterion.benchmark_group("trends");
    group.throughput(Throughput::Elements(TAKEN_IN)).sample_size(20);
    group.bench_function("take in 20,000 posts", |bencher| bencher.iter(|| black_box(detector(&changes)).posts()));
    group.finish();
}

fn list(criterion: &mut Criterion) {
    let changes = changes(REMEMBERED);
    let mut detector = detector(&changes);
    let last = changes.last().expect("there are posts").clone();
    let mut group = criterion.benchmark_group("trends");
    group.sample_size(10);
    group.bench_function("list over 100,000 posts", |bencher| {
        bencher.iter(|| {
            // A post anew, so that the marks of its day have to be set again, as with every list of a live stream.
            detector.observe(&last);
            black_box(detector.list(now())).issues.len()
        });
    });
    group.finish();
}

criterion_group!(benches, take_in, list);
criterion_main!(benches);
