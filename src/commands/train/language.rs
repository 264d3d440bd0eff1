//! `discovery train language FILE... --out DIR`: fits the classifier of languages.

use std::io::{Write as _, stdout};

use anyhow::Result;
use enrich::language::{self, LabelledText};

use crate::cli::TrainLanguage;
use crate::commands::eval::labelled;

/// Reads the files, trains, writes the artefact and prints what became of it.
///
/// # Errors
/// When a file cannot be read or the artefact not be written.
pub fn execute(args: &TrainLanguage) -> Result<()> {
    let mut texts: Vec<LabelledText> = Vec::new();
    for file in &args.files {
        let rows = labelled::read(file, "text", "lang")?;
        texts.extend(rows.into_iter().map(|row| LabelledText { lang: row.label, text: row.text }));
    }
    let trained = language::train(&texts, &args.out)?;
    writeln!(
        stdout().lock(),
        "learnt from {} texts, {} languages and families\nheld out {}, right {} ({:.4})\nlanguage.bin: {} bytes, SHA-256 {}",
        trained.texts,
        trained.labels,
        trained.held_out,
        trained.held_out_right,
        trained.held_out_right as f64 / (trained.held_out.max(1)) as f64,
        trained.bytes,
        trained.sha256,
    )?;
    Ok(())
}
