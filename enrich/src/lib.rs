//! Enrichment: what a post is about, in which language, how it feels, and where.
//!
//! A [`Chain`] is an explicit list of [`Enricher`]s, one file a tag. [`run`] reads collected posts from the bus, sends
//! them through the chain off the async threads, and appends them with their tags. [`Redactor`] is the first of the
//! chain, and collection applies it as well, so that nothing personal reaches the bus.

mod artefact;
mod aspects;
mod chain;
mod config;
pub mod eval;
pub mod language;
pub mod model;
mod places;
pub mod redact;
mod sentiment;
mod stage;
#[cfg(test)]
mod testing;
mod text;
mod topics;
pub mod train;
mod transformer;
mod work;

use bus::Enriched;

pub use chain::Chain;
pub use config::EnrichConfig;
pub use places::RegionInfo;
pub use redact::Redactor;
pub use stage::{GROUP, run};
pub use topics::{Explanation, Reason, Topic, Topics};
pub use transformer::{Sampled, TransformerConfig, TransformerError};

/// Adds one kind of tag to posts.
///
/// Enrichers are called off the async threads, on several of them at once.
pub trait Enricher: Send + Sync {
    /// The name in metrics and benchmarks.
    fn name(&self) -> &'static str;

    /// Tags every post of the batch, replacing whatever this enricher may have said about it before.
    fn enrich(&self, batch: &mut [Enriched]);
}
