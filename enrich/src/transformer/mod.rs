//! The transformer tier: an encoder of the BERT family, run by rust-bert, whose view of a text is blended with that of the
//! fast tier.
//!
//! The encoder is there only in a build with the feature `rust-bert` (`encoder.rs`); everything around it is always built
//! and tested, and `absent.rs` stands in its place otherwise, with an error that says what to do.

#[cfg(not(feature = "rust-bert"))]
#[path = "absent.rs"]
mod encoder;
#[cfg(feature = "rust-bert")]
mod encoder;

mod config;
pub(crate) mod enricher;
mod error;
mod pace;
pub(crate) mod plain;
pub(crate) mod tally;
pub(crate) mod tier;
pub(crate) mod worker;

pub use config::TransformerConfig;
pub use error::TransformerError;
pub use tally::Sampled;
