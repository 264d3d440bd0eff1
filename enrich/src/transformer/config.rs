//! What can be configured about the transformer tier.

use std::env;
use std::num::NonZeroU32;
use std::path::PathBuf;

use serde::Deserialize;

use super::error::TransformerError;

/// The `[enrich.transformer]` table of `config/discovery.toml`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
#[serde(default, deny_unknown_fields)]
pub struct TransformerConfig {
    /// Whether the tier is used at all.
    pub enabled: bool,
    /// The directory of the encoder. When not given: where `make models` puts it.
    pub model_dir: Option<PathBuf>,
    /// Threads of one computation of the encoder.
    pub threads: NonZeroU32,
    /// The share of the posts that the encoder is asked about at most; the others keep the tags of the fast tier.
    pub share: Share,
    /// How long a batch of posts waits for the encoder, in milliseconds. Posts that it cannot reach in that time keep the
    /// tags of the fast tier.
    pub patience_ms: NonZeroU32,
}

/// A share above nought, at most one.
#[derive(Clone, Copy, Debug, PartialEq, Deserialize)]
#[serde(try_from = "f32")]
pub struct Share(f32);

impl Share {
    /// Everything.
    pub const ALL: Self = Self(1.0);

    /// So much of `count`, rounded up.
    #[expect(
        clippy::cast_possible_truncation,
        clippy::cast_sign_loss,
        reason = "a share of a count is no larger than the count, and a batch is far smaller than 2^24"
    )]
    pub(crate) fn of(self, count: usize) -> usize {
        (count as f32 * self.0).ceil() as usize
    }
}

impl TryFrom<f32> for Share {
    type Error = String;

    fn try_from(share: f32) -> Result<Self, String> {
        if share > 0.0 && share <= 1.0 {
            Ok(Self(share))
        } else {
            Err(format!(
                "{share} is not a share: it must be above 0 and at most 1; `enabled = false` switches the tier off"
            ))
        }
    }
}

impl Default for TransformerConfig {
    fn default() -> Self {
        let number = |number| NonZeroU32::new(number).expect("the defaults are not nought");
        Self { enabled: false, model_dir: None, threads: number(1), share: Share::ALL, patience_ms: number(2_000) }
    }
}

impl TransformerConfig {
    /// Finds out whether the tier is there if it is wanted, without loading it.
    ///
    /// # Errors
    /// [`TransformerError`], which says what to do.
    pub fn check(&self) -> Result<(), TransformerError> {
        if !self.enabled {
            return Ok(());
        }
        if !cfg!(feature = "rust-bert") {
            return Err(TransformerError::NotBuilt);
        }
        let path = self.model_dir().join("model.safetensors");
        if path.is_file() { Ok(()) } else { Err(TransformerError::Missing { path }) }
    }

    /// The directory of the encoder: the configured one, or that in the cache that `scripts/models.sh` fills.
    pub(crate) fn model_dir(&self) -> PathBuf {
        self.model_dir.clone().unwrap_or_else(|| cache().join("all-minilm-l6-v2"))
    }
}

/// As `scripts/models.sh` has it.
fn cache() -> PathBuf {
    let set = |name| env::var_os(name).filter(|value| !value.is_empty()).map(PathBuf::from);
    let user = || set("XDG_CACHE_HOME").unwrap_or_else(|| set("HOME").unwrap_or_default().join(".cache"));
    set("DISCOVERY_MODELS").unwrap_or_else(|| user().join("discovery"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(text: &str) -> Result<TransformerConfig, String> {
        toml::from_str(text).map_err(|error| error.to_string())
    }

    #[test]
    fn the_tier_is_off_unless_it_is_switched_on() {
        assert_eq!(parse("").unwrap(), TransformerConfig::default());
        assert!(!TransformerConfig::default().enabled);
        let config = parse("enabled = true\nmodel_dir = \"/m\"\nshare = 0.25").unwrap();
        assert!(config.enabled);
        assert_eq!(config.model_dir(), PathBuf::from("/m"));
        assert_eq!(config.share.of(10), 3);
    }

    #[test]
    fn a_tier_that_is_wanted_must_be_there() {
        let nowhere = parse("enabled = true\nmodel_dir = \"/nowhere\"").unwrap();
        let message = nowhere.check().unwrap_err().to_string();
        assert!(message.contains("run `make models`"), "{message}");
        assert!(TransformerConfig { enabled: false, ..nowhere }.check().is_ok());
    }

    #[test]
    fn what_makes_no_sense_is_refused() {
        for wrong in
            ["share = 0.0", "share = 1.5", "share = nan", "threads = 0", "patience_ms = 0", "modeldir = \"/m\""]
        {
            assert!(parse(wrong).is_err(), "{wrong}");
        }
        assert!(parse("share = 2.0").unwrap_err().contains("must be above 0 and at most 1"));
    }
}
