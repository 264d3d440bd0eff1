//! The demonstration: a fictional conversation about health services in England, and the local site that serves it to
//! the real collectors.
//!
//! Nobody in it exists and nothing in it happened. Towns and the names of services are real words; practices, outlets,
//! groups, people and events are invented. Every text is put together by `grammar` from the phrase files of this
//! crate; every page that is served says that it is fictional.

mod bank;
mod compose;
mod conversation;
mod grammar;
mod meeting;
mod outlet;
mod person;
mod phrases;
mod place;
mod plan;
mod planted;
mod put;
mod register;
mod rhythm;
mod rng;
mod site;
mod spec;
mod strands;
mod transcripts;
mod voice;
mod weighted;

pub use conversation::{Conversation, DemoPost, PostRef};
pub use meeting::Meeting;
pub use outlet::{FOLLOWED_TAGS, Format, OUTLETS, Outlet};
pub use place::Region;
pub use plan::{DAYS_BEFORE_LIVE, Kind, Truth};
pub use planted::{PlantedPost, PlantedStream, PlantedTruth, Weather, planted_stream};
pub use site::{Clock, DemoError, DemoSite, sources_toml};
pub use transcripts::write_transcripts;

use jiff::Timestamp;

/// The seed of the demonstration that everybody sees.
pub const SEED: u64 = 1948;

/// The first `n` posts of a conversation that is always the same, for benchmarks.
pub fn benchmark_posts(n: usize) -> impl Iterator<Item = DemoPost> {
    let end = Timestamp::constant(1_767_268_800, 0);
    let conversation = Conversation::new(SEED, end);
    conversation.posts_between(conversation.start(), Timestamp::MAX).take(n)
}

#[cfg(test)]
mod tests;
