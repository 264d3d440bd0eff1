//! Logistic regression over hashed features, by stochastic gradient steps.
//!
//! Steps shrink where a bucket has already moved much (`AdaGrad`, Duchi et al. 2011, with one sum for each bucket), and
//! what is kept is the mean of the weights after the later rounds. Everything is in a fixed order on one thread: the
//! same examples give the same weights, bit for bit, on the same kind of machine.

use crate::model::features::Features;
use crate::model::heads::{Heads, bucket, share, sigmoid, softmax};

/// One text to learn from.
pub(crate) struct Example {
    pub(crate) features: Features,
    /// What is wanted of each label: 0 or 1.
    pub(crate) targets: Vec<f32>,
    /// How much each label of this text counts; nought where nothing is known of it.
    pub(crate) weights: Vec<f32>,
}

/// How labels relate.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Kind {
    /// Exactly one of them holds.
    OneOf,
    /// Each holds or not by itself.
    AnyOf,
}

/// How to learn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    pub(crate) kind: Kind,
    pub(crate) bits: u32,
    pub(crate) rounds: u32,
    pub(crate) step: f32,
    /// How strongly weights are drawn to nought at each step.
    pub(crate) pull: f32,
    /// How much more what few texts have counts: nought not at all, one as in TF-IDF.
    pub(crate) rarity: f32,
    pub(crate) seed: u64,
}

/// Learns the heads from the examples.
pub(crate) fn fit(examples: &[&Example], settings: &Settings) -> Heads {
    let labels = examples.first().map_or(1, |example| example.targets.len());
    let numbers = examples.first().map_or(0, |example| example.features.dense.len()) + 1;
    let mut learner = Learner {
        settings: *settings,
        labels,
        table: vec![0.0; labels << settings.bits],
        moved: vec![1e-3; 1 << settings.bits],
        dense: vec![0.0; labels * numbers],
        dense_moved: vec![1e-3; numbers],
        rarity: rarity(examples, settings),
    };
    let mut order: Vec<usize> = (0..examples.len()).collect();
    let mut random = SplitMix(settings.seed);
    let mut kept = (vec![0.0_f32; learner.table.len()], vec![0.0_f32; learner.dense.len()]);
    let first_kept = settings.rounds / 2;
    for round in 0..settings.rounds {
        random.shuffle(&mut order);
        for index in &order {
            learner.step(examples[*index]);
        }
        if round >= first_kept {
            kept.0.iter_mut().zip(&learner.table).for_each(|(sum, weight)| *sum += weight);
            kept.1.iter_mut().zip(&learner.dense).for_each(|(sum, weight)| *sum += weight);
        }
    }
    let count = (settings.rounds - first_kept) as f32;
    kept.0.iter_mut().chain(&mut kept.1).for_each(|weight| *weight /= count);
    // What a bucket counts is the same wherever it is used, so it goes into its weights.
    for (weights, rarity) in kept.0.chunks_exact_mut(labels).zip(&learner.rarity) {
        for weight in weights.iter_mut() {
            *weight *= rarity;
        }
    }
    let (table, scale) = quantise(&kept.0);
    Heads { bits: settings.bits, labels, table, scale, dense: kept.1 }
}

struct Learner {
    settings: Settings,
    labels: usize,
    table: Vec<f32>,
    moved: Vec<f32>,
    dense: Vec<f32>,
    dense_moved: Vec<f32>,
    /// How much each bucket counts.
    rarity: Vec<f32>,
}

/// What each bucket counts: the fewer texts have it, the more (inverse document frequency, at most two), to the power
/// that the settings name.
fn rarity(examples: &[&Example], settings: &Settings) -> Vec<f32> {
    let mut texts = vec![0_u32; 1 << settings.bits];
    let mut last_text = vec![usize::MAX; 1 << settings.bits];
    for (text, example) in examples.iter().enumerate() {
        for hash in example.features.words.iter().chain(&example.features.letters) {
            let row = bucket(*hash, settings.bits);
            if last_text[row] != text {
                last_text[row] = text;
                texts[row] += 1;
            }
        }
    }
    let all = (examples.len() as f32 + 1.0).ln();
    texts.into_iter().map(|texts| (2.0 * (all - (texts as f32 + 1.0).ln()) / all).powf(settings.rarity)).collect()
}

impl Learner {
    fn step(&mut self, example: &Example) {
        let gradient = self.gradient(example);
        let size = gradient.iter().map(|g| g * g).sum::<f32>() / self.labels as f32;
        if size == 0.0 {
            return;
        }
        let Settings { step, pull, .. } = self.settings;
        for hashes in [&example.features.words, &example.features.letters] {
            let x = share(hashes.len());
            for hash in hashes {
                let row = bucket(*hash, self.settings.bits);
                let x = x * self.rarity[row];
                self.moved[row] += size * x * x;
                let rate = step / self.moved[row].sqrt();
                let weights = &mut self.table[row * self.labels..(row + 1) * self.labels];
                weights.iter_mut().zip(&gradient).for_each(|(w, g)| *w -= rate * (g * x + pull * *w));
            }
        }
        let numbers = example.features.dense.iter().copied().chain([1.0]);
        for ((x, weights), moved) in numbers.zip(self.dense.chunks_exact_mut(self.labels)).zip(&mut self.dense_moved) {
            *moved += size * x * x;
            let rate = step / moved.sqrt();
            weights.iter_mut().zip(&gradient).for_each(|(w, g)| *w -= rate * (g * x + pull * *w));
        }
    }

    /// The derivative of the loss with respect to each score.
    fn gradient(&self, example: &Example) -> Vec<f32> {
        let scores = self.scores(&example.features);
        let believed = match self.settings.kind {
            Kind::OneOf => softmax(&scores),
            Kind::AnyOf => scores.into_iter().map(sigmoid).collect(),
        };
        believed
            .iter()
            .zip(&example.targets)
            .zip(&example.weights)
            .map(|((believed, target), weight)| (believed - target) * weight)
            .collect()
    }

    fn scores(&self, features: &Features) -> Vec<f32> {
        let mut scores = vec![0.0_f32; self.labels];
        for hashes in [&features.words, &features.letters] {
            let x = share(hashes.len());
            for hash in hashes {
                let bucket = bucket(*hash, self.settings.bits);
                let x = x * self.rarity[bucket];
                let row = bucket * self.labels;
                let weights = &self.table[row..row + self.labels];
                scores.iter_mut().zip(weights).for_each(|(score, weight)| *score += x * weight);
            }
        }
        let numbers = features.dense.iter().copied().chain([1.0]);
        for (x, weights) in numbers.zip(self.dense.chunks_exact(self.labels)) {
            scores.iter_mut().zip(weights).for_each(|(score, weight)| *score += x * weight);
        }
        scores
    }
}

/// Eight bits a weight; the one weight in two thousand that is out of reach is cut.
fn quantise(weights: &[f32]) -> (Vec<i8>, f32) {
    let mut sizes: Vec<f32> = weights.iter().map(|weight| weight.abs()).filter(|size| *size > 0.0).collect();
    if sizes.is_empty() {
        return (vec![0; weights.len()], 1.0);
    }
    let at = sizes.len() - 1 - sizes.len() / 2_000;
    let (_, reach, _) = sizes.select_nth_unstable_by(at, f32::total_cmp);
    let scale = *reach / 127.0;
    #[expect(clippy::cast_possible_truncation, reason = "clamped to the range of the type, and whole")]
    let table = weights.iter().map(|weight| (weight / scale).round().clamp(-127.0, 127.0) as i8).collect();
    (table, scale)
}

/// Steele et al. (2014): small, and the same everywhere.
pub(crate) struct SplitMix(pub(crate) u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    pub(crate) fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let span = u64::try_from(last + 1).expect("a list's length fits in 64 bits");
            let other = usize::try_from(self.next() % span).expect("smaller than the list");
            list.swap(last, other);
        }
    }
}
