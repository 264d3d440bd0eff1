//! Erasure: a person or a post is taken out of everything that is kept here, and a certificate says what was taken out where.
//!
//! ```text
//! command line --> Eraser                         nobody else uses the data directory
//! page --> record (durable) --> queue.rs --> Eraser   the stages pause; the pages go on
//! ```

mod certificate;
mod door;
mod known;
mod payload;
pub mod queue;
mod targets;

use std::path::PathBuf;
use std::sync::Arc;

use anyhow::{Context as _, Result};
use bus::embedded::EmbeddedBus;
use bus::{Bus, BusTopic, Change, Enriched, Post};
use civic::assembly::Gone;
use civic::erasures::Counts;
use civic::{Actor, Record, assembly, closed, erased};
use index::Index;
use jiff::Timestamp;

pub use self::certificate::Certificate;
pub use self::door::Finder;
pub use self::known::KnownErased;
pub use self::targets::{Asked, Targets};
use crate::config::Config;
use crate::counts;

/// The log, as far as something can be taken out of it.
#[derive(Clone)]
pub enum Log {
    /// It is written anew.
    Embedded(EmbeddedBus),
    /// Single records cannot be taken out; this says until when they stay.
    Kafka(Arc<dyn Bus>, String),
}

impl Log {
    /// A log over Kafka, as this is configured.
    pub fn kafka(bus: Arc<dyn Bus>, config: &Config) -> Self {
        let brokers = config.bus.kafka.as_ref().map(|kafka| kafka.brokers.join(", ")).unwrap_or_default();
        let hours = config.bus.retention_hours;
        let until =
            format!("Apache Kafka at {brokers} keeps records for {hours} hours, and what staff said of tags for good");
        Self::Kafka(bus, until)
    }

    fn bus(&self) -> &dyn Bus {
        match self {
            Self::Embedded(bus) => bus,
            Self::Kafka(bus, _) => bus.as_ref(),
        }
    }
}

/// Everything that something is taken out of. Nobody else writes the index or the state of the trends meanwhile, and nobody
/// has read ahead in the log.
#[derive(Clone)]
pub struct Eraser {
    /// The whole configuration.
    pub config: Config,
    /// The record of decisions.
    pub record: Record,
    /// The search index.
    pub index: Index,
    /// Where the state of the trends is.
    pub trends: PathBuf,
    /// The log.
    pub log: Log,
}

impl Eraser {
    /// Takes the targets out of everything, and says to `step` what it is doing.
    ///
    /// # Errors
    /// When something cannot be read or written; what was done until then stays done, and the same again goes on.
    pub async fn erase(&self, targets: Targets, reason: &str, step: impl Fn(&'static str)) -> Result<Certificate> {
        let now = Timestamp::now();
        // Looked for before anything is erased: a half of an erasure is none.
        counts::to_erase(&self.config).await?;
        let targets = Arc::new(targets);
        let mut certificate = Certificate::begin(now, &targets);
        // The note comes first: if anything below breaks off, what is still to be done is known.
        step("the record of decisions");
        (certificate.quotes, certificate.accounts) = self.record_it(now, &targets, reason)?;
        let changes: Vec<Change<Enriched>> = targets.changes();
        step("the search index");
        let (index, config, news) = (self.index.clone(), self.config.index.clone(), changes.clone());
        certificate.index = blocking(move || Ok(index.erase(&config, &news)?)).await?;
        step("the memory of the trends");
        let (trends, config) = (self.trends.clone(), self.config.trends.clone());
        certificate.trends = blocking(move || Ok(index::trends::erase(&trends, config, &changes)?)).await?;
        step("the log, with the dead letters");
        certificate.log = match &self.log {
            Log::Embedded(bus) => {
                let targets = Arc::clone(&targets);
                Ok(bus.rewrite_open(move |topic, payload| payload::without(&targets, topic, payload)).await?)
            }
            Log::Kafka(_, until) => Err(until.clone()),
        };
        if let Some(counted) = counts::to_erase(&self.config).await? {
            step("the counts in ClickHouse");
            certificate.clickhouse = Some(counted.erase(&targets.changes()).await?);
        }
        // Whoever reads the log elsewhere, such as another copy of the index, is told by it.
        let news: Vec<Change<Post>> = targets.changes();
        self.log.bus().append(BusTopic::Posts, news.iter().map(Change::to_record).collect()).await?;
        step("free space in the record of decisions");
        let record = self.record.clone();
        certificate.audit = blocking(move || {
            record.scrub()?;
            Ok(record.read_now(civic::audit::verify)?.last)
        })
        .await?;
        Ok(certificate)
    }

    /// How much of the targets is where.
    ///
    /// # Errors
    /// When something cannot be read.
    pub async fn counts(&self, targets: &Targets) -> Result<Counts> {
        let mut counts = Counts::new();
        let posts = targets.posts();
        counts.insert("index".to_owned(), self.index.searcher().get(&posts).await?.len() as u64);
        let (trends, config) = (self.trends.clone(), self.config.trends.clone());
        let changes: Vec<Change<Enriched>> = targets.changes();
        let remembered = blocking(move || Ok(index::trends::would_erase(&trends, config, &changes)?)).await?;
        counts.insert("trends".to_owned(), remembered);
        let texts: Vec<String> = posts.iter().map(ToString::to_string).collect();
        let authors = targets.authors();
        let quotes = self.record.read_now(|db| assembly::quotes_of(db, &texts, &authors))?;
        counts.insert("quotes".to_owned(), quotes as u64);
        if let Log::Embedded(bus) = &self.log {
            let targets = Arc::new(targets.clone());
            let found = bus.survey(move |topic, payload| payload::without(&targets, topic, payload).is_some()).await?;
            let (letters, log): (Vec<_>, Vec<_>) =
                found.into_iter().partition(|(topic, _)| *topic == BusTopic::DeadLetters);
            let sum = |found: Vec<(BusTopic, u64)>| found.into_iter().map(|(_, count)| count).sum();
            counts.insert("log".to_owned(), sum(log));
            counts.insert("dead letters".to_owned(), sum(letters));
        }
        Ok(counts)
    }

    /// Notes what is erased, withdraws quotes, and removes accounts that a backup brought back: how many of each.
    fn record_it(&self, now: Timestamp, targets: &Targets, reason: &str) -> Result<(usize, usize)> {
        let posts = targets.posts();
        let (quotes, accounts) = self.record.decide_now(Actor::Operator, now, |tx| {
            erased::note(tx, &targets.noted(), reason)?;
            let mut quotes = 0;
            for post in &posts {
                quotes += assembly::erase_post(tx, &post.to_string())?;
            }
            Ok((quotes, closed::close_again(tx, &targets.accounts)?))
        })?;
        // Quotes of posts that left the index before know their author still.
        let gone: Vec<Gone> = targets.authors().into_iter().map(Gone::Author).collect();
        Ok((quotes + assembly::follow(&self.record, now, &gone)?, accounts))
    }
}

async fn blocking<T: Send + 'static>(work: impl FnOnce() -> Result<T> + Send + 'static) -> Result<T> {
    tokio::task::spawn_blocking(work).await.context("the work of erasing broke off")?
}
