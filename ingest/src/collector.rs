//! What every collector does, and the words it answers in.

use std::time::Duration;

use async_trait::async_trait;
use bus::{Change, Post};
use jiff::Timestamp;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};
use thiserror::Error;

use crate::fetch::FetchError;

/// Reads one source.
#[async_trait]
pub trait Collector: Send + Sync {
    /// What changed at the source since `from`. An empty cursor means "from the beginning".
    ///
    /// Cancel safe: a call that is dropped leaves nothing behind that the same call later would miss.
    ///
    /// # Errors
    /// [`CollectError`], by what is to be done next. Nothing of the source is then lost: the same cursor is used again.
    async fn collect(&mut self, from: &Cursor) -> Result<Batch, CollectError>;
}

/// What one call of a collector found.
#[derive(Debug, Default)]
pub struct Batch {
    /// New and edited posts, deletions and erasures, in the order in which they are to be applied.
    pub changes: Vec<Change<Post>>,
    /// Where to go on. It is stored only after the bus has accepted `changes`.
    pub cursor: Cursor,
    /// When to ask again: zero when there is more to fetch now.
    pub next_in: Duration,
    /// A fault that concerns only a part of the source, in plain words ("minutes.txt is empty").
    pub notice: Option<String>,
    /// What the collector knows of what it may have missed since the last success; `None` when it cannot tell.
    pub missed: Option<Missed>,
}

/// What a collector knows of what it missed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Missed {
    /// Nothing: all that was said since the last success is in this batch or came before it. Where more is to be fetched
    /// now, only the last batch can say so.
    Nothing,
    /// It is not known yet, because more is to be fetched: a later batch will say.
    Pending,
    /// Something is lost for good.
    Something {
        /// From when on; `None` for "since the last success".
        from: Option<Timestamp>,
        /// Until when; `None` for "until now".
        until: Option<Timestamp>,
        /// Why, in plain words.
        reason: String,
    },
}

/// A position in a source, as its collector wrote it. Only that collector can read it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Cursor(serde_json::Value);

impl Cursor {
    /// The cursor that holds `position`.
    pub fn of<T: Serialize>(position: &T) -> Self {
        Self(serde_json::to_value(position).expect("cursors hold only strings, numbers, lists and string-keyed maps"))
    }

    /// The position in it, or the beginning when it is empty or was written by an incompatible version. To begin anew
    /// is always safe, because posts keep their ids.
    pub fn position<T: DeserializeOwned + Default>(&self) -> T {
        T::deserialize(&self.0).unwrap_or_default()
    }
}

/// Why a source could not be read, by what is to be done next. `reason` is in plain words, for the Sources page.
#[derive(Debug, Error, PartialEq, Eq)]
pub enum CollectError {
    /// The source asks us to wait.
    #[error("{reason}")]
    RateLimited {
        /// How long, if it said so.
        retry_after: Option<Duration>,
        /// Plain words.
        reason: String,
    },
    /// The source was not reached, so nobody was troubled: try again soon.
    #[error("{reason}")]
    Unreachable {
        /// Plain words.
        reason: String,
    },
    /// The source answered, but with a fault that may pass: try again at the usual interval, then more rarely.
    #[error("{reason}")]
    Transient {
        /// Plain words.
        reason: String,
    },
    /// The source answered something that cannot be used. Somebody should look, but it may be repaired there.
    #[error("{reason}")]
    Malformed {
        /// Plain words.
        reason: String,
    },
    /// The source refuses our token, or wants one: somebody has to renew it. `reason` names where it is kept.
    #[error("{reason}")]
    Unauthorized {
        /// Plain words.
        reason: String,
    },
    /// The source says that it is gone for good.
    #[error("{reason}")]
    Gone {
        /// Plain words.
        reason: String,
    },
}

impl From<FetchError> for CollectError {
    fn from(error: FetchError) -> Self {
        let reason = error.to_string();
        match error {
            FetchError::RateLimited { retry_after, .. } => Self::RateLimited { retry_after, reason },
            FetchError::Unreachable { .. } => Self::Unreachable { reason },
            FetchError::Unauthorized { .. } => Self::Unauthorized { reason },
            FetchError::TimedOut { .. }
            | FetchError::Idle { .. }
            | FetchError::BrokenOff { .. }
            | FetchError::Status { .. } => Self::Transient { reason },
            FetchError::Refused { .. } | FetchError::TooLarge { .. } | FetchError::BadAnswer { .. } => {
                Self::Malformed { reason }
            }
            FetchError::Gone { .. } => Self::Gone { reason },
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_cursor_of_another_kind_means_the_beginning() {
        #[derive(Serialize, Deserialize, Default, PartialEq, Debug)]
        struct Page {
            number: u32,
        }
        assert_eq!(Cursor::of(&Page { number: 3 }).position::<Page>(), Page { number: 3 });
        assert_eq!(Cursor::of(&"something else").position::<Page>(), Page::default());
        assert_eq!(Cursor::default().position::<Page>(), Page::default());
    }
}
