//! Training the classifier: softmax regression by stochastic gradient descent, the same bytes for the same texts.

use std::collections::BTreeSet;
use std::io;
use std::path::Path;

use serde::Deserialize;
use thiserror::Error;

use super::features;
use super::model::{MOST_LABELS, Model, row_of, softmax};
use super::tokens;
use crate::artefact;
use crate::text::beginning;

/// Every so many lines, one is held out to measure with.
const HOLD_OUT: usize = 10;

/// How many bits of a hash choose a row.
const BITS: u32 = 15;

/// How often every text is seen.
const EPOCHS: usize = 8;

/// The step of `AdaGrad`: the gradient is divided by the root of the sum of its earlier squares, row by row.
const STEP: f32 = 0.5;

/// Texts whose language is surer than this teach nothing more.
const LEARNT: f32 = 0.995;

/// One labelled text: a line of a training file.
#[derive(Clone, Debug, Deserialize)]
pub struct LabelledText {
    /// A code of ISO 639-1, or `x-` and a name for languages that are to be left without a label.
    pub lang: String,
    /// What is said.
    pub text: String,
}

/// What training gave.
#[derive(Clone, Debug)]
pub struct Trained {
    /// Texts learnt from.
    pub texts: usize,
    /// Languages and families told apart.
    pub labels: usize,
    /// Texts held out, one in ten.
    pub held_out: usize,
    /// Those of them whose label was the likeliest one.
    pub held_out_right: usize,
    /// The size of the artefact in bytes.
    pub bytes: usize,
    /// Its SHA-256.
    pub sha256: String,
}

/// Why nothing was trained.
#[derive(Debug, Error)]
pub enum TrainError {
    /// The artefact cannot be written.
    #[error("the artefact cannot be written: {0}")]
    Write(#[from] io::Error),
    /// The texts do not make a classifier.
    #[error("a classifier needs from 2 to {MOST_LABELS} languages, but the files have {0}")]
    Labels(usize),
}

/// Fits a classifier to `texts` and writes `language.bin` and its sum into the folder `out`.
///
/// # Errors
/// [`TrainError`].
pub fn train(texts: &[LabelledText], out: &Path) -> Result<Trained, TrainError> {
    let labels: Vec<String> = texts.iter().map(|text| text.lang.clone()).collect::<BTreeSet<_>>().into_iter().collect();
    if !(2..=MOST_LABELS).contains(&labels.len()) {
        return Err(TrainError::Labels(labels.len()));
    }
    let is_held_out = |index: usize| index % HOLD_OUT == HOLD_OUT - 1;
    let learnt: Vec<&LabelledText> =
        texts.iter().enumerate().filter(|(index, _)| !is_held_out(*index)).map(|(_, text)| text).collect();
    let held_out: Vec<&LabelledText> = texts.iter().skip(HOLD_OUT - 1).step_by(HOLD_OUT).collect();
    let model = fit(&learnt, &labels);
    let is_right =
        |text: &&LabelledText| model.guess(words(&text.text)).is_some_and(|guess| guess.likeliest() == text.lang);
    let right = held_out.iter().copied().filter(is_right).count();
    let bytes = model.to_bytes();
    std::fs::create_dir_all(out)?;
    let sha256 = artefact::write(&out.join(super::ARTEFACT), &bytes)?;
    let (texts, labels, held_out) = (learnt.len(), labels.len(), held_out.len());
    Ok(Trained { texts, labels, held_out, held_out_right: right, bytes: bytes.len(), sha256 })
}

fn words(text: &str) -> impl Iterator<Item = &str> {
    tokens::of(beginning(text, super::MAX_BYTES))
}

/// The weights while they are learnt.
struct Learner {
    count: usize,
    weights: Vec<f32>,
    biases: Vec<f32>,
    /// Sums of squared gradients by row.
    squares: Vec<f32>,
    scores: Vec<f32>,
    rows: Vec<usize>,
}

fn fit(texts: &[&LabelledText], labels: &[String]) -> Model {
    let count = labels.len();
    let mut learner = Learner {
        count,
        weights: vec![0.0; count << BITS],
        biases: vec![0.0; count],
        squares: vec![1e-3; 1 << BITS],
        scores: vec![0.0; count],
        rows: Vec::new(),
    };
    let mut random = Random(1);
    let mut order: Vec<usize> = (0..texts.len()).collect();
    for epoch in 0..EPOCHS {
        random.shuffle(&mut order);
        let step = STEP * (1.0 - epoch as f32 / EPOCHS as f32);
        for index in &order {
            let text = texts[*index];
            let label = labels.binary_search(&text.lang).expect("labels are those of the texts, sorted");
            let all: Vec<&str> = words(&text.text).collect();
            learner.learn(random.part(&all), label, step);
        }
    }
    Model::quantised(labels.to_vec(), BITS, &learner.weights, learner.biases)
}

impl Learner {
    /// One step of gradient descent on one text.
    fn learn(&mut self, words: &[&str], label: usize, step: f32) {
        let rows = &mut self.rows;
        rows.clear();
        features::each(words.iter().copied(), |hash| rows.push(row_of(hash, BITS)));
        if rows.is_empty() {
            return;
        }
        let share = (rows.len() as f32).sqrt().recip();
        self.scores.fill(0.0);
        for row in rows.iter() {
            add(&mut self.scores, &self.weights[row * self.count..][..self.count], share);
        }
        add(&mut self.scores, &self.biases, 1.0);
        softmax(&mut self.scores);
        if self.scores[label] > LEARNT {
            return;
        }
        // The gradient of the log-likelihood by the scores.
        for probability in &mut self.scores {
            *probability = -*probability;
        }
        self.scores[label] += 1.0;
        let square = self.scores.iter().map(|gradient| gradient * gradient).sum::<f32>() * share * share;
        add(&mut self.biases, &self.scores, step * 0.05);
        for row in &self.rows {
            self.squares[*row] += square;
            let size = step * share / self.squares[*row].sqrt();
            add(&mut self.weights[row * self.count..][..self.count], &self.scores, size);
        }
    }
}

/// `sums += weights * factor`.
fn add(sums: &mut [f32], weights: &[f32], factor: f32) {
    for (sum, weight) in sums.iter_mut().zip(weights) {
        *sum += weight * factor;
    }
}

/// `SplitMix64` (Steele, Lea and Flood, 2014): its numbers are the same everywhere and for ever.
struct Random(u64);

impl Random {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }

    fn below(&mut self, bound: usize) -> usize {
        let bound = u64::try_from(bound).expect("a length fits 64 bits");
        usize::try_from(self.next() % bound).expect("below a length")
    }

    fn shuffle(&mut self, order: &mut [usize]) {
        for last in (1..order.len()).rev() {
            order.swap(last, self.below(last + 1));
        }
    }

    /// Half of the time the whole text, else one to eight words of it: posts are short.
    fn part<'a, 'w>(&mut self, words: &'a [&'w str]) -> &'a [&'w str] {
        if words.len() < 3 || self.below(2) == 0 {
            return words;
        }
        let length = (1 + self.below(8)).min(words.len());
        let start = self.below(words.len() - length + 1);
        &words[start..start + length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn texts() -> Vec<LabelledText> {
        let say = |lang: &str, text: String| LabelledText { lang: lang.to_owned(), text };
        (0..60)
            .flat_map(|n| {
                [
                    say("en", format!("the nurse number {n} was kind and the waiting room was warm")),
                    say("cy", format!("roedd y nyrs {n} yn garedig ac roedd yr ystafell yn gynnes")),
                    say("x-nl", format!("de verpleegster {n} was aardig en de wachtkamer was warm")),
                ]
            })
            .collect()
    }

    #[test]
    fn training_tells_languages_apart_and_gives_the_same_bytes_again() {
        let (one, other) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let trained = train(&texts(), one.path()).unwrap();
        assert_eq!((trained.texts, trained.held_out, trained.labels), (162, 18, 3));
        assert_eq!(trained.held_out_right, 18);
        assert_eq!(train(&texts(), other.path()).unwrap().sha256, trained.sha256);

        let model = Model::load(&one.path().join(super::super::ARTEFACT)).unwrap();
        let guess = model.guess("the room was kind".split(' ')).unwrap();
        assert_eq!(guess.best().unwrap().0, "en");
        assert_eq!(model.guess("de wachtkamer".split(' ')).unwrap().likeliest(), "x-nl");
    }

    #[test]
    fn one_language_makes_no_classifier() {
        let dir = tempfile::tempdir().unwrap();
        let error = train(&texts()[..1], dir.path()).unwrap_err();
        assert!(matches!(error, TrainError::Labels(1)), "{error}");
    }
}
