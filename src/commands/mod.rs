//! The commands other than running stages, one file a command.

pub mod account;
pub mod bench;
pub mod check;
pub mod completions;
pub mod correct;
pub mod corrections;
pub mod deadletter;
pub mod demo;
pub mod erase;
pub mod eval;
pub mod import;
pub mod record;
pub mod search;
pub mod source;
pub mod topics;
pub mod train;
pub mod trends;
