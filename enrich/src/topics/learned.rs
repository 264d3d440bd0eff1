//! Subjects by heads that were learned from labelled examples.

use std::path::Path;

use bus::config_file::ConfigError;

use super::Topics;
use crate::model::features::{Features, unescape};
use crate::model::file::Model;
use crate::model::heads::sigmoid;

/// Where a seed says that a text is about a subject, the head may doubt it down to this share of its threshold.
const BENEFIT_OF_DOUBT: f32 = 0.5;

/// Longer texts are judged in parts, in bytes: the heads were learned from comments, not from speeches.
const LONG: usize = 1_000;

/// What a subject that has a seed in the text counts beside the n-grams, which have the length one.
const MARK: f32 = 0.5;

/// Heads for some of the subjects.
pub(crate) struct Learned {
    model: Model,
    /// The subject of each head, where the file still has it.
    subjects: Vec<Option<usize>>,
    /// Which number of the features says that a subject of the file has a seed in the text, where the heads know it.
    marks: Vec<Option<usize>>,
}

impl Learned {
    /// Reads the model in `dir`.
    pub(super) fn load(dir: &Path, topics: &Topics) -> Result<Self, ConfigError> {
        let model = Model::load(dir, "topics")?;
        Ok(Self::new(model, topics))
    }

    pub(crate) fn new(model: Model, topics: &Topics) -> Self {
        let place = |slug: &String| topics.all().iter().position(|topic| topic.slug == *slug);
        let subjects = model.labels.iter().map(place).collect();
        let number = |slug: &String| model.numbers.iter().position(|other| other == slug);
        let marks = topics.all().iter().map(|topic| number(&topic.slug)).collect();
        Self { model, subjects, marks }
    }

    /// Adds (subject, confidence) for every subject of `text`; `by_seeds` is what its phrases say.
    pub(super) fn judge(&self, text: &str, by_seeds: &[(usize, f32)], judged: &mut Vec<(usize, f32)>) {
        let mut probabilities = vec![0.0_f32; self.subjects.len()];
        for part in parts(text) {
            // A subject that the whole text names counts in each part: a seed weighs the same however long the text is.
            let found = self.probabilities(part, self.marks(by_seeds));
            probabilities.iter_mut().zip(found).for_each(|(most, found)| *most = most.max(found));
        }
        self.decide(&probabilities, &self.model.thresholds, by_seeds, judged);
    }

    /// What the heads are called, in their order.
    pub(crate) fn labels(&self) -> &[String] {
        &self.model.labels
    }

    /// The score of each head for a text in one piece.
    pub(super) fn scores(&self, text: &str, by_seeds: &[(usize, f32)]) -> Vec<f32> {
        self.model.heads.scores(&features(text, self.marks(by_seeds)))
    }

    /// Adds (subject, confidence) for every subject that the heads find probable enough, or the seeds together with them.
    pub(super) fn decide(
        &self,
        probabilities: &[f32],
        thresholds: &[f32],
        by_seeds: &[(usize, f32)],
        judged: &mut Vec<(usize, f32)>,
    ) {
        let mut has_head = vec![false; self.marks.len()];
        for ((subject, probability), threshold) in self.subjects.iter().zip(probabilities).zip(thresholds) {
            let probability = *probability;
            let Some(subject) = *subject else { continue };
            has_head[subject] = true;
            let seeds = by_seeds.iter().find(|(other, _)| *other == subject).map(|(_, confidence)| *confidence);
            if probability >= *threshold {
                judged.push((subject, seeds.unwrap_or(0.0).max(probability)));
            } else if let Some(confidence) = seeds.filter(|_| probability >= threshold * BENEFIT_OF_DOUBT) {
                judged.push((subject, confidence.min(0.5)));
            }
        }
        judged.extend(by_seeds.iter().filter(|(subject, _)| !has_head[*subject]));
    }

    fn probabilities(&self, text: &str, marks: impl Iterator<Item = usize>) -> Vec<f32> {
        self.model.heads.scores(&features(text, marks)).into_iter().map(sigmoid).collect()
    }

    /// The numbers of the subjects that have a seed in the text.
    fn marks(&self, by_seeds: &[(usize, f32)]) -> impl Iterator<Item = usize> {
        by_seeds.iter().filter_map(|(subject, _)| self.marks[*subject])
    }

    /// The head of a subject, its probability for `text`, and its threshold.
    pub(super) fn probability(&self, text: &str, by_seeds: &[(usize, f32)], subject: usize) -> Option<(f32, f32)> {
        let head = self.subjects.iter().position(|other| *other == Some(subject))?;
        Some((self.probabilities(text, self.marks(by_seeds))[head], self.model.thresholds[head]))
    }

    /// What a word of its own adds to the score of a subject's head, in a text of one word.
    pub(super) fn weight(&self, word: &str, subject: usize) -> Option<f32> {
        let head = self.subjects.iter().position(|other| *other == Some(subject))?;
        let features = features(word, std::iter::empty());
        let with = self.model.heads.scores(&features)[head];
        let without = self.model.heads.scores(&Features::default())[head];
        Some(with - without)
    }
}

/// What the heads see of a text, and of the subjects whose seeds are in it.
pub(crate) fn features(text: &str, marks: impl Iterator<Item = usize>) -> Features {
    let mut features = Features::of(&unescape(text));
    features.numbers.extend(marks.map(|mark| (mark, MARK)));
    features
}

/// The text in parts of bounded length, cut at white space where there is any.
fn parts(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    let mut first = true;
    std::iter::from_fn(move || {
        if rest.is_empty() && !first {
            return None;
        }
        first = false;
        if rest.len() <= LONG {
            return Some(std::mem::take(&mut rest));
        }
        let most = crate::text::beginning(rest, LONG);
        let end = most.rfind(char::is_whitespace).filter(|end| *end > 0).unwrap_or(most.len());
        let (part, after) = rest.split_at(end);
        rest = after;
        Some(part)
    })
}
