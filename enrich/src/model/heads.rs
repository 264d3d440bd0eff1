//! Linear heads over hashed features: one score for each label.

use super::features::Features;

/// Weights of all labels for every bucket of the hash table, and for the numbers beside it.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Heads {
    /// The buckets are the upper `bits` bits of a hash.
    pub(crate) bits: u32,
    /// How many labels.
    pub(crate) labels: usize,
    /// `labels` weights a bucket, in units of `scale`.
    pub(crate) table: Vec<i8>,
    /// What one step of the table is worth.
    pub(crate) scale: f32,
    /// `labels` weights for each number of [`Features::dense`], and at the end those of the constant one.
    pub(crate) dense: Vec<f32>,
}

impl Heads {
    /// How many numbers the heads expect in [`Features::dense`].
    pub(crate) fn dense_len(&self) -> usize {
        self.dense.len() / self.labels - 1
    }

    /// The score of each label, before any squashing, in natural logarithms of odds.
    pub(crate) fn scores(&self, features: &Features) -> Vec<f32> {
        let mut scores = vec![0.0; self.labels];
        self.add(&features.words, &mut scores);
        self.add(&features.letters, &mut scores);
        let numbers = features.dense.iter().copied().chain([1.0]);
        for (number, weights) in numbers.zip(self.dense.chunks_exact(self.labels)) {
            scores.iter_mut().zip(weights).for_each(|(score, weight)| *score += number * weight);
        }
        scores
    }

    fn add(&self, hashes: &[u32], scores: &mut [f32]) {
        let mut sums = vec![0_i32; self.labels];
        for hash in hashes {
            let row = self.row(*hash);
            sums.iter_mut().zip(&self.table[row..row + self.labels]).for_each(|(sum, step)| *sum += i32::from(*step));
        }
        let part = self.scale * share(hashes.len());
        scores.iter_mut().zip(sums).for_each(|(score, sum)| *score += part * sum as f32);
    }

    fn row(&self, hash: u32) -> usize {
        bucket(hash, self.bits) * self.labels
    }
}

/// The bucket of a hash in a table of 2^`bits`.
pub(crate) fn bucket(hash: u32, bits: u32) -> usize {
    usize::try_from(hash >> (u32::BITS - bits)).expect("a bucket's number has at most 32 bits")
}

/// What one n-gram among `count` counts, so that a long text does not shout.
pub(crate) fn share(count: usize) -> f32 {
    1.0 / (count.max(1) as f32).sqrt()
}

/// Probabilities that add up to one.
pub(crate) fn softmax(scores: &[f32]) -> Vec<f32> {
    let most = scores.iter().copied().fold(f32::NEG_INFINITY, f32::max);
    let mut shares: Vec<f32> = scores.iter().map(|score| (score - most).exp()).collect();
    let sum: f32 = shares.iter().sum();
    for share in &mut shares {
        *share /= sum;
    }
    shares
}

/// The probability whose odds are e^`score`.
pub(crate) fn sigmoid(score: f32) -> f32 {
    1.0 / (1.0 + (-score).exp())
}
