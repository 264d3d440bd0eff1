//! What people said about an issue: posts of different views, read from the index by their ids. A post that was
//! deleted where it was said is simply absent.

use bus::Enriched;
use index::trends::Issue;

use crate::config::Audience;
use crate::format;
use crate::labels;
use crate::pages::issue::source_name;
use crate::site::Site;

/// Letters of a quote that are shown; the rest is one link away.
const LONGEST_QUOTE: usize = 400;

/// What somebody said about an issue.
pub struct Quote {
    /// The text, or its beginning.
    pub text: String,
    /// Where and when, in words.
    pub said: String,
    /// The language, where it is not English.
    pub language: Option<String>,
    /// The page of the post.
    pub href: String,
}

/// The quotes, where they may be shown and can be read.
pub async fn quotes(site: &Site, issue: &Issue) -> Option<Vec<Quote>> {
    if site.audience() == Audience::Public {
        return None;
    }
    match site.parts.searcher.get(&issue.quotes).await {
        Ok(posts) => Some(posts.iter().map(|post| quote(site, post)).collect()),
        Err(error) => {
            tracing::warn!(%error, "the quotes of an issue could not be read; its page is shown without them");
            None
        }
    }
}

fn quote(site: &Site, enriched: &Enriched) -> Quote {
    let post = &enriched.post;
    let mut text: String = post.text.chars().take(LONGEST_QUOTE).collect();
    if text.len() < post.text.len() {
        text.push('…');
    }
    let place = enriched.places.first().map(|place| place.name.as_str());
    let parts = [Some(labels::said_in(post.channel)), Some(&*source_name(site, post.source.as_str())), place]
        .into_iter()
        .flatten()
        .collect::<Vec<_>>()
        .join(", ");
    Quote {
        text,
        said: format!("{parts}, {}", format::date(format::london(post.created_at).date())),
        language: enriched.language.clone().filter(|code| code != "en"),
        href: format!("/posts/{}", post.id),
    }
}

/// What to say above the quotes, or instead of them.
pub fn quotes_about(quotes: Option<&[Quote]>, audience: Audience) -> String {
    let text = match (audience, quotes) {
        (Audience::Public, _) => {
            "Posts are shown word for word to signed-in staff only, to protect the people who wrote them."
        }
        (Audience::Staff, None) => "The posts cannot be read at the moment.",
        (Audience::Staff, Some([])) => "The posts chosen for this issue have been deleted where they were said.",
        (Audience::Staff, Some(_)) => "Chosen to cover different views, source types and places. Names are hidden.",
    };
    text.to_owned()
}
