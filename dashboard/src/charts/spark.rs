//! A line the size of a word, for a row of a table. The row's other cells say what matters, so it is hidden from
//! screen readers.

use std::fmt::Write as _;

const WIDTH: f64 = 112.0;
const HEIGHT: f64 = 28.0;

/// The values as a small line from zero, oldest first.
pub fn spark(values: &[f64]) -> String {
    let largest = values.iter().copied().fold(1.0, f64::max);
    let steps = values.len().saturating_sub(1).max(1) as f64;
    let mut points = String::new();
    let (mut x, mut y) = (2.0, HEIGHT - 3.0);
    for (index, value) in values.iter().enumerate() {
        x = 2.0 + index as f64 * (WIDTH - 8.0) / steps;
        y = HEIGHT - 3.0 - (HEIGHT - 6.0) * value / largest;
        write!(points, "{}{x:.1},{y:.1}", if index == 0 { "" } else { " " })
            .expect("a String can always be written to");
    }
    format!(
        "<svg class=\"d-spark\" viewBox=\"0 0 {WIDTH} {HEIGHT}\" width=\"{WIDTH}\" height=\"{HEIGHT}\" aria-hidden=\"true\" \
         focusable=\"false\"><polyline class=\"d-line\" points=\"{points}\"/><circle class=\"d-dot\" cx=\"{x:.1}\" \
         cy=\"{y:.1}\" r=\"3\"/></svg>"
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_spark_begins_left_and_ends_at_its_dot() {
        let drawn = spark(&[0.0, 5.0, 10.0]);
        assert!(drawn.contains("points=\"2.0,25.0 54.0,14.0 106.0,3.0\""), "{drawn}");
        assert!(drawn.contains("cx=\"106.0\" cy=\"3.0\""), "{drawn}");
    }
}
