//! The alarm: tells somebody, by a webhook, that a source has fallen silent or fails, or that its token is about to
//! expire: once when it begins and once when it is over, over restarts too.
//!
//! What is sent names sources and what is the matter with them. It holds no error texts, no posts and no secrets.

mod ledger;

use std::path::PathBuf;
use std::time::Duration;

use bus::{SourceHealth, SourceState};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use tokio_util::sync::CancellationToken;
use tracing::{debug, error, info, warn};
use url::Url;

use self::ledger::{Ledger, News};
use crate::clock::Clock;
use crate::fetch::{Gateway, Request};
use crate::health::HealthBoard;
use crate::schedule;
use bus::secret::SecretRef;

/// How often the sources are looked at.
const LOOK_EVERY: Duration = Duration::from_secs(30);

/// Who is told when a source needs somebody: `[ingest.alarm]` in `config/discovery.toml`.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct AlarmConfig {
    /// Where news are sent to, as JSON by POST; nobody is told if it is missing. Addresses of many services hold a secret
    /// and belong into the environment or a file.
    pub webhook: Option<Webhook>,
}

/// The address of a webhook: itself, or where it is kept.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(untagged, expecting = "write an address, or { env = \"NAME\" } or { file = \"PATH\" }")]
pub enum Webhook {
    /// The address itself.
    Url(Url),
    /// Where the address is kept.
    Secret(SecretRef),
}

impl Webhook {
    /// The address. It may read a small file.
    ///
    /// # Errors
    /// A sentence that names where the address is kept, and never the address.
    pub fn address(&self) -> Result<Url, String> {
        match self {
            Self::Url(url) => Ok(url.clone()),
            Self::Secret(reference) => {
                let secret = reference.read()?;
                secret
                    .expose()
                    .parse()
                    .map_err(|_| format!("the text in {} is not the address of a webhook", reference.place()))
            }
        }
    }
}

/// What can be the matter with a source.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum Matter {
    /// It cannot be collected.
    Failing,
    /// It answers, but has had nothing new for much longer than usual.
    Silent,
    /// Its token expires within two weeks, or has expired.
    TokenExpires,
}

/// Watches `board` and tells `config`'s webhook, until `cancel` is cancelled. What was told is kept in `state_dir`.
pub(crate) async fn run(
    config: AlarmConfig,
    board: HealthBoard,
    gateway: Gateway,
    state_dir: PathBuf,
    clock: Clock,
    cancel: CancellationToken,
) {
    let Some(webhook) = config.webhook else { return };
    let path = state_dir.join("alarm.state");
    let mut alarm = Alarm { webhook, gateway, ledger: Ledger::load(&path), path, failures: 0, quiet_until: None };
    loop {
        tokio::select! {
            () = cancel.cancelled() => return,
            () = tokio::time::sleep(LOOK_EVERY) => {}
        }
        let sources = board.snapshot();
        tokio::select! {
            // What is not told now is told after the restart.
            () = cancel.cancelled() => return,
            () = alarm.look(&sources, clock.now()) => {}
        }
    }
}

struct Alarm {
    webhook: Webhook,
    gateway: Gateway,
    ledger: Ledger,
    path: PathBuf,
    /// Sendings in a row that failed.
    failures: u32,
    quiet_until: Option<Timestamp>,
}

impl Alarm {
    /// Compares the sources with what was told, and tells the difference.
    async fn look(&mut self, sources: &[SourceHealth], now: Timestamp) {
        if self.ledger.update(sources, now) {
            self.store();
        }
        let news = self.ledger.news();
        if news.is_empty() || self.quiet_until.is_some_and(|until| now < until) {
            return;
        }
        match self.send(&news).await {
            Ok(()) => {
                if self.failures > 0 {
                    info!(failures = self.failures, "the alarm's webhook answers again");
                }
                self.failures = 0;
                self.quiet_until = None;
                self.ledger.told(&news);
                self.store();
            }
            Err(reason) => {
                self.failures = self.failures.saturating_add(1);
                let wait = schedule::alarm_retry(self.failures, fastrand::f64());
                self.quiet_until = now.checked_add(wait).ok();
                if self.failures == 1 {
                    warn!(reason, "the alarm's webhook could not be told; it is tried again until it is");
                } else {
                    debug!(reason, failures = self.failures, "the alarm's webhook still cannot be told");
                }
            }
        }
    }

    async fn send(&self, news: &[News]) -> Result<(), String> {
        let webhook = self.webhook.clone();
        let url =
            tokio::task::spawn_blocking(move || webhook.address()).await.map_err(|failed| failed.to_string())??;
        let message = Message { text: text(news), events: news };
        let request = Request::post_json(url, "*/*", &message).map_err(|error| error.to_string())?;
        // The address may hold a secret; these errors name only its host.
        self.gateway.get(&request).await.map(|_| ()).map_err(|error| error.to_string())
    }

    fn store(&self) {
        if let Err(reason) = self.ledger.save(&self.path) {
            error!(%reason, path = %self.path.display(), "what the alarm has told could not be stored; after a restart it may be told again");
        }
    }
}

/// What is sent: a text for people, as chat services expect it, and the same for programs.
#[derive(Serialize)]
struct Message<'a> {
    text: String,
    events: &'a [News],
}

fn text(news: &[News]) -> String {
    let lines: Vec<String> = news.iter().map(News::sentence).collect();
    lines.join("\n")
}

/// What is the matter with `source`; `None` when that is not known yet.
fn matters(source: &SourceHealth, now: Timestamp) -> Option<Vec<Matter>> {
    let state = match source.state {
        SourceState::Waiting => return None,
        SourceState::Failing => Some(Matter::Failing),
        SourceState::Silent => Some(Matter::Silent),
        SourceState::Retrying | SourceState::RateLimited | SourceState::Working => None,
    };
    let token = source.token.as_ref().and_then(|token| token.days_left(now)).map(|_| Matter::TokenExpires);
    Some(state.into_iter().chain(token).collect())
}

#[cfg(test)]
mod tests;
