//! Gather: anybody who is signed in can ask for something, others support it, and staff decides in public what becomes of it.
//!
//! ```text
//! waiting --> published --> closed (the deadline passed)
//!    |            |-------> merged into another, which gets the supporters
//!    |            `-------> routed to the body that can act, and stays visible
//!    `-> refused, with the reason
//! ```

mod comments;
mod config;
mod erase;
mod flags;
mod paper;
mod similar;
mod support;

pub use comments::{Comment, comment, comments, find_comment, moderate_comment, waiting_comments};
pub use config::GatherConfig;
pub use erase::erase_account;
pub use flags::{
    Decision, Evidence, Flag, FlagId, FlagState, NewFlag, Order, close_overdue, decide, find, list, raise,
};
pub use paper::{Sheet, read_sheet, take_in_sheet};
pub use similar::{Similar, similar};
pub use support::{Supporters, is_supporter, support, supporters, withdraw};
