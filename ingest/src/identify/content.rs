//! What a page tells about itself.

use url::Url;

use super::Network;
use crate::html;

/// So much of a page is looked at.
const HEAD: usize = 256 * 1024;

/// The title of the feed that `text` is; the inner `None` for a feed without a title, the outer one for no feed.
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

/// A feed that a page names.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Named {
    pub(super) url: Url,
    /// What the page calls it.
    pub(super) title: Option<String>,
}

/// More feeds of one page are not listed.
const MOST: usize = 20;

/// The feeds that the page at `base` declares as other forms of itself.
pub(super) fn feeds(text: &str, base: &Url) -> Vec<Named> {
    let tags = html::first_bytes(text, HEAD).split("<link").skip(1).filter_map(|rest| Some(rest.split_once('>')?.0));
    let feed = |tag: &str| {
        let is_alternate = attribute(tag, "rel")?.split_whitespace().any(|rel| rel.eq_ignore_ascii_case("alternate"));
        let kind = attribute(tag, "type")?.to_ascii_lowercase();
        let is_feed = ["application/rss+xml", "application/atom+xml", "application/feed+json"].contains(&kind.as_str());
        let url = base.join(&attribute(tag, "href")?).ok().filter(|_| is_alternate && is_feed)?;
        matches!(url.scheme(), "http" | "https")
            .then(|| Named { url, title: attribute(tag, "title").and_then(|t| tidy(&t)) })
    };
    tags.filter_map(feed).take(MOST).collect()
}

/// The value of the attribute `name` of a tag, in quotes or not.
fn attribute(tag: &str, name: &str) -> Option<String> {
    let mut from = 0;
    while let Some(found) = tag.get(from..)?.find(name) {
        let (start, end) = (from + found, from + found + name.len());
        from = end;
        let begins = tag[..start].ends_with(|c: char| c.is_whitespace() || matches!(c, '"' | '\''));
        let Some(value) = tag[end..].trim_start().strip_prefix('=').filter(|_| begins) else { continue };
        let value = value.trim_start();
        let value = match value.chars().next() {
            Some(quote @ ('"' | '\'')) => value[1..].split(quote).next()?,
            _ => value.split_whitespace().next()?,
        };
        return Some(html::to_text(value));
    }
    None
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
    fn a_page_names_its_feeds() {
        let page = "<link rel=stylesheet href=/a.css><link href='/f?a=1&amp;b=2' rel=\"alternate home\" type=application/rss+xml title=\"Ward\nnews\">
            <link rel=alternate type=text/html hreflang=cy href=/cy><link rel=alternate type=application/atom+xml href=javascript:x><link rel";
        let base = Url::parse("https://a.example/x/").unwrap();
        let named = Named { url: base.join("/f?a=1&b=2").unwrap(), title: Some("Ward news".into()) };
        assert_eq!(feeds(page, &base), [named]);
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
