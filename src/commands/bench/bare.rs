//! Bare Tantivy on the same documents and schema, used the same way: delete before add, a commit every second. Nothing in
//! front of it and nothing beside it, so that its rate is the limit to compare with.

use std::time::{Duration, Instant};

use anyhow::Result;
use bus::Enriched;
use enrich::Chain;
use index::schema::Fields;
use index::{document, schema};
use tantivy::indexer::IndexWriterOptions;
use tantivy::{TantivyDocument, Term};

use super::per_second;
use super::posts::Composed;
use crate::config::Config;

/// The most documents: they are made ready beforehand, and lie in memory.
const MOST: usize = 100_000;

/// Posts a second.
///
/// # Errors
/// When the disk fails.
pub fn rate(config: &Config, posts: &Composed, count: usize) -> Result<f64> {
    let chain = Chain::load(&config.dir)?;
    let dir = tempfile::tempdir()?;
    let (schema, fields) = schema::schema();
    let tantivy = tantivy::Index::create_in_dir(dir.path(), schema)?;
    schema::register_analyzer(&tantivy);
    let threads = config.index.writer_threads.get();
    let options = IndexWriterOptions::builder()
        .num_worker_threads(threads)
        .memory_budget_per_thread(config.index.writer_memory_bytes / threads)
        .num_merge_threads(1)
        .build();
    let mut writer: tantivy::IndexWriter<TantivyDocument> = tantivy.writer_with_options(options)?;
    let commit_every = Duration::from_millis(config.index.commit_every_ms);

    let documents = documents(&chain, &fields, posts, count.min(MOST))?;
    let count = documents.len();
    let start = Instant::now();
    let mut committed = start;
    for (id, document) in documents {
        writer.delete_term(id);
        writer.add_document(document)?;
        if committed.elapsed() >= commit_every {
            writer.commit()?;
            committed = Instant::now();
        }
    }
    writer.commit()?;
    Ok(per_second(count, start.elapsed()))
}

/// The documents that our index would get, each with the term of its id.
fn documents(chain: &Chain, fields: &Fields, posts: &Composed, count: usize) -> Result<Vec<(Term, TantivyDocument)>> {
    let mut json = Vec::new();
    let mut documents = Vec::with_capacity(count);
    for post in posts.read()?.take(count) {
        let mut post = [Enriched::untagged(post?)];
        chain.enrich(&mut post);
        let id = Term::from_field_bytes(fields.id, post[0].post.id.as_bytes());
        documents.push((id, document::from_post(fields, &post[0], &mut json)));
    }
    Ok(documents)
}
