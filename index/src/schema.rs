//! The Tantivy schema: which parts of a post can be searched, filtered, sorted and counted.
//!
//! Words are analysed the same way in every language: lower-cased, accents folded, English endings removed. Most
//! posts are English, many that are too short for a sure language are as well, and what is analysed alike on both
//! sides is always found.

use tantivy::schema::{BytesOptions, Field, IndexRecordOption, NumericOptions, Schema, TextFieldIndexing, TextOptions};
use tantivy::tokenizer::{
    AsciiFoldingFilter, Language, LowerCaser, RemoveLongFilter, SimpleTokenizer, Stemmer, TextAnalyzer,
};

/// The version of this schema. Raise it with every change to it or to [`analyzer`].
pub const SCHEMA_VERSION: u32 = 1;

/// The stored field carries the schema version in its name, so that it lives and dies with Tantivy's own metadata.
const POST_PREFIX: &str = "post_v";

/// The analyser's name in the index.
const ANALYZER: &str = "discovery";

/// Longer words are links and noise.
const LONGEST_WORD_BYTES: usize = 40;

/// Names of the fast fields, for the readers of columns.
pub mod column {
    /// When it was said, in milliseconds since 1970 (UTC).
    pub const CREATED: &str = "created_ms";
    /// The first 8 bytes of the author's pseudonym; absent without an author.
    pub const VOICE: &str = "voice";
    /// See [`crate::Dimension`].
    pub const CHANNEL: &str = "channel";
    /// See [`crate::Dimension`].
    pub const REGION: &str = "region";
    /// See [`crate::Dimension`].
    pub const TOPIC: &str = "topic";
    /// See [`crate::Dimension`].
    pub const SENTIMENT: &str = "sentiment";
    /// See [`crate::Dimension`].
    pub const LANGUAGE: &str = "language";
    /// See [`crate::Dimension`].
    pub const SOURCE: &str = "source";
}

/// The fields of the index.
#[derive(Clone, Copy, Debug)]
pub struct Fields {
    /// [`bus::PostId`], to replace and to fetch.
    pub id: Field,
    /// [`bus::AuthorKey`], to erase.
    pub author: Field,
    /// Title and text: what words are searched in.
    pub text: Field,
    /// The title alone.
    pub title: Field,
    /// See [`column::CREATED`].
    pub created: Field,
    /// See [`column::VOICE`].
    pub voice: Field,
    /// Slug of the channel.
    pub channel: Field,
    /// Slug of the region, or none.
    pub region: Field,
    /// Slugs of the topics, or none.
    pub topic: Field,
    /// Slug of the feeling, or none.
    pub sentiment: Field,
    /// Language code, or none.
    pub language: Field,
    /// Id of the source.
    pub source: Field,
    /// Id of the meeting, where there is one.
    pub event: Field,
    /// The whole [`bus::Enriched`] as JSON.
    pub post: Field,
}

/// The schema of this version, with its fields.
pub fn schema() -> (Schema, Fields) {
    let words = |record| {
        let indexing = TextFieldIndexing::default().set_tokenizer(ANALYZER).set_index_option(record);
        TextOptions::default().set_indexing_options(indexing)
    };
    let exact = || {
        let indexing = TextFieldIndexing::default()
            .set_tokenizer("raw")
            .set_fieldnorms(false)
            .set_index_option(IndexRecordOption::Basic);
        TextOptions::default().set_indexing_options(indexing)
    };
    let bytes = || BytesOptions::default().set_indexed();
    let number = || NumericOptions::default().set_fast();

    let mut builder = Schema::builder();
    let fields = Fields {
        id: builder.add_bytes_field("id", bytes()),
        author: builder.add_bytes_field("author", bytes()),
        text: builder.add_text_field("text", words(IndexRecordOption::WithFreqsAndPositions)),
        title: builder.add_text_field("title", words(IndexRecordOption::WithFreqsAndPositions)),
        created: builder.add_i64_field(column::CREATED, number()),
        voice: builder.add_u64_field(column::VOICE, number()),
        channel: builder.add_text_field(column::CHANNEL, exact().set_fast("raw")),
        region: builder.add_text_field(column::REGION, exact().set_fast("raw")),
        topic: builder.add_text_field(column::TOPIC, exact().set_fast("raw")),
        sentiment: builder.add_text_field(column::SENTIMENT, exact().set_fast("raw")),
        language: builder.add_text_field(column::LANGUAGE, exact().set_fast("raw")),
        source: builder.add_text_field(column::SOURCE, exact().set_fast("raw")),
        event: builder.add_text_field("event", exact()),
        post: builder.add_bytes_field(&format!("{POST_PREFIX}{SCHEMA_VERSION}"), BytesOptions::default().set_stored()),
    };
    (builder.build(), fields)
}

/// The schema version that an index was written with; `None` when it is not an index of Discovery at all.
pub fn version_of(schema: &Schema) -> Option<u32> {
    schema.fields().find_map(|(_, entry)| entry.name().strip_prefix(POST_PREFIX)?.parse().ok())
}

/// Splits text into words as they are searched. Queries and snippets use the same one.
pub fn analyzer() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(LONGEST_WORD_BYTES))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .filter(Stemmer::new(Language::English))
        .build()
}

/// The same, but words keep their endings.
pub fn folder() -> TextAnalyzer {
    TextAnalyzer::builder(SimpleTokenizer::default())
        .filter(RemoveLongFilter::limit(LONGEST_WORD_BYTES))
        .filter(LowerCaser)
        .filter(AsciiFoldingFilter)
        .build()
}

/// The words of `text` under `analyzer`, with their positions.
pub fn words(analyzer: &mut TextAnalyzer, text: &str) -> Vec<(usize, String)> {
    let mut words = Vec::new();
    analyzer.token_stream(text).process(&mut |token| words.push((token.position, token.text.clone())));
    words
}

/// Makes the analyser known to `index`.
pub fn register_analyzer(index: &tantivy::Index) {
    index.tokenizers().register(ANALYZER, analyzer());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_schema_knows_its_version() {
        assert_eq!(version_of(&schema().0), Some(SCHEMA_VERSION));
        assert_eq!(version_of(&Schema::builder().build()), None);
    }

    #[test]
    fn words_are_folded_and_lose_their_endings() {
        let text = "Appointments, APPOINTMENT: café Siân";
        let found = |mut analyzer| words(&mut analyzer, text).into_iter().map(|(_, word)| word).collect::<Vec<_>>();
        assert_eq!(found(analyzer()), ["appoint", "appoint", "cafe", "sian"]);
        assert_eq!(found(folder()), ["appointments", "appointment", "cafe", "sian"]);
    }
}
