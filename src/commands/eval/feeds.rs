//! `discovery eval feeds DIR`: our reading of feeds beside feedparser's.

use std::io::{Write, stdout};

use anyhow::Result;
use ingest::collectors::feed::eval::{self, Difference, Report};

use crate::cli::EvalFeeds;

/// Reads the files and prints how they compare.
///
/// # Errors
/// When the directory does not have the expected form.
pub fn execute(args: &EvalFeeds) -> Result<()> {
    let report = eval::evaluate(&args.directory)?;
    let mut out = stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
        return Ok(());
    }
    print(&mut out, &report)?;
    Ok(())
}

fn print(out: &mut impl Write, report: &Report) -> std::io::Result<()> {
    writeln!(out, "files                 {:>6}", report.files)?;
    writeln!(out, "panics                {:>6}", report.panics)?;
    writeln!(out, "hangs                 {:>6}", report.hangs)?;
    writeln!(out, "expected, not there   {:>6}", report.missing)?;
    writeln!(out, "files with entries    {:>6}", report.with_entries)?;
    let rows = [
        ("  as many entries", report.entry_counts),
        ("  same titles", report.titles),
        ("  same links", report.links),
        ("  same ids", report.ids),
        ("  same dates", report.dates),
        ("  same in all", report.all),
    ];
    for (name, count) in rows {
        let share = 100.0 * count as f64 / report.with_entries.max(1) as f64;
        writeln!(out, "{name:<20}  {count:>6}  {share:>5.1} %")?;
    }
    writeln!(out, "  refused, with words {:>6}", report.refused)?;
    writeln!(out, "  empty without words {:>6}", report.silently_empty)?;
    if !report.differing.is_empty() {
        writeln!(out, "\nFiles that differ: field and entry, feedparser's value, ours")?;
    }
    for file in &report.differing {
        writeln!(out, "{}", file.file)?;
        for Difference { field, entry, expected, found } in &file.differences {
            let entry = entry.map(|entry| format!(" {entry}")).unwrap_or_default();
            writeln!(out, "  {field}{entry}: {} | {}", shown(expected.as_deref()), shown(found.as_deref()))?;
        }
    }
    Ok(())
}

/// A value on one line, not too long.
fn shown(value: Option<&str>) -> String {
    const MOST: usize = 120;
    let Some(value) = value else { return "-".to_owned() };
    let line = value.split_whitespace().collect::<Vec<_>>().join(" ");
    match line.char_indices().nth(MOST) {
        Some((end, _)) => format!("{}…", &line[..end]),
        None => line,
    }
}
