//! Days on which a source could not be collected for hours: what was said there is missing from the counts, which must
//! not be read as a fall.

use std::collections::BTreeMap;

use bus::{Gap, SourceHealth};
use jiff::civil::Date;
use jiff::{SignedDuration, Timestamp, ToSpan};

use crate::format;

/// A shorter gap is shown with its source, but changes no count enough to be said beside every chart.
const SHORTEST: SignedDuration = SignedDuration::from_hours(6);

/// Gaps before so many days are not looked for.
const DAYS_BACK: i64 = 400;

/// So many sources are named in a sentence.
const MOST_NAMES: usize = 3;

/// Which sources were not collected when.
#[derive(Clone, Debug, Default)]
pub struct Uncollected {
    /// The name of the source, from when and until when.
    gaps: Vec<(String, Timestamp, Timestamp)>,
    /// The same by day in London.
    days: BTreeMap<Date, Vec<String>>,
}

impl Uncollected {
    /// What `sources` say of themselves at `now`.
    pub fn of(sources: &[SourceHealth], now: Timestamp) -> Self {
        let earliest = now - SignedDuration::from_hours(24 * DAYS_BACK);
        let mut all = Self::default();
        for source in sources {
            for Gap { from, until, .. } in &source.gaps {
                let (from, until) = ((*from).max(earliest), until.unwrap_or(now).min(now));
                if until.duration_since(from) >= SHORTEST {
                    all.add(&source.name, from, until);
                }
            }
        }
        all
    }

    /// One source's gap, for tests.
    #[cfg(test)]
    pub fn of_one(name: &str, from: Timestamp, until: Timestamp) -> Self {
        let mut one = Self::default();
        one.add(name, from, until);
        one
    }

    fn add(&mut self, name: &str, from: Timestamp, until: Timestamp) {
        self.gaps.push((name.to_owned(), from, until));
        let last = format::london(until).date();
        let mut day = format::london(from).date();
        while day <= last {
            let names = self.days.entry(day).or_default();
            if !names.iter().any(|known| known == name) {
                names.push(name.to_owned());
            }
            day = day.saturating_add(1.day());
        }
    }

    /// The sources that were not collected on `day`, as a cell of a table; empty where all were.
    pub fn on(&self, day: Date) -> String {
        self.days.get(&day).map_or_else(String::new, |names| names.join(", "))
    }

    /// The sources that were not collected at some time from `from` until before `until`, as a cell of a table.
    pub fn between(&self, from: Timestamp, until: Timestamp) -> String {
        let mut names: Vec<&str> = Vec::new();
        for (name, begun, ended) in &self.gaps {
            if *begun < until && from < *ended && !names.contains(&name.as_str()) {
                names.push(name);
            }
        }
        names.join(", ")
    }

    /// Whether a source was not collected on one of the days from `first` to `last`.
    pub fn any(&self, first: Date, last: Date) -> bool {
        first <= last && self.days.range(first..=last).next().is_some()
    }

    /// Whether each of `days` is to be hatched.
    pub fn hatched(&self, days: &[Date]) -> Vec<bool> {
        days.iter().map(|day| self.days.contains_key(day)).collect()
    }

    /// A sentence to stand under a chart of the days from `first` to `last`; empty where nothing is missing. It begins
    /// with a space.
    pub fn note(&self, first: Date, last: Date) -> String {
        if first > last {
            return String::new();
        }
        let mut spans: Vec<(&str, Date, Date)> = Vec::new();
        for (day, names) in self.days.range(first..=last) {
            for name in names {
                match spans.iter_mut().find(|(known, ..)| known == name) {
                    Some((_, _, end)) => *end = *day,
                    None => spans.push((name, *day, *day)),
                }
            }
        }
        if spans.is_empty() {
            return String::new();
        }
        let more = spans.len().saturating_sub(MOST_NAMES) as u64;
        let mut parts: Vec<String> = spans
            .iter()
            .take(MOST_NAMES)
            .map(|(name, begun, ended)| format!("{name} ({})", format::dates(*begun, *ended)))
            .collect();
        if more > 0 {
            parts.push(format::counted(more, "other source", "other sources"));
        }
        format!(" Hatched days are not whole: {} could not be collected.", format::list(&parts))
    }
}

#[cfg(test)]
mod tests {
    use bus::{Channel, SourceState};
    use jiff::civil::date;

    use super::*;

    fn at(text: &str) -> Timestamp {
        text.parse().unwrap()
    }

    fn source(name: &str, gaps: &[(&str, Option<&str>)]) -> SourceHealth {
        let gap = |(from, until): &(&str, Option<&str>)| Gap {
            source: "a".parse().unwrap(),
            channel: Channel::News,
            from: at(from),
            until: until.map(at),
            reason: String::new(),
        };
        SourceHealth {
            id: "a".parse().unwrap(),
            name: name.to_owned(),
            kind: String::new(),
            channel: Channel::News,
            location: String::new(),
            state: SourceState::Working,
            last_success: None,
            last_attempt: None,
            next_attempt: None,
            newest_post: None,
            failures: 0,
            error: None,
            posts_total: 0,
            posts_by_day: Vec::new(),
            gaps: gaps.iter().map(gap).collect(),
            token: None,
        }
    }

    #[test]
    fn days_are_those_of_london_and_short_gaps_are_left_out() {
        let sources = [
            source("Forum", &[("2026-07-01T23:30:00Z", Some("2026-07-03T10:00:00Z"))]),
            source("News", &[("2026-07-02T10:00:00Z", Some("2026-07-02T15:59:00Z"))]),
            source("Square", &[("2026-07-05T08:00:00Z", None)]),
        ];
        let missing = Uncollected::of(&sources, at("2026-07-06T09:00:00Z"));
        let days: Vec<Date> = (1..=7).map(|day| date(2026, 7, day)).collect();
        assert_eq!(missing.hatched(&days), [false, true, true, false, true, true, false]);
        assert_eq!(missing.on(days[1]), "Forum");
        assert_eq!(missing.between(at("2026-07-03T09:00:00Z"), at("2026-07-03T10:00:00Z")), "Forum");
        assert_eq!(missing.between(at("2026-07-03T10:00:00Z"), at("2026-07-03T11:00:00Z")), "");
        assert_eq!(
            missing.note(days[0], days[6]),
            " Hatched days are not whole: Forum (2 to 3 July 2026) and Square (5 to 6 July 2026) could not be collected."
        );
        assert_eq!(missing.note(days[6], days[6]), "");
        assert!(missing.any(days[0], days[1]) && !missing.any(days[3], days[3]) && !missing.any(days[6], days[0]));
    }

    #[test]
    fn a_sentence_names_three_sources() {
        let gap = [("2026-07-01T00:00:00Z", Some("2026-07-01T12:00:00Z"))];
        let sources: Vec<SourceHealth> = ["A", "B", "C", "D", "E"].iter().map(|name| source(name, &gap)).collect();
        let note = Uncollected::of(&sources, at("2026-07-06T09:00:00Z")).note(date(2026, 7, 1), date(2026, 7, 1));
        assert!(note.ends_with("C (1 July 2026) and 2 other sources could not be collected."), "{note}");
    }
}
