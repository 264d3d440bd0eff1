//! Values day by day as lines, with the usual range as a band.

use std::fmt::Write as _;

use jiff::civil::Date;

use super::scale::Scale;
use super::{escape, hatch, open};
use crate::format::short_date;

/// How the last day is drawn, to be said beside the chart: a day that has only begun must not read as a fall.
pub const UNFINISHED_DAY: &str =
    "A last day that is not over is drawn thin, and left out while it is lower than the day before.";

/// At most this many lines are drawn: more cannot be told apart.
const MOST_SERIES: usize = 4;

/// A chart of one to four lines over the same days.
pub struct LineChart<'a> {
    /// Unique on the page.
    pub id: &'a str,
    /// What is drawn ("Posts a day about ...").
    pub title: &'a str,
    /// What can be seen, in a sentence.
    pub description: &'a str,
    /// The days, oldest first; the last one is not over, see [`UNFINISHED_DAY`].
    pub days: &'a [Date],
    /// The lines.
    pub series: &'a [Series],
    /// What is usual, from low to high.
    pub band: Option<(f64, f64)>,
    /// Which of the days are hatched, because their counts are not whole; shorter than `days` means no further ones.
    pub hatched: &'a [bool],
}

/// One line.
pub struct Series {
    /// Its label, written at its end.
    pub label: String,
    /// A value for each day.
    pub values: Vec<f64>,
}

/// What is drawn of the days.
#[derive(Clone, Copy)]
struct Drawn {
    /// How many, from the first.
    days: usize,
    /// Whether the last of them is not over.
    unfinished: bool,
}

/// The measures of a drawing, in pixels.
#[derive(Clone, Copy)]
struct Frame {
    width: f64,
    height: f64,
    left: f64,
    right: f64,
    top: f64,
    bottom: f64,
    /// Days from one date on the axis to the next.
    dates_every: usize,
}

const WIDE: Frame =
    Frame { width: 640.0, height: 300.0, left: 52.0, right: 184.0, top: 16.0, bottom: 34.0, dates_every: 7 };
const NARROW: Frame =
    Frame { width: 256.0, height: 160.0, left: 48.0, right: 14.0, top: 12.0, bottom: 30.0, dates_every: 14 };
/// From one line of a label to the next.
const LINE_HEIGHT: f64 = 17.0;
/// What a date on the axis takes, at most.
const DATE_WIDTH: f64 = 60.0;
/// Letters of a label on one line, in the room at the right of [`WIDE`].
const LETTERS: usize = 18;

impl LineChart<'_> {
    /// The chart for wide screens, and for narrow ones a small chart for each line.
    pub fn draw(&self) -> String {
        let series = &self.series[..self.series.len().min(MOST_SERIES)];
        let largest = series.iter().flat_map(|line| &line.values).copied().fold(0.0, f64::max);
        let scale = Scale::reaching(largest.max(self.band.map_or(0.0, |(_, high)| high)));
        let drawn = self.drawn();
        let mut html = String::from("<div class=\"d-wide\">");
        html.push_str(&open(self.id, self.title, self.description, WIDE.width, WIDE.height));
        self.draw_hatch(&mut html, self.id, WIDE, drawn);
        self.draw_ground(&mut html, WIDE, drawn, scale);
        for (number, line) in series.iter().enumerate() {
            draw_line(&mut html, WIDE, drawn, scale, number, &line.values);
        }
        draw_labels(&mut html, self.labels(drawn, scale, series));
        html.push_str("</svg></div><div class=\"d-narrow\">");
        for (number, line) in series.iter().enumerate() {
            let id = format!("{}-{number}", self.id);
            let title = format!("{}: {}", line.label, self.title);
            write!(html, "<p class=\"d-chart-label\">{}</p>", escape(&line.label)).expect(WRITES);
            html.push_str(&open(&id, &title, self.description, NARROW.width, NARROW.height));
            self.draw_hatch(&mut html, &id, NARROW, drawn);
            self.draw_ground(&mut html, NARROW, drawn, scale);
            draw_line(&mut html, NARROW, drawn, scale, number, &line.values);
            html.push_str("</svg>");
        }
        html.push_str("</div>");
        html
    }

    /// The last day is left out while it is lower than the day before on every line.
    fn drawn(&self) -> Drawn {
        let unfinished = self.days.len() > 1 && self.series.iter().any(|line| draws_last(&line.values));
        Drawn { days: if unfinished { self.days.len() } else { self.days.len().saturating_sub(1) }, unfinished }
    }

    fn labels(&self, drawn: Drawn, scale: Scale, series: &[Series]) -> Vec<Label> {
        let lines = series.iter().enumerate().filter_map(|(number, line)| {
            let y = WIDE.y(scale, *line.values.get(..drawn.days)?.last()?);
            Some(Label { y, class: format!("d-label d-series-{number}"), lines: wrap(&line.label) })
        });
        let band = self.band.map(|(low, high)| {
            let y = f64::midpoint(WIDE.y(scale, low), WIDE.y(scale, high));
            Label { y, class: "d-label-band".to_owned(), lines: vec!["Usual range".to_owned()] }
        });
        lines.chain(band).collect()
    }

    /// Hatches half a day to both sides of a day's point.
    fn draw_hatch(&self, svg: &mut String, id: &str, frame: Frame, drawn: Drawn) {
        let hatched = &self.hatched[..self.hatched.len().min(drawn.days)];
        if !hatched.contains(&true) {
            return;
        }
        svg.push_str(&hatch::pattern(id));
        let (left, end) = (frame.left, frame.width - frame.right);
        let half = (frame.x(1, drawn.days) - frame.x(0, drawn.days)) / 2.0;
        let edges = |day| {
            let x = frame.x(day, drawn.days);
            ((x - half).max(left), (x + half).min(end))
        };
        hatch::draw(svg, id, hatched, (frame.top, frame.height - frame.top - frame.bottom), edges);
    }

    /// Grid, axis, dates and the usual range.
    fn draw_ground(&self, svg: &mut String, frame: Frame, drawn: Drawn, scale: Scale) {
        let (left, end) = (frame.left, frame.width - frame.right);
        if let Some((low, high)) = self.band {
            let (y, bottom) = (frame.y(scale, high), frame.y(scale, low));
            let height = (bottom - y).max(2.0);
            write!(
                svg,
                "<rect class=\"d-band\" x=\"{left}\" y=\"{y:.1}\" width=\"{}\" height=\"{height:.1}\"/>",
                end - left
            )
            .expect(WRITES);
        }
        for (value, label) in scale.lines() {
            let (y, class) = (frame.y(scale, value), if value == 0.0 { "d-axis" } else { "d-grid" });
            write!(
                svg,
                "<line class=\"{class}\" x1=\"{left}\" x2=\"{end}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>\
                 <text x=\"{}\" y=\"{:.1}\" text-anchor=\"end\">{label}</text>",
                left - 8.0,
                y + 5.0
            )
            .expect(WRITES);
        }
        // The dates are counted back from the last, so that the newest day always has its date.
        let last = drawn.days.saturating_sub(1);
        for (index, day) in self
            .days
            .iter()
            .take(drawn.days)
            .enumerate()
            .filter(|(index, _)| (last - index).is_multiple_of(frame.dates_every))
        {
            // The last date may reach over the edge of a narrow chart, so there it ends at the edge.
            let (x, y) = (frame.x(index, drawn.days), frame.height - 10.0);
            let room = frame.width - x;
            let (x, anchor) = if room < DATE_WIDTH / 2.0 { (frame.width, "end") } else { (x, "middle") };
            write!(svg, "<text x=\"{x:.1}\" y=\"{y}\" text-anchor=\"{anchor}\">{}</text>", short_date(*day))
                .expect(WRITES);
        }
    }
}

impl Frame {
    fn x(self, index: usize, points: usize) -> f64 {
        let steps = points.saturating_sub(1).max(1);
        self.left + index as f64 * (self.width - self.left - self.right) / steps as f64
    }

    fn y(self, scale: Scale, value: f64) -> f64 {
        self.top + (self.height - self.top - self.bottom) * (1.0 - scale.part(value))
    }
}

const WRITES: &str = "a String can always be written to";

/// One line, which ends with `drawn`.
fn draw_line(svg: &mut String, frame: Frame, drawn: Drawn, scale: Scale, number: usize, values: &[f64]) {
    let point =
        |(index, value): (usize, &f64)| format!("{:.1},{:.1}", frame.x(index, drawn.days), frame.y(scale, *value));
    let points: Vec<String> = values.iter().take(drawn.days).enumerate().map(point).collect();
    let Some(last) = points.last() else { return };
    let (x, y) = last.split_once(',').expect("a point has been written with a comma");
    let whole_days = if drawn.unfinished { points.len() - 1 } else { points.len() };
    let class = if drawn.unfinished { "d-dot d-unfinished" } else { "d-dot" };
    write!(svg, "<polyline class=\"d-line d-series-{number}\" points=\"{}\"/>", points[..whole_days].join(" "))
        .expect(WRITES);
    if let (true, Some(before)) = (drawn.unfinished, whole_days.checked_sub(1).map(|day| &points[day])) {
        write!(svg, "<polyline class=\"d-line d-unfinished d-series-{number}\" points=\"{before} {last}\"/>")
            .expect(WRITES);
    }
    write!(svg, "<circle class=\"{class} d-series-{number}\" cx=\"{x}\" cy=\"{y}\" r=\"4\"/>").expect(WRITES);
}

/// Whether a line's last day is high enough already to be drawn though it is not over.
pub fn draws_last(values: &[f64]) -> bool {
    matches!(values, [.., before, last] if *last > 0.0 && last >= before)
}

/// What is written at the right of the drawing, beside a line's end or the band.
struct Label {
    /// Where it would best stand, from the top.
    y: f64,
    /// Its class in the style sheet.
    class: String,
    lines: Vec<String>,
}

impl Label {
    fn height(&self) -> f64 {
        self.lines.len() as f64 * LINE_HEIGHT
    }
}

/// Writes the labels, moved apart where two would lie on each other.
fn draw_labels(svg: &mut String, mut labels: Vec<Label>) {
    labels.sort_by(|a, b| a.y.total_cmp(&b.y));
    let lowest = WIDE.height - WIDE.bottom + 6.0;
    let mut still_to_come: f64 = labels.iter().map(Label::height).sum();
    let mut free_from = (lowest - still_to_come).min(0.0);
    for label in &labels {
        // As near to the line's end as the labels above allow, and leaving room for those below.
        let top = (label.y - LINE_HEIGHT / 2.0).min(lowest - still_to_come).max(free_from);
        for (row, text) in label.lines.iter().enumerate() {
            write!(
                svg,
                "<text class=\"{}\" x=\"{}\" y=\"{:.1}\">{}</text>",
                label.class,
                WIDE.width - WIDE.right + 12.0,
                top + 13.0 + row as f64 * LINE_HEIGHT,
                escape(text)
            )
            .expect(WRITES);
        }
        free_from = top + label.height();
        still_to_come -= label.height();
    }
}

/// A label in at most two lines.
fn wrap(label: &str) -> Vec<String> {
    let mut lines = vec![String::new()];
    for word in label.split_whitespace() {
        let line = lines.last_mut().expect("there is always a line");
        if line.is_empty() {
            line.push_str(word);
        } else if line.chars().count() + 1 + word.chars().count() <= LETTERS {
            line.push(' ');
            line.push_str(word);
        } else {
            lines.push(word.to_owned());
        }
    }
    let cut = lines.len() > 2;
    lines.truncate(2);
    for line in &mut lines {
        if line.chars().count() > LETTERS {
            *line = line.chars().take(LETTERS - 1).chain(['…']).collect();
        }
    }
    if let (true, Some(last)) = (cut, lines.last_mut())
        && !last.ends_with('…')
    {
        last.push('…');
    }
    lines
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    #[test]
    fn a_chart_says_in_words_what_it_draws() {
        let days = [date(2026, 11, 20), date(2026, 11, 21)];
        let series = [Series { label: "<b>Parking</b>".to_owned(), values: vec![4.0, 8.0] }];
        let chart = LineChart {
            id: "c",
            title: "Posts a day",
            description: "It doubled.",
            days: &days,
            series: &series,
            band: Some((1.0, 3.0)),
            hatched: &[],
        };
        insta::assert_snapshot!(chart.draw().split("<div class=\"d-narrow\">").next().unwrap().replace("><", ">\n<"), @r#"
        <div class="d-wide">
        <svg class="d-chart" viewBox="0 0 640 300" role="img" aria-labelledby="c-title c-desc" focusable="false">
        <title id="c-title">Posts a day</title>
        <desc id="c-desc">It doubled.</desc>
        <rect class="d-band" x="52" y="172.2" width="404" height="62.5"/>
        <line class="d-axis" x1="52" x2="456" y1="266.0" y2="266.0"/>
        <text x="44" y="271.0" text-anchor="end">0</text>
        <line class="d-grid" x1="52" x2="456" y1="203.5" y2="203.5"/>
        <text x="44" y="208.5" text-anchor="end">2</text>
        <line class="d-grid" x1="52" x2="456" y1="141.0" y2="141.0"/>
        <text x="44" y="146.0" text-anchor="end">4</text>
        <line class="d-grid" x1="52" x2="456" y1="78.5" y2="78.5"/>
        <text x="44" y="83.5" text-anchor="end">6</text>
        <line class="d-grid" x1="52" x2="456" y1="16.0" y2="16.0"/>
        <text x="44" y="21.0" text-anchor="end">8</text>
        <text x="456.0" y="290" text-anchor="middle">21 Nov</text>
        <polyline class="d-line d-series-0" points="52.0,141.0"/>
        <polyline class="d-line d-unfinished d-series-0" points="52.0,141.0 456.0,16.0"/>
        <circle class="d-dot d-unfinished d-series-0" cx="456.0" cy="16.0" r="4"/>
        <text class="d-label d-series-0" x="468" y="20.5">&lt;b&gt;Parking&lt;/b&gt;</text>
        <text class="d-label-band" x="468" y="208.0">Usual range</text>
        </svg>
        </div>
        "#);
    }

    #[test]
    fn a_day_that_has_only_begun_is_no_fall() {
        let drawn = |values: Vec<f64>| {
            let days: Vec<Date> = (1..=3).map(|day| date(2026, 11, day)).collect();
            let series = [Series { label: "a".to_owned(), values }];
            LineChart { id: "c", title: "t", description: "d", days: &days, series: &series, band: None, hatched: &[] }
                .draw()
        };
        let morning = drawn(vec![5.0, 9.0, 1.0]);
        assert!(!morning.contains("3 Nov") && !morning.contains("d-unfinished"), "{morning}");
        let rising = drawn(vec![5.0, 9.0, 12.0]);
        assert!(rising.contains("3 Nov") && rising.contains("d-unfinished"), "{rising}");
    }

    #[test]
    fn days_that_are_not_whole_are_hatched_as_one_stretch() {
        let days: Vec<Date> = (1..=5).map(|day| date(2026, 11, day)).collect();
        let series = [Series { label: "a".to_owned(), values: vec![5.0; 5] }];
        let hatched = [true, false, true, true, false];
        let chart = LineChart {
            id: "c",
            title: "t",
            description: "d",
            days: &days,
            series: &series,
            band: None,
            hatched: &hatched,
        }
        .draw();
        let wide = chart.split("<div class=\"d-narrow\">").next().unwrap();
        // Five days over 404 pixels from 52: 101 for each, and half of that at both ends.
        assert!(wide.contains("fill=\"url(#c-hatch)\" x=\"52.0\" y=\"16\" width=\"50.5\""), "{wide}");
        assert!(wide.contains("fill=\"url(#c-hatch)\" x=\"203.5\" y=\"16\" width=\"202.0\""), "{wide}");
        assert_eq!(wide.matches("d-uncollected").count(), 2);
        assert!(chart.contains("<pattern id=\"c-0-hatch\""));
    }

    #[test]
    fn a_chart_of_nothing_is_still_a_chart() {
        let empty =
            LineChart { id: "c", title: "t", description: "d", days: &[], series: &[], band: None, hatched: &[] };
        assert!(empty.draw().contains("<title id=\"c-title\">t</title>"));
    }

    #[test]
    fn labels_of_lines_that_end_together_do_not_overlap() {
        let label = |y| Label { y, class: String::new(), lines: vec!["one".to_owned()] };
        let mut svg = String::new();
        draw_labels(&mut svg, vec![label(16.0), label(16.0), label(17.0), label(266.0), label(266.0)]);
        let mut rows: Vec<f64> =
            svg.split(" y=\"").skip(1).map(|rest| rest.split('"').next().unwrap().parse().unwrap()).collect();
        rows.sort_by(f64::total_cmp);
        assert_eq!(rows.len(), 5);
        assert!(rows[0] > 0.0 && rows[4] < WIDE.height - 10.0, "{rows:?}");
        assert!(rows.windows(2).all(|pair| pair[1] - pair[0] >= LINE_HEIGHT - 0.1), "{rows:?}");
    }

    #[test]
    fn long_labels_are_cut_to_two_lines() {
        assert_eq!(
            wrap("GP appointments: 8am phone queue in the morning again"),
            ["GP appointments:", "8am phone queue in…"]
        );
        assert_eq!(wrap("Llanfairpwllgwyngyllgogerych"), ["Llanfairpwllgwyng…"]);
    }
}
