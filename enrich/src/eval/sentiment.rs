//! `discovery eval sentiment`.

use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use bus::SentimentLabel;

use super::Report;
use super::second::{judge, second_tier};
use crate::sentiment::SentimentEnricher;
use crate::train::EvalError;
use crate::train::labelled::{self, Fields};
use crate::transformer::TransformerConfig;

/// Scores every text of a labelled file as if it were English, with the models and the lexicon in `config_dir`,
/// and with the transformer tier where its configuration is given.
///
/// # Errors
/// When the file or the configuration cannot be used.
pub fn sentiment(
    path: &Path,
    fields: &Fields,
    config_dir: &Path,
    transformer: Option<&TransformerConfig>,
) -> Result<Report, EvalError> {
    let enricher = Arc::new(SentimentEnricher::load(config_dir)?);
    let second = transformer.map(|config| second_tier(config_dir, config, &enricher, None)).transpose()?;
    let labelled = labelled::sentiments(path, fields)?;
    let mut confusion = vec![vec![0; 3]; 3];
    let start = Instant::now();
    let texts: Vec<&str> = labelled.rows.iter().map(|(text, _)| text.as_str()).collect();
    let judgements = judge(second.as_ref(), &texts)?;
    for ((text, label), judgement) in labelled.rows.iter().zip(judgements) {
        let given = judgement.map_or_else(|| enricher.sentiment_of(text), |judgement| judgement.sentiment).label;
        confusion[place(*label)][place(given)] += 1;
    }
    let time = start.elapsed();
    let mut report = Report::of_confusion(&SentimentLabel::ALL.map(SentimentLabel::slug), confusion);
    report.took(time);
    report.left_out = labelled.left_out;
    report.taken = labelled.taken;
    Ok(report)
}

/// Where a label stands among all three.
pub(crate) fn place(label: SentimentLabel) -> usize {
    SentimentLabel::ALL.iter().position(|other| *other == label).expect("ALL has every label")
}
