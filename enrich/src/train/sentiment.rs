//! `discovery train sentiment`.

use std::path::{Path, PathBuf};

use bus::SentimentLabel;

use super::EvalError;
use super::card::{LICENCE, names, trained_on};
use super::folds::{FOLDS, fold};
use super::labelled::{self, Fields, Labelled};
use super::logistic::{Example, Kind, Settings, fit};
use crate::eval::{Report, place};
use crate::model::file::Model;
use crate::model::heads::{Heads, softmax};
use crate::model::{Card, Figures, Reliability};
use crate::sentiment::Reader;

const SETTINGS: Settings =
    Settings { kind: Kind::OneOf, bits: 18, rounds: 6, step: 0.04, pull: 1e-5, rarity: 0.5, seed: 4 };

/// What one row is, beside its features.
struct Row {
    file: usize,
    fold: u64,
    label: usize,
}

/// Learns the heads of sentiment from labelled files, and writes `sentiment.bin` and its card to `out`.
///
/// # Errors
/// When a file or the lexicon cannot be read, the examples are too few, or the result cannot be written.
pub fn sentiment(
    files: &[PathBuf],
    fields: &Fields,
    config_dir: &Path,
    out: &Path,
    note: &str,
) -> Result<Card, EvalError> {
    let reader = Reader::load(&config_dir.join("lexicon"))?;
    let read = files.iter().map(|path| labelled::sentiments(path, fields)).collect::<Result<Vec<_>, _>>()?;
    let (rows, examples) = prepare(&reader, &read)?;
    let scores = kept_back_scores(&rows, examples.as_slice());
    let sharpness = calibrate(&rows, &scores);
    let heads = fit(&examples.iter().collect::<Vec<_>>(), &SETTINGS);
    let model = Model {
        labels: SentimentLabel::ALL.map(|label| label.slug().to_owned()).to_vec(),
        heads,
        sharpness,
        thresholds: Vec::new(),
    };
    let card = Card {
        file: String::new(),
        sha256: String::new(),
        about: "Sentiment of English texts: negative, neutral, positive. Linear heads over hashed n-grams of words and letters and over a lexicon; there is no text in it.".to_owned(),
        licence: LICENCE.to_owned(),
        command: format!("discovery train sentiment {}", names(&read)),
        note: note.to_owned(),
        trained_on: trained_on(&read),
        figures: figures(&read, &rows, &scores, sharpness),
    };
    model
        .save(out, "sentiment", card.clone())
        .map_err(|reason| EvalError::Unwritable { dir: out.to_owned(), reason })?;
    Ok(card)
}

fn prepare(reader: &Reader, read: &[Labelled<SentimentLabel>]) -> Result<(Vec<Row>, Vec<Example>), EvalError> {
    let (mut rows, mut examples) = (Vec::new(), Vec::new());
    let all: usize = read.iter().map(|labelled| labelled.rows.len()).sum();
    for (file, labelled) in read.iter().enumerate() {
        let mut counts = [0_usize; 3];
        labelled.rows.iter().for_each(|(_, label)| counts[place(*label)] += 1);
        for (text, label) in &labelled.rows {
            let label = place(*label);
            // Rare sentiments count more, so that all three are found equally well. So do small files, less so: a file is
            // a way of speaking, and none should drown the others.
            let even = labelled.rows.len() as f32 / 3.0 / counts[label] as f32;
            let weight = even * (all as f32 / labelled.rows.len() as f32).sqrt();
            let mut targets = vec![0.0; 3];
            targets[label] = 1.0;
            examples.push(Example { features: reader.features(text), targets, weights: vec![weight; 3] });
            rows.push(Row { file, fold: fold(text), label });
        }
    }
    if rows.len() < 30 {
        return Err(EvalError::TooFew(format!("{} rows with a sentiment; at least 30 are needed", rows.len())));
    }
    Ok((rows, examples))
}

/// The scores of every row by heads that have not seen it.
fn kept_back_scores(rows: &[Row], examples: &[Example]) -> Vec<Vec<f32>> {
    let mut scores = vec![Vec::new(); rows.len()];
    for round in 0..FOLDS {
        let seen: Vec<&Example> =
            examples.iter().zip(rows).filter(|(_, row)| row.fold != round).map(|(example, _)| example).collect();
        let heads: Heads = fit(&seen, &SETTINGS);
        for ((row, example), scores) in rows.iter().zip(examples).zip(&mut scores) {
            if row.fold == round {
                *scores = heads.scores(&example.features);
            }
        }
    }
    scores
}

/// The sharpness with which the probabilities of the right labels are highest on texts that were kept back (temperature
/// scaling, Guo et al. 2017).
fn calibrate(rows: &[Row], scores: &[Vec<f32>]) -> f32 {
    let loss = |sharpness: f32| -> f64 {
        let probability = |(row, scores): (&Row, &Vec<f32>)| {
            let sharpened: Vec<f32> = scores.iter().map(|score| score * sharpness).collect();
            f64::from(-softmax(&sharpened)[row.label].max(1e-9).ln())
        };
        rows.iter().zip(scores).map(probability).sum()
    };
    let steps = (1_u16..=60).map(|step| f32::from(step) * 0.05);
    steps.min_by(|a, b| loss(*a).total_cmp(&loss(*b))).expect("there are sixty steps")
}

fn figures(read: &[Labelled<SentimentLabel>], rows: &[Row], scores: &[Vec<f32>], sharpness: f32) -> Figures {
    let mut confusions = vec![vec![vec![0; 3]; 3]; read.len()];
    let mut bins = [(0_usize, 0.0_f64, 0_usize); 10];
    for (row, scores) in rows.iter().zip(scores) {
        let sharpened: Vec<f32> = scores.iter().map(|score| score * sharpness).collect();
        let probabilities = softmax(&sharpened);
        let given = (0..3).max_by(|a, b| probabilities[*a].total_cmp(&probabilities[*b])).expect("three labels");
        confusions[row.file][row.label][given] += 1;
        let bin = (1_u8..10).filter(|bin| probabilities[given] >= f32::from(*bin) / 10.0).count();
        bins[bin].0 += 1;
        bins[bin].1 += f64::from(probabilities[given]);
        bins[bin].2 += usize::from(given == row.label);
    }
    let slugs = SentimentLabel::ALL.map(SentimentLabel::slug);
    let result = |(labelled, confusion): (&Labelled<SentimentLabel>, Vec<Vec<usize>>)| {
        format!("{}: {}", labelled.file, Report::of_confusion(&slugs, confusion).summary())
    };
    let reliability = |(bin, (count, sum, right)): (usize, &(usize, f64, usize))| {
        (*count > 0).then(|| Reliability {
            claimed: format!("0.{bin}-{}", if bin == 9 { "1.0".to_owned() } else { format!("0.{}", bin + 1) }),
            rows: *count,
            mean_claimed: rounded(sum / *count as f64),
            right: rounded(*right as f64 / *count as f64),
        })
    };
    Figures {
        method: format!(
            "Each text was scored by heads that had not seen it, in {FOLDS} rounds; copies of a text were kept back together. The heads in the file have seen all."
        ),
        results: read.iter().zip(confusions).map(result).collect(),
        reliability: bins.iter().enumerate().filter_map(reliability).collect(),
    }
}

fn rounded(share: f64) -> f64 {
    (share * 1000.0).round() / 1000.0
}
