//! The transformer tier in evaluations: as in the stage, but for every text, however long it takes.

use std::path::Path;
use std::sync::Arc;

use crate::sentiment::SentimentEnricher;
use crate::topics::Topics;
use crate::train::EvalError;
use crate::transformer::TransformerConfig;
use crate::transformer::tier::{Judgement, Tier};

/// Texts that are judged at once: enough to find some of about one length.
const BATCH: usize = 512;

/// The tier beside these models of the fast one.
pub(super) fn second_tier(
    config_dir: &Path,
    config: &TransformerConfig,
    sentiment: &Arc<SentimentEnricher>,
    topics: Option<&Arc<Topics>>,
) -> Result<Tier, EvalError> {
    let topics = match topics {
        Some(topics) => Arc::clone(topics),
        None => Arc::new(Topics::load_with_heads(config_dir)?),
    };
    Ok(Tier::load(config_dir, config, Arc::clone(sentiment), topics)?)
}

/// What the tier says of each text; nothing of long ones, and nothing at all where there is no such tier.
pub(super) fn judge(tier: Option<&Tier>, texts: &[&str]) -> Result<Vec<Option<Judgement>>, EvalError> {
    let mut judged = vec![None; texts.len()];
    let Some(tier) = tier else { return Ok(judged) };
    let taken: Vec<usize> = (0..texts.len()).filter(|index| Tier::takes(texts[*index])).collect();
    for batch in taken.chunks(BATCH) {
        let texts: Vec<&str> = batch.iter().map(|index| texts[*index]).collect();
        batch.iter().zip(tier.judge(&texts)?).for_each(|(index, judgement)| judged[*index] = Some(judgement));
    }
    Ok(judged)
}
