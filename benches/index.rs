//! Writing and reading the index: our writer beside bare Tantivy with the same documents, used in the same way
//! (delete before add, a commit for every 5,000 posts: one a second at the rate we promise), then searches and counts.

use std::hint::black_box;
use std::path::Path;
use std::time::Duration;

use bus::{Change, Channel, Enriched, Offsets, SentimentLabel};
use criterion::{BatchSize, Criterion, Throughput, criterion_group, criterion_main};
use index::testing::{Numbers, post};
use index::{Analytics, Dimension, Filter, Index, SearchRequest, Sort, Step, document, schema};
use jiff::{Timestamp, ToSpan};
use tantivy::indexer::IndexWriterOptions;
use tantivy::{TantivyDocument, Term};
use tempfile::{TempDir, tempdir};
use tokio::runtime::Runtime;

const WRITTEN: u64 = 20_000;
const READ: u64 = 100_000;
const A_COMMIT: usize = 5_000;
const WORDS_A_POST: u64 = 35;

fn start() -> Timestamp {
    "2026-09-28T00:00:00Z".parse().expect("the literal is a time")
}

/// Eight weeks of posts by 5,000 voices, of about 220 characters, tagged as enrichment would.
fn posts(many: u64) -> Vec<Enriched> {
    let mut numbers = Numbers(7);
    (0..many)
        .map(|n| {
            let text: Vec<String> = (0..WORDS_A_POST).map(|_| spell(numbers.word())).collect();
            let minutes = i64::try_from(n * 80_640 / many).expect("eight weeks of minutes");
            let mut made = post(n).text(&text.join(" ")).author(numbers.below(5_000)).at(start() + minutes.minutes());
            made = made.channel(Channel::ALL[index_of(numbers.below(5))]).language("en");
            made = made.feeling(SentimentLabel::ALL[index_of(numbers.below(3))]);
            made = made.source(&format!("source-{}", numbers.below(12)));
            if numbers.below(2) == 0 {
                made = made.region(["london", "midlands", "south-west", "north-west"][index_of(numbers.below(4))]);
            }
            let topics = ["gp-access", "dental", "waiting", "mental-health", "maternity", "staff", "costs", "hospital"];
            let (first, second) = (index_of(numbers.below(8)), index_of(numbers.below(8)));
            made.topics(&[topics[first], topics[second]]).build()
        })
        .collect()
}

fn index_of(number: u64) -> usize {
    usize::try_from(number).expect("a small number")
}

/// A pronounceable word for a number.
fn spell(mut number: u64) -> String {
    const SYLLABLES: [&str; 20] = [
        "wait", "ap", "point", "nurs", "doc", "tor", "hos", "pit", "al", "ment", "queu", "den", "tist", "care", "long",
        "ward", "bed", "phon", "call", "back",
    ];
    let mut word = String::new();
    loop {
        word.push_str(SYLLABLES[index_of(number % 20)]);
        number /= 20;
        if number == 0 {
            return word;
        }
    }
}

fn fill(dir: &Path, posts: &[Enriched]) -> Index {
    let index = Index::open(dir).expect("an empty index opens");
    let mut writer = index.writer().expect("there is no other writer");
    for batch in posts.chunks(A_COMMIT) {
        for post in batch {
            writer.apply(&Change::Upsert(post.clone())).expect("the disk has room");
        }
        writer.commit(&Offsets::default()).expect("the disk has room");
    }
    index
}

/// The same with nothing of ours but the schema.
fn fill_bare(dir: &Path, documents: Vec<(Vec<u8>, TantivyDocument)>) {
    let (schema, fields) = schema::schema();
    let index = tantivy::Index::create_in_dir(dir, schema).expect("an empty directory");
    schema::register_analyzer(&index);
    let options = IndexWriterOptions::builder().memory_budget_per_thread(64_000_000).num_merge_threads(1).build();
    let mut writer = index.writer_with_options(options).expect("there is no other writer");
    for (count, (id, document)) in documents.into_iter().enumerate() {
        writer.delete_term(Term::from_field_bytes(fields.id, &id));
        writer.add_document(document).expect("the disk has room");
        if (count + 1) % A_COMMIT == 0 {
            writer.commit().expect("the disk has room");
        }
    }
    writer.commit().expect("the disk has room");
}

fn writing(criterion: &mut Criterion) {
    let posts = posts(WRITTEN);
    let fields = schema::schema().1;
    let mut json = Vec::new();
    let documents: Vec<(Vec<u8>, TantivyDocument)> = posts
        .iter()
        .map(|post| (post.post.id.as_bytes().to_vec(), document::from_post(&fields, post, &mut json)))
        .collect();
    let mut group = criterion.benchmark_group("write");
    group.throughput(Throughput::Elements(WRITTEN)).sample_size(10).measurement_time(Duration::from_secs(15));
    let directory = || tempdir().expect("the temporary directory is writable");
    group.bench_function("ours", |bencher| {
        bencher.iter_batched(directory, |dir| (fill(dir.path(), &posts), dir), BatchSize::PerIteration);
    });
    group.bench_function("bare tantivy", |bencher| {
        let setup = || (directory(), documents.clone());
        let run = |(dir, documents): (TempDir, _)| {
            fill_bare(dir.path(), documents);
            dir
        };
        bencher.iter_batched(setup, run, BatchSize::PerIteration);
    });
    group.bench_function("document from post", |bencher| {
        bencher.iter(|| {
            for post in &posts {
                black_box(document::from_post(&fields, post, &mut json));
            }
        });
    });
    group.finish();
}

fn searching(criterion: &mut Criterion) {
    let runtime = Runtime::new().expect("a runtime");
    let dir = tempdir().expect("the temporary directory is writable");
    let index = fill(dir.path(), &posts(READ));
    let searcher = index.searcher();
    let mut group = criterion.benchmark_group("search 100k");
    let queries = [
        ("all", ""),
        ("common word", "wait"),
        ("rare word", "queuhostor"),
        ("three words", "wait appoint nurs"),
        ("phrase", "\"appoint nurs\""),
        ("near", "dentist NEAR/5 hospital"),
        ("prefix", "hosp*"),
        ("everything", "(wait* OR \"call back\") NOT nurs topic:dental from:2026-10-01"),
    ];
    for (name, query) in queries {
        for (sort, suffix) in [(Sort::Newest, "newest"), (Sort::Best, "best")] {
            group.bench_function(format!("{name}, {suffix}"), |bencher| {
                bencher.to_async(&runtime).iter(|| {
                    let filter = Filter { query: query.to_owned(), ..Filter::default() };
                    let request = SearchRequest { filter, sort, page: 1, per_page: 20 };
                    async { searcher.search(request).await.expect("a good query") }
                });
            });
        }
    }
    group.finish();
    counting(criterion, &runtime, &index);
}

fn counting(criterion: &mut Criterion, runtime: &Runtime, index: &Index) {
    let analytics = index.analytics();
    let eight_weeks =
        |first: Timestamp| Filter { from: Some(first), until: Some(start() + (56 * 24).hours()), ..Filter::default() };
    let mut group = criterion.benchmark_group("count 100k");
    for kept in [false, true] {
        let name = |question: &str| format!("{question}, {}", if kept { "kept" } else { "anew" });
        // Another beginning makes another question, so that nothing is kept of its answer.
        let mut shift = 0_i64;
        let mut filter = || {
            shift += i64::from(!kept);
            eight_weeks(start() - shift.milliseconds())
        };
        group.bench_function(name("totals"), |bencher| {
            bencher.to_async(runtime).iter(|| {
                let filter = filter();
                let analytics = &analytics;
                async move { analytics.totals(&filter).await.expect("a good filter") }
            });
        });
        group.bench_function(name("topics"), |bencher| {
            bencher.to_async(runtime).iter(|| {
                let filter = filter();
                let analytics = &analytics;
                async move { analytics.groups(&filter, Dimension::Topic, 20).await.expect("a good filter") }
            });
        });
        group.bench_function(name("days"), |bencher| {
            bencher.to_async(runtime).iter(|| {
                let filter = filter();
                let analytics = &analytics;
                async move { analytics.over_time(&filter, Step::Day).await.expect("a good filter") }
            });
        });
    }
    group.finish();
}

criterion_group!(benches, writing, searching);
criterion_main!(benches);
