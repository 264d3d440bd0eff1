//! The three formulas of statistics that trends need.

use std::f64::consts::PI;

/// The probability of `observed` or more where a negative binomial of mean `mean` and size `size` is usual.
///
/// The variance is `mean + mean^2 / size`: counts of people who talk to each other vary more than Poisson's.
/// P(X >= k) is the regularised incomplete beta function `I_q(k, size)` with `q = mean / (mean + size)`
/// (NIST Digital Library of Mathematical Functions, 8.17).
pub(super) fn negative_binomial_tail(observed: u32, mean: f64, size: f64) -> f64 {
    if observed == 0 {
        return 1.0;
    }
    incomplete_beta(f64::from(observed), size, mean / (mean + size))
}

/// One p-value from several, each with the same weight, whatever their dependence: the Cauchy combination test
/// (Liu and Xie, Journal of the American Statistical Association 115, 2020).
pub(super) fn combine(p_values: &[f64]) -> f64 {
    if p_values.is_empty() {
        return 1.0;
    }
    // Near 0 the tangent is 1 / (pi p), which stays exact where the subtraction from 1/2 does not. Near 1 a value
    // would cancel every other one, so that it is taken as no evidence at all.
    let tangent = |p: f64| if p < 1e-9 { 1.0 / (PI * p.max(1e-300)) } else { ((0.5 - p.min(0.5)) * PI).tan() };
    let mean = p_values.iter().map(|&p| tangent(p)).sum::<f64>() / p_values.len() as f64;
    if mean > 1e9 { 1.0 / (PI * mean) } else { 0.5 - mean.atan() / PI }
}

/// `-log10 p`, but above 15 only its logarithm counts further.
pub(super) fn strength(p: f64) -> f64 {
    const CAP: f64 = 15.0;
    let score = -p.max(1e-300).log10();
    if score <= CAP { score } else { CAP + (score - CAP).ln_1p() }
}

/// The regularised incomplete beta function by its continued fraction (Lentz's method; Press et al., Numerical
/// Recipes, 6.4).
fn incomplete_beta(a: f64, b: f64, x: f64) -> f64 {
    if x <= 0.0 {
        return 0.0;
    }
    if x >= 1.0 {
        return 1.0;
    }
    let front = (ln_gamma(a + b) - ln_gamma(a) - ln_gamma(b) + a * x.ln() + b * (1.0 - x).ln()).exp();
    // The fraction converges fast on this side of the mean only.
    if x < (a + 1.0) / (a + b + 2.0) {
        front * beta_fraction(a, b, x) / a
    } else {
        1.0 - front * beta_fraction(b, a, 1.0 - x) / b
    }
}

#[expect(clippy::many_single_char_names, reason = "the names of the formula, as its source writes them")]
fn beta_fraction(a: f64, b: f64, x: f64) -> f64 {
    const STEPS: u32 = 300;
    const EXACT: f64 = 1e-13;
    let away_from_zero = |value: f64| if value.abs() < 1e-300 { 1e-300 } else { value };
    let mut c = 1.0;
    let mut d = 1.0 / away_from_zero(1.0 - (a + b) * x / (a + 1.0));
    let mut fraction = d;
    for step in 1..=STEPS {
        let m = f64::from(step);
        let even = m * (b - m) * x / ((a + 2.0 * m - 1.0) * (a + 2.0 * m));
        let odd = -(a + m) * (a + b + m) * x / ((a + 2.0 * m) * (a + 2.0 * m + 1.0));
        let mut change = 1.0;
        for term in [even, odd] {
            d = 1.0 / away_from_zero(1.0 + term * d);
            c = away_from_zero(1.0 + term / c);
            change = c * d;
            fraction *= change;
        }
        if (change - 1.0).abs() < EXACT {
            break;
        }
    }
    fraction
}

/// The logarithm of the gamma function of a positive number (Lanczos's approximation, 9 terms).
fn ln_gamma(x: f64) -> f64 {
    const TERMS: [f64; 8] = [
        676.520_368_121_885_1,
        -1_259.139_216_722_402_8,
        771.323_428_777_653_1,
        -176.615_029_162_140_6,
        12.507_343_278_686_905,
        -0.138_571_095_265_720_12,
        9.984_369_578_019_572e-6,
        1.505_632_735_149_311_6e-7,
    ];
    if x < 0.5 {
        return (PI / (PI * x).sin()).ln() - ln_gamma(1.0 - x);
    }
    let x = x - 1.0;
    let series = TERMS.iter().zip(1_u32..).map(|(term, n)| term / (x + f64::from(n))).sum::<f64>();
    let t = x + 7.5;
    0.5 * (2.0 * PI).ln() + (x + 0.5) * t.ln() - t + (0.999_999_999_999_809_9 + series).ln()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn assert_close(found: f64, expected: f64) {
        assert!((found / expected - 1.0).abs() < 1e-6, "found {found}, expected {expected}");
    }

    /// The tail by its definition: 1 minus the probabilities of all that is less.
    fn summed_tail(observed: u32, mean: f64, size: f64) -> f64 {
        let q = mean / (mean + size);
        let mut probability = (1.0 - q).powf(size);
        let mut below = 0.0;
        for k in 0..observed {
            below += probability;
            probability *= q * (f64::from(k) + size) / f64::from(k + 1);
        }
        1.0 - below
    }

    #[test]
    fn the_tail_is_what_the_definition_sums_to() {
        for (observed, mean, size) in [(3, 1.0, 0.5), (1, 0.2, 2.0), (12, 4.0, 10.0), (40, 30.0, 15.0)] {
            assert_close(negative_binomial_tail(observed, mean, size), summed_tail(observed, mean, size));
        }
    }

    #[test]
    fn a_tail_far_out_is_small_and_not_zero() {
        let p = negative_binomial_tail(50, 0.1, 0.5);
        assert!(p > 0.0 && p < 1e-30, "{p}");
        assert_close(negative_binomial_tail(0, 5.0, 1.0), 1.0);
    }

    #[test]
    fn silence_of_a_channel_takes_nothing_from_another() {
        let alone = combine(&[1e-8]);
        assert_close(alone, 1e-8);
        assert_close(combine(&[1e-8, 1.0, 1.0]), 3e-8);
        assert_close(combine(&[1e-40, 1e-40]), 1e-40);
        assert!(combine(&[0.3, 0.2]) > 0.2 && combine(&[0.3, 0.2]) < 0.3);
    }

    #[test]
    fn strength_flattens_above_fifteen() {
        assert_close(strength(1e-4), 4.0);
        assert!(strength(1e-100) < 20.0 && strength(1e-100) > strength(1e-50));
    }
}
