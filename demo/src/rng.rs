//! A small random generator of our own, so that the same seed gives the same conversation on every machine and with
//! every version of our dependencies.

/// A `SplitMix64` generator (Steele, Lea and Flood, "Fast splittable pseudorandom number generators", 2014).
#[derive(Clone, Debug)]
pub(crate) struct Rng(u64);

impl Rng {
    /// The generator that belongs to this combination of numbers, independent of that of every other combination.
    pub(crate) fn keyed(parts: &[u64]) -> Self {
        Self(parts.iter().fold(0x243f_6a88_85a3_08d3, |state, &part| mix(state ^ part).wrapping_add(GOLDEN)))
    }

    /// The next 64 bits.
    pub(crate) fn next(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number below `bound`, which is not 0.
    pub(crate) fn below(&mut self, bound: usize) -> usize {
        let scaled = (u128::from(self.next()) * bound as u128) >> 64;
        usize::try_from(scaled).expect("it is below `bound`, which is a usize")
    }

    /// A number from `low` to `high`, both included.
    pub(crate) fn range(&mut self, low: usize, high: usize) -> usize {
        low + self.below(high - low + 1)
    }

    /// A number from 0 up to, but not including, 1.
    pub(crate) fn unit(&mut self) -> f64 {
        (self.next() >> 11) as f64 / (1_u64 << 53) as f64
    }

    /// True with the probability `p`.
    pub(crate) fn chance(&mut self, p: f64) -> bool {
        self.unit() < p
    }

    /// One of `items`, which are not empty.
    pub(crate) fn pick<'a, T>(&mut self, items: &'a [T]) -> &'a T {
        &items[self.below(items.len())]
    }

    /// The index of one of `weights`, each as probable as its weight says.
    pub(crate) fn weighted(&mut self, weights: impl Iterator<Item = f64> + Clone) -> usize {
        let mut left = self.unit() * weights.clone().sum::<f64>();
        let mut last = 0;
        for (index, weight) in weights.enumerate() {
            if weight > 0.0 {
                last = index;
                if left < weight {
                    return index;
                }
                left -= weight;
            }
        }
        last
    }

    /// An index below `bound` where low ones are more probable: the higher `skew` is above 1, the more so.
    pub(crate) fn skewed(&mut self, bound: usize, skew: f64) -> usize {
        whole(self.unit().powf(skew) * bound as f64).min(bound - 1)
    }

    /// How often something happens that happens `mean` times on average: Knuth's product method in pieces, so that
    /// the product never underflows.
    pub(crate) fn poisson(&mut self, mean: f64) -> usize {
        let mut left = mean;
        let mut count = 0;
        while left > 0.0 {
            let piece = left.min(20.0);
            left -= piece;
            let limit = (-piece).exp();
            let mut product = self.unit();
            while product > limit {
                count += 1;
                product *= self.unit();
            }
        }
        count
    }
}

/// The whole part of a number that is not negative and small.
#[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "callers pass small, non-negative numbers")]
pub(crate) fn whole(number: f64) -> usize {
    number as usize
}

const GOLDEN: u64 = 0x9e37_79b9_7f4a_7c15;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn poisson_has_its_mean_and_its_spread() {
        for mean in [0.3, 4.0, 75.0] {
            let mut rng = Rng::keyed(&[1]);
            let draws: Vec<f64> = (0..4000).map(|_| rng.poisson(mean) as f64).collect();
            let average = draws.iter().sum::<f64>() / 4000.0;
            let variance = draws.iter().map(|draw| (draw - average).powi(2)).sum::<f64>() / 4000.0;
            assert!((average - mean).abs() < 0.06 * mean + 0.03, "{average} for {mean}");
            assert!((variance / mean - 1.0).abs() < 0.15, "{variance} for {mean}");
        }
    }

    #[test]
    fn weights_are_followed_and_zero_is_never_taken() {
        let mut rng = Rng::keyed(&[2]);
        let mut counts = [0_u32; 3];
        for _ in 0..10_000 {
            counts[rng.weighted([3.0, 0.0, 1.0].into_iter())] += 1;
        }
        assert_eq!(counts[1], 0);
        assert!((7_200..7_800).contains(&counts[0]), "{counts:?}");
    }
}
