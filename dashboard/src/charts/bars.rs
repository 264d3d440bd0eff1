//! Counts over time as bars, and a bar in a table's row.

use std::fmt::Write as _;

use super::scale::Scale;
use super::{escape, hatch, open};

/// Bars over steps of time, side by side.
pub struct BarChart<'a> {
    /// Unique on the page.
    pub id: &'a str,
    /// What is drawn.
    pub title: &'a str,
    /// What can be seen, in a sentence.
    pub description: &'a str,
    /// Each bar: its label on the axis, and its value; oldest first.
    pub bars: &'a [(String, f64)],
    /// Which of the steps are hatched, because their counts are not whole.
    pub hatched: &'a [bool],
}

impl BarChart<'_> {
    /// The chart for wide and for narrow screens.
    pub fn draw(&self) -> String {
        let wide = self.draw_one(self.id, 640.0, 170.0, 6);
        let narrow = self.draw_one(&format!("{}-narrow", self.id), 256.0, 150.0, 2);
        format!("<div class=\"d-wide\">{wide}</div><div class=\"d-narrow\">{narrow}</div>")
    }

    /// One drawing, with at most `labels` + 1 labels on the axis.
    fn draw_one(&self, id: &str, width: f64, height: f64, labels: usize) -> String {
        let scale = Scale::reaching(self.bars.iter().map(|(_, value)| *value).fold(0.0, f64::max));
        let (left, right, top, bottom) = (52.0, width - 24.0, 12.0, height - 30.0);
        let y = |value: f64| top + (bottom - top) * (1.0 - scale.part(value));
        let mut svg = open(id, self.title, self.description, width, height);
        let room = (right - left) / self.bars.len().max(1) as f64;
        if self.hatched.contains(&true) {
            svg.push_str(&hatch::pattern(id));
            let edges = |step: usize| (left + step as f64 * room, left + (step + 1) as f64 * room);
            hatch::draw(&mut svg, id, self.hatched, (top, bottom - top), edges);
        }
        for (value, label) in scale.lines() {
            let (line, class) = (y(value), if value == 0.0 { "d-axis" } else { "d-grid" });
            write!(
                svg,
                "<line class=\"{class}\" x1=\"{left}\" x2=\"{right}\" y1=\"{line:.1}\" y2=\"{line:.1}\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                left - 8.0,
                line + 5.0
            )
            .expect(WRITES);
        }
        let gap = if room > 4.0 { 1.5 } else { 0.0 };
        let every = self.bars.len().div_ceil(labels).max(1);
        for (index, (label, value)) in self.bars.iter().enumerate() {
            let x = left + index as f64 * room;
            let (from, width) = (y(*value), room - gap);
            if *value > 0.0 {
                let height = (bottom - from).max(1.0);
                write!(
                    svg,
                    "<rect class=\"d-bar\" x=\"{x:.1}\" y=\"{:.1}\" width=\"{width:.1}\" height=\"{height:.1}\"/>",
                    bottom - height
                )
                .expect(WRITES);
            }
            if index.is_multiple_of(every) {
                let anchor = if index == 0 { "start" } else { "middle" };
                let at = if index == 0 { x } else { x + room / 2.0 };
                write!(
                    svg,
                    "<text x=\"{at:.1}\" y=\"{}\" text-anchor=\"{anchor}\">{}</text>",
                    height - 10.0,
                    escape(label)
                )
                .expect(WRITES);
            }
        }
        svg.push_str("</svg>");
        svg
    }
}

const WRITES: &str = "a String can always be written to";

/// A bar under the first cell of a table's row: a part, 0 to 1, of the longest. The row's other cells say the number.
pub fn meter(part: f64) -> String {
    format!(
        "<svg class=\"d-meter\" viewBox=\"0 0 100 12\" preserveAspectRatio=\"none\" aria-hidden=\"true\" focusable=\"false\">\
         <rect width=\"{:.1}\" height=\"12\"/></svg>",
        part.clamp(0.0, 1.0) * 100.0
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn there_is_a_bar_for_every_step_that_has_posts() {
        let bars = [("1 Nov".to_owned(), 3.0), ("2 Nov".to_owned(), 0.0), ("3 Nov".to_owned(), 6.0)];
        let chart =
            BarChart { id: "h", title: "Posts a day", description: "d", bars: &bars, hatched: &[false, true] }.draw();
        assert_eq!(chart.matches("class=\"d-bar\"").count(), 2 * 2);
        assert!(chart.contains("id=\"h-narrow-title\""));
        assert_eq!(chart.matches("d-uncollected").count(), 2);
    }
}
