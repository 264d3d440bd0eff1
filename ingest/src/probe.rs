//! One trial collection of a source: what would come, without keeping anything.

use bus::{Change, IdKey, Post};
use jiff::Timestamp;
use serde::Serialize;

use crate::collector::{CollectError, Cursor};
use crate::collectors::Context;
use crate::fetch::Gateway;
use crate::html::first_bytes;
use crate::intake::Scrub;
use crate::sources::SourceConfig;

/// So many posts are shown as examples.
const EXAMPLES: usize = 3;

/// So much of an example's text is shown.
const EXAMPLE_BYTES: usize = 100;

/// What one trial collection of a source found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Probe {
    /// Posts that the first call would deliver.
    pub posts: usize,
    /// Whether there are more, which later calls would deliver.
    pub more: bool,
    /// When the oldest of them was said (UTC).
    pub oldest: Option<Timestamp>,
    /// When the newest of them was said (UTC).
    pub newest: Option<Timestamp>,
    /// The titles, or else the first words, of the newest of them, redacted and on one line each.
    pub examples: Vec<String>,
    /// A fault of a part of the source, in plain words.
    pub notice: Option<String>,
}

/// Collects `source` once from the beginning, and keeps nothing of it. What is shown of posts passes `scrub` first.
///
/// # Errors
/// [`CollectError`], in plain words.
pub async fn probe(
    source: &SourceConfig,
    gateway: &Gateway,
    id_key: &IdKey,
    scrub: &Scrub,
) -> Result<Probe, CollectError> {
    let context = Context::new(source.clone(), gateway.clone(), id_key.clone());
    let batch = source.kind.collector(context).collect(&Cursor::default()).await?;
    let mut posts: Vec<Post> = batch
        .changes
        .into_iter()
        .filter_map(|change| match change {
            Change::Upsert(post) => Some(post),
            Change::Delete(_) | Change::EraseAuthor(_) | Change::Gap(_) | Change::Correct(_) => None,
        })
        .collect();
    posts.sort_by_key(|post| std::cmp::Reverse(post.created_at));
    Ok(Probe {
        posts: posts.len(),
        more: batch.next_in.is_zero(),
        oldest: posts.last().map(|post| post.created_at),
        newest: posts.first().map(|post| post.created_at),
        examples: posts.iter_mut().take(EXAMPLES).map(|post| example(post, scrub)).collect(),
        notice: batch.notice,
    })
}

/// One line that shows what `post` is about.
fn example(post: &mut Post, scrub: &Scrub) -> String {
    scrub(post);
    let text = post.title.as_deref().unwrap_or(&post.text);
    let printable: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let line = printable.split_whitespace().collect::<Vec<_>>().join(" ");
    let shown = first_bytes(&line, EXAMPLE_BYTES);
    if shown.len() < line.len() { format!("{shown}...") } else { line }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use super::*;
    use crate::testing::feed_source;
    use crate::testing::server::{Server, ok};

    #[tokio::test]
    async fn a_probe_tells_what_would_come_and_redacts_what_it_shows() {
        let feed = r#"{"version":"https://jsonfeed.org/version/1.1","title":"t","items":[
            {"id":"1","title":"Ward\u001b closed","content_text":"x","date_published":"2025-03-01T10:00:00Z"},
            {"id":"2","content_text":"SECRET on the ward","date_published":"2025-03-02T10:00:00Z"}]}"#;
        let server = Server::start(move |_, _| ok("application/feed+json", feed)).await;
        let source = feed_source("good", server.url("/feed").as_str());
        let scrub: Scrub = Arc::new(|post: &mut Post| post.text = post.text.replace("SECRET", "[name]"));
        let probe = probe(&source, &server.gateway(), &IdKey::new([7; 32]), &scrub).await.unwrap();
        assert_eq!((probe.posts, probe.more), (2, false));
        assert_eq!(probe.examples, ["[name] on the ward", "Ward closed"]);
        assert_eq!(probe.newest, Some("2025-03-02T10:00:00Z".parse().unwrap()));
    }
}
