//! Probabilities that can be believed, from scores of texts that were kept back.

use crate::model::heads::sigmoid;

/// Factor and offset with which the scores of a label become the logarithms of its odds (Platt 1999, with the targets and
/// Newton's method of Lin, Lin and Weng 2007). `texts` are scores, and whether the label holds.
pub(super) fn odds(texts: &[(f32, bool)]) -> (f32, f32) {
    let holds = texts.iter().filter(|(_, holds)| *holds).count() as f64;
    let others = texts.len() as f64 - holds;
    let (high, low) = ((holds + 1.0) / (holds + 2.0), 1.0 / (others + 2.0));
    let (mut factor, mut offset) = (1.0_f64, ((holds + 1.0) / (others + 1.0)).ln());
    for _ in 0..50 {
        // A little more than nought on the diagonal, so that the matrix can be inverted.
        let (mut g0, mut g1, mut h00, mut h01, mut h11) = (0.0, 0.0, 1e-9, 0.0, 1e-9);
        for (score, holds) in texts {
            let score = f64::from(*score);
            let probability = 1.0 / (1.0 + (-(factor * score + offset)).exp());
            let error = probability - if *holds { high } else { low };
            let weight = probability * (1.0 - probability);
            g0 += error * score;
            g1 += error;
            h00 += weight * score * score;
            h01 += weight * score;
            h11 += weight;
        }
        let determinant = h00 * h11 - h01 * h01;
        let step = ((h11 * g0 - h01 * g1) / determinant, (h00 * g1 - h01 * g0) / determinant);
        if !step.0.is_finite() || !step.1.is_finite() {
            break;
        }
        // Far from the end a whole step may overshoot.
        let share = 1.0 / step.0.abs().max(step.1.abs()).max(1.0);
        factor -= step.0 * share;
        offset -= step.1 * share;
        if step.0.abs().max(step.1.abs()) < 1e-9 {
            break;
        }
    }
    // A head that is no better than chance must still not say the contrary of what it has learned.
    (narrow(factor.clamp(0.1, 20.0)), narrow(offset.clamp(-20.0, 20.0)))
}

/// The sharpness with which the logarithms of the probabilities of what is right are highest (temperature scaling, Guo et
/// al. 2017). `log_likelihood` gives their sum for a sharpness.
pub(super) fn sharpness(log_likelihood: impl Fn(f32) -> f64) -> f32 {
    let steps = (1_u16..=80).map(|step| f32::from(step) * 0.05);
    let scored = steps.map(|step| (log_likelihood(step), step));
    scored.max_by(|a, b| a.0.total_cmp(&b.0)).expect("there are eighty steps").1
}

/// The probability that a head gives at a score, with its factor and offset.
pub(super) fn probability(score: f32, (factor, offset): (f32, f32)) -> f32 {
    sigmoid(factor * score + offset)
}

#[expect(clippy::cast_possible_truncation, reason = "small, and not needed to the last digit")]
fn narrow(number: f64) -> f32 {
    number as f32
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn odds_are_those_of_the_texts() {
        // At a score of -1 one text in ten has the label, at +1 four in five.
        let texts: Vec<(f32, bool)> =
            (0..2_000).map(|n| if n < 1_000 { (-1.0, n % 10 == 0) } else { (1.0, n % 5 != 0) }).collect();
        let line = odds(&texts);
        assert!((probability(-1.0, line) - 0.1).abs() < 0.01, "{line:?}");
        assert!((probability(1.0, line) - 0.8).abs() < 0.01, "{line:?}");
    }

    #[test]
    fn texts_that_are_all_alike_are_withstood() {
        for texts in [vec![], vec![(1.0, true); 3], vec![(0.0, false); 3], vec![(-1.0, false), (1.0, true)]] {
            let (factor, offset) = odds(&texts);
            assert!(factor.is_finite() && offset.is_finite(), "{texts:?}");
        }
    }
}
