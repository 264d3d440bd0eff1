//! `discovery train sentiment` and `discovery train topics`: fits their heads.

use std::io::{Write as _, stdout};
use std::path::Path;

use anyhow::Result;
use enrich::model::Card;
use enrich::train::{self, SentimentFiles, TopicFiles};

use crate::cli::{Global, Tier, TrainSentiment, TrainTopics};
use crate::run;

/// Learns sentiment, writes the model and its card, and prints what was taken and measured.
///
/// # Errors
/// When a file cannot be used, or the result cannot be written.
pub fn sentiment(global: &Global, args: &TrainSentiment) -> Result<()> {
    let with = &args.with;
    let files = SentimentFiles { posts: with.files.clone(), comments: args.comments.clone() };
    let fields = with.fields.clone().into();
    let card = match with.tier {
        Tier::Fast => train::sentiment(&files, &fields, &global.config_dir, &with.out, &with.note)?,
        Tier::Transformer => {
            let config = run::load(global)?.enrich.transformer;
            train::transformer::sentiment(&files, &fields, &global.config_dir, &config, &with.out, &with.note)?
        }
    };
    print(&card, &with.out)
}

/// Learns subjects, writes the model and its card, and prints what was taken and measured.
///
/// # Errors
/// When a file cannot be used, or the result cannot be written.
pub fn topics(global: &Global, args: &TrainTopics) -> Result<()> {
    let with = &args.with;
    let files = TopicFiles { labelled: with.files.clone(), background: args.background.clone() };
    let fields = with.fields.clone().into();
    let card = match with.tier {
        Tier::Fast => train::topics(&files, &fields, &global.config_dir, &with.out, &with.note)?,
        Tier::Transformer => {
            let config = run::load(global)?.enrich.transformer;
            train::transformer::topics(&files, &fields, &global.config_dir, &config, &with.out, &with.note)?
        }
    };
    print(&card, &with.out)
}

fn print(card: &Card, dir: &Path) -> Result<()> {
    let mut out = stdout().lock();
    for file in &card.trained_on {
        writeln!(out, "{}: {} rows; {}", file.file, file.rows, file.labels)?;
    }
    writeln!(out, "\n{}", card.figures.method)?;
    card.figures.results.iter().try_for_each(|line| writeln!(out, "{line}"))?;
    writeln!(out, "\nWritten, with its card, to {}", dir.display())?;
    Ok(())
}
