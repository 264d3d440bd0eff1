//! Charts drawn on the server as SVG, by our own small functions.
//!
//! Each is drawn twice, for wide and for narrow screens, and never scaled down, so that text stays readable. Colours
//! come from the style sheet by class; lines differ by dashes as well as by colour. Every chart stands beside its
//! table, so what a chart cannot say in its title and description is still there to be read.

mod bars;
mod hatch;
mod line;
mod scale;
mod spark;

pub use bars::{BarChart, meter};
pub use line::{LineChart, Series, UNFINISHED_DAY, draws_last};
pub use spark::spark;

/// Text made safe between tags and inside quoted attributes.
fn escape(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for letter in text.chars() {
        match letter {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#39;"),
            other => safe.push(other),
        }
    }
    safe
}

/// The opening tag of a chart that tells screen readers its title and description.
fn open(id: &str, title: &str, description: &str, width: f64, height: f64) -> String {
    let (title, description) = (escape(title), escape(description));
    format!(
        "<svg class=\"d-chart\" viewBox=\"0 0 {width} {height}\" role=\"img\" aria-labelledby=\"{id}-title {id}-desc\" \
         focusable=\"false\"><title id=\"{id}-title\">{title}</title><desc id=\"{id}-desc\">{description}</desc>"
    )
}
