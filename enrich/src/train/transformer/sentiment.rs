//! `discovery train sentiment --tier transformer`.

use std::path::Path;

use super::super::card::{LICENCE, trained_on};
use super::super::folds::{FOLDS, part};
use super::super::labelled::Fields;
use super::super::sentiment::{
    Bins, Costs, Learner, Row, SentimentFiles, command, line, log_likelihood, most, note, prepare, reliability, results,
};
use super::{Blended, Encoder, EvalError, every, expect_same_files, heads, method, number_names};
use crate::model::file::Model;
use crate::model::{Card, Figures};
use crate::sentiment::Reader;
use crate::sentiment::registers::{LABELS, REGISTER, shares};
use crate::transformer::TransformerConfig;
use crate::transformer::tier::SENTIMENT;
use crate::transformer::worker::Embed as _;

const COSTS: Costs = Costs { posts: 1.0, comments: 1.0 };

/// A row that both tiers have scored without having seen it.
struct Judged<'a> {
    row: &'a Row,
    /// The fifth of the judged rows that it lies in.
    part: u64,
    /// The scores of the fast tier's heads, on their lines.
    fast: Vec<f32>,
    /// The scores of the heads over the encoder's vectors.
    vector: Vec<f32>,
}

/// How one register is blended.
#[derive(Clone, Copy)]
struct Mixture {
    share: f32,
    lines: [(f32, f32); 3],
}

/// Learns the heads of sentiment of the transformer tier, and writes them and their card to `out`.
///
/// # Errors
/// When a file or the encoder cannot be used, or the result not be written.
pub fn sentiment(
    files: &SentimentFiles,
    fields: &Fields,
    config_dir: &Path,
    config: &TransformerConfig,
    out: &Path,
    remark: &str,
) -> Result<Card, EvalError> {
    let reader = Reader::load(&config_dir.join("lexicon"))?;
    let read = files.read(fields)?;
    expect_same_files(config_dir, "sentiment", &read.iter().collect::<Vec<_>>())?;
    let encoder = Encoder::load(config_dir, config)?;
    let rows = prepare(&reader, &read, files.posts.len())?;
    let fast = Learner::new(&rows);
    let fast_scores = fast.kept_back(0..FOLDS);
    let fast_lines = fast.lines(&fast_scores, None);

    let steps: Vec<usize> = read.iter().map(|file| every(file.rows.len())).collect();
    let texts: Vec<&str> = read.iter().flat_map(|file| &file.rows).map(|(text, _)| text.as_str()).collect();
    let chosen: Vec<usize> = (0..rows.len()).filter(|index| index.is_multiple_of(steps[rows[*index].file])).collect();
    let vectors = encoder.features(&chosen.iter().map(|index| texts[*index]).collect::<Vec<_>>())?;
    let dense_rows: Vec<Row> =
        chosen.iter().zip(vectors).map(|(index, features)| Row { features, ..rows[*index].clone() }).collect();
    let dense = Learner::in_space(&dense_rows, encoder.space(), COSTS);
    let judged: Vec<Judged> = chosen
        .iter()
        .zip(dense.kept_back(encoder.rounds.clone()))
        .filter(|(_, scores)| !scores.is_empty())
        .map(|(index, vector)| {
            let on_line = |(score, (factor, offset)): (&f32, &(f32, f32))| score * factor + offset;
            let fast = fast_scores[*index].iter().zip(&fast_lines).map(on_line).collect();
            Judged { row: &rows[*index], part: part(texts[*index]), fast, vector }
        })
        .collect();
    let mixtures = mixtures(&fast, &fast_lines, &judged, None);
    let weights: Vec<Vec<f32>> = (0..REGISTER).map(|head| dense.head(head, None)).collect();
    let blended: Vec<Blended> = weights
        .iter()
        .enumerate()
        .map(|(head, weights)| {
            let Mixture { share, lines } = mixtures[head / 3];
            // The fast tier's offset within its register stays: it is chosen on all rounds.
            let shift = fast_lines[head].1 / fast_lines[head].0;
            Blended { share, weights, fast: fast_lines[head], shift, line: lines[head % 3] }
        })
        .collect();
    let labels: Vec<String> = LABELS[..REGISTER].iter().map(ToString::to_string).collect();
    let numbers = number_names(encoder.model.width(), &labels);
    let model = Model { heads: heads(&blended), labels, numbers, thresholds: Vec::new() };
    let (bins, confusions) = measure(&fast, &fast_lines, &judged, read.len());
    let shares = mixtures.map(|mixture| format!("{:.1}", mixture.share));
    let card = Card {
        file: String::new(),
        sha256: String::new(),
        about: format!(
            "Sentiment of English texts by the transformer tier: linear heads over the encoder's vectors and over the scores of the fast tier; the encoder counts {} of the score in posts, {} in comments.",
            shares[0], shares[1]
        ),
        licence: LICENCE.to_owned(),
        command: format!("{} --tier transformer", command(&read, files.posts.len())),
        note: remark.to_owned(),
        trained_on: trained_on(&read),
        needs: encoder.needs_of(SENTIMENT),
        figures: Figures {
            method: method(&encoder.rounds),
            results: results(&read, confusions),
            reliability: reliability(&bins),
        },
    };
    model.save(out, SENTIMENT, card.clone()).map_err(|reason| EvalError::Unwritable { dir: out.to_owned(), reason })?;
    Ok(card)
}

/// The scores of a register's three heads when the encoder has this share: those of the fast tier as its machines gave
/// them, with its offsets.
fn mixed(judged: &Judged, comment: bool, share: f32, fast_lines: &[(f32, f32)]) -> [f32; 3] {
    let first = if comment { 3 } else { 0 };
    [first, first + 1, first + 2]
        .map(|head| (1.0 - share) * judged.fast[head] / fast_lines[head].0 + share * judged.vector[head])
}

/// How posts and comments are best blended: so that the labels of the judged rows but those of part `without` are most
/// probable.
fn mixtures(learner: &Learner, fast_lines: &[(f32, f32)], judged: &[Judged], without: Option<u64>) -> [Mixture; 2] {
    [false, true].map(|comment| {
        let rows = || {
            let seen = judged.iter().filter(|judged| Some(judged.part) != without);
            seen.filter(|judged| learner.is_of(judged.row, comment) && judged.row.weight >= 1.0)
        };
        let tried = (0_u8..=10).map(|step| {
            let share = f32::from(step) / 10.0;
            let texts: Vec<([f32; 3], usize)> =
                rows().map(|judged| (mixed(judged, comment, share, fast_lines), judged.row.label)).collect();
            let lines = line(&texts);
            (log_likelihood(&texts, &lines), Mixture { share, lines })
        });
        tried.max_by(|a, b| a.0.total_cmp(&b.0)).expect("eleven shares are tried").1
    })
}

/// Reliability, and confusion by file, of rows that had no part in the choice of the mixture.
fn measure(
    learner: &Learner,
    fast_lines: &[(f32, f32)],
    judged: &[Judged],
    files: usize,
) -> (Bins, Vec<Vec<Vec<usize>>>) {
    let mut confusions = vec![vec![vec![0; 3]; 3]; files];
    let mut bins = Bins::default();
    for part in 0..FOLDS {
        let mixtures = mixtures(learner, fast_lines, judged, Some(part));
        for judged in judged.iter().filter(|judged| judged.part == part) {
            let mut scores = Vec::with_capacity(LABELS.len());
            for (comment, mixture) in [false, true].into_iter().zip(&mixtures) {
                let mixed = mixed(judged, comment, mixture.share, fast_lines);
                scores.extend(mixed.iter().zip(mixture.lines).map(|(score, (factor, offset))| score * factor + offset));
            }
            scores.push(judged.fast[REGISTER]);
            let probabilities = shares(&scores);
            let given = most(&probabilities);
            confusions[judged.row.file][judged.row.label][given] += 1;
            note(&mut bins, probabilities[given], given == judged.row.label);
        }
    }
    (bins, confusions)
}
