//! Hatched ground behind the steps of time whose counts are not whole.

use std::fmt::Write as _;

/// The pattern with which the chart `id` is hatched.
pub(super) fn pattern(id: &str) -> String {
    format!(
        "<defs><pattern id=\"{id}-hatch\" width=\"6\" height=\"6\" patternUnits=\"userSpaceOnUse\" \
         patternTransform=\"rotate(45)\"><line class=\"d-hatch\" x1=\"0\" y1=\"0\" x2=\"0\" y2=\"6\"/></pattern></defs>"
    )
}

/// Hatches the stretches of `hatched` steps. `edges` gives where a step begins and ends, from the left.
pub(super) fn draw(
    svg: &mut String,
    id: &str,
    hatched: &[bool],
    (top, height): (f64, f64),
    edges: impl Fn(usize) -> (f64, f64),
) {
    let mut step = 0;
    while step < hatched.len() {
        if !hatched[step] {
            step += 1;
            continue;
        }
        let length = hatched[step..].iter().take_while(|hatched| **hatched).count();
        let ((left, _), (_, right)) = (edges(step), edges(step + length - 1));
        write!(
            svg,
            "<rect class=\"d-uncollected\" fill=\"url(#{id}-hatch)\" x=\"{left:.1}\" y=\"{top}\" width=\"{:.1}\" height=\"{height}\"/>",
            right - left
        )
        .expect("a String can always be written to");
        step += length;
    }
}
