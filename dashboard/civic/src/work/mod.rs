//! Staff's own work on posts and issues: who looks after what ([`tasks`]), notes ([`notes`]), saved searches ([`searches`]) and
//! collections of posts ([`collections`]). None of it is public.
//!
//! Everything about a post hangs on its task, which is there from the first note on, and goes with the post ([`follow`]).

pub mod collections;
mod forget;
pub mod notes;
pub mod searches;
mod subject;
pub mod tasks;

#[cfg(test)]
mod tests;

pub use forget::follow;
pub(crate) use forget::forget;
pub use subject::Subject;
pub use tasks::{Task, TaskStatus};

use crate::error::RecordError;

/// Words of staff that are there and not too long: trimmed, and without control characters but line ends.
fn words(text: &str, longest: usize, what: &str) -> Result<String, RecordError> {
    let text: String = text.trim().chars().filter(|c| !c.is_control() || *c == '\n').collect();
    let length = text.chars().count();
    if text.is_empty() {
        return Err(RecordError::refused(format!("Write {what}")));
    }
    if length > longest {
        return Err(RecordError::refused(format!("Write {what} in at most {longest} characters: it has {length}")));
    }
    Ok(text)
}

/// The same for one line.
fn line(text: &str, longest: usize, what: &str) -> Result<String, RecordError> {
    words(&text.split_whitespace().collect::<Vec<_>>().join(" "), longest, what)
}
