//! `discovery eval sentiment FILE` and `discovery eval topics FILE`.

use std::io::{Write as _, stdout};

use anyhow::Result;
use enrich::eval::{self, Report};

use crate::cli::{EvalTags, EvalTopics, Global, Tier};

/// Measures sentiment, and prints the table.
///
/// # Errors
/// When the file or the configuration cannot be used.
pub fn sentiment(global: &Global, args: &EvalTags) -> Result<()> {
    let Tier::Fast = args.tier;
    print(&eval::sentiment(&args.file, &args.fields.clone().into(), &global.config_dir)?, args.json)
}

/// Measures subjects, and prints the table.
///
/// # Errors
/// When the file or the configuration cannot be used.
pub fn topics(global: &Global, args: &EvalTopics) -> Result<()> {
    let Tier::Fast = args.tags.tier;
    let fields = args.tags.fields.clone().into();
    print(&eval::topics(&args.tags.file, &fields, &global.config_dir, args.least)?, args.tags.json)
}

fn print(report: &Report, json: bool) -> Result<()> {
    let mut out = stdout().lock();
    if json {
        writeln!(out, "{}", serde_json::to_string(report)?)?;
    } else {
        write!(out, "{report}")?;
    }
    Ok(())
}

impl From<crate::cli::Fields> for enrich::train::Fields {
    fn from(fields: crate::cli::Fields) -> Self {
        Self { text: fields.text_field, label: fields.label_field }
    }
}
