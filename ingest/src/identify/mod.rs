//! What kind of source an address is, for `discovery source add`.
//!
//! Some addresses tell by their host or form (`address.rs`); of others one page is fetched, and tells by its content. No
//! address is guessed but three that servers of the open networks answer at, and a page is read only if its robots.txt
//! allows it.

mod address;
mod content;

use std::fmt::Write as _;

use toml::Value;
use url::Url;

use self::address::Told;
use crate::collectors::feed::discover;
use crate::fetch::{Answer, FetchError, Gateway, Request};

/// The entry of `config/sources.toml` that an address could be.
#[derive(Clone, Debug, PartialEq)]
pub struct Proposal {
    /// The kind of source.
    pub kind: &'static str,
    /// A name for people.
    pub name: String,
    /// The keys that only this kind has.
    pub keys: Vec<(&'static str, Value)>,
    /// What the person should know: a token that is needed, other feeds that were found.
    pub note: Option<String>,
}

/// What is chosen instead of what is proposed.
#[derive(Clone, Debug, Default)]
pub struct Choices {
    /// The name.
    pub name: Option<String>,
    /// The channel's slug.
    pub channel: Option<String>,
    /// The place.
    pub place: Option<String>,
}

/// The longest id that is proposed.
const MAX_ID: usize = 40;

const FEED: &str = "application/atom+xml, application/rss+xml, application/feed+json, application/xml;q=0.9, text/html;q=0.8, */*;q=0.5";

impl Proposal {
    pub(crate) fn new(kind: &'static str, name: impl Into<String>, keys: Vec<(&'static str, Value)>) -> Self {
        Self { kind, name: name.into(), keys, note: None }
    }

    fn with_note(self, note: impl Into<String>) -> Self {
        Self { note: Some(note.into()), ..self }
    }

    /// An id that none of `taken` is, made of the name.
    pub fn id<'a>(&self, taken: impl IntoIterator<Item = &'a str>) -> String {
        let words: Vec<String> = self
            .name
            .to_lowercase()
            .split(|c: char| !c.is_ascii_alphanumeric())
            .filter(|word| !word.is_empty())
            .map(str::to_owned)
            .collect();
        let slug = words.join("-");
        let slug = slug.get(..MAX_ID).unwrap_or(&slug).trim_end_matches('-');
        let slug = if slug.is_empty() { self.kind } else { slug };
        let taken: Vec<&str> = taken.into_iter().collect();
        let numbered = (2..).map(|n| format!("{slug}-{n}"));
        let mut candidates = std::iter::once(slug.to_owned()).chain(numbered);
        candidates.find(|id| !taken.contains(&id.as_str())).unwrap_or_default()
    }

    /// The entry as text, with what was chosen.
    pub fn entry(&self, id: &str, choices: &Choices) -> String {
        let text = |text: &str| Value::String(text.to_owned());
        let mut lines = vec![
            ("id", text(id)),
            ("name", text(choices.name.as_deref().unwrap_or(&self.name))),
            ("kind", text(self.kind)),
        ];
        lines.extend(self.keys.iter().cloned());
        lines.extend(choices.channel.as_deref().map(|channel| ("channel", text(channel))));
        lines.extend(choices.place.as_deref().map(|place| ("place", text(place))));
        let mut entry = String::from("[[source]]\n");
        for (key, value) in lines {
            // Writing to a string cannot fail.
            let _ = writeln!(entry, "{key} = {value}");
        }
        entry
    }
}

/// What kind of source `url` is.
///
/// # Errors
/// Plain words: why it is none, or what to give instead.
pub async fn identify(url: &Url, gateway: &Gateway) -> Result<Proposal, String> {
    match address::told_by_form(url)? {
        Some(Told::Source(proposal)) => return Ok(proposal),
        Some(Told::Server(server)) => return ask_server(server, gateway).await,
        None => {}
    }
    if !address::looks_like_feed(url) && !allowed(url, gateway).await? {
        return Err(format!("the robots.txt of {} asks programs not to read this page", host(url)));
    }
    let answer = fetch(url, gateway).await.map_err(|error| error.to_string())?;
    let text = String::from_utf8_lossy(&answer.body);
    if let Some(title) = content::feed_title(&text) {
        let name = title.unwrap_or_else(|| host(&answer.url).to_owned());
        return Ok(feed(name, &answer.url));
    }
    let page = content::Page::read(&text);
    if let Some(network) = page.network {
        return follow(network, &answer.url, &page, gateway).await;
    }
    let found = discover(&text, &answer.url);
    let Some(first) = found.first() else {
        return last_resort(&answer.url, &page, gateway).await;
    };
    let proposal = feed(first.title.clone().unwrap_or_else(|| page.name(&answer.url)), &first.url);
    let others: Vec<&str> = found.iter().skip(1).map(|feed| feed.url.as_str()).collect();
    if others.is_empty() {
        return Ok(proposal);
    }
    Ok(proposal.with_note(format!("the page names other feeds as well: {}", others.join(", "))))
}

fn feed(name: String, url: &Url) -> Proposal {
    Proposal::new("feed", name, vec![("url", Value::String(url.to_string()))])
}

/// What a server whose address has the form of a community or of a hashtag is.
async fn ask_server(server: address::Server, gateway: &Gateway) -> Result<Proposal, String> {
    if is_a(server.network, &server.url, gateway).await {
        return Ok(server.proposal());
    }
    Err(format!("{} does not answer as a {} server does", server.url, server.network.name()))
}

/// A page that names its network is asked whether that is so. Of Mastodon and Lemmy a part has to be named.
async fn follow(network: Network, url: &Url, page: &content::Page, gateway: &Gateway) -> Result<Proposal, String> {
    let root = address::site(url);
    if !is_a(network, &root, gateway).await {
        return Err(format!("{root} names itself {}, but does not answer as such a server does", network.name()));
    }
    match network {
        Network::Discourse => Ok(address::discourse(url, page.name(url))),
        Network::Mastodon => {
            Err(format!("{root} is a Mastodon server: give the address of a hashtag, such as {root}tags/nhs"))
        }
        Network::Lemmy => {
            Err(format!("{root} is a Lemmy server: give the address of a community, such as {root}c/health"))
        }
    }
}

/// A front page that names neither a feed nor a network is asked at the three addresses where networks answer.
async fn last_resort(url: &Url, page: &content::Page, gateway: &Gateway) -> Result<Proposal, String> {
    if url.path() == "/" {
        for network in Network::ALL {
            if is_a(network, &address::site(url), gateway).await {
                return follow(network, url, page, gateway).await;
            }
        }
    }
    Err(format!(
        "no feed is named on {url}, and it is no server of a kind that is known; look on the site for the address of a feed"
    ))
}

/// Whether the server at `root` answers as one of `network` does.
async fn is_a(network: Network, root: &Url, gateway: &Gateway) -> bool {
    let (path, sign) = match network {
        Network::Discourse => ("site.json", "\"default_archetype\""),
        Network::Mastodon => ("api/v2/instance", "\"domain\""),
        Network::Lemmy => ("api/v3/site", "\"site_view\""),
    };
    let Ok(url) = root.join(path) else { return false };
    match fetch_as(&url, "application/json", gateway).await {
        Ok(answer) => String::from_utf8_lossy(&answer.body).contains(sign),
        Err(_) => false,
    }
}

/// A kind of server that many people run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Network {
    Discourse,
    Mastodon,
    Lemmy,
}

impl Network {
    const ALL: [Self; 3] = [Self::Discourse, Self::Mastodon, Self::Lemmy];

    fn name(self) -> &'static str {
        match self {
            Self::Discourse => "Discourse",
            Self::Mastodon => "Mastodon",
            Self::Lemmy => "Lemmy",
        }
    }
}

async fn fetch(url: &Url, gateway: &Gateway) -> Result<Box<Answer>, FetchError> {
    fetch_as(url, FEED, gateway).await
}

async fn fetch_as(url: &Url, accept: &'static str, gateway: &Gateway) -> Result<Box<Answer>, FetchError> {
    gateway.get(&Request::get(url.clone(), accept)).await?.answer()
}

async fn allowed(url: &Url, gateway: &Gateway) -> Result<bool, String> {
    gateway.robots_allow(url).await.map_err(|error| error.to_string())
}

fn host(url: &Url) -> &str {
    url.host_str().unwrap_or_default()
}

#[cfg(test)]
mod tests;
