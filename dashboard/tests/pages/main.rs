//! Whole pages, asked for as a browser asks: over a real index, and with what readers, hostile posts and broken stores
//! can do to them.

#![expect(clippy::unwrap_used, reason = "the helpers of tests state their assumptions by unwrapping them, as tests do")]

mod assembly;
mod correct;
mod doors;
mod downloads;
mod edits;
mod erasures;
mod flags;
mod gather;
mod home;
mod issues;
mod limits;
mod made_up;
mod matrix;
mod people;
mod public;
mod reviews;
mod search;
mod security;
mod shortlist;
mod submit;
mod work;
mod world;
