//! `discovery corrections list|export`: what staff have corrected, to be looked at and to be learned from.

use std::collections::BTreeSet;
use std::fs::OpenOptions;
use std::io::{BufWriter, Write, stdout};
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result};
use bus::correction;
use bus::{Correction, Enriched, PostId, Ruling};
use clap::Subcommand;
use enrich::Topics;
use index::Index;
use jiff::Timestamp;
use serde_json::{Map, Value, json};

use crate::cli::Global;
use crate::run::{self, Base};

/// Posts that are fetched at once.
const BATCH: usize = 100;

#[derive(Clone, Debug, Subcommand)]
pub enum Corrections {
    /// List them, oldest first: when, who, which post, what, why
    List {
        /// Print one JSON object for each
        #[arg(long)]
        json: bool,
    },
    /// Write the posts that were corrected with their labels, for `discovery train`: those that are still there, with the
    /// text that was corrected
    Export {
        /// Where to; it must not be there yet. It holds what people wrote: keep it as you keep the index
        #[arg(value_name = "FILE.jsonl")]
        file: PathBuf,
    },
}

/// Lists or exports the corrections of the data directory.
///
/// # Errors
/// When the data directory is in use, the log or the index cannot be read, or the file cannot be written.
pub async fn execute(global: &Global, command: &Corrections) -> Result<()> {
    let base = Base::open(&run::load(global)?, &[]).await?;
    let mut corrections = correction::list(base.bus.as_ref()).await?;
    corrections.sort_by_key(|correction| (when(correction), correction.post));
    // Delivered twice, a correction is kept twice, and said once.
    corrections.dedup();
    match command {
        Corrections::List { json } => list(&corrections, *json),
        Corrections::Export { file } => {
            let ids: BTreeSet<PostId> = corrections.iter().map(|correction| correction.post).collect();
            let index = Index::open_read_only(&base.data.index())?;
            let written = export(&index, &ids.into_iter().collect::<Vec<_>>(), base.chain.topics(), file).await?;
            let told = if written == 1 { "1 post".to_owned() } else { format!("{written} posts") };
            Ok(writeln!(stdout(), "{told} with what staff say of them, in {}", file.display())?)
        }
    }
}

fn list(corrections: &[Correction], json: bool) -> Result<()> {
    let mut out = stdout().lock();
    for correction in corrections {
        if json {
            serde_json::to_writer(&mut out, correction)?;
            writeln!(out)?;
        } else {
            describe(&mut out, correction)?;
        }
    }
    if corrections.is_empty() && !json {
        writeln!(out, "no corrections: every tag is as the machine set it")?;
    }
    Ok(out.flush()?)
}

/// A line for each tag that is corrected.
fn describe(out: &mut impl Write, correction: &Correction) -> Result<()> {
    let Correction { language, sentiment, topics, places, .. } = correction;
    let joined = |names: Vec<&str>| if names.is_empty() { "none".to_owned() } else { names.join(", ") };
    let mut line = |tag: &str, to: &str, (at, by, why): (Timestamp, &str, &str)| {
        writeln!(out, "{at}  {by}  {}  {tag}: {to}  ({})", correction.post, one_line(why))
    };
    if let Some(said) = language {
        line("language", said.to.as_deref().unwrap_or("unknown"), who(said))?;
    }
    if let Some(said) = sentiment {
        line("feeling", said.to.map_or("none", bus::SentimentLabel::slug), who(said))?;
    }
    if let Some(said) = topics {
        line("topics", &joined(said.to.iter().map(String::as_str).collect()), who(said))?;
    }
    if let Some(said) = places {
        line("places", &joined(said.to.iter().map(|place| place.name.as_str()).collect()), who(said))?;
    }
    Ok(())
}

fn who<T>(ruling: &Ruling<T>) -> (Timestamp, &str, &str) {
    (ruling.at, &ruling.by, &ruling.why)
}

/// When it was made: everything in it was said at once.
fn when(correction: &Correction) -> Option<Timestamp> {
    let Correction { language, sentiment, topics, places, .. } = correction;
    let times = [
        language.as_ref().map(|said| said.at),
        sentiment.as_ref().map(|said| said.at),
        topics.as_ref().map(|said| said.at),
        places.as_ref().map(|said| said.at),
    ];
    times.into_iter().flatten().max()
}

/// Control characters must not reach the terminal.
fn one_line(text: &str) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect()
}

/// Writes the labelled texts, and says how many.
async fn export(index: &Index, ids: &[PostId], topics: &Topics, file: &Path) -> Result<usize> {
    let created = OpenOptions::new().write(true).create_new(true).open(file);
    let mut out = BufWriter::new(created.with_context(|| format!("{} cannot be made", file.display()))?);
    let mut written = 0;
    for batch in ids.chunks(BATCH) {
        for post in index.searcher().get(batch).await? {
            if let Some(row) = labelled(&post, topics) {
                writeln!(out, "{row}")?;
                written += 1;
            }
        }
    }
    out.flush()?;
    Ok(written)
}

/// The text of a post with what staff say of it; what they say nothing of is left out.
fn labelled(post: &Enriched, topics: &Topics) -> Option<Value> {
    let said = &post.corrected.as_ref()?.said;
    let text = match &post.post.title {
        Some(title) => format!("{title}\n{}", post.post.text),
        None => post.post.text.clone(),
    };
    let mut row = Map::from_iter([("text".to_owned(), Value::from(text))]);
    if let Some(ruling) = &said.topics {
        // One that the configuration no longer has stays as it is: `discovery train` says that it does not know it.
        let name = |slug: &String| topics.get(slug).map_or(slug.clone(), |topic| topic.name.clone());
        row.insert("labels".to_owned(), json!(ruling.to.iter().map(name).collect::<Vec<_>>()));
    }
    if let Some(label) = said.sentiment.as_ref().and_then(|ruling| ruling.to) {
        row.insert("sentiment".to_owned(), label.slug().into());
    }
    if let Some(language) = said.language.as_ref().and_then(|ruling| ruling.to.as_deref()) {
        row.insert("lang".to_owned(), language.into());
    }
    (row.len() > 1).then_some(Value::Object(row))
}
