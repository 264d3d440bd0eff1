//! What a page tells about itself.

use url::Url;

use super::Network;
use crate::html;

/// So much of a page is looked at.
const HEAD: usize = 256 * 1024;

/// The title of the feed that `text` is; the inner `None` for a feed without a title, the outer one for no feed.
#[expect(clippy::option_option, reason = "the two kinds of nothing are different answers")]
pub(super) fn feed_title(text: &str) -> Option<Option<String>> {
    let text = html::first_bytes(text, HEAD);
    let start = text.find(['<', '{'])?;
    let text = &text[start..];
    if text.starts_with('{') {
        let is_feed = text.contains("https://jsonfeed.org/version/");
        return is_feed.then(|| string_value(text, "\"title\""));
    }
    let root = ["<rss", "<feed", "<rdf:RDF"].iter().filter_map(|tag| text.find(tag)).min()?;
    // A page may speak about feeds; a feed begins with one.
    if text.find("<html").is_some_and(|html| html < root) {
        return None;
    }
    let head_end = ["<item", "<entry"].iter().filter_map(|tag| text.find(tag)).min().unwrap_or(text.len());
    Some(title_in(text.get(root..head_end)?))
}

/// What matters of an HTML page.
#[derive(Debug)]
pub(super) struct Page {
    title: Option<String>,
    /// The network that it says it belongs to.
    pub(super) network: Option<Network>,
}

impl Page {
    pub(super) fn read(text: &str) -> Self {
        let text = html::first_bytes(text, HEAD);
        let says = |signs: &[&str]| signs.iter().any(|sign| text.contains(sign));
        let network = if says(&["content=\"Discourse ", "content='Discourse ", "data-discourse-setup"]) {
            Some(Network::Discourse)
        } else if says(&["id=\"mastodon\"", "id='mastodon'"]) {
            Some(Network::Mastodon)
        } else if says(&["window.isoData", "lemmy-site", "/static/assets/css/themes/_variables.litely"]) {
            Some(Network::Lemmy)
        } else {
            None
        };
        Self { title: title_in(text), network }
    }

    /// The name of the page at `url`, for people.
    pub(super) fn name(&self, url: &Url) -> String {
        self.title.clone().unwrap_or_else(|| url.host_str().unwrap_or_default().to_owned())
    }
}

/// The text of the first `<title>`, on one line.
fn title_in(text: &str) -> Option<String> {
    let (_, after) = text.split_once("<title")?;
    let (_, inner) = after.split_once('>')?;
    let (title, _) = inner.split_once("</title>")?;
    let title = title.trim().trim_start_matches("<![CDATA[").trim_end_matches("]]>");
    tidy(&html::to_text(title))
}

/// The string after the first `key` of a JSON text.
fn string_value(text: &str, key: &str) -> Option<String> {
    let (_, after) = text.split_once(key)?;
    let value = after.trim_start().strip_prefix(':')?;
    let mut values = serde_json::Deserializer::from_str(value).into_iter::<String>();
    tidy(&values.next()?.ok()?)
}

fn tidy(title: &str) -> Option<String> {
    let line = title.split_whitespace().collect::<Vec<_>>().join(" ");
    let line: String = line.chars().filter(|c| !c.is_control()).take(100).collect();
    (!line.is_empty()).then_some(line)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn feeds_are_told_from_pages_and_have_titles() {
        let title = |text: &str| feed_title(text);
        let rss = "<?xml version=\"1.0\"?><rss version=\"2.0\"><channel><title><![CDATA[Ward &amp; clinic]]></title><item><title>x</title></item></channel></rss>";
        assert_eq!(title(rss), Some(Some("Ward & clinic".into())));
        assert_eq!(title("<feed><entry><title>x</title></entry></feed>"), Some(None));
        let json = "{\"version\": \"https://jsonfeed.org/version/1.1\", \"title\" : \"Ward\\nnews\"}";
        assert_eq!(title(json), Some(Some("Ward news".into())));
        assert_eq!(title("<!doctype html><html><title>About &lt;rss&gt;</title><p><rss></html>"), None);
        assert_eq!(title("{\"a\": 1}"), None);
        assert_eq!(title("nothing"), None);
    }

    #[test]
    fn a_page_names_its_network() {
        let network = |html: &str| Page::read(html).network;
        assert_eq!(network("<meta name=\"generator\" content=\"Discourse 3.4.0\">"), Some(Network::Discourse));
        assert_eq!(network("<div class='app-holder' id='mastodon'>"), Some(Network::Mastodon));
        assert_eq!(network("<script>window.isoData = {}</script>"), Some(Network::Lemmy));
        assert_eq!(network("<p>We like Discourse</p>"), None);
    }
}
