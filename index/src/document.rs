//! A post as a Tantivy document, and back.

use bus::{AuthorKey, Enriched};
use jiff::Timestamp;
use tantivy::TantivyDocument;
use tantivy::schema::Value;

use crate::filter::NONE;
use crate::schema::Fields;

/// The document of `post`. `json` is a buffer that is used again from post to post.
pub fn from_post(fields: &Fields, post: &Enriched, json: &mut Vec<u8>) -> TantivyDocument {
    json.clear();
    serde_json::to_writer(&mut *json, post).expect("posts hold only strings, numbers and times, which JSON can say");

    let inner = &post.post;
    let mut document = TantivyDocument::new();
    document.add_bytes(fields.id, inner.id.as_bytes());
    if let Some(author) = &inner.author {
        document.add_bytes(fields.author, author.as_bytes());
        document.add_u64(fields.voice, voice(author));
    }
    if let Some(title) = &inner.title {
        document.add_text(fields.text, title);
        document.add_text(fields.title, title);
    }
    document.add_text(fields.text, &inner.text);
    document.add_i64(fields.created, milliseconds(inner.created_at));
    document.add_text(fields.channel, inner.channel.slug());
    document.add_text(fields.region, post.region().unwrap_or(NONE));
    for topic in topics(post) {
        document.add_text(fields.topic, topic);
    }
    document.add_text(fields.sentiment, post.sentiment.map_or(NONE, |sentiment| sentiment.label.slug()));
    document.add_text(fields.language, post.language.as_deref().unwrap_or(NONE));
    document.add_text(fields.source, inner.source.as_str());
    if let Some(event) = &inner.event {
        document.add_text(fields.event, event.as_str());
    }
    document.add_bytes(fields.post, json);
    document
}

/// The post that a stored document carries.
///
/// # Errors
/// When the stored JSON is missing or damaged.
pub fn to_post(fields: &Fields, document: &TantivyDocument) -> Result<Enriched, String> {
    let stored = document.get_first(fields.post).and_then(|value| value.as_bytes());
    let json = stored.ok_or("a document without its post")?;
    serde_json::from_slice(json).map_err(|error| format!("a stored post is damaged: {error}"))
}

/// The topics that a post counts under: each once, however often it is named, or [`NONE`].
pub fn topics(post: &Enriched) -> impl Iterator<Item = &str> {
    let is_first = |position: usize, topic: &str| post.topics[..position].iter().all(|earlier| earlier.topic != topic);
    let tags = post.topics.iter().enumerate().filter(move |(position, tag)| is_first(*position, &tag.topic));
    tags.map(|(_, tag)| tag.topic.as_str()).chain(post.topics.is_empty().then_some(NONE))
}

/// The time as it is stored: milliseconds, rounded down.
pub fn milliseconds(time: Timestamp) -> i64 {
    time.as_millisecond() - i64::from(time.subsec_nanosecond() % 1_000_000 < 0)
}

/// Who is speaking, as a number to count by. Pseudonyms are keyed hashes, so 8 bytes of one are as good as a hash.
fn voice(author: &AuthorKey) -> u64 {
    let (head, _) = author.as_bytes().split_first_chunk::<8>().expect("an author key has 16 bytes");
    u64::from_le_bytes(*head)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::schema::schema;
    use crate::testing::post;

    #[test]
    fn a_post_survives_the_document() {
        let (_, fields) = schema();
        let post =
            post(7).text("No appointment until May").region("london").topics(&["gp-access", "gp-access"]).build();
        let document = from_post(&fields, &post, &mut Vec::new());
        assert_eq!(to_post(&fields, &document).unwrap(), post);
        assert_eq!(document.get_all(fields.topic).count(), 1);
    }

    #[test]
    fn what_is_missing_is_stored_as_none() {
        let (_, fields) = schema();
        let document = from_post(&fields, &post(7).build(), &mut Vec::new());
        for field in [fields.region, fields.topic, fields.sentiment, fields.language] {
            assert_eq!(document.get_first(field).and_then(|value| value.as_str()), Some(NONE));
        }
    }

    #[test]
    fn times_before_1970_are_rounded_down_as_well() {
        assert_eq!(milliseconds("1969-12-31T23:59:59.9995Z".parse().unwrap()), -1);
        assert_eq!(milliseconds("2026-11-01T00:00:00.0019Z".parse().unwrap()), 1_793_491_200_001);
    }
}
