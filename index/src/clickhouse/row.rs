//! A post as a row, with the words that it can be found by.

use ::clickhouse::Row;
use bus::{AuthorKey, Enriched, Partition, PostId, TextHash};
use serde::Serialize;
use tantivy::tokenizer::TextAnalyzer;

use crate::document::{milliseconds, topics};
use crate::filter::NONE;
use crate::schema;

/// One version of a post. The columns are explained in `migrations/0001_posts.sql`.
#[derive(Clone, Debug, Default, PartialEq, Row, Serialize)]
pub(super) struct PostRow {
    id: u128,
    version: u64,
    is_deleted: u8,
    bus_partition: u32,
    author: u128,
    created_ms: i64,
    channel: &'static str,
    region: String,
    topics: Vec<String>,
    sentiment: &'static str,
    language: String,
    source: String,
    event: String,
    words: Vec<String>,
    title_words: Vec<String>,
    text: u128,
}

impl PostRow {
    /// The row of this version of `post`, which stood in `partition`.
    pub(super) fn of(post: &Enriched, partition: Partition, version: u64, analyzer: &mut TextAnalyzer) -> Self {
        let inner = &post.post;
        let title_words = inner.title.as_deref().map(|title| words(analyzer, title)).unwrap_or_default();
        let mut all = title_words.clone();
        if !all.is_empty() {
            // So that no phrase reaches from the title into the text.
            all.push(String::new());
        }
        all.extend(words(analyzer, &inner.text));
        Self {
            id: id_number(inner.id),
            version,
            is_deleted: 0,
            bus_partition: partition,
            author: inner.author.map(author_number).unwrap_or_default(),
            created_ms: milliseconds(inner.created_at),
            channel: inner.channel.slug(),
            region: post.region().unwrap_or(NONE).to_owned(),
            topics: topics(post).map(str::to_owned).collect(),
            sentiment: post.sentiment.map_or(NONE, |sentiment| sentiment.label.slug()),
            language: post.language.as_deref().unwrap_or(NONE).to_owned(),
            source: inner.source.as_str().to_owned(),
            event: inner.event.as_ref().map(|event| event.as_str().to_owned()).unwrap_or_default(),
            words: all,
            title_words,
            text: text_number(TextHash::of(inner)),
        }
    }

    /// The row that says that a post is gone.
    pub(super) fn deleted(id: PostId, partition: Partition, version: u64) -> Self {
        Self { id: id_number(id), version, is_deleted: 1, bus_partition: partition, ..Self::default() }
    }
}

/// An author as `ClickHouse` has it; 0 stands for none.
pub(super) fn author_number(author: AuthorKey) -> u128 {
    u128::from_be_bytes(*author.as_bytes())
}

/// A text as `ClickHouse` has it.
pub(super) fn text_number(text: TextHash) -> u128 {
    u128::from_be_bytes(*text.as_bytes())
}

/// The words of `text` as they are searched, with an empty one for each that was too long to be kept.
pub(super) fn words(analyzer: &mut TextAnalyzer, text: &str) -> Vec<String> {
    let mut words = Vec::new();
    for (position, word) in schema::words(analyzer, text) {
        words.resize(position, String::new());
        words.push(word);
    }
    words
}

/// A post as `ClickHouse` has it.
pub(super) fn id_number(id: PostId) -> u128 {
    u128::from_be_bytes(*id.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::post;

    #[test]
    fn phrases_do_not_reach_over_the_title_or_over_what_was_too_long() {
        let mut enriched = post(1).text(&format!("one {} two", "x".repeat(50))).topics(&["gp", "gp"]).build();
        enriched.post.title = Some("Strikes".to_owned());
        let row = PostRow::of(&enriched, 3, 9, &mut schema::analyzer());
        assert_eq!(row.words, ["strike", "", "one", "", "two"]);
        assert_eq!(row.title_words, ["strike"]);
        assert_eq!((row.topics, row.version, row.bus_partition), (vec!["gp".to_owned()], 9, 3));
    }
}
