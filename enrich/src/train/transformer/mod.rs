//! Learning the heads of the transformer tier: linear ones over the encoder's vectors, blended with those of the fast tier.
//!
//! The blend is chosen on scores that both tiers give to texts which their heads have not seen. Where the encoder has
//! adapters, those have not seen the texts of the first round either, and only that round is judged on.

mod sentiment;
mod topics;

use std::ops::Range;
use std::path::Path;

use bus::config_file;

use super::EvalError;
use super::folds::FOLDS;
use super::labelled::Labelled;
use super::support::Space;
use crate::model::features::Features;
use crate::model::heads::Heads;
use crate::model::{Card, Needed};
use crate::transformer::plain::plain;
use crate::transformer::tier::{self, features, is_of};
use crate::transformer::worker::Embed;
use crate::transformer::{TransformerConfig, TransformerError};
pub use sentiment::sentiment;
pub use topics::topics;

/// So many rows of one file are enough for heads of some hundred weights; the encoder takes its time for each.
const MAX_ROWS: usize = 6_000;

/// The buckets of a table that is not used, as a power of two: heads over vectors have numbers only.
const BITS: u32 = 1;

/// The encoder, and what heads over its vectors are learned for.
struct Encoder {
    model: tier::LoadedEncoder,
    needs: Vec<Needed>,
    /// The rounds that the encoder has not learned from.
    rounds: Range<u64>,
}

impl Encoder {
    fn load(config_dir: &Path, config: &TransformerConfig) -> Result<Self, TransformerError> {
        let model = tier::load_encoder(config_dir, config)?;
        let rounds = if tier::adapters(config_dir).is_some() { 0..1 } else { 0..FOLDS };
        Ok(Self { model, needs: tier::needs(config_dir, config)?, rounds })
    }

    /// What the heads look at: the vector of a text, without the scores of the fast tier.
    fn features(&self, texts: &[&str]) -> Result<Vec<Features>, TransformerError> {
        let plain: Vec<String> = texts.iter().map(|text| plain(text)).collect();
        let vectors = self.model.embed(&plain.iter().map(String::as_str).collect::<Vec<_>>())?;
        Ok(vectors.iter().map(|vector| features(vector, &[])).collect())
    }

    /// The space of the vectors.
    fn space(&self) -> Space {
        Space::of(std::iter::empty(), BITS, self.model.width())
    }

    fn needs_of(&self, kind: &str) -> Vec<Needed> {
        self.needs.iter().filter(|needed| is_of(needed, kind)).cloned().collect()
    }
}

/// One head of the tier: how much of its score is the fast tier's, how the scores of both are made alike, and what becomes
/// of their sum.
struct Blended<'a> {
    /// The share of the encoder's head.
    share: f32,
    /// The weights of the encoder's head: an empty table, the vector, the constant one.
    weights: &'a [f32],
    /// Factor and offset that the fast tier's own head has in its file.
    fast: (f32, f32),
    /// What is added to the fast tier's score after they were taken away.
    shift: f32,
    /// Factor and offset of the sum.
    line: (f32, f32),
}

/// The heads: they look at the vector, and at the scores of all heads of the fast tier.
fn heads(blended: &[Blended]) -> Heads {
    let table = 1 << BITS;
    let blended_len = blended.len();
    let row = |(head, blended): (usize, &Blended)| {
        let Blended { share, weights, fast: (factor, offset), shift, line } = blended;
        let (vector, constant) = weights.split_at(weights.len() - 1);
        let mut all: Vec<f32> = vector.iter().map(|weight| weight * share * line.0).collect();
        let fast_weight = |other: usize| if other == head { (1.0 - share) / factor * line.0 } else { 0.0 };
        all.extend((0..blended_len).map(fast_weight));
        let fast_constant = (1.0 - share) * (shift - offset / factor);
        all.push((fast_constant + share * constant[0]) * line.0 + line.1);
        all
    };
    let weights: Vec<Vec<f32>> = blended.iter().enumerate().map(row).collect();
    Heads::new(BITS, &vec![0; table], &weights)
}

/// What the numbers of the heads are called.
fn number_names(width: usize, labels: &[String]) -> Vec<String> {
    let vector = (0..width).map(|number| format!("vector {number}"));
    vector.chain(labels.iter().map(|label| format!("fast tier: {label}"))).collect()
}

/// Every how manieth of so many rows is taken.
fn every(rows: usize) -> usize {
    rows.div_ceil(MAX_ROWS).max(1)
}

/// Refuses files other than those that the fast tier's heads were learned from: their scores could not be repeated.
fn expect_same_files<L>(config_dir: &Path, kind: &'static str, read: &[&Labelled<L>]) -> Result<(), EvalError> {
    let models = config_dir.join("models");
    let card: Card = config_file::read(&models.join(format!("{kind}.toml")))?;
    let known = |labelled: &&&Labelled<L>| card.trained_on.iter().any(|file| file.sha256 == labelled.sha256);
    if read.iter().filter(known).count() == read.len() {
        return Ok(());
    }
    Err(EvalError::OtherFiles(kind, models.display().to_string()))
}

/// How it was measured, for the card.
fn method(rounds: &Range<u64>) -> String {
    let whole = *rounds == (0..FOLDS);
    let texts = if whole {
        format!("Each text was judged by heads that had not seen it, in {FOLDS} rounds")
    } else {
        "The texts of the first of five rounds were judged, which neither the heads nor the adapters of the encoder had seen".to_owned()
    };
    format!(
        "{texts}; how much each tier counts, offsets and thresholds were chosen on four fifths of them and applied to the last, in turn. Copies of a text were kept together. The heads in the file have seen all."
    )
}
