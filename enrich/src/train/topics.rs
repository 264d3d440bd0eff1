//! `discovery train topics`.

use std::collections::BTreeMap;
use std::ops::Range;
use std::path::{Path, PathBuf};

use super::EvalError;
use super::calibrate::{odds, probability};
use super::card::{names, trained_on};
use super::folds::{FOLDS, fold};
use super::labelled::{self, Fields, Labelled};
use super::support::{Settings, Space, Vector, balanced, dot};
use crate::eval::{Counts, Report};
use crate::model::features::Features;
use crate::model::file::Model;
use crate::model::heads::Heads;
use crate::model::{Card, Figures};
use crate::topics::{Topics, learned_features};

const SETTINGS: Settings = Settings { cost: 0.25, rounds: 60, tolerance: 0.05, seed: 4 };

/// The buckets of the hash table, as a power of two.
const BITS: u32 = 16;

/// A subject with fewer examples gets no head; its seeds have to do.
const MIN_EXAMPLES: usize = 10;

/// What all rows together weigh that do not say all their subjects, beside those that do: such a row may well be about
/// other subjects too.
const INCOMPLETE: f32 = 0.1;

/// From which score on a subject is given. The machines part the texts at nought; a little less finds more of the rare.
pub(super) const GIVEN_FROM: f32 = -0.05;

/// Where a row comes from.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// All its subjects are known, so that it can be measured on.
    Complete,
    /// One of its subjects is known.
    OneOfSeveral,
    /// It is about none of them.
    Background,
}

#[derive(Clone)]
pub(super) struct Row {
    pub(super) text: String,
    pub(super) fold: u64,
    pub(super) kind: Kind,
    pub(super) features: Features,
    /// Whether it has each subject.
    pub(super) has: Vec<bool>,
}

/// Files to learn the heads of subjects from.
#[derive(Clone, Debug, Default)]
pub struct TopicFiles {
    /// Files with subjects.
    pub labelled: Vec<PathBuf>,
    /// Files with texts that are about none of them, so that the heads know other talk.
    pub background: Vec<PathBuf>,
}

/// What was read of them.
pub(super) struct Examples {
    pub(super) read: Vec<Labelled<Vec<String>>>,
    pub(super) background: Vec<Labelled<()>>,
}

impl TopicFiles {
    /// Reads all of them; subjects go by the names that `topics` knows.
    pub(super) fn read(&self, fields: &Fields, topics: &Topics) -> Result<Examples, EvalError> {
        let known = |name: &str| topics.place_of(name).is_some();
        let read = self.labelled.iter().map(|path| labelled::subjects(path, fields, known));
        let background = self.background.iter().map(|path| labelled::texts(path, fields));
        Ok(Examples { read: read.collect::<Result<_, _>>()?, background: background.collect::<Result<_, _>>()? })
    }
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
    let Examples { read, background } = &files.read(fields, &topics)?;
    let subjects = subjects_with_examples(&topics, read)?;
    let rows = prepare(&topics, &subjects, read, background);
    let learner = Learner::new(&rows, topics.all().len());
    let kept_back = learner.kept_back(subjects.len(), 0..FOLDS);
    let lines: Vec<(f32, f32)> = (0..subjects.len()).map(|subject| learner.line(subject, &kept_back)).collect();
    let weights: Vec<Vec<f32>> = (0..subjects.len()).map(|subject| learner.head(subject, None)).collect();
    let mut heads = Heads::new(BITS, &learner.space.rarities, &weights);
    heads.stretch(&lines);
    let model = Model {
        heads,
        labels: subjects.iter().map(|subject| topics.all()[*subject].slug.clone()).collect(),
        numbers: topics.all().iter().map(|topic| topic.slug.clone()).collect(),
        thresholds: lines.iter().map(|line| probability(GIVEN_FROM, *line)).collect(),
    };
    let card = Card {
        file: String::new(),
        sha256: String::new(),
        about: "Subjects of English texts that have labelled examples, several a text. Linear heads over hashed n-grams of words and letters and over the seeds of topics.toml; there is no text in it.".to_owned(),
        licence: super::card::LICENCE.to_owned(),
        command: command(read, background),
        note: note.to_owned(),
        trained_on: trained_on(read).into_iter().chain(trained_on(background)).collect(),
        needs: Vec::new(),
        figures: figures(&model.labels, &rows, &kept_back),
    };
    model.save(out, "topics", card.clone()).map_err(|reason| EvalError::Unwritable { dir: out.to_owned(), reason })?;
    Ok(card)
}

pub(super) fn command(read: &[Labelled<Vec<String>>], background: &[Labelled<()>]) -> String {
    let other: Vec<String> = background.iter().map(|file| format!(" --background {}", file.file)).collect();
    format!("discovery train topics {}{}", names(read), other.concat())
}

pub(super) fn subjects_with_examples(topics: &Topics, read: &[Labelled<Vec<String>>]) -> Result<Vec<usize>, EvalError> {
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

pub(super) fn prepare(
    topics: &Topics,
    subjects: &[usize],
    read: &[Labelled<Vec<String>>],
    background: &[Labelled<()>],
) -> Vec<Row> {
    let mut rows = Vec::new();
    let mut push = |text: &str, has: Vec<bool>, kind: Kind| {
        let features = learned_features(text, topics.with_seeds(text).into_iter());
        rows.push(Row { text: text.to_owned(), fold: fold(text), kind, features, has });
    };
    for file in read {
        let complete = file.rows.iter().any(|(_, names)| names.len() > 1);
        let kind = if complete { Kind::Complete } else { Kind::OneOfSeveral };
        for (text, names) in &file.rows {
            let places: Vec<usize> = names.iter().filter_map(|name| topics.place_of(name)).collect();
            let has: Vec<bool> = subjects.iter().map(|subject| places.contains(subject)).collect();
            // A row whose only label is unknown here says of no subject whether it holds.
            if complete || has.contains(&true) {
                push(text, has, kind);
            }
        }
    }
    let labelled: usize = read.iter().map(|file| file.rows.len()).sum();
    for file in background {
        // As much other talk as there are examples, taken evenly from the file.
        let every = (file.rows.len() * background.len() / labelled.max(1)).max(1);
        let texts = file.rows.iter().step_by(every);
        texts.for_each(|(text, ())| push(text, vec![false; subjects.len()], Kind::Background));
    }
    rows
}

/// The rows, and where they lie.
pub(super) struct Learner<'a> {
    rows: &'a [Row],
    settings: Settings,
    space: Space,
    vectors: Vec<Vector>,
    /// Whether any file says all subjects of its rows.
    complete: bool,
}

impl<'a> Learner<'a> {
    pub(super) fn new(rows: &'a [Row], numbers: usize) -> Self {
        let space = Space::of(rows.iter().map(|row| &row.features), BITS, numbers);
        Self::in_space(rows, space, SETTINGS)
    }

    pub(super) fn in_space(rows: &'a [Row], space: Space, settings: Settings) -> Self {
        let vectors = rows.iter().map(|row| space.vector(&row.features)).collect();
        Self { rows, settings, space, vectors, complete: rows.iter().any(|row| row.kind == Kind::Complete) }
    }

    /// Whether a row of this kind is measured on.
    fn measured(&self, row: &Row) -> bool {
        row.kind == Kind::Complete || (!self.complete && row.kind == Kind::OneOfSeveral)
    }

    /// The weights of a subject's head, learned from all rows but those that are kept back in round `without`.
    pub(super) fn head(&self, subject: usize, without: Option<u64>) -> Vec<f32> {
        let seen = || self.rows.iter().zip(&self.vectors).filter(|(row, _)| Some(row.fold) != without);
        let measured = || seen().filter(|(row, _)| self.measured(row));
        let whole = measured().count() as f32;
        let mut texts = Vec::new();
        let mut add = |kinds: &dyn Fn(&Row) -> bool, whole: f32| {
            let holds = || seen().filter(|(row, _)| kinds(row)).map(|(row, _)| row.has[subject]);
            let weight = balanced(holds(), whole);
            let rows = seen().filter(|(row, _)| kinds(row));
            texts.extend(rows.map(|(row, vector)| (vector, row.has[subject], weight(row.has[subject]))));
        };
        add(&|row| self.measured(row), whole);
        // What a file never mentions, it need not have looked for.
        if self.complete && seen().any(|(row, _)| row.kind == Kind::OneOfSeveral && row.has[subject]) {
            add(&|row| row.kind == Kind::OneOfSeveral, whole * INCOMPLETE);
        }
        add(&|row| row.kind == Kind::Background, whole * INCOMPLETE);
        self.space.fit(&texts, &self.settings)
    }

    /// The scores of every measured row of these rounds by heads that have not seen it; empty for the others.
    pub(super) fn kept_back(&self, subjects: usize, rounds: Range<u64>) -> Vec<Vec<f32>> {
        let mut scores = vec![Vec::new(); self.rows.len()];
        for round in rounds {
            let heads: Vec<Vec<f32>> = (0..subjects).map(|subject| self.head(subject, Some(round))).collect();
            for ((row, vector), scores) in self.rows.iter().zip(&self.vectors).zip(&mut scores) {
                if row.fold == round && self.measured(row) {
                    *scores = heads.iter().map(|head| dot(head, vector)).collect();
                }
            }
        }
        scores
    }

    /// How the scores of a subject become logarithms of odds.
    pub(super) fn line(&self, subject: usize, kept_back: &[Vec<f32>]) -> (f32, f32) {
        let rows = self.rows.iter().zip(kept_back).filter(|(_, scores)| !scores.is_empty());
        odds(&rows.map(|(row, scores)| (scores[subject], row.has[subject])).collect::<Vec<_>>())
    }
}

fn figures(labels: &[String], rows: &[Row], kept_back: &[Vec<f32>]) -> Figures {
    let mut counts = vec![Counts::default(); labels.len()];
    let (mut measured, mut exact) = (0_usize, 0_usize);
    for (row, scores) in rows.iter().zip(kept_back).filter(|(_, scores)| !scores.is_empty()) {
        let pairs = row.has.iter().copied().zip(scores.iter().map(|score| *score >= GIVEN_FROM));
        counts.iter_mut().zip(pairs.clone()).for_each(|(counts, (wanted, given))| counts.add(wanted, given));
        measured += 1;
        exact += usize::from(pairs.into_iter().all(|(wanted, given)| wanted == given));
    }
    Figures {
        method: format!(
            "Each text was judged by heads that had not seen it, in {FOLDS} rounds; copies of a text were kept back together. The heads in the file have seen all. Seeds alone give no tag here, as they may in use."
        ),
        results: results(labels, counts, measured, exact),
        reliability: Vec::new(),
    }
}

/// A line for all subjects together, and one for each.
pub(super) fn results(labels: &[String], counts: Vec<Counts>, measured: usize, exact: usize) -> Vec<String> {
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
    std::iter::once(format!("all: {}", report.summary())).chain(lines).collect()
}
