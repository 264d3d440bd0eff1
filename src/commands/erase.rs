//! `discovery erase`: a person or a post is taken out of everything that is kept here, and a certificate says what was taken
//! out where. It works on a data directory that nobody else uses, because the log and the index are written anew.

mod certificate;
mod payload;
mod targets;

use std::io::{IsTerminal as _, Write as _, stdin, stdout};

use anyhow::{Context as _, Result, bail, ensure};
use bus::embedded::EmbeddedBus;
use bus::{BusTopic, Change, Enriched, Post};
use civic::{Actor, Record, assembly, erased};
use index::Index;
use jiff::Timestamp;

use self::certificate::Certificate;
use self::targets::Targets;
use crate::cli::{Erase, Global};
use crate::config::Config;
use crate::{pages, run};

/// Finds what is to be erased, asks, erases, and prints the certificate.
///
/// # Errors
/// When something of it cannot be read or written; what was done until then stays done, and the same command goes on.
pub async fn execute(global: &Global, erase: &Erase) -> Result<()> {
    let config = run::load(global)?;
    ensure!(config.data_dir.is_dir(), "there is no data directory {}", config.data_dir.display());
    // Claimed for as long as this lasts: nobody may write what is being written anew.
    let data = bus::DataDir::claim(&config.data_dir).context("stop Discovery first, then erase")?;
    let record = pages::open_record(&config.data_dir)?;
    let index = Index::open(&data.index())?;
    let targets = Targets::find(&config, &record, &index, erase).await?;
    if targets.is_empty() {
        bail!("nothing was found to erase: check the name, the id or the words");
    }
    let mut out = stdout().lock();
    write!(out, "{}", targets.preview())?;
    out.flush()?;
    drop(out);
    if !erase.yes && !confirmed()? {
        bail!("nothing was erased");
    }
    let reason = erase.reason.as_deref().unwrap_or("a restored backup was cleaned again");
    let certificate = everywhere(&config, &data, &record, &index, targets, reason).await?;
    let mut out = stdout().lock();
    write!(out, "{certificate}")?;
    Ok(out.flush()?)
}

async fn everywhere(
    config: &Config,
    data: &bus::DataDir,
    record: &Record,
    index: &Index,
    targets: Targets,
    reason: &str,
) -> Result<Certificate> {
    let now = Timestamp::now();
    // The note comes first: if anything below breaks off, `discovery erase --again` knows what is still to be done.
    let posts = targets.posts();
    let quotes = record.decide_now(Actor::Operator, now, |tx| {
        erased::note(tx, &targets.noted(), reason)?;
        posts.iter().try_fold(0, |quotes, post| Ok(quotes + assembly::erase_post(tx, &post.to_string())?))
    })?;
    let changes: Vec<Change<Enriched>> = targets.changes();
    let mut certificate = Certificate::begin(now, &targets);
    certificate.quotes = quotes;
    certificate.index = index.erase(&config.index, &changes)?;
    certificate.trends = index::trends::erase(&data.trends(), config.trends.clone(), &changes)?;
    certificate.log = match &config.bus.kafka {
        Some(kafka) => Err(format!(
            "Apache Kafka at {} keeps records for {} hours, and what staff said of tags for good",
            kafka.brokers.join(", "),
            config.bus.retention_hours
        )),
        None => Ok(EmbeddedBus::rewrite(&data.bus(), &config.bus, &mut |topic, payload| {
            payload::without(&targets, topic, payload)
        })?),
    };
    // Whoever reads the log elsewhere, such as ClickHouse or another copy of the index, is told by it.
    let news: Vec<Change<Post>> = targets.changes();
    let bus = run::open_bus(config, data).await?;
    bus.append(BusTopic::Posts, news.iter().map(Change::to_record).collect()).await?;
    certificate.audit = record.read_now(civic::audit::verify)?.last;
    Ok(certificate)
}

/// Asks on the terminal.
fn confirmed() -> Result<bool> {
    ensure!(stdin().is_terminal(), "nobody can be asked here: look at what was found, and add --yes");
    let mut out = stdout().lock();
    write!(out, "Erase this for good? Type yes: ")?;
    out.flush()?;
    let mut answer = String::new();
    stdin().read_line(&mut answer)?;
    Ok(answer.trim() == "yes")
}
