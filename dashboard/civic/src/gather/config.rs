//! The rules of Gather: how many supporters a flag aims at, and for how long.

use jiff::SignedDuration;
use serde::{Deserialize, Serialize};

use crate::error::RecordError;

/// The longest that a flag may gather support, in days: a year.
const LONGEST_DAYS: u32 = 366;

/// The section `[gather]` of the configuration. A flag keeps the rules with which it was raised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct GatherConfig {
    /// So many supporters a flag aims at.
    pub target: u32,
    /// So many days it gathers support.
    pub open_days: u32,
}

impl Default for GatherConfig {
    fn default() -> Self {
        Self { target: 100, open_days: 90 }
    }
}

impl GatherConfig {
    /// Checks that the rules can be followed.
    ///
    /// # Errors
    /// A sentence that says what to write instead.
    pub fn check(&self) -> Result<(), RecordError> {
        if self.target == 0 {
            return Err(RecordError::refused("gather.target must be at least 1"));
        }
        if !(1..=LONGEST_DAYS).contains(&self.open_days) {
            return Err(RecordError::refused(format!("gather.open_days must lie between 1 and {LONGEST_DAYS}")));
        }
        Ok(())
    }

    /// How long a flag gathers support.
    pub(super) fn open_for(&self) -> SignedDuration {
        SignedDuration::from_hours(24 * i64::from(self.open_days))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rules_that_cannot_be_followed_are_refused() {
        assert!(GatherConfig::default().check().is_ok());
        for (target, open_days, said) in [(0, 90, "gather.target"), (100, 0, "open_days"), (100, 367, "366")] {
            let error = GatherConfig { target, open_days }.check().unwrap_err().to_string();
            assert!(error.contains(said), "{error}");
        }
    }
}
