//! The record of decisions: who may do what, what was decided, by which role, when and why.
//!
//! One SQLite file ([`Record`]). Everything that people decide goes through [`Record::decide`], which refuses a change that
//! leaves no entry in the audit log ([`audit`]): an append-only chain of hashes, whose public part anybody can read and check.
//! What is no decision, such as a session, goes through [`Record::keep`].

pub mod account;
pub mod assembly;
pub mod audit;
pub mod closed;
pub mod erased;
pub mod erasures;
mod error;
pub mod gather;
mod ids;
mod password;
mod random;
pub mod reviews;
mod role;
mod second_factor;
pub mod session;
mod store;
#[cfg(test)]
mod testing;
pub mod work;

pub use account::{Account, AccountId};
pub use audit::{Actor, Entry, Part};
pub use error::RecordError;
pub use random::Token;
pub use role::{Permission, Role};
pub use second_factor::SecondFactor;
pub use store::{FILE, Record, Tx};
