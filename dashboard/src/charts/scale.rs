//! The vertical scale of a chart: from zero to a round number, with round steps.

use crate::format::decimal;

/// A scale from zero to `top`.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Scale {
    /// The largest value on the scale.
    pub top: f64,
    /// From one grid line to the next.
    pub step: f64,
}

impl Scale {
    /// The smallest scale with round steps, at most five of them, that reaches `largest`.
    pub fn reaching(largest: f64) -> Self {
        let largest = largest.max(1.0);
        let magnitude = 10_f64.powf((largest / 4.0).log10().floor());
        // Posts are whole, so steps below one would label lines that no value can lie on.
        let step = [1.0, 2.0, 2.5, 5.0, 10.0]
            .map(|factor| factor * magnitude)
            .into_iter()
            .find(|step| *step >= 1.0 && step.fract() == 0.0 && step * 4.0 >= largest)
            .unwrap_or(1.0);
        Self { top: (largest / step).ceil() * step, step }
    }

    /// Where a value lies between the bottom (0) and the top (1).
    pub fn part(self, value: f64) -> f64 {
        (value / self.top).clamp(0.0, 1.0)
    }

    /// The grid lines, from zero up: each with its label.
    pub fn lines(self) -> impl Iterator<Item = (f64, String)> {
        (0_u8..=5)
            .map(move |line| f64::from(line) * self.step)
            .take_while(move |value| *value <= self.top + 1e-9)
            .map(|value| (value, decimal(value)))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn scales_are_round_and_reach_the_largest_value() {
        for (largest, top, step) in
            [(0.0, 1.0, 1.0), (3.0, 3.0, 1.0), (7.0, 8.0, 2.0), (505.0, 600.0, 200.0), (999.0, 1000.0, 250.0)]
        {
            assert_eq!(Scale::reaching(largest), Scale { top, step }, "{largest}");
        }
    }

    #[test]
    fn every_scale_has_at_most_five_steps_and_ends_on_a_line() {
        for largest in 0..3000_u32 {
            let scale = Scale::reaching(f64::from(largest));
            let lines: Vec<_> = scale.lines().collect();
            assert!((2..=6).contains(&lines.len()), "{largest}: {lines:?}");
            assert!((lines[lines.len() - 1].0 - scale.top).abs() < 1e-6 && scale.top >= f64::from(largest));
        }
    }
}
