//! Which issues concerned which rule, since when, and what of it was told.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use dashboard::Alert;
use index::trends::{Issue, TrendList};
use jiff::{SignedDuration, Timestamp};
use serde::{Deserialize, Serialize};

use super::rule::Rule;

/// So many alerts are told at once.
const MOST_NEWS: usize = 20;
/// So many are remembered; the oldest that were told are forgotten first.
const MOST: usize = 1_000;
/// An issue must concern a rule for so long before it is told: what a first, half-read list shows is often gone a minute later.
const SETTLED: SignedDuration = SignedDuration::from_mins(10);

/// How somebody is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(super) enum Way {
    Webhook,
    Mail,
}

impl Way {
    /// Every way.
    pub(super) const ALL: [Self; 2] = [Self::Webhook, Self::Mail];

    /// Its name in logs and metrics.
    pub(super) fn slug(self) -> &'static str {
        match self {
            Self::Webhook => "webhook",
            Self::Mail => "mail",
        }
    }
}

/// All alerts that are remembered, oldest first: at most one that goes on for a rule and an issue.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Ledger(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    #[serde(flatten)]
    alert: Alert,
    /// When the issue last concerned the rule.
    last: Timestamp,
    /// How it is still to be told.
    untold: BTreeSet<Way>,
}

impl Ledger {
    /// The ledger as stored at `path`; an empty one where there is none that can be read.
    pub(super) fn load(path: &Path) -> Self {
        fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Stores it, so that after a crash either it or the former one is there, whole.
    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        let beside = path.with_extension("json.new");
        let mut file = File::create(&beside)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(&beside, path)
    }

    /// Notes which issues concern which rules at `now`. Says whether anything is to be stored.
    pub(super) fn update(
        &mut self,
        rules: &[Rule],
        concerned: &[(&Rule, &Issue)],
        list: &TrendList,
        now: Timestamp,
    ) -> bool {
        let before = self.0.clone();
        self.0.retain(|entry| rules.iter().any(|rule| rule.name == entry.alert.rule));
        for entry in &mut self.0 {
            entry.alert.issue = list.current(entry.alert.issue);
        }
        for &(rule, issue) in concerned {
            let again = SignedDuration::from_hours(24 * i64::from(rule.again_after_days));
            let known = self.0.iter_mut().rev().find(|entry| {
                entry.alert.rule == rule.name
                    && entry.alert.issue == issue.id
                    && now.duration_since(entry.last) <= again
            });
            match known {
                Some(entry) => {
                    entry.alert = Alert { at: entry.alert.at, ..Alert::new(&rule.name, issue, now) };
                    entry.last = now;
                }
                None => self.0.push(Entry { alert: Alert::new(&rule.name, issue, now), last: now, untold: ways(rule) }),
            }
        }
        // What was over before it had settled is no news.
        self.0.retain(|entry| entry.last == now || is_settled(entry));
        if self.0.len() > MOST {
            let mut spare = self.0.len() - MOST;
            self.0.retain(|entry| {
                let goes = spare > 0 && entry.untold.is_empty();
                spare -= usize::from(goes);
                !goes
            });
        }
        self.0 != before
    }

    /// What is to be told in this way, the oldest first.
    pub(super) fn news(&self, rule: &Rule, way: Way, now: Timestamp) -> Vec<Alert> {
        let is_news = |entry: &&Entry| {
            entry.alert.rule == rule.name && entry.untold.contains(&way) && is_settled(entry) && entry.alert.at <= now
        };
        self.0.iter().filter(is_news).take(MOST_NEWS).map(|entry| entry.alert.clone()).collect()
    }

    /// Notes that `news` were told in this way.
    pub(super) fn told(&mut self, news: &[Alert], way: Way) {
        for entry in self.0.iter_mut().filter(|entry| news.contains(&entry.alert)) {
            entry.untold.remove(&way);
        }
    }

    /// Every alert that has settled, the newest first.
    pub(super) fn alerts(&self) -> Vec<Alert> {
        self.0.iter().rev().filter(|entry| is_settled(entry)).map(|entry| entry.alert.clone()).collect()
    }
}

fn is_settled(entry: &Entry) -> bool {
    entry.last.duration_since(entry.alert.at) >= SETTLED
}

/// How the people of a rule want to be told.
fn ways(rule: &Rule) -> BTreeSet<Way> {
    let webhook = rule.webhook.is_some().then_some(Way::Webhook);
    let mail = (!rule.mail_to.is_empty()).then_some(Way::Mail);
    webhook.into_iter().chain(mail).collect()
}
