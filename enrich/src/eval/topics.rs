//! `discovery eval topics`.

use std::collections::BTreeMap;
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use super::second::{judge, second_tier};
use super::{Counts, Report};
use crate::sentiment::SentimentEnricher;
use crate::topics::{MAX_TOPICS, Topics};
use crate::train::EvalError;
use crate::train::labelled::{self, Fields};
use crate::transformer::TransformerConfig;
use crate::transformer::tier::Judgement;

/// Tags every text of a labelled file as if it were English, with the subjects and the heads in `config_dir`,
/// and with the transformer tier where its configuration is given.
///
/// Only subjects that at least `least` rows have count, and only labels that `topics.toml` knows.
///
/// # Errors
/// When the file or the configuration cannot be used, or no subject has rows enough.
pub fn topics(
    path: &Path,
    fields: &Fields,
    config_dir: &Path,
    least: usize,
    transformer: Option<&TransformerConfig>,
) -> Result<Report, EvalError> {
    let topics = Arc::new(Topics::load_with_heads(config_dir)?);
    let second = match transformer {
        Some(config) => {
            let sentiment = Arc::new(SentimentEnricher::load(config_dir)?);
            Some(second_tier(config_dir, config, &sentiment, Some(&topics))?)
        }
        None => None,
    };
    let labelled = labelled::subjects(path, fields, |name| topics.place_of(name).is_some())?;
    let mut unknown: BTreeMap<&str, usize> = BTreeMap::new();
    let mut wanted: Vec<Vec<usize>> = Vec::new();
    for (_, names) in &labelled.rows {
        let mut places = Vec::new();
        for name in names {
            match topics.place_of(name) {
                Some(place) => places.push(place),
                None => *unknown.entry(name).or_default() += 1,
            }
        }
        places.sort_unstable();
        places.dedup();
        wanted.push(places);
    }
    let mut rows_of = vec![0_usize; topics.all().len()];
    wanted.iter().flatten().for_each(|place| rows_of[*place] += 1);
    let counted: Vec<usize> = (0..rows_of.len()).filter(|place| rows_of[*place] >= least.max(1)).collect();
    if counted.is_empty() {
        let most = rows_of.iter().max().copied().unwrap_or(0);
        return Err(EvalError::TooFew(format!(
            "no subject has {least} rows or more in {}, and none more than {most}; --least says how many are enough",
            path.display()
        )));
    }
    let start = Instant::now();
    let texts: Vec<&str> = labelled.rows.iter().map(|(text, _)| text.as_str()).collect();
    let judgements = judge(second.as_ref(), &texts)?;
    let subjects =
        |judgement: Judgement| judgement.subjects.into_iter().map(|(place, _)| place).take(MAX_TOPICS).collect();
    let judged = texts.iter().zip(judgements);
    let given: Vec<Vec<usize>> =
        judged.map(|(text, judgement)| judgement.map_or_else(|| topics.subjects_of(text), subjects)).collect();
    let time = start.elapsed();
    let mut counts = vec![Counts::default(); counted.len()];
    let mut exact = 0_usize;
    for (wanted, given) in wanted.iter().zip(&given) {
        let has = |list: &[usize], place: &usize| list.contains(place);
        for (place, counts) in counted.iter().zip(&mut counts) {
            counts.add(has(wanted, place), has(given, place));
        }
        exact += usize::from(counted.iter().all(|place| has(wanted, place) == has(given, place)));
    }
    let names = counted.iter().map(|place| topics.all()[*place].slug.clone());
    let mut report = Report::of(&names.zip(counts).collect::<Vec<_>>());
    report.rows = labelled.rows.len();
    report.accuracy = exact as f64 / report.rows.max(1) as f64;
    report.took(time);
    report.left_out = labelled.left_out;
    report.taken.clone_from(&labelled.taken);
    report.remarks.push(format!("Subjects that fewer than {least} rows have are left out; --least says how many."));
    if !unknown.is_empty() {
        let list: Vec<String> = unknown.iter().map(|(name, count)| format!("{name} ({count})")).collect();
        report.remarks.push(format!("Labels that topics.toml does not know, left out: {}", list.join("; ")));
    }
    Ok(report)
}
