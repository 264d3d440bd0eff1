//! When a source could not be collected: said in public, so that silence for want of collection is not read as silence.

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::id::{PostId, SourceId};
use crate::post::Channel;

/// A stretch of time in which a source was not collected. Times are UTC.
///
/// Gaps travel the same road as posts. A later record about the same `source` and `from` replaces the earlier one: an
/// open gap is closed by one with `until`, and withdrawn, once all that was missed has been recovered, by one whose
/// `until` is its `from`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Gap {
    /// The source.
    pub source: SourceId,
    /// The channel of its posts.
    pub channel: Channel,
    /// From when on what was said there may be missing.
    pub from: Timestamp,
    /// Until when; `None` while it lasts.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub until: Option<Timestamp>,
    /// Why, in plain words.
    pub reason: String,
}

impl Gap {
    /// Its identity: of two gaps with one id the later record counts.
    pub fn id(&self) -> PostId {
        PostId::new(&self.source, &format!("gap from {}", self.from))
    }

    /// Whether nothing is missing after all.
    pub fn is_withdrawn(&self) -> bool {
        self.until == Some(self.from)
    }

    /// Whether what was said at `time` may be missing.
    pub fn covers(&self, time: Timestamp) -> bool {
        self.from <= time && self.until.is_none_or(|until| time < until)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_gap_covers_its_time_and_keeps_its_id_when_it_closes() {
        let at = |text: &str| text.parse::<Timestamp>().unwrap();
        let open = Gap {
            source: "forum".parse().unwrap(),
            channel: Channel::Forum,
            from: at("2025-03-01T10:00:00Z"),
            until: None,
            reason: "it did not answer".to_owned(),
        };
        assert!(open.covers(at("2025-04-01T00:00:00Z")) && !open.covers(at("2025-03-01T09:59:59Z")));
        let closed = Gap { until: Some(at("2025-03-02T10:00:00Z")), ..open.clone() };
        assert!(!closed.covers(at("2025-03-02T10:00:00Z")) && !closed.is_withdrawn());
        let withdrawn = Gap { until: Some(open.from), ..open.clone() };
        assert!(withdrawn.is_withdrawn() && !withdrawn.covers(open.from));
        assert_eq!(open.id(), closed.id());
    }
}
