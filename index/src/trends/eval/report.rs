//! The table that an evaluation comes to.

use std::fmt;

use serde::Serialize;

use crate::trends::model::Status;

/// How well the lists agree with the truth. A part is from 0 to 1, and `None` where there was nothing to count.
#[derive(Clone, Debug, Serialize)]
pub struct Report {
    /// What was evaluated.
    pub method: String,
    /// The strength from which its issues were listed; 0 where the configuration says.
    pub threshold: f64,
    /// Issues planted.
    pub issues: usize,
    /// The part of them that was listed at some time.
    pub recall: Option<f64>,
    /// The same of those that are spoken of in meetings only.
    pub recall_offline: Option<f64>,
    /// The planted issues that were never listed.
    pub missed: Vec<String>,
    /// The part of all entries that are true.
    pub precision: Option<f64>,
    /// Issues that were listed and are nothing planted, and decoys, each counted once, a day.
    pub false_alarms_a_day: f64,
    /// The labels of those that are nothing planted.
    pub false_alarms: Vec<String>,
    /// Of the first R entries, where R issues are going on, the part that is different ones of these; mean over lists.
    pub r_precision: Option<f64>,
    /// From the beginning of an issue to its first entry, for issues that rise within hours.
    pub delay_sudden: Option<Delay>,
    /// Within days.
    pub delay_medium: Option<Delay>,
    /// Within weeks.
    pub delay_slow: Option<Delay>,
    /// In meetings.
    pub delay_offline: Option<Delay>,
    /// Decoys planted.
    pub decoys: usize,
    /// Decoys that were listed at some time.
    pub decoys_listed: Vec<String>,
    /// The part of a true entry's posts that belong to its issue; mean over entries.
    pub purity: Option<f64>,
    /// The part of true entries that stand under the id most used for their issue.
    pub identity: Option<f64>,
    /// Days of the stream that counted.
    pub days: f64,
    /// The last list, strongest first, held issues at the end.
    pub last: Vec<Entry>,
}

/// An issue on the last list.
#[derive(Clone, Debug, Serialize)]
pub struct Entry {
    /// What it is called.
    pub label: String,
    /// What it is doing.
    pub status: Status,
    /// Its strength.
    pub score: f64,
    /// What was planted that it is; `None` for something else.
    pub planted: Option<String>,
    /// The gate's rules that it did not meet.
    pub failed: Vec<String>,
}

/// Delays in hours.
#[derive(Clone, Copy, Debug, PartialEq, Serialize)]
pub struct Delay {
    /// Half of the issues found were found within this time.
    pub median_h: f64,
    /// The mean.
    pub mean_h: f64,
}

impl Delay {
    /// Of the delays `hours`; `None` of none.
    pub(super) fn of(mut hours: Vec<f64>) -> Option<Self> {
        hours.sort_by(f64::total_cmp);
        let middle = *hours.get(hours.len() / 2)?;
        let median_h = if hours.len() % 2 == 1 { middle } else { f64::midpoint(hours[hours.len() / 2 - 1], middle) };
        Some(Self { median_h, mean_h: hours.iter().sum::<f64>() / hours.len() as f64 })
    }
}

/// The targets, as the table prints them beside what was found.
impl fmt::Display for Report {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let part = |value: Option<f64>| value.map_or("-".to_owned(), |value| format!("{value:.3}"));
        let delay = |value: Option<Delay>| {
            value.map_or("-".to_owned(), |delay| format!("{:.0} (mean {:.0})", delay.median_h, delay.mean_h))
        };
        let rows = [
            ("recall of planted issues", ">= .95", part(self.recall)),
            ("recall of offline issues", ">= .85", part(self.recall_offline)),
            ("precision of entries", ">= .95", part(self.precision)),
            ("false alarms a day, decoys included", "<= 0.2", format!("{:.2}", self.false_alarms_a_day)),
            ("R-precision", ">= .75", part(self.r_precision)),
            ("delay in hours, sudden: median", "<= 6", delay(self.delay_sudden)),
            ("delay in hours, medium: median", "<= 24", delay(self.delay_medium)),
            ("delay in hours, slow: median", "<= 72", delay(self.delay_slow)),
            ("delay in hours, offline: median", "", delay(self.delay_offline)),
            ("decoys listed", "<= 1", format!("{} of {}", self.decoys_listed.len(), self.decoys)),
            ("purity of an issue's posts", ">= .90", part(self.purity)),
            ("entries on the issue's main id", ">= .95", part(self.identity)),
        ];
        writeln!(f, "{}, threshold {}", self.method, self.threshold)?;
        for (name, target, found) in rows {
            writeln!(f, "{name:<38} {target:>7}  {found}")?;
        }
        for (name, list) in
            [("missed", &self.missed), ("decoys listed", &self.decoys_listed), ("false alarms", &self.false_alarms)]
        {
            if !list.is_empty() {
                writeln!(f, "{name}: {}", list.join("; "))?;
            }
        }
        writeln!(f, "last list:")?;
        for entry in &self.last {
            let planted = entry.planted.as_deref().unwrap_or("-");
            writeln!(f, "  {:<10} {:5.1}  {} [{planted}]", format!("{:?}", entry.status), entry.score, entry.label)?;
            for rule in &entry.failed {
                writeln!(f, "                    not met: {rule}")?;
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_median_is_the_middle() {
        assert_eq!(Delay::of(vec![9.0, 1.0, 2.0]), Some(Delay { median_h: 2.0, mean_h: 4.0 }));
        assert_eq!(Delay::of(vec![1.0, 3.0]), Some(Delay { median_h: 2.0, mean_h: 2.0 }));
        assert_eq!(Delay::of(Vec::new()), None);
    }
}
