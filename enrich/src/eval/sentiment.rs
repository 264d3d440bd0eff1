//! `discovery eval sentiment`.

use std::path::Path;
use std::time::Instant;

use bus::SentimentLabel;

use super::Report;
use crate::sentiment::SentimentEnricher;
use crate::train::EvalError;
use crate::train::labelled::{self, Fields};

/// Scores every text of a labelled file as if it were English, with the models and the lexicon in `config_dir`.
///
/// # Errors
/// When the file or the configuration cannot be used.
pub fn sentiment(path: &Path, fields: &Fields, config_dir: &Path) -> Result<Report, EvalError> {
    let enricher = SentimentEnricher::load(config_dir)?;
    let labelled = labelled::sentiments(path, fields)?;
    let mut confusion = vec![vec![0; 3]; 3];
    let start = Instant::now();
    for (text, label) in &labelled.rows {
        let given = enricher.sentiment_of(text).label;
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
