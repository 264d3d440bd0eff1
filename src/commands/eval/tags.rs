//! `discovery eval sentiment FILE` and `discovery eval topics FILE`.

use std::io::{Write as _, stdout};

use anyhow::Result;
use enrich::TransformerConfig;
use enrich::eval::{self, Report};

use crate::cli::{EvalTags, EvalTopics, Global, Tier};
use crate::run;

/// Measures sentiment, and prints the table.
///
/// # Errors
/// When the file or the configuration cannot be used.
pub fn sentiment(global: &Global, args: &EvalTags) -> Result<()> {
    let transformer = transformer(global, args.tier)?;
    let fields = args.fields.clone().into();
    print(&eval::sentiment(&args.file, &fields, &global.config_dir, transformer.as_ref())?, args.json)
}

/// Measures subjects, and prints the table.
///
/// # Errors
/// When the file or the configuration cannot be used.
pub fn topics(global: &Global, args: &EvalTopics) -> Result<()> {
    let transformer = transformer(global, args.tags.tier)?;
    let fields = args.tags.fields.clone().into();
    let report = eval::topics(&args.tags.file, &fields, &global.config_dir, args.least, transformer.as_ref())?;
    print(&report, args.tags.json)
}

/// How the transformer tier is configured, if it is to be measured.
fn transformer(global: &Global, tier: Tier) -> Result<Option<TransformerConfig>> {
    match tier {
        Tier::Fast => Ok(None),
        Tier::Transformer => Ok(Some(run::load(global)?.enrich.transformer)),
    }
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
