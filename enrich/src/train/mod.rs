//! Learning the heads of both tiers from labelled texts.

mod calibrate;
mod card;
mod error;
mod folds;
pub(crate) mod labelled;
mod sentiment;
mod support;
mod topics;
pub mod transformer;

pub use error::EvalError;
pub use labelled::{Fields, LabelledError};
pub use sentiment::{SentimentFiles, sentiment};
pub use topics::{TopicFiles, topics};
