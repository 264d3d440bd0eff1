//! `discovery train topics --tier transformer`.

use std::path::Path;

use super::super::calibrate::{odds, probability};
use super::super::card::{LICENCE, trained_on};
use super::super::folds::{FOLDS, part};
use super::super::labelled::Fields;
use super::super::support::Settings;
use super::super::topics::{
    Examples, GIVEN_FROM, Kind, Learner, Row, TopicFiles, command, prepare, results, subjects_with_examples,
};
use super::{Blended, Encoder, EvalError, every, expect_same_files, heads, method, number_names};
use crate::eval::Counts;
use crate::model::file::Model;
use crate::model::{Card, Figures};
use crate::topics::Topics;
use crate::transformer::TransformerConfig;
use crate::transformer::tier::TOPICS;
use crate::transformer::worker::Embed as _;

const SETTINGS: Settings = Settings { cost: 1.0, rounds: 60, tolerance: 0.05, seed: 4 };

/// Of texts that are about none of the subjects, every so manieth is enough.
const BACKGROUND_EVERY: usize = 2;

/// A row that both tiers have scored without having seen it.
struct Judged<'a> {
    has: &'a [bool],
    part: u64,
    /// The scores of the fast tier's machines, nought where a subject is just given.
    fast: Vec<f32>,
    /// Those of the heads over the encoder's vectors.
    vector: Vec<f32>,
}

/// How the scores are blended: alike for all subjects, since most have too few examples to choose by.
#[derive(Clone, Copy)]
struct Mixture {
    share: f32,
    given_from: f32,
}

/// Learns the heads of subjects of the transformer tier, and writes them and their card to `out`.
///
/// # Errors
/// When a file or the encoder cannot be used, or the result not be written.
pub fn topics(
    files: &TopicFiles,
    fields: &Fields,
    config_dir: &Path,
    config: &TransformerConfig,
    out: &Path,
    note: &str,
) -> Result<Card, EvalError> {
    let topics = Topics::load(&config_dir.join("topics.toml"))?;
    let Examples { read, background } = &files.read(fields, &topics)?;
    expect_same_files(config_dir, "topics", &read.iter().collect::<Vec<_>>())?;
    expect_same_files(config_dir, "topics", &background.iter().collect::<Vec<_>>())?;
    let encoder = Encoder::load(config_dir, config)?;
    let subjects = subjects_with_examples(&topics, read)?;
    let rows = prepare(&topics, &subjects, read, background);
    let fast = Learner::new(&rows, topics.all().len());
    let fast_scores = fast.kept_back(subjects.len(), 0..FOLDS);
    let fast_lines: Vec<(f32, f32)> = (0..subjects.len()).map(|subject| fast.line(subject, &fast_scores)).collect();

    let step = every(rows.iter().filter(|row| row.kind == Kind::OneOfSeveral).count());
    let wanted = |index: &usize| match rows[*index].kind {
        Kind::Complete => true,
        Kind::OneOfSeveral => index.is_multiple_of(step),
        Kind::Background => index.is_multiple_of(step * BACKGROUND_EVERY),
    };
    let chosen: Vec<usize> = (0..rows.len()).filter(wanted).collect();
    let vectors = encoder.features(&chosen.iter().map(|index| rows[*index].text.as_str()).collect::<Vec<_>>())?;
    let dense_rows: Vec<Row> =
        chosen.iter().zip(vectors).map(|(index, features)| Row { features, ..rows[*index].clone() }).collect();
    let dense = Learner::in_space(&dense_rows, encoder.space(), SETTINGS);
    let judged: Vec<Judged> = chosen
        .iter()
        .zip(dense.kept_back(subjects.len(), encoder.rounds.clone()))
        .filter(|(_, scores)| !scores.is_empty())
        .map(|(index, vector)| {
            let row = &rows[*index];
            let fast = fast_scores[*index].iter().map(|score| score - GIVEN_FROM).collect();
            Judged { has: &row.has, part: part(&row.text), fast, vector }
        })
        .collect();
    let mixture = best_mixture(&judged, subjects.len(), None);
    let line = odds(&judged.iter().flat_map(|judged| scored(judged, mixture)).collect::<Vec<_>>());
    let weights: Vec<Vec<f32>> = (0..subjects.len()).map(|subject| dense.head(subject, None)).collect();
    let blended: Vec<Blended> = weights
        .iter()
        .zip(&fast_lines)
        .map(|(weights, fast)| Blended {
            share: mixture.share,
            weights,
            fast: *fast,
            shift: -GIVEN_FROM,
            line: (line.0, line.1 - mixture.given_from * line.0),
        })
        .collect();
    let labels: Vec<String> = subjects.iter().map(|subject| topics.all()[*subject].slug.clone()).collect();
    let numbers = number_names(encoder.model.width(), &labels);
    let thresholds = vec![probability(0.0, line); labels.len()];
    let model = Model { heads: heads(&blended), labels, numbers, thresholds };
    let card = Card {
        file: String::new(),
        sha256: String::new(),
        about: format!(
            "Subjects of English texts by the transformer tier: linear heads over the encoder's vectors and over the scores of the fast tier; the encoder counts {:.1} of the score.",
            mixture.share
        ),
        licence: LICENCE.to_owned(),
        command: format!("{} --tier transformer", command(read, background)),
        note: note.to_owned(),
        trained_on: trained_on(read).into_iter().chain(trained_on(background)).collect(),
        needs: encoder.needs_of(TOPICS),
        figures: figures(&model.labels, &judged, &encoder),
    };
    model.save(out, TOPICS, card.clone()).map_err(|reason| EvalError::Unwritable { dir: out.to_owned(), reason })?;
    Ok(card)
}

/// The blended score of each subject, nought where it is just given, and whether the row has it.
fn scored(judged: &Judged, mixture: Mixture) -> impl Iterator<Item = (f32, bool)> {
    let Mixture { share, given_from } = mixture;
    let scores = judged.fast.iter().zip(&judged.vector);
    let blended = scores.map(move |(fast, vector)| (1.0 - share) * fast + share * vector - given_from);
    blended.zip(judged.has.iter().copied())
}

fn count(counts: &mut [Counts], judged: &Judged, mixture: Mixture) {
    for (counts, (score, has)) in counts.iter_mut().zip(scored(judged, mixture)) {
        counts.add(has, score >= 0.0);
    }
}

/// The mixture with the highest sum of micro and macro F1 on the judged rows but those of part `without`.
fn best_mixture(judged: &[Judged], subjects: usize, without: Option<u64>) -> Mixture {
    let steps = (0_u8..=10).map(|step| f32::from(step) / 10.0);
    let tried =
        steps.flat_map(|share| (-8_i8..=8).map(move |step| Mixture { share, given_from: f32::from(step) * 0.05 }));
    let goodness = |mixture: Mixture| {
        let mut counts = vec![Counts::default(); subjects];
        let seen = judged.iter().filter(|judged| Some(judged.part) != without);
        seen.for_each(|judged| count(&mut counts, judged, mixture));
        let all = counts.iter().fold(Counts::default(), |all, counts| all.plus(*counts));
        all.f1() + counts.iter().map(|counts| counts.f1()).sum::<f64>() / subjects as f64
    };
    tried.map(|mixture| (goodness(mixture), mixture)).max_by(|a, b| a.0.total_cmp(&b.0)).expect("some are tried").1
}

fn figures(labels: &[String], judged: &[Judged], encoder: &Encoder) -> Figures {
    let mut counts = vec![Counts::default(); labels.len()];
    let mut exact = 0;
    for part in 0..FOLDS {
        let mixture = best_mixture(judged, labels.len(), Some(part));
        for judged in judged.iter().filter(|judged| judged.part == part) {
            count(&mut counts, judged, mixture);
            exact += usize::from(scored(judged, mixture).all(|(score, has)| has == (score >= 0.0)));
        }
    }
    Figures {
        method: format!("{} Seeds alone give no tag here, as they may in use.", method(&encoder.rounds)),
        results: results(labels, counts, judged.len(), exact),
        reliability: Vec::new(),
    }
}
