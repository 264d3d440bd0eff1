//! `discovery topics test TEXT`: which subjects a text gets, and why.

use std::io::{Write as _, stdout};

use anyhow::Result;
use enrich::{Explanation, Reason, Topics};

use crate::cli::Global;

/// Prints each subject with what speaks for it.
///
/// # Errors
/// When the configuration cannot be read.
pub fn execute(global: &Global, text: &str) -> Result<()> {
    let topics = Topics::load_with_heads(&global.config_dir)?;
    let explained = topics.explain(text);
    let mut out = stdout().lock();
    if explained.iter().all(|one| one.confidence.is_none()) {
        writeln!(out, "no subject")?;
    }
    for one in &explained {
        write!(out, "{}", describe(one))?;
    }
    Ok(())
}

fn describe(one: &Explanation) -> String {
    let verdict = one.confidence.map_or("not given".to_owned(), |confidence| format!("{confidence:.2}"));
    let reasons = one.reasons.iter().map(|reason| match reason {
        Reason::Seed(phrase, weight) => format!("  seed \"{phrase}\" is worth {weight:.2}\n"),
        Reason::Head(probability, threshold) => {
            format!("  learned head says {probability:.2}; {threshold:.2} is enough\n")
        }
        Reason::Words(words) => {
            let words: Vec<String> = words.iter().map(|(word, weight)| format!("{word} {weight:+.2}")).collect();
            format!("  words that weigh most in the head, alone: {}\n", words.join(", "))
        }
    });
    format!("{}: {verdict}\n{}", one.topic, reasons.collect::<String>())
}
