//! `discovery eval redaction FILE`: what redaction leaves and what it takes without need, against marked posts.

use std::collections::BTreeMap;
use std::fmt;
use std::fs;
use std::io::{Write as _, stdout};
use std::time::Instant;

use anyhow::{Context as _, Result, ensure};
use enrich::Redactor;
use enrich::redact::eval::{self, Counts, Fault, Kind, MarkedPost};
use serde::Serialize;

use crate::cli::EvalRedaction;

/// What came of it.
#[derive(Serialize)]
struct Report {
    rows: usize,
    texts_per_second: f64,
    parts: BTreeMap<String, BTreeMap<String, Figures>>,
    faults: Vec<Fault>,
}

/// The counts of one kind, and their shares.
#[derive(Serialize)]
struct Figures {
    #[serde(flatten)]
    counts: Counts,
    recall: f64,
    precision: f64,
}

/// Reads the file, redacts, prints the table.
///
/// # Errors
/// When the file cannot be read, or a line is not a marked post.
pub fn execute(args: &EvalRedaction) -> Result<()> {
    let text = fs::read_to_string(&args.file).with_context(|| format!("{} cannot be read", args.file.display()))?;
    let lines = text.lines().enumerate().filter(|(_, line)| !line.trim().is_empty());
    let parse = |(index, line): (usize, &str)| {
        serde_json::from_str(line).with_context(|| {
            format!("{}:{}: expected {{text, spans: [{{kind, text}}], part}}", args.file.display(), index + 1)
        })
    };
    let posts = lines.map(parse).collect::<Result<Vec<MarkedPost>>>()?;
    ensure!(!posts.is_empty(), "{}: the file is empty; it needs one JSON object a line", args.file.display());
    let redactor = Redactor::new();
    let start = Instant::now();
    let (parts, faults) = eval::evaluate(&redactor, &posts);
    let seconds = start.elapsed().as_secs_f64();
    let parts = parts.into_iter().map(|(part, kinds)| (part, figures(&kinds))).collect();
    let report = Report { rows: posts.len(), texts_per_second: posts.len() as f64 / seconds, parts, faults };
    let mut out = stdout().lock();
    if args.json {
        writeln!(out, "{}", serde_json::to_string(&report)?)?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(())
}

fn figures(kinds: &BTreeMap<Kind, Counts>) -> BTreeMap<String, Figures> {
    let of = |counts: Counts| Figures { recall: counts.recall(), precision: counts.precision(), counts };
    let mut structured = Counts::default();
    for counts in kinds.iter().filter(|(kind, _)| kind.is_structured()).map(|(_, counts)| counts) {
        structured.add(counts);
    }
    let mut all: BTreeMap<String, Figures> =
        kinds.iter().map(|(kind, counts)| (format!("{kind:?}"), of(*counts))).collect();
    all.insert("structured".to_owned(), of(structured));
    all
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "rows {} ({:.0} texts/s)", self.rows, self.texts_per_second)?;
        for (part, kinds) in &self.parts {
            writeln!(f, "\n{part:<12} {:>6} {:>6} {:>7} {:>9}", "marked", "gone", "recall", "precision")?;
            for (kind, figures) in kinds {
                let Counts { marked, gone, .. } = figures.counts;
                writeln!(f, "{kind:<12} {marked:>6} {gone:>6} {:>7.4} {:>9.4}", figures.recall, figures.precision)?;
            }
        }
        if !self.faults.is_empty() {
            writeln!(f, "\nfaults: row, kind")?;
        }
        for fault in &self.faults {
            let what = if fault.left { "left" } else { "replaced without need" };
            writeln!(f, "{:>5} {:?} {what}", fault.row, fault.kind)?;
        }
        Ok(())
    }
}
