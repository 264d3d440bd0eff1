//! The suite over `ClickHouse`, and what is particular to it.

use std::sync::Arc;

use async_trait::async_trait;
use bus::{Change, Enriched, Offset, Partition};
use tempfile::tempdir;

use super::engine::fresh_database;
use super::proxy::{Loss, Proxy};
use super::*;
use crate::conformance::Factory;
use crate::testing::{author_key, post};
use crate::{Analytics, Filter, Index};

const PARTITIONS: Partition = 3;

/// Gives changes the places that the bus would give them: by post, and erasures on every partition.
#[derive(Default)]
struct Log(Vec<(Partition, Offset, Change<Enriched>)>);

impl Log {
    fn append(&mut self, changes: Vec<Change<Enriched>>) -> Vec<(Partition, Offset, Change<Enriched>)> {
        let begin = self.0.len();
        for change in changes {
            let partitions = match change.to_record().key {
                Some(id) => vec![Partition::from(id.as_bytes()[0]) % PARTITIONS],
                None => (0..PARTITIONS).collect(),
            };
            for partition in partitions {
                let offset = self.0.iter().filter(|(other, _, _)| *other == partition).count() as Offset;
                self.0.push((partition, offset, change.clone()));
            }
        }
        self.0[begin..].to_vec()
    }
}

fn apply(writer: &mut ClickHouseWriter, records: &[(Partition, Offset, Change<Enriched>)]) {
    for (partition, offset, change) in records {
        writer.apply(*partition, *offset, change);
    }
}

struct InClickHouse;

#[async_trait]
impl Factory for InClickHouse {
    async fn load(&self, batches: Vec<Vec<Change<Enriched>>>) -> Arc<dyn Analytics> {
        let store = ClickHouse::open(&fresh_database()).await.unwrap();
        let (mut writer, mut log) = (store.writer(Epoch::FIRST), Log::default());
        for batch in batches {
            apply(&mut writer, &log.append(batch));
            writer.commit().await.unwrap();
        }
        assert!(writer.is_clean());
        Arc::new(store.analytics())
    }
}

crate::analytics_conformance_suite!(InClickHouse);

/// Rows in the table, older versions and deletions included, as far as they are not merged away.
async fn rows(store: &ClickHouse) -> u64 {
    store.client.query_raw("SELECT count() FROM posts").fetch_one().await.unwrap()
}

async fn posts(store: &ClickHouse) -> u64 {
    store.analytics().totals(&Filter::default()).await.unwrap().posts
}

fn upserts(numbers: std::ops::Range<u64>) -> Vec<Change<Enriched>> {
    numbers.map(|n| Change::Upsert(post(n).author(n % 7).build())).collect()
}

#[tokio::test]
async fn a_batch_that_is_sent_twice_is_there_once() {
    let store = ClickHouse::open(&fresh_database()).await.unwrap();
    let mut log = Log::default();
    let batch = log.append(upserts(0..1_000));
    for _ in 0..2 {
        let mut writer = store.writer(Epoch::FIRST);
        apply(&mut writer, &batch);
        writer.commit().await.unwrap();
        assert_eq!(rows(&store).await, 1_000);
    }
    // Read again in other batches the tokens differ, and the versions see to it.
    for part in batch.chunks(300) {
        let mut writer = store.writer(Epoch::FIRST);
        apply(&mut writer, part);
        writer.commit().await.unwrap();
    }
    assert_eq!(posts(&store).await, 1_000);
}

#[tokio::test]
async fn the_whole_log_read_again_ends_in_the_same_counts() {
    let store = ClickHouse::open(&fresh_database()).await.unwrap();
    let mut log = Log::default();
    log.append(upserts(0..100));
    log.append(vec![Change::EraseAuthor(author_key(3)), Change::Delete(post(1).build().post.id)]);
    // Said after the erasure: this stays, also when the erasure runs again and these rows are not sent again.
    log.append(upserts(100..120));
    for _ in 0..2 {
        let mut writer = store.writer(Epoch::FIRST);
        apply(&mut writer, &log.0);
        writer.commit().await.unwrap();
        let erased = (0..100).filter(|n| n % 7 == 3).count() as u64;
        assert_eq!(posts(&store).await, 120 - erased - 1);
    }
    let left: u64 = store
        .client
        .query("SELECT count() FROM posts WHERE author = ?")
        .bind(row::author_number(author_key(3)))
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(left, (100..120).filter(|n| n % 7 == 3).count() as u64, "what was erased is gone from the table itself");
}

#[tokio::test]
async fn a_connection_that_breaks_neither_loses_nor_doubles() {
    for loss in [Loss::Request, Loss::Reply] {
        break_with(loss).await;
    }
}

async fn break_with(loss: Loss) {
    let config = fresh_database();
    let store = ClickHouse::open(&config).await.unwrap();
    let proxy = Proxy::start(&config.url).await;
    let through = ClickHouse::open(&ClickHouseConfig { url: proxy.url(), ..config }).await.unwrap();
    let mut writer = through.writer(Epoch::FIRST);
    apply(&mut writer, &Log::default().append(upserts(0..500)));

    proxy.lose(loss);
    let error = writer.commit().await.unwrap_err();
    assert!(matches!(error, ClickHouseError::Unreachable { .. }), "{error}");
    assert!(!writer.is_clean());
    assert_eq!(rows(&store).await > 0, loss == Loss::Reply, "whether the server had the batch");

    writer.commit().await.unwrap();
    assert!(writer.is_clean());
    assert_eq!(rows(&store).await, 500, "{loss:?}");
}

#[tokio::test]
async fn queries_mean_what_they_mean_in_the_search_index() {
    let texts = [
        "No appointments until May, said the GP's receptionist",
        "I rang for an appointment at eight and got one",
        "The call-back never came; call me back, please",
        "Café in the hospital: lovely staff?",
        "Queueing on the phone for forty minutes",
        "",
    ];
    let mut changes: Vec<Change<Enriched>> = Vec::new();
    for (n, text) in (0..).zip(texts) {
        let mut made = post(n).text(text).author(n).topics(if n % 2 == 0 { &["gp"] } else { &[] }).build();
        if n == 4 {
            made.post.title = Some("Waiting for a GP".to_owned());
        }
        changes.push(Change::Upsert(made));
    }
    let clickhouse = InClickHouse.load(vec![changes.clone()]).await;
    let dir = tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    let mut writer = index.writer().unwrap();
    for change in &changes {
        writer.apply(change).unwrap();
    }
    writer.commit(&bus::Offsets::default()).unwrap();
    let tantivy = index.analytics();

    let queries = [
        "appointment",
        "appointments gp",
        "\"call back\"",
        "call-back",
        "\"back call\"",
        "cafe",
        "queu*",
        "appointm*",
        "zz*",
        "\"gp queueing\"",
        "title:wait",
        "title:queue",
        "-appointment",
        "gp OR (staff AND NOT phone)",
        "NOT (gp OR call)",
        "topic:gp",
        "-topic:gp",
        "topic:none type:social",
        "source:test-source lang:none",
        "feeling:none region:none phone",
        "date:2026-11-02",
        "from:2026-11-03",
        "until:2026-11-01 OR staff",
        "staff?",
        "'; DROP TABLE posts; --",
    ];
    let mut found = 0;
    for query in queries {
        let filter = Filter { query: query.to_owned(), ..Filter::default() };
        let expected = tantivy.totals(&filter).await.unwrap();
        assert_eq!(clickhouse.totals(&filter).await.unwrap(), expected, "{query}");
        found += expected.posts;
    }
    assert!(found > 20, "the queries must find something: {found}");

    let near = Filter { query: "queue NEAR/3 phone".to_owned(), ..Filter::default() };
    let error = clickhouse.totals(&near).await.unwrap_err().to_string();
    assert!(error.contains("ask for each word"), "{error}");
}

#[tokio::test]
async fn a_database_of_a_newer_program_is_refused() {
    let config = fresh_database();
    let store = ClickHouse::open(&config).await.unwrap();
    store.client.query_raw("INSERT INTO migrations (version) VALUES (99)").execute().await.unwrap();
    let error = ClickHouse::open(&config).await.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("schema 99, this one knows 3"), "{error}");
}

#[tokio::test]
async fn what_the_server_or_the_network_says_is_told() {
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let config = ClickHouseConfig::new(format!("http://{nobody}"));
    let error = ClickHouse::open(&config).await.map(|_| ()).unwrap_err();
    assert!(matches!(error, ClickHouseError::Unreachable { .. }), "{error}");
    assert!(error.to_string().contains("check that it runs, and analytics.clickhouse.url"), "{error}");

    let store = ClickHouse::open(&fresh_database()).await.unwrap();
    store.client.query_raw("DROP TABLE posts").execute().await.unwrap();
    let error = store.analytics().totals(&Filter::default()).await.unwrap_err().to_string();
    assert!(error.contains("refused") && error.contains("posts"), "{error}");
}

#[tokio::test]
async fn what_is_deleted_or_too_old_leaves_the_files_and_does_not_come_back() {
    let store = ClickHouse::open(&fresh_database()).await.unwrap();
    let now: jiff::Timestamp = "2026-11-02T09:00:00Z".parse().unwrap();
    let days = |days: i64| now - jiff::SignedDuration::from_hours(24 * days);
    let mut log = Log::default();
    // Each in batches of their own, so that every version lies in a file until files are merged.
    for changes in [
        vec![Change::Upsert(post(1).at(days(1)).build()), Change::Upsert(post(2).at(days(40)).build())],
        vec![Change::Upsert(post(3).at(days(40)).build())],
        vec![Change::Delete(post(3).build().post.id), Change::Upsert(post(2).text("edited").at(days(50)).build())],
        vec![Change::Upsert(post(4).at(days(2)).build())],
        vec![Change::Delete(post(4).build().post.id)],
    ] {
        let mut writer = store.writer(Epoch::FIRST);
        apply(&mut writer, &log.append(changes));
        writer.commit().await.unwrap();
    }
    assert_eq!(posts(&store).await, 2);
    let keep: crate::Retention = bus::config_file::parse(std::path::Path::new("x"), "social_days = 30").unwrap();
    let (old, deleted) = store.retain(now, &keep).await.unwrap();
    assert!(old >= 1 && deleted >= 1, "{old} {deleted}");
    assert_eq!(posts(&store).await, 1, "the deleted ones are still deleted, and no older version is back");
    let standing: u64 =
        store.client.query_raw("SELECT count() FROM posts WHERE is_deleted = 0").fetch_one().await.unwrap();
    assert_eq!(standing, 1, "of what is gone no row with words is left");
    assert_eq!(store.retain(now, &keep).await.unwrap(), (0, 0));
}

#[tokio::test]
async fn of_what_is_erased_no_row_is_left() {
    let store = ClickHouse::open(&fresh_database()).await.unwrap();
    let mut writer = store.writer(Epoch::FIRST);
    apply(&mut writer, &Log::default().append(upserts(0..100)));
    writer.commit().await.unwrap();
    let theirs = (0..100).filter(|n| n % 7 == 3 || *n == 1).count() as u64;
    let changes = [Change::EraseAuthor(author_key(3)), Change::Delete(post(1).build().post.id)];
    assert_eq!(store.erase(&changes).await.unwrap(), theirs);
    assert_eq!((rows(&store).await, store.erase(&changes).await.unwrap()), (100 - theirs, 0));
}

#[tokio::test]
async fn many_erasures_are_a_few_mutations_and_each_knows_what_came_before_it() {
    let store = ClickHouse::open(&fresh_database()).await.unwrap();
    let mut log = Log::default();
    log.append(upserts(0..70));
    log.append((0..6).map(|n| Change::EraseAuthor(author_key(n))).collect());
    log.append(upserts(0..7));
    let mut writer = store.writer(Epoch::FIRST);
    apply(&mut writer, &log.0);
    writer.commit().await.unwrap();
    assert_eq!(posts(&store).await, 10 + 6, "the author that was not erased, and what others said since");
    let mutations: u64 = store
        .client
        .query("SELECT count() FROM system.mutations WHERE database = ? AND table = 'posts'")
        .bind(&store.database)
        .fetch_one()
        .await
        .unwrap();
    assert_eq!(mutations, 1);
}

#[tokio::test]
async fn a_refusal_is_told_before_anything_is_shown_or_counted() {
    let config = fresh_database();
    let error = ClickHouse::open_read_only(&config).await.map(|_| ()).unwrap_err().to_string();
    assert!(error.contains("has schema 0") && error.contains("start `discovery analytics`"), "{error}");
    ClickHouse::open(&config).await.unwrap();
    ClickHouse::open_read_only(&config).await.unwrap();

    let proxy = Proxy::start(&config.url).await;
    let through = ClickHouseConfig { url: proxy.url(), ..config };
    proxy.lose(Loss::RefuseAll("Code: 516. DB::Exception: discovery: Authentication failed: password is incorrect"));
    for error in [
        ClickHouse::open(&through).await.map(|_| ()).unwrap_err().to_string(),
        ClickHouse::open_read_only(&through).await.map(|_| ()).unwrap_err().to_string(),
    ] {
        assert!(error.contains("correct analytics.clickhouse.user and analytics.clickhouse.password"), "{error}");
    }
    let nobody = std::net::TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let away = ClickHouse::open_read_only(&ClickHouseConfig::new(format!("http://{nobody}"))).await.unwrap();
    let error = away.analytics().totals(&Filter::default()).await.unwrap_err().to_string();
    assert!(error.contains("cannot be reached"), "{error}");
}
