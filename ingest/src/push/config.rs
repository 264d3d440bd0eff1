//! `[[ingest.push]]` in `config/discovery.toml`.

use bus::{Channel, SourceHealth, SourceId, SourceState};
use serde::Deserialize;

use crate::state::DAYS;
use bus::secret::SecretRef;

/// A system that may send us posts.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PushConfig {
    /// Its short name, part of the identity of its posts: never change it.
    pub source: SourceId,
    /// Its name for people.
    pub name: String,
    /// Where its token is.
    pub token: SecretRef,
    /// What kind of place its posts are said in, unless a post says.
    #[serde(default = "offline")]
    pub channel: Channel,
    /// Where its posts are about, if they name no place.
    #[serde(default)]
    pub place: Option<String>,
    /// The language its posts are written in, if they do not say.
    #[serde(default)]
    pub language: Option<String>,
}

fn offline() -> Channel {
    Channel::Offline
}

impl PushConfig {
    /// The health of a sender that has not sent anything yet.
    pub(super) fn waiting(&self) -> SourceHealth {
        SourceHealth {
            id: self.source.clone(),
            name: self.name.clone(),
            kind: "push".to_owned(),
            channel: self.channel,
            location: "sent to /api/v1/posts".to_owned(),
            state: SourceState::Waiting,
            last_success: None,
            last_attempt: None,
            next_attempt: None,
            newest_post: None,
            failures: 0,
            error: None,
            posts_total: 0,
            posts_by_day: vec![0; DAYS],
            gaps: Vec::new(),
            token: None,
        }
    }
}
