//! What Discourse sends, as far as we read it, and how it becomes posts.

use jiff::Timestamp;
use serde::Deserialize;
use serde_json::Value;
use url::Url;

use super::DiscourseConfig;
use crate::collectors::Context;
use crate::collectors::listing::{Draft, Entry, Found};
use crate::html;

/// `posts.json`.
#[derive(Debug, Deserialize)]
pub(super) struct Latest {
    pub(super) latest_posts: Vec<Value>,
}

/// `t/ID/posts.json`.
#[derive(Debug, Deserialize)]
pub(super) struct Topic {
    pub(super) post_stream: PostStream,
}

#[derive(Debug, Deserialize)]
pub(super) struct PostStream {
    pub(super) posts: Vec<Value>,
}

/// A post.
#[expect(clippy::struct_field_names, reason = "the names of the wire")]
#[derive(Debug, Deserialize)]
pub(super) struct Post {
    pub(super) id: u64,
    username: String,
    user_id: Option<i64>,
    created_at: Timestamp,
    cooked: String,
    pub(super) topic_id: u64,
    pub(super) post_number: u32,
    post_type: u8,
    topic_title: Option<String>,
    topic_slug: Option<String>,
    /// Only in `posts.json`.
    pub(super) category_id: Option<u64>,
    #[serde(default)]
    hidden: bool,
    #[serde(default)]
    user_deleted: bool,
    deleted_at: Option<String>,
}

/// What somebody wrote. Others are notes of what moderators did (2), closings and movings of topics (3) and whispers
/// among staff (4).
const REGULAR: u8 = 1;

impl Post {
    /// The entry that this post is in `forum`.
    pub(super) fn entry(&self, forum: &DiscourseConfig, context: &Context) -> Entry {
        let native = self.id.to_string();
        // The robots that greet and warn have negative numbers.
        let robot = self.user_id.is_some_and(|id| id < 0);
        let found = if !forum.wants(self.category_id) || robot || self.post_type != REGULAR {
            Found::Nothing
        } else if self.hidden || self.user_deleted || self.deleted_at.is_some() {
            Found::Gone(context.post_id(&native))
        } else {
            self.post(&native, &forum.url, context)
        };
        Entry { native, order: self.id, in_order: true, at: self.created_at, found }
    }

    fn post(&self, native: &str, forum: &Url, context: &Context) -> Found {
        let slug = self.topic_slug.as_deref().filter(|slug| !slug.is_empty()).unwrap_or("-");
        let url = forum.join(&format!("t/{slug}/{}/{}", self.topic_id, self.post_number)).ok();
        let title = self.topic_title.as_deref().filter(|_| self.post_number == 1);
        let draft = Draft {
            native,
            author: Some(&self.username),
            created_at: self.created_at,
            title,
            text: &html::to_text(&own_words(&self.cooked)),
            url: url.map(Into::into),
            language: None,
        };
        Found::of(draft.post(context))
    }
}

/// `cooked` without quotations of other posts and previews of links, which Discourse puts into `<aside>`: they are
/// somebody else's words.
fn own_words(cooked: &str) -> String {
    const OPEN: &str = "<aside";
    const CLOSE: &str = "</aside>";
    let mut own = String::with_capacity(cooked.len());
    let (mut rest, mut depth) = (cooked, 0_u32);
    loop {
        let (open, close) = (rest.find(OPEN), rest.find(CLOSE));
        let (at, skip, next_depth) = match (open, close) {
            (Some(open), close) if close.is_none_or(|close| open < close) => (open, OPEN.len(), depth + 1),
            (_, Some(close)) => (close, CLOSE.len(), depth.saturating_sub(1)),
            (_, None) => break,
        };
        if depth == 0 {
            own.push_str(&rest[..at]);
        }
        rest = &rest[at + skip..];
        depth = next_depth;
        if depth == 0 {
            own.push('\n');
        }
    }
    // An `<aside>` that is never closed hides what follows, as in a browser it would hold it.
    if depth == 0 {
        own.push_str(rest);
    }
    own
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn quotations_and_previews_are_not_the_authors_words() {
        let cooked =
            "<p>Before</p><aside class=\"quote\"><p>theirs</p><aside>deeper</aside> theirs</aside><p>After</p>";
        assert_eq!(html::to_text(&own_words(cooked)), "Before\nAfter");
        assert_eq!(own_words("a</aside>b"), "a\nb");
        assert_eq!(own_words("a<aside>b"), "a");
    }

    proptest! {
        #[test]
        fn any_text_is_taken(cooked in "(<aside>|</aside>|<asid|é|x){0,30}") {
            let own = own_words(&cooked);
            prop_assert!(own.len() <= cooked.len() + 30);
        }
    }
}
