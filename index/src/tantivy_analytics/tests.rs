//! The suite over Tantivy, and what is particular to it.

use bus::{Change, Enriched, Offsets};
use tempfile::{TempDir, tempdir};

use super::*;
use crate::Index;
use crate::conformance::Factory;
use crate::testing::post;

struct InTantivy(TempDir);

#[async_trait]
impl Factory for InTantivy {
    async fn load(&self, batches: Vec<Vec<Change<Enriched>>>) -> Arc<dyn Analytics> {
        let index = Index::open(self.0.path()).unwrap();
        let mut writer = index.writer().unwrap();
        for batch in batches {
            for change in &batch {
                if writer.must_commit_before(change) {
                    writer.commit(&Offsets::default()).unwrap();
                }
                writer.apply(change).unwrap();
            }
            writer.commit(&Offsets::default()).unwrap();
        }
        Arc::new(index.analytics())
    }
}

crate::analytics_conformance_suite!(InTantivy(tempdir().unwrap()));

#[tokio::test]
async fn what_is_kept_of_a_large_segment_follows_queries_and_deletions() {
    let dir = tempdir().unwrap();
    let index = Index::open(dir.path()).unwrap();
    let mut writer = index.writer().unwrap();
    for n in 0..5_000 {
        let text = if n % 2 == 0 { "queue" } else { "dentist" };
        writer.apply(&Change::Upsert(post(n).author(n % 100).text(text).build())).unwrap();
    }
    writer.commit(&Offsets::default()).unwrap();
    let analytics = index.analytics();
    let count = async |query: &str| {
        let filter = Filter { query: query.to_owned(), ..Filter::default() };
        analytics.totals(&filter).await.unwrap()
    };
    for _ in 0..2 {
        assert_eq!(count("").await, Totals { posts: 5_000, voices: 100 });
        assert_eq!(count("queue").await, Totals { posts: 2_500, voices: 50 });
    }
    writer.apply(&Change::Delete(post(0).build().post.id)).unwrap();
    writer.commit(&Offsets::default()).unwrap();
    assert_eq!(count("").await.posts, 4_999);
    assert_eq!(count("queue").await.posts, 2_499);
    assert_eq!(count("dentist").await.posts, 2_500);
}
