//! Learning the heads of the fast tier from labelled texts.

mod card;
mod error;
mod folds;
pub(crate) mod labelled;
mod logistic;
mod sentiment;
mod topics;

pub use error::EvalError;
pub use labelled::{Fields, LabelledError};
pub use sentiment::sentiment;
pub use topics::{TopicFiles, topics};
