//! OPML: the lists of feeds that feed readers exchange.

use std::collections::HashSet;
use std::fmt::Write;

use bus::SourceId;
use html5ever::tendril::StrTendril;
use html5ever::tokenizer::{BufferQueue, Tag, TagKind, Token, TokenSink, TokenSinkResult, Tokenizer, TokenizerOpts};
use url::Url;

use crate::charset;
use crate::fetch;
use crate::html;
use crate::sources::{SourceConfig, SourceKind};

/// A feed in a list.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ListedFeed {
    /// What the list calls it.
    pub name: String,
    /// Its address.
    pub url: Url,
}

/// A list of feeds.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FeedList {
    /// The feeds, each address once, in the order of the list.
    pub feeds: Vec<ListedFeed>,
    /// Entries that cannot be used, in plain words.
    pub refused: Vec<String>,
}

/// More feeds of one list are not read.
const MOST: usize = 10_000;

/// Reads a list.
///
/// # Errors
/// Plain words, when nothing in it is a feed.
pub fn read(bytes: &[u8]) -> Result<FeedList, String> {
    let declared = charset::declared_in_xml(bytes);
    let text = charset::decode(bytes, declared.as_deref());
    let input = BufferQueue::default();
    input.push_back(StrTendril::from(text.as_str()));
    // The tokenizer of HTML takes what XML would refuse, and lists are written by many programs.
    let tokenizer = Tokenizer::new(Outlines::default(), TokenizerOpts::default());
    // The sink never asks to stop, so one call takes all input.
    let _ = tokenizer.feed(&input);
    tokenizer.end();
    let outlines = tokenizer.sink.0.into_inner();
    if outlines.is_empty() {
        return Err("holds no `<outline>` with an address: is it a list of feeds (OPML)?".to_owned());
    }
    let mut list = FeedList::default();
    let mut known = HashSet::new();
    for (name, address) in outlines {
        match Url::parse(&address).map_err(|error| error.to_string()).and_then(|url| {
            fetch::check_form(&url)?;
            Ok(url)
        }) {
            Ok(url) => {
                if known.insert(url.clone()) {
                    let name = name.unwrap_or_else(|| url.host_str().unwrap_or_default().to_owned());
                    list.feeds.push(ListedFeed { name, url });
                }
            }
            Err(reason) => list.refused.push(format!("{address}: {reason}")),
        }
    }
    Ok(list)
}

/// Collects the names and addresses of outlines.
#[derive(Default)]
struct Outlines(std::cell::RefCell<Vec<(Option<String>, String)>>);

impl TokenSink for Outlines {
    type Handle = ();

    fn process_token(&self, token: Token, _line: u64) -> TokenSinkResult<()> {
        if let Token::TagToken(tag) = token
            && tag.kind == TagKind::StartTag
            && &*tag.name == "outline"
        {
            self.outline(&tag);
        }
        TokenSinkResult::Continue
    }
}

impl Outlines {
    fn outline(&self, tag: &Tag) {
        // The tokenizer writes names in lower case.
        let attribute = |name: &str| {
            let found = tag.attrs.iter().find(|attribute| &*attribute.name.local == name);
            found.map(|attribute| attribute.value.trim()).filter(|value| !value.is_empty())
        };
        let mut outlines = self.0.borrow_mut();
        if let Some(address) = attribute("xmlurl").filter(|_| outlines.len() < MOST) {
            let name = attribute("title").or(attribute("text")).map(|name| one_line(&html::to_text(name)));
            outlines.push((name.filter(|name| !name.is_empty()), address.to_owned()));
        }
    }
}

/// The entries of `config/sources.toml` for `feeds`, with ids that `taken` does not hold. Feeds that are collected already
/// are left out.
pub fn to_toml(feeds: &[ListedFeed], existing: &[SourceConfig]) -> (String, usize) {
    let mut ids: HashSet<String> = existing.iter().map(|source| source.id.to_string()).collect();
    let urls: HashSet<&Url> = existing.iter().filter_map(feed_url).collect();
    let mut toml = String::new();
    let mut added = 0;
    for feed in feeds.iter().filter(|feed| !urls.contains(&feed.url)) {
        let id = free_id(feed, &ids);
        let (id_text, name) = (toml::Value::from(id.clone()), toml::Value::from(feed.name.clone()));
        let url = toml::Value::from(feed.url.to_string());
        // Writing to a string cannot fail.
        let _ = writeln!(toml, "\n[[source]]\nid = {id_text}\nname = {name}\nkind = \"feed\"\nurl = {url}");
        ids.insert(id);
        added += 1;
    }
    (toml, added)
}

/// An id made of the feed's name, or else of its host, that is not taken.
fn free_id(feed: &ListedFeed, taken: &HashSet<String>) -> String {
    const LONGEST: usize = 40;
    let slug = |text: &str| {
        let text = text.to_lowercase();
        let words = text.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty());
        let slug = words.collect::<Vec<_>>().join("-");
        html::first_bytes(&slug, LONGEST).trim_end_matches('-').to_owned()
    };
    let candidates = [slug(&feed.name), slug(feed.url.host_str().unwrap_or_default()), "feed".to_owned()];
    let base = candidates.into_iter().find(|id| id.parse::<SourceId>().is_ok()).unwrap_or_else(|| "feed".to_owned());
    let mut ids = std::iter::once(base.clone()).chain((2_u64..).map(|number| format!("{base}-{number}")));
    ids.find(|id| !taken.contains(id)).expect("numbers do not end before the ids that are taken")
}

fn feed_url(source: &SourceConfig) -> Option<&Url> {
    match &source.kind {
        SourceKind::Feed(config) => Some(&config.url),
        _ => None,
    }
}

/// The feeds among `sources` as a list for other programs. `title` names it.
pub fn write(sources: &[SourceConfig], title: &str) -> String {
    let mut opml = String::from("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<opml version=\"2.0\">\n");
    let _ = writeln!(opml, "<head><title>{}</title></head>\n<body>", escaped(title));
    for source in sources {
        if let Some(url) = feed_url(source) {
            let (name, url) = (escaped(&source.name), escaped(url.as_str()));
            let _ = writeln!(opml, "<outline type=\"rss\" text=\"{name}\" title=\"{name}\" xmlUrl=\"{url}\"/>");
        }
    }
    opml.push_str("</body>\n</opml>\n");
    opml
}

fn escaped(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::*;
    use crate::sources;

    const LIST: &str = r#"<?xml version="1.0" encoding="ISO-8859-1"?><opml version="1.0"><head><title>Mine</title></head><body>
        <outline text="Health"><outline text="Ward &amp; Clinic" type="rss" xmlUrl="https://example.org/feed?a=1&amp;b=2"/>
        <outline title="Ward &amp; Clinic" xmlUrl="https://example.org/other"/></outline>
        <OUTLINE text="again" xmlURL="https://example.org/other" />
        <outline text="Local file" xmlUrl="file:///etc/passwd"/><outline xmlUrl="https://news.example.org/rss">
        <outline text="no feed" htmlUrl="https://example.org/"/></body></opml>"#;

    #[test]
    fn a_list_becomes_sources_that_the_configuration_reads() {
        let list = read(LIST.as_bytes()).unwrap();
        assert_eq!(list.refused, ["file:///etc/passwd: only http and https addresses are fetched, not file:"]);
        let (toml, added) = to_toml(&list.feeds, &[]);
        assert_eq!(added, 3);
        let sources = sources::parse(Path::new("sources.toml"), &toml).unwrap();
        let listed: Vec<String> =
            sources.iter().map(|s| format!("{} | {} | {}", s.id, s.name, s.kind.location())).collect();
        assert_eq!(
            listed,
            [
                "ward-clinic | Ward & Clinic | https://example.org/feed?a=1&b=2",
                "ward-clinic-2 | Ward & Clinic | https://example.org/other",
                "news-example-org | news.example.org | https://news.example.org/rss",
            ]
        );
        let (nothing, none) = to_toml(&list.feeds, &sources);
        assert_eq!((nothing.as_str(), none), ("", 0), "what is collected already is not added again");
    }

    #[test]
    fn what_is_written_is_read() {
        let (toml, _) = to_toml(&read(LIST.as_bytes()).unwrap().feeds, &[]);
        let sources = sources::parse(Path::new("sources.toml"), &toml).unwrap();
        let again = read(write(&sources, "A \"list\" of <ours>").as_bytes()).unwrap();
        assert_eq!(again.feeds, read(LIST.as_bytes()).unwrap().feeds);
    }

    #[test]
    fn something_else_is_no_list() {
        assert!(read(b"<html><p>No").is_err());
        assert!(read(b"").is_err());
    }
}
