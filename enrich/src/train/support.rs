//! Linear support vector machines over hashed features, by dual coordinate descent.
//!
//! Hsieh et al. (2008), "A dual coordinate descent method for large-scale linear SVM", with the squared hinge loss and
//! a cost of its own for each text, as in LIBLINEAR. Everything is in a fixed order on one thread: the same examples
//! give the same weights, bit for bit, on the same kind of machine.

use crate::model::features::Features;
use crate::model::heads::bucket;

/// How to learn.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Settings {
    /// What a text of weight one costs that lies on the wrong side.
    pub(crate) cost: f32,
    pub(crate) rounds: u32,
    /// Once no text asks for a step larger than this, the weights are as good as they get.
    pub(crate) tolerance: f32,
    pub(crate) seed: u64,
}

/// A text as the machines see it: where it is not nought, in the order of places.
pub(crate) type Vector = Vec<(u32, f32)>;

/// The places of a vector: the buckets of the hash table, the numbers, and at the end the constant one.
pub(crate) struct Space {
    bits: u32,
    numbers: usize,
    /// How rare each bucket is, as a head keeps it.
    pub(crate) rarities: Vec<i8>,
}

/// A bucket that fewer texts have tells nothing that could be used again.
const MIN_TEXTS: u32 = 2;

/// The steps of a rarity: that of a bucket in two of a million texts still fits.
const RARITY_STEPS: f32 = 9.0;

impl Space {
    /// The space of these texts with 2^`bits` buckets and so many `numbers`. How rare a bucket is, is its smoothed
    /// inverse document frequency, ln((1 + texts) / (1 + texts that have it)) + 1.
    pub(crate) fn of<'a>(texts: impl Iterator<Item = &'a Features>, bits: u32, numbers: usize) -> Self {
        let mut having = vec![0_u32; 1 << bits];
        let mut last = vec![u32::MAX; 1 << bits];
        let mut all = 0_u32;
        for features in texts {
            for hash in features.words.iter().chain(&features.letters) {
                let bucket = bucket(*hash, bits);
                if last[bucket] != all {
                    last[bucket] = all;
                    having[bucket] += 1;
                }
            }
            all += 1;
        }
        let rarity = |having: u32| {
            let frequency = ((1.0 + all as f32) / (1.0 + having as f32)).ln() + 1.0;
            if having < MIN_TEXTS { 0 } else { steps(frequency) }
        };
        Self { bits, numbers, rarities: having.into_iter().map(rarity).collect() }
    }

    /// How many places there are.
    fn places(&self) -> usize {
        self.rarities.len() + self.numbers + 1
    }

    /// Where a text lies, as [`crate::model::heads::Heads`] would see it.
    pub(crate) fn vector(&self, features: &Features) -> Vector {
        let mut vector = Vector::new();
        for hashes in [&features.words, &features.letters] {
            let rarity = |hash: &u32| {
                let bucket = bucket(*hash, self.bits);
                (place(bucket), f32::from(self.rarities[bucket]))
            };
            let found: Vec<(u32, f32)> = hashes.iter().map(rarity).filter(|(_, rarity)| *rarity > 0.0).collect();
            let length = found.iter().map(|(_, rarity)| rarity * rarity).sum::<f32>().sqrt();
            vector.extend(found.into_iter().map(|(place, rarity)| (place, rarity / length)));
        }
        let first = self.rarities.len();
        vector.extend(features.numbers.iter().map(|(number, value)| (place(first + number), *value)));
        vector.push((place(self.places() - 1), 1.0));
        vector.sort_unstable_by_key(|(place, _)| *place);
        vector.dedup_by(|next, kept| {
            let same = next.0 == kept.0;
            if same {
                kept.1 += next.1;
            }
            same
        });
        vector
    }

    /// The weights of one head: `texts` are the vectors, whether the label holds, and what each text weighs.
    pub(crate) fn fit(&self, texts: &[(&Vector, bool, f32)], settings: &Settings) -> Vec<f32> {
        let mut weights = vec![0.0_f32; self.places()];
        let mut pulls = vec![0.0_f32; texts.len()];
        let squares: Vec<f32> =
            texts.iter().map(|(vector, ..)| vector.iter().map(|(_, value)| value * value).sum()).collect();
        let mut order: Vec<usize> = (0..texts.len()).filter(|index| texts[*index].2 > 0.0).collect();
        let mut random = SplitMix(settings.seed);
        for _ in 0..settings.rounds {
            random.shuffle(&mut order);
            let mut furthest = 0.0_f32;
            for index in &order {
                let (vector, holds, weight) = texts[*index];
                let side = if holds { 1.0 } else { -1.0 };
                let slack = 0.5 / (settings.cost * weight);
                let gradient = side * dot(&weights, vector) - 1.0 + slack * pulls[*index];
                let projected = if pulls[*index] == 0.0 { gradient.min(0.0) } else { gradient };
                furthest = furthest.max(projected.abs());
                let pull = (pulls[*index] - gradient / (squares[*index] + slack)).max(0.0);
                let step = (pull - pulls[*index]) * side;
                if step != 0.0 {
                    pulls[*index] = pull;
                    for (place, value) in vector {
                        weights[usize_of(*place)] += step * value;
                    }
                }
            }
            if furthest < settings.tolerance {
                break;
            }
        }
        weights
    }
}

/// The score of a text.
pub(crate) fn dot(weights: &[f32], vector: &Vector) -> f32 {
    vector.iter().map(|(place, value)| weights[usize_of(*place)] * value).sum()
}

/// Weights with which texts where a label holds, and where it does not, weigh alike, and together `whole`.
pub(crate) fn balanced(holds: impl Iterator<Item = bool> + Clone, whole: f32) -> impl Fn(bool) -> f32 {
    let all = holds.clone().count() as f32;
    let positive = holds.filter(|holds| *holds).count() as f32;
    move |holds| whole / 2.0 / if holds { positive } else { all - positive }
}

fn place(index: usize) -> u32 {
    u32::try_from(index).expect("a table has at most 2^24 buckets")
}

fn usize_of(place: u32) -> usize {
    usize::try_from(place).expect("made from one")
}

#[expect(clippy::cast_possible_truncation, reason = "clamped to the range of the type, and whole")]
fn steps(frequency: f32) -> i8 {
    (frequency * RARITY_STEPS).round().clamp(1.0, 127.0) as i8
}

/// Steele et al. (2014): small, and the same everywhere.
struct SplitMix(u64);

impl SplitMix {
    fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ z >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ z >> 31
    }

    fn shuffle<T>(&mut self, list: &mut [T]) {
        for last in (1..list.len()).rev() {
            let span = u64::try_from(last + 1).expect("a list's length fits in 64 bits");
            let other = usize::try_from(self.next() % span).expect("smaller than the list");
            list.swap(last, other);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::model::heads::Heads;

    const SETTINGS: Settings = Settings { cost: 1.0, rounds: 50, tolerance: 0.01, seed: 1 };

    fn texts() -> Vec<Features> {
        let praise = (0..20).map(|n| format!("the nurse was kind and caring {n}"));
        let blame = (0..20).map(|n| format!("the wait was long and boring {n}"));
        praise.chain(blame).map(|text| Features::of(&text)).collect()
    }

    fn learn() -> (Space, Vec<f32>) {
        let texts = texts();
        let space = Space::of(texts.iter(), 12, 1);
        let vectors: Vec<Vector> = texts.iter().map(|features| space.vector(features)).collect();
        let examples: Vec<_> = vectors.iter().enumerate().map(|(n, vector)| (vector, n < 20, 1.0)).collect();
        let weights = space.fit(&examples, &SETTINGS);
        (space, weights)
    }

    #[test]
    fn what_differs_is_learned_and_heads_score_like_the_weights() {
        let (space, weights) = learn();
        let heads = Heads::new(12, &space.rarities, std::slice::from_ref(&weights));
        for (text, positive) in [("such a kind nurse", true), ("a long wait", false), ("boring", false)] {
            let mut features = Features::of(text);
            features.numbers.push((0, 1.0));
            let score = dot(&weights, &space.vector(&features));
            assert_eq!(score > 0.0, positive, "{text}: {score}");
            let quantised = heads.scores(&features)[0];
            assert!((score - quantised).abs() < 0.02, "{text}: {score} became {quantised}");
        }
    }

    #[test]
    fn the_same_examples_give_the_same_weights() {
        assert_eq!(learn().1, learn().1);
    }

    #[test]
    fn what_only_one_text_has_counts_nothing() {
        let texts = [Features::of("unheard"), Features::of("of of")];
        let space = Space::of(texts.iter(), 12, 0);
        assert_eq!(space.vector(&texts[0]).len(), 1, "the constant one alone");
    }

    #[test]
    fn balanced_weights_add_up_on_both_sides() {
        let holds = [true, false, false, false];
        let weight = balanced(holds.into_iter(), 4.0);
        assert!((weight(true) - 2.0).abs() < 1e-6 && (weight(false) - 2.0 / 3.0).abs() < 1e-6);
    }
}
