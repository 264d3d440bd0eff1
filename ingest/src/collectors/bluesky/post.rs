//! From a record of a post to a [`Post`].

use bus::{AuthorKey, IdKey, Post, PostId, SourceId};
use jiff::Timestamp;
use serde_json::Value;

use super::filter::Filter;
use super::wire::POSTS;
use crate::html::first_bytes;
use crate::sources::SourceConfig;

/// Of longer texts only the beginning is kept. Bluesky itself allows 3,000 bytes.
const LONGEST: usize = 16 * 1024;

/// By this label people ask that their posts are shown to nobody who is not logged in.
const LOGGED_IN_ONLY: &str = "!no-unauthenticated";

/// What is needed to make posts.
#[derive(Clone, Copy, Debug)]
pub(super) struct Adapter<'a> {
    pub(super) source: &'a SourceConfig,
    pub(super) id_key: &'a IdKey,
    pub(super) filter: &'a Filter,
}

/// The id of the post `rkey` of the account `did`, the same however it is found.
pub(super) fn id_of(source: &SourceId, did: &str, rkey: &str) -> PostId {
    PostId::new(source, &format!("at://{did}/{POSTS}/{rkey}"))
}

impl Adapter<'_> {
    /// The pseudonym of the account `did`.
    pub(super) fn author(&self, did: &str) -> AuthorKey {
        AuthorKey::new(self.id_key, &self.source.id, did)
    }

    /// The post that `record` is, if it is wanted and its author lets everybody see it. `seen_at` is when the network
    /// saw it: nothing can have been said later, whatever the record claims.
    pub(super) fn post(
        &self,
        did: &str,
        rkey: &str,
        record: &Value,
        seen_at: Timestamp,
        now: Timestamp,
    ) -> Option<Post> {
        if has_label(&record["labels"]["values"], LOGGED_IN_ONLY) {
            metrics::counter!("discovery_ingest_opted_out_total").increment(1);
            return None;
        }
        let languages: Vec<&str> = strings(&record["langs"]).collect();
        let text = text_of(record);
        let tags: Vec<&str> = strings(&record["tags"]).chain(facet_tags(record)).collect();
        if text.is_empty() || !self.filter.wants(&text, &tags, &languages) {
            return None;
        }
        let claimed = record["createdAt"].as_str().and_then(|time| time.parse().ok());
        Some(Post {
            id: id_of(&self.source.id, did, rkey),
            source: self.source.id.clone(),
            channel: self.source.channel,
            author: Some(self.author(did)),
            created_at: claimed.unwrap_or(seen_at).min(seen_at).min(now),
            collected_at: now,
            text,
            title: None,
            url: Some(format!("https://bsky.app/profile/{did}/post/{rkey}")),
            language_hint: languages.first().map(|&first| first.to_owned()).or_else(|| self.source.language.clone()),
            place_hint: self.source.place.clone(),
            event: None,
            attendance: None,
        })
    }
}

/// Whether `labels`, a list of labels, has `value`.
pub(super) fn has_label(labels: &Value, value: &str) -> bool {
    labels.as_array().is_some_and(|labels| labels.iter().any(|label| label["val"] == value))
}

/// Whether a view of a post or of an account, as a search gives it, is labelled as not to be shown.
pub(super) fn is_hidden(view: &Value) -> bool {
    [LOGGED_IN_ONLY, "!hide", "!takedown"].iter().any(|label| has_label(&view["labels"], label))
}

fn strings(list: &Value) -> impl Iterator<Item = &str> {
    list.as_array().into_iter().flatten().filter_map(Value::as_str)
}

/// What the author's client marked in the text, with the range of bytes that it is about.
fn features(record: &Value) -> impl Iterator<Item = (&Value, &Value)> {
    let facets = record["facets"].as_array().into_iter().flatten();
    facets.flat_map(|facet| {
        let features = facet["features"].as_array().into_iter().flatten();
        features.map(move |feature| (&facet["index"], feature))
    })
}

fn facet_tags(record: &Value) -> impl Iterator<Item = &str> {
    features(record).filter_map(|(_, feature)| feature["tag"].as_str())
}

/// The text, in which shortened addresses are written out, so that a reader sees where a link leads.
fn text_of(record: &Value) -> String {
    let text = first_bytes(record["text"].as_str().unwrap_or_default(), LONGEST);
    let mut links: Vec<(usize, usize, &str)> =
        features(record).filter_map(|(range, feature)| link(text, range, feature)).collect();
    links.sort_unstable();
    let mut whole = String::with_capacity(text.len());
    let mut done = 0;
    for (start, end, address) in links {
        if start >= done {
            whole.push_str(&text[done..start]);
            whole.push_str(address);
            done = end;
        }
    }
    whole.push_str(&text[done..]);
    whole.retain(|c| !c.is_control() || c == '\n');
    let whole = first_bytes(&whole, LONGEST).trim();
    whole.to_owned()
}

/// Where a link stands in `text` and its address, if what the reader sees is an address as well.
fn link<'a>(text: &str, range: &Value, feature: &'a Value) -> Option<(usize, usize, &'a str)> {
    let address = feature["uri"].as_str()?;
    let place = |key: &str| usize::try_from(range[key].as_u64()?).ok();
    let (start, end) = (place("byteStart")?, place("byteEnd")?);
    let shown = text.get(start..end)?;
    let is_address = shown.contains('.') && !shown.contains(char::is_whitespace);
    let fits = address.len() <= 2_048 && (address.starts_with("https://") || address.starts_with("http://"));
    (is_address && fits).then_some((start, end, address))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::testing::feed_source;

    const SEEN: &str = "2026-03-01T10:00:00Z";

    fn post(record: &Value) -> Option<Post> {
        let filter = Filter::new(&["NHS".to_owned()], &["en".to_owned()]);
        let (source, id_key) = (feed_source("bsky", "https://x.example/"), IdKey::new([7; 32]));
        let adapter = Adapter { source: &source, id_key: &id_key, filter: &filter };
        adapter.post("did:plc:zq", "k1", record, SEEN.parse().unwrap(), "2026-03-01T11:00:00Z".parse().unwrap())
    }

    #[test]
    fn a_shortened_link_is_written_out_and_words_stay() {
        let text = "Wäit, the NHS: example.org/lo... (details)";
        let start = text.find("example").unwrap();
        let details = text.find("details").unwrap();
        let link = |start: usize, end: usize, uri: &str| {
            json!({"index": {"byteStart": start, "byteEnd": end},
                "features": [{"$type": "app.bsky.richtext.facet#link", "uri": uri}]})
        };
        let record = json!({"text": text, "langs": ["en"], "createdAt": "2026-03-01T09:00:00.000Z", "facets": [
            link(start, start + 17, "https://example.org/long/way"),
            link(details, details + 7, "https://example.org/details"),
            link(2, 5, "https://example.org/inside-a-letter"),
            link(90, 99, "https://example.org/beyond"),
            link(start + 2, start + 9, "https://example.org/overlap"),
            {"index": "none", "features": 5},
        ]});
        let post = post(&record).unwrap();
        assert_eq!(post.text, "Wäit, the NHS: https://example.org/long/way (details)");
        assert_eq!(post.created_at, "2026-03-01T09:00:00Z".parse().unwrap());
        assert_eq!(post.language_hint.as_deref(), Some("en"));
        assert_eq!(post.url.as_deref(), Some("https://bsky.app/profile/did:plc:zq/post/k1"));
    }

    #[test]
    fn a_post_that_is_not_for_everybody_is_not_kept() {
        let record = json!({"text": "NHS", "labels": {"$type": "com.atproto.label.defs#selfLabels",
            "values": [{"val": "!no-unauthenticated"}]}});
        assert_eq!(post(&record), None);
        assert!(post(&json!({"text": "NHS", "labels": {"values": [{"val": "graphic-media"}]}})).is_some());
    }

    #[test]
    fn a_time_that_cannot_be_is_replaced_by_when_the_network_saw_it() {
        for claimed in ["2031-01-01T00:00:00Z", "yesterday", ""] {
            let post = post(&json!({"text": "NHS", "createdAt": claimed})).unwrap();
            assert_eq!(post.created_at, SEEN.parse().unwrap(), "{claimed}");
        }
    }

    #[test]
    fn what_is_not_wanted_or_has_no_words_is_not_kept() {
        for record in [
            json!({"text": "hello"}),
            json!({"text": "NHS", "langs": ["fr"]}),
            json!({"tags": ["NHS"]}),
            json!({"text": 7}),
            json!(null),
        ] {
            assert_eq!(post(&record), None, "{record}");
        }
        assert!(post(&json!({"text": "well", "facets": [{"features": [{"tag": "nhs"}]}]})).is_some());
    }

    proptest! {
        #[test]
        fn no_facet_breaks_the_text(text in "NHS[ aé😀.]{0,20}", start in 0_u64..30, end in 0_u64..30) {
            let uri = "https://example.org/";
            let record = json!({"text": text, "facets": [
                {"index": {"byteStart": start, "byteEnd": end}, "features": [{"uri": uri}]}]});
            if let Some(post) = post(&record) {
                prop_assert!(post.text == text.trim() || post.text.contains(uri));
            }
        }
    }
}
