//! Linear heads over hashed features: one score for each label.

use super::features::Features;

/// Weights of all labels for every bucket of the hash table, and for the numbers beside it.
///
/// An n-gram counts the more the rarer it is (TF-IDF), and the n-grams of a text together have the length one, those of
/// words and those of letters each for themselves. How rare a bucket is lies in its row; it is a factor of the weights
/// there already, so that scoring only adds up rows.
#[derive(Clone, Debug, PartialEq)]
pub(crate) struct Heads {
    /// The buckets are the upper `bits` bits of a hash.
    pub(crate) bits: u32,
    /// How many labels.
    pub(crate) labels: usize,
    /// A row a bucket: a weight a label in units of its scale, how rare the bucket is, and nothing up to the row's end.
    pub(crate) table: Vec<i8>,
    /// What one step of the table is worth, for each label.
    pub(crate) scales: Vec<f32>,
    /// `labels` weights for each number of [`Features::numbers`], and at the end those of the constant one.
    pub(crate) numbers: Vec<f32>,
}

/// Rows are read in pieces of so many bytes.
const PIECE: usize = 8;

/// Sums of so many weights fit into sixteen bits.
const BLOCK: usize = 256;

/// How long a row of a table is.
pub(crate) fn row_length(labels: usize) -> usize {
    (labels + 1).next_multiple_of(PIECE)
}

impl Heads {
    /// The heads with these weights: for each label one a bucket, then one a number, then one for the constant one.
    /// `rarities` says how rare the buckets are.
    pub(crate) fn new(bits: u32, rarities: &[i8], weights: &[Vec<f32>]) -> Self {
        let labels = weights.len();
        let row = row_length(labels);
        let mut table = vec![0_i8; row << bits];
        for (bucket, rarity) in rarities.iter().enumerate() {
            table[bucket * row + labels] = *rarity;
        }
        let mut scales = Vec::with_capacity(labels);
        let numbers = weights.first().map_or(0, |weights| weights.len() - rarities.len());
        let mut dense = vec![0.0; numbers * labels];
        for (label, weights) in weights.iter().enumerate() {
            let (hashed, beside) = weights.split_at(rarities.len());
            let weighted: Vec<f32> = hashed.iter().zip(rarities).map(|(w, rarity)| w * f32::from(*rarity)).collect();
            let scale = scale_of(&weighted);
            for (bucket, weight) in weighted.iter().enumerate() {
                table[bucket * row + label] = steps(*weight, scale);
            }
            scales.push(scale);
            beside.iter().enumerate().for_each(|(number, weight)| dense[number * labels + label] = *weight);
        }
        Self { bits, labels, table, scales, numbers: dense }
    }

    /// How many numbers the heads know.
    pub(crate) fn numbers_len(&self) -> usize {
        self.numbers.len() / self.labels - 1
    }

    /// The same heads, with each label's scores multiplied by the first number of `line` and the second added.
    pub(crate) fn stretch(&mut self, line: &[(f32, f32)]) {
        for (label, (factor, offset)) in line.iter().enumerate() {
            self.scales[label] *= factor;
            self.numbers.iter_mut().skip(label).step_by(self.labels).for_each(|weight| *weight *= factor);
            let constant = self.numbers.len() - self.labels + label;
            self.numbers[constant] += offset;
        }
    }

    /// The score of each label.
    pub(crate) fn scores(&self, features: &Features) -> Vec<f32> {
        let constant = self.numbers.len() - self.labels;
        let mut scores = self.numbers[constant..].to_vec();
        let mut sums = vec![0_i32; row_length(self.labels)];
        let mut block = vec![0_i16; sums.len()];
        for hashes in [&features.words, &features.letters] {
            self.add(hashes, &mut sums, &mut block, &mut scores);
        }
        for (number, value) in &features.numbers {
            let weights = &self.numbers[number * self.labels..][..self.labels];
            scores.iter_mut().zip(weights).for_each(|(score, weight)| *score += value * weight);
        }
        scores
    }

    fn add(&self, hashes: &[u32], sums: &mut [i32], block: &mut [i16], scores: &mut [f32]) {
        sums.fill(0);
        let mut squares = 0_u32;
        for hashes in hashes.chunks(BLOCK) {
            block.fill(0);
            for hash in hashes {
                let start = bucket(*hash, self.bits) * block.len();
                let row = &self.table[start..start + block.len()];
                for (sums, steps) in block.as_chunks_mut::<PIECE>().0.iter_mut().zip(row.as_chunks::<PIECE>().0) {
                    sums.iter_mut().zip(steps).for_each(|(sum, step)| *sum += i16::from(*step));
                }
                let rarity = u32::from(row[self.labels].unsigned_abs());
                squares = squares.saturating_add(rarity * rarity);
            }
            sums.iter_mut().zip(block.iter()).for_each(|(sum, part)| *sum += i32::from(*part));
        }
        if squares > 0 {
            let length = (squares as f32).sqrt();
            for ((score, sum), scale) in scores.iter_mut().zip(sums).zip(&self.scales) {
                *score += scale * *sum as f32 / length;
            }
        }
    }
}

/// The bucket of a hash in a table of 2^`bits`.
pub(crate) fn bucket(hash: u32, bits: u32) -> usize {
    usize::try_from(hash >> (u32::BITS - bits)).expect("a bucket's number has at most 32 bits")
}

/// What one step of eight bits is worth; the one weight in two thousand that is out of reach is cut.
fn scale_of(weights: &[f32]) -> f32 {
    let mut sizes: Vec<f32> = weights.iter().map(|weight| weight.abs()).filter(|size| *size > 0.0).collect();
    if sizes.is_empty() {
        return 1.0;
    }
    let at = sizes.len() - 1 - sizes.len() / 2_000;
    *sizes.select_nth_unstable_by(at, f32::total_cmp).1 / 127.0
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to the range of the type, and whole")]
fn steps(weight: f32, scale: f32) -> i8 {
    (weight / scale).round().clamp(-127.0, 127.0) as i8
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

#[cfg(test)]
mod tests {
    use super::*;

    fn heads() -> Heads {
        // Two buckets; label a likes the first, label b the second; one number, and the constant one.
        Heads::new(1, &[3, 4], &[vec![1.0, -1.0, 0.5, 0.25], vec![-2.0, 2.0, 0.0, 0.0]])
    }

    #[test]
    fn scores_are_those_of_the_weights_over_texts_of_length_one() {
        let features = Features { words: vec![0, u32::MAX], letters: Vec::new(), numbers: vec![(0, 2.0)] };
        let scores = heads().scores(&features);
        assert!((scores[0] - (3.0 / 5.0 - 4.0 / 5.0 + 2.0 * 0.5 + 0.25)).abs() < 0.01, "{scores:?}");
        assert!((scores[1] - (-2.0 * 3.0 / 5.0 + 2.0 * 4.0 / 5.0)).abs() < 0.02, "{scores:?}");
    }

    #[test]
    fn a_word_said_often_counts_as_the_root_of_its_times() {
        let constant = heads().scores(&Features::default())[0];
        let of = |times| heads().scores(&Features { letters: vec![0; times], ..Features::default() })[0] - constant;
        assert!((of(1_600) - 40.0 * of(1)).abs() < 1e-3, "{} {}", of(1), of(1_600));
    }

    #[test]
    fn stretched_heads_have_stretched_scores() {
        let features = Features { words: vec![0], letters: vec![u32::MAX], numbers: vec![(0, 1.0)] };
        let (plain, mut stretched) = (heads(), heads());
        stretched.stretch(&[(2.0, 1.0), (1.0, 0.0)]);
        let (plain, stretched) = (plain.scores(&features), stretched.scores(&features));
        assert!((stretched[0] - (2.0 * plain[0] + 1.0)).abs() < 1e-5 && (stretched[1] - plain[1]).abs() < 1e-5);
    }
}
