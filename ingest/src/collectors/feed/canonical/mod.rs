//! Any XML feed to one dialect: Atom 1.0, well-formed, as feed-rs reads it without loss.
//!
//! Feeds are written in a dozen dialects, mixed with each other and often damaged, and feed-rs refuses a document or
//! leaves fields out where a reader would still know what is meant. So every document goes through here, the sound ones
//! too: what an entry is must not depend on whether its document happens to be sound today. What feedparser (the
//! reference of the trade) makes of a construct decides what it means.

pub(super) mod json;
mod names;
mod reading;
mod references;
mod scope;
mod text;
mod tokens;
mod writer;

use url::Url;

/// A feed in Atom 1.0, and what Atom has no word for.
#[derive(Debug, Default)]
pub(super) struct Canonical {
    pub(super) atom: String,
    /// One for each entry of `atom`, in its order.
    pub(super) extras: Vec<Extra>,
    /// How many minutes the feed need not be asked again.
    pub(super) ttl_minutes: Option<u32>,
    /// Whether anything in the document says that it is a feed.
    pub(super) is_feed: bool,
    /// How many entries were too many.
    pub(super) discarded: usize,
    /// How many elements were nested too deep to be read.
    pub(super) too_deep: usize,
}

/// What Atom has no word for.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct Extra {
    /// When it was made, where the dialect tells that from when it was published.
    pub(super) created: Option<jiff::Timestamp>,
    /// Where it lies without the detour over a service that counts readers.
    pub(super) original_link: Option<String>,
    /// The language that the entry itself claims.
    pub(super) language: Option<String>,
}

/// The relation of a link that is the identity of the entry as well.
pub(super) const PERMALINK: &str = "permalink";

/// Rewrites `xml`, which came from `base`. At most `max_entries` are kept; the others are only counted.
pub(super) fn canonical(xml: &str, base: &Url, max_entries: usize) -> Canonical {
    writer::Writer::new(base, max_entries).write(xml)
}

#[cfg(test)]
mod tests;
