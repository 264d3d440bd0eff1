//! `discovery train topics`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use super::EvalError;
use super::card::{names, trained_on};
use super::folds::{FOLDS, fold};
use super::labelled::{self, Fields, Labelled};
use super::logistic::{Example, Kind, Settings, fit};
use crate::eval::{Counts, Report};
use crate::model::file::Model;
use crate::model::heads::sigmoid;
use crate::model::{Card, Figures};
use crate::topics::{Topics, learned_features};

const SETTINGS: Settings =
    Settings { kind: Kind::AnyOf, bits: 17, rounds: 8, step: 0.15, pull: 1e-5, rarity: 2.0, seed: 4 };

/// A subject with fewer examples gets no head; its seeds have to do.
const MIN_EXAMPLES: usize = 10;

/// What an absent label counts in a file that has one label a row: such a row may well be about other subjects too.
const ABSENT_OF_ONE: f32 = 0.2;

/// What a label counts where it is, in a file whose rows have all their labels: most are rare, and missed rather than
/// given wrongly.
const PRESENT: f32 = 2.0;

/// How many examples the common threshold stands for beside those of a subject itself.
const COMMON: f32 = 40.0;

struct Row {
    fold: u64,
    /// Whether all its labels are known, so that it can be measured on.
    complete: bool,
}

/// Files to learn the heads of subjects from.
#[derive(Clone, Debug, Default)]
pub struct TopicFiles {
    /// Files with subjects.
    pub labelled: Vec<PathBuf>,
    /// Files with texts that are about none of them, so that the heads know other talk.
    pub background: Vec<PathBuf>,
}

/// Learns the heads of the subjects that have examples, and writes `topics.bin` and its card to `out`.
///
/// # Errors
/// When a file or the configuration cannot be read, the examples are too few, or the result cannot be written.
pub fn topics(
    files: &TopicFiles,
    fields: &Fields,
    config_dir: &Path,
    out: &Path,
    note: &str,
) -> Result<Card, EvalError> {
    let topics = Topics::load(&config_dir.join("topics.toml"))?;
    let known = |name: &str| topics.place_of(name).is_some();
    let read =
        files.labelled.iter().map(|path| labelled::subjects(path, fields, known)).collect::<Result<Vec<_>, _>>()?;
    let background =
        files.background.iter().map(|path| labelled::texts(path, fields)).collect::<Result<Vec<_>, _>>()?;
    let subjects = subjects_with_examples(&topics, &read)?;
    let (rows, examples) = prepare(&topics, &subjects, &read, &background);
    let kept_back = kept_back(&rows, &examples);
    let labels: Vec<String> = subjects.iter().map(|subject| topics.all()[*subject].slug.clone()).collect();
    let model = Model {
        heads: fit(&examples.iter().collect::<Vec<_>>(), &SETTINGS),
        sharpness: 1.0,
        thresholds: thresholds(labels.len(), &rows, &examples, &kept_back, None),
        labels,
    };
    let sources: Vec<_> = trained_on(&read).into_iter().chain(trained_on(&background)).collect();
    let card = Card {
        file: String::new(),
        sha256: String::new(),
        about: "Subjects of English texts that have labelled examples, several a text. Linear heads over hashed n-grams of words and letters and over the seeds of topics.toml; there is no text in it.".to_owned(),
        licence: super::card::LICENCE.to_owned(),
        command: command(&read, &background),
        note: note.to_owned(),
        trained_on: sources,
        figures: figures(&model.labels, &rows, &examples, &kept_back),
    };
    model.save(out, "topics", card.clone()).map_err(|reason| EvalError::Unwritable { dir: out.to_owned(), reason })?;
    Ok(card)
}

fn command(read: &[Labelled<Vec<String>>], background: &[Labelled<()>]) -> String {
    let other: Vec<String> = background.iter().map(|file| format!(" --background {}", file.file)).collect();
    format!("discovery train topics {}{}", names(read), other.concat())
}

fn subjects_with_examples(topics: &Topics, read: &[Labelled<Vec<String>>]) -> Result<Vec<usize>, EvalError> {
    let mut counts: BTreeMap<usize, usize> = BTreeMap::new();
    for (_, names) in read.iter().flat_map(|file| &file.rows) {
        let mut places: Vec<usize> = names.iter().filter_map(|name| topics.place_of(name)).collect();
        places.sort_unstable();
        places.dedup();
        for place in places {
            *counts.entry(place).or_default() += 1;
        }
    }
    counts.retain(|_, count| *count >= MIN_EXAMPLES);
    if counts.is_empty() {
        return Err(EvalError::TooFew(format!("no subject of topics.toml has {MIN_EXAMPLES}")));
    }
    Ok(counts.into_keys().collect())
}

fn prepare(
    topics: &Topics,
    subjects: &[usize],
    read: &[Labelled<Vec<String>>],
    background: &[Labelled<()>],
) -> (Vec<Row>, Vec<Example>) {
    let (mut rows, mut examples) = (Vec::new(), Vec::new());
    let mut push = |text: &str, targets: Vec<f32>, absent: f32, complete: bool| {
        let present = if complete { PRESENT } else { 1.0 };
        let weights = targets.iter().map(|target| if *target > 0.0 { present } else { absent }).collect();
        let features = learned_features(text, topics.marks(text).into_iter());
        examples.push(Example { features, targets, weights });
        rows.push(Row { fold: fold(text), complete });
    };
    for file in read {
        let complete = file.rows.iter().any(|(_, names)| names.len() > 1);
        let absent = if complete { 1.0 } else { ABSENT_OF_ONE };
        for (text, names) in &file.rows {
            let places: Vec<usize> = names.iter().filter_map(|name| topics.place_of(name)).collect();
            // A row whose only label is unknown here says of no subject whether it holds.
            if !complete && places.is_empty() {
                continue;
            }
            let targets = subjects.iter().map(|subject| f32::from(u8::from(places.contains(subject)))).collect();
            push(text, targets, absent, complete);
        }
    }
    let labelled: usize = read.iter().map(|file| file.rows.len()).sum();
    for file in background {
        // As much other talk as there are examples, taken evenly from the file.
        let every = (file.rows.len() * background.len() / labelled.max(1)).max(1);
        file.rows.iter().step_by(every).for_each(|(text, ())| push(text, vec![0.0; subjects.len()], 1.0, false));
    }
    (rows, examples)
}

/// The probabilities of every row's labels by heads that have not seen it; empty for rows that are not measured on.
fn kept_back(rows: &[Row], examples: &[Example]) -> Vec<Vec<f32>> {
    let mut probabilities = vec![Vec::new(); rows.len()];
    for round in 0..FOLDS {
        let seen: Vec<&Example> =
            examples.iter().zip(rows).filter(|(_, row)| row.fold != round).map(|(example, _)| example).collect();
        let heads = fit(&seen, &SETTINGS);
        for ((row, example), probabilities) in rows.iter().zip(examples).zip(&mut probabilities) {
            if row.fold == round && row.complete {
                *probabilities = heads.scores(&example.features).into_iter().map(sigmoid).collect();
            }
        }
    }
    probabilities
}

/// From which probability on a label is given: where F1 is best, drawn to the threshold that is best for all labels
/// together where a label is rare. Rows kept back in round `without` are left out.
fn thresholds(
    labels: usize,
    rows: &[Row],
    examples: &[Example],
    probabilities: &[Vec<f32>],
    without: Option<u64>,
) -> Vec<f32> {
    let grid: Vec<f32> = (2_u16..=32).map(|step| f32::from(step) * 0.025).collect();
    let mut counts = vec![vec![Counts::default(); grid.len()]; labels];
    for ((row, example), probabilities) in rows.iter().zip(examples).zip(probabilities) {
        if !row.complete || Some(row.fold) == without {
            continue;
        }
        for (label, probability) in probabilities.iter().enumerate() {
            let wanted = example.targets[label] > 0.0;
            grid.iter().zip(&mut counts[label]).for_each(|(at, counts)| counts.add(wanted, probability >= at));
        }
    }
    let best = |counts: &[Counts]| {
        let at = (0..grid.len()).max_by(|a, b| counts[*a].f1().total_cmp(&counts[*b].f1()));
        grid[at.expect("the grid is not empty")]
    };
    let all: Vec<Counts> =
        (0..grid.len()).map(|at| counts.iter().fold(Counts::default(), |sum, label| sum.plus(label[at]))).collect();
    let common = best(&all);
    let own = |counts: &Vec<Counts>| {
        let examples = (counts[0].right + counts[0].missed) as f32;
        (best(counts) * examples + common * COMMON) / (examples + COMMON)
    };
    counts.iter().map(own).collect()
}

fn figures(labels: &[String], rows: &[Row], examples: &[Example], probabilities: &[Vec<f32>]) -> Figures {
    let mut counts = vec![Counts::default(); labels.len()];
    let (mut measured, mut exact) = (0_usize, 0_usize);
    for round in 0..FOLDS {
        let thresholds = thresholds(labels.len(), rows, examples, probabilities, Some(round));
        for ((row, example), probabilities) in rows.iter().zip(examples).zip(probabilities) {
            if !row.complete || row.fold != round {
                continue;
            }
            let decisions = probabilities.iter().zip(&thresholds).map(|(probability, at)| probability >= at);
            let pairs: Vec<(bool, bool)> = example.targets.iter().map(|target| *target > 0.0).zip(decisions).collect();
            counts.iter_mut().zip(&pairs).for_each(|(counts, (wanted, given))| counts.add(*wanted, *given));
            measured += 1;
            exact += usize::from(pairs.iter().all(|(wanted, given)| wanted == given));
        }
    }
    let classes: Vec<(String, Counts)> = labels.iter().cloned().zip(counts).collect();
    let mut report = Report::of(&classes);
    report.rows = measured;
    report.accuracy = exact as f64 / measured.max(1) as f64;
    let lines = report.classes.iter().map(|class| {
        format!(
            "{}: rows {}, precision {:.3}, recall {:.3}, F1 {:.3}",
            class.label, class.rows, class.precision, class.recall, class.f1
        )
    });
    Figures {
        method: format!(
            "Each text was judged by heads that had not seen it, in {FOLDS} rounds, with thresholds chosen on the other rounds; copies of a text were kept back together. The heads in the file have seen all. Seeds alone give no tag here, as they may in use."
        ),
        results: std::iter::once(format!("all: {}", report.summary())).chain(lines).collect(),
        reliability: Vec::new(),
    }
}
