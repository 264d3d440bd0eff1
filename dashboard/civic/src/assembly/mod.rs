//! The Assembly: from an issue to the Board's answer, in public.
//!
//! A cycle ([`cycles`]) takes candidates ([`candidates`]) through gates ([`gates`]): a panel's check ([`panel`]), a vote
//! ([`vote`]), a citizens' jury ([`jury`]), and the order of the agenda. The score ([`score`]) explains itself, and a person
//! who departs from it says why. What is known of a candidate is frozen in an evidence pack ([`pack`]) with the quotes that
//! were approved ([`quotes`]); what the Board says and does about it is followed in [`answers`].

pub mod answers;
pub mod candidates;
mod check;
pub mod config;
pub mod cycles;
pub mod erase;
pub mod gates;
pub mod jury;
pub mod order;
pub mod pack;
pub mod panel;
pub mod quotes;
pub mod score;
pub mod vote;

pub use crate::ids::{ActionId, AnswerId, CandidateId, CycleId, PackId, QuoteId};
pub use config::{AssemblyConfig, Gate, GateKind};
pub use erase::{Gone, erase_account, erase_post, follow, quotes_of};

#[cfg(test)]
mod funnel_tests;
#[cfg(test)]
mod testing;
