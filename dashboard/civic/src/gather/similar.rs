//! Flags that ask for much the same: offered before another one is raised.

use std::collections::BTreeSet;

use rusqlite::Connection;

use super::flags::{Evidence, Flag, FlagState, Order, list};
use crate::error::RecordError;

/// So many published flags are looked through, the newest first.
const LOOKED_THROUGH: u32 = 2_000;

/// Flags that share this part of their words are offered: the share of the words of the shorter one.
const ENOUGH: f64 = 0.5;

/// So many are offered.
const OFFERED: usize = 5;

/// Words that say nothing of the subject.
const EMPTY: &[&str] = &[
    "about", "after", "again", "also", "because", "been", "before", "being", "could", "every", "from", "have", "more",
    "much", "must", "need", "other", "people", "please", "should", "some", "than", "that", "their", "them", "there",
    "these", "they", "this", "those", "very", "want", "were", "what", "when", "where", "which", "while", "will",
    "with", "would", "your",
];

/// A flag that asks for much the same, and why it is thought so.
#[derive(Clone, Debug, PartialEq)]
pub struct Similar {
    /// The flag.
    pub flag: Flag,
    /// The words that both use; empty where both are about one issue.
    pub shared: Vec<String>,
}

/// Published flags that ask for much the same as these words, or are about the same issue, the most alike first.
///
/// # Errors
/// When the record cannot be read.
pub fn similar(db: &Connection, want: &str, evidence: &Evidence) -> Result<Vec<Similar>, RecordError> {
    let asked = subject(want);
    let (flags, _) = list(db, &[FlagState::Published], Order::Newest, 0, LOOKED_THROUGH)?;
    let mut found: Vec<(f64, Similar)> = Vec::new();
    for flag in flags {
        let its = subject(&flag.want);
        let shared: Vec<String> = asked.intersection(&its).cloned().collect();
        let same_issue = matches!((&flag.evidence, evidence), (Evidence::Issue(a), Evidence::Issue(b)) if a == b);
        let shorter = asked.len().min(its.len());
        let share = if shorter == 0 { 0.0 } else { shared.len() as f64 / shorter as f64 };
        if same_issue || (shared.len() >= 2 && share >= ENOUGH) {
            found.push((if same_issue { 1.0 + share } else { share }, Similar { flag, shared }));
        }
    }
    found.sort_by(|a, b| b.0.total_cmp(&a.0));
    Ok(found.into_iter().take(OFFERED).map(|(_, similar)| similar).collect())
}

/// The words of four letters and more that are not empty, without a plural's end.
fn subject(text: &str) -> BTreeSet<String> {
    let lower = text.to_lowercase();
    let words = lower.split(|c: char| !c.is_alphanumeric()).filter(|word| word.chars().count() >= 4);
    let said = words.filter(|word| !EMPTY.contains(word));
    said.map(|word| word.strip_suffix('s').filter(|stem| stem.len() >= 4).unwrap_or(word).to_owned()).collect()
}
