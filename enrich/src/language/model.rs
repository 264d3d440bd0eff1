//! The classifier: one row of small weights for every hashed feature, one column for every language.

use std::path::Path;

use bus::config_file::ConfigError;

use super::features;
use crate::artefact;

/// Marks the file and the version of its format.
const MAGIC: &[u8; 8] = b"dlangid1";

/// The most languages that a model may know.
pub(super) const MOST_LABELS: usize = 128;

/// Labels that begin so are of languages which are recognised only to be left without a label.
pub(super) const UNNAMED: &str = "x-";

/// A linear classifier over hashed features.
///
/// The score of a language is its bias plus its scale times the sum of its weights over all features, divided by the
/// square root of their number; a softmax over the scores gives probabilities.
#[derive(Debug, PartialEq)]
pub(super) struct Model {
    labels: Vec<String>,
    /// How many bits of a hash choose the row.
    bits: u32,
    scales: Vec<f32>,
    biases: Vec<f32>,
    /// Rows of one weight for each label.
    weights: Vec<i8>,
}

/// What the classifier makes of a text: a probability for every label.
#[derive(Clone, Debug)]
pub(super) struct Guess<'a> {
    labels: &'a [String],
    probabilities: Vec<f32>,
}

impl<'a> Guess<'a> {
    /// The likeliest of the languages that are named, and its probability among all.
    pub(super) fn best(&self) -> Option<(&'a str, f32)> {
        let all = self.labels.iter().map(String::as_str).zip(self.probabilities.iter().copied());
        all.filter(|(label, _)| !label.starts_with(UNNAMED)).max_by(|a, b| a.1.total_cmp(&b.1))
    }

    /// The likeliest label, named or not.
    pub(super) fn likeliest(&self) -> &'a str {
        let best = (0..self.labels.len()).max_by(|a, b| self.probabilities[*a].total_cmp(&self.probabilities[*b]));
        best.map_or(UNNAMED, |index| &self.labels[index])
    }

    /// The language `code` and its probability; `None` where the classifier does not name it.
    pub(super) fn of(&self, code: &str) -> Option<(&'a str, f32)> {
        let index = self.labels.iter().position(|label| label == code)?;
        Some((&self.labels[index], self.probabilities[index]))
    }
}

impl Model {
    /// Reads and checks the artefact at `path`.
    pub(super) fn load(path: &Path) -> Result<Self, ConfigError> {
        let bytes = artefact::read(path)?;
        Self::parse(&bytes).ok_or_else(|| artefact::unknown(path))
    }

    /// From weights of any size: `weights` holds one row for each of 2^`bits` features.
    pub(super) fn quantised(labels: Vec<String>, bits: u32, weights: &[f32], biases: Vec<f32>) -> Self {
        let count = labels.len();
        let scales: Vec<f32> = (0..count)
            .map(|label| {
                let largest =
                    weights.iter().skip(label).step_by(count).fold(0.0_f32, |most, weight| most.max(weight.abs()));
                largest.max(f32::MIN_POSITIVE) / f32::from(i8::MAX)
            })
            .collect();
        let small = weights.iter().enumerate().map(|(index, weight)| {
            #[expect(clippy::cast_possible_truncation, reason = "a weight divided by its scale is at most 127")]
            let rounded = (weight / scales[index % count]).round() as i8;
            rounded
        });
        Self { weights: small.collect(), labels, bits, scales, biases }
    }

    /// The languages that it names.
    #[cfg(test)]
    pub(super) fn named(&self) -> impl Iterator<Item = &str> {
        self.labels.iter().map(String::as_str).filter(|label| !label.starts_with(UNNAMED))
    }

    /// How likely each language is for the words; `None` where there are none.
    pub(super) fn guess<'a>(&self, words: impl Iterator<Item = &'a str>) -> Option<Guess<'_>> {
        let mut sums = [0_i32; MOST_LABELS];
        let count = self.labels.len();
        let sums = &mut sums[..count];
        let mut seen = 0_u16;
        features::each(words, |hash| {
            let row = row_of(hash, self.bits) * count;
            for (sum, weight) in sums.iter_mut().zip(&self.weights[row..row + count]) {
                *sum += i32::from(*weight);
            }
            seen = seen.saturating_add(1);
        });
        if seen == 0 {
            return None;
        }
        let share = f32::from(seen).sqrt().recip();
        let weighed = sums.iter().zip(&self.scales).zip(&self.biases);
        let mut scores: Vec<f32> = weighed.map(|((sum, scale), bias)| bias + scale * share * *sum as f32).collect();
        softmax(&mut scores);
        Some(Guess { labels: &self.labels, probabilities: scores })
    }

    /// The bytes of the artefact, little-endian: the mark, bits and number of labels, the labels with their lengths, the
    /// scales, the biases, the weights.
    pub(super) fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = MAGIC.to_vec();
        let length = |text: &str| u8::try_from(text.len()).expect("labels are short codes");
        bytes.extend(self.bits.to_le_bytes());
        bytes.extend(u32::try_from(self.labels.len()).expect("at most MOST_LABELS").to_le_bytes());
        for label in &self.labels {
            bytes.push(length(label));
            bytes.extend(label.as_bytes());
        }
        for value in self.scales.iter().chain(&self.biases) {
            bytes.extend(value.to_le_bytes());
        }
        bytes.extend(self.weights.iter().flat_map(|weight| weight.to_le_bytes()));
        bytes
    }

    fn parse(bytes: &[u8]) -> Option<Self> {
        let mut rest = bytes.strip_prefix(MAGIC)?;
        let bits = u32::from_le_bytes(take(&mut rest)?);
        let count = usize::try_from(u32::from_le_bytes(take(&mut rest)?)).ok()?;
        if !(1..=24).contains(&bits) || !(2..=MOST_LABELS).contains(&count) {
            return None;
        }
        let mut labels = Vec::with_capacity(count);
        for _ in 0..count {
            let [length] = take(&mut rest)?;
            let (label, after) = rest.split_at_checked(usize::from(length))?;
            labels.push(String::from_utf8(label.to_vec()).ok()?);
            rest = after;
        }
        let mut numbers = |_| take(&mut rest).map(f32::from_le_bytes).filter(|number| number.is_finite());
        let scales = (0..count).map(&mut numbers).collect::<Option<Vec<f32>>>()?;
        let biases = (0..count).map(&mut numbers).collect::<Option<Vec<f32>>>()?;
        let weights: Vec<i8> = rest.iter().map(|byte| i8::from_le_bytes([*byte])).collect();
        (weights.len() == count << bits).then_some(Self { labels, bits, scales, biases, weights })
    }
}

/// The row of a feature in a table of 2^`bits`.
pub(super) fn row_of(hash: u64, bits: u32) -> usize {
    usize::try_from(hash >> (64 - bits)).expect("at most 24 bits are left")
}

/// Turns scores into probabilities.
pub(super) fn softmax(scores: &mut [f32]) {
    let most = scores.iter().fold(f32::MIN, |most, score| most.max(*score));
    for score in scores.iter_mut() {
        *score = (*score - most).exp();
    }
    let total: f32 = scores.iter().sum();
    for score in scores {
        *score /= total;
    }
}

fn take<const N: usize>(rest: &mut &[u8]) -> Option<[u8; N]> {
    let (head, after) = rest.split_first_chunk()?;
    *rest = after;
    Some(*head)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Model {
        let labels = vec!["en".to_owned(), "x-nl".to_owned()];
        let weights: Vec<f32> = (0_u8..32).map(|index| f32::from(index) / 16.0 - 1.0).collect();
        Model::quantised(labels, 4, &weights, vec![0.5, -0.5])
    }

    #[test]
    fn an_artefact_reads_as_it_was_written() {
        assert_eq!(Model::parse(&model().to_bytes()), Some(model()));
    }

    #[test]
    fn an_artefact_cut_short_or_of_another_kind_is_refused() {
        let bytes = model().to_bytes();
        for length in 0..bytes.len() {
            assert_eq!(Model::parse(&bytes[..length]), None, "of {length} bytes");
        }
        let mut other = bytes.clone();
        other[0] = b'X';
        assert_eq!(Model::parse(&other), None);
        let mut wide = bytes;
        wide[8] = 60;
        assert_eq!(Model::parse(&wide), None);
    }

    #[test]
    fn no_words_give_no_guess_and_only_what_is_named_is_best() {
        let model = model();
        assert!(model.guess(std::iter::empty()).is_none());
        let guess = model.guess(["waiting", "room"].into_iter()).unwrap();
        let (label, probability) = guess.best().unwrap();
        assert_eq!(label, "en");
        let (_, other) = guess.of("x-nl").unwrap();
        assert!((probability + other - 1.0).abs() < 1e-6, "{guess:?}");
        assert_eq!(guess.of("cy"), None);
    }
}
