//! Learning the heads of the fast tier from labelled texts.

mod calibrate;
mod card;
mod error;
mod folds;
pub(crate) mod labelled;
mod sentiment;
mod support;
mod topics;

pub use error::EvalError;
pub use labelled::{Fields, LabelledError};
pub use sentiment::{SentimentFiles, sentiment};
pub use topics::{TopicFiles, topics};
