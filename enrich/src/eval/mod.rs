//! How good the tags are, on labelled texts of the user's own.

mod report;
mod second;
mod sentiment;
mod topics;

pub use report::{ClassFigures, Report};
pub use sentiment::sentiment;
pub use topics::topics;

pub(crate) use report::Counts;
pub(crate) use sentiment::place;
