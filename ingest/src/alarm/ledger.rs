//! What is the matter with which source, and what of it has been told.

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use bus::{SourceHealth, SourceId};
use jiff::Timestamp;
use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::{Matter, matters};

/// So many news are sent at once.
const MOST_NEWS: usize = 20;

/// Everything that is the matter now, or is over but not told. There is at most one entry for a source and a matter, so
/// that its size is bounded by the number of sources.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub(super) struct Ledger(Vec<Entry>);

#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
struct Entry {
    source: SourceId,
    name: String,
    matter: Matter,
    since: Timestamp,
    /// Whether its beginning was told.
    told: bool,
    /// When it was over; then only its end is still to be told.
    over: Option<Timestamp>,
    /// Where the token is kept and its last day, where the matter is a token.
    token: Option<(String, Option<Date>)>,
}

/// One piece of news.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub(super) struct News {
    source: SourceId,
    name: String,
    matter: Matter,
    /// "began" or "ended".
    what: What,
    since: Timestamp,
    #[serde(skip_serializing_if = "Option::is_none")]
    until: Option<Timestamp>,
    #[serde(skip_serializing_if = "Option::is_none")]
    token: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    expires: Option<Date>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum What {
    Began,
    Ended,
}

impl News {
    /// The news in one sentence.
    pub(super) fn sentence(&self) -> String {
        let (name, id) = (&self.name, &self.source);
        let did = match (self.matter, self.what) {
            (Matter::Failing, What::Began) => "cannot be collected. The Sources page says why".to_owned(),
            (Matter::Failing, What::Ended) => "is collected again".to_owned(),
            (Matter::Silent, What::Began) => "has had nothing new for much longer than usual".to_owned(),
            (Matter::Silent, What::Ended) => "has something new again".to_owned(),
            (Matter::TokenExpires, What::Began) => {
                let place = self.token.as_deref().unwrap_or("its configuration");
                let day = self.expires.map_or_else(String::new, |day| format!(" on {day}"));
                format!("needs a new token: the one in {place} expires{day}")
            }
            (Matter::TokenExpires, What::Ended) => "has a token that is good for longer".to_owned(),
        };
        format!("Discovery: the source \"{name}\" ({id}) {did}.")
    }
}

impl Ledger {
    /// The ledger as stored at `path`; an empty one where there is none that can be read.
    pub(super) fn load(path: &Path) -> Self {
        fs::read(path).ok().and_then(|bytes| serde_json::from_slice(&bytes).ok()).unwrap_or_default()
    }

    /// Stores it, so that after a crash either it or the former one is there, whole.
    pub(super) fn save(&self, path: &Path) -> io::Result<()> {
        let temporary = path.with_extension("state.new");
        let mut file = File::create(&temporary)?;
        file.write_all(&serde_json::to_vec(self)?)?;
        file.sync_all()?;
        fs::rename(&temporary, path)
    }

    /// Notes how `sources` are doing at `now`. Says whether anything has changed.
    pub(super) fn update(&mut self, sources: &[SourceHealth], now: Timestamp) -> bool {
        let before = self.0.clone();
        // Whatever was the matter with a source that is no longer configured is nobody's concern.
        self.0.retain(|entry| sources.iter().any(|source| source.id == entry.source));
        for source in sources {
            let Some(matters) = matters(source, now) else { continue };
            for entry in self.0.iter_mut().filter(|entry| entry.source == source.id) {
                // What comes back before its end was told has not ended.
                entry.over = if matters.contains(&entry.matter) { None } else { entry.over.or(Some(now)) };
            }
            for matter in matters {
                if !self.0.iter().any(|entry| entry.source == source.id && entry.matter == matter) {
                    let token = source.token.as_ref().filter(|_| matter == Matter::TokenExpires);
                    self.0.push(Entry {
                        source: source.id.clone(),
                        name: source.name.clone(),
                        matter,
                        since: now,
                        told: false,
                        over: None,
                        token: token.map(|token| (token.place.clone(), token.expires)),
                    });
                }
            }
        }
        // What was over before anybody was told is no news.
        self.0.retain(|entry| entry.told || entry.over.is_none());
        self.0 != before
    }

    /// What is to be told next.
    pub(super) fn news(&self) -> Vec<News> {
        let untold = self.0.iter().filter(|entry| !entry.told || entry.over.is_some());
        untold.take(MOST_NEWS).map(Entry::news).collect()
    }

    /// Notes that `news` were told.
    pub(super) fn told(&mut self, news: &[News]) {
        let is_told = |entry: &Entry| news.contains(&entry.news());
        self.0.retain(|entry| !(entry.over.is_some() && is_told(entry)));
        for entry in &mut self.0 {
            entry.told |= is_told(entry);
        }
    }
}

impl Entry {
    fn news(&self) -> News {
        let (token, expires) = self.token.clone().map_or((None, None), |(place, expires)| (Some(place), expires));
        News {
            source: self.source.clone(),
            name: self.name.clone(),
            matter: self.matter,
            what: if self.over.is_some() { What::Ended } else { What::Began },
            since: self.since,
            until: self.over,
            token,
            expires,
        }
    }
}
