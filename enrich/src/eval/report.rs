//! The figures of an evaluation, and the tables they are printed as.

use std::fmt;
use std::time::Duration;

use serde::Serialize;

/// What an evaluation found.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Report {
    /// How many rows were evaluated.
    pub rows: usize,
    /// How many rows were left out, since they have no text or no label that is understood.
    pub left_out: usize,
    /// Which fields were taken, and how the label was read.
    pub taken: String,
    /// The share of rows whose labels are all right.
    pub accuracy: f64,
    /// The mean of the recalls of the classes.
    pub macro_recall: f64,
    /// The mean of the F1 of the classes.
    pub macro_f1: f64,
    /// The F1 of all decisions together.
    pub micro_f1: f64,
    /// Each class by itself.
    pub classes: Vec<ClassFigures>,
    /// Rows of the first class that were given the first, second, ... class; then those of the second. Empty where a
    /// row can have several labels.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub confusion: Vec<Vec<usize>>,
    /// Remarks, such as labels that are not known.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub remarks: Vec<String>,
    /// How many texts a second one thread tagged.
    pub docs_per_second: f64,
}

/// One class of an evaluation.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct ClassFigures {
    /// Its name.
    pub label: String,
    /// How many rows have it.
    pub rows: usize,
    /// How many of the rows that were given it have it.
    pub precision: f64,
    /// How many of the rows that have it were given it.
    pub recall: f64,
    /// The harmonic mean of both.
    pub f1: f64,
}

/// Decisions about one class, counted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Counts {
    pub(crate) right: usize,
    pub(crate) false_alarms: usize,
    pub(crate) missed: usize,
}

impl Counts {
    pub(crate) fn add(&mut self, wanted: bool, given: bool) {
        self.right += usize::from(wanted && given);
        self.false_alarms += usize::from(!wanted && given);
        self.missed += usize::from(wanted && !given);
    }

    pub(crate) fn plus(self, other: Self) -> Self {
        Self {
            right: self.right + other.right,
            false_alarms: self.false_alarms + other.false_alarms,
            missed: self.missed + other.missed,
        }
    }

    pub(crate) fn precision(self) -> f64 {
        share(self.right, self.right + self.false_alarms)
    }

    pub(crate) fn recall(self) -> f64 {
        share(self.right, self.right + self.missed)
    }

    pub(crate) fn f1(self) -> f64 {
        share(2 * self.right, 2 * self.right + self.false_alarms + self.missed)
    }
}

impl Report {
    /// Figures of these counts a class; what is not a figure is left empty.
    pub(crate) fn of(classes: &[(String, Counts)]) -> Self {
        let mean = |figure: fn(Counts) -> f64| {
            classes.iter().map(|(_, counts)| figure(*counts)).sum::<f64>() / classes.len().max(1) as f64
        };
        let all = classes.iter().fold(Counts::default(), |all, (_, counts)| all.plus(*counts));
        let figures = |(label, counts): &(String, Counts)| ClassFigures {
            label: label.clone(),
            rows: counts.right + counts.missed,
            precision: counts.precision(),
            recall: counts.recall(),
            f1: counts.f1(),
        };
        Self {
            rows: 0,
            left_out: 0,
            taken: String::new(),
            accuracy: 0.0,
            macro_recall: mean(Counts::recall),
            macro_f1: mean(Counts::f1),
            micro_f1: all.f1(),
            classes: classes.iter().map(figures).collect(),
            confusion: Vec::new(),
            remarks: Vec::new(),
            docs_per_second: 0.0,
        }
    }

    /// Figures of a table of confusion, rows wanted and columns given.
    pub(crate) fn of_confusion(labels: &[&str], confusion: Vec<Vec<usize>>) -> Self {
        let classes: Vec<(String, Counts)> = labels
            .iter()
            .enumerate()
            .map(|(class, label)| {
                let right = confusion[class][class];
                let wanted: usize = confusion[class].iter().sum();
                let given: usize = confusion.iter().map(|row| row[class]).sum();
                ((*label).to_owned(), Counts { right, false_alarms: given - right, missed: wanted - right })
            })
            .collect();
        let rows = confusion.iter().flatten().sum();
        let right = (0..labels.len()).map(|class| confusion[class][class]).sum();
        Self { rows, accuracy: share(right, rows), confusion, ..Self::of(&classes) }
    }

    /// Notes how fast `rows` rows were tagged.
    pub(crate) fn took(&mut self, time: Duration) {
        self.docs_per_second = self.rows as f64 / time.as_secs_f64().max(1e-9);
    }

    /// The most important figures in one line.
    pub fn summary(&self) -> String {
        format!(
            "rows {}, accuracy {:.3}, macro recall {:.3}, macro F1 {:.3}, micro F1 {:.3}",
            self.rows, self.accuracy, self.macro_recall, self.macro_f1, self.micro_f1
        )
    }
}

fn share(part: usize, whole: usize) -> f64 {
    if whole == 0 { 0.0 } else { part as f64 / whole as f64 }
}

impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "taken         {}", self.taken)?;
        writeln!(f, "rows          {} ({} left out)", self.rows, self.left_out)?;
        for (name, figure) in [
            ("accuracy", self.accuracy),
            ("macro recall", self.macro_recall),
            ("macro F1", self.macro_f1),
            ("micro F1", self.micro_f1),
        ] {
            writeln!(f, "{name:<13} {figure:.4}")?;
        }
        writeln!(f, "docs/s        {:.0}", self.docs_per_second)?;
        let width = self.classes.iter().map(|class| class.label.chars().count()).max().unwrap_or(0).max(5);
        writeln!(f, "\n{:<width$}  {:>6}  precision  recall     F1", "class", "rows")?;
        for class in &self.classes {
            writeln!(
                f,
                "{:<width$}  {:>6}  {:>9.3}  {:>6.3}  {:>5.3}",
                class.label, class.rows, class.precision, class.recall, class.f1
            )?;
        }
        if !self.confusion.is_empty() {
            write!(f, "\n{:<width$}", "is, given")?;
            self.classes.iter().try_for_each(|class| write!(f, "  {:>9}", class.label))?;
            writeln!(f)?;
            for (class, row) in self.classes.iter().zip(&self.confusion) {
                write!(f, "{:<width$}", class.label)?;
                row.iter().try_for_each(|count| write!(f, "  {count:>9}"))?;
                writeln!(f)?;
            }
        }
        self.remarks.iter().try_for_each(|remark| writeln!(f, "\n{remark}"))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn figures_are_those_of_the_textbook() {
        let report = Report::of_confusion(&["a", "b"], vec![vec![6, 2], vec![1, 1]]);
        assert_eq!(report.rows, 10);
        assert!((report.accuracy - 0.7).abs() < 1e-9);
        assert!((report.macro_recall - f64::midpoint(0.75, 0.5)).abs() < 1e-9);
        let (a, b) = (12.0 / 15.0, 2.0 / 5.0);
        assert!((report.macro_f1 - f64::midpoint(a, b)).abs() < 1e-9);
        assert!((report.micro_f1 - 0.7).abs() < 1e-9, "where each row has one label, micro F1 is the accuracy");
        assert!(report.to_string().contains("is, given"));
    }

    #[test]
    fn a_class_without_rows_has_no_recall() {
        let report = Report::of(&[("a".to_owned(), Counts::default())]);
        assert!(report.macro_recall.abs() < 1e-9 && report.macro_f1.abs() < 1e-9);
    }
}
