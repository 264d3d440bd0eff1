//! Which entries are one entry: within a document, and from one fetch to the next.

use std::collections::{HashMap, HashSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use url::Url;

use super::adapt::Item;

/// A name for each of `items` that stays when the entry is edited: what the feed says identifies it, or else its page,
/// or else its title and time. Entries that a feed confuses, because it gives them one name or no name and one page, get
/// different ones.
pub(super) fn keys(items: &[Item]) -> Vec<String> {
    let names: Vec<String> = items.iter().map(name).collect();
    let mut groups: HashMap<&str, Vec<usize>> = HashMap::new();
    for (at, name) in names.iter().enumerate() {
        groups.entry(name).or_default().push(at);
    }
    let mut keys = names.clone();
    for group in groups.into_values().filter(|group| group.len() > 1) {
        let pages: HashSet<Option<String>> = group.iter().map(|&at| page(&items[at])).collect();
        let first = &items[group[0]];
        for at in group {
            let item = &items[at];
            if pages.len() > 1 {
                keys[at] = format!("{}\n{}", names[at], page(item).unwrap_or_default());
            } else if item.title != first.title && (item.published != first.published || item.published.is_none()) {
                keys[at] = format!("{}\n{}", names[at], title_and_time(item));
            }
        }
    }
    keys
}

fn name(item: &Item) -> String {
    match (&item.guid, page(item)) {
        (Some(guid), _) => canonical(guid),
        (None, Some(page)) => page,
        (None, None) => title_and_time(item),
    }
}

fn page(item: &Item) -> Option<String> {
    item.url.as_deref().or(item.link.as_deref()).map(canonical)
}

/// The identity of an entry that has neither an id nor a link.
fn title_and_time(item: &Item) -> String {
    let mut hasher = blake3::Hasher::new();
    hasher.update(item.title.as_deref().unwrap_or(&item.body).as_bytes());
    hasher.update(item.published.map(|at| at.to_string()).unwrap_or_default().as_bytes());
    format!("hash:{}", hasher.finalize().to_hex())
}

/// `link` without what changes from visit to visit: where the visitor came from, and which visit it is. Other text stays
/// as it is.
pub(super) fn canonical(link: &str) -> String {
    let link = link.trim();
    let Ok(mut url) = Url::parse(link) else { return link.to_owned() };
    if !matches!(url.scheme(), "http" | "https") {
        return link.to_owned();
    }
    if let Some(start) = url.path().to_ascii_lowercase().find(";jsessionid=") {
        let rest = url.path()[start + 1..].find(['/', ';']).map_or("", |end| &url.path()[start + 1 + end..]);
        let path = format!("{}{rest}", &url.path()[..start]);
        url.set_path(&path);
    }
    if let Some(query) = url.query() {
        let kept: Vec<&str> = query.split('&').filter(|pair| !is_of_the_visit(pair)).collect();
        let kept = kept.join("&");
        url.set_query((!kept.is_empty()).then_some(&kept));
    }
    // Sites move from http to https, and their entries with them.
    let rest = url.as_str().split_once("://").map_or("", |(_, rest)| rest);
    format!("https://{rest}")
}

/// Whether a parameter says where a visitor came from or which visit it is.
fn is_of_the_visit(pair: &str) -> bool {
    const NAMES: &[&str] = &[
        "fbclid",
        "gclid",
        "dclid",
        "msclkid",
        "igshid",
        "mc_cid",
        "mc_eid",
        "cmpid",
        "phpsessid",
        "jsessionid",
        "sid",
        "session",
        "sessionid",
        "session_id",
        "sessid",
        "oscsid",
        "cfid",
        "cftoken",
        "zenid",
        "_ga",
        "_gl",
        "yclid",
    ];
    const BEGINNINGS: &[&str] = &["utm_", "at_", "aspsessionid", "ns_", "pk_", "mtm_"];
    let name = pair.split('=').next().unwrap_or_default().to_ascii_lowercase();
    NAMES.contains(&&*name) || BEGINNINGS.iter().any(|beginning| name.starts_with(beginning))
}

/// What tells an entry from others when its feed names it anew at every fetch. Short hashes, because several must agree.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(super) struct Traits {
    #[serde(rename = "t")]
    pub(super) title: u32,
    #[serde(rename = "b")]
    pub(super) body: u32,
    /// Whether the text is so long that two entries hardly have the same.
    #[serde(rename = "l")]
    long: bool,
    /// When it was published, in seconds.
    #[serde(rename = "d")]
    at: Option<i64>,
    /// The address of its page.
    #[serde(rename = "u")]
    link: u32,
    /// The address without query and fragment.
    #[serde(rename = "p")]
    page: u32,
}

impl Traits {
    pub(super) fn of(item: &Item) -> Self {
        const LONG: usize = 40;
        let link = page(item).unwrap_or_default();
        let page = link.split(['?', '#']).next().unwrap_or_default();
        Self {
            title: hash(item.title.as_deref().unwrap_or_default()),
            body: hash(&item.body),
            long: item.body.len() >= LONG,
            at: item.published.or(item.created).map(Timestamp::as_second),
            link: hash(&link),
            page: hash(page),
        }
    }

    /// Whether the two say the same.
    pub(super) fn has_same_words(&self, other: &Self) -> bool {
        self.title == other.title && self.body == other.body
    }

    /// Whether the two are one entry, read at different times under different names. If `renames`, its feed is known to
    /// rename its entries, so that fewer signs are enough: one of title and text may have been edited.
    ///
    /// Entries of different times are never one: a bulletin has the same title every day.
    pub(super) fn is_same_entry(&self, other: &Self, renames: bool) -> bool {
        let (title, body) = (self.title == other.title, self.body == other.body);
        match (self.at, other.at) {
            (Some(one), Some(two)) if one == two => {
                (title && body && (self.long || self.page == other.page))
                    || (renames && self.page == other.page && (title || (body && self.long)))
            }
            (None, None) => title && body && (self.link == other.link || (self.long && self.page == other.page)),
            _ => false,
        }
    }
}

fn hash(text: &str) -> u32 {
    let digest = blake3::hash(text.as_bytes());
    u32::from_le_bytes(digest.as_bytes()[..4].try_into().expect("a 32-byte digest has 4 first bytes"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(guid: Option<&str>, url: Option<&str>, title: &str, published: Option<&str>) -> Item {
        Item {
            guid: guid.map(str::to_owned),
            url: url.map(str::to_owned),
            title: Some(title.to_owned()),
            published: published.map(|at| at.parse().unwrap()),
            ..Item::default()
        }
    }

    #[test]
    fn an_address_is_the_same_whoever_visits_it() {
        for link in [
            "https://example.org/a?id=7",
            "http://example.org/a?id=7",
            "https://EXAMPLE.org/a?utm_source=rss&id=7&fbclid=x",
            "https://example.org/a;jsessionid=0A1B?id=7&PHPSESSID=123",
            " https://example.org/a?id=7&at_medium=RSS ",
        ] {
            assert_eq!(canonical(link), "https://example.org/a?id=7", "{link}");
        }
        assert_ne!(canonical("https://example.org/a?id=8"), canonical("https://example.org/a?id=7"));
        assert_ne!(canonical("https://example.org/live#1"), canonical("https://example.org/live#2"));
        assert_eq!(canonical("tag:example.org,2025:1?utm_source=x"), "tag:example.org,2025:1?utm_source=x");
    }

    #[test]
    fn entries_that_the_feed_confuses_are_told_apart() {
        let live = "https://example.org/live";
        let keys = |items: &[Item]| keys(items).into_iter().collect::<HashSet<_>>().len();
        let (noon, one) = (Some("2025-03-01T12:00:00Z"), Some("2025-03-01T13:00:00Z"));
        assert_eq!(keys(&[item(Some("1"), Some(live), "a", noon), item(Some("2"), Some(live), "a", noon)]), 2);
        assert_eq!(
            keys(&[
                item(Some("0"), Some("https://e.org/a"), "a", noon),
                item(Some("0"), Some("https://e.org/b"), "b", noon)
            ]),
            2
        );
        assert_eq!(keys(&[item(None, Some(live), "a", noon), item(None, Some(live), "b", one)]), 2);
        assert_eq!(keys(&[item(None, None, "Bulletin", noon), item(None, None, "Bulletin", one)]), 2);
        let revisions = [item(Some("1"), Some(live), "a", noon), item(Some("1"), Some(live), "a, corrected", noon)];
        assert_eq!(keys(&revisions), 1, "an entry that is listed twice is one");
    }
}
