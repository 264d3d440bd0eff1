//! Alerts: who asked for it is told when an issue rises that concerns them, by a webhook or by e-mail, once, and not at night. The same
//! is to be had as an Atom feed.
//!
//! The list is the one that the pages show: what staff released is told like any other issue, and what stays held is not.
//!
//! What is sent names issues by their labels, with counts as the public may see them: no posts, no people.

mod ledger;
mod mail;
mod message;
mod rule;
#[cfg(test)]
mod tests;

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use anyhow::{Result, ensure};
use civic::Record;
use dashboard::{Alert, Reviews};
use index::Searcher;
use index::trends::TrendList;
use ingest::fetch::{Gateway, Request};
use jiff::{SignedDuration, Timestamp};
use metrics::counter;
use serde::Deserialize;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;
use url::Url;

use self::ledger::{Ledger, Way};
use self::mail::MailConfig;
use self::message::Message;
pub use self::rule::Rule;

/// How often it is looked whether there is something to tell.
const LOOK_EVERY: Duration = Duration::from_secs(30);
/// The longest pause after failures, and the shortest.
const RETRY: (SignedDuration, SignedDuration) = (SignedDuration::from_mins(1), SignedDuration::from_hours(1));
/// The file in the data directory that holds what was told.
pub const FILE: &str = "alerts.json";

/// Who is told of which issues: `[alerts]` in `config/discovery.toml`.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlertsConfig {
    /// Where readers find the pages, for the links in messages.
    pub site: Option<Url>,
    /// How e-mail is sent.
    pub mail: Option<MailConfig>,
    /// Who is told of what.
    pub rules: Vec<Rule>,
}

impl AlertsConfig {
    /// Checks the rules among themselves, and their topics and regions with those that there are.
    ///
    /// # Errors
    /// A sentence that names the rule and what to change.
    pub fn check(&self, is_topic: impl Fn(&str) -> bool, is_region: impl Fn(&str) -> bool) -> Result<()> {
        for (at, rule) in self.rules.iter().enumerate() {
            let name = &rule.name;
            ensure!(!name.trim().is_empty(), "an alert in [[alerts.rules]] has no `name`");
            let twice = self.rules[..at].iter().any(|other| other.name == *name);
            ensure!(!twice, "two alerts in [[alerts.rules]] are called \"{name}\": give one another name");
            rule.check(&is_topic, &is_region)?;
            ensure!(
                rule.mail_to.is_empty() || self.mail.is_some(),
                "the alert \"{name}\" is to be mailed: say in [alerts.mail] how e-mail is sent"
            );
        }
        self.mail.as_ref().map_or(Ok(()), MailConfig::check)
    }
}

/// Watches the lists in `trends`, as the decisions in `record` leave them, and tells whom `config` names, until `cancel`. What was
/// told is kept in the data directory.
///
/// # Errors
/// When the list of alerts cannot be written.
pub async fn run(
    config: AlertsConfig,
    mut trends: watch::Receiver<Option<Arc<TrendList>>>,
    searcher: Searcher,
    gateway: Gateway,
    record: Record,
    data_dir: PathBuf,
    cancel: CancellationToken,
) -> Result<()> {
    let mut alerts = Alerts::open(config, searcher, gateway, record, &data_dir);
    loop {
        let list = trends.borrow_and_update().clone();
        let looked = async {
            if let Some(list) = list {
                alerts.note(list, Timestamp::now()).await?;
            }
            alerts.tell(Timestamp::now()).await
        };
        // What is not told now is told after the restart.
        match cancel.run_until_cancelled(looked).await {
            Some(outcome) => outcome?,
            None => return Ok(()),
        }
        tokio::select! {
            () = cancel.cancelled() => return Ok(()),
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
    }
}

/// The alerts that a feed shows, the newest first; none where there is no file that can be read.
pub fn read(data_dir: &Path) -> Vec<Alert> {
    Ledger::load(&data_dir.join(FILE)).alerts()
}

/// The alerts at work.
struct Alerts {
    config: AlertsConfig,
    searcher: Searcher,
    gateway: Gateway,
    record: Record,
    reviews: Reviews,
    path: PathBuf,
    ledger: Ledger,
    /// Sendings in a row that failed, and until when nothing is sent, by rule and way.
    pauses: Vec<(usize, Way, u32, Timestamp)>,
}

impl Alerts {
    fn open(config: AlertsConfig, searcher: Searcher, gateway: Gateway, record: Record, data_dir: &Path) -> Self {
        let path = data_dir.join(FILE);
        let (ledger, reviews) = (Ledger::load(&path), Reviews::default());
        Self { config, searcher, gateway, record, reviews, path, ledger, pauses: Vec::new() }
    }

    /// Notes which issues of `list` concern whom.
    async fn note(&mut self, list: Arc<TrendList>, now: Timestamp) -> Result<()> {
        let list = self.reviewed(list, now).await;
        let mut concerned = Vec::new();
        for rule in &self.config.rules {
            for issue in &list.issues {
                if rule.concerns(issue) && rule.finds(issue, list.as_of, &self.searcher).await {
                    concerned.push((rule, issue));
                }
            }
        }
        if self.ledger.update(&self.config.rules, &concerned, &list, now) {
            self.store().await?;
        }
        Ok(())
    }

    /// The list as staff's decisions leave it. Where they cannot be read, those of last time hold.
    async fn reviewed(&self, list: Arc<TrendList>, now: Timestamp) -> Arc<TrendList> {
        if let Err(error) = self.reviews.refresh(&self.record, now).await {
            tracing::warn!(%error, "alerts do not know what was decided lately about held issues");
        }
        self.reviews.apply(list)
    }

    /// Tells what is to be told now.
    async fn tell(&mut self, now: Timestamp) -> Result<()> {
        let config = self.config.clone();
        for (number, rule) in config.rules.iter().enumerate() {
            for way in Way::ALL {
                let paused = self.pauses.iter().find(|pause| (pause.0, pause.1) == (number, way)).copied();
                let news = self.ledger.news(rule, way, now);
                if news.is_empty() || rule.is_quiet(now) || paused.is_some_and(|(_, _, _, until)| now < until) {
                    continue;
                }
                let message = Message::new(rule, &news, config.site.as_ref());
                self.pauses.retain(|pause| (pause.0, pause.1) != (number, way));
                match self.send(rule, way, &message).await {
                    Ok(()) => {
                        counter!("discovery_alerts_told_total", "way" => way.slug()).increment(1);
                        self.ledger.told(&news, way);
                        self.store().await?;
                    }
                    Err(reason) => {
                        let failures = paused.map_or(0, |(_, _, failures, _)| failures).saturating_add(1);
                        if failures == 1 {
                            tracing::warn!(
                                rule = rule.name,
                                way = way.slug(),
                                reason,
                                "an alert could not be sent; it is tried again until it is"
                            );
                        }
                        let wait = RETRY.1.min(RETRY.0.saturating_mul(1 << failures.min(10)));
                        self.pauses.push((number, way, failures, now.checked_add(wait).unwrap_or(now)));
                    }
                }
            }
        }
        Ok(())
    }

    /// Sends a message in one way. The reason of a failure holds no secret.
    async fn send(&self, rule: &Rule, way: Way, message: &Message) -> Result<(), String> {
        match (way, &rule.webhook, &self.config.mail) {
            (Way::Webhook, Some(webhook), _) => {
                let webhook = webhook.clone();
                let url = tokio::task::spawn_blocking(move || webhook.address())
                    .await
                    .map_err(|failed| failed.to_string())??;
                let request = Request::post_json(url, "*/*", message).map_err(|error| error.to_string())?;
                self.gateway.get(&request).await.map(|_| ()).map_err(|error| error.to_string())
            }
            (Way::Mail, _, Some(mail)) => mail.send(&rule.mail_to, message).await,
            // A way that was taken out of the configuration: there is nobody to tell.
            _ => Ok(()),
        }
    }

    async fn store(&self) -> Result<()> {
        let (ledger, path) = (self.ledger.clone(), self.path.clone());
        Ok(tokio::task::spawn_blocking(move || ledger.save(&path)).await??)
    }
}
