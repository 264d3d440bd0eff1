//! `discovery source test NAME`: a source is collected from once, and nothing is kept.

use std::fmt;
use std::io::{Write as _, stdout};

use anyhow::{Result, bail};
use bus::SourceId;
use clap::Args;
use ingest::fetch::Gateway;
use ingest::{Probe, SourceConfig};
use serde::Serialize;
use tokio::task::JoinSet;

use crate::author_key;
use crate::cli::Global;
use crate::config::Config;
use crate::failure::InPart;
use crate::run;

#[derive(Clone, Debug, Args)]
pub struct Test {
    /// The id of a source in sources.toml
    #[arg(value_name = "NAME", required_unless_present = "all", conflicts_with = "all")]
    pub name: Option<String>,
    /// Try every source
    #[arg(long)]
    pub all: bool,
    /// Print one JSON object for each source
    #[arg(long)]
    pub json: bool,
}

/// What one trial of a source came to.
#[derive(Debug, Serialize)]
pub struct Trial {
    /// The source's id.
    pub id: SourceId,
    /// Its name.
    pub name: String,
    /// What would come.
    #[serde(flatten)]
    pub probe: Option<Probe>,
    /// Why nothing would come, and what to do.
    pub error: Option<String>,
}

impl Trial {
    /// Whether the source could be read.
    pub fn is_ok(&self) -> bool {
        self.error.is_none()
    }
}

impl fmt::Display for Trial {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(error) = &self.error {
            return write!(f, "{}: {error}", self.name);
        }
        let Some(probe) = &self.probe else { return Ok(()) };
        let more = if probe.more { ", and more after them" } else { "" };
        write!(f, "{} posts can be collected now{more}", probe.posts)?;
        if let Some(newest) = probe.newest {
            write!(f, ", the newest of {}", newest.strftime("%-d %B %Y"))?;
        }
        match &probe.notice {
            Some(notice) => write!(f, "; {notice}"),
            None => Ok(()),
        }
    }
}

/// Tries one source or all.
///
/// # Errors
/// When there is no such source; [`InPart`] when some could not be read, each of them named.
pub async fn execute(global: &Global, test: &Test) -> Result<()> {
    let config = run::load(global)?;
    let mut sources = config.sources()?;
    if let Some(name) = &test.name {
        sources.retain(|source| source.id.as_str() == name);
        if sources.is_empty() {
            bail!("there is no source `{name}`: `discovery source list` shows them all");
        }
    }
    let trials = try_all(&config, sources).await?;
    let mut out = stdout().lock();
    for trial in &trials {
        if test.json {
            serde_json::to_writer(&mut out, trial)?;
            writeln!(out)?;
            continue;
        }
        writeln!(out, "{}  {}: {trial}", if trial.is_ok() { "ok   " } else { "WRONG" }, trial.id)?;
        for example in trial.probe.iter().flat_map(|probe| &probe.examples) {
            writeln!(out, "         {example}")?;
        }
    }
    out.flush()?;
    match trials.iter().filter(|trial| !trial.is_ok()).count() {
        0 => Ok(()),
        refused => Err(InPart { refused, all: trials.len() }.into()),
    }
}

/// Tries each of `sources` once, all at the same time; the gateway keeps the pauses between requests to one host. Those
/// that cannot be read come first.
///
/// # Errors
/// When no HTTP client can be made.
pub async fn try_all(config: &Config, sources: Vec<SourceConfig>) -> Result<Vec<Trial>> {
    let gateway = Gateway::new(&config.ingest.fetch)?;
    let scrub = run::scrub();
    let mut trials = JoinSet::new();
    for source in sources {
        let (gateway, scrub) = (gateway.clone(), scrub.clone());
        // A trial keeps nothing, so that its pseudonyms need no secret.
        trials.spawn(async move {
            let outcome = ingest::probe(&source, &gateway, &author_key::of_made_up_people(), &scrub).await;
            let (probe, error) = match outcome {
                Ok(probe) => (Some(probe), None),
                Err(error) => (None, Some(error.to_string())),
            };
            Trial { id: source.id, name: source.name, probe, error }
        });
    }
    let mut trials = trials.join_all().await;
    trials.sort_by(|a, b| (a.is_ok(), &a.id).cmp(&(b.is_ok(), &b.id)));
    Ok(trials)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn trial() -> Trial {
        let probe = Probe {
            posts: 40,
            more: true,
            oldest: None,
            newest: Some("2025-03-01T10:00:00Z".parse().unwrap()),
            examples: vec!["Ward closed".to_owned()],
            notice: Some("one entry could not be read".to_owned()),
        };
        Trial { id: "forum".parse().unwrap(), name: "Forum".to_owned(), probe: Some(probe), error: None }
    }

    #[test]
    fn a_trial_is_one_sentence_and_one_json_object() {
        let told = "40 posts can be collected now, and more after them, the newest of 1 March 2025; one entry could not be read";
        assert_eq!(trial().to_string(), told);
        let json = serde_json::to_value(trial()).unwrap();
        assert_eq!((json["posts"].as_u64(), json["error"].is_null()), (Some(40), true));
    }

    #[test]
    fn a_failure_is_told_with_its_reason() {
        let failed = Trial { probe: None, error: Some("not found".to_owned()), ..trial() };
        assert!(!failed.is_ok());
        assert_eq!(failed.to_string(), "Forum: not found");
    }
}
