//! Labelled texts: JSON lines, with the names of the fields as the user gives them.

use std::fs::File;
use std::io::{BufRead as _, BufReader};
use std::path::Path;

use anyhow::{Context as _, Result, ensure};
use serde_json::Value;

/// One labelled text.
pub struct Row {
    /// What is said.
    pub text: String,
    /// What is true of it.
    pub label: String,
}

/// Reads all lines of `path`.
///
/// # Errors
/// When it cannot be read, or a line lacks one of the fields; the message names the line.
pub fn read(path: &Path, text_field: &str, label_field: &str) -> Result<Vec<Row>> {
    let file = File::open(path).with_context(|| format!("{} cannot be read", path.display()))?;
    let lines = BufReader::new(file).lines().enumerate();
    let rows = lines.map(|(index, line)| {
        let place = || format!("{}:{}", path.display(), index + 1);
        let line = line.with_context(place)?;
        if line.trim().is_empty() {
            return Ok(None);
        }
        let value: Value = serde_json::from_str(&line).with_context(place)?;
        let field = |name: &str, option: &str| {
            let text = value.get(name).and_then(Value::as_str).map(str::to_owned);
            text.with_context(|| {
                format!("{}: no text in the field `{name}`; name the right one with {option}", place())
            })
        };
        Ok(Some(Row { text: field(text_field, "--text-field")?, label: field(label_field, "--label-field")? }))
    });
    let rows: Vec<Row> = rows.filter_map(Result::transpose).collect::<Result<_>>()?;
    ensure!(!rows.is_empty(), "{}: the file is empty; it needs one JSON object a line", path.display());
    Ok(rows)
}
