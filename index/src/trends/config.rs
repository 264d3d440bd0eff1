//! What an operator can set about trends. The numbers of the method itself stand beside the code that uses them.

use serde::{Deserialize, Serialize};

use crate::retention::Retention;

/// The `[trends]` section of the configuration.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct TrendsConfig {
    /// How often a list is computed, in minutes of event time.
    pub score_every_minutes: u32,
    /// Posts remembered at once. Each takes about 250 bytes; beyond this number the busiest channel is thinned to a
    /// uniform sample of its posts.
    pub max_posts: usize,
    /// Strength (-log10 p) from which an issue is listed.
    pub list_at: f64,
    /// Strength under which a listed issue leaves the list. Lower than `list_at`, so that none flickers.
    pub unlist_below: f64,
    /// Issues listed at most, strongest first.
    pub max_issues: usize,
    /// Days of conversation needed before anything can be called unusual.
    pub min_baseline_days: u32,
    /// Distinct authors that an online issue needs.
    pub min_authors: usize,
    /// Distinct speakers that an offline issue needs.
    pub min_speakers: usize,
    /// How long posts are kept: configured in a section of its own, and kept with a list that is to be computed again. What
    /// keeps all is left out of the hash of the method.
    #[serde(skip_serializing_if = "Retention::keeps_all")]
    pub retention: Retention,
}

impl Default for TrendsConfig {
    fn default() -> Self {
        Self {
            score_every_minutes: 5,
            max_posts: 300_000,
            list_at: 4.0,
            unlist_below: 3.0,
            max_issues: 40,
            min_baseline_days: 10,
            min_authors: 5,
            min_speakers: 3,
            retention: Retention::default(),
        }
    }
}

impl TrendsConfig {
    /// The version of the algorithm and a hash of this configuration: equal for lists that can be compared.
    pub fn method(&self) -> String {
        let json = serde_json::to_vec(self).expect("numbers can be said in JSON");
        let hash = blake3::hash(&json).to_hex();
        format!("voices-nb/6 {}", &hash[..12])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_method_names_the_configuration() {
        let usual = TrendsConfig::default();
        let strict = TrendsConfig { list_at: 6.0, ..usual.clone() };
        assert_eq!(usual.method(), TrendsConfig::default().method());
        assert_ne!(usual.method(), strict.method());
    }
}
