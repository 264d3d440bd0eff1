//! The learned models of the fast tier: what they look at, how they score, and the files that they are kept in.

pub(crate) mod features;
pub(crate) mod file;
pub(crate) mod heads;

pub use file::{Card, Figures, Needed, Reliability, TrainedOn};
