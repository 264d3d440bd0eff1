//! `discovery check`: what is wrong with the configuration, the sources and the index, with file, line and fix.

use std::io::{Write as _, stdout};

use anyhow::{Result, anyhow};
use bus::config_file::ConfigError;
use enrich::Chain;
use index::{Index, IndexError};
use ingest::SourceConfig;
use serde::Serialize;

use crate::author_key;
use crate::cli::{Check, Global};
use crate::commands::source;
use crate::config::{Config, FILE, expect_dir};
use crate::failure::InPart;
use crate::outward;

/// One thing that was looked at.
#[derive(Serialize)]
struct Finding {
    /// What was looked at.
    what: String,
    /// Whether it is as it should be.
    ok: bool,
    /// What was found; where it is not ok, with the fix.
    found: String,
}

/// Checks everything that can be checked without changing anything.
///
/// # Errors
/// The first error of the configuration; or [`InPart`] when only sources or the index have faults.
pub async fn execute(global: &Global, check: &Check) -> Result<()> {
    expect_dir(&global.config_dir)?;
    let mut findings = Vec::new();
    let outcome = look(global, &mut findings).await;
    if let Err(error) = &outcome {
        let found = format!("{error:#}");
        findings.push(Finding { what: "configuration".to_owned(), ok: false, found });
    }
    print(&findings, check.json)?;
    outcome?;
    match findings.iter().filter(|finding| !finding.ok).count() {
        0 => Ok(()),
        refused => Err(anyhow!(InPart { refused, all: findings.len() }).context("some checks failed")),
    }
}

async fn look(global: &Global, findings: &mut Vec<Finding>) -> Result<(), ConfigError> {
    let mut ok = |what: String, found: String| findings.push(Finding { what, ok: true, found });
    let config = Config::load(global)?;
    let file = config.dir.join(FILE);
    config.check_audience()?;
    ok(file.display().to_string(), "every key is known".to_owned());
    let sources = config.sources()?;
    ok(config.sources_file().display().to_string(), format!("{} sources", sources.len()));
    let chain = Chain::load(&config.dir)?;
    let tags = format!("{} topics, {} regions", chain.topics().all().len(), chain.regions().len());
    ok(config.dir.join("topics.toml").display().to_string(), tags);
    findings.extend(transformer_finding(&config));
    findings.push(author_key_finding(&config));
    findings.extend(sign_in_finding(&config).await);
    findings.push(index_finding(&config));
    findings.extend(source_findings(&config, sources).await);
    Ok(())
}

fn transformer_finding(config: &Config) -> Option<Finding> {
    let config = &config.enrich.transformer;
    let (ok, found) = match config.check() {
        Ok(()) => (true, "is there".to_owned()),
        Err(error) => (false, error.to_string()),
    };
    config.enabled.then(|| Finding { what: "transformer tier".to_owned(), ok, found })
}

/// Asks the provider that people sign in with, where there is one.
async fn sign_in_finding(config: &Config) -> Option<Finding> {
    let openid = config.dashboard.sign_in.openid.as_ref()?;
    let found = match outward::open(openid, &config.ingest.fetch) {
        Ok(door) => dashboard::try_provider(openid, door).await,
        Err(error) => Err(format!("{error:#}")),
    };
    let ok = found.is_ok();
    let found = found.map_or_else(|error| error, |()| "can be asked, and publishes keys".to_owned());
    Some(Finding { what: format!("sign-in at {}", openid.issuer), ok, found })
}

fn author_key_finding(config: &Config) -> Finding {
    let path = config.author_key_file();
    let what = format!("author key {}", path.display());
    if !path.exists() {
        return Finding { what, ok: true, found: "is made at the first start".to_owned() };
    }
    match author_key::load_or_create(&path, &config.data_dir) {
        Ok(_) => Finding { what, ok: true, found: "can be read by its owner only".to_owned() },
        Err(error) => Finding { what, ok: false, found: format!("{error:#}") },
    }
}

fn index_finding(config: &Config) -> Finding {
    let dir = config.data_dir.join("index");
    let what = format!("index {}", dir.display());
    match Index::open_read_only(&dir) {
        Ok(index) => Finding { what, ok: true, found: format!("{} posts can be found", index.posts()) },
        Err(IndexError::Absent { .. }) => Finding { what, ok: true, found: "is made at the first start".to_owned() },
        Err(error) => Finding { what, ok: false, found: error.to_string() },
    }
}

/// Tries every source once.
async fn source_findings(config: &Config, sources: Vec<SourceConfig>) -> Vec<Finding> {
    let trials = match source::test::try_all(config, sources).await {
        Ok(trials) => trials,
        Err(error) => return vec![Finding { what: "[ingest.fetch]".to_owned(), ok: false, found: error.to_string() }],
    };
    trials
        .into_iter()
        .map(|trial| Finding { what: format!("source {}", trial.id), ok: trial.is_ok(), found: trial.to_string() })
        .collect()
}

fn print(findings: &[Finding], json: bool) -> Result<()> {
    let mut out = stdout().lock();
    if json {
        serde_json::to_writer(&mut out, findings)?;
        writeln!(out)?;
    } else {
        for finding in findings {
            writeln!(out, "{}  {}: {}", if finding.ok { "ok   " } else { "WRONG" }, finding.what, finding.found)?;
        }
    }
    Ok(out.flush()?)
}
